"""One reason in plain words: a count beside what was usual, or another feature as of the last day."""

from typing import NamedTuple

import numpy as np
import pandas as pd

_UNITS = {"tenure": " days"}
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

    Example:
        >>> story = Story(1, 7, known_days=90, usual=3.1, others=2, silent_days=5, long_silence=True)
        >>> count_words(story)
        'none for 5 days; usually 3.1 a week'
        >>> count_words(story._replace(long_silence=False))
        '1 in the last 7 days; usually 3.1, others 2 a week'
        >>> count_words(story._replace(long_silence=False, total=4))
        '4 in the last 7 days; others 2 a week'
    """
    others = _others(story)
    if story.known_days and story.silent_days >= story.known_days:
        return f"none {_since_first_seen(story)}; {others}"
    if np.isnan(story.usual):
        return f"{_fact(story)}; {others}"
    usual = _rate(story.usual, story)
    if story.long_silence:
        return f"{_fact(story)}; usually {usual}"
    if story.fewer:
        return f"{_fallen(story)} than usual ({usual})"
    if 0 < story.total < story.usual / 7 * story.history_days:
        usual = usual.removesuffix(" a week") if others.endswith(" a week") else usual
        return f"{_fact(story)}; usually {usual}, {others}"
    return f"{_fact(story)}; {others}"


def last_day_words(feature: str, value: float, *, others: float) -> str:
    """A feature as of the last day, beside the average over users.

    Example:
        >>> last_day_words("tenure", 12, others=60.25)
        '12 days; others 60'
    """
    return f"{number(value)}{_UNITS.get(feature, '')}; others {_rounded(others)}"


def yes_or_no_words(value: float, *, others: float) -> str:
    """What holds or not, beside the share of users of whom it holds.

    Example:
        >>> yes_or_no_words(0, others=0.2)
        'no; yes for 20% of others'
    """
    return f"{'yes' if value else 'no'}; yes for {others:.0%} of others"


def number(value: float) -> str:
    """Four digits, but never an exponent.

    Example:
        >>> number(12345.0), number(2.5)
        ('12,345', '2.5')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else _digits(value, 4)


def _fact(story: Story) -> str:
    if not story.known_days:
        return "none yet, being new"
    if story.silent_days and (story.long_silence or not story.total):
        return f"none for {_days(story.silent_days)}"
    new = 0 < story.known_days < story.history_days
    span = _since_first_seen(story) if new else f"in the last {_days(story.history_days)}"
    return f"{number(story.total) if story.total else 'none'} {span}"


def _since_first_seen(story: Story) -> str:
    return f"since first seen {_days(story.known_days)} ago"


def _fallen(story: Story) -> str:
    when = f"in the last {_days(story.history_days)}" if story.fell is None else f"since {_date(story.fell)}"
    return f"{number(story.since)} {when}, {'less' if story.amount else 'fewer'}"


def _others(story: Story) -> str:
    return f"others {_rate(story.others, story)}"


def _rate(weekly: float, story: Story) -> str:
    """What is seen in a week or, of something rare, in how many weeks one is."""
    if not weekly:
        return "none"
    if story.amount or weekly >= 1:
        return f"{_rounded(weekly)} a week"
    if weekly > 0.5:  # between once and twice in two weeks there is no whole number of weeks to tell
        return f"{weekly:.1g} a week"
    weeks = round(1 / weekly)
    return f"1 in {weeks} weeks" if weeks <= _YEAR else "hardly any"


def _rounded(value: float) -> str:
    """Two digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 10 else _digits(value, 2)


def _digits(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    return np.format_float_positional(value, digits, fractional=False, trim="-") if "e" in text else text


def _days(days: int) -> str:
    return f"{days:,} day" if days == 1 else f"{days:,} days"


def _date(day: pd.Timestamp) -> str:
    """The same in every locale, and never read as another day where months come first."""
    return f"{day.day} {day.month_name()}"
