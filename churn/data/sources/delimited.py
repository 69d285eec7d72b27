"""Delimited text as a table, and every line that cannot be read."""

from collections.abc import Collection, Mapping, Sequence
from glob import escape
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from churn.data.sources.encodings import as_utf8, encoding_of
from churn.errors import UserError

ISO_TIMES = {"dateformat": "%Y-%m-%d", "timestampformat": "%Y-%m-%d %H:%M:%S"}  # DuckDB would guess others' order
_FORMATS = {*ISO_TIMES}
_WRONG_LINES = 0.01  # share of lines in another encoding from which on it is the file's
_DELIMITERS = ";\t|,"

Options = Mapping[str, str | bool]
Broken = list[tuple[str, int, str]]  # lines: the file, the number, the text


def open_delimited(
    paths: Sequence[str], engine: Backend, options: Options, as_text: Collection[str]
) -> tuple[ibis.Table, Broken]:
    """Read delimited text into a temporary table.

    Args:
        paths: The files.
        engine: The DuckDB in which the table is made.
        options: DuckDB's reader options; any encoding that Python knows.
        as_text: Columns that are never numbers, whatever they look like.

    Returns:
        The table, and each line that cannot be read: its file, its number and its text.

    Raises:
        UserError: for text in another encoding.
    """
    given = dict(options)
    encoding = given.pop("encoding", None)
    if encoding is None:
        _check_encoding(paths)
    else:
        given.pop("compression", None)
    with as_utf8(paths, None if encoding is None else str(encoding)) as plain:
        return _delimited([escape(path) for path in plain], engine, given, as_text)


def likely_options(path: str) -> dict[str, str]:
    """The options that a file's first lines ask for.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        ...     _ = file.write(b"name;wert%sJ%srgen;12,5" % (bytes([10]), bytes([252]))), file.flush()
        ...     likely_options(file.name)
        {'delim': ';', 'encoding': 'cp1252'}
    """
    encoding = encoding_of(path, whole=True)
    with as_utf8([path], encoding) as plain, Path(plain[0]).open(encoding="utf-8", errors="replace") as file:
        lines = [line for _, line in zip(range(50), file, strict=False)]
    even = {sign: {line.count(sign) for line in lines} for sign in _DELIMITERS}
    signs = [sign for sign, counts in even.items() if len(counts) == 1 and counts != {0}]
    found = {"delim": signs[0] if signs else None, "encoding": encoding}
    return {option: value for option, value in found.items() if value is not None}


def _check_encoding(paths: Sequence[str]) -> None:
    for path in paths:
        if encoding_of(path) is not None:
            raise _other_encoding(path)


def _other_encoding(path: str) -> UserError:
    said = ", ".join(f'{key}: "{value}"' for key, value in likely_options(path).items())
    return UserError(f"expected text in UTF-8 in {path}", "another encoding", f"set `data.csv: {{{said}}}`")


def _delimited(
    files: list[str], engine: Backend, options: dict[str, str | bool], as_text: Collection[str]
) -> tuple[ibis.Table, Broken]:
    formats = {} if _FORMATS & {*options} else ISO_TIMES
    every: dict[str, object] = {"sample_size": -1, "files_to_sniff": -1, **formats, **options}
    sniffed = engine.read_csv(files, **{"union_by_name": True, "ignore_errors": True} | every).schema()
    # A time with a zone would be read by DuckDB's rules, which know zones that mean different things.
    zoned = {name for name, kind in sniffed.items() if formats and kind.is_timestamp() and kind.timezone}
    if text := {column: "VARCHAR" for column in sniffed if column in as_text or column in zoned}:
        every["types"] = text
    if len(files) == 1 or _alike(files, engine, every, sniffed.names):
        return _counted(files, engine, every)
    every["union_by_name"] = True  # for which DuckDB keeps no list of bad lines: a single one stops the reading
    return engine.create_table(ibis.util.gen_name("churn"), engine.read_csv(files, **every), temp=True), []


def _alike(files: list[str], engine: Backend, options: dict[str, object], columns: Sequence[str]) -> bool:
    """Whether every file has every column."""
    heads = options | {"ignore_errors": True, "sample_size": 1_000}
    try:
        return all(set(engine.read_csv(file, **heads).columns) == set(columns) for file in files)
    except duckdb.Error:
        return False


def _counted(files: list[str], engine: Backend, options: dict[str, object]) -> tuple[ibis.Table, Broken]:
    """A table of the lines that can be read, and a list of all other lines."""
    rejects, scan = ibis.util.gen_name("rejects"), ibis.util.gen_name("scan")
    counted = {"store_rejects": True, "rejects_table": rejects, "rejects_scan": scan}
    lines = engine.read_csv(files, **counted | options)
    table = engine.create_table(ibis.util.gen_name("churn"), lines, temp=True)
    query = f"""
        SELECT file_path, line, any_value(csv_line), bool_or(error_type = 'INVALID ENCODING')
        FROM "{rejects}" JOIN "{scan}" USING (scan_id, file_id) GROUP BY ALL ORDER BY file_path, line
    """
    found = engine.con.execute(query).fetchall()
    wrong = [path for path, _, _, encoding in found if encoding]
    if len(wrong) > _WRONG_LINES * (len(found) + int(table.count().execute())):
        raise _other_encoding(wrong[0])
    return table, [(path, line, text) for path, line, text, _ in found]
