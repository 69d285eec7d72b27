"""How good the probabilities are, and how far to trust them."""

from churn.evaluation.calibration import KINDS, Calibrator, choose_calibrator, fit_calibrator
from churn.evaluation.leaderboard import KEPT, differences, gains, leaderboard, reliabilities
from churn.evaluation.predictions import Predictions, best_model, chances, predict
from churn.evaluation.thresholds import tune_thresholds
from churn.evaluation.verdicts import (
    Contestant,
    Verdict,
    VerdictConfig,
    contestants,
    reach_verdicts,
    verdict_table,
)

__all__ = [
    "KEPT",
    "KINDS",
    "Calibrator",
    "Contestant",
    "Predictions",
    "Verdict",
    "VerdictConfig",
    "best_model",
    "chances",
    "choose_calibrator",
    "contestants",
    "differences",
    "fit_calibrator",
    "gains",
    "leaderboard",
    "predict",
    "reach_verdicts",
    "reliabilities",
    "tune_thresholds",
    "verdict_table",
]
