import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from churn.evaluation import differences, gains, leaderboard, reliabilities, tune_thresholds
from churn.statistics import DECISIONS, METRICS, SHARES, ece_band, evaluate, paired_decisions, paired_difference

AGAIN = {"repetitions": 60, "seed": 3}


@pytest.fixture(scope="module")
def predictions():
    """Three models on the same windows of all parts; `score` has no labels."""
    rng = np.random.default_rng(0)
    tables = []
    for part, n in (("val", 300), ("calibration", 200), ("test", 400), ("score", 50)):
        truth = rng.beta(1, 1.5, n)
        y = pd.array((rng.uniform(size=n) < truth).astype(int), dtype="Int8")
        if part == "score":
            y[:] = pd.NA
        user = [f"user{i:03}" for i in np.sort(rng.integers(0, 60, n))]
        windows = pd.DataFrame({"part": part, "user_id": user, "y": y})
        for model, p in (("GRU", truth), ("LightGBM", truth**1.6), ("Majority", np.full(n, 0.4))):
            tables.append(windows.assign(model=model, p=p, p_raw=p))
    return pd.concat(tables, ignore_index=True)


def of(predictions, model, part):
    table = predictions[(predictions.model == model) & (predictions.part == part)]
    return table.y.to_numpy(int), table.p.to_numpy(), table.user_id


@pytest.fixture(scope="module")
def thresholds(predictions):
    return tune_thresholds(predictions)


@pytest.fixture(scope="module")
def board(predictions, thresholds):
    return leaderboard(predictions, chosen="GRU", thresholds=thresholds, **AGAIN)


def test_every_model_has_every_metric_once_on_val_and_test(board):
    expected = {
        (m, p, k) for m in ("GRU", "LightGBM", "Majority") for p in ("val", "test") for k in (*METRICS, *DECISIONS)
    }
    rows = [tuple(row) for row in board[["model", "part", "metric"]].to_numpy()]
    assert len(rows) == len(set(rows))
    assert {row for row in rows if row[2] != "ece_band"} == expected


@pytest.mark.parametrize("part", ["val", "test"])
@pytest.mark.parametrize("model", ["GRU", "LightGBM"])
def test_values_equal_scikit_learn_on_the_same_rows(board, predictions, thresholds, model, part):
    y, p, _ = of(predictions, model, part)
    value = board[(board.model == model) & (board.part == part)].set_index("metric").value
    both = np.column_stack([1 - p, p])
    assert value.roc_auc == pytest.approx(metrics.roc_auc_score(y, p))
    assert value.ap == pytest.approx(metrics.average_precision_score(y, p))
    assert value.micro_ap == pytest.approx(
        metrics.average_precision_score(np.column_stack([1 - y, y]), both, average="micro")
    )
    assert value.log_loss == pytest.approx(metrics.log_loss(y, p))
    assert value.brier == pytest.approx(metrics.brier_score_loss(y, p))
    assert value.accuracy == pytest.approx(metrics.accuracy_score(y, p >= 0.5))
    assert value.ece == pytest.approx(evaluate(y, p)["ece"][0])
    called = p >= thresholds.set_index("model").threshold[model]
    assert value.precision == pytest.approx(metrics.precision_score(y, called))
    assert value.recall == pytest.approx(metrics.recall_score(y, called))
    assert value.f1 == pytest.approx(metrics.f1_score(y, called))


def test_intervals_hold_their_values(board):
    known = board[board.metric != "ece_band"].dropna()
    assert len(known) > 40
    assert (known.low <= known.value).all()
    assert (known.value <= known.high).all()
    assert (known.low < known.high).mean() > 0.9


def test_beside_each_calibration_error_stands_its_band(board, predictions):
    y, p, users = of(predictions, "GRU", "test")
    band = board[(board.model == "GRU") & (board.part == "test") & (board.metric == "ece_band")].iloc[0]
    theirs = ece_band(y, p, users=pd.factorize(users)[0], **AGAIN)
    assert (band.value, band.low, band.high) == pytest.approx((theirs.value, theirs.low, theirs.high))
    assert (board.metric == "ece_band").sum() == (board.metric == "ece").sum() == 6


def test_a_calibrated_model_lies_under_its_band_and_a_distorted_one_above(board):
    test = board[board.part == "test"].set_index(["model", "metric"])
    assert test.value["GRU", "ece"] <= test.high["GRU", "ece_band"]
    assert test.value["LightGBM", "ece"] > test.high["LightGBM", "ece_band"]


def test_intervals_are_over_users_and_not_over_windows(predictions, thresholds):
    """Ten copies of each user's windows are no new information."""
    table = predictions[(predictions.model == "GRU") & (predictions.part == "test")]
    copies = pd.concat([table] * 10, ignore_index=True)
    once, often = (
        leaderboard(t, chosen="GRU", thresholds=thresholds, **AGAIN).set_index("metric") for t in (table, copies)
    )
    for metric in ("brier", "precision", "recall", "f1"):
        assert often.value[metric] == pytest.approx(once.value[metric])
        width, copied = (b.high[metric] - b.low[metric] for b in (once, often))
        assert copied == pytest.approx(width, rel=0.3)


