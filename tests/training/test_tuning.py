from dataclasses import replace

import numpy as np
import pytest

from churn.artefacts import read_json
from churn.configuration import RunConfig
from churn.data import DataConfig, SplitConfig, example_dataset, example_split, rolling_origins
from churn.errors import UserError
from churn.models import GRU, Ensemble, LightGBM, Majority, load
from churn.training import ModelSpec, TrainingConfig, TuningConfig, fit, search

LITTLE = {"max_trees": 15}


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def test_as_many_trials_as_asked_for_are_made_and_the_best_model_is_returned() -> None:
    split = example_split()
    found = search(LightGBM, [split], target="churn", tuning=TuningConfig(trials=4), fixed=LITTLE)
    model, trials = found.model, found.trials
    assert len(trials) == 4
    kept = log_loss(split.val_a.answers, model.predict_proba(split.val_a))
    assert kept == pytest.approx(trials.value.min(), abs=1e-9)


def test_the_first_trial_takes_the_defaults() -> None:
    trials = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(trials=2), fixed=LITTLE).trials
    assert trials.num_leaves[0] == LightGBM().num_leaves
    assert trials.num_leaves[1] != LightGBM().num_leaves


def test_what_is_fixed_is_not_searched() -> None:
    fixed = LITTLE | {"num_leaves": 5}
    model = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(trials=3), fixed=fixed).model
    assert model.num_leaves == 5


def test_of_what_is_fixed_no_trial_says_that_it_was_drawn() -> None:
    fixed = LITTLE | {"num_leaves": 5}
    found = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(trials=3), fixed=fixed)
    assert "num_leaves" not in {*found.trials.columns, *found.importances.parameter}
    assert "reg_lambda" in found.trials.columns


class Asking(LightGBM):
    """Cannot be made without an argument."""

    def __init__(self, depth: int, max_trees: int = 15) -> None:
        super().__init__(max_trees=max_trees)
        self.depth = depth

    @classmethod
    def suggest(cls, trial, n_features):
        return {"max_trees": trial.suggest_int("max_trees", 5, 20)}

    @property
    def arguments(self):
        return {"depth": self.depth, "max_trees": self.max_trees}


def test_a_model_may_ask_for_an_argument_that_is_fixed() -> None:
    trials = search(Asking, [example_split()], target="churn", tuning=TuningConfig(2), fixed={"depth": 3}).trials
    assert trials.max_trees[0] == 15


def test_a_model_without_a_space_is_fitted_once() -> None:
    trials = search(Majority, [example_split()], target="churn", tuning=TuningConfig(trials=5)).trials
    assert trials.state.tolist() == ["complete"]


def test_the_same_seed_makes_the_same_search() -> None:
    first, second = (
        search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(trials=3), fixed=LITTLE, seed=2).trials
        for _ in range(2)
    )
    assert first.equals(second)


class Doomed(LightGBM):
    """After six trials, each starts far worse than those before; pruned as networks are."""

    is_network = True
    fits = 0

    def fit(self, split, *, target, seed=0, report=None):
        Doomed.fits += 1
        for step in range(5):
            report(step, 1.0 if Doomed.fits < 7 else 9.0)
        return super().fit(split, target=target, seed=seed)


@pytest.mark.parametrize(("prune", "last"), [(True, "pruned"), (False, "complete")])
def test_a_hopeless_trial_is_given_up_where_asked_for(prune, last) -> None:
    Doomed.fits = 0
    found = search(Doomed, [example_split()], target="churn", tuning=TuningConfig(7, prune=prune), fixed=LITTLE)
    assert found.trials.state.tolist() == ["complete"] * 6 + [last]
    assert found.curves.groupby("trial").size().tolist() == [5] * 6 + [2 if prune else 5]


def test_the_search_reads_half_a_and_never_the_test_part() -> None:
    split = example_split()
    blind = type(split)(split.train, split.val, split.test.take(np.empty(0, np.int64)), split.score)
    tuning = TuningConfig(trials=2)
    with_test, without = (
        search(LightGBM, [s], target="churn", tuning=tuning, fixed=LITTLE).trials for s in (split, blind)
    )
    assert with_test.equals(without)


def test_no_trials_is_refused() -> None:
    with pytest.raises(UserError, match="at least 1"):
        TuningConfig(trials=0)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("churn.models.Nothing", "import path"),
        ({"class_path": "churn.models.LightGBM", "init_args": {"leaves": 3}}, "leaves"),
        ({"class": "churn.models.GRU"}, "class_path"),
    ],
)
def test_a_model_that_does_not_exist_or_fit_is_named(entry, says) -> None:
    with pytest.raises(UserError, match=says):
        ModelSpec.of(entry).load()


def test_fitting_a_spec_gives_its_class() -> None:
    spec = ModelSpec("churn.models.LightGBM", {"max_trees": 5})
    fitted = fit(spec, [example_split()], target="sticker", tuning=TuningConfig(trials=1))
    assert isinstance(fitted.model, LightGBM)
    assert fitted.model.max_trees == 5


def folds(n):
    return rolling_origins(example_dataset().windows, SplitConfig(folds=n, val_share=0.15, test_share=0.12))


