"""Tables of a database, named by an ibis URL and a table: `postgresql://ada@db/shop::public.events`."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend as DuckDB
from ibis.common.exceptions import IbisError, TableNotFound

from churn.data.sources.passwords import passwords, without_password
from churn.disk import DiskError, causes
from churn.errors import UserError

_STREAMED_ROWS = 100_000  # per batch from a database
COUNTING = ("postgresql", "postgres", "sc")  # kinds of URLs of engines beside DuckDB in which counting happens in place
_ERRORS = {  # the error from which all of a driver's are derived, by the module that has it
    **dict.fromkeys(("psycopg", "sqlite3", "pymysql"), "Error"),
    "pyspark.errors": "PySparkException",
    "grpc": "RpcError",
}
_PER_THREAD = 250_000_000  # bytes: with half of it, sorting 10 million rows in 300 MB failed at times


def is_url(source: str) -> bool:
    """Whether a source is a table of a database."""
    return "://" in source


class Engines:
    """The embedded DuckDB, and a connection to each database that was asked for, until all are closed.

    Args:
        spill: A folder for what the embedded DuckDB cannot hold in memory; it goes when the engines are closed.
        memory: The most memory that it takes, such as 2GB, as `data.memory`.
        most_spilled: The most that the folder takes, as `data.spill`.

    Example:
        >>> with Engines() as engines:
        ...     int(engines.local.raw_sql("SELECT 7").fetchone()[0])
        7
    """

    def __init__(
        self, spill: Path | None = None, *, memory: str | None = None, most_spilled: str | None = None
    ) -> None:
        self.spill, self.memory, self.most_spilled = spill, memory, most_spilled
        threads = None if memory is None else _threads_in(memory)
        settings = {"temp_directory": spill, "memory_limit": memory, "threads": threads}
        self.local: DuckDB = ibis.duckdb.connect(**{name: one for name, one in settings.items() if one is not None})
        if most_spilled is not None:  # DuckDB 1.5 keeps to it only where it is set in an open connection
            self.local.raw_sql(f"SET max_temp_directory_size = '{most_spilled}'")
        self.databases: dict[str, BaseBackend] = {}
        self.files: dict[Path, str] = {}  # DuckDB's own, by the names under which they are attached

    def __enter__(self) -> Self:
        """Stay open for a block."""
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Close every connection.

        Raises:
            UserError: in place of an error of a bound that is too small.
        """
        for engine in (self.local, *self.databases.values()):
            engine.disconnect()
        if self.spill is not None:
            shutil.rmtree(self.spill, ignore_errors=True)
        if (refusal := self._too_small(error)) is not None:
            raise refusal from error

    def _too_small(self, error: BaseException | None) -> UserError | None:
        """The error of one line for a bound on memory or on the folder that was reached; None for any other error."""
        for cause in causes(error):
            if isinstance(cause, duckdb.OutOfMemoryException):
                full = "max_temp_directory_size" in str(cause)
                key, bound = ("data.spill", self.most_spilled) if full else ("data.memory", self.memory)
                if bound is None:
                    return None
                found = str(cause).splitlines()[0].removeprefix("Out of Memory Error: ")
                return DiskError(f"expected {key} to be enough to read the tables", f"{bound}: {found}", f"raise {key}")
        return None

    def table(self, source: str) -> ibis.Table:
        """Open a table of a database; nothing but its schema is read.

        DuckDB's own files are attached to the embedded DuckDB, read only.

        Raises:
            UserError: if the source names no table, or the database or the table cannot be reached.
        """
        url, _, name = source.rpartition("::")
        if not url:
            found = without_password(source)
            raise UserError("expected a URL and a table, such as duckdb:///log.db::events", found, "add ::table")
        if url.startswith("duckdb://"):
            engine, name = self.local, f"{self._attached(url)}.{name if '.' in name else f'main.{name}'}"
        else:
            engine = self._connected(url)
        *schema, table = [name] if "/" in name else name.split(".")  # a path that the engine itself reads
        try:
            return engine.table(table, database=tuple(schema) if len(schema) > 1 else (*schema, None)[0])
        except Exception as error:  # every driver has errors of its own, and an unread one may hold the password
            where = f"{source.rpartition('::')[2]} in {without_password(url)}"
            found = "no such table" if isinstance(error, TableNotFound) else reason_of(error, url)
            raise UserError(f"expected the table {where}", found, "check the name after ::") from error

    def counting(self, url: str) -> BaseBackend:
        """The engine at a URL, in which counting happens in place.

        Raises:
            UserError: if it cannot be reached, or its rows are streamed into the default engine to be counted there.
        """
        url = url.partition("::")[0]
        if (kind := url.partition("://")[0]) not in COUNTING:
            remedy = "name an engine that counts: of any other the rows are streamed into the default one"
            raise UserError(f"expected a URL that begins with {', '.join(f'{k}://' for k in COUNTING)}", kind, remedy)
        return self._connected(url)

    def _connected(self, url: str) -> BaseBackend:
        if url not in self.databases:
            self.databases[url] = connected(url)
        return self.databases[url]

    def _attached(self, url: str) -> str:
        """The name under which a DuckDB file is attached, attached now if it was not."""
        path = file_of(url)
        if path not in self.files:
            name = f"file{len(self.files)}"
            try:
                self.local.attach(path, name, read_only=True)
            except duckdb.Error as error:
                raise UserError(f"expected a DuckDB file at {path}", reason_of(error, url), "check the path") from error
            self.files[path] = name
        return self.files[path]


