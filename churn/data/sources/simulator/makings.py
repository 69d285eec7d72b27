"""Items that made-up creators make, and activities that they visit, each of a planted subject."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from churn.data.sources.simulator.latent import AWAY, Floats, Ints
from churn.data.sources.simulator.population import DAY_SECONDS, Day, Preset, seconds_of_day
from churn.data.sources.simulator.rows import MOMENT, Names, ids

SUBJECTS = {  # categories of items and topics of activities, with the words that their texts are made of
    "cooking": ("bread", "soup", "honey", "kitchen", "pepper", "oven"),
    "singing": ("ballad", "chorus", "melody", "karaoke", "duet", "encore"),
    "drawing": ("sketch", "ink", "portrait", "canvas", "brush", "palette"),
    "gaming": ("level", "boss", "speedrun", "arcade", "quest", "console"),
}
_COMMON = ("my", "new", "the", "best", "a", "little", "today", "with", "friends", "again")
ITEMS_SCHEMA = pa.schema(
    {name: pa.string() for name in ("item_id", "user_id")}
    | {"timestamp": MOMENT}
    | {name: pa.string() for name in ("title", "category")}
)
VISITS_SCHEMA = pa.schema({"user_id": pa.string(), "activity_id": pa.string(), "timestamp": MOMENT})
ITEMS_TRUTH_SCHEMA = pa.schema({"item_id": pa.string(), "subject": pa.string(), "wrong": pa.bool_()})
SCHEMAS = {"items": ITEMS_SCHEMA, "visits": VISITS_SCHEMA, "items_truth": ITEMS_TRUTH_SCHEMA}
ACTIVITIES, TASTES = "activities.parquet", "tastes.parquet"
FILES = (*(f"{name}.parquet" for name in SCHEMAS), ACTIVITIES, TASTES)


@dataclass(frozen=True)
class Makings:
    """Items and activities beside a platform's log.

    Each creator has a taste, one of the subjects. A post of a creator is an item, mostly to that taste; before falling
    silent, while engagement fades, it is of another subject more often. A visit elsewhere is one to an activity.

    Args:
        activities: The number of activities, half of which are there on the first day.
        own: Share of items and visits to the creator's taste.
        drifted: Share of items to the creator's taste while engagement fades.
        wrong: Share of items with the category of another subject.
        missing: Share of items without a category.
        typing: Share of words with a typing error.
    """

    activities: int = 40
    own: float = 0.85
    drifted: float = 0.35
    wrong: float = 0.05
    missing: float = 0.2
    typing: float = 0.1


class Making:
    """The making and visiting of one platform, day by day."""

    def __init__(self, made: Makings, preset: Preset, names: Names, *, seed: int) -> None:
        # a generator of its own, so that the log is equal with items and without
        self._rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[2])
        self._made, self._names, self._n_items = made, names, 0
        self._levels = len(preset.rates.fan)  # of attention, which varies fastest in a state
        self._engagements = len(preset.rates.own)
        self._fading = (self._engagements - 1) // 2  # engagement up to which a creator fades
        self.taste: Ints = self._rng.integers(0, len(SUBJECTS), preset.n_creators)
        self._subject: Ints = np.resize(np.arange(len(SUBJECTS)), made.activities)
        opened = self._rng.integers(1, max(2, preset.n_days), made.activities)
        self._opened: Ints = np.where(np.arange(made.activities) < made.activities // 2, 0, opened)
        self._weight: Floats = 1 / (1 + self._rng.permutation(made.activities)) ** 0.7

    def tastes(self) -> pd.DataFrame:
        """The truth: each creator's taste."""
        creators = self._names.actors[: len(self.taste)].to_pylist()
        return pd.DataFrame({"user_id": creators, "subject": np.array(list(SUBJECTS), object)[self.taste]})

    def activities(self) -> pd.DataFrame:
        """The activities: activity_id, title, opened."""
        titles = self._texts(self._subject)
        opened = pd.to_datetime(self._names.epoch + self._opened * DAY_SECONDS, unit="s")
        return pd.DataFrame({"activity_id": ids("x", len(titles)), "title": titles, "opened": opened})

    def of(self, day: Day) -> Iterator[tuple[str, pa.Table]]:
        """The rows of a day, by table."""
        yield from self._items(day)
        yield "visits", self._visits(day)

    def _items(self, day: Day) -> Iterator[tuple[str, pa.Table]]:
        creator, n = np.repeat(np.arange(len(day.states)), day.seen.counts[:, 0]), int(day.seen.counts[:, 0].sum())
        fading = day.states[creator] // self._levels % self._engagements <= self._fading
        kept = self._rng.random(n) < np.where(fading, self._made.drifted, self._made.own)
        subject = np.where(kept, self.taste[creator], self._others(self.taste[creator]))
        wrong = self._rng.random(n) < self._made.wrong
        given = pd.array(np.array(list(SUBJECTS), object)[np.where(wrong, self._others(subject), subject)], "string")
        given[self._rng.random(n) < self._made.missing] = None
        item = pa.array([f"i{place:07d}" for place in range(self._n_items, self._n_items + n)], pa.string())
        self._n_items += n
        moments = self._names.moments(day.number * DAY_SECONDS + seconds_of_day(n, rng=self._rng))
        user, title = self._names.actors.take(pa.array(creator)), pa.array(self._texts(subject), pa.string())
        yield "items", pa.table([item, user, moments, title, pa.array(given)], schema=ITEMS_SCHEMA)
        true = pa.array(np.array(list(SUBJECTS), object)[subject], pa.string())
        yield "items_truth", pa.table([item, true, pa.array(wrong)], schema=ITEMS_TRUTH_SCHEMA)

    def _visits(self, day: Day) -> pa.Table:
        creator = np.repeat(np.arange(len(day.states)), day.seen.counts[:, AWAY.start])
        open_ = self._opened <= day.number
        weight = np.where(open_, self._weight, 0)
        own = self._rng.random(len(creator)) < self._made.own
        to_taste = np.stack([weight * (self._subject == place) for place in range(len(SUBJECTS))])
        chances = np.where(own[:, None], to_taste[self.taste[creator]], weight)
        bounds = chances.cumsum(axis=1) / chances.sum(axis=1, keepdims=True)
        drawn = (self._rng.random((len(creator), 1)) > bounds[:, :-1]).sum(axis=1)
        moments = self._names.moments(day.number * DAY_SECONDS + seconds_of_day(len(creator), rng=self._rng))
        activity = pa.array(ids("x", self._made.activities)).take(pa.array(drawn))
        return pa.table([self._names.actors.take(pa.array(creator)), activity, moments], schema=VISITS_SCHEMA)

    def _others(self, subject: Ints) -> Ints:
        """Another subject for each, drawn evenly."""
        moved: Ints = (subject + self._rng.integers(1, len(SUBJECTS), len(subject))) % len(SUBJECTS)
        return moved

    def _texts(self, subject: Ints) -> list[str]:
        """A text of four words for each subject, two of its own, some with a letter left out."""
        words = np.array(list(SUBJECTS.values()), object)
        own = [self._rng.permutation(words.shape[1])[:2] for _ in subject]
        common = self._rng.choice(np.array(_COMMON, object), (len(subject), 2))
        texts = [[*words[at][place], *line] for at, place, line in zip(subject, own, common, strict=True)]
        return [" ".join(self._typed(word) for word in line) for line in texts]

    def _typed(self, word: str) -> str:
        if len(word) < 4 or self._rng.random() >= self._made.typing:
            return word
        place = int(self._rng.integers(1, len(word)))
        return word[:place] + word[place + 1 :]


