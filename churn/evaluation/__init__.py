"""How good the probabilities are, and how far to trust them."""

from churn.evaluation.calibration import Calibrator, choose_calibrator, fit_calibrator
from churn.evaluation.leaderboard import differences, leaderboard, reliabilities
from churn.evaluation.predictions import Predictions, best_model, predict
from churn.evaluation.verdicts import Contestant, Verdict, VerdictConfig, reach_verdicts, verdict_table

__all__ = [
    "Calibrator",
    "Contestant",
    "Predictions",
    "Verdict",
    "VerdictConfig",
    "best_model",
    "choose_calibrator",
    "differences",
    "fit_calibrator",
    "leaderboard",
    "predict",
    "reach_verdicts",
    "reliabilities",
    "verdict_table",
]
