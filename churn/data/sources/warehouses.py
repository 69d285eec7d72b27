"""Databases that are written into, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import ibis
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend as DuckDB

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


def _opened(url: str) -> DuckDB:
    path = file_of(url)
    try:
        return ibis.duckdb.connect(path)
    except duckdb.Error as error:
        remedy = "check the path, and whether another program has it open"
        raise UserError(f"expected a DuckDB file to write into at {path}", reason_of(error, url), remedy) from error
