"""Tables beside the log, such as visits of activities: columns found, times as days, in the embedded DuckDB."""

from collections.abc import Mapping, Sequence

import ibis

from churn.data.config.data_config import DataConfig
from churn.data.config.time_formats import FORMAT_KEY
from churn.data.log.dialects import open_session
from churn.data.log.events import with_day
from churn.data.log.times import with_moments, written
from churn.data.sources import Engines, Frame, moved, open_table
from churn.errors import UserError


def read_beside(
    source: str,
    mapping: Mapping[str, str | None] | None,
    *,
    key: str,
    needed: Sequence[str],
    others: Sequence[str] = (),
    times: Sequence[str] = (),
    data: DataConfig,
    engines: Engines,
    frames: Mapping[str, Frame] | None = None,
) -> ibis.Table:
    """A table under standard names: each of `times` as a moment, <name>_at, and as <name>_day, days since 1970.

    Args:
        source: As in `open_table`.
        mapping: Standard name to the table's own; null leaves a column unused. time_format holds for all times.
        key: The mapping's key in the configuration, for messages.
        needed: Standard columns that the table has to have.
        others: Standard columns that it may have.
        times: Which of these are times; the rest is read as text.
        data: The `data:` block, for `csv` and `zone`.
        engines: The engines; rows of databases are streamed into the embedded DuckDB.
        frames: Data frames by name.

    Raises:
        UserError: for an unknown standard name, a column that is not there, and times that cannot be read.
    """
    given = dict(mapping or {})
    form, known = given.pop(FORMAT_KEY, None), (*needed, *others)
    if unknown := sorted({*given} - {*known}):
        raise UserError(f"expected {key} out of {', '.join(known)}", unknown[0], "correct the key")
    wanted = {name: own for name in known if (own := given.get(name, name)) is not None}
    table = open_table(source, engines=engines, frames=frames, csv=data.csv, as_text=[*wanted.values()])
    open_session(engines.local)
    if lacking := [
        wanted.get(n, n) for n in known if wanted.get(n) not in table.columns and (n in needed or n in given)
    ]:
        there = f"the columns {', '.join(table.columns)}"
        raise UserError(f"expected the column {lacking[0]!r} in {source}", there, f"map it in {key}")
    found = {name: table[own] for name, own in wanted.items() if own in table.columns}
    typed = {f"{n}_at" if n in times else n: c if n in times else c.cast("string") for n, c in found.items()}
    table = moved(table.select(**typed), engines.local)
    for name in (name for name in times if name in found and not found[name].type().is_null()):
        column = f"{name}_at"
        how = written(table, column, asked=form, name=f"{source}.{wanted[name]}", key=key)
        days = with_day(with_moments(table, how, column=column).rename(timestamp=column), zone=data.zone)
        table = days.rename({f"{name}_day": "day", column: "timestamp"}).drop(*{"written", "dated"} & {*days.columns})
    return table


def as_moments(table: ibis.Table, column: str, *, form: str | None, key: str, engines: Engines) -> ibis.Table:
    """The table with a column of times as moments, null where one cannot be read, in the embedded DuckDB.

    Args:
        table: The table.
        column: The column.
        form: The format of strptime that the configuration names.
        key: The mapping's key in the configuration, for messages.
        engines: The engines.

    Raises:
        UserError: for a column without times, a format that does not fit, or one that several formats fit.
    """
    if table[column].type().is_null():
        return table
    table = moved(table, engines.local)
    open_session(engines.local)
    how = written(table, column, asked=form, name=column, key=key)
    read = with_moments(table, how, column=column)
    return read.drop(*({"written", "dated"} - {*table.columns}) & {*read.columns})
