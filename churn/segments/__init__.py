"""From scores to a list, and how the users on it differ."""

from churn.segments.comparisons import compare, describe, latest_windows, observed_rates
from churn.segments.contact_list import contact_list, export
from churn.segments.priority import SegmentConfig, agreement, prioritise

__all__ = [
    "SegmentConfig",
    "agreement",
    "compare",
    "contact_list",
    "describe",
    "export",
    "latest_windows",
    "observed_rates",
    "prioritise",
]
