"""Spells: how long users are active and how long they are silent, with what the log's end cuts off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.data import Panel
from churn.eda.arguments import check_count


@dataclass(frozen=True)
class Spells:
    """Durations in days, sorted by user; censored ones are known to have lasted at least so long."""

    user: NDArray[np.int32]  # (s,) position in the panel
    days: NDArray[np.int32]  # (s,)
    ended: NDArray[np.bool_]  # (s,) whether the end was seen


def silences(panel: Panel) -> Spells:
    """Every stretch of silent days after an active day, until the user comes back or the log ends.

    A user who is active on two days in a row has a silence of 0 days between them, which is left out. Where a day's
    activity looks back over several days, a silence began as many days before it is seen, and shorter ones are not.

    Example:
        >>> from churn.data import example_dataset
        >>> found = silences(example_dataset().panel)
        >>> bool(found.days.min() >= 1), bool(0 < found.ended.mean() < 1)
        (True, True)
    """
    user, day = panel.days_where(np.asarray(panel.active))
    last = np.append(user[1:] != user[:-1], True) if len(user) else np.empty(0, bool)
    until = np.append(day[1:], panel.n_days)
    until[last] = panel.n_days
    days = (until - day - 1).astype(np.int32)
    kept = days > 0
    return Spells(user[kept], days[kept] + np.int32(panel.over_days - 1), ~last[kept])


def lifetimes(panel: Panel, *, silent_days: int) -> Spells:
    """The days from each user's first active day to the last one before the first silence of `silent_days`.

    A lifetime of one day begins and ends on the same day. An end can be seen up to `silent_days` before the log's last
    day, so everyone who is there until then is censored on that day: were they followed further, only users who
    stay would be, and nobody would seem to leave. Users never active, or first active after it, have none.

    Raises:
        UserError: for fewer than one silent day.
    """
    check_count("silent_days", silent_days)
    user, day = panel.days_where(np.asarray(panel.active))
    last = np.append(user[1:] != user[:-1], True) if len(user) else np.empty(0, bool)
    until = np.append(day[1:], panel.n_days)
    until[last] = panel.n_days
    silent_days = max(silent_days - panel.over_days + 1, 1)  # of which a day's activity tells
    gone = until - day - 1 >= silent_days
    stop = np.flatnonzero(gone | last)  # the candidates for a user's end, which is the first
    users, place = np.unique(user[stop], return_index=True)
    end, begin = stop[place], np.searchsorted(user, users)
    watched = panel.n_days - 1 - silent_days  # the last day on which an end could be seen
    ended = gone[end] & (day[end] <= watched)
    days = np.where(ended, day[end], watched) - day[begin] + 1
    kept = day[begin] <= watched
    return Spells(users[kept].astype(np.int32), days[kept].astype(np.int32), ended[kept])
