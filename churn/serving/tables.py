"""Tables of lists in an index on the disk, made of their Parquet when first asked for: each user is found at once."""

import glob
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from churn.artefacts import Table, declared
from churn.disk import temporary_place
from churn.errors import UserError
from churn.serving.catalogue import Drawn

ID, ROW = "user_id", "file_row_number"
_MEMORY, _THREADS = "48MB", 1  # of all requests together; each runs in its own thread
_ROWS = 4_096  # of a group, whose least and greatest value are known: a page's users are in few groups
_MOST = 96  # tables that are kept; the ones that nobody asked for longest are made again
_REMEDY = "it may have been deleted or made again meanwhile; choose a list again"
_Key = tuple[object, ...]  # paths, moments and sizes of files


class Tables:
    """An index in a temporary folder, in bounded memory. What somebody typed is handed over beside a query."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="churn-serve-", dir=temporary_place()))
        config: dict[str, str | bool | int | float | list[str]] = {
            **{"memory_limit": _MEMORY, "threads": _THREADS},
            "temp_directory": str(self._folder / "spilt"),
        }
        self._engine = duckdb.connect(":memory:", config=config)
        self._engine.execute(f"ATTACH '{self._folder / 'lists.duckdb'}' AS lists (ROW_GROUP_SIZE {_ROWS})")
        self._names: dict[_Key, str] = {}
        self._made, self._making = 0, threading.Lock()

    def close(self) -> None:
        """Remove the index."""
        self._engine.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def of(self, drawn: Drawn, artefact: Table) -> str | None:
        """The name of a list's table, with user_id as text and each row's place; None for an optional file.

        The scores have the rank and the group of the list beside them, null for users who are not on it.

        Raises:
            UserError: if the file is gone, though every list has one, or corrupt.
        """
        if artefact.optional and drawn.folder.is_dir() and not (drawn.folder / artefact.file).is_file():
            return None
        paths = _paths(drawn, artefact)
        key = (artefact.file, *map(_stamp, paths))
        name = self._names.pop(key, None)
        if name is None:
            with self._making:
                name = self._names.get(key) or self._make(*paths)
        self._names[key] = name  # behind all others
        return name

    def is_made(self, drawn: Drawn, artefact: Table) -> bool:
        """Whether a list's table has been made, so that it answers at once."""
        return (artefact.file, *map(_stamp, _paths(drawn, artefact))) in self._names

    def rows(self, query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """The rows of an answer, by column."""
        with _asked(self._engine, query, values) as answer:
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def frame(self, query: str, values: Mapping[str, object]) -> pd.DataFrame:
        """An answer as a data frame."""
        with _asked(self._engine, query, values) as answer:
            found: pd.DataFrame = answer.df()
            return found

    def _make(self, path: Path, listed: Path | None = None) -> str:
        """Make the table of a file, in the order of its users, with null for what is no number."""
        self._made += 1
        name, values = f"lists.t{self._made}", {"path": glob.escape(str(path))}
        told = self.rows("DESCRIBE SELECT * FROM read_parquet($path)", values)
        numbers = [_quoted(row["column_name"]) for row in told if row["column_type"] in ("DOUBLE", "FLOAT")]
        plain = [f"CASE WHEN isnan({one}) THEN NULL ELSE {one} END AS {one}" for one in numbers]
        known = ", ".join([f"CAST({ID} AS VARCHAR) AS {ID}", *plain])
        query = f"SELECT * REPLACE ({known}) FROM read_parquet($path, file_row_number = true)"
        if listed is not None:
            values["listed"] = glob.escape(str(listed))
            of_list = f'SELECT CAST({ID} AS VARCHAR) AS {ID}, rank, "group" FROM read_parquet($listed)'
            query = f'SELECT s.*, l.rank, l."group" FROM ({query}) s LEFT JOIN ({of_list}) l USING ({ID})'
        self.rows(f"CREATE TABLE {name} AS {query} ORDER BY {ID}", values)
        for old in list(self._names)[: -_MOST or None]:
            with suppress(duckdb.Error):
                self._engine.cursor().execute(f"DROP TABLE {self._names.pop(old)}")
        return name


def _paths(drawn: Drawn, artefact: Table) -> list[Path]:
    files = [artefact.file, *([declared.PRIORITY.file] if artefact is declared.SCORES else [])]
    return [drawn.folder / file for file in files]


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(f"expected to read {path}", error.strerror, _REMEDY) from error
    return str(path), found.st_mtime_ns, found.st_size


def _asked(engine: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object]) -> duckdb.DuckDBPyConnection:
    """The answer of a query, on a cursor of this thread's own.

    Raises:
        UserError: for a file that is gone or corrupt.
    """
    cursor = engine.cursor()
    try:
        return cursor.execute(query, dict(values))
    except duckdb.Error as error:
        cursor.close()
        raise UserError("expected a list that can be read", str(error).splitlines()[0], _REMEDY) from error
