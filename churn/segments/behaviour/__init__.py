"""Behaviour of users: groups that behave alike, and users who depart from their own past."""

from churn.segments.behaviour.anomalies import Anomalies, beside_list, find_anomalies
from churn.segments.behaviour.groups import Groups, enough_to_group, find_groups
from churn.segments.behaviour.names import group_columns, group_names
from churn.segments.behaviour.tables import group_table

__all__ = [
    "Anomalies",
    "Groups",
    "beside_list",
    "enough_to_group",
    "find_anomalies",
    "find_groups",
    "group_columns",
    "group_names",
    "group_table",
]
