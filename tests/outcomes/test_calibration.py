import numpy as np
import pandas as pd
import pytest

from churn.outcomes.calibration import METRICS, calibration_since, error_intervals, measures
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


def test_the_chance_of_a_false_alarm_is_shared_by_all_targets(tmp_path):
    rng = np.random.default_rng(0)
    scored = pd.DataFrame({"p_churn": rng.uniform(size=200), "p_sticker": rng.uniform(size=200)})
    seen = pd.DataFrame({name: rng.uniform(size=200) < 0.5 for name in ("churn", "sticker")})
    columns = ["target", "model", "part", "metric", "value", "low", "high", "chosen"]
    pd.DataFrame([("churn", "GRU", "test", "ece", 0.1, 0.0, 0.2, True)], columns=columns).to_csv(
        tmp_path / "leaderboard.csv", index=False
    )
    found = calibration_since(scored, seen, alone=pd.Series(True, scored.index), run=tmp_path, repetitions=50)
    for target in seen:
        expected = measures(scored[f"p_{target}"].to_numpy(), seen[target].to_numpy(), repetitions=50, targets=2)
        rows = found[(found.group == "all") & (found.target == target)].set_index("metric")
        assert [rows.high[name] for name in ("rate_band", "ece_band")] == pytest.approx(
            [expected[name].high for name in ("rate_band", "ece_band")]
        )
