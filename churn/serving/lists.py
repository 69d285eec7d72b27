"""Lists: pages of a list, read from its Parquet by DuckDB in bounded memory; what somebody types is never SQL."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from churn.artefacts import Table, declared
from churn.errors import UserError
from churn.segments import CONTROL
from churn.serving.catalogue import Drawn
from churn.serving.keyset import Place
from churn.serving.keyset import cursor as _cursor
from churn.serving.remembered import Remembered
from churn.serving.tables import ID, ROW, Tables

PAGE = 50  # users of a page
_PAGES, _COUNTS = 64, 2_048  # that are remembered
_SHORT = 50_000  # users, whose table is made in a fraction of a second
Show = Literal["list", "everyone"]
_OF: dict[Show, Table] = {"list": declared.PRIORITY, "everyone": declared.SCORES}


@dataclass(frozen=True)
class Asked:
    """A question about a list.

    Args:
        show: The list, or everyone who was scored.
        search: A part of the id; upper and lower case are alike.
        least: The least chance of the first target.
        segment: The users to contact, the users held back, or a segment of everyone.
        only: The users among whom to look; None for all.
        without: Users to leave out.
        sort: A column that `sortable` names, or user_id.
        descending: Whether the highest come first.
        cursor: The place from which the page goes on, as `Page` tells it.
    """

    show: Show = "list"
    search: str = ""
    least: float | None = None
    segment: str = ""
    only: Collection[str] | None = None
    without: Collection[str] = ()
    sort: str = ""
    descending: bool = False
    cursor: str = ""


@dataclass(frozen=True)
class Page:
    """Some users of a list, in order."""

    users: Sequence[dict[str, Any]]  # by column, with user_id as text
    found: int  # users on all pages
    previous: str | None  # cursors; None where there is no such page
    following: str | None


class Lists:
    """The reader of lists, one for a server."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._pages, self._counts = Remembered[Page](_PAGES), Remembered[int](_COUNTS)
        self.why = Remembered[dict[str, list[str]]](_PAGES)  # reasons in words, of the users of a page

    def close(self) -> None:
        """Remove what was made to read them."""
        self._tables.close()

    def page(self, drawn: Drawn, asked: Asked) -> Page:
        """A page of a list.

        Raises:
            UserError: for an unknown column, a cursor that is none, or a file that is gone.
        """
        columns = self.columns(drawn, _OF[asked.show])
        if asked.sort not in {*sortable(columns), ID}:
            raise UserError(
                f"expected to sort by one of {', '.join(sortable(columns))}", repr(asked.sort), "choose one"
            )
        table = self._tables.of(drawn, _OF[asked.show])
        if asked.only is not None or asked.without:  # of the work, which changes
            return self._page(f"{table}", drawn, asked, columns[asked.sort])
        return self._pages.of((table, asked), lambda: self._page(f"{table}", drawn, asked, columns[asked.sort]))

    def _page(self, table: str, drawn: Drawn, asked: Asked, kind: str) -> Page:
        place = Place.of(asked.cursor, text=kind in ("id", "text", "day"))
        where, values = _where(asked, drawn)
        legs, order, given = place.legs(asked.sort, kind, falling=asked.descending)
        rows: list[dict[str, Any]] = []
        for leg in legs:
            if len(rows) <= PAGE:
                named = {name: value for name, value in given.items() if f"${name}" in leg}
                conditions = [*where, *([leg] if leg else [])]
                rows += self._first(table, conditions, (asked.sort, order), {**values, **named}, PAGE + 1 - len(rows))
        users, more = rows[:PAGE], len(rows) > PAGE
        users = users[::-1] if place.backward else users
        first_rows = rows[0]["n"] if rows and not asked.cursor else None
        found = self._counts.of(
            (table, str(where), json.dumps(values)), lambda: self._count(table, where, values, first_rows)
        )
        if not users:
            return Page(users, found, None, None)
        earlier, later = (more, True) if place.backward else (bool(asked.cursor), more)
        first, last = (_cursor(way, user, asked.sort) for way, user in (("<", users[0]), (">", users[-1])))
        return Page(users, found, first if earlier else None, last if later else None)

    def _first(
        self, table: str, where: Sequence[str], order: tuple[str, str], values: Mapping[str, Any], most: int
    ) -> list[dict[str, Any]]:
        """The first rows that meet some conditions, each with the number `n` of all rows that do, where it was counted.

        With conditions DuckDB reads each column of every row before it knows which rows are first; so these are found
        by the columns of the order alone, and then read.
        """
        if not where:
            rows = self._tables.rows(f"SELECT * FROM {table} ORDER BY {order[1]} LIMIT {most}", {})
            return [{**row, "n": None} for row in rows]
        columns = ", ".join(f'"{name}"' for name in dict.fromkeys((ID, ROW, order[0])))
        matching = f"WITH m AS MATERIALIZED (SELECT {columns} FROM {table}{_all(where)})"
        query = f"{matching} SELECT *, (SELECT count(*) FROM m) AS n FROM m ORDER BY {order[1]} LIMIT {most}"
        places = {row[ROW]: (row[ID], row["n"]) for row in self._tables.rows(query, values)}
        found = {row[ROW]: row for row in self._tables.rows(*_of(table, {user for user, _ in places.values()}))}
        return [{**found[row], "n": n} for row, (_, n) in places.items()]

    def columns(self, drawn: Drawn, artefact: Table) -> dict[str, str]:
        """The columns of a list's table that the declaration knows, with their types there."""
        told = self._tables.rows(f"DESCRIBE {self._tables.of(drawn, artefact)}", {})
        found = [str(row["column_name"]) for row in told]
        chances = {name: "number" for name in found if name.startswith("p_") and name.isidentifier()}
        types = {**artefact.types, **(chances if artefact.chance else {})}
        return {name: types[name] for name in found if name in types}

    def of_users(self, drawn: Drawn, artefact: Table, users: Iterable[str]) -> pd.DataFrame:
        """A table's rows of some users, their ids as text; none where an optional table is missing."""
        table, among = self._tables.of(drawn, artefact), set(users)
        if table is None:
            return artefact.empty()
        return self._tables.frame(*_of(table, among)).drop(columns=ROW)

    def held_back(self, drawn: Drawn, users: Iterable[str]) -> set[str]:
        """The users among some whom a list holds back."""
        if not int(drawn.segment["control"]["held_back"]):
            return set()
        listed = self.of_users(drawn, declared.PRIORITY, users)
        return set(listed[ID][listed["group"] == CONTROL])

    def is_ready(self, drawn: Drawn) -> bool:
        """Whether a list's users are found at once: its tables are made, or soon are, since it is short."""
        if int(drawn.segment["scored"]) <= _SHORT:
            return True
        return all(self._tables.is_made(drawn, one) for one in (declared.SCORES, declared.PRIORITY))

    def warm(self, lists: Sequence[Drawn]) -> None:
        """Make the tables of some lists before anybody asks for them, the first list's reasons among them."""
        for place, drawn in enumerate(lists):
            for artefact in (declared.PRIORITY, declared.SCORES, *([] if place else [declared.REASONS])):
                with suppress(UserError):
                    self._tables.of(drawn, artefact)

    def _count(self, table: str, where: Sequence[str], values: dict[str, Any], known: int | None) -> int:
        return int(
            known
            if known is not None
            else self._tables.rows(f"SELECT count(*) AS n FROM {table}{_all(where)}", values)[0]["n"]
        )


