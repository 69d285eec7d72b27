"""Lists: pages of a list, read from its Parquet by DuckDB in bounded memory; what somebody types is never SQL."""

import base64
import glob
import json
import math
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

from churn.artefacts import Table, declared
from churn.errors import UserError
from churn.segments import CONTROL
from churn.serving.catalogue import Drawn

PAGE = 50  # users of a page
_MEMORY, _THREADS = "128MB", 2
_REMEMBERED = 512  # counts
_ID = "CAST(user_id AS VARCHAR)"
Show = Literal["list", "everyone"]
_OF: dict[Show, Table] = {"list": declared.PRIORITY, "everyone": declared.SCORES}


@dataclass(frozen=True)
class Asked:
    """What somebody asks to see.

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
        self._engine = duckdb.connect(":memory:", config={"memory_limit": _MEMORY, "threads": _THREADS})
        self._counts: dict[object, int] = {}
        self._lock = threading.Lock()

    def page(self, drawn: Drawn, asked: Asked) -> Page:
        """A page of a list.

        Raises:
            UserError: for an unknown column, a cursor that is none, or a file that is gone.
        """
        columns = self.columns(drawn, _OF[asked.show])
        if asked.sort not in {*sortable(columns), "user_id"}:
            raise UserError(
                f"expected to sort by one of {', '.join(sortable(columns))}", repr(asked.sort), "choose one"
            )
        backward, place = _place(asked.cursor, text=asked.sort == "user_id")
        key, falling = _key(asked.sort, columns, falling=asked.descending), asked.descending is not backward
        where, values = _where(asked, drawn)
        if place is not None:
            beyond, after = ("<" if falling else ">"), ("<" if backward else ">")
            where = [*where, f"({key} {beyond} $key OR ({key} = $key AND file_row_number {after} $row))"]
        order = f"{key} {'DESC' if falling else 'ASC'}, file_row_number {'DESC' if backward else 'ASC'}"
        rows = self._rows(
            f"SELECT * REPLACE ({_ID} AS user_id), {key} AS key, file_row_number AS row FROM {_from()}{_all(where)} "
            f"ORDER BY {order} LIMIT {PAGE + 1}",
            drawn.folder / _OF[asked.show].file,
            **values,
            **({"key": place[0], "row": place[1]} if place is not None else {}),
        )
        users, more = rows[:PAGE], len(rows) > PAGE
        users = users[::-1] if backward else users
        ends = (
            [_cursor(direction, row) for direction, row in (("<", users[0]), (">", users[-1]))] if users else ["", ""]
        )
        earlier, later = (more, True) if backward else (place is not None, more)
        found = self._count(drawn, asked)
        return Page(users, found, ends[0] if earlier and users else None, ends[1] if later and users else None)

    def columns(self, drawn: Drawn, artefact: Table) -> dict[str, str]:
        """The columns of a list's table that the declaration knows, with their types there."""
        path = drawn.folder / artefact.file
        found = [str(row["name"]) for row in self._rows("SELECT name FROM parquet_schema($path)", path)]
        chances = {name: "number" for name in found if name.startswith("p_") and name.isidentifier()}
        types = {**artefact.types, **(chances if artefact.chance else {})}
        return {name: types[name] for name in found if name in types}

    def of_users(self, drawn: Drawn, artefact: Table, users: Iterable[str]) -> pd.DataFrame:
        """A table's rows of some users, their ids as text; none where an optional table is missing."""
        path = drawn.folder / artefact.file
        if artefact.optional and not path.is_file():
            return artefact.empty()
        query = f"SELECT * REPLACE ({_ID} AS user_id) FROM {_from()} WHERE {_ID} IN (SELECT unnest($only)) "
        return self._frame(f"{query}ORDER BY file_row_number", path, only=list(users)).drop(columns="file_row_number")

    def held_back(self, drawn: Drawn, users: Iterable[str]) -> set[str]:
        """The users among some whom a list holds back."""
        if not int(drawn.segment["control"]["held_back"]):
            return set()
        query = f'SELECT {_ID} AS id FROM {_from()} WHERE "group" = $control AND {_ID} IN (SELECT unnest($only))'
        path = drawn.folder / declared.PRIORITY.file
        return {row["id"] for row in self._rows(query, path, control=CONTROL, only=list(users))}

    def _count(self, drawn: Drawn, asked: Asked) -> int:
        """The users on all pages, counted once for each thing that is asked."""
        where, values = _where(replace(asked, cursor=""), drawn)
        remembered = (drawn.id, asked.show, tuple(where), json.dumps(values, default=str))
        if (known := self._counts.get(remembered)) is not None:
            return known
        path = drawn.folder / _OF[asked.show].file
        found = int(self._rows(f"SELECT count(*) AS n FROM {_from()}{_all(where)}", path, **values)[0]["n"])
        with self._lock:
            while len(self._counts) >= _REMEMBERED:
                del self._counts[next(iter(self._counts))]
            self._counts[remembered] = found
        return found

    def _rows(self, query: str, path: Path, **values: object) -> list[dict[str, Any]]:
        with self._answer(query, path, values) as answer:
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def _frame(self, query: str, path: Path, **values: object) -> pd.DataFrame:
        with self._answer(query, path, values) as answer:
            found: pd.DataFrame = answer.df()
            return found

    def _answer(self, query: str, path: Path, values: dict[str, object]) -> duckdb.DuckDBPyConnection:
        """The answer of a query to a file, on a cursor of this thread's own.

        Raises:
            UserError: if the file is gone or corrupt.
        """
        cursor = self._engine.cursor()
        try:
            return cursor.execute(query, {"path": glob.escape(str(path)), **values})
        except duckdb.Error as error:
            cursor.close()
            remedy = "it may have been deleted or made again meanwhile; choose a list again"
            raise UserError(f"expected to read {path}", str(error).splitlines()[0], remedy) from error


