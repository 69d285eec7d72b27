"""A day of the made-up platform as rows of the log, and its true probabilities as rows of the truth."""

import numpy as np
import pyarrow as pa

from churn.data.sources.simulator.latent import AWAY, AWAY_EVENTS, CIRCLE, FAN, FAN_EVENTS, OWN_EVENTS, Ints, Outlook
from churn.data.sources.simulator.population import (
    CATEGORIES,
    DAY_SECONDS,
    TIERS,
    Day,
    Population,
    Preset,
    seconds_of_day,
)

REGULARS = 200  # fans that a room draws on
EVENTS = (*OWN_EVENTS, *FAN_EVENTS, *AWAY_EVENTS)
MOMENT = pa.timestamp("us", tz="UTC")  # whole seconds, but parquet knows no such unit

EVENTS_SCHEMA = pa.schema(
    {"user_id": pa.string(), "actor_id": pa.string(), "event": pa.string(), "timestamp": MOMENT},
)
STICKERS_SCHEMA = pa.schema(
    {"user_id": pa.string(), "actor_id": pa.string(), "timestamp": MOMENT, "amount": pa.float64()},
)
MEMBERS_SCHEMA = pa.schema(
    {"user_id": pa.string(), "joined": MOMENT, "category": pa.string(), "tier": pa.string()},
)
PROBABILITIES = ("p_churn", "p_sticker", "p_both", "p_churn_observed", "p_sticker_observed", "p_both_observed")
TRUTH_SCHEMA = pa.schema(
    {"user_id": pa.string(), "cutoff": pa.timestamp("us"), **dict.fromkeys(PROBABILITIES, pa.float64())},
)


class Names:
    """Ids and event types as text, moments as timestamps, from numbers: creators come first, fans after them.

    Example:
        >>> names = Names(Preset(n_creators=2, n_residents=2, n_fans=3, n_days=20))
        >>> names.actors.to_pylist()
        ['c00000', 'c00001', 'f00000', 'f00001', 'f00002']
    """

    def __init__(self, preset: Preset) -> None:
        self.n_creators, self.n_fans = preset.n_creators, preset.n_fans
        self.actors = pa.array(ids("c", preset.n_creators) + ids("f", preset.n_fans))
        self.events = pa.array(EVENTS)
        self.epoch = int(np.datetime64(preset.first_day, "s").astype(int))

    def fans(self, rooms: Ints, *, rng: np.random.Generator) -> Ints:
        """Draw a fan for each of the rooms, the first of a room's regulars more often."""
        rank = (REGULARS * rng.random(len(rooms)) ** 2).astype(int)
        fans: Ints = self.n_creators + (rooms * 97 + rank) % self.n_fans
        return fans

    def circle(self, rooms: Ints, by_circle: Ints, *, rng: np.random.Generator) -> Ints:
        """A fan for each of the rooms, in order: for as many as `by_circle` says of the circle, then the loyal one.

        No two rooms share a fan of these, as long as there are enough fans.
        """
        n = np.bincount(rooms, minlength=len(by_circle))
        place = np.arange(len(rooms)) - np.repeat(n.cumsum() - n, n)
        rank = np.where(place < by_circle[rooms], rng.integers(1, CIRCLE, len(rooms)), 0)
        fans: Ints = self.n_creators + (rooms * CIRCLE + rank) % self.n_fans
        return fans

    def moments(self, seconds: Ints) -> pa.Array:
        """Turn seconds since the first day began into timestamps."""
        return pa.array((self.epoch + seconds) * 1_000_000, type=MOMENT)


def ids(letter: str, n: int) -> list[str]:
    """Ids of equal width, counted from 0."""
    width = max(5, len(str(n - 1)))
    return [f"{letter}{i:0{width}}" for i in range(n)]


def amounts(n: int, *, rng: np.random.Generator) -> pa.Array:
    """Draw the amounts of n stickers, median 3, independent of everything else."""
    return pa.array(np.round(rng.lognormal(np.log(3), 0.8, n), 2))


def events_of(day: Day, names: Names, *, rng: np.random.Generator) -> pa.Table:
    """Turn a day's counts into rows in the order of time."""
    m, k = day.seen.counts.shape
    creator, kind = np.divmod(np.repeat(np.arange(m * k), day.seen.counts.ravel()), k)
    by_fan, away = (kind >= FAN.start) & (kind < FAN.stop), kind >= AWAY.start
    room, actor = creator.copy(), creator.copy()
    told, rooms = day.seen.by_circle, creator[by_fan]
    actor[by_fan] = names.fans(rooms, rng=rng) if told is None else names.circle(rooms, told, rng=rng)
    # another room, uniformly: a visit says something about the visitor and nothing about the host
    room[away] = (creator[away] + rng.integers(1, m, away.sum())) % m
    seconds = day.number * DAY_SECONDS + seconds_of_day(len(creator), rng=rng)
    order = np.argsort(seconds, kind="stable")
    columns = [names.actors.take(pa.array(who[order])) for who in (room, actor)]
    kinds = names.events.take(pa.array(kind[order]))
    return pa.table([*columns, kinds, names.moments(seconds[order])], schema=EVENTS_SCHEMA)


def stickers_of(day: Day, names: Names, *, rng: np.random.Generator) -> pa.Table:
    """Turn a day's sticker counts into rows in the order of time."""
    room = np.repeat(np.arange(len(day.states)), day.seen.stickers)
    seconds = day.number * DAY_SECONDS + seconds_of_day(len(room), rng=rng)
    order = np.argsort(seconds, kind="stable")
    columns = [names.actors.take(pa.array(who[order])) for who in (room, names.fans(room, rng=rng))]
    return pa.table([*columns, names.moments(seconds[order]), amounts(len(room), rng=rng)], schema=STICKERS_SCHEMA)


def members_of(population: Population, names: Names) -> pa.Table:
    """List the creators with the day they joined and their attributes."""
    category = pa.array(CATEGORIES).take(pa.array(population.category))
    tier = pa.array(TIERS).take(pa.array(population.tier))
    columns = [names.actors[: names.n_creators], names.moments(population.joined), category, tier]
    return pa.table(columns, schema=MEMBERS_SCHEMA)


def truth_of(day: Day, outlook: Outlook, *, names: Names) -> pa.Table:
    """The probabilities for the horizon that begins on this day, by the true state and by the days so far."""
    rows = np.flatnonzero(day.at_risk)
    latent, observed = outlook.at(day.states[rows]), outlook.averaged(day.belief[rows])
    midnight = np.full(len(rows), (names.epoch + day.number * DAY_SECONDS) * 1_000_000)
    columns = [names.actors.take(pa.array(rows)), pa.array(midnight, type=pa.timestamp("us"))]
    for view in (latent, observed):
        columns += [pa.array(view.churn), pa.array(view.sticker), pa.array(view.both)]
    return pa.table(columns, schema=TRUTH_SCHEMA)