def _threads_in(memory: str) -> int:
    """The threads for which some memory is enough: each takes buffers of its own.

    Example:
        >>> _threads_in("300MB")
        1
    """
    number, unit = re.findall(r"[0-9.]+|[MGT]", memory)
    size = float(number) * 1000 ** ("MGT".index(unit) + 2)
    return max(1, min(os.cpu_count() or 1, int(size // _PER_THREAD)))


def connected(url: str) -> BaseBackend:
    """A connection to a database that is not DuckDB's.

    Raises:
        UserError: if it cannot be reached.
    """
    kind = url.partition("://")[0]
    file = file_of(url) if kind == "sqlite" else None
    try:
        if kind == "sc":
            os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # read as it is loaded; it tells refusals beside the error
            from churn.data.sources.spark import connected_spark

            return connected_spark(url)
        return ibis.connect(url) if file is None else ibis.sqlite.connect(file)
    except ImportError as error:
        extra = "spark" if kind == "sc" else "postgres" if kind.startswith("postgres") else None
        package = f"ibis-framework[{kind}]" if extra is None else f"churn[{extra}]"
        raise UserError(
            f"expected the driver of {kind}", "none that can be imported", f"pip install '{package}'"
        ) from error
    except ValueError as error:  # its text may quote half a password
        raise UserError(
            f"expected to reach the database {without_password(url)}",
            "a URL that cannot be read",
            "write it as sc://host:15002, with options as /;use_ssl=true"
            if kind == "sc"
            else "check the URL; in a password write @ as %40, / as %2F, # as %23 and so on",
        ) from error
    except Exception as error:  # every driver has errors of its own, and an unread one may hold the password
        raise UserError(
            f"expected to reach the database {without_password(url)}",
            reason_of(error, url),
            "check the URL, the network and the password",
        ) from error


def file_of(url: str) -> Path:
    """The file of a URL: `duckdb:///log.db` lies in the working directory, or else in the root, as `duckdb:////log.db`.

    Raises:
        UserError: if there is no such file, which an engine would create.
    """
    text = url.partition("://")[2]
    candidates = [Path(text.removeprefix("/")), Path(text)]
    for path in candidates:
        if path.is_file():
            return path
    raise UserError("expected a database file", f"none at {candidates[0]} or {candidates[1]}", "check the path")


def reason_of(error: Exception, url: str) -> str:
    """The first line of an engine's complaint, without the password."""
    text = str(error).strip() or type(error).__name__
    for secret in passwords(url):
        text = text.replace(secret, "***")
    return without_password(text.splitlines()[0])


@contextmanager
def readable_to_the_last_row() -> Iterator[None]:
    """Turn an engine's error into a UserError of one line; it reads lazily, so bad rows or failed queries show late.

    Raises:
        UserError: in place of an engine's error.
    """
    try:
        yield
    except engine_errors() as error:
        reason = without_password(". ".join(str(error).splitlines()[:3]))
        raise UserError(
            "expected tables that can be read to the last row",
            reason,
            "mend the row or the database, or set the reader in data.csv",
        ) from error


def engine_errors() -> tuple[type[Exception], ...]:
    """The types of error that the engines in use raise."""
    drivers = [getattr(sys.modules[name], error) for name, error in _ERRORS.items() if name in sys.modules]
    return (duckdb.Error, pa.ArrowException, IbisError, *drivers)


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
    """A number that changes with any row of a table, whatever the order in which the database gives them.

    An engine that has a way of its own tells it without giving its rows away.
    """
    if own := getattr(table.get_backend(), "checksum", None):
        return str(own(table))
    total = rows = 0
    for batch in table.to_pyarrow_batches(chunk_size=_STREAMED_ROWS):
        frame = pa.Table.from_batches([batch]).to_pandas().astype(str)
        total = (total + int(pd.util.hash_pandas_object(frame, index=False).sum())) % 2**64
        rows += len(frame)
    return f"{rows}-{total:016x}"
