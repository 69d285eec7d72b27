"""Agreement of an engine with the default one: the same tables read in either, and the first value that differs."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis.backends import BaseBackend

from churn.data.config.data_config import DataConfig
from churn.data.dataset import Dataset, prepare
from churn.data.log.dialects import DIALECTS, dialect_of
from churn.data.log.events import Columns, standard_columns
from churn.data.log.tables import open_sources
from churn.data.sources import Engines, Frame, moved, readable_to_the_last_row
from churn.data.windows.panel import Panel
from churn.errors import UserError

_ALIKE = 1e-6  # relative; amounts are added up in any order, and kept in 32 bits
_LISTS = ("daily", "stickers", "members", "outcomes")
Key = tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A value of a data set that two engines count differently; None where one has none."""

    place: Key  # the part, and whose value of which day and column
    default: Any
    engine: Any


def sample_of(config: DataConfig, *, rows: int, spill: Path) -> dict[str, pa.Table]:
    """The tables of a configuration by their names, of some users, who have about a number of rows in the first.

    Raises:
        UserError: for a source or column that is not there.
    """
    with Engines(spill) as engines, readable_to_the_last_row():
        opened = {}
        for name, table in open_sources(config, engines=engines, frames={}).items():
            opened[name] = table if table.get_backend().name in DIALECTS else moved(table, engines.local)
        share = math.ceil(int(next(iter(opened.values())).count().execute()) / rows)
        drawn = {name: _drawn(table, name, config, share) for name, table in opened.items()}
        return {name: moved(table, engines.local).to_pyarrow() for name, table in drawn.items()}


def difference(
    config: DataConfig, tables: Mapping[str, pa.Table], *, engine: BaseBackend, folder: Path
) -> Difference | None:
    """The first value that an engine counts differently from the default one; None where all are equal.

    An error that a user can mend is a value, too: both have to raise it.

    Args:
        config: The `data:` block, whose sources are taken from the tables.
        tables: Tables by their names in the configuration.
        engine: The other engine.
        folder: A folder for what is counted.
    """
    named = _with_names(config)
    there = {name: engine.create_table(ibis.util.gen_name("churn"), table, temp=True) for name, table in tables.items()}
    one, other = (_values(named, frames, folder / place) for place, frames in (("here", tables), ("there", there)))
    for place in (*one, *(key for key in other if key not in one)):
        found = one.get(place), other.get(place)
        if not _same(*found):
            return Difference(place, *found)
    return None


def _drawn(table: ibis.Table, name: str, config: DataConfig, share: int) -> ibis.Table:
    columns = Columns.find(table, config.mappings[name], standard=standard_columns(name), name=name)
    user = table[columns.names["user_id"]].cast("string").coalesce("")
    return table if share < 2 else table.filter(dialect_of(table).hashed(user) % share == 0)


def _with_names(config: DataConfig) -> DataConfig:
    """The configuration with the tables' names in place of their sources; of one source, the first one's name."""
    names: dict[str, str] = {}
    for name, source in config.sources.items():
        names.setdefault(source, name)
    logs: list[str | dict[str, Any]] = [log.block | {"source": names[log.source]} for log in config.logs]
    others: dict[str, Any] = {name: names[source] for name in _LISTS if (source := getattr(config, name)) is not None}
    return replace(config, events=logs or None, event_columns=None, **others)


def _values(config: DataConfig, frames: Mapping[str, Frame], folder: Path) -> dict[Key, Any]:
    try:
        dataset = prepare(config, folder, frames=frames, unsplit=True)
    except UserError as error:
        return {("error",): str(error)}
    return dict(_every(dataset))


def _every(dataset: Dataset) -> Iterator[tuple[Key, Any]]:
    """Each value that was counted, with its place."""
    panel = dataset.panel
    for name, rows in dataset.reconciliation.items():
        fates = {fate: n for fate, n in rows.items() if fate != "rejected"} | rows["rejected"]
        yield from (((name, fate), n) for fate, n in fates.items())
    yield from ((("user", str(place)), user) for place, user in enumerate(panel.users))
    yield ("features",), panel.features
    yield ("unknown_events",), dataset.unknown_events
    yield ("first_day",), panel.date(0)
    yield ("n_days",), panel.n_days
    for kind, found in (("repeats", dataset.repeats), ("spellings", dataset.spellings)):
        yield from (((kind, name), json.dumps(asdict(one))) for name, one in found.items())
    yield from _days(panel)
    moments = [("people", panel.people), ("rhythm", None if dataset.rhythm is None else dataset.rhythm.rows)]
    for kind, found_rows in moments:
        yield from _of_rows(kind, panel, found_rows)


def _days(panel: Panel) -> Iterator[tuple[Key, Any]]:
    """The values of the panel, and which of its days are active."""
    columns = {name: panel.counts[:, place] for place, name in enumerate(panel.features)} | {"active": panel.active}
    columns |= {} if panel.amounts is None else {"amount": panel.amounts}
    columns |= {} if panel.reported is None else {"reported": panel.reported}
    columns |= {} if panel.levels is None else {n: panel.levels[:, p] for p, n in enumerate(panel.level_names)}
    for name, values in columns.items():
        there = np.asarray(values) != 0
        for user, day, value in zip(*panel.days_where(there), np.asarray(values)[there].tolist(), strict=True):
            yield ("day", str(panel.users[user]), str(panel.date(day).date()), name), value


def _of_rows(kind: str, panel: Panel, rows: Any) -> Iterator[tuple[Key, Any]]:
    names = [] if rows is None else [name for name in rows.dtype.names if name not in ("user", "day")]
    for row in [] if rows is None else rows[1:]:  # the first is of no user
        place = kind, str(panel.users[row["user"]]), str(panel.date(row["day"]).date())
        yield from (((*place, name), row[name].item()) for name in names)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ALIKE) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)
