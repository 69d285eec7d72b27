"""A table of days, one row per user and day: its channels, and the one that says who is alive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from churn.data.config.log_config import Mapped
from churn.data.config.time_formats import FORMAT_KEY
from churn.data.config.window_config import WindowConfig
from churn.errors import UserError

_OWN = ("user_id", "timestamp", FORMAT_KEY)  # keys of `data.daily_columns` that are no channels


@dataclass(frozen=True)
class State:
    """A channel whose value on a day says whether a user was active on some of the last days.

    Example:
        >>> State.of({"column": "published_7d", "over_days": 7})
        State(column='published_7d', over_days=7)
    """

    column: str
    over_days: int  # the day itself and the days before it on which it looks back

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """The state of a block `data.daily_activity`.

        Raises:
            UserError: for another block.
        """
        column, days = block.get("column"), block.get("over_days")
        if set(block) != {"column", "over_days"} or not isinstance(column, str) or type(days) is not int or days < 2:
            expected = "expected data.daily_activity as {column: CHANNEL, over_days: DAYS}, at least 2 days"
            remedy = "correct it; channels that tell of their day alone belong in data.activity_events"
            raise UserError(expected, dict(block), remedy)
        return cls(column, days)

    def check(self, windows: WindowConfig) -> None:
        """Raise a UserError for windows that ask about other days than the state looks back on."""
        lengths = {"horizon_days": windows.horizon_days}
        lengths |= {"at_risk_days": windows.at_risk_days} if windows.at_risk == "active" else {}
        for name, days in lengths.items():
            if days != self.over_days:
                expected = f"expected data.windows.{name}: {self.over_days}, the days of data.daily_activity"
                raise UserError(expected, days, "set it: the state tells of as many days at once")


@dataclass(frozen=True)
class Channels:
    """The channels of a table by the configuration.

    Example:
        >>> Channels.of({"user_id": "shop", "debt": None}, levels=[]).named(["stock", "debt"])
        {'stock': 'stock'}
        >>> Channels.of({"user_id": "shop", "posts": "n_posts"}, levels=[]).named(["n_posts", "debt"])
        {'posts': 'n_posts'}
    """

    listed: Mapping[str, str]  # name to column; empty where every column of numbers is one
    unused: frozenset[str]  # names that are left out
    levels: tuple[str, ...]

    @classmethod
    def of(cls, mapping: Mapped, *, levels: Sequence[str]) -> Self:
        """The channels that `data.daily_columns` lists or leaves out, and the ones that are levels."""
        others = {name: own for name, own in (mapping or {}).items() if name not in _OWN}
        listed = {name: own for name, own in others.items() if own is not None}
        return cls(listed, frozenset(others) - {*listed}, tuple(levels))

    def named(self, columns: Sequence[str]) -> dict[str, str]:
        """Channel to column, given the columns of numbers, in their order."""
        return dict(self.listed) or {name: name for name in columns if name not in self.unused}


def own_columns(mapping: Mapped) -> Mapped:
    """The part of `data.daily_columns` that maps standard columns."""
    return {name: own for name, own in (mapping or {}).items() if name in _OWN}
