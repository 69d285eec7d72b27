"""The `outcome:` block: a question about each member whose answer stands in the member list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from churn.errors import UserError

_KEY = "data.outcome"
_KEYS = ("name", "column", "positive", "of", "from", "good")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_TRUTHS = {"yes": "true", "no": "false"}
_TAKEN = ("churn", "sticker", "both")  # p_churn, p_sticker and p_both mean something else


@dataclass(frozen=True)
class Outcome:
    """A question about each member: whether a column of the member list takes some values.

    Example:
        >>> Outcome.of({"column": "state", "positive": ["successful"], "of": ["successful", "failed"]})
        Outcome(name='state', column='state', positive=('successful',), among=('successful', 'failed'), due=None, ...)
    """

    name: str  # of the target: p_<name> is its chance
    column: str
    positive: tuple[str, ...]  # the values that mean yes, as text
    among: tuple[str, ...] | None  # all values that are answers; None for every value
    due: str | None  # the column of the days from which the answers are known
    good: bool = True  # whether yes is what the platform hopes for

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """An outcome from its block.

        Raises:
            UserError: for an unknown key, a name that cannot be one of a column, or values that are no list.
        """
        if unknown := sorted(set(block) - set(_KEYS)):
            raise UserError(f"expected the keys {', '.join(_KEYS)} in {_KEY}", unknown[0], "correct the key")
        column = block.get("column")
        if not isinstance(column, str) or not column:
            raise UserError(f"expected {_KEY}.column, a column of the member list", repr(column), "name it")
        if (due := block.get("from")) is not None and not isinstance(due, str):
            raise UserError(f"expected {_KEY}.from as the name of a column of days", repr(due), "correct it")
        if not isinstance(good := block.get("good", True), bool):
            raise UserError(f"expected {_KEY}.good as true or false", repr(good), "correct it")
        positive, among = _values(block, "positive"), _values(block, "of")
        if not positive:
            raise UserError(f"expected {_KEY}.positive, a list of the values that mean yes", "none", "list them")
        if among and (foreign := [value for value in positive if value not in among]):
            raise UserError(f"expected {_KEY}.positive among {_KEY}.of", foreign[0], "add it to `of`")
        return cls(_name(block.get("name", _plain(column))), column, positive, among, due, good)


def as_text(value: object) -> str:
    """A value of a column, or one of the configuration that it is compared with, as text in small letters.

    Whole numbers have no decimals, and yes and no are true and false, as which files and YAML may read them.

    Example:
        >>> as_text(1.0), as_text(True), as_text("Yes"), as_text(" Won ")
        ('1', 'true', 'true', 'won')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip().lower()
    return _TRUTHS.get(text, text)


def _values(block: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    found = block.get(key)
    if found is None:
        return None
    if not isinstance(found, list | tuple) or any(isinstance(value, dict | list) or value is None for value in found):
        raise UserError(f"expected {_KEY}.{key} as a list of values", repr(found), "write it as [won, lost]")
    return tuple(map(as_text, found))


def _plain(column: str) -> str:
    """A column's name as the name of a target.

    Example:
        >>> _plain("Converted"), _plain("Deal won?")
        ('converted', 'deal_won')
        >>> _plain("Churn")  # p_churn is the chance of silence
        'churn_outcome'
    """
    plain = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_") or "outcome"
    return f"{plain}_outcome" if plain in _TAKEN else plain


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
        expected = f"expected {_KEY}.name of small letters, digits and _, and none of {', '.join(_TAKEN)}"
        raise UserError(expected, repr(name), "choose a name such as converted")
    return name
