import numpy as np
import pytest

from churn.data import example_split
from churn.errors import UserError
from churn.models import LightGBM, Majority
from churn.training import ModelSpec, TuningConfig, fit, search

LITTLE = {"max_trees": 15}


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def test_as_many_trials_as_asked_for_are_made_and_the_best_model_is_returned() -> None:
    split = example_split()
    model, trials = search(LightGBM, split, target="churn", tuning=TuningConfig(trials=4), fixed=LITTLE)
    assert len(trials) == 4
    kept = log_loss(split.val_a.churn, model.predict_proba(split.val_a))
    assert kept == pytest.approx(trials.value.min(), abs=1e-9)


def test_the_first_trial_takes_the_defaults() -> None:
    _, trials = search(LightGBM, example_split(), target="churn", tuning=TuningConfig(trials=2), fixed=LITTLE)
    assert trials.num_leaves[0] == LightGBM().num_leaves
    assert trials.num_leaves[1] != LightGBM().num_leaves


def test_what_is_fixed_is_not_searched() -> None:
    fixed = LITTLE | {"num_leaves": 5}
    model, _ = search(LightGBM, example_split(), target="churn", tuning=TuningConfig(trials=3), fixed=fixed)
    assert model.num_leaves == 5


def test_a_model_without_a_space_is_fitted_once() -> None:
    _, trials = search(Majority, example_split(), target="churn", tuning=TuningConfig(trials=5))
    assert trials.state.tolist() == ["complete"]


def test_the_same_seed_makes_the_same_search() -> None:
    first, second = (
        search(LightGBM, example_split(), target="churn", tuning=TuningConfig(trials=3), fixed=LITTLE, seed=2)[1]
        for _ in range(2)
    )
    assert first.equals(second)


def test_a_hopeless_trial_is_pruned() -> None:
    """After two whole trials a third that starts far worse than their median is given up."""

    class Doomed(LightGBM):
        fits = 0

        def fit(self, split, *, target, seed=0, report=None):
            Doomed.fits += 1
            for step in range(5):
                report(step, 1.0 if Doomed.fits < 3 else 9.0)
            return super().fit(split, target=target, seed=seed)

    _, trials = search(Doomed, example_split(), target="churn", tuning=TuningConfig(trials=3), fixed=LITTLE)
    assert trials.state.tolist() == ["complete", "complete", "pruned"]


def test_the_search_reads_half_a_and_never_the_test_part() -> None:
    split = example_split()
    blind = type(split)(split.train, split.val, split.test.take(np.empty(0, np.int64)), split.score)
    tuning = TuningConfig(trials=2)
    with_test = search(LightGBM, split, target="churn", tuning=tuning, fixed=LITTLE)[1]
    assert with_test.equals(search(LightGBM, blind, target="churn", tuning=tuning, fixed=LITTLE)[1])


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
        ModelSpec.of(entry).check()


def test_fitting_a_spec_gives_its_class() -> None:
    spec = ModelSpec("churn.models.LightGBM", {"max_trees": 5})
    fitted = fit(spec, example_split(), target="sticker", tuning=TuningConfig(trials=1))
    assert isinstance(fitted.model, LightGBM)
    assert fitted.model.max_trees == 5
