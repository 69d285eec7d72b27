"""One reason in plain words: a count beside the usual rate, or another feature as of the last day."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from churn.language import day_and_month, joined, say, say_many

_IN_DAYS = {"tenure", "tenure_capped", "gap_mean", "gap_spread", "gap_last", "gap_now"}
_WEEK = 7
Side = Literal["low", "high", "either"]  # values of a feature that read as a risk by themselves; either for none
_LEAST = 0.1  # share of the larger of two rates: under it, a reader takes them for alike


class Story(NamedTuple):  # there may be many, and a frozen dataclass takes several times as long to make
    """The facts about one user's count, or amount."""

    total: float  # the count over the history
    history_days: int
    known_days: int  # days since the user was first known, up to the cutoff
    usual: float  # the user's own, per week; nan where unknown
    others: float  # the average over users, per week
    silent_days: int = 0  # up to the cutoff; known_days where there was never one
    long_silence: bool = False  # whether the silence raises the probability, and is longer than usual
    fewer: bool = False  # whether the count fell, and the fall raises the probability
    fell: pd.Timestamp | None = None  # the day of the fall, if inside the history
    fallen_days: int = 0  # days from the fall to the cutoff, or of the history if it was earlier
    since: float = 0  # the count in these days
    amount: bool = False

    @property
    def days(self) -> int:
        """The days of the history on which the user was known; for a new user, all days."""
        return min(self.known_days or self.history_days, self.history_days)


def count_words(story: Story, *, risky: Side = "low") -> str:
    """A count beside the user's own usual where it is below that, and beside the others', all of as many days.

    A reader expects a reason to be a low count, where low counts are `risky`; the words for a count above the others'
    say that the model reads it as a risk.

    Example:
        >>> story = Story(1, 7, known_days=90, usual=3.1, others=2, silent_days=5, long_silence=True)
        >>> count_words(story)
        'none for 5 days; usually 3.1 a week'
        >>> count_words(story._replace(long_silence=False))
        '1 in the last 7 days; usually 3.1, others 2 a week'
        >>> count_words(story._replace(long_silence=False, history_days=28))
        '1 in the last 28 days; usually 12, others 8 in 28 days'
        >>> count_words(story._replace(long_silence=False, total=4))
        '4 in the last 7 days, more than others (2 a week), which the model reads as a risk'
    """
    if not _below_usual(story):
        return _beside_others(story, risky)
    if story.long_silence:
        usual = say("usually {rate}", rate=_rate(story.usual, story))
        return joined((_fact(story), usual), "; ")
    if story.fewer:
        return _fallen(story)
    return joined((_fact(story), _both(story)), "; ")


def as_usual(story: Story) -> bool:
    """Whether a count is within a tenth of the rate beside it, and so is no reason to a reader.

    Example:
        >>> story = Story(2, 7, known_days=90, usual=2, others=1.9)
        >>> as_usual(story), as_usual(story._replace(total=1))
        (True, False)
    """
    return not _below_usual(story) and not story.long_silence and not _above_others(story)


def value_as_usual(value: float, *, others: float) -> bool:
    """Whether a feature as of the last day is within a tenth of the average over users, or reads like it.

    Example:
        >>> value_as_usual(57, others=60.25), value_as_usual(12, others=60.25)
        (True, False)
    """
    return _rounded(value) == _rounded(others) or abs(value - others) < _LEAST * max(abs(value), abs(others))


def last_day_words(feature: str, value: float, *, others: float, risky: Side = "low") -> str:
    """A feature as of the last day, beside the average over users.

    Args:
        feature: The column.
        value: The value as of the last day.
        others: The average over users.
        risky: The values that read as a risk by themselves; the words for others say that the model reads them so.

    Example:
        >>> last_day_words("tenure", 12, others=60.25)
        '12 days; others 60'
        >>> last_day_words("days_since_activity", 5, others=2.44, risky="high")
        '5; others 2.4'
        >>> last_day_words("days_since_activity", 1, others=2.44, risky="high")
        '1, less than others (2.4), which the model reads as a risk'
        >>> last_day_words("days_since_activity", 1, others=2.44, risky="either")
        '1; others 2.4'
    """
    told = number(value) if float(value).is_integer() else _rounded(value)
    told = say("{number} days", number=told) if feature in _IN_DAYS else told
    if risky == "either" or value_as_usual(value, others=others) or (value > others) == (risky == "high"):
        usual = say("others {rate}", rate=_rounded(others))
        return joined((told, usual), "; ")
    return _risky(told, _rounded(others), more=value > others)


def chance_words(value: float, *, others: float) -> str:
    """The chance that a text or a picture alone gives, beside the average over users.

    Example:
        >>> chance_words(0.345, others=0.2)
        '34%; others 20%'
    """
    return joined((f"{value:.0%}", say("others {rate}", rate=f"{others:.0%}")), "; ")


def yes_or_no_words(value: float, *, others: float) -> str:
    """A feature of yes or no, beside the share of users with yes.

    Example:
        >>> yes_or_no_words(0, others=0.2)
        'no; yes for 20% of others'
    """
    if value:
        return say("yes; yes for {share:.0%} of others", share=others)
    return say("no; yes for {share:.0%} of others", share=others)


