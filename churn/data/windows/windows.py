"""Windows: (user, cutoff) pairs as offsets into the panel, with their labels and histories."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.windows.feature import Feature
from churn.data.windows.panel import AMOUNT, STICKERS, Panel
from churn.errors import UserError

CHURN, STICKER = "churn", "sticker"  # targets: no activity on any day of the horizon; a sticker on some day of it
UNKNOWN = -1  # the label of a window whose answer is not known yet
_T = TypeVar("_T")


@dataclass(frozen=True)
class Windows:
    """Windows over one panel, sorted by user and cutoff. A window holds no days of its own."""

    panel: Panel
    history_days: int
    horizon_days: int
    user: NDArray[np.int32]  # (n,) position in panel.users
    cutoff: NDArray[np.int32]  # (n,) day of the panel that is the first unknown one
    labels: Mapping[str, NDArray[np.int8]]  # by target, the first one asked first: (n,) 1 yes, 0 no, -1 not known yet
    derived: tuple[Feature, ...] = ()  # features of a history beside the panel's counts
    selected: tuple[int, ...] | None = None  # the columns that a history has, out of all; None for all
    due: NDArray[np.int32] | None = None  # (n,) the first day on which the answer is known; None for the horizon's end
    arrivals: bool = False  # whether users are asked about on the day of arrival, or some days after it
    lead_days: int = 0  # days between the cutoff and the horizon

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.user)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that can be predicted."""
        return tuple(self.labels)

    @property
    def scattered(self) -> bool:
        """Whether each user is asked about on days of the own, so that lists are drawn over all days at once."""
        return self.arrivals or self.due is not None

    @property
    def answers(self) -> NDArray[np.int8]:
        """The labels of the first target, (n,)."""
        return next(iter(self.labels.values()))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether the answers are known, (n,)."""
        return np.asarray(self.answers != UNKNOWN)

    @property
    def censored(self) -> NDArray[np.bool_]:
        """Whether a window has no answer and will never have one, since its days were not reported, (n,)."""
        if self.due is not None:
            return np.zeros(len(self), np.bool_)
        return ~self.known & (self.answered <= self.panel.n_days)

    @property
    def answered(self) -> NDArray[np.int32]:
        """The first day of the panel on which each answer is known, (n,)."""
        return self.cutoff + np.int32(self.reach_days) if self.due is None else self.due

    @property
    def reach_days(self) -> int:
        """Days from the cutoff to the end of the horizon."""
        return self.lead_days + self.horizon_days

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of a day: the panel's counts, then the derived features, f in all."""
        derived = (name for feature in self.derived for name in feature.columns(self.panel))
        return self._only_selected((*self.panel.features, *derived))

    @property
    def sources(self) -> tuple[Feature | None, ...]:
        """The source of each column: a feature, or None for a count; (f,)."""
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

    def label(self, target: str) -> NDArray[np.int8]:
        """The labels of a target, (n,).

        Raises:
            UserError: for a target that the data do not answer, such as `sticker` for a log without stickers.
        """
        if target not in self.labels:
            remedy = "set data.stickers" if target == STICKER else "correct the target"
            raise UserError(f"expected a target out of {', '.join(self.targets)}", repr(target), remedy)
        return self.labels[target]

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Windows":
        """The windows at some positions, or where a mask is true."""
        labels = {target: label[index] for target, label in self.labels.items()}
        due = None if self.due is None else self.due[index]
        return replace(self, user=self.user[index], cutoff=self.cutoff[index], labels=labels, due=due)

    def sample(self, size: int, *, seed: int = 0) -> "Windows":
        """Windows drawn at random, in their order; all where there are no more than `size`.

        Example:
            >>> from churn.data import example_split
            >>> len(example_split().train.sample(10))
            10
        """
        drawn = np.random.default_rng(seed).permutation(len(self))[:size]
        return self.take(np.sort(drawn))

    def recent(self, days: int | None) -> "Windows":
        """These windows with only the last `days` of their history; with all of it where None.

        Raises:
            UserError: if the history is shorter.

        Example:
            >>> from churn.data import example_split
            >>> example_split().train.recent(3).history().shape[1]
            3
        """
        if days is None or days == self.history_days:
            return self
        if not 1 <= days < self.history_days:
            raise UserError(
                f"expected history_days from 1 to {self.history_days}, the days of data.windows.history_days",
                days,
                "lower it, or raise data.windows.history_days",
            )
        return replace(self, history_days=days)

    def only(self, features: Collection[str]) -> "Windows":
        """These windows with only some of their features, in their own order.

        Raises:
            UserError: for no feature, or an unknown one.

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

        By default these are the rows of the history. Days on which nothing was seen are row 0.
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
            derived = [self._derived(feature, days) for feature in self.derived]
            counts = np.concatenate([counts, *derived], axis=2)
        return counts if self.selected is None else counts[:, :, list(self.selected)]

    def _derived(self, feature: Feature, days: NDArray[np.int32]) -> NDArray[np.float32]:
        """A feature on the days of the history, (n, d, c): one value on all days where it is constant."""
        if not feature.constant:
            return feature.known_at(self.panel, self.user, days)
        last = feature.known_at(self.panel, self.user, days[:, -1:])
        return np.broadcast_to(last, (len(self), self.history_days, last.shape[2]))

    def ahead(self, days: int, *, until: int | None = None) -> NDArray[np.float32]:
        """The outcomes of each of the `days` that begin with the horizon, nan where not seen: (n, days, 1 or 3).

        These are whether there was activity and, of a log with stickers, whether one came and the amount of the day.

        Args:
            days: The number of days, which may go beyond the horizon.
            until: The first day that may not be read; the panel's end where None.
        """
        panel, rows = self.panel, self.rows(first=self.lead_days, last=self.lead_days + days - 1)
        found: list[NDArray[Any]] = [panel.active[rows]]
        if STICKER in self.labels:
            amounts = np.zeros(rows.shape) if panel.amounts is None else panel.amounts[rows]
            found += [panel.counts[rows, panel.features.index(STICKERS)] > 0, amounts]
        return self._seen(np.stack(found, axis=2).astype(np.float32), until)

    def counts_ahead(self, days: int, *, until: int | None = None) -> NDArray[np.float32]:
        """The panel's counts on each of the `days` that begin with the horizon, nan where not seen: (n, days, f + 1).

        The last column is whether there was activity. Amounts, which are no counts, are left out.

        Args:
            days: The number of days, which may go beyond the horizon.
            until: The first day that may not be read; the panel's end where None.
        """
        panel, rows = self.panel, self.rows(first=self.lead_days, last=self.lead_days + days - 1)
        kept = [place for place, name in enumerate(panel.features) if name != AMOUNT]
        counts = np.take(panel.counts, rows, axis=0)[:, :, kept]
        return self._seen(np.concatenate([counts, panel.active[rows][:, :, None]], axis=2).astype(np.float32), until)

    def _seen(self, ahead: NDArray[np.float32], until: int | None) -> NDArray[np.float32]:
        """Numbers of days ahead, (n, days, c), nan from the first day on that may not be read, or was not reported."""
        n_days, after = self.panel.n_days, np.arange(ahead.shape[1])
        seen = (n_days if until is None else until) - self.cutoff - self.lead_days
        ahead[after >= seen[:, None]] = np.nan
        if (reports := self.panel.reports) is not None:  # what comes after a day that nobody reported is not known
            day = np.minimum(self.cutoff[:, None] + self.lead_days + after, n_days - 1)
            ahead[np.logical_or.accumulate(reports[day] == 0, axis=1)] = np.nan
        return ahead

    def and_then(self, others: "Windows") -> "Windows":
        """These windows and others over the same panel, one after the other, for a learner that shuffles them."""
        labels = {target: np.concatenate([label, others.labels[target]]) for target, label in self.labels.items()}
        user, cutoff = np.concatenate([self.user, others.user]), np.concatenate([self.cutoff, others.cutoff])
        return replace(self, user=user, cutoff=cutoff, labels=labels)

    def summary(self, history: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
        """One number per feature of the history: the sum of counts, the last day's value of most others; (n, f)."""
        history = self.history() if history is None else history
        summed = [source is None or source.over_days == "sum" for source in self.sources]
        return np.where(summed, history.sum(axis=1, dtype=np.float64), history[:, -1])

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Whether each column has one value on all days of a history, (f,)."""
        return np.array([source is not None and source.constant for source in self.sources], np.bool_)

    @property
    def constants(self) -> dict[int, Literal["number", "flag"]]:
        """The positions of the constant columns, and whether each is a number or a flag of yes and no."""
        return {
            place: "flag" if source.reason == "yes or no" else "number"
            for place, source in enumerate(self.sources)
            if source is not None and source.constant
        }

    def flat(self) -> NDArray[np.float32]:
        """The history with a column per feature and day, and one per constant, (n, c); see `flat_features`."""
        history, constant = self.history(), self.constant
        by_day = history[:, :, ~constant].reshape(len(self), self.history_days * int((~constant).sum()))
        return np.concatenate([by_day, history[:, -1, constant]], axis=1) if constant.any() else by_day

    def coded(self) -> tuple[NDArray[np.float32], list[int]]:
        """The columns of `flat`, the levels of each constant attribute as one of codes, and the places of such columns.

        The codes, 1 for the first level and 0 for none, have no order: they are for trees that split sets of levels.
        """
        columns, (kept, levels) = self.flat(), self.coding
        codes = [_code(columns[:, at]) for at in levels]
        return np.column_stack([columns[:, kept], *codes]), list(range(len(kept), len(kept) + len(codes)))

    @property
    def coding(self) -> tuple[list[int], list[list[int]]]:
        """The places in `flat` of the columns that `coded` takes as they are, and of the levels of each attribute."""
        sources = [source for source in self.sources if source is not None and source.constant]
        by_day = self.history_days * int((~self.constant).sum())
        kept, levels = list(range(by_day)), dict[str, list[int]]()
        for place, source in enumerate(sources, start=by_day):
            (levels.setdefault(source.name, []) if source.one_hot else kept).append(place)
        return kept, list(levels.values())

    def unflattened(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers of the columns of `flat` by day and feature, each constant on the last day: (n, c) to (n, d, f).

        Example:
            >>> from churn.data import example_split
            >>> windows = example_split().test
            >>> bool((windows.unflattened(windows.flat()) == windows.history()).all())
            True
        """
        constant, n = self.constant, len(columns)
        found = np.zeros((n, self.history_days, len(constant)))
        by_day = self.history_days * int((~constant).sum())
        found[:, :, ~constant] = columns[:, :by_day].reshape(n, self.history_days, int((~constant).sum()))
        found[:, -1, constant] = columns[:, by_day:]
        return found

    def known_days(self) -> NDArray[np.int64]:
        """The days of the history on which the user was already known, (n,)."""
        known = self.cutoff - self.panel.begin[self.user]
        return np.asarray(np.clip(known, 0, self.history_days), np.int64)

    def active_days(self) -> NDArray[np.int64]:
        """The days with activity in the history, (n,)."""
        days: NDArray[np.int64] = np.take(self.panel.active, self.rows(), axis=0).sum(axis=1)
        return days

    def flat_features(self) -> list[tuple[str, int]]:
        """The columns of `flat`: (feature, day), where day -1 is the one before the cutoff, and each constant's day."""
        names = list(zip(self.features, self.constant, strict=True))
        by_day = [(name, day) for day in range(-self.history_days, 0) for name, constant in names if not constant]
        return by_day + [(name, -1) for name, constant in names if constant]

    def _only_selected(self, columns: tuple[_T, ...]) -> tuple[_T, ...]:
        return columns if self.selected is None else tuple(columns[place] for place in self.selected)

    def table(self) -> pd.DataFrame:
        """The windows as a table: user_id, cutoff and a label per target, null where not known."""
        columns = {"user_id": self.user_ids, "cutoff": self.dates}
        for target in self.targets:
            label = pd.Series(self.label(target), dtype="Int8")
            columns[target] = label.mask(label == UNKNOWN)
        return pd.DataFrame(columns)


def _code(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """The code of each row's level, 1 for the first column and 0 for none: (n, levels) to (n,)."""
    return np.where(columns.any(axis=1), columns.argmax(axis=1) + 1, 0).astype(np.float32)
