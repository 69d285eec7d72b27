"""The leaderboard: every model, target and part, with intervals over users."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.evaluation.calibration import reliability
from churn.statistics import (
    Interval,
    decision_intervals,
    ece_band,
    metric_intervals,
    paired_decisions,
    paired_difference,
)
from churn.statistics import gains as gain_curve

PARTS = ("val", "test")
REFERENCES = ("LightGBM", "Majority", "Persistence")
BLEND = "Blend"  # the name of all models together
KEPT = "_kept"  # ends the name of a model that was trained again on the kept features


def leaderboard(
    predictions: pd.DataFrame, *, chosen: str, thresholds: pd.DataFrame, repetitions: int = 500, seed: int = 0
) -> pd.DataFrame:
    """All metrics of calibrated probabilities: model, part, metric, value, low, high, chosen.

    Precision, recall and F1 are at the thresholds of `tune_thresholds`. Beside the calibration error stands `ece_band`,
    the errors of a perfectly calibrated forecaster on the same predictions: their mean and the range that 95 in 100
    fall into.
    """
    rows, threshold = [], _by_model(thresholds)
    for (model, part), table in predictions[predictions.part.isin(PARTS)].groupby(["model", "part"], sort=False):
        y, p, users = _arrays(table)
        intervals = metric_intervals(y, p, users=users, repetitions=repetitions, seed=seed)
        intervals |= decision_intervals(
            y, p, threshold=threshold[model], users=users, repetitions=repetitions, seed=seed
        )
        intervals["ece_band"] = ece_band(y, p, users=users, repetitions=repetitions, seed=seed)
        rows += [_row(value, {"model": model, "part": part, "metric": metric}) for metric, value in intervals.items()]
    return pd.DataFrame(rows).assign(chosen=lambda t: t.model == chosen)


def differences(
    predictions: pd.DataFrame, *, thresholds: pd.DataFrame, repetitions: int = 500, seed: int = 0
) -> pd.DataFrame:
    """Each model minus each reference on the same test windows: model, reference, metric, value, low, high.

    References are LightGBM, the majority and persistence, and for a model on the kept features the model with all
    features.
    """
    threshold = _by_model(thresholds)
    test = dict(iter(predictions[predictions.part == "test"].groupby("model", sort=False)))
    rows = []
    for model, reference in _pairs([str(name) for name in test]):
        y, base, users = _arrays(test[reference])
        p = _arrays(test[model])[1]
        gaps = paired_difference(y, p, p_b=base, users=users, repetitions=repetitions, seed=seed)
        both = (threshold[model], threshold[reference])
        gaps |= paired_decisions(y, p, p_b=base, thresholds=both, users=users, repetitions=repetitions, seed=seed)
        rows += [_row(gap, {"model": model, "reference": reference, "metric": m}) for m, gap in gaps.items()]
    columns = ["model", "reference", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _pairs(models: list[str]) -> list[tuple[str, str]]:
    """The pairs to compare: (model, reference)."""
    found = [(model, reference) for reference in REFERENCES if reference in models for model in models]
    found += [(model, model.removesuffix(KEPT)) for model in models if model.endswith(KEPT)]
    return [(model, reference) for model, reference in dict.fromkeys(found) if model != reference]


def gains(predictions: pd.DataFrame, *, repetitions: int = 500, seed: int = 0) -> pd.DataFrame:
    """The gain curve of every model on test: model, share, gain, low, high.

    `gain` is the share of all positives found among the `share` of windows with the highest probabilities; over its
    share, it is the lift.
    """
    rows = []
    for model, table in predictions[predictions.part == "test"].groupby("model", sort=False):
        y, p, users = _arrays(table)
        curve = gain_curve(y, p, users=users, repetitions=repetitions, seed=seed)
        rows += [(model, share, gain.value, gain.low, gain.high) for share, gain in curve.items()]
    return pd.DataFrame(rows, columns=["model", "share", "gain", "low", "high"])


def reliabilities(predictions: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """The reliability diagram of every model on test: model, bin, n, mean_predicted, observed, low, high."""
    tables = []
    for model, table in predictions[predictions.part == "test"].groupby("model", sort=False):
        y, p, users = _arrays(table)
        tables.append(reliability(p, y, users=users, seed=seed).assign(model=model))
    return pd.concat(tables, ignore_index=True)


def _arrays(table: pd.DataFrame) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.intp]]:
    return table.y.to_numpy(np.int8), table.p.to_numpy(np.float64), pd.factorize(table.user_id)[0]


def _by_model(thresholds: pd.DataFrame) -> dict[object, float]:
    return dict(zip(thresholds.model, thresholds.threshold, strict=True))


def _row(interval: Interval, names: dict[str, object]) -> dict[str, object]:
    return {**names, "value": interval.value, "low": interval.low, "high": interval.high}
