import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from churn.evaluation import tune_thresholds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def predictions():
    """Two models on half A, half B and test, whose best thresholds differ between the parts."""
    rng = np.random.default_rng(0)
    tables = []
    for part, power in (("val", 3.0), ("calibration", 1.0), ("test", 0.3)):
        truth = rng.uniform(size=300)
        y = (rng.uniform(size=300) < truth**power).astype(int)
        tables += [
            pd.DataFrame({"model": "GRU", "part": part, "y": y, "p_raw": truth**4, "p": truth.round(2)}),
            pd.DataFrame({"model": "Majority", "part": part, "y": y, "p_raw": 0.1, "p": 0.4}),
        ]
    return pd.concat(tables, ignore_index=True)


def test_the_threshold_is_the_best_on_half_b_of_the_calibrated_probability(predictions):
    found = tune_thresholds(predictions).set_index("model").loc["GRU"]
    half_b = predictions[(predictions.model == "GRU") & (predictions.part == "calibration")]
    tried = {t: f1_score(half_b.y, half_b.p >= t) for t in half_b.p.unique()}
    assert found.f1 == pytest.approx(max(tried.values()))
    assert tried[found.threshold] == pytest.approx(max(tried.values()))
    assert found.share == pytest.approx((half_b.p >= found.threshold).mean())


def test_other_parts_are_not_heard(predictions):
    elsewhere = predictions.part != "calibration"
    changed = predictions.assign(y=predictions.y.mask(elsewhere, 1 - predictions.y))
    pd.testing.assert_frame_equal(tune_thresholds(changed), tune_thresholds(predictions))
    assert len(tune_thresholds(predictions)) == predictions.model.nunique()


def test_a_constant_forecast_has_its_constant_for_a_threshold(predictions):
    found = tune_thresholds(predictions).set_index("model").loc["Majority"]
    assert (found.threshold, found.share) == (0.4, 1.0)
