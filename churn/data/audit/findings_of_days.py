"""Findings about days without events, with hardly any, or far from all others, and about the last day."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.audit.findings import Finding, runs, spans
from churn.data.audit.views import FEWEST
from churn.data.windows.panel import Panel
from churn.language import say, say_many

THIN = 0.10  # share of the median of the days around
AROUND = 29  # days, the thin one in their middle
USUAL = 20  # events of the days around under which a thin day is chance
LONG_GAP = 14  # days without any event
STRAY = 0.01  # share of the events of the largest stretch between long gaps
STOPPED = 2  # times the longest silence between two days with stickers
HALF_A_DAY = 0.5  # share of the quietest of the last four same weekdays: an unfinished last day


Stretches = tuple[tuple[int, int], ...]  # the first and the last day of each


def stray_days(panel: Panel, events: NDArray[np.float64], gaps: Stretches) -> Iterator[Finding]:
    """Findings about first or last days that hold hardly any of the events and lie far from all others."""
    first, last = _sound_days(events, gaps)
    days = np.arange(panel.n_days)
    stray = (days < first) | (days > last)
    if not stray.any():
        return
    keys = {"data.first_day": first, "data.last_day": last}
    needed = {name: day for name, day in keys.items() if day not in (0, panel.n_days - 1)}
    seen = runs(stray & ((events > 0) | np.isin(days, (0, panel.n_days - 1))))
    yield Finding(
        say(
            "{n:,.0f} of {all:,.0f} events lie far from all others, {spans}.",
            n=events[stray].sum(),
            all=events.sum(),
            spans=spans(panel, seen),
        ),
        say(
            "If the dates are mistaken, set {keys}: rows beyond are set aside and counted. Otherwise, parts of the "
            "split lie in days without events.",
            keys=", ".join(f"{name}: {panel.date(day).date()}" for name, day in needed.items()),
        ),
    )


def _sound_days(events: NDArray[np.float64], gaps: Stretches) -> tuple[int, int]:
    """The first and the last day of the log without its stray days."""
    long = [(first, last) for first, last in gaps if last - first + 1 >= LONG_GAP]
    begins, ends = [0, *(last + 1 for _, last in long)], [*(first - 1 for first, _ in long), len(events) - 1]
    totals = np.array([events[begin : end + 1].sum() for begin, end in zip(begins, ends, strict=True)])
    large = np.flatnonzero((totals >= STRAY * totals.max()) | (totals == 0))  # a log that ends in silence is whole
    return int(begins[large[0]]), int(ends[large[-1]])


def thin_days(panel: Panel, events: NDArray[np.float64], gaps: Stretches) -> Iterator[Finding]:
    """Findings about gaps, days with hardly any event, and an unfinished last day; stray days are left out."""
    begin, end = _sound_days(events, gaps)
    long = [(first, last) for first, last in gaps if last - first + 1 >= LONG_GAP and begin < first and last < end]
    if long:
        yield Finding(
            say("There is no event at all {spans}.", spans=spans(panel, long)),
            say("Load the missing days, or set data.first_day or data.last_day to leave out what lies beyond them."),
        )
    around = pd.Series(events).rolling(AROUND, center=True, min_periods=1).median().to_numpy()
    is_thin = (events < THIN * around) & (around >= USUAL)
    is_thin[:begin], is_thin[end + 1 :] = False, False
    thin = [run for run in runs(is_thin[:-1]) if run not in long]
    if thin:
        n = sum(last - first + 1 for first, last in thin)
        yield Finding(
            say_many(
                "{n} day with under a tenth of the events of the days around: {spans}.",
                "{n} days with under a tenth of the events of the days around: {spans}.",
                n,
                spans=spans(panel, thin),
            ),
            say("Load what is missing: a day without its rows looks like silence."),
        )
    yield from _unfinished(panel, events[: end + 1])


def stopped_stickers(panel: Panel) -> Iterator[Finding]:
    """A finding about stickers that end long before the log does: the table was not brought up to date."""
    rows = panel.sticker_rows()
    days = np.unique(panel.days_where(rows)[1]) if rows is not None else np.empty(0, np.int32)
    if len(days) < FEWEST:
        return
    silent = panel.n_days - 1 - int(days[-1])
    if silent > STOPPED * int(np.diff(days).max()):
        yield Finding(
            say(
                "The last sticker is of {day}, {silent} days before the log ends; before, there were never more than "
                "{most} days between two.",
                day=panel.date(int(days[-1])).date(),
                silent=silent,
                most=int(np.diff(days).max()),
            ),
            say("Load the stickers up to the last day of the events."),
        )


def _unfinished(panel: Panel, events: NDArray[np.float64]) -> Iterator[Finding]:
    same_weekdays = events[:-1][::-1][6::7][:4]  # one, two, three and four weeks before the last day
    least = same_weekdays.min(initial=np.inf)
    if len(same_weekdays) == 4 and least >= USUAL and events[-1] < HALF_A_DAY * least:
        yield Finding(
            say(
                "The last day, {day}, has {events:,.0f} events, where the same weekday of the four weeks "
                "before had at least {least:,.0f}: it may not be over.",
                day=panel.date(len(events) - 1).date(),
                events=events[-1],
                least=least,
            ),
            say(
                "Set data.last_day to {day}, so that its missing hours do not count as silence.",
                day=panel.date(len(events) - 2).date(),
            ),
        )
