"""Findings about a table of days: days without its rows, and counts that look like levels."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.audit.findings import Finding, runs, spans
from churn.data.audit.findings_of_days import AROUND, THIN, USUAL
from churn.data.windows.panel import Panel
from churn.language import say, say_many

STEADY = 0.05  # change from a day to the next, as a share of the values, under which a count looks like a level
NEVER_NONE = 0.95  # share of the rows in which a level is above 0
_CHUNK = 1 << 16  # rows of the panel looked at once


def absent_days(panel: Panel, rows: NDArray[np.float64]) -> Iterator[Finding]:
    """Findings about days that the table lacks altogether, and days with hardly any of their rows."""
    if absent := runs(rows == 0):
        yield Finding(
            say_many(
                "{n} day has no row in the table of days: {spans}.",
                "{n} days have no row in the table of days: {spans}.",
                sum(last - first + 1 for first, last in absent),
                spans=spans(panel, absent),
            ),
            say("Load them if they are anywhere: windows that need such a day for their answer are in no part."),
        )
    around = pd.Series(rows).rolling(AROUND, center=True, min_periods=1).median().to_numpy()
    if thin := runs((rows > 0) & (rows < THIN * around) & (around >= USUAL)):
        yield Finding(
            say_many(
                "{n} day with under a tenth of the rows of the days around: {spans}.",
                "{n} days with under a tenth of the rows of the days around: {spans}.",
                sum(last - first + 1 for first, last in thin),
                spans=spans(panel, thin),
            ),
            say("Load what is missing: a day without its rows looks like silence."),
        )


def steady_channels(panel: Panel, counted: Sequence[str]) -> Iterator[Finding]:
    """A finding about channels that are taken for counts of the day and hardly change from a day to the next."""
    places = [panel.features.index(name) for name in counted]
    values, changes, above, rows = np.zeros(len(places)), np.zeros(len(places)), np.zeros(len(places)), 0
    for begin in range(1, len(panel.counts), _CHUNK):
        until = begin + _CHUNK + 1
        found = np.asarray(panel.counts[begin:until][:, places], np.float64)
        both = _next_day(panel, begin, begin + len(found))
        values += np.abs(found[1:][both]).sum(axis=0)
        changes += np.abs(np.diff(found, axis=0)[both]).sum(axis=0)
        above += (found[1:][both] > 0).sum(axis=0)
        rows += int(both.sum())
    steady = (changes > 0) & (changes < STEADY * values) & (above >= NEVER_NONE * rows)
    if names := [name for name, same in zip(counted, steady, strict=True) if same]:
        yield Finding(
            say("Channels that hardly change from a day to the next: {names}.", names=", ".join(names)),
            say(
                "If they are levels, such as subscribers or a balance, and no counts of the day, list them in "
                "data.daily_levels; otherwise a day without a row counts as 0."
            ),
        )


def _next_day(panel: Panel, begin: int, end: int) -> NDArray[np.bool_]:
    """Whether each row after the first of a stretch, and the one before it, are reported days of one user."""
    rows = np.arange(begin, end)
    reported = np.ones(len(rows), np.bool_) if panel.reported is None else np.asarray(panel.reported[begin:end])
    return np.asarray(reported[1:] & reported[:-1] & ~np.isin(rows[1:], panel.start))
