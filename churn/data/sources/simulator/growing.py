"""Parquet files written row group by row group, which end up whole or absent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from churn.artefacts import atomic

ROWS_IN_MEMORY = 1 << 20  # rows of a file that wait for their row group


class GrowingTable:
    """A parquet file that is written in pieces, so that memory holds one piece."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []

    def append(self, rows: pa.Table) -> None:
        """Add rows at the end."""
        self._waiting.append(rows)
        if sum(table.num_rows for table in self._waiting) >= ROWS_IN_MEMORY:
            self._flush()

    def close(self) -> None:
        """Write the waiting rows and the file's footer."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        rows = pa.concat_tables(self._waiting)
        self._writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
        self._waiting = []


@contextmanager
def growing_table(path: Path, schema: pa.Schema) -> Iterator[GrowingTable]:
    """Open a file that is complete after the block, or absent after an error.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "numbers.parquet"
        >>> with growing_table(path, pa.schema({"n": pa.int64()})) as table:
        ...     table.append(pa.table({"n": [1, 2]}))
        ...     table.append(pa.table({"n": [3]}))
        >>> pq.read_table(path)["n"].to_pylist()
        [1, 2, 3]
    """
    with atomic(path) as scratch:
        table = GrowingTable(scratch, schema)
        try:
            yield table
        finally:
            table.close()
