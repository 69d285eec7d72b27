"""A platform's log drawn from the latent model, written day by day beside its exact truth."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from churn.artefacts import atomic, prepare_folder
from churn.data.sources.latent import (
    AWAY,
    AWAY_EVENTS,
    FAN,
    FAN_EVENTS,
    OWN_EVENTS,
    Bools,
    Emissions,
    Floats,
    Ints,
    LatentModel,
    Outlook,
    Rates,
    horizon_outlook,
    latent_model,
)
from churn.errors import UserError

HISTORY_DAYS = AT_RISK_DAYS = HORIZON_DAYS = 7
DAY_SECONDS = 86_400
SETTLING_DAYS = 160  # by then the residents' engagement and attention have found their balance
REGULARS = 200  # fans that a room draws on
ROWS_IN_MEMORY = 1 << 20  # rows of a file that wait for their row group
EVENTS = (*OWN_EVENTS, *FAN_EVENTS, *AWAY_EVENTS)
CATEGORIES = ("music", "art", "gaming", "talk", "sport")
TIERS = ("bronze", "silver", "gold")
# relative traffic of the hours 0 to 23 UTC: a trough at four, a peak at eight in the evening
HOURS = np.array([5, 3, 2, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 7, 8, 9, 11, 13, 14, 13, 11, 8]) / 154
SECOND = pa.timestamp("us", tz="UTC")  # parquet knows no unit of seconds

EVENTS_SCHEMA = pa.schema(
    {"user_id": pa.string(), "actor_id": pa.string(), "event": pa.string(), "timestamp": SECOND},
)
STICKERS_SCHEMA = pa.schema(
    {"user_id": pa.string(), "actor_id": pa.string(), "timestamp": SECOND, "amount": pa.float64()},
)
MEMBERS_SCHEMA = pa.schema(
    {"user_id": pa.string(), "joined": SECOND, "category": pa.string(), "tier": pa.string()},
)
PROBABILITIES = ("p_churn", "p_sticker", "p_both", "p_churn_observed", "p_sticker_observed", "p_both_observed")
TRUTH_SCHEMA = pa.schema(
    {"user_id": pa.string(), "cutoff": pa.timestamp("us"), **dict.fromkeys(PROBABILITIES, pa.float64())},
)


@dataclass(frozen=True)
class Preset:
    """The size of a simulated platform and how its people behave."""

    n_creators: int
    n_residents: int  # creators who joined before the first day; the rest joins during the span
    n_fans: int
    n_days: int
    first_day: date = date(2022, 11, 10)
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True)
class Population:
    """The creators in the order in which they joined, which is also the order of their ids."""

    joined: Ints  # (n,) seconds since the first day began, negative for residents
    live_from: Ints  # (n,) first day with emissions, the day after joining
    prior: Floats  # (n, s) distribution of the state on that day
    states: Ints  # (n,) the state on that day
    category: Ints  # (n,) index into CATEGORIES, independent of everything else
    tier: Ints  # (n,) index into TIERS, higher for the engaged in half of the cases


@dataclass(frozen=True)
class Day:
    """The m creators of one day: what is true and what can be known before it, then what it brings."""

    number: int  # days since the first
    states: Ints  # (m,)
    belief: Floats  # (m, s) distribution of the state given all earlier days
    at_risk: Bools  # (m,) own activity on the days just before
    seen: Emissions


PRESETS = {
    "small": Preset(n_creators=400, n_residents=340, n_fans=5_000, n_days=120),
    # the reference study: its weeks, rows, windows and rates, and a truth about as far from certain as its scores are
    "study": Preset(
        n_creators=1_590,
        n_residents=1_400,
        n_fans=60_000,
        n_days=139,
        rates=Rates(
            own=((0.001, 0.0005, 0.001), (0.6, 0.1, 0.6), (2, 0.5, 1.4)),
            fan=((1, 2, 6), (4, 10, 18), (22, 50, 80)),
            away=((0.005, 0.003), (1, 0.5), (2, 1)),
            sticker_active=(0.005, 0.017, 0.054),
            engagement_down=(0.22, 0.12, 0.06),
            engagement_up=(0.008, 0.04, 0.08),
            arriving_engagement=(0.1, 0.5, 0.4),
        ),
    ),
    "large": Preset(
        n_creators=60_000,
        n_residents=50_000,
        n_fans=1_000_000,
        n_days=180,
        rates=Rates(fan=((0.5, 1, 2.5), (2, 4.5, 8), (6.5, 15, 25))),
    ),
}


def simulate(preset: Literal["small", "study", "large"], *, seed: int, out: Path) -> None:
    """Write `events.parquet`, `stickers.parquet`, `members.parquet` and `truth.parquet` to the folder `out`.

    The same preset and seed give the same bytes. Truth has one row per creator and cutoff at risk, up to the day after
    the last.

    Raises:
        UserError: if the preset is unknown or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> simulate("small", seed=1, out=folder)
        >>> sorted(path.name for path in folder.iterdir())
        ['events.parquet', 'members.parquet', 'stickers.parquet', 'truth.parquet']
    """
    if preset not in PRESETS:
        raise UserError(f"expected a preset out of {', '.join(PRESETS)}", repr(preset), "choose one of these")
    simulate_platform(PRESETS[preset], seed=seed, out=out)


def simulate_platform(preset: Preset, *, seed: int, out: Path) -> None:
    """Write the four tables of any platform, in one pass over its days and with the memory of a few of them.

    Raises:
        UserError: if the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> simulate_platform(Preset(n_creators=9, n_residents=8, n_fans=50, n_days=20), seed=1, out=folder)
        >>> pq.read_table(folder / "members.parquet").num_rows
        9
    """
    prepare_folder(out)
    rng, model = np.random.default_rng(seed), latent_model(preset.rates)
    population = _population(preset, model, rng)
    names = _Names(preset)
    outlooks = [horizon_outlook(model, weekday, horizon_days=HORIZON_DAYS) for weekday in range(7)]
    with ExitStack() as files:
        events = files.enter_context(_table(out / "events.parquet", EVENTS_SCHEMA))
        stickers = files.enter_context(_table(out / "stickers.parquet", STICKERS_SCHEMA))
        members = files.enter_context(_table(out / "members.parquet", MEMBERS_SCHEMA))
        truth = files.enter_context(_table(out / "truth.parquet", TRUTH_SCHEMA))
        members.append(_members(population, names))
        for day in _days(preset, population, model=model, rng=rng):
            if day.number >= HISTORY_DAYS:
                truth.append(_truth(day, outlooks[_weekday(preset, day.number)], names=names))
            # the day after the last is a cutoff only: its events are not part of the log
            if day.number < preset.n_days:
                events.append(_events(day, names, rng=rng))
                stickers.append(_stickers(day, names, rng=rng))


def _population(preset: Preset, model: LatentModel, rng: np.random.Generator) -> Population:
    """Draw who joins when, and the state each begins with."""
    residents = rng.integers(-730, 0, preset.n_residents)
    newcomers = rng.integers(0, preset.n_days - 1, preset.n_creators - preset.n_residents)
    joined_day = np.sort(np.concatenate([residents, newcomers]))
    prior = np.where(joined_day[:, None] < 0, model.settled(SETTLING_DAYS), model.arriving)
    states = model.draw(prior, rng=rng)
    # the tier speaks of the state, so it is no part of what `_observed` is given, and fades within days
    earned = states // len(preset.rates.fan) * len(TIERS) // len(preset.rates.own)
    anyhow = rng.integers(0, len(TIERS), preset.n_creators)
    return Population(
        joined=np.sort(joined_day * DAY_SECONDS + _seconds(preset.n_creators, rng)),
        live_from=np.maximum(joined_day + 1, 0),
        prior=prior,
        states=states,
        category=rng.integers(0, len(CATEGORIES), preset.n_creators),
        tier=np.where(rng.random(preset.n_creators) < 0.5, earned, anyhow),
    )


def _days(preset: Preset, population: Population, *, model: LatentModel, rng: np.random.Generator) -> Iterator[Day]:
    """Live through the days up to the one after the last, learning about every creator along the way."""
    states, belief = population.states.copy(), population.prior.copy()
    last_active = np.full(preset.n_creators, -AT_RISK_DAYS - 1)
    for number in range(preset.n_days + 1):
        weekday = _weekday(preset, number)
        live = slice(0, np.searchsorted(population.live_from, number, side="right"))
        seen = model.emit(states[live], weekday=weekday, rng=rng)
        at_risk = last_active[live] >= number - AT_RISK_DAYS
        yield Day(number, states[live].copy(), belief[live].copy(), at_risk, seen)
        belief[live] = model.learn(belief[live], seen, weekday=weekday)
        states[live] = model.advance(states[live], seen.active, rng=rng)
        last_active[live][seen.active] = number


def _weekday(preset: Preset, number: int) -> int:
    """Monday is 0."""
    return (preset.first_day.weekday() + number) % 7


class _Names:
    """Ids as text, from indices: creators first, fans after them."""

    def __init__(self, preset: Preset) -> None:
        self.n_creators, self.n_fans = preset.n_creators, preset.n_fans
        self.actors = pa.array(_ids("c", preset.n_creators) + _ids("f", preset.n_fans))
        self.events = pa.array(EVENTS)
        self.epoch = np.datetime64(preset.first_day, "s").astype(int)

    def fans(self, rooms: Ints, rng: np.random.Generator) -> Ints:
        """Draw a fan for each of the rooms, the first of a room's regulars more often."""
        rank = (REGULARS * rng.random(len(rooms)) ** 2).astype(int)
        fans: Ints = self.n_creators + (rooms * 97 + rank) % self.n_fans
        return fans

    def moments(self, seconds: Ints) -> pa.Array:
        """Turn seconds since the first day began into timestamps."""
        return pa.array((self.epoch + seconds) * 1_000_000, type=SECOND)