@pytest.mark.parametrize("chosen", ["LightGBM", "GRU"])
def test_the_chosen_model_alone_is_marked_also_when_it_is_the_reference(predictions, thresholds, chosen):
    board = leaderboard(predictions, chosen=chosen, thresholds=thresholds, **AGAIN)
    assert board.chosen.dtype == bool
    assert set(board.model[board.chosen]) == {chosen}
    assert board.chosen.sum() == (board.model == chosen).sum()


def test_one_class_leaves_rankings_undefined_and_the_rest_in_place(predictions, thresholds):
    table = predictions[predictions.part == "val"].assign(y=0)
    board = leaderboard(table, chosen="GRU", thresholds=thresholds, **AGAIN).set_index(["model", "metric"])
    assert np.isnan(board.value["GRU", "roc_auc"])
    assert np.isfinite(board.value["GRU", "log_loss"])


def test_differences_are_paired_and_against_lightgbm_and_the_majority(predictions, thresholds):
    found = differences(predictions, thresholds=thresholds, **AGAIN)
    assert set(zip(found.model, found.reference, strict=True)) == {
        ("GRU", "LightGBM"),
        ("Majority", "LightGBM"),
        ("GRU", "Majority"),
        ("LightGBM", "Majority"),
    }
    assert set(found.metric) == {*METRICS, *DECISIONS}
    y, p, users = of(predictions, "GRU", "test")
    base = of(predictions, "LightGBM", "test")[1]
    row = found[(found.model == "GRU") & (found.reference == "LightGBM") & (found.metric == "log_loss")].iloc[0]
    assert row.value == pytest.approx(metrics.log_loss(y, p) - metrics.log_loss(y, base))
    theirs = paired_difference(y, p, p_b=base, users=pd.factorize(users)[0], **AGAIN)["log_loss"]
    assert (row.low, row.high) == pytest.approx((theirs.low, theirs.high))


def test_differences_of_decisions_take_each_model_at_its_own_threshold(predictions, thresholds):
    found = differences(predictions, thresholds=thresholds, **AGAIN).set_index(["model", "reference", "metric"])
    (y, p, users), base = of(predictions, "GRU", "test"), of(predictions, "LightGBM", "test")[1]
    at = thresholds.set_index("model").threshold
    assert 1.1 * at.LightGBM < at.GRU, "they must differ for this test to say anything"
    users = pd.factorize(users)[0]
    theirs = paired_decisions(y, p, p_b=base, thresholds=(at.GRU, at.LightGBM), users=users, **AGAIN)
    assert tuple(found.loc[("GRU", "LightGBM", "f1")]) == pytest.approx(
        (theirs["f1"].value, theirs["f1"].low, theirs["f1"].high)
    )


def test_two_references_see_each_other_from_both_sides(predictions, thresholds):
    found = differences(predictions, thresholds=thresholds, **AGAIN).set_index(["model", "reference", "metric"]).value
    assert found["LightGBM", "Majority", "brier"] == pytest.approx(-found["Majority", "LightGBM", "brier"])


def test_without_a_reference_there_are_no_differences_but_their_columns(predictions, thresholds):
    found = differences(predictions[predictions.model == "GRU"], thresholds=thresholds, **AGAIN)
    assert found.empty
    assert list(found.columns) == ["model", "reference", "metric", "value", "low", "high"]


def test_one_reference_is_not_compared_with_itself(predictions, thresholds):
    assert differences(predictions[predictions.model == "LightGBM"], thresholds=thresholds, **AGAIN).empty


def test_the_bins_of_a_diagram_hold_all_test_windows(predictions):
    found = reliabilities(predictions)
    assert (found.groupby("model").n.sum() == 400).all()
    assert set(found.model) == {"GRU", "LightGBM", "Majority"}
    assert found[found.model == "GRU"].n.between(39, 41).all()
    weighted = (found.n * found.observed).groupby(found.model).sum() / 400
    assert weighted.tolist() == pytest.approx([of(predictions, "GRU", "test")[0].mean()] * 3)
    gru = found[found.model == "GRU"]
    assert gru.mean_predicted.is_monotonic_increasing


def test_the_gain_curve_of_every_model_is_that_of_its_test_windows(predictions):
    found = gains(predictions, **AGAIN).set_index(["model", "share"])
    assert set(found.index) == {(model, share) for model in ("GRU", "LightGBM", "Majority") for share in SHARES}
    y, p, _ = of(predictions, "GRU", "test")
    best = np.argsort(-p)  # without ties, so that the best are counted by hand
    by_hand = [y[best[: round(400 * share)]].sum() / y.sum() for share in SHARES]
    assert found.loc["GRU"].gain.tolist() == pytest.approx(by_hand)
    assert found.loc["Majority"].gain.tolist() == pytest.approx(SHARES)
    assert (found.low <= found.gain + 1e-12).all() and (found.gain <= found.high + 1e-12).all()
    assert (found.low < found.high)["GRU"].loc[:0.5].all()


def test_models_are_held_against_persistence_too(predictions, thresholds):
    named = [table.replace({"model": {"Majority": "Persistence"}}) for table in (predictions, thresholds)]
    found = differences(named[0], thresholds=named[1], **AGAIN)
    assert set(found[found.reference == "Persistence"].model) == {"GRU", "LightGBM"}
