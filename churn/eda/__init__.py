"""Seeing the data: seasons, journeys, cohorts, silences, definitions of churn, and single users."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.eda.beginnings import FirstSteps, first_steps
    from churn.eda.cohorts import Retention, Revenue, retention, revenue
    from churn.eda.config import ExploreConfig
    from churn.eda.decomposition import Seasons, decompose
    from churn.eda.definition_lab import Definitions, definitions
    from churn.eda.journey_differences import JourneyDifferences, compare_journeys
    from churn.eda.journey_groups import of_fates, of_the_list
    from churn.eda.journey_log import Journeys, journeys
    from churn.eda.keeping import keep_view, open_view
    from churn.eda.one_user import Anatomy, anatomy
    from churn.eda.opening import open_panel, open_tables
    from churn.eda.series import ACTIVE, daily_totals
    from churn.eda.session_variants import Variants, variants
    from churn.eda.silences import Returns, returns
    from churn.eda.staying import Survival, kaplan_meier, survival
    from churn.eda.transitions import DirectlyFollows, directly_follows
    from churn.eda.view import View

__all__ = [
    "ACTIVE",
    "Anatomy",
    "Definitions",
    "DirectlyFollows",
    "ExploreConfig",
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
    "keep_view",
    "of_fates",
    "of_the_list",
    "open_panel",
    "open_tables",
    "open_view",
    "retention",
    "returns",
    "revenue",
    "survival",
    "variants",
]

__getattr__ = lazily(__name__, __file__)
