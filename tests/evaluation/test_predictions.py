from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from churn.data import example_split
from churn.evaluation import best_model, predict
from churn.models import Ensemble, LightGBM, Majority

MODELS = {"LightGBM": lambda: LightGBM(max_trees=20), "Majority": Majority}
PARTS = {"val": "val_a", "calibration": "val_b", "test": "test", "score": "score"}


class Oracle:
    """Knows the labels, up to a share of noise."""

    def __init__(self, noise, target="churn"):
        self.noise, self.target = noise, target

    def predict_proba(self, windows):
        drawn = np.random.default_rng(len(windows)).uniform(size=len(windows))
        return (1 - self.noise) * (0.1 + 0.8 * (windows.label(self.target) == 1)) + self.noise * drawn


@pytest.fixture(scope="module")
def split():
    return example_split()


@pytest.fixture(scope="module")
def models(split):
    return {name: make().fit(split, target="churn") for name, make in MODELS.items()}


@pytest.fixture(scope="module")
def found(models, split):
    return predict(models, split, target="churn")


def rows(found, model, part):
    return found.table[(found.table.model == model) & (found.table.part == part)].reset_index(drop=True)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", MODELS)
def test_each_part_holds_its_windows_with_their_labels_and_raw_probabilities(found, models, split, model, part):
    windows, table = getattr(split, PARTS[part]), rows(found, model, part)
    assert (table.user_id == windows.user_ids).all()
    assert (pd.DatetimeIndex(table.cutoff) == windows.dates).all()
    assert (table.p_raw == models[model].predict_proba(windows)).all()
    if part != "score":
        assert (table.y.to_numpy(int) == windows.answers).all()


def test_training_windows_are_not_predicted(found):
    assert set(found.table.part) == set(PARTS)


def test_windows_to_score_have_no_label(found):
    labels = found.table.y[found.table.part == "score"]
    assert len(labels)
    assert labels.isna().all()
    assert found.table.y[found.table.part != "score"].notna().all()


def test_one_calibrator_serves_all_parts_and_is_fitted_on_half_b(found):
    for model, calibrator in found.calibrators.items():
        table = found.table[found.table.model == model]
        assert (table.p == calibrator(table.p_raw.to_numpy())).all()
    halves = [set(rows(found, "Majority", part).user_id) for part in ("val", "calibration")]
    assert not halves[0] & halves[1]


def test_calibration_does_not_see_half_a_or_the_test(models, split, found):
    in_b = np.isin(split.val.user, split.val_b.user)
    val = replace(split.val, labels={"churn": np.where(in_b, split.val.answers, 1 - split.val.answers)})
    flipped = replace(split, val=val, test=replace(split.test, labels={"churn": 1 - split.test.answers}))
    again = predict(models, flipped, target="churn")
    assert again.calibrators == found.calibrators
    assert (again.table.y != found.table.y).any()


def test_the_losses_tell_each_models_kind_and_never_get_worse_than_without(found):
    losses = found.losses.set_index("model")
    assert set(losses.index) == set(MODELS)
    assert all(losses.kind[name] == calibrator.kind for name, calibrator in found.calibrators.items())
    assert (losses.log_loss_chosen <= losses.log_loss_none).all()


def test_the_losses_on_test_are_those_of_the_raw_and_the_calibrated_probabilities(found):
    for row in found.losses.itertuples():
        test = rows(found, row.model, "test")
        y = test.y.to_numpy(int)
        assert row.test_log_loss_raw == pytest.approx(log_loss(y, test.p_raw))
        assert row.test_log_loss == pytest.approx(log_loss(y, test.p))
    assert (found.losses.test_log_loss_raw != found.losses.test_log_loss).any()


def test_without_calibration_every_probability_is_the_raw_one(split):
    told = {"distorted": Oracle(0.5)}
    found = predict(told, split, target="churn", calibrators=["none"])
    assert (found.table.p == found.table.p_raw).all()
    assert found.losses.kind.tolist() == ["none"]
    assert (found.losses.test_log_loss == found.losses.test_log_loss_raw).all()


def test_without_none_in_the_list_calibration_is_forced(models, split):
    found = predict(models, split, target="churn", calibrators=["platt"])
    assert set(found.losses.kind) == {"platt"}
    assert (found.losses.log_loss_none != found.losses.log_loss_chosen).all()


def test_the_best_model_has_the_least_log_loss_on_half_a(split):
    told = {"worse": Oracle(0.8), "best": Oracle(0.1), "middle": Oracle(0.5)}
    found = predict(told, split, target="churn")
    val = found.table[found.table.part == "val"]
    y = val.y.to_numpy(int)
    loss = pd.Series(-np.log(np.where(y == 1, val.p, 1 - val.p))).groupby(val.model.to_numpy()).mean()
    assert found.best_model == loss.idxmin() == "best"


