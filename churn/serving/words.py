"""Words: how the pages write scores, states, what was done, and numbers."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from churn.explanation import readable
from churn.language import (
    LANGUAGES,
    Messages,
    Target,
    day_in_words,
    decimals_of_money,
    marked,
    percentage,
    priced,
    say,
    target_of,
    with_unit,
)

ABSENT = "–"
OWN_NAMES = {"en": "English", "ko": "한국어"}  # of languages, each in itself
assert set(OWN_NAMES) == set(LANGUAGES)
STATUSES = Messages(
    {
        "open": marked("To do"),
        "contacted": marked("Contacted"),
        "not_reached": marked("Not reached"),
        "snoozed": marked("Later"),
        "stopped": marked("Do not contact"),
        "mine": marked("Assigned to me"),
        "held": marked("Held back"),
    }
)
ACTIONS = Messages(
    {
        "contacted": marked("marked as contacted"),
        "not_reached": marked("marked as not reached"),
        "open": marked("took the mark back"),
        "stop": marked("marked as not to be contacted"),
        "resume": marked("may be contacted again"),
        "assign": marked("assigned to"),
        "unassign": marked("assigned to nobody"),
        "snooze": marked("put off until"),
        "wake": marked("put off no longer"),
        "note": marked("noted"),
        "log in": marked("logged in"),
        "account": marked("account made or changed"),
        "account shut": marked("account shut"),
        "token": marked("token made"),
        "token revoked": marked("token revoked"),
    }
)
SEGMENTS = Messages(
    {
        "contact": marked("To contact"),
        "control": marked("Held back"),
        "priority": marked("On the list"),
        "likely churner": marked("Likely churners, not listed"),
        "likely": marked("Likely, not listed"),
        "other": marked("Everyone else"),
    }
)
ROLES = Messages({"viewer": marked("may look"), "team": marked("may mark"), "admin": marked("may do all")})
SCOPES = Messages({"read": marked("look"), "mark": marked("mark"), "score": marked("score and foresee")})
_HEADS = Messages(
    {
        "rank": marked("Rank"),
        "user_id": marked("User"),
        "priority": marked("Priority"),
        "priority_rank": marked("Rank by priority"),
        "value_at_risk": marked("Value at risk"),
        "expected_loss": marked("Expected loss"),
        "expected_amount": marked("Amount to expect"),
        "p_sticker_if_stays": marked("Sticker if the user stays"),
        "active_days": marked("Active days"),
        "back_by": marked("Back by"),
    }
)
_MONEY = ("expected_loss", "expected_amount")


def column(name: str) -> str:
    """A column of the run's own table, as a reader knows it.

    Example:
        >>> column("has_video")
        'Has video'
    """
    found = readable(name)
    return f"{found[:1].upper()}{found[1:]}"


def head(column: str, targets: Mapping[str, Target] = {}) -> str:
    """The head of a column.

    Example:
        >>> head("active_days"), head("p_churn")
        ('Active days', 'Churn')
    """
    if column.startswith("p_") and column != "p_sticker_if_stays":
        target = targets.get(name := column.removeprefix("p_")) or target_of(name)
        return target.say(target.head)
    return with_unit(_HEADS[column]) if column in _MONEY else _HEADS[column]


def value(column: str, found: Any) -> str:
    """A value of a column; a dash where there is none.

    Example:
        >>> value("p_churn", 0.1234), value("rank", 1200), value("back_by", None), value("priority", 0.01234)
        ('12.3%', '1,200', '–', '0.0123')
    """
    if found is None or found is pd.NaT or (isinstance(found, float) and not math.isfinite(found)):
        return ABSENT
    if isinstance(found, date):  # a moment is one, too
        return day_in_words(found)
    if column.startswith("p_"):
        return percentage(found, 1)
    if column in _MONEY:
        return priced(f"{found:,.{decimals_of_money(2)}f}".replace("-", "−"))
    return f"{found:,}" if isinstance(found, int) else f"{found:,.3g}".replace("-", "−")


def day(text: object) -> str:
    """A day that is written as 2024-03-01, in words.

    Example:
        >>> day("2024-03-01"), day(None), day("soon")
        ('1 March 2024', '–', '–')
    """
    try:
        return day_in_words(date.fromisoformat(str(text)[:10]))
    except ValueError:
        return ABSENT


def moment(text: object) -> str:
    """A moment of the store: its day in words, and its minute in UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return ABSENT
    return say("{day}, {time} UTC", day=day_in_words(found.date()), time=f"{found:%H:%M}")


def share(found: float) -> str:
    """A share as a percentage."""
    return percentage(found, 1)
