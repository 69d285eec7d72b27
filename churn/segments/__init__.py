"""From scores to a list, how the users on it differ, and what contacting them is worth."""

from churn.segments.about import about
from churn.segments.alternatives import had_it_been_drawn_otherwise
from churn.segments.amounts import expected_amounts
from churn.segments.anomalies import Anomalies, find_anomalies
from churn.segments.behaviour import Groups, find_groups
from churn.segments.budget import Plan, plan
from churn.segments.categories import compare_categories, describe_categories
from churn.segments.comparisons import compare, describe, latest_windows, observed_rates, pooled
from churn.segments.config import AnomalyConfig, BudgetConfig, GroupConfig, SegmentConfig
from churn.segments.contact_list import contact_list, export, write_safely
from churn.segments.control import CONTACT, CONTROL, ControlConfig, hold_back
from churn.segments.group_names import group_columns, group_names
from churn.segments.group_tables import group_table
from churn.segments.groups import loyal_earners
from churn.segments.harmless import harmless
from churn.segments.line import distribution, lines, skewness
from churn.segments.outcome_config import AlarmConfig, OutcomeConfig
from churn.segments.priority import agreement, prioritise
from churn.segments.pseudonyms import Pseudonyms, hidden

__all__ = [
    "CONTACT",
    "CONTROL",
    "AlarmConfig",
    "Anomalies",
    "AnomalyConfig",
    "BudgetConfig",
    "ControlConfig",
    "GroupConfig",
    "Groups",
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
    "distribution",
    "expected_amounts",
    "export",
    "find_anomalies",
    "find_groups",
    "group_columns",
    "group_names",
    "group_table",
    "had_it_been_drawn_otherwise",
    "harmless",
    "hidden",
    "hold_back",
    "latest_windows",
    "lines",
    "loyal_earners",
    "observed_rates",
    "plan",
    "pooled",
    "prioritise",
    "skewness",
    "write_safely",
]
