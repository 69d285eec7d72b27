"""The verdict on the limit: the log loss that no model could beat on these columns, and the gain of twice the data."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from churn.data import Split, Windows
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt_all, best, other, thinned, users_of
from churn.evaluation.verdicts.wording import by_side, decimal, measured
from churn.language import joined, marked, say
from churn.statistics import Interval

ALL = marked("all")
USERS = (marked("half of the users"), marked("the other half of the users"))
DAYS, COLUMNS = marked("the newer half of the days"), marked("half of the columns")
_RATE = 0.7  # of the fall of what a fit loses to the best possible one, by the number of users
_NEAR = 0.005  # of log loss: nearer than this to the limit, a model has no room left
_FEWEST = 200  # windows of a part of the training part under which it is not tried


def limit(inquiry: Inquiry) -> Verdict:
    """Compare fits on all training windows with fits on half of the users, of the days and of the columns."""
    split = thinned(inquiry.dataset.split(), inquiry)
    variants = {ALL: split} | {name: part for name, part in _halves(split, inquiry).items() if _enough(part, inquiry)}
    trials = attempt_all(variants, inquiry)
    chosen = best(trials, ALL)
    halves = {name: other(trials, chosen, name) for name in variants if name != ALL}
    gaps = {name: compare(half, chosen, inquiry) for name, half in halves.items()}
    return Verdict(
        "limit",
        inquiry.target,
        QUESTIONS["limit"],
        joined((_of_users(chosen, gaps), *_of_others(gaps))),
        joined((_note(split), measured(users_of(split.test)))),
        tabulate("limit", trials, inquiry=inquiry, reference=ALL),
    )


def estimated_limit(loss: float, halved: list[float]) -> float:
    """The log loss that more users would lead to, from the loss with all and the losses with half of the users.

    What a fit loses to the best possible one falls as users to the power of −.7, as six simulated logs showed: 1.6
    times what the last doubling gained is left. A gain below zero is chance, and counts as none.

    Source:
        T. Viering and M. Loog, The shape of learning curves: a review, IEEE TPAMI 45 (2023): power laws; for a model
        of a fixed number of parameters the power is −1 (S. Amari and N. Murata, Neural Computation 5, 1993).

    Example:
        >>> round(estimated_limit(0.40, [0.43, 0.41]), 3), estimated_limit(0.40, [0.39])
        (0.368, 0.4)
    """
    left = max(float(np.mean(halved)) - loss, 0.0) / (2**_RATE - 1)
    return max(loss - left, 0.0)


def _halves(split: Split, inquiry: Inquiry) -> dict[str, Split]:
    """The split with half of the training users, the other half, half of its days, and half of its columns."""
    train = split.train
    users = np.unique(train.user)
    first = np.isin(train.user, np.random.default_rng(inquiry.seed).permutation(users)[: len(users) // 2])
    named = train.features
    return {
        USERS[0]: _training(split, lambda windows: windows.take(first)),
        USERS[1]: _training(split, lambda windows: windows.take(~first)),
        DAYS: _training(split, lambda windows: windows.take(windows.cutoff > np.median(windows.cutoff))),
        COLUMNS: split.mapped(lambda windows: windows.only(named[::2])),
    }


def _training(split: Split, change: Callable[[Windows], Windows]) -> Split:
    return replace(split, train=change(split.train))


def _enough(split: Split, inquiry: Inquiry) -> bool:
    train = split.train
    return len(train) >= _FEWEST and len(np.unique(train.label(inquiry.target))) == 2


def _of_users(chosen: Trial, gaps: dict[str, Interval]) -> str:
    """Sentences on the limit, and on what twice the users gained."""
    halves = [gaps[name].value for name in USERS if name in gaps]
    if not halves:
        return say("There are too few users to tell how far {model} is from the limit.", model=chosen.model)
    found = estimated_limit(chosen.log_loss, [chosen.log_loss + gap for gap in halves])
    gain = float(np.mean(halves))
    told = say(
        "{model}'s log loss is {loss}; with more users of this kind it would come to about {limit}, and no model on "
        "these columns to much less. The last doubling of the users gained {gain}.",
        model=chosen.model,
        loss=decimal(chosen.log_loss),
        limit=decimal(found),
        gain=decimal(gain),
    )
    if chosen.log_loss - found < _NEAR:
        return joined((told, say("More users or a better model would hardly help; other columns might.")))
    return joined((told, say("More users would still help.")))


def _of_others(gaps: dict[str, Interval]) -> list[str]:
    """Sentences on the days and on the columns."""
    told = {
        DAYS: (
            marked("The older half of the training days helps: without it the log loss rises by {amount}."),
            marked("The older half of the training days does harm: without it the log loss falls by {amount}."),
            marked("The older half of the training days changes nothing clear: without it, {change} ({why})."),
        ),
        COLUMNS: (
            marked("With half of the columns the log loss rises by {amount}, so that further ones may pay, too."),
            marked("With half of the columns the log loss falls by {amount}."),
            marked("Half of the columns would do, as far as can be seen: {change} ({why})."),
        ),
    }
    return [
        by_side(gaps[name], above=above, below=below, across=across)
        for name, (above, below, across) in told.items()
        if name in gaps
    ]


def _note(split: Split) -> str:
    return say(
        "Learnt from {train:,} windows of {users:,} users, and from halves. What a fit loses to the best possible one "
        "falls with the users: 1.6 times what the last doubling gained is left. Tried on simulated logs of known "
        "truth; it does not know of columns that nobody has collected.",
        train=len(split.train),
        users=users_of(split.train),
    )