def _ids(letter: str, n: int) -> list[str]:
    width = max(5, len(str(n - 1)))
    return [f"{letter}{i:0{width}}" for i in range(n)]


def _seconds(n: int, rng: np.random.Generator) -> Ints:
    """Draw n moments of a day along its profile, in seconds since midnight."""
    return rng.choice(24, size=n, p=HOURS) * 3600 + rng.integers(0, 3600, n)


def _events(day: Day, names: _Names, *, rng: np.random.Generator) -> pa.Table:
    """Turn a day's counts into rows in the order of time."""
    m, k = day.seen.counts.shape
    creator, kind = np.divmod(np.repeat(np.arange(m * k), day.seen.counts.ravel()), k)
    by_fan, away = (kind >= FAN.start) & (kind < FAN.stop), kind >= AWAY.start
    room, actor = creator.copy(), creator.copy()
    actor[by_fan] = names.fans(creator[by_fan], rng)
    # another room, uniformly: a visit says something about the visitor and nothing about the host
    room[away] = (creator[away] + rng.integers(1, m, away.sum())) % m
    seconds = day.number * DAY_SECONDS + _seconds(len(creator), rng)
    order = np.argsort(seconds, kind="stable")
    columns = [names.actors.take(pa.array(ids[order])) for ids in (room, actor)]
    kinds = names.events.take(pa.array(kind[order]))
    return pa.table([*columns, kinds, names.moments(seconds[order])], schema=EVENTS_SCHEMA)


