"""Pure numbers: metrics of a forecast, intervals over users, tests between groups."""

from churn.statistics.adjustment import benjamini_hochberg, holm
from churn.statistics.association import AssociationResult, association
from churn.statistics.calibration_band import calibrated_bands, ece_band
from churn.statistics.decisions import (
    DECISIONS,
    Threshold,
    best_threshold,
    decide,
    decision_intervals,
    paired_decisions,
)
from churn.statistics.drift import Stability, stability_index
from churn.statistics.effects import Effect, mean_difference, mean_interval, share_difference, share_interval
from churn.statistics.gains import SHARES, gains
from churn.statistics.intervals import (
    Interval,
    bootstrap,
    metric_intervals,
    paired_difference,
    rate_interval,
)
from churn.statistics.metrics import METRICS, RANGES, calibration_bins, evaluate
from churn.statistics.ranking import ColumnAuc, Z, column_aucs, column_shares
from churn.statistics.sides import FEW, LEAST_LIFT, LEAST_LOSS, Side, above, digits_apart, side, varies
from churn.statistics.tests import WelchResult, is_skewed, mann_whitney, welch

__all__ = [
    "DECISIONS",
    "FEW",
    "LEAST_LIFT",
    "LEAST_LOSS",
    "METRICS",
    "RANGES",
    "SHARES",
    "AssociationResult",
    "ColumnAuc",
    "Effect",
    "Interval",
    "Side",
    "Stability",
    "Threshold",
    "WelchResult",
    "Z",
    "above",
    "association",
    "benjamini_hochberg",
    "best_threshold",
    "bootstrap",
    "calibrated_bands",
    "calibration_bins",
    "column_aucs",
    "column_shares",
    "decide",
    "decision_intervals",
    "digits_apart",
    "ece_band",
    "evaluate",
    "gains",
    "holm",
    "is_skewed",
    "mann_whitney",
    "mean_difference",
    "mean_interval",
    "metric_intervals",
    "paired_decisions",
    "paired_difference",
    "rate_interval",
    "share_difference",
    "share_interval",
    "side",
    "stability_index",
    "varies",
    "welch",
]
