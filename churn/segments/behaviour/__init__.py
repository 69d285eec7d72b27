"""What users are like: groups of like behaviour, and who departs from the own past."""

from churn.segments.behaviour.anomalies import Anomalies, find_anomalies
from churn.segments.behaviour.groups import Groups, find_groups
from churn.segments.behaviour.names import group_columns, group_names
from churn.segments.behaviour.tables import group_table

__all__ = [
    "Anomalies",
    "Groups",
    "find_anomalies",
    "find_groups",
    "group_columns",
    "group_names",
    "group_table",
]
