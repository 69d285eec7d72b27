"""Sliding: finding the windows of a panel, and their labels."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.config.window_config import WindowConfig
from churn.data.windows.panel import Panel
from churn.data.windows.windows import CHURN, STICKER, UNKNOWN, Windows
from churn.errors import UserError

_CHUNK = 1 << 16  # windows labelled at a time, which bounds the scratch memory


def slide(panel: Panel, config: WindowConfig, *, joined: NDArray[np.int32] | None = None) -> Windows:
    """Find all windows of a panel and label them.

    Where a day's activity is a state that looks back over the horizon, its last day alone tells who churned. A window
    of a table of days has no answer to churn where that day, or any day of a horizon of counts, is not reported.

    Cutoffs run from the first day that has a whole history before it to the day after the last, which is
    always there, whatever the stride, since it is the one to score.

    Args:
        panel: The panel.
        config: The definitions.
        joined: The day of the panel on which each user joined, (u,); needed for `at_risk: member`.

    Raises:
        UserError: if the log is shorter than a history, or the horizon than the days on which activity looks back.
    """
    begin = first_cutoff(config)
    if config.horizon_days < panel.over_days:
        expected = f"expected a horizon of at least {panel.over_days} days, on which data.daily_activity looks back"
        raise UserError(expected, config.horizon_days, "set data.windows.horizon_days to these")
    if panel.n_days < begin:
        raise too_few_days(panel.first_day, panel.first_day + panel.n_days - 1, needed=begin)
    if config.at_risk == "arrival":
        user, cutoff = _arrivals(panel, config, begin=begin)
    else:
        spells = _spells(panel, config, joined)
        user, cutoff = _expand(*spells, begin=begin, end=panel.n_days, stride=config.stride_days)
    labels = {CHURN: _labels(panel, panel.active, user, cutoff, config, seen=0, from_day=panel.over_days - 1)}
    if panel.reported is not None:
        labels[CHURN][~_reported(panel, panel.reported, user, cutoff, config)] = UNKNOWN
    if (stickers := panel.sticker_rows()) is not None:
        labels[STICKER] = _labels(panel, stickers, user, cutoff, config, seen=1)
    history_days, arrivals = max(config.history_days, 1), config.at_risk == "arrival"
    lead = config.lead_days
    return Windows(panel, history_days, config.horizon_days, user, cutoff, labels, arrivals=arrivals, lead_days=lead)


def first_cutoff(config: WindowConfig) -> int:
    """The first day of a panel that has a whole history before it."""
    return max(config.history_days, config.at_risk_days if config.at_risk == "active" else 1)


def no_windows(panel: Panel, config: WindowConfig) -> Windows:
    """The windows of a panel that is too short to have any."""
    none, unlabelled = np.empty(0, np.int32), np.empty(0, np.int8)
    targets = (CHURN,) if panel.sticker_rows() is None else (CHURN, STICKER)
    labels, lead = dict.fromkeys(targets, unlabelled), config.lead_days
    return Windows(panel, config.history_days, config.horizon_days, none, none, labels, lead_days=lead)


def too_few_days(first_day: int, last_day: int, *, needed: int) -> UserError:
    """The error for a log from one day to another (days since 1970) that is shorter than needed."""
    dates = pd.to_datetime([first_day, last_day], unit="D").strftime("%Y-%m-%d")
    return UserError(
        f"expected at least {needed} days of events",
        f"{last_day - first_day + 1} ({dates[0]} to {dates[1]})",
        "lower data.windows.history_days or data.windows.horizon_days, or load more",
    )


def _spells(
    panel: Panel, config: WindowConfig, joined: NDArray[np.int32] | None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The stretches of cutoffs at risk, without overlap: (user, first, last) of each."""
    if config.at_risk == "member":
        if joined is None:
            raise _no_days(config)
        return np.arange(len(joined), dtype=np.int32), joined, np.full_like(joined, panel.n_days)
    # After an active day a user is at risk until the next one, or for at_risk_days: no cutoff is counted twice.
    seen = panel.active if panel.reported is None else panel.active & panel.reported
    user, day = panel.days_where(seen)
    until = day + np.int32(max(config.at_risk_days - panel.over_days + 1, 1))
    same = user[1:] == user[:-1]
    until[:-1][same] = np.minimum(until[:-1], day[1:])[same]
    return user, day + np.int32(1), until


def _arrivals(panel: Panel, config: WindowConfig, *, begin: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The cutoffs as many days after each dated arrival as configured, sorted by user and cutoff: (n,) and (n,)."""
    if panel.listed is None:
        raise _no_days(config)
    cutoffs = panel.arrived[:, None] + np.array(sorted(set(config.after_days)), np.int32)
    inside = panel.listed[:, None] & (cutoffs >= begin) & (cutoffs <= panel.n_days)
    user, place = np.nonzero(inside)
    return user.astype(np.int32), cutoffs[user, place]


def _no_days(config: WindowConfig) -> UserError:
    expected = f"expected a member list with `joined` for at_risk: {config.at_risk}"
    return UserError(expected, "none", "map member_columns")


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
    config: WindowConfig,
    *,
    seen: int,
    from_day: int = 0,
) -> NDArray[np.int8]:
    """Labels: `seen` where one of the rows lies in the horizon, on its day `from_day` or later, else 1 - seen; -1 while
    the horizon runs: (n,).
    """
    when, reach = np.append(np.flatnonzero(rows), len(rows)), (config.lead_days + from_day, config.reach_days)
    labels = np.empty(len(user), np.int8)
    for chunk in range(0, len(user), _CHUNK):
        part = slice(chunk, chunk + _CHUNK)
        start, first, last = (days[user[part]] for days in (panel.start, panel.first, panel.last))
        # The horizon's rows, as far as the user has any; the rows of the next user follow.
        begin, end = (np.clip(cutoff[part] + day, first, last + 1) - first + start for day in reach)
        inside = when[np.searchsorted(when, begin)] < end
        labels[part] = np.where(inside, seen, 1 - seen)
        labels[part][cutoff[part] + config.reach_days > panel.n_days] = UNKNOWN
    return labels


def _reported(
    panel: Panel,
    rows: NDArray[np.bool_],
    user: NDArray[np.int32],
    cutoff: NDArray[np.int32],
    config: WindowConfig,
) -> NDArray[np.bool_]:
    """Whether all days that tell the answer are among the reported rows, (n,): of a state the user's, else anyone's.

    Days after the panel's last count as reported: a label waits for these in any case.
    """
    begin, end = (np.minimum(cutoff + day, panel.n_days) for day in (config.lead_days, config.reach_days))
    if panel.over_days == 1:
        days = np.unique(panel.days_where(rows)[1])
        return np.asarray(np.searchsorted(days, end) - np.searchsorted(days, begin) == end - begin)
    begin = np.minimum(begin + np.int32(panel.over_days - 1), end)
    seen = np.append(0, np.cumsum(rows))
    start, first, last = (days[user] for days in (panel.start, panel.first, panel.last))
    inside = [np.clip(day, first, last + 1) - first + start for day in (begin, end)]
    return np.asarray(seen[inside[1]] - seen[inside[0]] == end - begin)
