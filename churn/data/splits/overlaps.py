"""Overlaps: the users, days and windows that two parts share, counted without listing a single day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.data.windows.windows import Windows


@dataclass(frozen=True)
class Spans:
    """Stretches of days without overlap, the users' calendars laid end to end on one line."""

    start: NDArray[np.int64]  # (m,) the first day of each stretch
    end: NDArray[np.int64]  # (m,) the first day after it


def spans(windows: Windows, *, before: int, after: int) -> Spans:
    """The days around each cutoff as stretches: `before` days before it, and `after` days from the cutoff on.

    Below 0, `before` leaves out as many days from the cutoff on.

    Since the windows of a user overlap, there are far fewer stretches than windows.
    """
    if not len(windows):
        return Spans(np.empty(0, np.int64), np.empty(0, np.int64))
    line = positions(windows)
    if (line[1:] < line[:-1]).any():
        line.sort()
    breaks = np.flatnonzero(line[1:] - line[:-1] > before + after)
    return Spans(line[np.append(0, breaks + 1)] - before, line[np.append(breaks, len(line) - 1)] + after)


def positions(windows: Windows) -> NDArray[np.int64]:
    """The cutoffs on the line of all users' calendars, (n,): one number for each window of a panel."""
    around = windows.history_days + windows.reach_days
    # A calendar is long enough for the days around the first and the last cutoff: no stretch touches the next user's.
    line = windows.user.astype(np.int64)
    line *= windows.panel.n_days + around + 1
    line += windows.cutoff
    line += windows.history_days
    return line


def days_in_both(a: Spans, b: Spans) -> int:
    """The number of days that lie in both; with spans of one day (`before=0, after=1`), of windows.

    Example:
        >>> one = Spans(np.array([0, 10]), np.array([5, 12]))
        >>> days_in_both(one, Spans(np.array([3]), np.array([11])))
        3
    """
    return int((_days_below(b, a.end) - _days_below(b, a.start)).sum())


def _days_below(found: Spans, day: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of days of the stretches before each day."""
    if not len(found.start):
        return np.zeros_like(day)
    total = np.append(0, (found.end - found.start).cumsum())
    begun = np.searchsorted(found.start, day, side="right")
    still_to_come = np.maximum(found.end[np.maximum(begun, 1) - 1] - day, 0)
    return np.where(begun > 0, total[begun] - still_to_come, 0)


def users_in_both(a: Windows, b: Windows) -> NDArray[np.intp]:
    """The users with windows in both, as positions in `panel.users`."""
    present = np.zeros((2, len(a.panel.users)), np.bool_)
    for row, windows in zip(present, (a, b), strict=True):
        row[windows.user] = True
    return np.flatnonzero(present.all(axis=0))


def reaching(earlier: Windows, later: Windows, *, embargo_days: int = 0) -> NDArray[np.bool_]:
    """Whether each window's answer, with the embargo, is known only after the later part's first cutoff, (n,)."""
    if not len(later):
        return np.zeros(len(earlier), np.bool_)
    past: NDArray[np.bool_] = earlier.answered > later.cutoff.min() - embargo_days
    return past


def overlap(earlier: Windows, later: Windows, *, embargo_days: int = 0) -> dict[str, int]:
    """Count the users, days and windows that two parts share.

    Returns:
        users: users with windows in both;
        user_days: days of a user that windows of both see, from the start of a history to the end of a horizon;
        outcome_days: days of a user in a horizon of the later part that the earlier one sees: answers given away;
        windows: windows of the earlier part whose horizon, with the embargo, runs past the later's first cutoff;
        windows_in_both: windows in both.
    """
    history, lead, reach = earlier.history_days, earlier.lead_days, earlier.reach_days
    seen = spans(earlier, before=history, after=reach)
    return {
        "users": len(users_in_both(earlier, later)),
        "user_days": days_in_both(seen, spans(later, before=history, after=reach)),
        "outcome_days": days_in_both(seen, spans(later, before=-lead, after=reach)),
        "windows": int(reaching(earlier, later, embargo_days=embargo_days).sum()),
        "windows_in_both": windows_in_both(earlier, later),
    }


def windows_in_both(a: Windows, b: Windows) -> int:
    """The number of windows, (user, cutoff) pairs, in both."""
    return days_in_both(spans(a, before=0, after=1), spans(b, before=0, after=1))
