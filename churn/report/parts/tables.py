"""Tables: cells, heads and how numbers become cells."""

import json
from dataclasses import dataclass
from typing import ClassVar

from churn.report.parts.wording import ABSENT, count, decimal, known, money, percent, signed
from churn.statistics import FEW


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    order: str = ""  # what the column sorts by; empty: the text
    under: str = ""  # a second, smaller line
    badge: str = ""
    hint: str = ""  # said when the badge is pointed at
    few: bool = False


@dataclass(frozen=True)
class Column:
    """A column's head."""

    title: str
    numeric: bool = False
    clipped: bool = False  # long text is cut on screen and whole in the title
    wide: bool = False  # sentences, which are not squeezed on a narrow screen
    least: str = ""  # label of a field for the least value to show, in per cent
    choice: "Choice | None" = None
    below: bool = False  # on a narrow screen the cells of a stacked table stand in a line of their own


@dataclass(frozen=True)
class Choice:
    """A drop-down that keeps the rows in which a line of some cell begins with the option chosen."""

    label: str
    everything: str  # the option that leaves all rows
    options: tuple[tuple[str, str], ...]  # how the line begins, and how that is called


@dataclass(frozen=True)
class Table:
    """A table that scrolls in its own box and sorts by its heads."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    searchable: bool = False
    identified_by: int | None = None  # the column whose cells can be copied alone
    stacked: bool = False  # on a narrow screen the last cell stands below the others
    cards: bool = False  # on a narrow screen each row is a card, its cells beside their heads
    at_once: int | None = None  # rows that are drawn at first and printed; cells of later ones are a text and an order

    @property
    def drawn(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows that stand in the page's text."""
        return self.rows[: self.at_once]

    @property
    def later(self) -> str:
        """The other rows as JSON, which the browser draws when they are asked for.

        A cell is its text; a number with an order is both; one with a badge names its parts; sentences and what is
        chosen by are places among `lines`, since many rows share them and a long list would make a heavy page.
        """
        lines: dict[str, int] = {}
        rows = [[_brief(cell, column, lines) for cell, column in self._pairs(row)] for row in self.rows[self.at_once :]]
        return json.dumps({"lines": list(lines), "rows": rows}, separators=(",", ":"), ensure_ascii=False)

    def _pairs(self, row: tuple[Cell, ...]) -> "zip[tuple[Cell, Column]]":
        return zip(row, self.columns, strict=True)


def _brief(cell: Cell, column: Column, lines: dict[str, int]) -> object:
    """A cell as the browser reads it; sentences that are new get a place among the lines."""
    if column.wide or column.choice:
        return [lines.setdefault(line, len(lines)) for line in cell.text.split("\n")]
    if cell.badge:
        return {"text": cell.text, "badge": cell.badge, "hint": cell.hint}
    return [cell.text, float(f"{float(cell.order):.9g}")] if cell.order else cell.text


def text_cell(value: object) -> Cell:
    """A cell of words; a missing value is a dash."""
    return Cell(ABSENT if value is None or value != value else str(value))


def number_cell(value: float | None, digits: int = 3, *, under: str = "") -> Cell:
    """A cell that sorts by its number."""
    return Cell(decimal(value, digits), order=_order(value), under=under)


def money_cell(amount: float | None, digits: int = 1, *, under: str = "") -> Cell:
    """A cell that sorts by its amount."""
    return Cell(money(amount, digits), order=_order(amount), under=under)


def signed_cell(value: float | None, digits: int = 3, *, under: str = "") -> Cell:
    """A cell of a difference, which sorts by its number."""
    return Cell(signed(value, digits), order=_order(value), under=under)


def percent_cell(value: float | None, *, under: str = "", few: bool = False) -> Cell:
    """A cell that sorts by its share."""
    return Cell(percent(value), order=_order(value), under=under, few=few)


def count_cell(n: float | None, *, grey: bool = False) -> Cell:
    """A cell that sorts by its count; with `grey`, small counts are set back."""
    return Cell(count(n), order=_order(n), few=grey and n is not None and known(n) and n < FEW)


def heads(*titles: str, first: int = 1) -> tuple[Column, ...]:
    """Column heads: words in the `first` ones, numbers in the rest."""
    return tuple(Column(title, numeric=place >= first) for place, title in enumerate(titles))


def _order(value: float | None) -> str:
    return repr(float(value)) if value is not None and known(value) else ""
