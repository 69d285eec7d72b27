"""The contract of every classifier; a new class in `churn.models` is tested as soon as it is listed."""

import numpy as np
import optuna
import pytest

import churn.models
from churn.configuration import MODELS
from churn.data import Split, Windows, example_split
from churn.errors import UserError
from churn.models import Blend, Classifier, Ensemble, LightGBM, Logistic, classifier, load

pytestmark = pytest.mark.slow

QUICK = {
    "GRU": {"hidden_size": 8, "max_epochs": 2},
    "BiLSTM": {"hidden_size": 8, "max_epochs": 2},
    "GRUBiLSTM": {"hidden_size": 8, "max_epochs": 2},
    "Foresight": {"hidden_size": 8, "max_epochs": 2},
    "TabM": {"k": 4, "hidden_size": 8, "max_epochs": 2},
    "LightGBM": {"max_trees": 20},
}
# Enough to learn twenty windows by heart; the logistic regression is a plane and the baselines are a few numbers.
THOROUGH = {
    "GRU": {"hidden_size": 32, "max_epochs": 60, "patience": 60, "dropout": 0.0, "lr": 1e-2},
    "BiLSTM": {"hidden_size": 32, "max_epochs": 60, "patience": 60, "dropout": 0.0, "lr": 1e-2},
    "GRUBiLSTM": {"hidden_size": 32, "max_epochs": 60, "patience": 60, "dropout": 0.0, "lr": 1e-2},
    "Foresight": {"hidden_size": 32, "max_epochs": 60, "patience": 60, "dropout": 0.0, "lr": 1e-2},
    "TabM": {"k": 4, "hidden_size": 32, "max_epochs": 60, "patience": 60, "dropout": 0.0, "lr": 1e-2},
    "LightGBM": {"min_child_samples": 1, "max_trees": 200, "patience": 200, "reg_lambda": 0.0, "learning_rate": 0.2},
}
LEARNERS = sorted(THOROUGH)
BY_NAME = ["TabM"]  # compared where a configuration names it


@pytest.fixture(scope="module")
def split() -> Split:
    return example_split()


@pytest.fixture(scope="module", params=[*MODELS, *BY_NAME, "Blend", "Ensemble"])
def kind(request: pytest.FixtureRequest) -> type[Classifier]:
    return classifier(f"churn.models.{request.param}")


def quick(kind: type[Classifier]) -> Classifier:
    if kind is Ensemble:
        return Ensemble([LightGBM(max_trees=20), LightGBM(max_trees=20)])
    if kind is Blend:
        return Blend(members=[LightGBM(max_trees=20), Logistic()])
    return kind(**QUICK.get(kind.__name__, {}))


@pytest.fixture(scope="module")
def fitted(kind: type[Classifier], split: Split) -> Classifier:
    """A quick model of churn; tests that change it load a copy."""
    return quick(kind).fit(split, target="churn")


def test_every_public_class_is_held_to_the_contract() -> None:
    shown = {name: getattr(churn.models, name) for name in churn.models.__all__}
    public = {name for name, found in shown.items() if isinstance(found, type) and issubclass(found, Classifier)}
    bases, of_others = {"Classifier", "SequenceClassifier"}, {"Blend", "Ensemble", "Selected"}
    assert public - bases - of_others == {*MODELS, *BY_NAME}


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_probabilities_are_one_per_window_between_zero_and_one(fitted, kind, split, target) -> None:
    model = fitted if target == "churn" else quick(kind).fit(split, target=target)
    p = model.predict_proba(split.test)
    assert p.shape == (len(split.test),)
    assert p.dtype == np.float64
    assert ((p >= 0) & (p <= 1)).all()


def test_no_windows_give_no_probabilities(fitted, split) -> None:
    nothing = split.test.take(np.empty(0, np.int64))
    assert fitted.predict_proba(nothing).shape == (0,)


def test_the_same_seed_gives_the_same_probabilities(fitted, kind, split) -> None:
    first, second = (model.predict_proba(split.test) for model in (fitted, quick(kind).fit(split, target="churn")))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["GRU", "BiLSTM", "GRUBiLSTM", "Foresight", "TabM"])
def test_another_seed_gives_another_network(name, split) -> None:
    first, second = (
        quick(classifier(f"churn.models.{name}")).fit(split, target="churn", seed=seed).predict_proba(split.test)
        for seed in (0, 1)
    )
    assert np.abs(first - second).max() > 1e-4


