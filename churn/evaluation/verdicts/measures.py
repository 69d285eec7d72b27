"""Measures: trials as a table, each variant compared with the reference on the same windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.evaluation.verdicts.trials import Inquiry, Trial, other, places
from churn.statistics import Interval, metric_intervals, paired_difference

METRICS = ("ap", "roc_auc", "log_loss")
COLUMNS = (
    *("verdict", "target", "model", "variant", "reference", "n_windows", "n_users", "base_rate", "returned"),
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
    *("difference", "difference_low", "difference_high"),
)
_UNKNOWN = Interval(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Verdict:
    """A question with its answer."""

    name: str
    target: str
    question: str
    sentence: str
    note: str  # notes on the measurement
    table: pd.DataFrame  # a row per model and variant, see COLUMNS; none where there is no answer


def verdict_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The tables of several verdicts as one, see COLUMNS; empty if all are."""
    tables = [verdict.table for verdict in verdicts if len(verdict.table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def tabulate(name: str, trials: list[Trial], *, inquiry: Inquiry, reference: str) -> pd.DataFrame:
    """A row per trial, with its measures and the difference of its log loss from the reference variant's."""
    rows = []
    for trial in trials:
        row = _describe(trial, inquiry)
        difference = _UNKNOWN
        if trial.variant != reference and comparable(trial, base := other(trials, trial, reference)):
            difference = compare(trial, base, inquiry)
        rows.append(row | {"reference": trial.variant == reference} | _ends("difference", difference))
    table = pd.DataFrame(rows).assign(verdict=name, target=inquiry.target, returned=np.nan)
    return table[list(COLUMNS)]


def comparable(a: Trial, b: Trial) -> bool:
    """Whether two trials predicted the same labels of the same windows."""
    return np.array_equal(places(a.test), places(b.test)) and a.test.reach_days == b.test.reach_days


def compare(a: Trial, b: Trial, inquiry: Inquiry) -> Interval:
    """The log loss of one trial minus another's on the same windows, over users.

    Raises:
        ValueError: if their windows differ.
    """
    if not comparable(a, b):
        raise ValueError(f"expected two trials on the same windows, got {a.variant} and {b.variant}")
    again = inquiry.config.repetitions
    gaps = paired_difference(a.y, a.p, p_b=b.p, users=a.test.user, repetitions=again, seed=inquiry.seed)
    return gaps["log_loss"]


def _describe(trial: Trial, inquiry: Inquiry) -> dict[str, object]:
    user, again = trial.test.user, inquiry.config.repetitions
    intervals = metric_intervals(trial.y, trial.p, users=user, repetitions=again, seed=inquiry.seed)
    row: dict[str, object] = {
        "model": trial.model,
        "variant": trial.variant,
        "n_windows": len(trial.test),
        "n_users": len(np.unique(user)),
        "base_rate": float(trial.y.mean()),
    }
    for metric in METRICS:
        row |= _ends(metric, intervals[metric])
    return row


def _ends(name: str, interval: Interval) -> dict[str, object]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
