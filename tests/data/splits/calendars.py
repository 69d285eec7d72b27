"""Random small calendars, and a slow, obvious way to split them."""

import dataclasses

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from churn.data import Panel, SplitConfig, Windows, user_share

KINDS = ("time", "user", "user_time", "random")


@st.composite
def calendars(draw, kinds=KINDS):
    """Windows of a few users over some weeks, at risk and labelled by chance, and a way to split them.

    Sizes come from a seed, not from Hypothesis itself, whose liking for small numbers leaves most parts empty.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    history, horizon, stride = (int(rng.integers(1, most)) for most in (6, 6, 4))
    n_users, lead = int(rng.integers(1, 60)), int(rng.choice([0, 0, 1, 4]))
    n_days = history + lead + horizon + int(rng.integers(1, 70))
    windows = windows_by_chance(rng, n_users, n_days, history=history, horizon=horizon, stride=stride, lead=lead)
    return windows, config_by_chance(rng, draw(st.sampled_from(kinds)), windows)


def config_by_chance(rng, kind, windows):
    val_share, test_share = rng.choice([0.1, 0.2, 0.25, 0.4], 2).tolist()
    config = SplitConfig(kind, val_share=val_share, test_share=test_share)
    if not config.by_time:
        return dataclasses.replace(config, seed=int(rng.integers(9)))
    config = dataclasses.replace(
        config, embargo_days=int(rng.choice([0, 0, 1, 4])), folds=int(rng.choice([1, 1, 2, 3]))
    )
    if rng.random() < 0.5:
        return config
    val, test = np.sort(rng.choice(windows.panel.n_days, 2, replace=False)).tolist()
    dates = {name: str(windows.panel.date(day).date()) for name, day in (("val_from", val), ("test_from", test))}
    return dataclasses.replace(config, **dates)


def windows_by_chance(rng, n_users, n_days, *, history, horizon, stride, lead=0):
    grid = np.append(np.arange(history, n_days, stride), n_days)
    user, place = np.nonzero(rng.random((n_users, len(grid))) < rng.choice([0.2, 0.6, 1.0]))
    cutoff = grid[place].astype(np.int32)
    labels = rng.integers(0, 2, (2, len(user))).astype(np.int8)
    labels[:, cutoff + lead + horizon > n_days] = -1
    targets = ("churn", "sticker") if rng.random() < 0.3 else ("churn",)
    known = dict(zip(targets, labels, strict=False))
    days = panel(rng, n_users, n_days)
    return Windows(days, history, horizon, user.astype(np.int32), cutoff, known, lead_days=lead)


def panel(rng, n_users, n_days):
    """Days that no split looks into."""
    one = np.zeros(n_users, np.int32)
    users = pd.Index([f"{rng.integers(1000)}-{number}" for number in range(n_users)])
    return Panel(
        users=users,
        features=("own_post",),
        first_day=19723,
        n_days=n_days,
        first=one,
        last=one - 1,
        start=one.astype(np.int64),
        arrived=one,
        counts=np.zeros((1, 1), np.uint8),
        amounts=None,
        active=one > 1,
    )


def pairs(windows):
    """The windows of a part as a set of (user, cutoff)."""
    return set(zip(windows.user.tolist(), windows.cutoff.tolist(), strict=True))


def reference(windows, config):
    """The folds, oldest first: of each the train, val and test windows as sets; None where the dates do not fit."""
    known = [i for i in range(len(windows)) if windows.answers[i] >= 0]
    last = windows.panel.n_days - windows.lead_days - windows.horizon_days
    share = user_share(windows.panel.users, purpose="parts")
    chance = np.random.default_rng(config.seed).random(len(windows))
    folds = [(None, None, None)]
    if config.by_time:
        folds = reference_dates(windows, config, min((int(windows.cutoff[i]) for i in known), default=0), last)
    parts = []
    for val_from, test_from, until in folds or ():
        reach, found = windows.lead_days + windows.horizon_days + config.embargo_days, (set(), set(), set())
        for i in known:
            user, cutoff = int(windows.user[i]), int(windows.cutoff[i])
            places = set()
            if config.by_time:
                early, middle = cutoff + reach <= val_from, val_from <= cutoff and cutoff + reach <= test_from
                places.add(0 if early else 1 if middle else 2 if test_from <= cutoff < until else None)
            if config.kind != "time":
                x = share[user] if config.by_user else chance[i]
                top = 1 - config.test_share
                places.add(0 if x < top - config.val_share else 1 if x < top else 2)
            if len(places) == 1 and None not in places:
                found[places.pop()].add((user, cutoff))
        parts.append(found)
    return parts or None


def reference_dates(windows, config, first, last):
    """The days of the boundaries, fold by fold; None where they are not in order or the folds too many."""
    days, start = last - first + 1, windows.panel.date(0)
    test = last + 1 - round(days * config.test_share)
    if config.test_from:
        test = (pd.Timestamp(config.test_from) - start).days
    val = (pd.Timestamp(config.val_from) - start).days if config.val_from else test - round(days * config.val_share)
    if not first < val < test <= last:
        return None
    length, end, folds = last + 1 - test, last + 1, []
    for _ in range(config.folds):
        folds.insert(0, (val, test, end))
        val, test, end = val - length, test - length, end - length
    return folds if folds[0][0] > first else None


def lacks_a_class(windows, found):
    """Whether train, a half of val, or test has only one class of a target."""
    label = {pair: i for i, pair in enumerate(zip(windows.user.tolist(), windows.cutoff.tolist(), strict=True))}
    second = user_share(windows.panel.users) >= 0.5
    train, val, test = found
    groups = (train, {p for p in val if second[p[0]]}, {p for p in val if not second[p[0]]}, test)
    return any(len({int(windows.label(t)[label[p]]) for p in g}) < 2 for g in groups for t in windows.targets)
