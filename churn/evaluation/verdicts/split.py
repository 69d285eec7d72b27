"""The verdict on the split: the measures that a random one would have pretended."""

from dataclasses import replace

import numpy as np

from churn.data import Dataset, Split, SplitConfig, SplitKind, Windows, split_windows, user_share
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import (
    Inquiry,
    Trial,
    attempt_all,
    best,
    both_classes,
    check_users,
    other,
    positions,
    resized,
    users_of,
)
from churn.evaluation.verdicts.wording import by_side, decimal, measured
from churn.language import joined, marked, say
from churn.statistics import Interval

HELD_OUT = 1 / 3  # share of the users, from whom the test windows come
VALIDATING = 1 / 4  # share of the users or of the windows, whichever the kind of split divides
REFERENCE = "time"  # the split that matches production: future days of present users


def split(inquiry: Inquiry) -> Verdict:
    """Measure on the same test windows what models learned from four training parts of equal size.

    Raises:
        UserError: if a part lacks a class.
    """
    splits = rival_splits(inquiry)
    trials = attempt_all(splits, inquiry)
    honest = best(trials, REFERENCE)
    random = other(trials, honest, "random")
    return Verdict(
        "split",
        inquiry.target,
        QUESTIONS["split"],
        _sentence(random, honest, compare(random, honest, inquiry)),
        _note(splits["time"]),
        tabulate("split", trials, inquiry=inquiry, reference=REFERENCE),
    )


def rival_splits(inquiry: Inquiry) -> dict[SplitKind, Split]:
    """A split of each kind with the same test windows, and training and validation parts of equal size.

    The test windows are a random half of the windows in the days of the test part whose users are held out by a hash.
    `random` learns from any other window, `user` from any window of other users, `time` from every user's windows
    before the test part, `user_time` from other users' windows before it; each is stopped early on its own kind.

    Raises:
        UserError: if a part lacks a class, or test has too few users.
    """
    splits = _whole_splits(inquiry.dataset, inquiry.seed)
    most = inquiry.config.windows
    train = min(most, *(len(each.train) for each in splits.values()))
    val_a = min(most // 4, *(len(each.val_a) for each in splits.values()))
    for kind, each in splits.items():
        splits[kind] = resized(each, train=train, val_a=val_a, test=most, seed=inquiry.seed)
        if not both_classes(splits[kind], inquiry.target):
            found = f"one in the split by {kind}"
            raise UserError(f"expected both classes of {inquiry.target} in every part", found, "load more days")
    check_users(splits["time"])
    return splits


def _whole_splits(dataset: Dataset, seed: int) -> dict[SplitKind, Split]:
    """The splits with all their windows."""
    windows, config = dataset.windows, _by_time(dataset.config.split)
    timed = split_windows(windows, config)
    labelled, nothing = windows.take(windows.known), windows.take(np.arange(0))
    share = user_share(windows.panel.parted, purpose="parts")
    held_out, validating = share >= 1 - HELD_OUT, share < VALIDATING
    learning = ~held_out & ~validating
    rng = np.random.default_rng(seed)
    test = timed.test.take(held_out[timed.test.user])
    test = test.take(rng.random(len(test)) < 0.5)
    rest = labelled.take(np.delete(np.arange(len(labelled)), positions(test, labelled)))
    drawn = rng.random(len(rest)) < VALIDATING

    def of_kind(kind: SplitKind, train: Windows, val: Windows) -> Split:
        return Split(train, val, test, nothing, config.embargo_days if "time" in kind else 0, kind)

    return {
        "time": of_kind("time", timed.train, timed.val),
        "user_time": of_kind("user_time", _of(timed.train, learning), _of(timed.val, validating)),
        "user": of_kind("user", _of(labelled, learning), _of(labelled, validating)),
        "random": of_kind("random", rest.take(~drawn), rest.take(drawn)),
    }


def _by_time(config: SplitConfig) -> SplitConfig:
    """The configured dates, or the default ones where the split is not by time."""
    return replace(config, kind="time", folds=1, group=None) if config.by_time else SplitConfig()


def _of(windows: Windows, users: np.ndarray) -> Windows:
    """The windows of some users, by a mask (u,)."""
    return windows.take(users[windows.user])


def _sentence(random: Trial, honest: Trial, gap: Interval) -> str:
    return by_side(
        gap,
        below=marked(
            "A random split would have pretended a log loss of {pretended} where {model} honestly has "
            "{found}: better by {amount}."
        ),
        above=marked(
            "A random split would have pretended nothing here: it is even worse with a log loss of "
            "{pretended} where {model} honestly has {found}, a difference of {change}."
        ),
        across=marked(
            "A random split would have pretended nothing that shows here: a log loss of {pretended} where "
            "{model} honestly has {found}, a difference of {change} ({why})."
        ),
        pretended=decimal(random.log_loss),
        model=honest.model,
        found=decimal(honest.log_loss),
    )


def _note(timed: Split) -> str:
    test = timed.test
    users = users_of(test)
    told = say(
        "Each learned from {train:,} windows and was stopped on {val:,} of the same kind. All "
        "predicted the same {test:,} windows of {users:,} users in the days of the test part. The kind "
        "time, with every user's earlier windows, is what production meets.",
        train=len(timed.train),
        val=len(timed.val),
        test=len(test),
        users=users,
    )
    return joined((told, measured(users)))
