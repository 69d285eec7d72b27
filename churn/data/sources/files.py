"""Files of a log as tables of the embedded DuckDB: parquet, delimited text and JSON lines, plain or compressed."""

import os
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from glob import escape, glob
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from churn.data.sources.passwords import without_password
from churn.data.sources.wholeness import check_parquet, check_text
from churn.errors import UserError
from churn.folder import holds

_ALL_FILES = 1 << 31
_PARQUET = re.compile(r"\.(parquet|pq)$", re.IGNORECASE)
_JSON_LINES = re.compile(r"\.(jsonl|ndjson|json)(\.\w+)?$", re.IGNORECASE)


def open_files(
    source: str, *, engine: Backend, csv: Mapping[str, str | bool] | None = None, as_text: Collection[str] = ()
) -> ibis.Table:
    """Open a file, a glob or a folder, whose `key=value` subfolders become columns.

    Parquet stays where it is. Text is read once into a temporary table, all of it before a column's type is settled,
    so that a value that does not fit makes a column of text instead of an error; a line that cannot be read is kept
    as a row of nulls, to be rejected and counted.

    Args:
        source: The file, glob or folder.
        engine: The DuckDB in which the table is made.
        csv: DuckDB's reader options for delimited text.
        as_text: Columns of delimited text that are no numbers or dates, whatever they look like: ids and names.

    Raises:
        UserError: if there is no such file, or it cannot be read.
    """
    files = paths(source)
    if not files:
        found = f"{without_password(source)!r}, which matches none"
        raise UserError("expected a file, a folder or a glob", found, "check the path")
    kind, names = files[0], [escape(file) for file in files]  # DuckDB would expand a glob in a file's name again
    try:
        if _PARQUET.search(kind):
            table = engine.read_parquet(names, union_by_name=True)
            for file in files:
                check_parquet(file)
            return table
        lines = _JSON_LINES.search(kind)
        for file in files:
            check_text(file, compression="auto" if lines else str((csv or {}).get("compression", "auto")))
        if lines:
            options = {"format": "newline_delimited", "ignore_errors": True, "union_by_name": True}
            options |= {"sample_size": -1, "maximum_sample_files": _ALL_FILES}
            return _kept(engine.read_json(names, **options), engine, ibis.util.gen_name("churn"))
        return _delimited(names, engine, dict(csv or {}), as_text)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"expected readable parquet, JSON lines or delimited text at {source}",
            reason,
            "check the file or `data.csv`",
        ) from error


def paths(source: str) -> list[str]:
    """The files that a source stands for, sorted; of a folder all that lie below it, except in hidden ones and in
    those that hold what a command made of a log.

    A file with several names, by links, is taken once: by the name with the fewest links, so that `day=2024-03-01`
    above it still becomes a column.
    """
    names: dict[str, set[str]] = {}
    for match in [source] if Path(source).is_dir() else _matches(source):
        below = (Path(folder, file) for folder, files in _folders(match, hidden=(".", "_")) for file in files)
        for path in below if source and Path(match).is_dir() else [Path(match)]:
            if path.is_file():
                names.setdefault(_own_name(path), set()).add(str(path))
    # Links are counted where there is a choice alone, for each folder above is asked.
    return sorted(
        same.pop() if len(same) == 1 else min(same, key=lambda name: (_links(name), name)) for same in names.values()
    )


def _own_name(path: Path) -> str:
    """A name that all links to a file share; of hard links none is more the file's own than others."""
    found = path.stat()
    return f"{found.st_dev} {found.st_ino}" if found.st_nlink > 1 and found.st_ino else os.path.realpath(path)


def _matches(pattern: str) -> Iterator[str]:
    """The paths that a glob matches; `**` goes into each folder once, where Python's follows links in circles."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from glob(pattern)
        return
    place = parts.index("**")
    top, rest = Path(*parts[:place]), parts[place + 1 :]
    for root in glob(str(top)):
        folders = (folder for folder, _ in _folders(root, hidden=(".",))) if rest else [root]
        for folder in folders:
            yield from _matches(str(Path(escape(folder), *rest)))


def _folders(top: str, *, hidden: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """A folder and those below it, each once, with their files; linked ones last, so that their own names go first."""
    waiting, seen = deque([top]), set()
    while waiting:
        for folder, below, files in os.walk(waiting.popleft()):  # which goes into no link
            if (place := os.path.realpath(folder)) in seen:
                below.clear()
                continue
            seen.add(place)
            below[:] = [n for n in below if not n.startswith(hidden) and holds(Path(folder, n)) in (None, "a log")]
            waiting.extend(str(link) for name in below if (link := Path(folder, name)).is_symlink())
            yield folder, [name for name in files if not name.startswith(hidden)]


def _links(name: str) -> int:
    """How many links a path goes through."""
    return sum(part.is_symlink() for part in (Path(name), *Path(name).parents))


def _delimited(
    files: list[str], engine: Backend, options: dict[str, str | bool], as_text: Collection[str]
) -> ibis.Table:
    every: dict[str, object] = {"sample_size": -1, "files_to_sniff": -1, **options}
    sniffed = engine.read_csv(files, **{"union_by_name": True, "ignore_errors": True} | every).columns
    if text := {column: "VARCHAR" for column in sniffed if column in as_text}:
        every["types"] = text
    if len(files) == 1 or _alike(files, engine, every, sniffed):
        return _counted(files, engine, every)
    every["union_by_name"] = True  # for which DuckDB keeps no list of bad lines: one of them stops the reading
    return _kept(engine.read_csv(files, **every), engine, ibis.util.gen_name("churn"))


def _alike(files: list[str], engine: Backend, options: dict[str, object], columns: Sequence[str]) -> bool:
    """Whether every file has every column."""
    heads = options | {"ignore_errors": True, "sample_size": 1_000}
    try:
        return all(set(engine.read_csv(file, **heads).columns) == set(columns) for file in files)
    except duckdb.Error:
        return False


def _counted(files: list[str], engine: Backend, options: dict[str, object]) -> ibis.Table:
    """The lines that can be read, and a row of nulls for each that cannot."""
    rejects, name = ibis.util.gen_name("rejects"), ibis.util.gen_name("churn")
    counted = {"store_rejects": True, "rejects_table": rejects, "rejects_scan": f"{rejects}_scan"}
    table = _kept(engine.read_csv(files, **counted | options), engine, name)
    nulls = ", ".join(f"NULL AS c{i}" for i in range(len(table.columns)))
    lines = f'SELECT DISTINCT file_id, line FROM "{rejects}"'
    engine.raw_sql(f'INSERT INTO "{name}" SELECT {nulls} FROM ({lines})')
    return table


def _kept(table: ibis.Table, engine: Backend, name: str) -> ibis.Table:
    return engine.create_table(name, table, temp=True)
