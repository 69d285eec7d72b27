"""From scores to a list, how the users on it differ, and what contacting them is worth."""

from churn.segments.alternatives import had_it_been_drawn_otherwise
from churn.segments.amounts import expected_amounts
from churn.segments.budget import Plan, plan
from churn.segments.categories import compare_categories, describe_categories
from churn.segments.comparisons import compare, describe, latest_windows, observed_rates, pooled
from churn.segments.config import BudgetConfig, SegmentConfig
from churn.segments.contact_list import contact_list, export
from churn.segments.groups import loyal_earners
from churn.segments.line import distribution, lines, skewness
from churn.segments.priority import agreement, prioritise

__all__ = [
    "BudgetConfig",
    "Plan",
    "SegmentConfig",
    "agreement",
    "compare",
    "compare_categories",
    "contact_list",
    "describe",
    "describe_categories",
    "distribution",
    "expected_amounts",
    "export",
    "had_it_been_drawn_otherwise",
    "latest_windows",
    "lines",
    "loyal_earners",
    "observed_rates",
    "plan",
    "pooled",
    "prioritise",
    "skewness",
]
