"""The verdict on the limit: the log loss that more users would lead to, and the gain of twice the data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from churn.data import Split, Windows
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contest import Contestant
from churn.evaluation.verdicts.measures import Verdict, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt, attempt_all, best, other, thinned, users_of
from churn.evaluation.verdicts.wording import brackets, by_side, decimal, measured
from churn.language import joined, marked, say
from churn.statistics import Interval, log_losses, rate_interval

ALL = marked("all")
USERS = (
    marked("half of the users"),
    marked("the other half of the users"),
    marked("half of the users, drawn again"),
    marked("the other half, drawn again"),
)
DAYS = (marked("the newer half of the days"),)
COLUMNS = (marked("every second column"), marked("the other columns"))
_LEARNER = "LightGBM"  # by which doublings are measured: networks of few users vary more than a doubling gains
_RATE = 0.7  # of the fall of what a fit loses to the best possible one, by the number of users
_NEAR = 0.005  # of log loss: nearer than this to the limit, a model has no room left
_FEWEST = 200  # windows of a part of the training part under which it is not tried
_FEWEST_COLUMNS = 4


def limit(inquiry: Inquiry) -> Verdict:
    """Compare fits on all training windows with fits on half of the users, of the days and of the columns."""
    whole = inquiry.dataset.split()
    split = thinned(whole, inquiry)
    trials = attempt_all({ALL: split}, inquiry)
    chosen = best(trials, ALL)
    learner = _learner(inquiry, chosen)
    halves = {name: part for name, part in _halves(split, inquiry).items() if _enough(part, inquiry)}
    trials += [attempt(learner, part, inquiry=inquiry, variant=name) for name, part in halves.items()]
    kinds: Sequence[tuple[str, ...]] = (USERS, DAYS, COLUMNS)
    gains = {names: _gain(trials, learner, names, inquiry) for names in kinds if {*names} <= {*halves}}
    return Verdict(
        "limit",
        inquiry.target,
        QUESTIONS["limit"],
        joined((*_of_users(chosen, gains.get(USERS), split, whole), *_of_others(gains))),
        joined((_note(split, learner), measured(users_of(split.test)))),
        tabulate("limit", trials, inquiry=inquiry, reference=ALL),
    )


def left_to_gain(gain: Interval) -> Interval:
    """The log loss that any number of further users would save, by what the last doubling of the users saved.

    What a fit loses to the best possible one falls as users to the power of −.7, as six simulated logs showed: 1.6
    times what the last doubling gained is left. A gain below zero is chance, and counts as none.

    Source:
        T. Viering and M. Loog, The shape of learning curves: a review, IEEE TPAMI 45 (2023): power laws; for a model
        of a fixed number of parameters the power is −1 (S. Amari and N. Murata, Neural Computation 5, 1993).

    Example:
        >>> print(left_to_gain(Interval(0.02, -0.01, 0.05)))
        0.032 (0.000 to 0.080)
    """
    return Interval(*(max(end, 0.0) / (2**_RATE - 1) for end in (gain.value, gain.low, gain.high)))


def _learner(inquiry: Inquiry, chosen: Trial) -> Contestant:
    """The contestant by which doublings are measured: the trees or, where there are none, the best."""
    by_name = {contestant.name: contestant for contestant in inquiry.rivals}
    return by_name.get(_LEARNER, by_name[chosen.model])


def _gain(trials: list[Trial], learner: Contestant, names: Iterable[str], inquiry: Inquiry) -> Interval:
    """The log loss that a doubling saves: the mean over some halves less that of all, over users."""
    base = next(trial for trial in trials if trial.model == learner.name and trial.variant == ALL)
    halves = [log_losses(half.y, half.p) for half in (other(trials, base, name) for name in names)]
    saved = np.mean(halves, axis=0) - log_losses(base.y, base.p)
    return rate_interval(saved, base.test.user, repetitions=inquiry.config.repetitions, seed=inquiry.seed)


def _halves(split: Split, inquiry: Inquiry) -> dict[str, Split]:
    """The split with half of the training users, twice drawn, half of its days, and half of its columns."""
    train, random = split.train, np.random.default_rng(inquiry.seed)
    users, named = np.unique(train.user), train.features
    parts = {DAYS[0]: replace(split, train=train.take(train.cutoff > np.median(train.cutoff)))}
    for one, rest in (USERS[:2], USERS[2:]):
        first = np.isin(train.user, random.permutation(users)[: len(users) // 2])
        parts[one] = replace(split, train=train.take(first))
        parts[rest] = replace(split, train=train.take(~first))
    for place, name in enumerate(COLUMNS if len(named) >= _FEWEST_COLUMNS else ()):
        parts[name] = split.mapped(partial(_every_second, first=place))
    return {name: parts[name] for name in (*USERS, *DAYS, *COLUMNS) if name in parts}


def _every_second(windows: Windows, first: int) -> Windows:
    return windows.only(windows.features[first::2])


def _enough(split: Split, inquiry: Inquiry) -> bool:
    train = split.train
    return len(train) >= _FEWEST and len(np.unique(train.label(inquiry.target))) == 2


def _of_users(chosen: Trial, gain: Interval | None, split: Split, whole: Split) -> list[str]:
    """Sentences on the limit, and on what twice the users gained."""
    if gain is None:
        return [say("There are too few users to tell how far {model} is from the limit.", model=chosen.model)]
    left, loss = left_to_gain(gain), chosen.log_loss
    found = Interval(*(max(loss - end, 0.0) for end in (left.value, left.high, left.low)))
    told = say(
        "The last doubling of the users gained {gain} {gains}; by that, more users of this kind would take the log "
        "loss of {model}, {loss}, to about {limit} {limits}.",
        gain=decimal(gain.value),
        gains=brackets(gain),
        model=chosen.model,
        loss=decimal(loss),
        limit=decimal(found.value),
        limits=brackets(found),
    )
    return [told, _advice(left, split), *_of_thinned(split, whole)]


def _advice(left: Interval, split: Split) -> str:
    """The conclusion from what is left to gain, where its interval allows one."""
    if left.high < _NEAR:
        return say("More users would hardly help; other columns might.")
    if left.low > _NEAR:
        return say("More users would still help.")
    return say("Whether more users would help cannot be told from {users:,} users.", users=users_of(split.test))


def _of_thinned(split: Split, whole: Split) -> list[str]:
    """A sentence on a training part of which the verdict saw a sample."""
    if len(split.train) == len(whole.train):
        return []
    return [
        say(
            "This is by {n:,} of the {all:,} training windows (verdicts.windows); the models of the run saw all, and "
            "are nearer to the limit.",
            n=len(split.train),
            all=len(whole.train),
        )
    ]


def _of_others(gains: Mapping[tuple[str, ...], Interval]) -> list[str]:
    """Sentences on the days and on the columns."""
    told = {
        DAYS: (
            marked("The older half of the training days helps: without it the log loss rises by {amount}."),
            marked("The older half of the training days does harm: without it the log loss falls by {amount}."),
            marked("The older half of the training days changes nothing clear: without it, {change} ({why})."),
        ),
        COLUMNS: (
            marked("With half of the columns the log loss rises by {amount}."),
            marked("With half of the columns the log loss falls by {amount}."),
            marked("Half of the columns change nothing clear: {change} ({why})."),
        ),
    }
    return [
        by_side(gains[names], above=above, below=below, across=across)
        for names, (above, below, across) in told.items()
        if names in gains
    ]


def _note(split: Split, learner: Contestant) -> str:
    return say(
        "Learnt from {train:,} windows of {users:,} users; {model} also from halves, of the users twice drawn. What a "
        "fit loses to the best possible one falls with the users: 1.6 times what the last doubling gained is left. "
        "Tried on simulated logs of known truth; it does not know of columns that nobody has collected, and its "
        "interval knows of the test users' luck alone.",
        train=len(split.train),
        users=users_of(split.train),
        model=learner.name,
    )
