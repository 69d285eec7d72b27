"""Reconciliation: every row of a table accounted for, and the rows that could not be used set aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from churn.artefacts import atomic, declared
from churn.data.sources import UNREADABLE

USED, NON_MEMBER = "used", "non-member"
LEFT_OUT = "negative amount, left out"
NO_STICKER = "a day without stickers"
# reasons asked for by a key of `data`
ASKED_FOR = ("before the span", "after the span", "event not allowed", "repeated row", LEFT_OUT, NO_STICKER)
QUARANTINE = tuple(declared.QUARANTINE.types)
_KEPT_AS = {"timestamp": "written", "line": UNREADABLE}  # the columns that hold the text of a file
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Reconciliation:
    """The fates of one table's rows: read = used + non_members + the rejected, each counted separately.

    Example:
        >>> Reconciliation(read=10, used=7, non_members=2, rejected={"null event": 1}).balanced
        True
    """

    read: int
    used: int
    non_members: int
    rejected: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.read == self.used + self.non_members + sum(self.rejected.values())


def at_fault(rejected: Mapping[str, int]) -> dict[str, int]:
    """The rejected rows by reason, without rows that the configuration asks to leave out.

    Example:
        >>> at_fault({"after the span": 7, "null user_id": 1})
        {'null user_id': 1}
    """
    return {reason: n for reason, n in rejected.items() if reason not in ASKED_FOR}


def reconcile(table: ibis.Table, fates: ibis.Table) -> Reconciliation:
    """Count a table's rows, and separately the rows of each fate.

    Args:
        table: The rows as they were read.
        fates: `fate` and `n`: the number of rows used, of non-members, or rejected for a reason.
    """
    counts = fates.group_by("fate").aggregate(n=_.n.sum().cast("int64")).order_by("fate").to_pyarrow().to_pylist()
    by_fate = {row["fate"]: row["n"] for row in counts}
    used, non_members = by_fate.pop(USED, 0), by_fate.pop(NON_MEMBER, 0)
    return Reconciliation(int(table.count().execute()), used, non_members, by_fate)


def write_quarantine(tables: Mapping[str, ibis.Table], path: Path) -> int:
    """Write the rows that have a `reason`, as text under the standard names, and return how many there are."""
    schema = pa.schema(dict.fromkeys(QUARANTINE, pa.string()))
    rows = 0
    with atomic(path) as scratch, pq.ParquetWriter(scratch, schema, compression="zstd") as file:
        for name, table in tables.items():
            own = {c: _KEPT_AS[c] if _KEPT_AS.get(c) in table.columns else c for c in QUARANTINE}
            columns = {c: _text(table, own[c]) for c in QUARANTINE}
            rejected = table.filter(_.reason.notnull()).select(**columns | {"table": ibis.literal(name)})
            for batch in rejected.to_pyarrow_batches(chunk_size=_BATCH_ROWS):
                file.write_batch(batch.cast(schema))
                rows += batch.num_rows
    return rows


def _text(table: ibis.Table, column: str) -> ibis.Value:
    return table[column].cast("string") if column in table.columns else ibis.null("string")
