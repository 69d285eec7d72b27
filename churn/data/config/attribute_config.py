"""The `attributes:` block: when a column of the member list is known, and its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, cast, get_args

from churn.errors import UserError

Known = Literal["arrival", "daily", "after"]
Form = Literal["table", "text", "picture"]
_KEYS = {"known", "from", "as", "encoder"}


@dataclass(frozen=True)
class Attribute:
    """A column of the member list, with the time from which it is known.

    Example:
        >>> Attribute.of("plan", {"known": "daily", "from": "valid_from"})
        Attribute(name='plan', known='daily', valid_from='valid_from', form='table', ...)
    """

    name: str
    known: Known  # `arrival`: never changes; `daily`: from a date on; `after`: only when all is over
    valid_from: str | None = None  # the column of the dates of `daily`
    form: Form = "table"  # a number, date, level or yes or no; a text; or a picture
    place: str | None = None  # the file or folder of pictures
    encoder: str | None = None  # the directory of a network that reads texts or pictures
    controllable: bool = False  # whether the member can change it

    @classmethod
    def of(cls, name: str, block: Mapping[str, Any]) -> Self:
        """An attribute from its block in `data.attributes`.

        Raises:
            UserError: for an unknown key or value, `daily` without a column of dates, or a controllable attribute that
                is known too late, or is a text or a picture.
        """
        key, known = f"data.attributes.{name}", cast(Known, block.get("known"))
        if "as" in block or "encoder" in block:
            return cls._encoded(name, key, block)
        if known not in get_args(Known) or set(block) - _KEYS - {"controllable"}:
            raise UserError(
                f"expected {key} as {{known: arrival}}, {{known: daily, from: COLUMN}} or {{known: after}}",
                dict(block),
                "correct it",
            )
        if (known == "daily") != ("from" in block):
            raise UserError(
                f"expected `from` in {key} where it is known daily, and only there", dict(block), "name its dates"
            )
        if not isinstance(controllable := block.get("controllable", False), bool):
            raise UserError(f"expected {key}.controllable as true or false", repr(controllable), "correct it")
        if controllable and known == "after":
            remedy = "leave controllable out: nobody can choose what is known when all is over"
            raise UserError(f"expected {key} known on arrival or daily, since it is controllable", known, remedy)
        return cls(name, known, block.get("from"), controllable=controllable)

    @classmethod
    def _encoded(cls, name: str, key: str, block: Mapping[str, Any]) -> Self:
        """A text or a picture, known on arrival or only when all is over."""
        form, known, place = block.get("as"), block.get("known"), block.get("from")
        if form not in ("text", "picture") or known not in ("arrival", "after") or set(block) - _KEYS:
            raise UserError(
                f"expected {key} as {{known: arrival, as: text}} or {{known: arrival, as: picture, from: PLACE}}",
                dict(block),
                "correct it",
            )
        if (form == "picture") != (place is not None):
            expected = f"expected `from` in {key}, a file or a folder, for a picture, and only there"
            raise UserError(expected, dict(block), "name the place of the pictures")
        return cls(name, cast(Known, known), None, cast(Form, form), place, block.get("encoder"))
