"""Windows: (user, cutoff) pairs as offsets into the panel, with their labels."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.features import Feature
from churn.data.panel import Panel
from churn.errors import UserError

Target = Literal["churn", "sticker"]
UNKNOWN = -1  # the label of a window whose horizon runs past the last day
_T = TypeVar("_T")
_CHUNK = 1 << 16  # windows labelled at a time, which bounds the scratch memory


@dataclass(frozen=True)
class WindowConfig:
    """Which windows there are.

    Args:
        history_days: Days before the cutoff that a model sees.
        horizon_days: Days from the cutoff on that it predicts.
        stride_days: Days from one cutoff to the next.
        at_risk: `active`: users with activity in the `at_risk_days` before the cutoff; `member`: everyone on the
            member list, from the day `joined` on. That a window begins on the day of joining tells that the user
            joined, and most likely acted, on that day: where a list is made overnight, map a column with the day after.
        at_risk_days: Independent of `history_days`, so that histories are compared on the same windows.
    """

    history_days: int = 7
    horizon_days: int = 7
    stride_days: int = 1
    at_risk: Literal["active", "member"] = "active"
    at_risk_days: int = 7

    def __post_init__(self) -> None:
        """Raises UserError for a length under one day."""
        for name in ("history_days", "horizon_days", "stride_days", "at_risk_days"):
            if (days := getattr(self, name)) < 1:
                raise UserError(f"expected windows.{name} of at least 1", days, "raise it")


@dataclass(frozen=True)
class Windows:
    """Windows over one panel, sorted by user and cutoff. A window holds no days of its own."""

    panel: Panel
    history_days: int
    horizon_days: int
    user: NDArray[np.int32]  # (n,) position in panel.users
    cutoff: NDArray[np.int32]  # (n,) day of the panel that is the first unknown one
    churn: NDArray[np.int8]  # (n,) 1 no activity on any horizon day, 0 some, -1 not known yet
    sticker: NDArray[np.int8] | None  # (n,) 1 at least one sticker on a horizon day; None without stickers
    derived: tuple[Feature, ...] = ()  # what a history has beside the panel's counts
    selected: tuple[int, ...] | None = None  # the columns that a history has, out of all; None for all

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.user)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What can be predicted."""
        return ("churn",) if self.sticker is None else ("churn", "sticker")

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of a day: the panel's counts, then the derived features, f in all."""
        derived = (name for feature in self.derived for name in feature.columns(self.panel))
        return self._only_selected((*self.panel.features, *derived))

    @property
    def sources(self) -> tuple[Feature | None, ...]:
        """What each column comes from: a feature, or None for a count; (f,)."""
        counts = (None,) * len(self.panel.features)
        derived = (feature for feature in self.derived for _ in feature.columns(self.panel))
        return self._only_selected((*counts, *derived))

    @property
    def user_ids(self) -> NDArray[np.object_]:
        """The users' ids, (n,)."""
        return self.panel.users.to_numpy()[self.user]

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The cutoffs as calendar dates, (n,)."""
        return pd.DatetimeIndex(self.panel.date(0) + pd.to_timedelta(self.cutoff, unit="D"))

    def label(self, target: Target) -> NDArray[np.int8]:
        """The labels of a target, (n,).

        Raises:
            UserError: for the sticker of a log without stickers.
        """
        labels = self.churn if target == "churn" else self.sticker
        if labels is None:
            raise UserError("expected a sticker table for the target sticker", "none", "set data.stickers")
        return labels

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Windows":
        """The windows at some positions, or where a mask holds."""
        sticker = None if self.sticker is None else self.sticker[index]
        return replace(self, user=self.user[index], cutoff=self.cutoff[index], churn=self.churn[index], sticker=sticker)

    def recent(self, days: int | None) -> "Windows":
        """The same windows with the last `days` of their history alone; with all of it where None.

        Raises:
            UserError: if the history is not so long.

        Example:
            >>> from churn.data import example_split
            >>> example_split().train.recent(3).history().shape[1]
            3
        """
        if days is None or days == self.history_days:
            return self
        if not 1 <= days < self.history_days:
            raise UserError(
                f"expected history_days from 1 to {self.history_days}, the days of windows.history_days",
                days,
                "lower it, or raise windows.history_days",
            )
        return replace(self, history_days=days)

    def only(self, features: Collection[str]) -> "Windows":
        """The same windows with some of their features alone, in the order that they have.

        Raises:
            UserError: for none, or for one that there is not.

        Example:
            >>> from churn.data import example_split
            >>> example_split().train.only(["stickers_received", "own_post"]).features
            ('own_post', 'stickers_received')
        """
        have = self.features
        unknown = [name for name in features if name not in have]
        if unknown or not features:
            found = ", ".join(map(repr, unknown)) or "none"
            raise UserError(f"expected features out of {', '.join(have)}", found, "correct the names")
        places = range(len(have)) if self.selected is None else self.selected
        left = tuple(place for place, name in zip(places, have, strict=True) if name in set(features))
        return replace(self, selected=left)

    def rows(self, *, first: int | None = None, last: int = -1) -> NDArray[np.int64]:
        """The panel's rows of the days from `first` to `last` relative to the cutoff (-1 is the day before), (n, d).

        By default the history. Days on which nothing was seen are row 0.
        """
        first = -self.history_days if first is None else first
        start, before = self.panel.start[self.user], self.panel.first[self.user]
        rows = (start - before + self.cutoff)[:, None] + np.arange(first, last + 1)
        inside = rows >= start[:, None]
        inside &= rows <= (start - before + self.panel.last[self.user])[:, None]
        rows *= inside
        return rows

    def history(self) -> NDArray[np.float32]:
        """The features of the history, oldest day first, in one gather: (n, d, f)."""
        counts = self.panel.gather(self.rows())
        if self.derived:
            days = (self.cutoff[:, None] + np.arange(-self.history_days, 0)).astype(np.int32)
            derived = [feature.values(self.panel, self.user, days) for feature in self.derived]
            counts = np.concatenate([counts, *derived], axis=2)
        return counts if self.selected is None else counts[:, :, list(self.selected)]

    def summary(self, history: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
        """One number per feature of the history: the sum of counts, the last day's value of most others; (n, f)."""
        history = self.history() if history is None else history
        summed = [source is None or source.over_days == "sum" for source in self.sources]
        return np.where(summed, history.sum(axis=1, dtype=np.float64), history[:, -1])

    def flat(self) -> NDArray[np.float32]:
        """The history with a column per feature and day, (n, d * f); see `flat_features`."""
        return self.history().reshape(len(self), self.history_days * len(self.features))

    def active_days(self) -> NDArray[np.int64]:
        """The days with activity in the history, (n,)."""
        days: NDArray[np.int64] = np.take(self.panel.active, self.rows(), axis=0).sum(axis=1)
        return days

    def flat_features(self) -> list[tuple[str, int]]:
        """The columns of `flat`: (feature, day), where day -1 is the one before the cutoff."""
        return [(name, day) for day in range(-self.history_days, 0) for name in self.features]

    def _only_selected(self, columns: tuple[_T, ...]) -> tuple[_T, ...]:
        return columns if self.selected is None else tuple(columns[place] for place in self.selected)

    def table(self) -> pd.DataFrame:
        """The windows as a table: user_id, cutoff, churn and sticker, null where not known."""
        columns = {"user_id": self.user_ids, "cutoff": self.dates}
        for target in self.targets:
            label = pd.Series(self.label(target), dtype="Int8")
            columns[target] = label.mask(label == UNKNOWN)
        return pd.DataFrame(columns)


