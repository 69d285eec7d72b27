"""A table of a warehouse: a parcel's rows come in one transaction, and replace rows of equal users and lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pandas as pd
from ibis.backends import BaseBackend

from churn.data import columns_of, in_one_transaction, quoted, replace_rows, table_of, writable
from churn.delivery.config import Grain
from churn.delivery.formats import LIST_COLUMNS, OWN_COLUMNS
from churn.delivery.places import Parcel, Put


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
        return cls(*table_of(source, key="table.to"), grain)

    @contextmanager
    def ready(self) -> Iterator[Put]:
        """Connect to the database."""
        with writable(self.url) as engine:
            yield partial(self._put, engine)

    def arrived(self, parcel_id: str, name: str) -> bool:
        """Whether rows of a parcel are in the table."""
        with writable(self.url) as engine:
            if columns_of(engine, self.name) is None:
                return False
            with in_one_transaction(engine) as run:
                found = run(f"SELECT 1 FROM {quoted(self.name)} WHERE delivery = '{parcel_id}' LIMIT 1").fetchone()
        return found is not None

    def _put(self, engine: BaseBackend, parcel: Parcel) -> list[str]:
        key = str(parcel.rows.columns[0])
        equal = [key] if self.grain == "user" else [*LIST_COLUMNS, key]
        replace_rows(engine, self.name, _told(parcel), equal=equal)
        return []


def _told(parcel: Parcel) -> pd.DataFrame:
    """The rows with their list and delivery."""
    rows = parcel.rows.reset_index(drop=True)
    own = (parcel.run, parcel.cutoff, parcel.id, parcel.at)
    return pd.DataFrame([own] * len(rows), columns=list(OWN_COLUMNS)).join(rows)
