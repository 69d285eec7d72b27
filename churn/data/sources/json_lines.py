"""JSON as a table: an object a line, or an array of objects."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import Any

import ibis
from ibis.backends.duckdb import Backend

from churn.data.sources.delimited import ISO_TIMES
from churn.data.sources.encodings import beneath
from churn.data.sources.wholeness import unpacked
from churn.disk import temporary_folder

_ALL_FILES = 1 << 31
_LINES = (  # each line as one text, which JSON cannot break: it writes signs such as \\x01 in another way
    "read_csv(?, delim='\x01', quote='', escape='', header=false, auto_detect=false, strict_mode=false, "
    "columns={'text': 'VARCHAR'}, max_line_size=20000000)"
)
_PLAIN = "FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE ''"  # a column of text as it is
_GOOD = "starts_with(ltrim(text), '{') AND json_valid(text)"


def open_json(paths: Sequence[str], engine: Backend) -> tuple[ibis.Table, list[tuple[str, int, str]]]:
    """Read JSON into a temporary table; times not in ISO 8601 are left as text.

    Returns:
        The table, and each line or array element that is not an object: its file, its number and its text.
    """
    if _is_array(paths[0]):
        table = _table([escape(path) for path in paths], engine, {"format": "array"})
        if table.columns != ("json",):
            return table, []
        with temporary_folder() as folder:  # some element is no object
            return open_json([_as_lines(path, engine, folder) for path in paths], engine)
    broken = [(path, *line) for path in paths for line in _broken(path, engine)]
    options = {"format": "newline_delimited", "ignore_errors": True}
    mended = {path for path, *_ in broken} | {path for path in paths if _head(path).startswith(BOM_UTF8)}
    if not mended:
        return _table([escape(path) for path in paths], engine, options), []
    with temporary_folder() as folder:
        names = [_mended(path, engine, folder) if path in mended else path for path in paths]
        return _table([escape(name) for name in names], engine, options), broken


def _head(path: str) -> bytes:
    with unpacked(path) as stream:
        return bytes(stream.read(1 << 12))


def _is_array(path: str) -> bool:
    return _head(path).removeprefix(BOM_UTF8).lstrip().startswith(b"[")


def _broken(path: str, engine: Backend) -> list[tuple[int, str]]:
    lines = f"SELECT row_number() OVER () AS line, text FROM {_LINES}"
    query = f"SELECT line, text FROM ({lines}) WHERE trim(text) <> '' AND NOT ({_GOOD})"
    found: list[tuple[int, str]] = engine.con.execute(query, [escape(path)]).fetchall()
    return found


def _mended(path: str, engine: Backend, folder: Path) -> str:
    """A copy of a file without lines that are not objects and without a byte order mark, which hides the first line."""
    target = beneath(folder, path).with_suffix(".json")
    lines = f"SELECT text FROM {_LINES} WHERE {_GOOD}"
    engine.con.execute(f"COPY ({lines}) TO {_quoted(str(target))} ({_PLAIN})", [escape(path)])
    return str(target)


def _as_lines(path: str, engine: Backend, folder: Path) -> str:
    """A copy of an array with each element on a line of its own."""
    target = beneath(folder, path).with_suffix(".json")
    array = f"read_json({_quoted(escape(path))}, format = 'array', records = 'false')"
    elements = f"SELECT coalesce(CAST(json(json) AS VARCHAR), 'null') FROM {array}"
    engine.con.execute(f"COPY ({elements}) TO {_quoted(str(target))} ({_PLAIN})")
    return str(target)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _table(names: list[str], engine: Backend, options: dict[str, Any]) -> ibis.Table:
    every = options | {"union_by_name": True, "sample_size": -1, "maximum_sample_files": _ALL_FILES} | ISO_TIMES
    return engine.create_table(ibis.util.gen_name("churn"), engine.read_json(names, **every), temp=True)