def test_a_saved_model_predicts_as_before(fitted, kind, split, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert type(again) is kind
    assert again.arguments == fitted.arguments
    np.testing.assert_allclose(again.predict_proba(split.test), fitted.predict_proba(split.test), atol=1e-7)


def test_a_saved_model_holds_no_pickled_code(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".txt", ".pt"}


def test_predictions_do_not_depend_on_the_windows_beside(fitted, split) -> None:
    alone = fitted.predict_proba(split.test.take(np.array([7])))
    np.testing.assert_allclose(alone, fitted.predict_proba(split.test)[[7]], atol=1e-6)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_overfits_twenty_windows(name, split) -> None:
    few = twenty(split.train)
    memory = _Memory(few, few, split.test, split.score)
    model = classifier(f"churn.models.{name}")(**THOROUGH[name])
    p = model.fit(memory, target="churn").predict_proba(few)
    assert ((p >= 0.5) == few.answers).mean() >= 0.95


class _Memory(Split):
    """Stops early on the very windows that are learnt, which an honest split refuses."""

    def __post_init__(self) -> None:
        pass

    @property
    def val_a(self) -> Windows:
        return self.val


def twenty(windows: Windows) -> Windows:
    """Ten windows of each class, no two with the same history, each ten times since trees split no smaller bins."""
    _, different = np.unique(windows.flat(), axis=0, return_index=True)
    labels = windows.answers[different]
    few = np.sort(np.concatenate([different[labels == c][:10] for c in (0, 1)]))
    return windows.take(np.repeat(few, 10))


def test_a_model_is_learnt_again_from_all_windows_in_as_many_steps(fitted, split, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    steps, before = fitted.steps, fitted.predict_proba(split.test)
    again = load(tmp_path / "model")
    assert again.steps == steps
    again.refit(split.train, target="churn")
    assert np.abs(again.predict_proba(split.test) - before).mean() < 0.05
    again.refit(split.val, target="sticker")
    assert again.steps == steps
    assert abs(again.predict_proba(split.val).mean() - split.val.label("sticker").mean()) < 0.1


@pytest.mark.parametrize("name", LEARNERS)
def test_a_shorter_history_is_all_that_a_learner_sees(name, split) -> None:
    kind = classifier(f"churn.models.{name}")
    model = kind(**QUICK[name], history_days=3).fit(split, target="churn")
    p = model.predict_proba(split.test)
    np.testing.assert_allclose(model.predict_proba(split.test.recent(3)), p, atol=1e-7)
    assert np.abs(p - quick(kind).fit(split, target="churn").predict_proba(split.test)).max() > 1e-4


@pytest.mark.parametrize("name", LEARNERS)
def test_a_longer_history_than_the_windows_have_is_refused(name, split) -> None:
    model = classifier(f"churn.models.{name}")(**QUICK[name], history_days=8)
    with pytest.raises(UserError, match="expected history_days from 1 to 7"):
        model.fit(split, target="churn")


def test_the_search_space_gives_arguments_that_the_class_takes(kind, split) -> None:
    for seed in range(5):
        trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask()
        kind(**kind.suggest(trial, len(split.train.features)))


def test_learning_beats_the_base_rate(kind, split) -> None:
    if kind.__name__ == "Majority":
        pytest.skip("the base rate itself")
    model = quick(kind) if kind in (Blend, Ensemble) else kind()
    p = model.fit(split, target="churn").predict_proba(split.test)
    y = split.test.answers
    base = np.full(len(y), split.train.answers.mean())
    assert log_loss(y, p) < log_loss(y, base) - 0.02


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


@pytest.mark.parametrize("path", ["churn.models.GRUU", "nowhere.GRU", "GRU", "churn.data.Split"])
def test_an_import_path_of_no_classifier_is_named(path) -> None:
    with pytest.raises(UserError, match="expected"):
        classifier(path)


def test_loading_from_a_folder_without_a_model_is_refused(tmp_path) -> None:
    with pytest.raises(UserError, match=r"no model\.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("GRU", {"layers": 0}, "expected layers of at least 1 and at most 20, got 0"),
        ("GRU", {"hidden_size": 2.5}, "expected a whole number in hidden_size, got 2.5"),
        ("BiLSTM", {"dropout": 1.0}, "expected dropout of at least 0 and below 1, got 1.0"),
        ("GRUBiLSTM", {"max_epochs": 0}, "expected max_epochs of at least 1"),
        ("GRU", {"positive_weight": 0}, "expected positive_weight above 0"),
        ("GRU", {"lr": "x"}, "expected a number in lr, got 'x'"),
        ("LightGBM", {"max_trees": 0}, "expected max_trees of at least 1"),
        ("LightGBM", {"num_leaves": 1}, "expected num_leaves of at least 2"),
    ],
)
def test_an_argument_that_cannot_be_is_named(name, arguments, says) -> None:
    with pytest.raises(UserError, match=says):
        classifier(f"churn.models.{name}")(**arguments)
