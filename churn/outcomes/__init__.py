"""Outcomes: the events after a list was made, and tests of whether the models still hold."""

from churn.outcomes.following import FollowUp, follow_up
from churn.outcomes.printout import summary
from churn.outcomes.words import Told, about, sentences, tables

__all__ = ["FollowUp", "Told", "about", "follow_up", "sentences", "summary", "tables"]
