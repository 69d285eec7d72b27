"""Retelling: a text that a file keeps as its message, said in the language and the words spoken now."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from string import Formatter
from typing import Any

from churn.language.amounts import with_unit
from churn.language.said import joined
from churn.language.saying import day_and_month, day_in_words, event_in_words, say, say_again, say_many

_FORMAT = re.compile(r"[+]?,?(\.\d{1,2})?[a-z%]?|%Y-%m-%d")  # how a message writes a value


def retold(facts: Any) -> str:
    """A text that a file keeps, see `churn.said.kept`, in the language spoken now; a plain text as it is.

    Raises:
        ValueError: for facts that are none, or a message that could do more than show its values.

    Example:
        >>> retold({"say": "All users"}), retold({"join": ["a", {"say": "All users"}], "by": ": "})
        ('All users', 'a: All users')
        >>> from churn.language import speaking
        >>> with speaking("ko"):
        ...     retold({"say": "All users"})
        '전체 사용자'
    """
    values = revalued(facts.get("values", {})) if isinstance(facts, Mapping) else {}
    match facts:
        case str():
            return facts
        case {"again": str() as text}:
            return say_again(text)
        case {"event": str() as event}:
            return event_in_words(event)
        case {"amount": words}:
            return with_unit(retold(words))
        case {"date": str() as day}:
            return day_in_words(date.fromisoformat(day))
        case {"day of the year": str() as day}:
            return day_and_month(date.fromisoformat(day))
        case {"join": [*parts], "by": str() as by}:
            return joined(map(retold, parts), by)
        case {"say": str() as one, "many": str() as many, "n": int() as n}:
            return say_many(_harmless(one), _harmless(many), n, **values)
        case {"say": str() as message}:
            return say(_harmless(message), **values)
    raise ValueError(f"expected a text or a message, got {facts!r}")


def _harmless(message: str) -> str:
    """The message, which shows values and nothing that belongs to them: a folder may be anybody's."""
    for _, name, form, _ in Formatter().parse(message):
        if name is not None and not (name.isidentifier() and _FORMAT.fullmatch(form or "")):
            raise ValueError(f"expected a message with plain values, got {message!r}")
    return message


def revalued(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The values that `churn.said.valued` made plain, texts in the language spoken now."""
    return {str(name): _value(found) for name, found in facts.items()}


def _value(found: Any) -> object:
    """A value of a message, of the type that the message formats."""
    match found:
        case {"day": str() as day}:
            return datetime.fromisoformat(day) if "T" in day else date.fromisoformat(day)
        case {"number": str() as number}:
            return float(number)
        case {"items": [*pairs]}:
            return {key: _value(value) for key, value in pairs}
        case [*several]:
            return tuple(map(_value, several))
        case dict():
            return retold(found)
    return found
