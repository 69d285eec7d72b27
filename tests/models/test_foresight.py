"""One network for the whole future: chances that fit together, and days that may not be read."""

from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from churn.data import Split, example_split
from churn.evaluation import foretold
from churn.models import GRU, DailyCalibrator, Ensemble, Foresight, Majority, calibrate_daily, foretell, logits
from churn.models.days_ahead import Chances
from churn.training import ModelSpec, TuningConfig, search

pytestmark = pytest.mark.slow
QUICK = {"hidden_size": 8, "max_epochs": 2}


@pytest.fixture(scope="module")
def split() -> Split:
    return example_split()


@pytest.fixture(scope="module")
def network(split) -> Foresight:
    return Foresight(hidden_size=16, max_epochs=6).fit(split, target="churn")


def column(future, name):
    """A column of a frame with all horizons, (n, k)."""
    return future[name].to_numpy().reshape(-1, future.days.nunique())


def with_other_days(panel, border):
    """The panel with other days from the border on."""
    user = np.repeat(np.arange(len(panel.users)), panel.last - panel.first + 1)
    day = np.append(0, np.arange(1, len(panel.active)) - panel.start[user] + panel.first[user])
    late = day >= border
    counts, active = np.array(panel.counts), np.array(panel.active)
    counts[late], active[late] = counts[late][::-1], ~active[late]
    assert late.sum() > 500
    return replace(panel, counts=counts, active=active)


# The chances ------------------------------------------------------------------------------------


def by_days(back, away, stays):
    """The chances by walking through the days, for one user."""
    state = {(False, False): 1.0}  # (back, has a sticker)
    for day in range(len(back)):
        after = {}
        for (returned, paid), p in state.items():
            for comes, chance in ((True, 1.0),) if returned else ((True, back[day]), (False, 1 - back[day])):
                hazard = stays[day] if comes else away[day]
                for gets, given in ((True, 1.0),) if paid else ((True, hazard), (False, 1 - hazard)):
                    after[comes, gets] = after.get((comes, gets), 0.0) + p * chance * given
        state = after
        silent = state.get((False, False), 0) + state.get((False, True), 0)
        unpaid = state.get((False, False), 0) + state.get((True, False), 0)
        yield silent, state.get((False, False), 0), unpaid


def test_chances_are_the_ones_of_a_walk_through_the_days() -> None:
    z = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (5, 3, 6)))
    found, hazards = Chances.of(z), torch.sigmoid(z).numpy()
    for user in range(5):
        expected = np.array(list(by_days(*hazards[user])))
        got = np.column_stack([found.silent[user], found.quiet[user], found.unpaid[user]])
        np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("spread", [1.0, 30.0])
def test_chances_fit_together_whatever_the_network_says(spread) -> None:
    z = torch.from_numpy(np.random.default_rng(1).normal(0, spread, (2_000, 3, 28)).astype(np.float32))
    found = Chances.of(z)
    both, sticker = found.silent - found.quiet, 1 - found.unpaid
    assert (found.silent.diff(dim=1) <= 0).all() and (sticker.diff(dim=1) >= -1e-6).all()
    assert (both >= 0).all() and (both <= torch.minimum(found.silent, sticker) + 1e-6).all()
    assert (found.unpaid <= 1 + 1e-6).all() and (sticker - both <= 1 - found.silent + 1e-6).all()


def test_what_is_foretold_of_users_fits_together_at_each_horizon(network, split) -> None:
    future = foretell(network, split.test, days=range(1, 29))
    churn, sticker, both = (column(future, name) for name in ("p_churn", "p_sticker", "p_both"))
    if_stays, amount = column(future, "p_sticker_if_stays"), column(future, "amount")
    assert churn.shape == (len(split.test), 28)
    assert (np.diff(churn, axis=1) <= 0).all() and (np.diff(sticker, axis=1) >= -1e-6).all()
    assert (both <= np.minimum(churn, sticker) + 1e-6).all()
    np.testing.assert_allclose((1 - churn) * if_stays + both, sticker, atol=1e-5)
    assert (np.diff(amount, axis=1) > 0).all()


