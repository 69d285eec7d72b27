"""How good the probabilities are, and how far to trust them."""

from churn.evaluation.calibration import KINDS, Calibrator, choose_calibrator, fit_calibrator
from churn.evaluation.leaderboard import differences, gains, leaderboard, reliabilities
from churn.evaluation.predictions import Predictions, best_model, predict
from churn.evaluation.thresholds import tune_thresholds

__all__ = [
    "KINDS",
    "Calibrator",
    "Predictions",
    "best_model",
    "choose_calibrator",
    "differences",
    "fit_calibrator",
    "gains",
    "leaderboard",
    "predict",
    "reliabilities",
    "tune_thresholds",
]
