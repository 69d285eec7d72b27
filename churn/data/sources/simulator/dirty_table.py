"""A clean table made dirty, day by day."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churn.data.sources.simulator.dirt import KINDS, NEEDS, Dirt
from churn.data.sources.simulator.latent import FAN_EVENTS, OWN_EVENTS, Bools, Ints
from churn.data.sources.simulator.population import DAY_SECONDS, seconds_of_day
from churn.data.sources.simulator.rows import Names, amounts

OF_CLEAN_ROWS = ("repeated_event_id", "late", "foreign_zone")  # made of the log's own rows; all others are made up
DELAYED = {"late": 2, "repeated_event_id": 1}  # days at least
DELAY_DAYS = 14  # days at most
UNREADABLE = pa.array([None, "", "yesterday", "2022-02-30T10:00:00+00:00", "31.12.2022 25:61"])
ZONES = {"+00:00": 0, "+09:00": 32_400, "-05:00": -18_000, "+05:30": 19_800, "-08:00": -28_800}  # seconds ahead


class DirtyTable:
    """Turns one table's clean days into dirty ones and counts what was planted.

    Args:
        schema: The schema of the clean table.
        dirt: The numbers of rows to plant.
        names: The names of the platform.
        n_days: The days of the span.
        rng: A generator of its own, so that the clean rows equal the log without dirt.

    Example:
        >>> from churn.data.sources.simulator.population import Preset
        >>> from churn.data.sources.simulator.rows import STICKERS_SCHEMA
        >>> names = Names(Preset(n_creators=9, n_residents=9, n_fans=50, n_days=1))
        >>> rng = np.random.default_rng(0)
        >>> table = DirtyTable(STICKERS_SCHEMA, dirt=Dirt(null_amount=2), names=names, n_days=1, rng=rng)
        >>> table.soil(STICKERS_SCHEMA.empty_table(), 0)["amount"].to_pylist()
        [None, None]
    """

    def __init__(self, schema: pa.Schema, *, dirt: Dirt, names: Names, n_days: int, rng: np.random.Generator) -> None:
        self.schema = dirty(schema)
        self.planted = {kind: 0 for kind in KINDS if NEEDS.get(kind, "user_id") in schema.names}
        self._names, self._n_days, self._rng, self._n_ids = names, n_days, rng, 0
        self._due = {kind: self._spread(kind, getattr(dirt, kind)) for kind in self.planted}
        self._held: defaultdict[int, list[pa.Table]] = defaultdict(list)  # rows by the day on which they come

    def soil(self, clean: pa.Table, day: int) -> pa.Table:
        """Plant the dirt that is due on a day among its clean rows; some clean rows are delayed by some days."""
        rows = self._written(clean, abroad=self._some(clean.num_rows, self._take("foreign_zone", day, clean.num_rows)))
        late = self._some(len(rows), self._take("late", day, len(rows)))
        self._hold("late", rows.filter(pa.array(late)), day)
        rows = rows.filter(pa.array(~late))
        repeated = self._take("repeated_event_id", day, None if len(rows) else 0)
        self._hold("repeated_event_id", rows.take(pa.array(self._rng.integers(0, max(len(rows), 1), repeated))), day)
        kinds = [kind for kind in self.planted if kind not in OF_CLEAN_ROWS]
        made_up = [self._made_up(kind, self._take(kind, day, None), day) for kind in kinds]
        return self._mixed(rows, pa.concat_tables([*made_up, *self._held.pop(day, [])]))

    def ledger(self) -> Iterator[tuple[str, int]]:
        """Each kind by the ledger's name, with the rows planted so far."""
        return ((KINDS[kind], rows) for kind, rows in self.planted.items())

    def _spread(self, kind: str, rows: int) -> Ints:
        """Draw the day of each row of a kind and count them, (n_days,); delayed rows need days to come."""
        return np.bincount(self._rng.integers(0, self._days(kind), rows), minlength=self._n_days)

    def _days(self, kind: str) -> int:
        """The number of days of the span, from the first on, that may have the kind."""
        return max(self._n_days - DELAYED.get(kind, 0), 1)

    def _take(self, kind: str, day: int, available: int | None) -> int:
        """Count the rows of a kind that are due, as far as they are `available`; the rest is due on the next day."""
        due = int(self._due[kind][day])
        n = due if available is None else min(due, available)
        n = n if day < self._days(kind) else 0
        if day + 1 < self._n_days:
            self._due[kind][day + 1] += due - n
        self.planted[kind] += n
        return n

    def _some(self, n: int, k: int) -> Bools:
        """Mark k of n rows."""
        chosen = np.zeros(n, bool)
        chosen[self._rng.choice(n, k, replace=False)] = True
        return chosen

    def _hold(self, kind: str, rows: pa.Table, day: int) -> None:
        """Keep rows until they come, on the last day at the latest."""
        delay = self._rng.integers(DELAYED[kind], DELAY_DAYS + 1, len(rows))
        comes = np.minimum(day + delay, self._n_days - 1)
        for when in np.unique(comes):
            self._held[int(when)].append(rows.filter(pa.array(comes == when)))

    def _written(self, rows: pa.Table, *, abroad: Bools) -> pa.Table:
        """Give rows their ids, and their moments as text, in other zones where they are from `abroad`, (n,)."""
        zone = np.where(abroad, self._rng.integers(1, len(ZONES), len(rows)), 0)
        seconds = rows["timestamp"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[s]").astype(np.int64)
        local = pa.array(seconds + np.array(list(ZONES.values()))[zone], type=pa.timestamp("s")).cast(pa.string())
        local = pc.replace_substring(local, " ", "T")
        text = pc.binary_join_element_wise(local, pa.array(list(ZONES)).take(pa.array(zone)), "")
        numbers = pa.array(np.arange(self._n_ids, self._n_ids + len(rows))).cast(pa.string())
        self._n_ids += len(rows)
        return _with(rows, "timestamp", text).add_column(0, "event_id", numbers).cast(self.schema)

    def _made_up(self, kind: str, n: int, day: int) -> pa.Table:
        """Make n rows that would change the counts if they were not rejected."""
        days = np.full(n, day)
        if kind == "before_span":
            days = -self._rng.integers(1, 366, n)
        elif kind == "after_span":
            days = self._n_days + self._rng.integers(0, 365, n)
        rows = self._written(self._plausible(days), abroad=np.zeros(n, bool))
        if kind.startswith("null_"):
            return _with(rows, kind.removeprefix("null_"), None)
        if kind == "unreadable_timestamp":
            return _with(rows, "timestamp", UNREADABLE.take(pa.array(self._rng.integers(0, len(UNREADABLE), n))))
        if kind == "negative_amount":
            return _with(rows, "amount", pc.negate(rows["amount"]))
        if kind == "non_member":
            return self._strange(rows)
        return rows

    def _plausible(self, days: Ints) -> pa.Table:
        """Rows as the clean table has them, one on each of the days: own and fans' events alike, or stickers."""
        room = self._rng.integers(0, self._names.n_creators, len(days))
        by_fan = self._rng.random(len(days)) < 0.5
        if "amount" in self.schema.names:
            by_fan[:] = True
        actor = np.where(by_fan, self._names.fans(room, rng=self._rng), room)
        columns = {
            "user_id": self._names.actors.take(pa.array(room)),
            "actor_id": self._names.actors.take(pa.array(actor)),
            "event": pa.array(np.where(by_fan, FAN_EVENTS[0], OWN_EVENTS[0]), type=pa.string()),
            "timestamp": self._names.moments(days * DAY_SECONDS + seconds_of_day(len(days), rng=self._rng)),
            "amount": amounts(len(days), rng=self._rng),
        }
        return pa.table({name: columns[name] for name in self.schema.names if name in columns})

    def _strange(self, rows: pa.Table) -> pa.Table:
        """Move the rows to rooms on no list; rows by a room's owner stay by the owner."""
        strange = pc.replace_substring_regex(rows["user_id"], "^c", "x")
        own = pc.equal(rows["user_id"], rows["actor_id"])
        return _with(_with(rows, "actor_id", pc.if_else(own, strange, rows["actor_id"])), "user_id", strange)

    def _mixed(self, rows: pa.Table, others: pa.Table) -> pa.Table:
        """Put the others at random places among the rows, which keep their order."""
        place = np.concatenate([np.arange(len(rows)), self._rng.uniform(-1, len(rows), len(others))])
        return pa.concat_tables([rows, others]).take(pa.array(np.argsort(place, kind="stable")))


def dirty(schema: pa.Schema) -> pa.Schema:
    """The columns of a dirty table: `event_id` before the clean ones, and text for timestamps."""
    text = schema.set(schema.get_field_index("timestamp"), pa.field("timestamp", pa.string()))
    return text.insert(0, pa.field("event_id", pa.string()))


def _with(rows: pa.Table, column: str, values: pa.Array | None) -> pa.Table:
    """Replace a column, by nulls if no values are given."""
    place = rows.schema.get_field_index(column)
    values = pa.nulls(len(rows), rows.schema.field(place).type) if values is None else values
    return rows.set_column(place, column, values)
