"""Pure numbers: metrics of a forecast, intervals over users, tests between groups."""

from churn.statistics.adjustment import benjamini_hochberg, holm
from churn.statistics.calibration_band import calibrated_bands, ece_band
from churn.statistics.contingency import AssociationResult, association
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
from churn.statistics.gains_curve import SHARES, gains
from churn.statistics.intervals import (
    ONE_ERROR,
    Interval,
    bootstrap,
    bootstrap_each,
    interval_of,
    metric_intervals,
    paired_difference,
    rate_interval,
)
from churn.statistics.metrics import (
    CLIP,
    ECE_BINS,
    METRICS,
    RANGES,
    calibration_bins,
    check_forecast,
    evaluate,
    log_loss,
    log_losses,
    spread,
)
from churn.statistics.ranking import ColumnAuc, Z, column_aucs, column_shares
from churn.statistics.shares import block_intervals, block_variance
from churn.statistics.sides import FEW, LEAST_LIFT, LEAST_LOSS, ROUNDING, Side, above, digits_apart, side, varies
from churn.statistics.tests import WelchResult, is_skewed, mann_whitney, welch

__all__ = [
    "CLIP",
    "DECISIONS",
    "ECE_BINS",
    "FEW",
    "LEAST_LIFT",
    "LEAST_LOSS",
    "METRICS",
    "ONE_ERROR",
    "RANGES",
    "ROUNDING",
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
    "block_intervals",
    "block_variance",
    "bootstrap",
    "bootstrap_each",
    "calibrated_bands",
    "calibration_bins",
    "check_forecast",
    "column_aucs",
    "column_shares",
    "decide",
    "decision_intervals",
    "digits_apart",
    "ece_band",
    "evaluate",
    "gains",
    "holm",
    "interval_of",
    "is_skewed",
    "log_loss",
    "log_losses",
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
    "spread",
    "stability_index",
    "varies",
    "welch",
]