def test_the_objective_is_the_mean_over_the_folds_and_the_model_that_of_the_newest(tmp_path) -> None:
    splits = folds(3)
    tuning = TuningConfig(trials=1)
    found = search(LightGBM, splits, target="churn", tuning=tuning, fixed=LITTLE, folder=tmp_path)
    models = [LightGBM(**LITTLE).fit(split, target="churn") for split in splits]
    losses = [log_loss(s.val_a.answers, m.predict_proba(s.val_a)) for s, m in zip(splits, models, strict=True)]
    assert found.trials.value[0] == pytest.approx(np.mean(losses))
    assert read_json(tmp_path / "0000" / "trial.json")["log_loss_by_fold"] == pytest.approx(losses)
    newest = splits[-1].test
    np.testing.assert_array_equal(found.model.predict_proba(newest), models[-1].predict_proba(newest))


def test_each_trial_has_a_folder_and_the_best_one_its_model(tmp_path) -> None:
    found = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(4), fixed=LITTLE, folder=tmp_path)
    notes = [read_json(path / "trial.json") for path in sorted(tmp_path.iterdir())]
    assert [note.get("value") for note in notes] == [
        v if s == "complete" else None for v, s in zip(found.trials.value, found.trials.state, strict=True)
    ]
    kept = [path.parent.name for path in tmp_path.glob("*/model")]
    assert kept == [f"{found.trials[found.trials.state == 'complete'].value.idxmin():04d}"]
    windows = example_split().test
    np.testing.assert_allclose(
        load(tmp_path / kept[0] / "model").predict_proba(windows), found.model.predict_proba(windows)
    )


@pytest.mark.slow
def test_history_and_batch_size_are_searched_where_a_model_has_them() -> None:
    tuning = TuningConfig(trials=4, history_days=[3, 7], batch_size=[256, 512])
    tables = {
        kind: search(kind, [example_split()], target="churn", tuning=tuning, fixed=fixed).trials
        for kind, fixed in ((LightGBM, LITTLE), (GRU, {"max_epochs": 1, "hidden_size": 8, "layers": 1}), (Majority, {}))
    }
    assert tables[LightGBM].history_days.tolist()[0] == 7
    assert set(tables[LightGBM].history_days) <= {3, 7}
    assert "batch_size" not in tables[LightGBM]
    assert set(tables[GRU].batch_size) <= {256, 512, 1024}
    assert "history_days" not in tables[Majority]


def test_a_history_to_choose_from_that_the_windows_do_not_have_is_refused() -> None:
    with pytest.raises(UserError, match="from 1 to 7"):
        search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(history_days=[7, 14]), fixed=LITTLE)


def test_a_target_of_one_class_is_named() -> None:
    split = example_split()
    same = replace(split, train=split.train.take(split.train.label("sticker") == 0))
    with pytest.raises(UserError, match=r"expected both classes of sticker in train, got .* windows of class 0"):
        search(LightGBM, [same], target="sticker", tuning=TuningConfig(1))


def test_a_loss_that_is_no_number_fails_its_trial_alone_and_the_others_stay() -> None:
    class Sometimes(LightGBM):
        fits = 0

        def predict_proba(self, windows):
            Sometimes.fits += 1
            return super().predict_proba(windows) * (float("nan") if Sometimes.fits == 2 else 1.0)

    trials = search(
        Sometimes, [example_split()], target="churn", tuning=TuningConfig(3, prune=False), fixed=LITTLE
    ).trials
    assert trials.state.tolist() == ["complete", "fail", "complete"]


def test_a_network_whose_loss_is_no_number_says_so() -> None:
    fixed = {"hidden_size": 8, "lr": 10.0, "weight_decay": 100.0, "max_epochs": 3}
    with pytest.raises(
        UserError, match=r"expected a trial of GRU to succeed, got 1 that failed, .* not a number; lower lr"
    ):
        search(GRU, [example_split()], target="churn", tuning=TuningConfig(1), fixed=fixed)


def test_importances_are_shares_of_the_hyperparameters() -> None:
    found = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(6, prune=False), fixed=LITTLE)
    assert set(found.importances.parameter) == set(found.trials.columns) - {"trial", "state", "value"}
    assert found.importances.importance.sum() == pytest.approx(1)
    one = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(1), fixed=LITTLE)
    assert one.importances.empty


def test_further_seeds_make_an_ensemble_of_the_best_trial() -> None:
    split = example_split()
    spec, tuning = ModelSpec("churn.models.LightGBM", LITTLE), TuningConfig(trials=2)
    found = fit(spec, [split], target="churn", tuning=tuning, training=TrainingConfig(seeds=3), seed=4)
    assert isinstance(found.model, Ensemble)
    assert len(found.model.members) == 3
    arguments = [member.arguments for member in found.model.members]
    assert arguments == [arguments[0]] * 3
    first = fit(spec, [split], target="churn", tuning=tuning, seed=4).model
    np.testing.assert_array_equal(found.model.members[0].predict_proba(split.test), first.predict_proba(split.test))
    p = [member.predict_proba(split.test) for member in found.model.members]
    assert np.abs(p[0] - p[1]).max() > 1e-6


def test_a_model_without_chance_is_fitted_once() -> None:
    spec = ModelSpec("churn.models.Majority")
    found = fit(spec, [example_split()], target="churn", tuning=TuningConfig(), training=TrainingConfig(seeds=3))
    assert isinstance(found.model, Majority)


def test_no_seeds_are_refused() -> None:
    with pytest.raises(UserError, match=r"training\.seeds of at least 1"):
        TrainingConfig(seeds=0)


def test_a_history_longer_than_the_windows_is_refused_before_any_data_are_read() -> None:
    with pytest.raises(UserError, match=r"tuning\.history_days within the windows, got 14, longer than .* 7"):
        RunConfig(data=DataConfig(events="events"), tuning=TuningConfig(history_days=[7, 14]))
