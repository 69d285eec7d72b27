"""Pure numbers: metrics of a forecast, intervals over users, tests between groups."""

from churn.statistics.intervals import (
    Interval,
    bootstrap,
    ece_band,
    metric_intervals,
    paired_difference,
    rate_interval,
)
from churn.statistics.metrics import METRICS, RANGES, calibration_bins, evaluate
from churn.statistics.ranking import ColumnAuc, Z, column_aucs, column_shares
from churn.statistics.tests import WelchResult, benjamini_hochberg, holm, welch

__all__ = [
    "METRICS",
    "RANGES",
    "ColumnAuc",
    "Interval",
    "WelchResult",
    "Z",
    "benjamini_hochberg",
    "bootstrap",
    "calibration_bins",
    "column_aucs",
    "column_shares",
    "ece_band",
    "evaluate",
    "holm",
    "metric_intervals",
    "paired_difference",
    "rate_interval",
    "welch",
]
