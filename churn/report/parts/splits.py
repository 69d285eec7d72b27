"""Splits: the meaning of each kind for a reader, in plain words."""

from dataclasses import dataclass

from churn.language import marked, say
from churn.runs import Run


@dataclass(frozen=True)
class SplitWords:
    """The words for one kind of split."""

    divided: str  # completes "The data were divided …"
    test: str  # what the test part is
    unseen: str  # what the models had not seen of it
    warning: tuple[str, str] | None = None  # stands above the page: the point, and why


WORDS = {
    "time": SplitWords(
        marked("by time: models learn from earlier weeks and are measured on later ones, as in use"),
        marked("Weeks held back until every choice was made."),
        marked("weeks that no model had seen"),
    ),
    "user": SplitWords(
        marked("by user: models are measured on users they never saw, but on the same weeks"),
        marked("Users held back until every choice was made, on the same weeks as those the models learned from."),
        marked("users whom no model had seen, on weeks that the models knew from others"),
        (
            marked("The measures of this page say nothing about later weeks."),
            marked(
                "The data were split by user alone: the models learned from the very days on which they were "
                "measured, so a season, an outage or a trend that moved everyone was known to them. The "
                "measures hold for new users on known days. Split by time, or by user and time, to see how the "
                "models do in use."
            ),
        ),
    ),
    "user_time": SplitWords(
        marked("by user and time: models are measured on later weeks of users they never saw"),
        marked("Later weeks of some users, all of whose days were held back until every choice was made."),
        marked("later weeks of users whom no model had seen"),
    ),
    "random": SplitWords(
        marked("at random, which lets the models see days of the test part and makes every number here too good"),
        marked(
            "Windows drawn at random and held back until every choice was made; most of their days the models knew."
        ),
        marked("windows drawn at random, most of whose days the models had seen"),
        (
            marked("Do not rely on the scores of this page."),
            marked(
                "The data were split at random: days of one user stand both in what the models learned from "
                "and in what they were measured on. Every measure below is too good. Split by time, then run "
                "again."
            ),
        ),
    ),
}


_BY_USER = SplitWords(  # of arrivals
    marked("by user: models are measured on users whom they never saw"),
    marked("Users held back until every choice was made."),
    marked("arrivals that no model had seen"),
    (
        marked("The measures of this page say nothing about later arrivals."),
        marked(
            "The data were split by user alone: the models learned from users who arrived together with those on whom "
            "they were measured, so whatever moved everyone was known to them. Where the member list has a day of "
            "joining, split by time to see how the models do in use."
        ),
    ),
)
ARRIVALS = {  # words where each user is asked about once
    "time": SplitWords(
        marked("by time: models learn from earlier arrivals and are measured on later ones, as in use"),
        marked("Later arrivals, held back until every choice was made."),
        marked("later arrivals, which no model had seen"),
    ),
    "user": _BY_USER,
    "user_time": SplitWords(
        marked("by user and time: models learn from earlier arrivals and are measured on later ones, as in use"),
        marked("Later arrivals, held back until every choice was made."),
        marked("later arrivals, which no model had seen"),
    ),
    "random": _BY_USER,  # a user has one window
}


def words(run: Run) -> SplitWords:
    """The words for a run's kind of split; the words for an unknown kind name it and promise nothing.

    Example:
        >>> WORDS["time"].warning is None
        True
    """
    kind = str(run.manifest["split_kind"])
    found = (ARRIVALS if run.arrivals else WORDS).get(kind)
    if found is None:
        return SplitWords(kind, say("What was held back until every choice was made."), say("the test part"))
    warning = found.warning and (say(found.warning[0]), say(found.warning[1]))
    return SplitWords(say(found.divided), say(found.test), say(found.unseen), warning)
