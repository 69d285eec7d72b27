"""Segments: the list drawn from scores, how the users on it differ, and what contacting them is worth."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.segments.alternatives import had_it_been_drawn_otherwise
    from churn.segments.amounts import expected_amounts
    from churn.segments.behaviour import (
        Anomalies,
        Groups,
        beside_list,
        enough_to_group,
        find_anomalies,
        find_groups,
        group_columns,
        group_names,
        group_table,
    )
    from churn.segments.budget import Plan, plan
    from churn.segments.comparing import (
        Contrasts,
        compare,
        compare_categories,
        contrast,
        describe,
        describe_categories,
        latest_windows,
        loyal_earners,
        observed_rates,
        pooled,
        stickers_by_stay,
    )
    from churn.segments.config import AnomalyConfig, BudgetConfig, ControlConfig, GroupConfig, SegmentConfig
    from churn.segments.contacts import (
        BASES,
        CONTACT,
        CONTROL,
        Pseudonyms,
        about,
        advice,
        advice_on,
        among_equals,
        contact_list,
        departures,
        export,
        forms,
        hold_back,
        write_contacts,
    )
    from churn.segments.earnings import Earnings, at_stake, expected_earnings
    from churn.segments.line import distribution, lines, skewness
    from churn.segments.makes import made_by, worded_makes
    from churn.segments.orders import Order, Verdict, as_chosen, choose_order, compare_orders, judged, measure_of
    from churn.segments.priority import agreement, likely_line, prioritise, segments_of
    from churn.segments.ranking import chance_of_first, ties

__all__ = [
    "BASES",
    "CONTACT",
    "CONTROL",
    "Anomalies",
    "AnomalyConfig",
    "BudgetConfig",
    "Contrasts",
    "ControlConfig",
    "Earnings",
    "GroupConfig",
    "Groups",
    "Order",
    "Plan",
    "Pseudonyms",
    "SegmentConfig",
    "Verdict",
    "about",
    "advice",
    "advice_on",
    "agreement",
    "among_equals",
    "as_chosen",
    "at_stake",
    "beside_list",
    "chance_of_first",
    "choose_order",
    "compare",
    "compare_categories",
    "compare_orders",
    "contact_list",
    "contrast",
    "departures",
    "describe",
    "describe_categories",
    "distribution",
    "enough_to_group",
    "expected_amounts",
    "expected_earnings",
    "export",
    "find_anomalies",
    "find_groups",
    "forms",
    "group_columns",
    "group_names",
    "group_table",
    "had_it_been_drawn_otherwise",
    "hold_back",
    "judged",
    "latest_windows",
    "likely_line",
    "lines",
    "loyal_earners",
    "made_by",
    "measure_of",
    "observed_rates",
    "plan",
    "pooled",
    "prioritise",
    "segments_of",
    "skewness",
    "stickers_by_stay",
    "ties",
    "worded_makes",
    "write_contacts",
]

__getattr__ = lazily(__name__, __file__)