def slide(panel: Panel, config: WindowConfig, *, joined: NDArray[np.int32] | None = None) -> Windows:
    """Find all windows of a panel and label them.

    Cutoffs run from the first day that has a whole history before it to the day after the last, which is
    always there, whatever the stride, since it is the one to score.

    Args:
        panel: The panel.
        config: The definitions.
        joined: The day of the panel on which each user joined, (u,); needed for `at_risk: member`.

    Raises:
        UserError: if the log is shorter than a history.
    """
    begin = max(config.history_days, config.at_risk_days if config.at_risk == "active" else 0)
    if panel.n_days < begin:
        raise too_few_days(panel.first_day, panel.first_day + panel.n_days - 1, needed=begin)
    spells = _spells(panel, config, joined)
    user, cutoff = _expand(*spells, begin=begin, end=panel.n_days, stride=config.stride_days)
    stickers = panel.sticker_rows()
    return Windows(
        panel,
        config.history_days,
        config.horizon_days,
        user,
        cutoff,
        churn=_labels(panel, panel.active, user, cutoff, config.horizon_days, seen=0),
        sticker=None if stickers is None else _labels(panel, stickers, user, cutoff, config.horizon_days, seen=1),
    )


def too_few_days(first_day: int, last_day: int, *, needed: int) -> UserError:
    """The error for a log from one day to another (since 1970) that is shorter than needed."""
    dates = pd.to_datetime([first_day, last_day], unit="D").strftime("%Y-%m-%d")
    return UserError(
        f"expected at least {needed} days of events",
        f"{last_day - first_day + 1} ({dates[0]} to {dates[1]})",
        "lower windows.history_days or windows.horizon_days, or load more",
    )


