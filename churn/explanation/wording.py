"""One reason in plain words: a count beside what was usual, or another feature as of the last day."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from churn.language import day_and_month, say, say_many

_IN_DAYS = {"tenure"}
_YEAR = 52  # weeks


class Story(NamedTuple):  # there may be many, and a frozen dataclass takes several times as long to make
    """What is told of one user's count, or amount."""

    total: float  # of the history
    history_days: int
    known_days: int  # of the user
    usual: float  # the user's own, per week; nan where unknown
    others: float  # the average over users, per week
    silent_days: int = 0  # up to the cutoff; known_days where there was never one
    long_silence: bool = False  # whether the silence is what speaks for the outcome, and longer than usual
    fewer: bool = False  # whether the count fell, and that speaks for the outcome
    fell: pd.Timestamp | None = None  # the day of the fall, if inside the history
    since: float = 0  # the count since the fall, or of the history where it came before
    amount: bool = False


def count_words(story: Story) -> str:
    """A count beside the user's own usual where it is below that, and beside the others'.

    A reader expects a reason to be a low count; one above the others' says that the model reads it as a risk.

    Example:
        >>> story = Story(1, 7, known_days=90, usual=3.1, others=2, silent_days=5, long_silence=True)
        >>> count_words(story)
        'none for 5 days; usually 3.1 a week'
        >>> count_words(story._replace(long_silence=False))
        '1 in the last 7 days; usually 3.1, others 2 a week'
        >>> count_words(story._replace(long_silence=False, total=4))
        '4 in the last 7 days, more than others (2 a week), which the model reads as a risk'
    """
    if not _below_usual(story):
        return _beside_others(story)
    if story.long_silence:
        usual = say("usually {rate}", rate=_rate(story.usual, story))
        return f"{_fact(story)}; {usual}"
    if story.fewer:
        return _fallen(story)
    return f"{_fact(story)}; {_both(story)}"


def as_usual(story: Story) -> bool:
    """Whether a count differs in nothing from what it is told beside, and so is no reason to a reader.

    Example:
        >>> story = Story(2, 7, known_days=90, usual=2, others=2.04)
        >>> as_usual(story), as_usual(story._replace(total=1))
        (True, False)
    """
    return not _below_usual(story) and not _above_others(story)


def value_as_usual(value: float, *, others: float) -> bool:
    """Whether a feature as of the last day reads like the average over users.

    Example:
        >>> value_as_usual(60, others=60.25), value_as_usual(12, others=60.25)
        (True, False)
    """
    return _rounded(value) == _rounded(others)


def last_day_words(feature: str, value: float, *, others: float) -> str:
    """A feature as of the last day, beside the average over users.

    Example:
        >>> last_day_words("tenure", 12, others=60.25)
        '12 days; others 60'
        >>> last_day_words("days_since_activity", 5, others=2.44)
        '5, more than others (2.4), which the model reads as a risk'
    """
    told = say("{number} days", number=number(value)) if feature in _IN_DAYS else number(value)
    if value > others and not value_as_usual(value, others=others):
        return _risky(told, _rounded(others))
    usual = say("others {rate}", rate=_rounded(others))
    return f"{told}; {usual}"


def yes_or_no_words(value: float, *, others: float) -> str:
    """What holds or not, beside the share of users of whom it holds.

    Example:
        >>> yes_or_no_words(0, others=0.2)
        'no; yes for 20% of others'
    """
    if value:
        return say("yes; yes for {share:.0%} of others", share=others)
    return say("no; yes for {share:.0%} of others", share=others)


def number(value: float) -> str:
    """Four digits, but never an exponent.

    Example:
        >>> number(12345.0), number(2.5)
        ('12,345', '2.5')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else _digits(value, 4)


def _never(story: Story) -> bool:
    return bool(story.known_days) and story.silent_days >= story.known_days


def _below_usual(story: Story) -> bool:
    """Whether it is the own past that a count is low beside."""
    if _never(story) or np.isnan(story.usual):
        return False
    return story.long_silence or story.fewer or 0 < story.total < story.usual / 7 * story.history_days


def _above_others(story: Story) -> int:
    """1 above the others, 0 where both are told alike, -1 below; the model knows the history alone, however new."""
    weekly = story.total / story.history_days * 7
    if _rate(weekly, story) == _rate(story.others, story):
        return 0
    return 1 if weekly > story.others else -1


def _beside_others(story: Story) -> str:
    fact, rate = _fact(story), _rate(story.others, story)
    if _never(story):
        fact = say("{number} since first seen {days} ago", number=say("none"), days=_days(story.known_days))
    if _above_others(story) > 0:
        return _risky(fact, rate)
    others = say("others {rate}", rate=rate)
    return f"{fact}; {others}"


def _risky(fact: str, rate: str) -> str:
    return say("{fact}, more than others ({rate}), which the model reads as a risk", fact=fact, rate=rate)


def _fact(story: Story) -> str:
    if not story.known_days:
        return say("none yet, being new")
    if story.silent_days and (story.long_silence or not story.total):
        return say("none for {days}", days=_days(story.silent_days))
    told = _counted(number(story.total), story) if story.total else say("none")
    if 0 < story.known_days < story.history_days:
        return say("{number} since first seen {days} ago", number=told, days=_days(story.known_days))
    return say("{number} in the last {days}", number=told, days=_days(story.history_days))


def _fallen(story: Story) -> str:
    since, usual = _counted(number(story.since), story), _rate(story.usual, story)
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
    """The user's own usual and the others'; the unit stands once where both have the same."""
    usual, others = _weekly(story.usual, story), _weekly(story.others, story)
    if usual and others:
        return say("usually {usual}, others {others} a week", usual=usual, others=others)
    return say("usually {usual}, others {others}", usual=_rate(story.usual, story), others=_rate(story.others, story))


def _rate(weekly: float, story: Story) -> str:
    """What is seen in a week or, of something rare, in how many weeks one is."""
    if told := _weekly(weekly, story):
        return say("{number} a week", number=told)
    if not weekly:
        return say("none")
    weeks = round(1 / weekly)
    return say("1 in {weeks} weeks", weeks=weeks) if weeks <= _YEAR else say("hardly any")


def _weekly(weekly: float, story: Story) -> str:
    """The number to tell per week; empty where there is none, or nothing so often."""
    if not weekly:
        return ""
    if story.amount or weekly >= 1:
        return _counted(_rounded(weekly), story)
    # between once and twice in two weeks there is no whole number of weeks to tell
    return _counted(f"{weekly:.1g}", story) if weekly > 0.5 else ""


def _counted(number: str, story: Story) -> str:
    """A number; some languages put a word behind one that counts."""
    return number if story.amount else say("{count}", count=number)


def _rounded(value: float) -> str:
    """Two digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 10 else _digits(value, 2)


def _digits(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    return np.format_float_positional(value, digits, fractional=False, trim="-") if "e" in text else text


def _days(days: int) -> str:
    return say_many("{n} day", "{n} days", days)