def test_the_target_s_chance_is_what_is_foretold_of_the_horizon(network, split) -> None:
    future = foretell(network, split.test, days=[split.test.horizon_days])
    for target in ("churn", "sticker"):
        p = network.about(target).predict_proba(split.test)
        np.testing.assert_allclose(p, future[f"p_{target}"], atol=2e-6)
    z = logits(network, split.test.history())
    np.testing.assert_allclose(1 / (1 + np.exp(-z)), future.p_churn, atol=2e-6)


def test_the_day_back_is_the_first_by_which_the_user_is_as_likely_back_as_not(network, split) -> None:
    future = foretell(network, split.test, days=range(1, 29))
    churn, back = column(future, "p_churn"), column(future, "day_back")[:, 0]
    known = ~np.isnan(back)
    assert known.any()
    day = back[known].astype(int) - 1
    assert (churn[known, day] <= 0.5).all()
    assert (churn[known, np.maximum(day - 1, 0)][day > 0] > 0.5).all()
    seldom = deepcopy(network)
    with torch.no_grad():
        seldom.head.bias[:28] -= 3
    future = foretell(seldom, split.test, days=[28])
    assert 0 < future.day_back.isna().sum() < len(split.test)
    assert (future.day_back.isna() == (future.p_churn > 0.5)).all()


def test_it_is_right_on_average_at_each_horizon(network, split) -> None:
    seen = split.test.ahead(14)
    whole = split.test.take(~np.isnan(seen).any(axis=(1, 2)))
    future, seen = foretell(network, whole, days=[3, 7, 14]), whole.ahead(14)
    for place, days in enumerate((3, 7, 14)):
        silent = (seen[:, :days, 0] == 0).all(axis=1).mean()
        gifted = (seen[:, :days, 1] > 0).any(axis=1).mean()
        assert abs(column(future, "p_churn")[:, place].mean() - silent) < 0.1
        assert abs(column(future, "p_sticker")[:, place].mean() - gifted) < 0.1
        amount = seen[:, :days, 2].sum(axis=1).mean()
        assert 0.5 < column(future, "amount")[:, place].mean() / amount < 2


def off(network: Foresight, *, by: float) -> Foresight:
    """A network whose hazards are wrong in a known way."""
    wrong = deepcopy(network)
    with torch.no_grad():
        wrong.head.bias += by
    return wrong


def test_hazards_that_are_off_are_calibrated_by_what_came_to_others(network, split) -> None:
    wrong, half_b = off(network, by=1.5), split.val_b
    found = calibrate_daily(wrong, half_b)
    seen = half_b.take(~np.isnan(half_b.ahead(7)[:, :, 0]).any(axis=1))
    came = {"p_churn": seen.label("churn").mean(), "p_sticker": seen.label("sticker").mean()}
    for name, rate in came.items():
        before, after = (foretell(wrong, seen, days=[7], calibrator=c)[name].mean() for c in (None, found))
        assert abs(after - rate) < 0.7 * abs(before - rate)
    future = foretell(wrong, split.test, days=range(1, 29), calibrator=found)
    churn, sticker, both = (column(future, name) for name in ("p_churn", "p_sticker", "p_both"))
    assert (np.diff(churn, axis=1) <= 0).all() and (both <= np.minimum(churn, sticker) + 1e-6).all()
    np.testing.assert_allclose((1 - churn) * column(future, "p_sticker_if_stays") + both, sticker, atol=1e-5)


def test_few_users_change_hazards_little(network, split) -> None:
    wrong, half_b = off(network, by=1.0), split.val_b
    few = half_b.take(half_b.user == half_b.user[0])
    change = [np.abs(calibrate_daily(wrong, windows).shifts).max() for windows in (few, half_b)]
    assert change[0] < 0.7 * change[1]


def test_calibration_reads_no_day_from_the_border_on(network, split) -> None:
    half_b, until = split.val_b, split.border_of("test")
    changed = replace(half_b, panel=with_other_days(half_b.panel, until))
    assert until == split.test.cutoff.min()
    assert calibrate_daily(network, changed, until=until) == calibrate_daily(network, half_b, until=until)
    assert calibrate_daily(network, changed) != calibrate_daily(network, half_b)