def _stickers(day: Day, names: _Names, *, rng: np.random.Generator) -> pa.Table:
    """Turn a day's sticker counts into rows in the order of time; the amount (median 3) depends on nothing."""
    room = np.repeat(np.arange(len(day.states)), day.seen.stickers)
    seconds = day.number * DAY_SECONDS + _seconds(len(room), rng)
    order = np.argsort(seconds, kind="stable")
    columns = [names.actors.take(pa.array(ids[order])) for ids in (room, names.fans(room, rng))]
    amount = pa.array(np.round(rng.lognormal(np.log(3), 0.8, len(room)), 2))
    return pa.table([*columns, names.moments(seconds[order]), amount], schema=STICKERS_SCHEMA)


def _members(population: Population, names: _Names) -> pa.Table:
    category = pa.array(CATEGORIES).take(pa.array(population.category))
    tier = pa.array(TIERS).take(pa.array(population.tier))
    columns = [names.actors[: names.n_creators], names.moments(population.joined), category, tier]
    return pa.table(columns, schema=MEMBERS_SCHEMA)


def _truth(day: Day, outlook: Outlook, *, names: _Names) -> pa.Table:
    """Tell what the state, and what the days so far, say about the horizon that begins on this day."""
    rows = np.flatnonzero(day.at_risk)
    latent, observed = outlook.at(day.states[rows]), outlook.averaged(day.belief[rows])
    midnight = np.full(len(rows), (names.epoch + day.number * DAY_SECONDS) * 1_000_000)
    columns = [names.actors.take(pa.array(rows)), pa.array(midnight, type=pa.timestamp("us"))]
    for view in (latent, observed):
        columns += [pa.array(view.churn), pa.array(view.sticker), pa.array(view.both)]
    return pa.table(columns, schema=TRUTH_SCHEMA)


class _Table:
    """A parquet file that grows by row groups, so that memory holds one of them."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.writer = pq.ParquetWriter(path, schema, compression="zstd")
        self.waiting: list[pa.Table] = []

    def append(self, rows: pa.Table) -> None:
        self.waiting.append(rows)
        if sum(table.num_rows for table in self.waiting) >= ROWS_IN_MEMORY:
            self.flush()

    def flush(self) -> None:
        rows = pa.concat_tables(self.waiting)
        self.writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
        self.waiting = []

    def close(self) -> None:
        if self.waiting:
            self.flush()
        self.writer.close()


@contextmanager
def _table(path: Path, schema: pa.Schema) -> Iterator[_Table]:
    """Open a file that is there in full after the block, or not at all after an error."""
    with atomic(path) as scratch:
        table = _Table(scratch, schema)
        try:
            yield table
        finally:
            table.close()
