"""The leaderboard: every model, target and part, with intervals over users."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.evaluation.calibration import reliability
from churn.statistics import METRICS, Interval, ece_band, metric_intervals, paired_difference

PARTS = ("val", "test")
REFERENCES = ("LightGBM", "Majority")


def leaderboard(predictions: pd.DataFrame, *, chosen: str, repetitions: int = 500, seed: int = 0) -> pd.DataFrame:
    """All metrics of calibrated probabilities: model, part, metric, value, low, high, chosen.

    Beside the calibration error stands `ece_band`, what a perfectly calibrated forecaster would show on the
    same predictions: its mean and the range that 95 in 100 of them fall into.
    """
    rows = []
    for (model, part), table in predictions[predictions.part.isin(PARTS)].groupby(["model", "part"], sort=False):
        y, p, users = _arrays(table)
        intervals = metric_intervals(y, p, users=users, repetitions=repetitions, seed=seed)
        intervals["ece_band"] = ece_band(y, p, users=users, repetitions=repetitions, seed=seed)
        rows += [_row(value, {"model": model, "part": part, "metric": metric}) for metric, value in intervals.items()]
    return pd.DataFrame(rows).assign(chosen=lambda t: t.model == chosen)


def differences(predictions: pd.DataFrame, *, repetitions: int = 500, seed: int = 0) -> pd.DataFrame:
    """Each model minus each reference on the same test windows: model, reference, metric, value, low, high."""
    test = dict(iter(predictions[predictions.part == "test"].groupby("model", sort=False)))
    rows = []
    for reference in (name for name in REFERENCES if name in test):
        y, base, users = _arrays(test[reference])
        for model in (name for name in test if name != reference):
            gaps = paired_difference(
                y, _arrays(test[model])[1], p_b=base, users=users, repetitions=repetitions, seed=seed
            )
            rows += [_row(gaps[m], {"model": model, "reference": reference, "metric": m}) for m in METRICS]
    columns = ["model", "reference", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def reliabilities(predictions: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """The reliability diagram of every model on test: model, bin, n, mean_predicted, observed, low, high."""
    tables = []
    for model, table in predictions[predictions.part == "test"].groupby("model", sort=False):
        y, p, users = _arrays(table)
        tables.append(reliability(p, y, users=users, seed=seed).assign(model=model))
    return pd.concat(tables, ignore_index=True)


def _arrays(table: pd.DataFrame) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.intp]]:
    return table.y.to_numpy(np.int8), table.p.to_numpy(np.float64), pd.factorize(table.user_id)[0]


def _row(interval: Interval, names: dict[str, object]) -> dict[str, object]:
    return {**names, "value": interval.value, "low": interval.low, "high": interval.high}
