"""Every kind of model as ONNX: onnxruntime gives the chances that the model gives."""

import numpy as np
import pytest

from churn.data import example_split
from churn.evaluation import Calibration, Calibrator
from churn.models import (
    GRU,
    BiLSTM,
    Blend,
    Ensemble,
    Foresight,
    GRUBiLSTM,
    LightGBM,
    Logistic,
    Majority,
    Persistence,
    Selected,
    TabM,
)

pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytestmark = pytest.mark.slow

QUICK = {"hidden_size": 8, "max_epochs": 1}
KINDS = {
    "GRU": lambda: GRU(**QUICK),
    "GRU both ways, deep": lambda: GRU(**QUICK, layers=2, bidirectional=True, history_days=3),
    "BiLSTM": lambda: BiLSTM(**QUICK, layers=2, scaling="robust"),
    "GRUBiLSTM": lambda: GRUBiLSTM(**QUICK),
    "quantile": lambda: GRU(**QUICK, scaling="quantile"),
    "Foresight": lambda: Foresight(**QUICK),
    "LightGBM": lambda: LightGBM(max_trees=30),
    "LightGBM of three days": lambda: LightGBM(max_trees=30, history_days=3),
    "Logistic": Logistic,
    "Majority": Majority,
    "Ensemble": lambda: Ensemble([GRU(**QUICK), GRU(**QUICK)]),
    "Selected": lambda: Selected(["own_post", "stickers_received"], LightGBM(max_trees=30)),
    "Blend": lambda: Blend(members=[LightGBM(max_trees=30), Logistic(), GRU(**QUICK)]),
}


@pytest.fixture(scope="module")
def split():
    return example_split()


def run(program, windows):
    from churn.models import to_onnx

    history = windows.history()
    session = onnxruntime.InferenceSession(to_onnx(program, days=history.shape[1], features=history.shape[2]))
    (p,) = session.run(None, {"history": history})
    return p


DOUBLE = ("LightGBM", "LightGBM of three days", "Logistic", "Majority", "Selected")  # the same to rounding


@pytest.mark.parametrize("name", KINDS)
def test_onnxruntime_gives_the_model_s_chances(name, split):
    model = KINDS[name]().fit(split, target="sticker")
    p = run(model.program(split.test), split.test)
    assert p.dtype == np.float64 and p.shape == (len(split.test),)
    far = 1e-14 if name in DOUBLE else 1e-6
    np.testing.assert_allclose(p, model.predict_proba(split.test), rtol=0, atol=far)


@pytest.mark.parametrize(
    "calibrator",
    [
        Calibrator("none"),
        Calibrator("temperature", slope=1.7),
        Calibrator("platt", slope=0.3, shift=-0.123456789),
        Calibrator("isotonic", knots=((0.1, 0.1000001, 0.7), (0.05, 0.3, 0.9))),
        Calibrator("isotonic", knots=((0.4,), (0.3,))),
    ],
)
def test_a_calibrator_comes_along_in_double_precision(calibrator, split):
    from torch.nn import Sequential

    model = Logistic().fit(split, target="churn")
    p = run(Sequential(model.program(split.test), Calibration(calibrator)), split.test)
    np.testing.assert_allclose(p, calibrator(model.predict_proba(split.test)), rtol=0, atol=1e-9)


def test_sets_of_levels_and_trees_of_one_leaf_are_exact(outcome_runs):
    from churn.runs import Run

    split = Run(outcome_runs["to score"]).dataset.split()
    for least in (5, 100_000):
        model = LightGBM(max_trees=40, min_child_samples=least).fit(split, target=split.train.targets[0])
        windows = split.val
        trees = model.booster.dump_model()["tree_info"]
        assert ("==" in str(trees)) == (least == 5) and windows.constants
        p = run(model.program(windows), windows)
        np.testing.assert_allclose(p, model.predict_proba(windows), rtol=0, atol=1e-14)


@pytest.mark.parametrize("model", [Persistence(), TabM(k=2)])
def test_what_onnx_cannot_hold_is_named(model, split, refused):
    with refused("a model that ONNX can hold", type(model).__name__, "chose another"):
        model.program(split.test)
