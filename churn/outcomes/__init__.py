"""Outcomes: the events after a list was made, and tests of whether the models still hold."""

from churn.outcomes.following import FollowUp, follow_up
from churn.outcomes.printout import summary

__all__ = ["FollowUp", "follow_up", "summary"]