def _spells(
    panel: Panel, config: WindowConfig, joined: NDArray[np.int32] | None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The stretches of cutoffs at risk, without overlap: (user, first, last) of each."""
    if config.at_risk == "member":
        if joined is None:
            raise UserError("expected a member list with `joined` for at_risk: member", "none", "map member_columns")
        return np.arange(len(joined), dtype=np.int32), joined, np.full_like(joined, panel.n_days)
    # After an active day a user is at risk until the next one, or for at_risk_days: no cutoff is counted twice.
    user, day = panel.days_where(panel.active)
    until = day + np.int32(config.at_risk_days)
    same = user[1:] == user[:-1]
    until[:-1][same] = np.minimum(until[:-1], day[1:])[same]
    return user, day + np.int32(1), until


def _expand(
    user: NDArray[np.int32],
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    *,
    begin: int,
    end: int,
    stride: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The cutoffs of each stretch that lie on the grid begin, begin + stride, …, or are the newest, `end`."""
    grid = np.append(np.arange(begin, end, stride), end)
    low = np.searchsorted(grid, first).astype(np.int32)
    count = np.searchsorted(grid, last, side="right").astype(np.int32)
    count -= low
    np.maximum(count, 0, out=count)
    # Each cutoff's position on the grid, then the cutoff itself, in place since there may be hundreds of millions.
    cutoff = np.repeat(low + count - count.cumsum(dtype=np.int32), count)
    cutoff += np.arange(len(cutoff), dtype=np.int32)
    cutoff *= stride
    cutoff += begin
    return np.repeat(user, count), np.minimum(cutoff, end, out=cutoff)


def _labels(
    panel: Panel,
    rows: NDArray[np.bool_],
    user: NDArray[np.int32],
    cutoff: NDArray[np.int32],
    horizon: int,
    *,
    seen: int,
) -> NDArray[np.int8]:
    """`seen` where one of the rows lies in the horizon, else 1 - seen; -1 where the horizon is not over: (n,)."""
    when = np.append(np.flatnonzero(rows), len(rows))
    labels = np.empty(len(user), np.int8)
    for chunk in range(0, len(user), _CHUNK):
        part = slice(chunk, chunk + _CHUNK)
        start, first, last = (days[user[part]] for days in (panel.start, panel.first, panel.last))
        # The horizon's rows, as far as the user has any; the rows of the next user follow.
        begin, end = (np.clip(cutoff[part] + day, first, last + 1) - first + start for day in (0, horizon))
        inside = when[np.searchsorted(when, begin)] < end
        labels[part] = np.where(inside, seen, 1 - seen)
        labels[part][cutoff[part] + horizon > panel.n_days] = UNKNOWN
    return labels
