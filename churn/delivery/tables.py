"""A table of a warehouse: a parcel's rows come in one transaction, and replace rows of equal users and lists."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pandas as pd
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.common.exceptions import TableNotFound
from ibis.util import gen_name

from churn.data import in_one_transaction, without_password, writable
from churn.delivery.config import Grain
from churn.delivery.formats import LIST_COLUMNS, OWN_COLUMNS
from churn.delivery.places import Parcel, Put
from churn.errors import UserError


@dataclass(frozen=True)
class Table:
    """A table by the URL of its database and its name."""

    url: str
    name: str
    grain: Grain

    @classmethod
    def of(cls, source: str, grain: Grain) -> "Table":
        """The table of a source, URL::table.

        Raises:
            UserError: for a source that is none.
        """
        url, _, name = source.rpartition("::")
        if "://" not in url or not name:
            found = without_password(source)
            raise UserError("expected table.to as a URL and a table", found, "write it as sqlite:///shop.db::churn")
        return cls(url, name, grain)

    @contextmanager
    def ready(self) -> Iterator[Put]:
        """Connect to the database."""
        with writable(self.url) as engine:
            yield partial(self._put, engine)

    def arrived(self, parcel_id: str, name: str) -> bool:
        """Whether rows of a parcel are in the table."""
        with writable(self.url) as engine:
            if self._columns(engine) is None:
                return False
            with in_one_transaction(engine) as run:
                found = run(f"SELECT 1 FROM {self._quoted} WHERE delivery = '{parcel_id}' LIMIT 1").fetchone()
        return found is not None

    def _put(self, engine: BaseBackend, parcel: Parcel) -> list[str]:
        rows, key = _told(parcel), str(parcel.rows.columns[0])
        there = self._columns(engine)
        if there is not None and (lacking := [name for name in rows.column_names if name not in there]):
            remedy = "add the column, name others in table.columns, or deliver to a new table"
            raise UserError(f"expected the column {lacking[0]!r} in {self.name}", ", ".join(there), remedy)
        new = gen_name("churn")
        engine.create_table(new, rows, temp=True)
        equal = _list_of([key] if self.grain == "user" else [*LIST_COLUMNS, key])
        columns = _list_of(rows.column_names)
        with in_one_transaction(engine) as run:
            run(f"CREATE TABLE IF NOT EXISTS {self._quoted} AS SELECT {columns} FROM {_quoted(new)} WHERE 1 = 0")
            run(f"DELETE FROM {self._quoted} WHERE ({equal}) IN (SELECT {equal} FROM {_quoted(new)})")
            run(f"INSERT INTO {self._quoted} ({columns}) SELECT {columns} FROM {_quoted(new)}")
        return []

    def _columns(self, engine: BaseBackend) -> Sequence[str] | None:
        """The columns of the table; None where there is none yet."""
        *schema, table = self.name.split(".")
        try:
            columns: Sequence[str] = engine.table(table, database=".".join(schema) or None).columns
        except TableNotFound:
            return None
        return columns

    @property
    def _quoted(self) -> str:
        return ".".join(map(_quoted, self.name.split(".")))


def _told(parcel: Parcel) -> pa.Table:
    """The rows with their list and delivery; a column without any value is text."""
    rows = parcel.rows.reset_index(drop=True)
    own = (parcel.run, parcel.cutoff, parcel.id, parcel.at)
    rows = pd.DataFrame([own] * len(rows), columns=list(OWN_COLUMNS)).join(rows)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    kinds = [pa.string() if pa.types.is_null(one.type) else one.type for one in table.schema]
    return table.cast(pa.schema([pa.field(one.name, kind) for one, kind in zip(table.schema, kinds, strict=True)]))


def _list_of(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
