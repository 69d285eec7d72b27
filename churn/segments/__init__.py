"""From scores to a list, how the users on it differ, and what contacting them is worth."""

from churn.segments.about import about
from churn.segments.amounts import expected_amounts
from churn.segments.budget import Plan, plan
from churn.segments.categories import compare_categories, describe_categories
from churn.segments.comparisons import compare, describe, latest_windows, observed_rates
from churn.segments.config import BudgetConfig, SegmentConfig
from churn.segments.contact_list import contact_list, export
from churn.segments.control import CONTACT, CONTROL, ControlConfig, hold_back
from churn.segments.groups import loyal_earners
from churn.segments.harmless import harmless
from churn.segments.outcome_config import AlarmConfig, OutcomeConfig
from churn.segments.priority import agreement, prioritise
from churn.segments.pseudonyms import Pseudonyms, hidden

__all__ = [
    "CONTACT",
    "CONTROL",
    "AlarmConfig",
    "BudgetConfig",
    "ControlConfig",
    "OutcomeConfig",
    "Plan",
    "Pseudonyms",
    "SegmentConfig",
    "about",
    "agreement",
    "compare",
    "compare_categories",
    "contact_list",
    "describe",
    "describe_categories",
    "expected_amounts",
    "export",
    "harmless",
    "hidden",
    "hold_back",
    "latest_windows",
    "loyal_earners",
    "observed_rates",
    "plan",
    "prioritise",
]
