"""Calibration since the list: forecasts and outcomes of users whom nobody contacted."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import as_written, declared, read_table
from churn.statistics import (
    ECE_BINS,
    RANGES,
    Interval,
    bootstrap_each,
    calibrated_bands,
    calibration_bins,
    check_forecast,
    log_losses,
    share_interval,
    spread,
)

LEFT_ALONE, ALL = "not contacted", "all"
FALSE_ALARMS = 0.05  # chance that a calibrated list is outside any band of its group
LEAST_DRAWN, EACH = 400, 10  # outcomes drawn for a band, users in a bin
METRICS = ("log_loss", "brier", "ece")
_TEST = ["value", "low", "high"]  # metrics of the leaderboard


def calibration_since(
    scored: pd.DataFrame, seen: pd.DataFrame, *, alone: pd.Series, run: Path, repetitions: int
) -> pd.DataFrame:
    """Forecast, rate, log loss, Brier score and calibration error since the cutoff, beside the test part's.

    Columns: group, target, metric, n, value, low, high, test, test_low, test_high.

    `rate_band` and `ece_band` are the rates and calibration errors of a calibrated forecast by chance: in 5 of 100
    cases it is outside any of a group's bands.

    Args:
        scored: The scored users.
        seen: Their outcomes, same rows.
        alone: The users whom nobody contacted: a contact is meant to prove the forecast wrong.
        run: The run whose models scored.
        repetitions: Bootstrap samples of users.
    """
    path = run / declared.LEADERBOARD.file
    with as_written(path, AttributeError, KeyError, TypeError):  # columns and labels may be corrupt
        board = read_table(path).astype(dict.fromkeys(_TEST, float))
        if board.chosen.dtype != bool:
            raise ValueError("truths that are none under chosen")
        test = board[(board.part == "test") & board.chosen].set_index(["target", "metric"])[_TEST]
    rows: list[tuple[object, ...]] = []
    for group, inside in ((LEFT_ALONE, alone), (ALL, pd.Series(True, scored.index))):
        targets = [str(name) for name in seen if f"p_{name}" in scored and inside.any()]
        for target in targets:
            p, y = (table[name][inside] for table, name in ((scored, f"p_{target}"), (seen, target)))
            for metric, found in measures(
                p.to_numpy(), y.to_numpy(), repetitions=repetitions, targets=len(targets)
            ).items():
                known = (target, metric) in test.index
                before = test.loc[(target, metric), _TEST] if known else (np.nan,) * 3
                rows.append((group, target, metric, len(p), found.value, found.low, found.high, *before))
    return declared.CALIBRATION_SINCE.of(rows)


def measures(
    p: NDArray[np.float64], y: NDArray[np.bool_], *, repetitions: int, targets: int = 1
) -> dict[str, Interval]:
    """The measures of one target, by name.

    Args:
        p: Forecasts, (n,).
        y: Outcomes, (n,).
        repetitions: Bootstrap samples of users.
        targets: The number of targets measured, over which the chance of a false alarm is divided.
    """
    drawn, level = max(repetitions, LEAST_DRAWN), 1 - FALSE_ALARMS / (2 * targets)
    bands = calibrated_bands(p, bins=bins_of(len(p)), level=level, repetitions=drawn)
    return {
        "forecast": Interval(float(p.mean()), np.nan, np.nan),
        "rate": share_interval(int(y.sum()), len(y)),
        "rate_band": bands["rate"],
        **error_intervals(p, y, repetitions=repetitions),
        "ece_band": bands["ece"],
    }


def bins_of(n: int) -> int:
    """The number of bins of the calibration error that have enough users each: with one user it measures confidence.

    Example:
        >>> bins_of(13), bins_of(60), bins_of(1000)
        (1, 6, 15)
    """
    return min(ECE_BINS, max(1, n // EACH))


def error_intervals(p: NDArray[np.float64], y: NDArray[np.bool_], *, repetitions: int) -> dict[str, Interval]:
    """The intervals of `metric_intervals` for METRICS with one row per user, faster since without rankings.

    For fewer than 150 users the calibration error has fewer than 15 bins, see `bins_of`.

    Args:
        p: Forecasts, (n,).
        y: Outcomes, (n,).
        repetitions: Bootstrap samples of users.
    """
    labels, scores = check_forecast(y, p)
    bins = bins_of(scores.size)
    off = spread(labels - scores, calibration_bins(scores, bins), width=bins)
    columns = np.column_stack([log_losses(labels, scores), (labels - scores) ** 2, off])

    def errors(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        means = weights @ columns / weights.sum(axis=1, keepdims=True)
        return {"log_loss": means[:, 0], "brier": means[:, 1], "ece": np.abs(means[:, 2:]).sum(axis=1)}

    bounds = {name: RANGES[name] for name in METRICS}
    return bootstrap_each(np.arange(len(scores)), errors, bounds=bounds, repetitions=repetitions)
