"""Texts that remember the message they were made of, so that a file can keep the message and not its language."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Self


class Said(str):
    """A text in the language spoken when it was made, with its message and the values put into it.

    Args:
        text: The text.
        facts: What `kept` writes of it: the message and the values, or the parts that were joined.

    Example:
        >>> from churn.language import say
        >>> kept(say("{n} users", n=3))
        {'say': '{n} users', 'values': {'n': 3}}
    """

    facts: Mapping[str, Any]

    def __new__(cls, text: str, facts: Mapping[str, Any]) -> Self:
        """The text itself, which remembers the facts."""
        said = super().__new__(cls, text)
        said.facts = facts
        return said

    def __reduce__(self) -> tuple[type[Self], tuple[str, Mapping[str, Any]]]:
        """The text and the facts, of which a copy is made."""
        return type(self), (str(self), self.facts)


def joined(parts: Iterable[str], by: str = " ") -> str:
    """Texts one after the other, each of which can still be said in another language; empty ones are left out.

    Example:
        >>> joined(["one", "", "two"], by=", ")
        'one, two'
    """
    texts = [part for part in parts if part]
    return Said(by.join(texts), {"join": texts, "by": by})


def kept(value: Any) -> Any:
    """A value as JSON has it, in which each text that was said is its message with the values put in.

    Dates are ISO text, NumPy scalars are numbers. A value of a message that is a day or no finite number says so.

    Example:
        >>> kept({"warnings": [joined(["a", "b"])], "day": date(2024, 3, 1)})
        {'warnings': [{'join': ['a', 'b'], 'by': ' '}], 'day': '2024-03-01'}
    """
    if isinstance(value, Said):
        facts = {name: valued(found) if name == "values" else kept(found) for name, found in value.facts.items()}
        return {name: found for name, found in facts.items() if found or name != "values"}
    if isinstance(value, Mapping):
        return {str(name): kept(found) for name, found in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [kept(one) for one in value]
    if hasattr(value, "dtype") and not getattr(value, "shape", None):  # NumPy, for which a light command must not wait
        return value.item()
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def valued(values: Mapping[str, object]) -> dict[str, object]:
    """Values by name as JSON has them, from which `revalued` makes each of its own type again."""
    return {name: _typed(value) for name, value in values.items()}


def _typed(value: object) -> object:
    if isinstance(value, date):  # a moment is one, too
        return {"day": value.isoformat()}
    if isinstance(value, Mapping):
        return {"items": [[_typed(key), _typed(found)] for key, found in value.items()]}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_typed(one) for one in value]
    plain = kept(value)
    if isinstance(plain, float) and not math.isfinite(plain):
        return {"number": str(plain)}
    return plain
