"""Evaluation: the quality of the probabilities, their calibration, and the verdicts on a run."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.evaluation.calibration import Calibrator, choose_calibrator, fit_calibrator, reliability
    from churn.evaluation.calibration_program import Calibration
    from churn.evaluation.config import KINDS, EvaluationConfig
    from churn.evaluation.foretold import foretold
    from churn.evaluation.predictions import Predictions, best_model, chances, predict
    from churn.evaluation.standings import BLEND, KEPT, differences, gains, leaderboard, reliabilities
    from churn.evaluation.stayers import IF_STAYS, IfStays, fit_if_stays
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
    "BLEND",
    "IF_STAYS",
    "KEPT",
    "KINDS",
    "Calibration",
    "Calibrator",
    "Contestant",
    "EvaluationConfig",
    "IfStays",
    "Predictions",
    "Verdict",
    "VerdictConfig",
    "best_model",
    "chances",
    "choose_calibrator",
    "contestants",
    "differences",
    "fit_calibrator",
    "fit_if_stays",
    "foretold",
    "gains",
    "leaderboard",
    "predict",
    "reach_verdicts",
    "reliabilities",
    "reliability",
    "tune_thresholds",
    "verdict_table",
]

__getattr__ = lazily(__name__, __file__)