def test_a_daily_calibrator_of_other_numbers_is_refused(network, split, refused, tmp_path) -> None:
    with pytest.raises(ValueError, match="slopes above 0"):
        DailyCalibrator((1.0, -1.0, 1.0), (0.0, 0.0, 0.0))
    with refused("a calibrator of the Foresight's own hazards", "1 for 3 kinds", "bring the file back"):
        foretell(network, split.test, calibrator=DailyCalibrator((1.0,), (0.0,)))
    (tmp_path / "daily.json").write_text('{"slopes": [1, 1, 1], "shifts": [0, "x", 0]}')
    with refused("daily.json", "", "bring it back"):
        DailyCalibrator.load(tmp_path / "daily.json")


def test_what_was_foretold_is_held_against_windows_whose_days_were_all_seen(network, split) -> None:
    table = foretold(network, split.test, DailyCalibrator(), days=[3, 14], repetitions=50).set_index(["target", "days"])
    for days in (3, 14):
        ahead = split.test.ahead(days)
        seen = ~np.isnan(ahead[:, :, 0]).any(axis=1)
        future = foretell(network, split.test.take(seen), days=[days])
        for target, y in {"churn": ~ahead[seen, :, 0].any(axis=1), "sticker": ahead[seen, :, 1].any(axis=1)}.items():
            row, p = table.loc[(target, days)], future[f"p_{target}"]
            assert (row.n, row.n_users) == (seen.sum(), len(np.unique(split.test.user[seen])))
            assert (row.observed, row.forecast) == pytest.approx((y.mean(), p.mean()), rel=1e-5)
            assert row.low <= row.observed <= row.high
            assert row.log_loss == pytest.approx(-np.log(np.where(y, p, 1 - p)).mean(), rel=1e-4)
            assert row.constant == pytest.approx(-(y.mean() * np.log(y.mean()) + (1 - y.mean()) * np.log(1 - y.mean())))
    assert table.n[("churn", 14)] < table.n[("churn", 3)]


def test_an_ensemble_foretells_its_members_mean(split) -> None:
    both = Ensemble([Foresight(**QUICK), Foresight(**QUICK)]).fit(split, target="churn")
    one, other = (foretell(member, split.test) for member in both.members)
    found = foretell(both, split.test)
    np.testing.assert_allclose(found.p_both, (one.p_both + other.p_both) / 2)
    assert both.about("sticker").members[0].target == "sticker" and both.members[0].target == "churn"


def test_days_that_too_few_windows_saw_are_not_foretold(split) -> None:
    far = Foresight(foresight_days=120, **QUICK).fit(split, target="churn")
    until = split.train.answered.max()
    seen = np.sort(until - split.train.cutoff)[::-1]
    assert int(far.taught) == seen[29] < 120
    assert foretell(far, split.test, days=[7, 28, 90]).days.unique().tolist() == [7, 28]
    assert foretell(far, split.test, days=[7]).day_back.max() <= seen[29]


@pytest.mark.parametrize(
    ("days", "found"),
    [([29, 40], "29, 40"), ([], "none"), ([7.5], "7.5"), (90, "90"), (["7"], "'7'"), ([True], "True")],
)
def test_horizons_that_were_not_learnt_are_refused(network, split, refused, days, found) -> None:
    with refused("whole days from 1 to 28", found, "foresight_days"):
        foretell(network, split.test, days=days)
    assert foretell(network, split.test, days=[7, 60]).days.unique().tolist() == [7]


def test_another_model_foretells_nothing(split, refused) -> None:
    with refused("a Foresight", "Majority", "list churn.models.Foresight"):
        foretell(Majority().fit(split, target="churn"), split.test)


# What it learns from ----------------------------------------------------------------------------


def test_a_window_teaches_the_days_before_the_border_and_no_more(split) -> None:
    windows = split.train.and_then(split.unfinished)
    seen = ~np.isnan(windows.ahead(28, until=split.border)[:, :, 0])
    np.testing.assert_array_equal(seen.sum(axis=1), np.clip(split.border - windows.cutoff, 0, 28))
    assert split.border == split.val.cutoff.min()
    assert (seen.sum(axis=1)[len(split.train) :] < split.train.horizon_days).all()