def first_of(table: pd.DataFrame) -> dict[str, Any]:
    """The first row, by column; empty where there is none."""
    return {str(name): found for name, found in table.iloc[0].items()} if len(table) else {}


def sortable(columns: Iterable[str]) -> list[str]:
    """The columns by which a list can be sorted."""
    return [name for name in columns if name not in (ID, "cutoff", "segment", "group") and name[:6] != "offer_"]


def _of(table: str, users: Collection[str]) -> tuple[str, dict[str, Any]]:
    """The query of some users' rows, and its values, which DuckDB looks for in the few groups that may have them."""
    values = {f"u{place}": user for place, user in enumerate(users)}
    among = ", ".join(f"${name}" for name in values) or "NULL"
    return f"SELECT * FROM {table} WHERE {ID} IN ({among}) ORDER BY {ROW}", values


def _all(where: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(where)}" if where else ""


def _where(asked: Asked, drawn: Drawn) -> tuple[list[str], dict[str, Any]]:
    """The conditions of what is asked, and their values, which are handed over beside the query."""
    where, values = [], dict[str, Any]()
    if asked.search:
        where.append(f"contains(lower({ID}), $search)")
        values["search"] = asked.search.lower()
    if asked.least is not None:
        where.append(f'"p_{drawn.run.first.name}" >= $least')
        values["least"] = asked.least
    if asked.segment:
        where.append("segment = $segment" if asked.show == "everyone" else '"group" = $segment')
        values["segment"] = asked.segment
    if asked.only is not None:
        where.append(f"{ID} IN (SELECT unnest($only::VARCHAR[]))")
        values["only"] = list(asked.only)
    if asked.without:
        where.append(f"{ID} NOT IN (SELECT unnest($without::VARCHAR[]))")
        values["without"] = list(asked.without)
    return where, values
