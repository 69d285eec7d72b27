"""Comparisons of the users on the list, and of the loyal earners, with others."""

from churn.segments.comparing.categories import compare_categories, describe_categories
from churn.segments.comparing.compared import loyal_earners
from churn.segments.comparing.comparisons import compare, describe, latest_windows, observed_rates, pooled
from churn.segments.comparing.contrasts import Contrasts, contrast
from churn.segments.comparing.stay import stickers_by_stay

__all__ = [
    "Contrasts",
    "compare",
    "compare_categories",
    "contrast",
    "describe",
    "describe_categories",
    "latest_windows",
    "loyal_earners",
    "observed_rates",
    "pooled",
    "stickers_by_stay",
]
