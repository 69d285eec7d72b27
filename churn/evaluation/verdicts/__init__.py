"""Verdicts: answers to a sceptic's questions, each a table and one plain sentence."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.evaluation.verdicts.asking import reach_verdicts
    from churn.evaluation.verdicts.config import QUESTIONS, VerdictConfig
    from churn.evaluation.verdicts.contest import Contestant, contestants
    from churn.evaluation.verdicts.measures import COLUMNS, Verdict, verdict_table

__all__ = [
    "COLUMNS",
    "QUESTIONS",
    "Contestant",
    "Verdict",
    "VerdictConfig",
    "contestants",
    "reach_verdicts",
    "verdict_table",
]

__getattr__ = lazily(__name__, __file__)
