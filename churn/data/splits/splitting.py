"""Splitting: the ways to divide windows into parts, each with the rule that it keeps."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.config.split_config import Origin, SplitConfig
from churn.data.splits.split import Split, user_share
from churn.data.windows.arrivals import wait
from churn.data.windows.sliding import too_few_days
from churn.data.windows.windows import UNKNOWN, Windows
from churn.errors import UserError

_MOST_DAYS = 10_000  # days of the longest log that is tried in search of the fewest days of a split
_TRAIN, _VAL, _TEST, _NONE, _UNFINISHED = range(5)


def split_windows(windows: Windows, config: SplitConfig) -> Split:
    """Split windows as configured; the newest fold where there are several.

    Raises:
        UserError: if there are no labels, or a part is empty or lacks a class of a target.
    """
    return rolling_origins(windows, replace(config, folds=1))[0]


def rolling_origins(windows: Windows, config: SplitConfig) -> tuple[Split, ...]:
    """The folds, oldest first; the last one is the split as configured.

    An earlier fold has both boundaries, and the end of its test part, moved back by a multiple of the length of the
    test part, in days. So the test parts of all folds follow each other without a gap and without overlap. Each fold
    keeps the rule of its kind within itself: it trains on every window whose horizon, with the embargo, ends by
    its own first validation cutoff. Nothing is promised between folds: the horizons of a fold's last test windows run
    into the next fold's test part, and a later fold trains on what an earlier one was tested on. So choose within a
    fold, and compare choices, not predictions, between folds. The windows to score are equal in all.

    Raises:
        UserError: if there are no labels, too few days, or a part is empty or lacks a class of a target.
    """
    known = windows.known
    if not known.any() and windows.due is not None:
        remedy = "load members whose answers are known by data.last_day, and came after the arrival"
        raise UserError("expected members with an answer", "none", remedy)
    if not known.any():
        begin, reach, panel = windows.history_days, windows.reach_days, windows.panel
        needed = days_needed(config, begin=begin, reach_days=reach) or begin + reach
        if panel.n_days < needed:
            raise too_few_days(panel.first_day, panel.first_day + panel.n_days - 1, needed=needed)
        raise UserError("expected labelled windows", "none", "load more days, or check at_risk and activity_events")
    if not config.by_time:
        return (_split(windows, _untimed(windows, config), config),)
    # By the calendar, not by who is at risk on its last days: so the vocabulary can be frozen before there are windows.
    first = windows.panel.date(windows.cutoff[known].min())
    newest = windows.panel.n_days - windows.reach_days if windows.due is None else windows.cutoff[known].max()
    last = windows.panel.date(newest)
    dated = config if windows.due is None else config.of_arrivals(windows.take(known).dates, wait=_wait(windows))
    folds = []
    for number, origin in enumerate(dated.origins(first, last), start=1):
        name = f" of fold {number} of {config.folds}" if config.folds > 1 else ""
        folds.append(_split(windows, _timed(windows, config, origin), config, fold=name))
    return tuple(folds)


def days_needed(config: SplitConfig, *, begin: int, reach_days: int) -> int | None:
    """The fewest days of a log in which every part has cutoffs; None for a split by fixed dates or not by time.

    Args:
        config: The split.
        begin: The first cutoff, in days from the log's first day.
        reach_days: Days from a cutoff to the end of its horizon.

    Example:
        >>> days_needed(SplitConfig(), begin=7, reach_days=7)
        57
    """
    if not config.by_time or config.val_from or config.test_from:
        return None
    reach, zero = pd.Timedelta(days=reach_days + config.embargo_days), pd.Timestamp(0)
    first = zero + pd.Timedelta(days=begin)
    for days in range(begin + reach_days, _MOST_DAYS):
        try:
            oldest = config.origins(first, zero + pd.Timedelta(days=days - reach_days))[0]
        except UserError:
            continue
        if first + reach <= oldest.val_from and oldest.val_from + reach <= oldest.test_from:
            return days
    return None


def training_users(users: pd.Index, config: SplitConfig) -> NDArray[np.bool_]:
    """The users whose windows may be trained on, (u,): all users unless the split is by user.

    Example:
        >>> users = pd.Index([f"user{number}" for number in range(1000)])
        >>> bool(600 < training_users(users, SplitConfig(kind="user")).sum() < 800)
        True
        >>> bool(training_users(users, SplitConfig(kind="time")).all())
        True
    """
    if not config.by_user:
        return np.ones(len(users), np.bool_)
    return np.asarray(_placed(user_share(users, purpose="parts"), config) == _TRAIN)


def _split(windows: Windows, part: NDArray[np.int8], config: SplitConfig, *, fold: str = "") -> Split:
    """The split by each window's part, (n,)."""
    known = windows.known
    usable = learnable(windows)
    train, val, test = (windows.take(usable & (part == place)) for place in (_TRAIN, _VAL, _TEST))
    parts = train, val, test, windows.take(~known & ~windows.censored)
    split = Split(*parts, config.embargo_days, config.kind, _unlabelled(windows.take(part == _UNFINISHED)))
    _check_classes(split, fold, remedy=_remedy(windows, known, config))
    return split