def later_days_changed(split: Split) -> Split:
    """The split whose training windows lie over a panel with other days from the border on."""
    other = with_other_days(split.train.panel, split.border)
    parts = {name: replace(getattr(split, name), panel=other) for name in ("train", "unfinished")}
    return replace(split, **parts)


def test_no_day_from_the_border_on_reaches_the_weights(split) -> None:
    one, other = (
        Foresight(**QUICK | {"max_epochs": 1}).fit(some, target="churn").predict_proba(split.test)
        for some in (split, later_days_changed(split))
    )
    assert one.tobytes() == other.tobytes()


def test_weeks_that_are_not_over_teach_too(split) -> None:
    one, other = (
        Foresight(**QUICK).fit(some, target="churn").predict_proba(split.test)
        for some in (split, replace(split, unfinished=None))
    )
    assert np.abs(one - other).max() > 1e-4


def test_early_stopping_is_told_the_mean_log_loss_of_the_targets_at_the_horizon(split) -> None:
    told = []
    network = Foresight(**QUICK).fit(split, target="sticker", report=lambda _, loss: told.append(loss))
    half_a, losses = split.val_a, []
    for target in ("churn", "sticker"):
        y, p = half_a.label(target), network.about(target).predict_proba(half_a)
        losses.append(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
    assert min(told) == pytest.approx(np.mean(losses), abs=1e-5)


def test_a_search_is_judged_by_all_targets(split) -> None:
    found = search(Foresight, [split], target="churn", tuning=TuningConfig(trials=1), fixed=QUICK)
    losses = []
    for target in ("churn", "sticker"):
        y, p = split.val_a.label(target), found.model.about(target).predict_proba(split.val_a)
        losses.append(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
    assert found.trials.value.tolist() == pytest.approx([np.mean(losses)], abs=1e-6)


# Its arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["gru", "bilstm", "gru_bilstm"])
def test_each_encoder_reads_the_days_as_the_network_of_its_name(encoder, split, tmp_path) -> None:
    network = Foresight(encoder=encoder, **QUICK).fit(split, target="churn")
    assert network.arguments["encoder"] == encoder
    plain = {"gru": "GRU", "bilstm": "BiLSTM", "gru_bilstm": "GRUBiLSTM"}[encoder]
    other = ModelSpec(f"churn.models.{plain}").load()(hidden_size=8)
    other.build(network.n_features)
    assert list(network.encode.state_dict()) == list(other.encode.state_dict())


def test_an_unknown_encoder_is_refused(refused) -> None:
    with refused("encoder out of gru, bilstm, gru_bilstm", "'lstm'", "correct"):
        Foresight(encoder="lstm")


def test_a_horizon_beyond_its_days_is_learnt_all_the_same(split) -> None:
    network = Foresight(foresight_days=3, **QUICK).fit(split, target="churn")
    assert network.days_ahead == split.train.horizon_days == 7
    assert foretell(network, split.test).days.unique().tolist() == [3, 7]


def without_stickers(windows):
    return replace(windows, labels={"churn": windows.label("churn")})


def test_a_log_without_stickers_has_chances_of_churn_alone(split) -> None:
    alone = split.mapped(without_stickers)
    network = Foresight(**QUICK).fit(alone, target="churn")
    future = foretell(network, alone.test)
    assert list(future) == ["user_id", "cutoff", "days", "p_churn", "day_back"]
    rises = [a <= b for a, b in pairwise(column(future, "p_churn").mean(axis=0)[::-1])]
    assert all(rises)


def test_an_outcome_is_not_its_question(split, refused) -> None:
    won = split.mapped(lambda windows: replace(windows, labels={"won": windows.label("churn")}))
    with refused("Foresight to be asked about churn", "won alone", "out of `models`"):
        Foresight(**QUICK).fit(won, target="won")


def test_it_is_about_as_good_as_a_network_of_one_target(split) -> None:
    y = split.test.label("churn")

    def loss(model):
        p = model.fit(split, target="churn").predict_proba(split.test)
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()

    assert loss(Foresight()) < loss(GRU()) + 0.02
