"""The `attributes:` block: when a column of the member list is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from churn.errors import UserError

Known = Literal["arrival", "daily", "after"]


@dataclass(frozen=True)
class Attribute:
    """A column of the member list, with the time from which it is known.

    Example:
        >>> Attribute.of("plan", {"known": "daily", "from": "valid_from"})
        Attribute(name='plan', known='daily', valid_from='valid_from')
    """

    name: str
    known: Known  # `arrival`: never changes; `daily`: from a date on; `after`: only when all is over
    valid_from: str | None = None  # the column of the dates of `daily`

    @classmethod
    def of(cls, name: str, block: Mapping[str, str]) -> Self:
        """An attribute from its block in `data.attributes`.

        Raises:
            UserError: for an unknown key or value, or `daily` without a column of dates.
        """
        key, known = f"data.attributes.{name}", cast(Known, block.get("known"))
        if known not in get_args(Known) or set(block) - {"known", "from"}:
            raise UserError(
                f"expected {key} as {{known: arrival}}, {{known: daily, from: COLUMN}} or {{known: after}}",
                dict(block),
                "correct it",
            )
        if (known == "daily") != ("from" in block):
            raise UserError(
                f"expected `from` in {key} where it is known daily, and only there", dict(block), "name its dates"
            )
        return cls(name, known, block.get("from"))
