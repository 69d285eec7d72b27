import numpy as np
import pytest

from churn.outcomes.calibration import METRICS, error_intervals
from churn.statistics import metric_intervals


def test_errors_and_their_intervals_are_those_of_every_other_table():
    rng = np.random.default_rng(0)
    p = np.append(rng.beta(1, 3, 300), [0.0, 1.0, 1.0])
    y = rng.uniform(size=303) < p
    expected = metric_intervals(y, p, users=np.arange(303), repetitions=40)
    found = error_intervals(p, y, repetitions=40)
    assert set(found) == set(METRICS)
    for name, one in found.items():
        other = expected[name]
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), abs=1e-12)
