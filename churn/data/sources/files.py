"""Files and data frames as tables of one embedded DuckDB."""

import hashlib
from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import TypeAlias

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from churn.errors import UserError

Frame: TypeAlias = pd.DataFrame | pa.Table


def open_table(
    source: str,
    *,
    engine: Backend,
    frames: Mapping[str, Frame] | None = None,
    csv: Mapping[str, str | bool] | None = None,
) -> ibis.Table:
    """Open a source as a table; nothing but its header is read.

    Args:
        source: A name in `frames`, or a path or glob of parquet files; any other file is read as delimited text.
        engine: The DuckDB in which the table is made.
        frames: Data frames by name, for use from Python.
        csv: DuckDB's reader options for delimited text, such as `delim`, `header` and `comment`.

    Raises:
        UserError: if there is no such file, or it cannot be read.

    Example:
        >>> engine = ibis.duckdb.connect()
        >>> log = pd.DataFrame({"user_id": [1, 2]})
        >>> int(open_table("log", engine=engine, frames={"log": log}).count().execute())
        2
    """
    if frames is not None and source in frames:
        return ibis.memtable(frames[source])
    if not glob(source, recursive=True):
        raise UserError("expected a file or glob", f"{source!r}, which matches none", "check the path in `data`")
    try:
        if source.endswith((".parquet", ".pq")):
            return engine.read_parquet(source)
        return engine.read_csv(source, **dict(csv or {}))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"expected a readable parquet or delimited file at {source}", reason, "check the file or `data.csv`"
        ) from error


def digest(source: str, frames: Mapping[str, Frame]) -> str:
    """The SHA-256 of a source's bytes, or of a data frame's columns and rows."""
    whole = hashlib.sha256()
    if source in frames:
        frame = frames[source]
        table = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
        whole.update(repr(table.dtypes.to_dict()).encode())
        whole.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
        return whole.hexdigest()
    for path in sorted(glob(source, recursive=True)):
        with Path(path).open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
