"""Seeing the data: seasons, journeys, cohorts, silences, definitions of churn, and single users."""

from churn.eda.anatomy import Anatomy, anatomy
from churn.eda.cohorts import Retention, Revenue, retention, revenue
from churn.eda.decomposition import Seasons, decompose
from churn.eda.definitions import Definitions, definitions
from churn.eda.directly_follows import DirectlyFollows, directly_follows
from churn.eda.first_steps import FirstSteps, first_steps
from churn.eda.journey_differences import JourneyDifferences, compare_journeys
from churn.eda.journey_groups import of_fates, of_the_list
from churn.eda.journeys import Journeys, journeys
from churn.eda.opening import open_panel, open_tables
from churn.eda.returns import Returns, returns
from churn.eda.series import ACTIVE, daily_totals
from churn.eda.survival import Survival, kaplan_meier, survival
from churn.eda.variants import Variants, variants
from churn.eda.view import View

__all__ = [
    "ACTIVE",
    "Anatomy",
    "Definitions",
    "DirectlyFollows",
    "FirstSteps",
    "JourneyDifferences",
    "Journeys",
    "Retention",
    "Returns",
    "Revenue",
    "Seasons",
    "Survival",
    "Variants",
    "View",
    "anatomy",
    "compare_journeys",
    "daily_totals",
    "decompose",
    "definitions",
    "directly_follows",
    "first_steps",
    "journeys",
    "kaplan_meier",
    "of_fates",
    "of_the_list",
    "open_panel",
    "open_tables",
    "retention",
    "returns",
    "revenue",
    "survival",
    "variants",
]
