"""Seeing the data: seasons, cohorts, silences, definitions of churn, and single users."""

from churn.eda.anatomy import Anatomy, anatomy
from churn.eda.cohorts import Retention, Revenue, retention, revenue
from churn.eda.decomposition import Seasons, daily_totals, decompose
from churn.eda.definitions import Definitions, definitions
from churn.eda.survival import Returns, Survival, kaplan_meier, returns, survival
from churn.eda.view import View

__all__ = [
    "Anatomy",
    "Definitions",
    "Retention",
    "Returns",
    "Revenue",
    "Seasons",
    "Survival",
    "View",
    "anatomy",
    "daily_totals",
    "decompose",
    "definitions",
    "kaplan_meier",
    "retention",
    "returns",
    "revenue",
    "survival",
]