@pytest.mark.parametrize(("off", "users", "chosen"), [(0.01, 20, "Blend"), (0.01, 5_000, "other"), (0.2, 20, "other")])
def test_the_blend_is_chosen_unless_another_model_is_clearly_better(off, users, chosen):
    rng = np.random.default_rng(4)
    y = rng.random(users) < 0.5
    far, near = (np.clip(0.25 + more + rng.normal(0, 0.1, users), 0.01, 0.99) for more in (off, 0))
    told = {"Blend": np.where(y, 1 - far, far), "other": np.where(y, 1 - near, near), "dull": np.full(users, 0.5)}
    table = pd.concat(
        [pd.DataFrame({"model": n, "part": "val", "user_id": range(users), "y": y, "p": p}) for n, p in told.items()]
    )
    assert best_model(table) == chosen
    assert best_model(table[table.model != "Blend"]) == "other"


def test_the_choice_of_a_model_does_not_hear_the_test_labels(split):
    told = {"a": Oracle(0.5), "b": Oracle(0.2)}
    table = predict(told, split, target="churn").table
    best = best_model(table)
    for part in ("test", "calibration"):
        y = table.y.mask(table.part == part, 1 - table.y)
        assert best_model(table.assign(y=y)) == best
    assert best_model(table.assign(y=table.y.mask(table.part == "val", 1 - table.y))) != best


def test_a_model_that_is_certain_and_wrong_once_is_judged_finitely():
    table = pd.DataFrame(
        {"model": ["sure"] * 4 + ["dull"] * 4, "part": "val", "y": [1, 1, 0, 0] * 2, "p": [1, 0, 0, 0] + [0.5] * 4}
    )
    assert best_model(table) == "dull"


def test_a_distorted_model_is_put_right_before_it_is_judged(split):
    class Distorted(Oracle):
        def predict_proba(self, windows):
            return super().predict_proba(windows) ** 4

    found = predict({"plain": Oracle(0.5), "distorted": Distorted(0.5)}, split, target="churn")
    assert found.calibrators["distorted"].kind != "none"
    test = rows(found, "distorted", "test")
    y = test.y.to_numpy(int)
    after, before = (-np.log(np.where(y == 1, p, 1 - p)).mean() for p in (test.p, test.p_raw))
    assert after < 0.8 * before


def test_the_other_target_is_predicted_on_its_own_labels(split):
    table = predict({"m": Oracle(0.2, "sticker")}, split, target="sticker").table
    assert (table.y[table.part == "test"].to_numpy(int) == split.test.label("sticker")).all()


def test_nothing_to_score_is_no_trouble(models, split):
    nothing = replace(split, score=split.score.take(np.empty(0, np.int64)))
    table = predict(models, nothing, target="churn").table
    assert set(table.part) == set(PARTS) - {"score"}


def test_every_seed_of_an_average_is_measured_as_if_it_were_the_only_fit(split):
    members = [LightGBM(max_trees=trees).fit(split, target="churn") for trees in (3, 30)]
    seeds = predict({"two": Ensemble(members), "one": members[0]}, split, target="churn", seed=7).seeds
    assert set(seeds.model) == {"two"}
    assert list(seeds.columns) == ["model", "seed", "part", "metric", "value"]
    loss = seeds[seeds.metric == "log_loss"].set_index(["seed", "part"])["value"]
    assert set(loss.index) == {(seed, part) for seed in (7, 8) for part in ("val", "test")}
    for place, member in enumerate(members):
        alone = predict({"alone": member}, split, target="churn")
        assert alone.seeds.empty
        for part in ("val", "test"):
            table = rows(alone, "alone", part)
            assert loss[7 + place, part] == pytest.approx(log_loss(table.y.astype(int), table.p))


class Odd(Majority):
    """Says one thing of every window."""

    def __init__(self, says, columns=()):
        self.says, self.columns = says, columns

    def predict_proba(self, windows):
        return np.full((len(windows), *self.columns), self.says)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (Odd(6.35), "6.35"),
        (Odd(-0.01), "-0.01"),
        (Odd(np.nan), "nan"),
        (Odd(0.5, (2,)), "array"),
        (Ensemble([Odd(6.35), Odd(-5.35)]), "6.35"),  # whose average is 0.5
    ],
)
def test_a_chance_outside_0_and_1_never_leaves_a_model(model, found, split, refused):
    with refused("from 0 to 1 per window by Odd of churn", found, "mend the model"):
        predict({"Odd": model}, split, target="churn")