def accepted(
    offers: pd.DataFrame, users: pd.Index, *, chance: float, cutoff: pd.Timestamp, days: int, seed: int
) -> pd.DataFrame:
    """Visits that offers cause: user_id, activity_id, timestamp.

    Args:
        offers: user_id, place and activity, as `offers.parquet` has it.
        users: The users who were told of their offers.
        chance: The probability that a user who was told visits the first activity offered, whatever happens besides.
        cutoff: The first day.
        days: The days within which they go.
        seed: The seed of who does.

    Example:
        >>> one = pd.DataFrame({"user_id": ["ada"], "place": [1], "activity": ["x1"]})
        >>> accepted(one, pd.Index(["ada"]), chance=1, cutoff=pd.Timestamp("2024-01-01"), days=1, seed=0).activity_id[0]
        'x1'
    """
    rng, first = np.random.default_rng(seed), offers[(offers["place"] == 1) & offers["user_id"].isin(users)]
    goes = first[rng.random(len(first)) < chance]
    later = pd.to_timedelta(rng.random(len(goes)) * days, unit="D").floor("s")
    columns = {"user_id": goes["user_id"].to_numpy(), "activity_id": goes["activity"].to_numpy()}
    return pd.DataFrame(columns | {"timestamp": cutoff + later})
