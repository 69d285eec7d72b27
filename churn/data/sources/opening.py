"""The one way to open a table, wherever it lies."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import ibis
import pandas as pd
import pyarrow as pa

from churn.data.sources.databases import Engines, checksum, is_url
from churn.data.sources.files import open_files, paths
from churn.errors import UserError


@runtime_checkable
class ArrowStream(Protocol):
    """A table of any library that speaks Arrow's PyCapsule interface, such as Polars."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow's stream of record batches."""


Frame: TypeAlias = pd.DataFrame | pa.Table | ArrowStream


def open_table(
    source: str,
    *,
    engines: Engines,
    frames: Mapping[str, Frame] | None = None,
    csv: Mapping[str, str | bool] | None = None,
    as_text: Collection[str] = (),
) -> ibis.Table:
    """Open a source as a table.

    Args:
        source: A name in `frames`; a file, folder or glob of parquet, JSON lines or delimited text; or an ibis URL
            and a table, such as `duckdb:///log.db::events`.
        engines: The embedded DuckDB, in which files, frames and DuckDB's own files are opened, and the databases.
        frames: Tables of pandas, Polars or Arrow by name, for use from Python; one of ibis stays where it lies.
        csv: DuckDB's reader options for delimited text, such as `delim`, `header` and `comment`.
        as_text: Columns of delimited text that hold ids and names, whatever they look like.

    Raises:
        UserError: if there is no such source, or it cannot be read.

    Example:
        >>> log = pd.DataFrame({"user_id": [1, 2]})
        >>> with Engines() as engines:
        ...     int(open_table("log", engines=engines, frames={"log": log}).count().execute())
        2
    """
    if frames is not None and isinstance(frame := frames.get(source), ibis.Table):
        return frame
    if frames is not None and source in frames:
        name = ibis.util.gen_name("frame")
        engines.local.con.register(name, as_arrow(frames[source], name=source))
        return engines.local.table(name)
    if is_url(source):
        return engines.table(source)
    return open_files(source, engine=engines.local, csv=csv, as_text=as_text)


def as_arrow(frame: Frame, *, name: str) -> pa.Table:
    """A data frame of any kind as an Arrow table, without its index.

    Raises:
        UserError: if it is not a data frame.
    """
    try:
        if isinstance(frame, pd.DataFrame):
            return pa.Table.from_pandas(frame, preserve_index=False)
        return pa.table(frame)
    except (TypeError, ValueError) as error:
        if isinstance(frame, pd.DataFrame) and frame.columns.is_unique:
            raise  # a column of mixed types, which is refused where all tables are read
        found = type(frame).__name__ if not isinstance(frame, pd.DataFrame) else "columns of the same name"
        raise UserError(
            f"expected a table of pandas, Polars or Arrow in frames[{name!r}]", found, "make it one"
        ) from error


def size(source: str, frames: Mapping[str, Frame]) -> int | None:
    """The size of a source, where it is known without reading it: a frame's rows, or the bytes of its files."""
    if source in frames:
        shape = getattr(frames[source], "shape", None)
        return None if shape is None else int(shape[0])
    return None if is_url(source) or not (files := paths(source)) else sum(Path(file).stat().st_size for file in files)


def digest(source: str, frames: Mapping[str, Frame]) -> str:
    """A hash of a source: the SHA-256 of a file's bytes or a frame's columns and rows, else the table's checksum."""
    whole = hashlib.sha256()
    if source in frames:
        frame = frames[source]
        table = frame if isinstance(frame, pd.DataFrame) else as_arrow(frame, name=source).to_pandas()
        whole.update(repr(table.dtypes.to_dict()).encode())
        whole.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
        return whole.hexdigest()
    if is_url(source):
        with Engines() as engines:
            table = engines.table(source)
            whole.update(f"{table.schema()} {checksum(table)}".encode())
        return whole.hexdigest()
    for path in paths(source):
        with Path(path).open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
