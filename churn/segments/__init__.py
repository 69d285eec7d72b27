"""From scores to a list, and how the users on it differ."""

from churn.segments.categories import compare_categories, describe_categories
from churn.segments.comparisons import compare, describe, latest_windows, observed_rates
from churn.segments.contact_list import contact_list, export
from churn.segments.groups import loyal_earners
from churn.segments.priority import SegmentConfig, agreement, prioritise

__all__ = [
    "SegmentConfig",
    "agreement",
    "compare",
    "compare_categories",
    "contact_list",
    "describe",
    "describe_categories",
    "export",
    "latest_windows",
    "loyal_earners",
    "observed_rates",
    "prioritise",
]
