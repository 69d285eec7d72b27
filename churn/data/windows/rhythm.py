"""Rhythm: the hours and weekdays of users' actions, and the number of actions elsewhere."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from churn.artefacts import read_json, write_json
from churn.data.log.daily import Daily, Tables
from churn.data.log.events import with_clock
from churn.data.windows.mapped import filled
from churn.data.windows.windows import Windows

QUARTERS = ("share_at_night", "share_in_morning", "share_in_afternoon", "share_in_evening")  # six hours each, from 0:00
FEW = 0.01  # share of actions up to which actions at midnight sharp may be chance
WEEKENDS, ELSEWHERE = "share_on_weekends", "activity_elsewhere"
_QUARTERS = ("night", "morning", "afternoon", "evening")
_ROW = np.dtype([(name, "<i4") for name in ("user", "day", "own", *_QUARTERS, "elsewhere")])
_FILES = ("rhythm.npy", "rhythm.json")


@dataclass(frozen=True)
class Clock:
    """The numbers of own actions with and without a time of day."""

    actions: int  # all of it
    timed: int  # with a time of day
    dates: int  # at midnight sharp, which are taken for dates


@dataclass(frozen=True)
class Rhythm:
    """Users' own actions by day and quarter of the day; opened in place."""

    rows: NDArray[Any]  # (r,) user, day of the panel, own activity, its quarters, actions elsewhere; by user and day
    clock: Clock

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Open the files that `build` wrote; None for new data to score."""
        rows, clock = (folder / name for name in _FILES)
        return cls(np.load(rows, mmap_mode="r"), Clock(**read_json(clock))) if clock.exists() else None

    def shares(self, windows: Windows, *, first: int, last: int) -> pd.DataFrame:
        """The shares of own activity by quarter of the day and on weekends, and the actions elsewhere, (n,) rows.

        Shares are missing where there was no activity. A log without times of day has no quarters.

        Args:
            windows: The windows.
            first: The first day to count, relative to the cutoff.
            last: The last day to count, before the cutoff: -1 at most.

        Example:
            >>> from churn.data import example_dataset
            >>> dataset = example_dataset()
            >>> found = dataset.rhythm.shares(dataset.split().test, first=-7, last=-1)
            >>> found[list(QUARTERS)].sum(axis=1).round(9).unique().tolist()
            [1.0]
        """
        if last > -1:
            raise ValueError(f"expected days before the cutoff, up to -1, got {last}")
        window, row = self._found(windows, first, last)
        weekday = (row["day"] + windows.panel.first_day + 3) % 7  # 1970 began on a Thursday
        own = _sums(window, row["own"], len(windows))
        on_weekends = _sums(window, row["own"] * (weekday >= 5), len(windows))
        columns = {WEEKENDS: _ratio(on_weekends, own), ELSEWHERE: _sums(window, row["elsewhere"], len(windows))}
        quarters = np.array([_sums(window, row[name], len(windows)) for name in _QUARTERS])
        hours = dict(zip(QUARTERS, _ratio(quarters, quarters.sum(axis=0)), strict=True)) if self.clock.timed else {}
        return pd.DataFrame(hours | columns)

    def _found(self, windows: Windows, first: int, last: int) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """The rows of some days before each cutoff, with the window that each belongs to."""
        span = np.int64(windows.panel.n_days + 1)
        moment, user = self.rows["user"] * span + self.rows["day"], windows.user.astype(np.int64) * span
        begin = np.searchsorted(moment, user + np.maximum(windows.cutoff + first, 0))
        length = np.searchsorted(moment, user + np.maximum(windows.cutoff + last + 1, 0)) - begin
        window = np.repeat(np.arange(len(windows)), length)
        place = np.arange(len(window)) - np.repeat(length.cumsum() - length, length)
        return window, self.rows[begin[window] + place]


def build(tables: Tables, daily: Daily, folder: Path, *, zone: str, activity_events: Sequence[str] | None) -> None:
    """Write the rhythm of the users from the engine's stream; memory is bounded by one batch.

    Args:
        tables: The canonical tables.
        daily: The daily counts, for their users.
        folder: The folder to write to.
        zone: The time zone of the hours.
        activity_events: The own events that count as being alive; all own events where None.
    """
    acts = _cached(tables, _acts(tables, daily, zone=zone, activity_events=activity_events))
    known = _.quarter.notnull()
    totals = {
        "actions": _.n.sum(),
        "timed": _.n.sum(where=known),
        "sharp": _.n.sum(where=known & _.midnight),
        "whole": _.whole.sum(),
    }
    found = acts.filter(_.own).aggregate(**{name: total.coalesce(0) for name, total in totals.items()})
    actions, timed, sharp, whole = (int(value) for value in found.to_pandas().iloc[0])
    # Few users act at midnight sharp. Where more rows lie there than on all other whole hours together, they are dates,
    # and would make everyone act at night.
    dates = sharp if sharp > max(whole, FEW * timed) else 0
    days = _cached(tables, _by_day(acts, dated=bool(dates)))
    filled(days, folder / _FILES[0], _ROW, first_day=daily.first_day)
    write_json(asdict(Clock(actions, timed - dates, dates)), folder / _FILES[1])


def _acts(tables: Tables, daily: Daily, *, zone: str, activity_events: Sequence[str] | None) -> ibis.Table:
    """Counts of users' actions: (code, own, day, quarter, midnight, n, whole); quarter is null for dates alone."""
    events = with_clock(tables.events, zone=zone).filter(_.reason.isnull())
    if "actor_id" not in events.columns:
        events = events.mutate(actor_id=_.user_id)
    events = events.mutate(own=_.user_id == _.actor_id)
    if activity_events and "event" in events.columns:
        events = events.filter(~_.own | _.event.cast("string").isin(activity_events))
    users = daily.users.select(actor_id=daily.users.user_id, code=daily.users.code)
    acts = events.join(users, "actor_id").mutate(quarter=(_.hour // 6).cast("int32"))
    keys = ("code", "own", "day", "quarter", "midnight")
    return acts.group_by(*keys).aggregate(n=_.count(), whole=_.count(where=_.whole & ~_.midnight))


def _by_day(acts: ibis.Table, *, dated: bool) -> ibis.Table:
    """A row per user and day with any action; if `dated`, actions at midnight sharp have no quarter."""
    timed = _.own & ~_.midnight if dated else _.own
    quarters = {name: _.n.sum(where=timed & (_.quarter == place)) for place, name in enumerate(_QUARTERS)}
    days = acts.group_by("code", "day").aggregate(own=_.n.sum(where=_.own), **quarters, elsewhere=_.n.sum(where=~_.own))
    names = ("own", *_QUARTERS, "elsewhere")
    return days.select(user="code", day="day", **{name: days[name].coalesce(0).cast("int32") for name in names})


def _cached(tables: Tables, table: ibis.Table) -> ibis.Table:
    return tables.engine.create_table(ibis.util.gen_name("churn"), table, temp=True)


def _sums(window: NDArray[np.intp], values: NDArray[np.integer], n: int) -> NDArray[np.float64]:
    return np.bincount(window, values, minlength=n).astype(np.float64)  # without any rows they are integers


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)