def first_of(table: pd.DataFrame) -> dict[str, Any]:
    """The first row, by column; empty where there is none."""
    return {str(name): found for name, found in table.iloc[0].items()} if len(table) else {}


def sortable(columns: Iterable[str]) -> list[str]:
    """The columns by which a list can be sorted."""
    return [name for name in columns if name not in ("user_id", "cutoff", "segment", "group") and name[:6] != "offer_"]


def _from() -> str:
    return "read_parquet($path, file_row_number = true)"


def _all(where: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(where)}" if where else ""


def _where(asked: Asked, drawn: Drawn) -> tuple[list[str], dict[str, Any]]:
    """The conditions of what is asked, and their values, which are handed over beside the query."""
    where, values = [], dict[str, Any]()
    if asked.search:
        where.append(f"contains(lower({_ID}), $search)")
        values["search"] = asked.search.lower()
    if asked.least is not None:
        where.append(f'"p_{drawn.run.first.name}" >= $least')
        values["least"] = asked.least
    if asked.segment:
        where.append("segment = $segment" if asked.show == "everyone" else '"group" = $segment')
        values["segment"] = asked.segment
    if asked.only is not None:
        where.append(f"{_ID} IN (SELECT unnest($only::VARCHAR[]))")
        values["only"] = list(asked.only)
    if asked.without:
        where.append(f"{_ID} NOT IN (SELECT unnest($without::VARCHAR[]))")
        values["without"] = list(asked.without)
    return where, values


def _key(sort: str, columns: dict[str, str], *, falling: bool) -> str:
    """The expression of a sort, whose column is one of the list's own; users without a value come last."""
    if sort == "user_id":
        return _ID
    number = f'epoch("{sort}")' if columns[sort] == "day" else f'CAST("{sort}" AS DOUBLE)'
    last = "-inf" if falling else "inf"
    return f"coalesce(CASE WHEN isnan({number}) THEN NULL ELSE {number} END, CAST('{last}' AS DOUBLE))"


def _cursor(direction: str, row: dict[str, Any]) -> str:
    key = row["key"] if isinstance(row["key"], str) else repr(row["key"])
    return base64.urlsafe_b64encode(json.dumps([direction, key, row["row"]]).encode()).decode().rstrip("=")


def _place(cursor: str, *, text: bool) -> tuple[bool, tuple[str | float, int] | None]:
    """Whether a page goes backward, and the place from which it goes on.

    Raises:
        UserError: for a text that is no cursor.
    """
    if not cursor:
        return False, None
    try:
        direction, key, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = (str(key) if text else float(key), int(row))
        if direction not in ("<", ">") or (isinstance(place[0], float) and math.isnan(place[0])) or abs(place[1]) >> 62:
            raise ValueError(direction)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise UserError("expected the place of a page", repr(cursor[:60]), "begin at the first page") from error
    return direction == "<", place