def level_words(level: str, value: float, *, others: float) -> str:
    """A level of an attribute, which a user has or not, beside the share of users who have it.

    Example:
        >>> level_words("lounge", 1, others=0.4), level_words("lounge", 0, others=0.4)
        ('lounge (40% of others)', 'not lounge (40% of others: lounge)')
    """
    if value:
        return say("{level} ({share:.0%} of others)", level=level, share=others)
    return say("not {level} ({share:.0%} of others: {level})", level=level, share=others)


def number(value: float) -> str:
    """A number with four digits, but never an exponent.

    Example:
        >>> number(12345.0), number(2.5)
        ('12,345', '2.5')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else _digits(value, 4)


def _never(story: Story) -> bool:
    return bool(story.known_days) and story.silent_days >= story.known_days


def _below_usual(story: Story) -> bool:
    """Whether a count is low compared with the user's own past."""
    if _never(story) or np.isnan(story.usual):
        return False
    if story.long_silence or story.fewer:
        return True
    weekly = story.total / story.days * _WEEK
    return 0 < weekly < story.usual and not _alike(weekly, story.usual, story)


def _above_others(story: Story) -> int:
    """The side of the others' average on which a count is: 1 above, 0 where both are alike, -1 below."""
    weekly = story.total / story.days * _WEEK
    if _alike(weekly, story.others, story):
        return 0
    return 1 if weekly > story.others else -1


def _alike(weekly: float, other: float, story: Story) -> bool:
    return value_as_usual(weekly, others=other) or _rate(weekly, story) == _rate(other, story)


def _beside_others(story: Story, risky: Side) -> str:
    fact, rate = _fact(story), _rate(story.others, story)
    # for a silence, the silence itself is the reason
    if risky != "either" and not story.long_silence and _above_others(story) > 0:
        return _risky(fact, rate)
    others = say("others {rate}", rate=rate)
    return joined((fact, others), "; ")


def _risky(fact: str, rate: str, *, more: bool = True) -> str:
    if more:
        return say("{fact}, more than others ({rate}), which the model reads as a risk", fact=fact, rate=rate)
    return say("{fact}, less than others ({rate}), which the model reads as a risk", fact=fact, rate=rate)


def _fact(story: Story) -> str:
    if not story.known_days:
        return say("none yet, being new")
    told = _counted(_plain(story.total, story), story) if story.total else say("none")
    if _never(story) or (story.known_days < story.history_days and not story.long_silence):
        return say_many(
            "{number} on the {n} day known", "{number} in all {n} days known", story.known_days, number=told
        )
    if story.silent_days and (story.long_silence or not story.total):
        return say("none for {days}", days=_days(story.silent_days))
    return say("{number} in the last {days}", number=told, days=_days(story.history_days))


def _fallen(story: Story) -> str:
    since, usual = _counted(_plain(story.since, story), story), _rate(story.usual, story, days=story.fallen_days)
    if story.fell is None:
        days = _days(story.history_days)
        if story.amount:
            return say("{number} in the last {days}, less than usual ({usual})", number=since, days=days, usual=usual)
        return say("{number} in the last {days}, fewer than usual ({usual})", number=since, days=days, usual=usual)
    day = day_and_month(story.fell)
    if story.amount:
        return say("{number} since {day}, less than usual ({usual})", number=since, day=day, usual=usual)
    return say("{number} since {day}, fewer than usual ({usual})", number=since, day=day, usual=usual)


def _both(story: Story) -> str:
    """The user's own usual rate and the others', with the unit once."""
    usual, others = (_counted(_in(story.days, weekly), story) for weekly in (story.usual, story.others))
    if not story.others:
        return say("usually {usual}, others none", usual=_rate(story.usual, story))
    if story.days == _WEEK:
        return say("usually {usual}, others {others} a week", usual=usual, others=others)
    return say_many(
        "usually {usual}, others {others} in {n} day",
        "usually {usual}, others {others} in {n} days",
        story.days,
        usual=usual,
        others=others,
    )


def _rate(weekly: float, story: Story, *, days: int = 0) -> str:
    """The number expected in the count's days, or in other ones; for a silence, in a week."""
    if not weekly:
        return say("none")
    days = days or (_WEEK if story.long_silence or not story.total else story.days)
    told = _counted(_in(days, weekly), story)
    if days == _WEEK:
        return say("{number} a week", number=told)
    return say_many("{number} in {n} day", "{number} in {n} days", days, number=told)


def _in(days: int, weekly: float) -> str:
    return _rounded(weekly / _WEEK * days)


def _plain(total: float, story: Story) -> str:
    """A total as a number; the decimals of a count that has any, as channels may, are kept."""
    return number(total) if story.amount or float(total).is_integer() else _rounded(total)


def _counted(number: str, story: Story) -> str:
    """A number, with the word that some languages put behind a counted one."""
    return number if story.amount else say("{count}", count=number)


def _rounded(value: float) -> str:
    """A number with two digits, or all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 10 else _digits(value, 2)


def _digits(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    return np.format_float_positional(value, digits, fractional=False, trim="-") if "e" in text else text


def _days(days: int) -> str:
    return say_many("{n} day", "{n} days", days)
