"""Keyset: a page goes on from the last user of the one before, so that the thousandth costs no more than the first."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from churn.errors import UserError
from churn.serving.tables import ROW

_LARGEST = 1 << 62  # a row's place


@dataclass(frozen=True)
class Place:
    """The place from which a page goes on: the sorted value and the row of a user; without a row the beginning."""

    backward: bool = False
    value: str | float | None = None
    row: int | None = None

    @classmethod
    def of(cls, cursor: str, *, text: bool) -> Self:
        """The place that a cursor tells.

        Args:
            cursor: As `cursor` wrote it; the beginning if it is empty.
            text: Whether the values are texts or days.

        Raises:
            UserError: for a text that is no cursor.
        """
        if not cursor:
            return cls()
        try:
            way, value, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            kind = str if text else int | float
            known = value is None or (isinstance(value, kind) and not isinstance(value, bool))
            if way not in ("<", ">") or not known or type(row) is not int or not 0 <= row < _LARGEST:
                raise ValueError(way)
            if not text and value is not None and not math.isfinite(value):
                raise ValueError(value)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise UserError("expected the place of a page", repr(cursor[:60]), "begin at the first page") from error
        return cls(way == "<", value, row)

    def legs(self, column: str, kind: str, *, falling: bool) -> tuple[list[str], str, dict[str, Any]]:
        """The conditions of the rows beyond the place, one after the other, their order, and the values.

        Unknown values come last, and rows with one value keep the order of the file. There are two legs where unknown
        values follow known ones: a single condition for both would read every row.

        Args:
            column: A column of the list's own.
            kind: Its type in the declaration.
            falling: Whether the highest come first.

        Example:
            >>> Place().legs("rank", "count", falling=False)
            ([''], '"rank" ASC NULLS LAST, file_row_number ASC', {})
        """
        name, down = f'"{column}"', falling is not self.backward
        order = f"{name} {'DESC' if down else 'ASC'} NULLS LAST, {ROW} {'DESC' if self.backward else 'ASC'}"
        known, unknown = f"{name} IS NOT NULL", f"{name} IS NULL"
        if self.row is None:
            return [""], order, {}
        after = f"{ROW} {'<' if self.backward else '>'} $row"
        if self.value is None:
            rest = [known] if self.backward else []
            return [f"{unknown} AND {after}", *rest], order, {"row": self.row}
        value = "CAST($value AS TIMESTAMP)" if kind == "day" else "$value"
        way = "<" if down else ">"
        here = f"{name} {way}= {value} AND ({name} {way} {value} OR {after})"
        return [here, *([] if self.backward else [unknown])], order, {"row": self.row, "value": self.value}


def cursor(way: str, row: Mapping[str, Any], column: str) -> str:
    """A row's place as a text for an address; from it, a page goes back or on.

    Example:
        >>> Place.of(cursor(">", {"rank": 3, "file_row_number": 7}, "rank"), text=False)
        Place(backward=False, value=3, row=7)
    """
    value = row[column].isoformat() if isinstance(row[column], date) else row[column]
    return base64.urlsafe_b64encode(json.dumps([way, value, row[ROW]]).encode()).decode().rstrip("=")
