"""Databases that are written into, in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend as DuckDB
from ibis.common.exceptions import TableNotFound
from ibis.util import gen_name

from churn.data.sources.databases import connected, engine_errors, file_of, reason_of
from churn.data.sources.passwords import without_password
from churn.errors import UserError


@contextmanager
def writable(url: str) -> Iterator[BaseBackend]:
    """Connect to a database for a block that writes into it.

    Raises:
        UserError: if it cannot be reached, a file that is not there included, or it refuses what the block writes.
    """
    engine = _opened(url) if url.startswith("duckdb://") else connected(url)
    try:
        yield engine
    except engine_errors() as error:
        where = f"expected to write into {without_password(url)}"
        raise UserError(where, reason_of(error, url), "check the table, its columns and your rights") from error
    finally:
        engine.disconnect()


@contextmanager
def in_one_transaction(engine: BaseBackend) -> Iterator[Callable[[str], Any]]:
    """Yield what runs a statement; all hold once the block has ended well, however else it ends none does."""
    if not isinstance(engine, DuckDB):
        with engine.begin() as cursor:
            yield cursor.execute
        return
    engine.con.begin()
    try:
        yield engine.con.execute
    except BaseException:
        engine.con.rollback()
        raise
    engine.con.commit()


def table_of(source: str, *, key: str) -> tuple[str, str]:
    """The URL and the name of a table to write into, of a source URL::table.

    Args:
        source: The source.
        key: The key or option that names it, for the error.

    Raises:
        UserError: for a source that is none.
    """
    url, _, name = source.rpartition("::")
    if "://" not in url or not name:
        found = without_password(source)
        raise UserError(f"expected {key} as a URL and a table", found, "write it as sqlite:///shop.db::churn")
    return url, name


def replace_rows(engine: BaseBackend, name: str, rows: pd.DataFrame, *, equal: Sequence[str]) -> None:
    """Put rows into a table, which is made if it is not there, in place of rows that are equal in some columns.

    All of it is one transaction. Another that writes into the table waits, so that two never put the rows in twice.

    Args:
        engine: The database.
        name: The table's name, with its schema before a dot if need be.
        rows: The rows; a column without any value is text.
        equal: The columns by which earlier rows give way.

    Raises:
        UserError: for a column that the table has not.
    """
    told, there = _typed(rows), columns_of(engine, name)
    if there is not None and (lacking := [column for column in told.column_names if column not in there]):
        remedy = "add the column, name fewer in table.columns, or write to a new table"
        raise UserError(f"expected the column {lacking[0]!r} in {name}", ", ".join(there), remedy)
    new, to = gen_name("churn"), quoted(name)
    engine.create_table(new, told, temp=True)
    columns, same = (", ".join(_quoted(one) for one in names) for names in (told.column_names, equal))
    with in_one_transaction(engine) as run:
        run(f"CREATE TABLE IF NOT EXISTS {to} AS SELECT {columns} FROM {_quoted(new)} WHERE 1 = 0")
        if engine.name == "postgres":  # elsewhere one transaction at a time writes
            run(f"LOCK TABLE {to} IN SHARE ROW EXCLUSIVE MODE")
        run(f"DELETE FROM {to} WHERE ({same}) IN (SELECT {same} FROM {_quoted(new)})")
        run(f"INSERT INTO {to} ({columns}) SELECT {columns} FROM {_quoted(new)}")


def columns_of(engine: BaseBackend, name: str) -> Sequence[str] | None:
    """The columns of a table; None where there is none yet."""
    *schema, table = name.split(".")
    try:
        columns: Sequence[str] = engine.table(table, database=".".join(schema) or None).columns
    except TableNotFound:
        return None
    return columns


def quoted(name: str) -> str:
    """The name of a table, with its schema, for a statement."""
    return ".".join(map(_quoted, name.split(".")))


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _typed(rows: pd.DataFrame) -> pa.Table:
    """The rows as Arrow, a column without any value as text."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    kinds = [pa.string() if pa.types.is_null(one.type) else one.type for one in table.schema]
    return table.cast(pa.schema([pa.field(one.name, kind) for one, kind in zip(table.schema, kinds, strict=True)]))


def _opened(url: str) -> DuckDB:
    path = file_of(url)
    try:
        return ibis.duckdb.connect(path)
    except duckdb.Error as error:
        remedy = "check the path, and whether another program has it open"
        raise UserError(f"expected a DuckDB file to write into at {path}", reason_of(error, url), remedy) from error
