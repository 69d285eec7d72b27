"""The store: what the team has done, in SQLite beside the runs or in a PostgreSQL, brought to the newest tables."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import alembic.command
import sqlalchemy as sa
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, DBAPIError

from churn.data import without_password
from churn.errors import UserError

FILE = "work.sqlite"  # of the folder of runs, where no other store is named
_MIGRATIONS = Path(__file__).parent / "migrations"
_WAIT_SECONDS = 10  # for another writer
_WRITES = "churn_writes"  # an option of a connection
_LOCK = 2_214_701  # PostgreSQL's number for "one process migrates"


class Store:
    """A database, whose every block of writing is done as a whole or not at all."""

    def __init__(self, url: str) -> None:
        """Open a store and take the steps that its tables lack.

        Args:
            url: As SQLAlchemy writes it: sqlite:///work.sqlite or postgresql://ada@db/shop.

        Raises:
            UserError: if it cannot be reached, or is of a newer version of this program.
        """
        self.url = url
        self._engine = _engine(url)
        try:
            self._migrate()
        except CommandError as error:
            self.close()
            raise UserError("expected a store of this version", error, "install the version that made it") from error
        except DBAPIError as error:
            self.close()
            raise unreachable(error, url) from error

    @classmethod
    def of(cls, runs: Path, url: str | None) -> "Store":
        """The store that is named, or the one in a folder of runs."""
        return cls(url or f"sqlite:///{runs.resolve() / FILE}")

    def _migrate(self) -> None:
        config = Config(attributes={"connection": None})
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes; SQLite lets one in at a time."""
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that reads."""
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def now() -> str:
    """The moment in UTC, as 2024-03-01T09:30:00+00:00."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def unreachable(error: Exception, url: str) -> UserError:
    """The error for a database that cannot be reached or read, without its password."""
    reason = without_password(str(getattr(error, "orig", None) or error).splitlines()[0])
    expected = f"expected to reach the store {without_password(url)}"
    return UserError(expected, reason, "check that it runs, and try again")


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise UserError("expected --store of SQLite or PostgreSQL", parsed.get_backend_name(), "name one of these")
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "postgresql":
            return sa.create_engine(parsed, pool_pre_ping=True, pool_size=8, hide_parameters=True)
        return _sqlite(parsed)
    except ArgumentError as error:  # its text may hold the password
        remedy = "write it as sqlite:///work.sqlite or postgresql://ada@db/shop"
        raise UserError("expected the URL of a database in --store", without_password(url), remedy) from error
    except ImportError as error:
        remedy = "pip install 'churn[postgres]'"
        raise UserError("expected the driver of PostgreSQL", "none that can be imported", remedy) from error


def _sqlite(url: sa.URL) -> sa.Engine:
    """An engine whose file only its owner may read, and whose writes are on the disk before they are acknowledged."""
    file = url.database
    if file and file != ":memory:":
        try:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            remedy = "choose another --store"
            raise UserError(f"expected a file that can be written at {file}", error.strerror, remedy) from error
    engine = sa.create_engine(url, connect_args={"timeout": _WAIT_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def prepared(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin as said below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)  # else two readers that turn writers block each other
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
