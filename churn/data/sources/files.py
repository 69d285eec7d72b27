"""Files of a log as tables of the embedded DuckDB: parquet, delimited text and JSON lines, plain or compressed."""

import re
from collections.abc import Mapping
from glob import glob
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from churn.errors import UserError

_PARQUET = re.compile(r"\.(parquet|pq)$")
_JSON_LINES = re.compile(r"\.(jsonl|ndjson|json)(\.\w+)?$")


def open_files(source: str, *, engine: Backend, csv: Mapping[str, str | bool] | None = None) -> ibis.Table:
    """Open a file, a glob or a folder, whose `key=value` subfolders become columns.

    Parquet stays where it is. Text is read once into a temporary table, all of it before a column's type is settled,
    so that a value that does not fit makes a column of text instead of an error; a line that cannot be read is kept
    as a row of nulls, to be rejected and counted.

    Raises:
        UserError: if there is no such file, or it cannot be read.
    """
    files = paths(source)
    if not files:
        raise UserError("expected a file, a folder or a glob", f"{source!r}, which matches none", "check the path")
    kind = files[0]
    try:
        if _PARQUET.search(kind):
            return engine.read_parquet(files, union_by_name=True)
        if _JSON_LINES.search(kind):
            options = {"format": "newline_delimited", "sample_size": -1, "ignore_errors": True}
            return _kept(engine.read_json(files, **options), engine, ibis.util.gen_name("churn"))
        return _delimited(files, engine, dict(csv or {}))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"expected readable parquet, JSON lines or delimited text at {source}",
            reason,
            "check the file or `data.csv`",
        ) from error


def paths(source: str) -> list[str]:
    """The files that a source stands for, sorted; of a folder all that lie below it, except hidden ones."""
    if not Path(source).is_dir():
        return sorted(glob(source, recursive=True))
    return sorted(str(path) for path in Path(source).rglob("[!._]*") if path.is_file())


def _delimited(files: list[str], engine: Backend, options: dict[str, str | bool]) -> ibis.Table:
    rejects = ibis.util.gen_name("rejects")
    counted = {"store_rejects": True, "rejects_table": rejects, "rejects_scan": f"{rejects}_scan"}
    name = ibis.util.gen_name("churn")
    table = _kept(engine.read_csv(files, **{"sample_size": -1} | counted | options), engine, name)
    nulls = ", ".join(f"NULL AS c{i}" for i in range(len(table.columns)))
    lines = f'SELECT DISTINCT file_id, line FROM "{rejects}"'
    engine.raw_sql(f'INSERT INTO "{name}" SELECT {nulls} FROM ({lines})')
    return table


def _kept(table: ibis.Table, engine: Backend, name: str) -> ibis.Table:
    return engine.create_table(name, table, temp=True)