def _unlabelled(windows: Windows) -> Windows | None:
    """Windows whose labels are not to be read; None where there are no windows."""
    labels = {target: np.full_like(label, UNKNOWN) for target, label in windows.labels.items()}
    return replace(windows, labels=labels) if len(windows) else None


def _untimed(windows: Windows, config: SplitConfig) -> NDArray[np.int8]:
    """The part of each window by its user, or by chance, (n,)."""
    if config.by_user:
        return _by_user(windows, config)
    return _placed(np.random.default_rng(config.seed).random(len(windows)), config)


def _timed(windows: Windows, config: SplitConfig, origin: Origin) -> NDArray[np.int8]:
    """The part of each window by its cutoff, which must be its user's part too if the split is by user, (n,)."""
    part = _by_time(windows, config, origin)
    if config.by_user:
        own = _by_user(windows, config)
        part[(part != own) & ~((part == _UNFINISHED) & (own == _TRAIN))] = _NONE
    return part


def _by_time(windows: Windows, config: SplitConfig, origin: Origin) -> NDArray[np.int8]:
    """The part of each window by its cutoff; windows whose answer comes after a boundary belong to none, (n,)."""
    start, cutoff = windows.panel.date(0), windows.cutoff
    val_from, test_from, until = (
        (d.date() - start.date()).days for d in (origin.val_from, origin.test_from, origin.test_until)
    )
    known_from = _settled(windows) + config.embargo_days
    part = np.full(len(windows), _NONE, np.int8)
    if windows.due is None:
        part[cutoff + windows.lead_days < val_from - config.embargo_days] = _UNFINISHED
    part[known_from <= val_from] = _TRAIN
    part[(cutoff >= val_from) & (known_from <= test_from)] = _VAL
    part[(cutoff >= test_from) & (cutoff < until)] = _TEST
    return part


def learnable(windows: Windows) -> NDArray[np.bool_]:
    """Whether each window's answer is known, and was due by the panel's end for its age, (n,)."""
    return np.asarray(windows.known & (_settled(windows) <= windows.panel.n_days))


def _settled(windows: Windows) -> NDArray[np.int32]:
    """The first day on which each window may be learnt from or judged by, (n,), as answers of either kind have come."""
    if windows.due is None:
        return windows.answered
    return np.asarray(np.maximum(windows.due, windows.cutoff + np.int32(_wait(windows))))


def _wait(windows: Windows) -> int:
    """The `wait` for the answers of arrivals, in days."""
    return wait((windows.answered - windows.cutoff)[windows.known])


def _by_user(windows: Windows, config: SplitConfig) -> NDArray[np.int8]:
    """The part of each window by a hash of its user's id, (n,)."""
    return _placed(user_share(windows.panel.parted, purpose="parts"), config)[windows.user]


def _placed(share: NDArray[np.float64], config: SplitConfig) -> NDArray[np.int8]:
    """The part of each number in [0, 1): the lowest train, the highest test."""
    test_from = 1 - config.test_share
    return np.searchsorted([test_from - config.val_share, test_from], share, side="right").astype(np.int8)


def _remedy(windows: Windows, known: NDArray[np.bool_], config: SplitConfig) -> str:
    """The remedy for a part without windows or without a class: more days, and how many, or other boundaries."""
    if windows.due is not None:
        return (
            f"answers take up to {_wait(windows)} days, for which each part waits: list more months of members, move "
            "the split's dates or shares, or choose data.split.kind: user"
        )
    begin, panel = int(windows.cutoff[known].min()), windows.panel
    needed = days_needed(config, begin=begin, reach_days=windows.reach_days)
    if needed is not None and panel.n_days < needed:
        return f"load more days: with these windows and shares it takes {needed}, and the log has {panel.n_days}"
    active = np.unique([0, *panel.days_where(panel.active)[1], panel.n_days - 1])
    longest = int(np.diff(active).argmax())
    before, after = int(active[longest]), int(active[longest + 1])
    if after - before > panel.n_days / 2:
        silent = f"from {panel.date(before + 1).date()} to {panel.date(after - 1).date()}"
        return f"nobody acts {silent}, so set data.first_day or data.last_day to leave out what lies beyond"
    return (
        "see the days with churn check, move the split's dates or shares, load more days, or leave the target's "
        "table out"
    )


def _check_classes(split: Split, fold: str, *, remedy: str) -> None:
    for name, part in (("train", split.train), ("val", split.val_a), ("val", split.val_b), ("test", split.test)):
        for target in part.targets:
            classes = np.unique(part.label(target))
            if len(classes) < 2:
                raise UserError(
                    f"expected both classes of {target} in {name}{fold}",
                    f"{len(part):,} windows of class {', '.join(map(str, classes)) or 'none'}",
                    remedy,
                )
