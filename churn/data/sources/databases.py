"""Tables of a database, named by an ibis URL and a table: `postgresql://ada@db/shop::public.events`."""

import re
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend as DuckDB

from churn.errors import UserError

FILE_ENGINES = ("duckdb", "sqlite")  # a URL of these names a file
_STREAMED_ROWS = 100_000  # per batch from a database
_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):([^@\s]*)@")


def is_url(source: str) -> bool:
    """Whether a source names a table of a database."""
    return "://" in source


def without_password(text: str) -> str:
    """A URL, or a text with one, fit to be printed and stored.

    Example:
        >>> without_password("postgresql://ada:s3cret@db/shop::events")
        'postgresql://ada:***@db/shop::events'
    """
    return _PASSWORD.sub(r"\1:***@", text)


def open_database(source: str, *, local: DuckDB) -> ibis.Table:
    """Open a table of a database; nothing but its schema is read.

    DuckDB files are attached to the embedded DuckDB, read only.

    Raises:
        UserError: if the URL names no table, or the database or the table cannot be reached.
    """
    url, _, name = source.partition("::")
    database, _, table = name.rpartition(".")
    if not table:
        raise UserError(
            "expected a URL and a table, such as duckdb:///log.db::events", without_password(source), "add ::table"
        )
    engine = _connect(url, local)
    if engine is local:
        database = ".".join(filter(None, [_attached(url, local), database or "main"]))
    try:
        where: str | tuple[str, ...] | None = tuple(database.split(".")) if "." in database else database or None
        return engine.table(table, database=where)
    except Exception as error:
        raise UserError(
            f"expected the table {name} in {without_password(url)}", _reason(error, url), "check the name after ::"
        ) from error


def _connect(url: str, local: DuckDB) -> BaseBackend:
    kind = url.partition("://")[0]
    try:
        if kind == "duckdb":
            return local
        return ibis.sqlite.connect(_file(url)) if kind == "sqlite" else ibis.connect(url)
    except UserError:
        raise
    except ImportError as error:
        package = "churn[postgres]" if kind.startswith("postgres") else f"ibis-framework[{kind}]"
        raise UserError(
            f"expected the driver of {kind}", "none that can be imported", f"pip install '{package}'"
        ) from error
    except Exception as error:
        raise UserError(
            f"expected to reach the database {without_password(url)}",
            _reason(error, url),
            "check the URL, the network and the password",
        ) from error


def _attached(url: str, local: DuckDB) -> str:
    """The name under which a DuckDB file is attached, attached now if it was not."""
    path = _file(url)
    name = "file_" + re.sub(r"\W", "_", str(path))
    if name not in local.list_catalogs():
        try:
            local.attach(path, name, read_only=True)
        except Exception as error:
            raise UserError(f"expected a DuckDB file at {path}", _reason(error, url), "check the path") from error
    return name


def _file(url: str) -> Path:
    """The file of a URL: `duckdb:///log.db` lies in the working directory, or else in the root, as `duckdb:////log.db`.

    Raises:
        UserError: if there is none, which an engine would make anew.
    """
    text = url.partition("://")[2]
    candidates = [Path(text.removeprefix("/")), Path(text)]
    for path in candidates:
        if path.is_file():
            return path
    raise UserError("expected a database file", f"none at {candidates[0]} or {candidates[1]}", "check the path")


def _reason(error: Exception, url: str) -> str:
    """The first line of an engine's complaint, without the password wherever it stands in it."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    secret = _PASSWORD.search(url)
    return without_password(text.replace(secret[2], "***") if secret and secret[2] else text)


def moved(table: ibis.Table, engine: BaseBackend) -> ibis.Table:
    """The table in an engine: itself if it lies there, else a temporary copy.

    Into DuckDB rows are streamed, in bounded memory; into any other engine they are held once, so keep the large
    tables in one database.
    """
    if table.get_backend() is engine:
        return table
    name = ibis.util.gen_name("churn")
    if not isinstance(engine, DuckDB):
        return engine.create_table(name, table.to_pyarrow(), temp=True)
    reader = table.to_pyarrow_batches(chunk_size=_STREAMED_ROWS)
    engine.con.register(f"{name}_stream", reader)
    try:
        engine.raw_sql(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{name}_stream"')
    finally:
        engine.con.unregister(f"{name}_stream")
    return engine.table(name)


def checksum(table: ibis.Table) -> str:
    """A number that changes with any row of a table, whatever the order in which the database gives them."""
    total = rows = 0
    for batch in table.to_pyarrow_batches(chunk_size=_STREAMED_ROWS):
        frame = pa.Table.from_batches([batch]).to_pandas().astype(str)
        total = (total + int(pd.util.hash_pandas_object(frame, index=False).sum())) % 2**64
        rows += len(frame)
    return f"{rows}-{total:016x}"
