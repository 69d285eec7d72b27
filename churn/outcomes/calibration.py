"""Calibration since: what was forecast of users whom nobody contacted, and what came."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import as_written, read_table
from churn.statistics import RANGES, Interval, calibration_bins, ece_band, share_interval
from churn.statistics.intervals import bootstrap_each
from churn.statistics.metrics import CLIP, check_forecast, spread

LEFT_ALONE, ALL = "not contacted", "all"
METRICS = ("log_loss", "brier", "ece")
COLUMNS = ["group", "target", "metric", "n", "value", "low", "high", "test", "test_low", "test_high"]

_TEST = ["value", "low", "high"]  # of the leaderboard


def calibration_since(
    scored: pd.DataFrame, seen: pd.DataFrame, *, alone: pd.Series, run: Path, repetitions: int
) -> pd.DataFrame:
    """Forecast, rate, log loss, Brier score and calibration error since the cutoff, beside those on the test part.

    Columns: group, target, metric, n, value, low, high, test, test_low, test_high.

    `ece_band` is the calibration error that a calibrated forecast would show by chance.

    Args:
        scored: The scored users.
        seen: What happened to them, same rows.
        alone: Whom nobody contacted: a contact is meant to prove the forecast wrong.
        run: The run whose models scored.
        repetitions: Bootstrap samples of users.
    """
    with as_written(run / "leaderboard.csv", AttributeError, KeyError, TypeError):  # columns and truths may be spoilt
        board = read_table(run / "leaderboard.csv").astype(dict.fromkeys(_TEST, float))
        if board.chosen.dtype != bool:
            raise ValueError("truths that are none under chosen")
        test = board[(board.part == "test") & board.chosen].set_index(["target", "metric"])[_TEST]
    rows: list[tuple[object, ...]] = []
    for group, inside in ((LEFT_ALONE, alone), (ALL, pd.Series(True, scored.index))):
        for target in (name for name in ("churn", "sticker") if f"p_{name}" in scored and inside.any()):
            p, y = (table[name][inside] for table, name in ((scored, f"p_{target}"), (seen, target)))
            for metric, found in _measured(p.to_numpy(), y.to_numpy(), repetitions=repetitions).items():
                known = (target, metric) in test.index
                before = test.loc[(target, metric), _TEST] if known else (np.nan,) * 3
                rows.append((group, target, metric, len(p), found.value, found.low, found.high, *before))
    return pd.DataFrame(rows, columns=COLUMNS)


def _measured(p: NDArray[np.float64], y: NDArray[np.bool_], *, repetitions: int) -> dict[str, Interval]:
    users = np.arange(len(p))
    return {
        "forecast": Interval(float(p.mean()), np.nan, np.nan),
        "rate": share_interval(int(y.sum()), len(y)),
        **error_intervals(p, y, repetitions=repetitions),
        "ece_band": ece_band(y, p, users=users, repetitions=repetitions),
    }


def error_intervals(p: NDArray[np.float64], y: NDArray[np.bool_], *, repetitions: int) -> dict[str, Interval]:
    """What `metric_intervals` gives for METRICS, where each user has one row; without rankings, so faster.

    Args:
        p: Forecasts, (n,).
        y: What came, (n,).
        repetitions: Bootstrap samples of users.
    """
    labels, scores = check_forecast(y, p)
    clipped = np.clip(scores, CLIP, 1 - CLIP)
    loss = -np.log(np.where(labels == 1, clipped, 1 - clipped))
    columns = np.column_stack([loss, (labels - scores) ** 2, spread(labels - scores, calibration_bins(scores))])

    def errors(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        means = weights @ columns / weights.sum(axis=1, keepdims=True)
        return {"log_loss": means[:, 0], "brier": means[:, 1], "ece": np.abs(means[:, 2:]).sum(axis=1)}

    bounds = {name: RANGES[name] for name in METRICS}
    return bootstrap_each(np.arange(len(scores)), errors, bounds=bounds, repetitions=repetitions)
