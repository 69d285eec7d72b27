"""The vocabulary: the event types and the members' attributes that become columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

OTHER, REST = "other", "rest"
ROLES = ("own", "fan", "away")
STICKER_FEATURES = ("stickers_received", "sticker_amount")


@dataclass(frozen=True)
class Encoding:
    """The columns of one attribute, frozen on the training span.

    Numbers, dates (in days from the day that is looked from) and yes or no are one column, with another for `missing`
    where training had nulls. Text has a column per level and one for `rare` levels where training had any: `other`, or
    `rest` where a level is called `other`. A null is zero in every column, as is a level that training did not know
    while no level was rare. A text or a picture has a chance for each target, its `levels`.

    Example:
        >>> Encoding("tier", "level", levels=("free", "gold"), rare=True).columns
        ('tier=free', 'tier=gold', 'tier=other')
    """

    name: str
    kind: Literal["number", "date", "yes or no", "level", "chance"]
    levels: tuple[str, ...] = ()
    rare: bool = False
    missing: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        if self.kind == "level":
            return tuple(f"{self.name}={level}" for level in (*self.levels, *[lumped(self.levels)] * self.rare))
        if self.kind == "chance":
            return (*(f"{self.name}:{target}" for target in self.levels), *[f"{self.name}_missing"] * self.missing)
        return (f"{self.name}_days" if self.kind == "date" else self.name, *[f"{self.name}_missing"] * self.missing)


@dataclass(frozen=True)
class Vocabulary:
    """The columns of the daily table and of the attributes, frozen on the training span.

    A column counts the events of one type in one role: `own` (the user acts in the own room), `fan`
    (others act there) or `away` (the user acts in another's room). Types that are not listed are
    counted together as `other`, or as `rest` where a listed type is called `other`.

    Example:
        >>> words = Vocabulary.of({("own", "post"): 9, ("fan", "like"): 5, ("own", "poll"): 1}, limit=2)
        >>> words.features
        ('own_post', 'own_other', 'fan_like')
    """

    events: tuple[str, ...]  # the event types that have columns of their own
    features: tuple[str, ...]  # f columns
    first_day: int = 0  # first day of the span on which it was frozen, in days since 1970
    last_day: int = 0
    attributes: tuple[Encoding, ...] = ()  # attributes that models see
    levels: tuple[str, ...] = ()  # channels of a table of days that are levels, no counts

    @classmethod
    def read(cls, saved: dict[str, Any]) -> "Vocabulary":
        """A vocabulary as JSON keeps it."""
        attributes = tuple(Encoding(**entry | {"levels": tuple(entry["levels"])}) for entry in saved["attributes"])
        days = {"first_day": saved["first_day"], "last_day": saved["last_day"]}
        levels = tuple(saved.get("levels", ()))
        return cls(tuple(saved["events"]), tuple(saved["features"]), **days, attributes=attributes, levels=levels)

    @classmethod
    def of(
        cls,
        *sources: dict[tuple[str, str], int],
        limit: int,
        stickers: bool = False,
        first_day: int = 0,
        last_day: int = 0,
    ) -> "Vocabulary":
        """Freeze the vocabulary from each source's counts by (role, event type), keeping its `limit` most frequent
        types, so that a busy source does not crowd out the others.
        """
        totals = [_by_event(counts) for counts in sources]
        counts = {key: n for one in sources for key, n in one.items()}
        kept = [sorted(of, key=lambda event: (-of[event], event))[:limit] for of in totals]
        events = tuple(dict.fromkeys(event for of in kept for event in of))
        features = []
        for role in ROLES:
            seen = {event for r, event in counts if r == role}
            features += [f"{role}_{event}" for event in events if event in seen]
            features += [f"{role}_{lumped(events)}"] * bool(seen - set(events))
        features += list(STICKER_FEATURES) * stickers
        return cls(events, tuple(features), first_day, last_day)

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns beside the stickers'."""
        return tuple(name for name in self.features if name not in STICKER_FEATURES)

    @property
    def lumped(self) -> str:
        """The name of the types without a column of their own."""
        return lumped(self.events)

    def column(self, role: str, event: str) -> str | None:
        """The column that counts an event type in a role; None where there is none."""
        name = f"{role}_{event if event in self.events else self.lumped}"
        return name if name in self.features else None


def _by_event(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (_role, event), n in counts.items():
        totals[event] = totals.get(event, 0) + n
    return totals


def lumped(names: Sequence[str]) -> str:
    """A name for all others beside some names, different from each.

    Example:
        >>> lumped(["post"]), lumped(["other"]), lumped(["other", "rest"])
        ('other', 'rest', 'rest_')
    """
    name = REST if OTHER in names else OTHER
    while name in names:
        name += "_"
    return name
