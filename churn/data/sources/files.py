"""Files of a log as tables of the embedded DuckDB: parquet, spreadsheets, delimited text and JSON, also compressed."""

import os
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from glob import escape, glob
from itertools import takewhile
from pathlib import Path

import duckdb
import ibis
from ibis import _
from ibis.backends.duckdb import Backend

from churn.data.sources.delimited import open_delimited
from churn.data.sources.encodings import encoding_of
from churn.data.sources.json_lines import open_json
from churn.data.sources.passwords import without_password
from churn.data.sources.spreadsheets import open_sheets
from churn.data.sources.wholeness import check_parquet, check_text
from churn.errors import UserError
from churn.folder import holds

UNREADABLE = "unreadable line"  # an unreadable line's place and text, in a column of a table that has any
_PARQUET = re.compile(r"\.(parquet|pq)$", re.IGNORECASE)
_SHEETS = re.compile(r"\.(xlsx|xlsm)$", re.IGNORECASE)
_SIGN = re.compile(r"[*?\[]")  # wildcards of a glob
_JSON_LINES = re.compile(r"\.(jsonl|ndjson|json)(\.\w+)?$", re.IGNORECASE)


def open_files(
    source: str, *, engine: Backend, csv: Mapping[str, str | bool] | None = None, as_text: Collection[str] = ()
) -> ibis.Table:
    """Open a file, a glob or a folder, whose `key=value` subfolders become columns.

    Parquet stays where it is. Text is read once into a temporary table, all of it before a column's type is settled,
    so that a value that does not fit makes a column of text instead of an error; a line that cannot be read is kept
    as a row of nulls, to be rejected and counted, with its place and text in the column `UNREADABLE`.

    Args:
        source: The file, glob or folder.
        engine: The DuckDB in which the table is made.
        csv: DuckDB's reader options for delimited text.
        as_text: Columns of delimited text that are never numbers or dates, whatever they look like: ids and names.

    Raises:
        UserError: if there is no such file, or it cannot be read.
    """
    files = paths(source)
    if not files:
        found = f"{without_password(source)!r}, which matches none"
        raise UserError("expected a file, a folder or a glob", found, "check the path")
    kind = files[0]
    try:
        if _PARQUET.search(kind):
            # DuckDB would expand a glob in a file's name again.
            table = engine.read_parquet([escape(file) for file in files], union_by_name=True)
            for file in files:
                check_parquet(file)
            return table
        if _SHEETS.search(kind):
            return open_sheets(files, engine, as_text)
        lines = _JSON_LINES.search(kind)
        for file in files:
            check_text(file, compression="auto" if lines else str((csv or {}).get("compression", "auto")))
        table, broken = open_json(files, engine) if lines else open_delimited(files, engine, csv or {}, as_text)
        return _with_broken(table, broken)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"expected readable parquet, JSON lines or delimited text at {source}",
            reason,
            "check the file or `data.csv`",
        ) from error


def _with_broken(table: ibis.Table, broken: Sequence[tuple[str, int, str]]) -> ibis.Table:
    """The rows of a table, and one of nulls for each line that cannot be read."""
    if not broken:
        return table
    lines = ibis.memtable({UNREADABLE: [f"{Path(path).name}, line {line}: {text}" for path, line, text in broken]})
    nulls = lines.select(
        **{name: ibis.null(kind) for name, kind in table.schema().items()}, **{UNREADABLE: _[UNREADABLE]}
    )
    return table.mutate(**{UNREADABLE: ibis.null("string")}).union(nulls)


def likely_encoding(source: str) -> str | None:
    """The encoding that delimited text asks to be read in; None for UTF-8, other files and tables of a database."""
    texts = [path for path in paths(source) if not any(kind.search(path) for kind in (_PARQUET, _SHEETS, _JSON_LINES))]
    return next((encoding for path in texts if (encoding := encoding_of(path))), None)


def paths(source: str) -> list[str]:
    """The files that a source stands for, sorted; of a folder all below it, except in hidden folders and in folders
    that a command wrote.

    A file with several names, by links, is taken once: by the name with the fewest links, so that `day=2024-03-01`
    above it still becomes a column.
    """
    names: dict[str, set[str]] = {}
    for match in [source] if Path(source).is_dir() else _logs(source):
        below = (Path(folder, file) for folder, files in _folders(match, hidden=(".", "_")) for file in files)
        for path in below if source and Path(match).is_dir() else [Path(match)]:
            if path.is_file():
                names.setdefault(_own_name(path), set()).add(str(path))
    # Links are counted only where there is a choice, since every folder above a file has to be asked.
    return sorted(
        same.pop() if len(same) == 1 else min(same, key=lambda name: (_links(name), name)) for same in names.values()
    )


def _logs(source: str) -> Iterator[str]:
    """The file of this name, or a glob's matches, except in folders that a command wrote and that a wildcard matched:
    a folder named in full is asked for."""
    if Path(source).is_file():
        yield source
        return
    named = sum(1 for _ in takewhile(lambda part: not _SIGN.search(part), Path(source).parts))

    @cache
    def made(folder: Path) -> bool:
        return len(folder.parts) > named and (holds(folder) not in (None, "a log") or made(folder.parent))

    for match in _matches(source):
        if not made(Path(match) if Path(match).is_dir() else Path(match).parent):
            yield match


def _own_name(path: Path) -> str:
    """A name that all links to a file share: its inode where it has hard links, else its real path."""
    found = path.stat()
    return f"{found.st_dev} {found.st_ino}" if found.st_nlink > 1 and found.st_ino else os.path.realpath(path)


def _matches(pattern: str) -> Iterator[str]:
    """The paths that a glob matches; `**` enters each folder once, while Python's follows circular links."""
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
    """A folder and all folders below it, each once, with their files; linked folders last, so that real names win."""
    waiting, seen = deque([top]), set()
    while waiting:
        for folder, below, files in os.walk(waiting.popleft()):  # which follows no link
            if (place := os.path.realpath(folder)) in seen:
                below.clear()
                continue
            seen.add(place)
            below[:] = [n for n in below if not n.startswith(hidden) and holds(Path(folder, n)) in (None, "a log")]
            waiting.extend(str(link) for name in below if (link := Path(folder, name)).is_symlink())
            yield folder, [name for name in files if not name.startswith(hidden)]


def _links(name: str) -> int:
    """The number of links that a path goes through."""
    return sum(part.is_symlink() for part in (Path(name), *Path(name).parents))
