"""Trials: models fitted again under other conditions, and their probabilities on the test windows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.data import Dataset, Split, Windows
from churn.errors import UserError
from churn.evaluation.verdicts.config import VerdictConfig
from churn.evaluation.verdicts.contest import Contestant
from churn.statistics import log_loss

FEWEST_USERS = 10  # users in test under which an interval over users is not reliable


@dataclass(frozen=True)
class Inquiry:
    """The subject of a question: the data, a target and its contestants."""

    dataset: Dataset
    target: str
    contestants: tuple[Contestant, ...]  # the best on half A first
    config: VerdictConfig
    seed: int = 0

    @property
    def rivals(self) -> tuple[Contestant, ...]:
        """The best network, and every contestant that is not a network.

        A network that answers all targets stands back behind one of this target alone, whose fits take a quarter of
        the time.
        """
        networks = [contestant for contestant in self.contestants if contestant.kind.is_network]
        networks.sort(key=lambda contestant: contestant.kind.answers_all)
        return tuple(one for one in self.contestants if one not in networks[1:])


@dataclass(frozen=True)
class Trial:
    """One contestant's probabilities under one variant of the conditions."""

    model: str
    variant: str
    test: Windows  # n windows
    y: NDArray[np.int8]  # (n,)
    each: NDArray[np.float64]  # (s, n) probabilities by each of s seeds
    loss_a: float  # log loss on half A of validation, by which a trial is chosen

    @property
    def p(self) -> NDArray[np.float64]:
        """The average over the seeds, (n,)."""
        return np.asarray(self.each.mean(axis=0))

    @property
    def log_loss(self) -> float:
        """The average's log loss on the test windows."""
        return log_loss(self.y, self.p)


def attempt(contestant: Contestant, split: Split, *, inquiry: Inquiry, variant: str) -> Trial:
    """Fit a contestant on `split.train`, once per seed, and predict `split.test`."""
    val, test, target = split.val_a, split.test, inquiry.target
    on_val, on_test = [], []
    for seed in range(inquiry.seed, inquiry.seed + inquiry.config.seeds):
        model = contestant.kind(**contestant.arguments).fit(split, target=target, seed=seed)
        on_val.append(model.predict_proba(val))
        on_test.append(model.predict_proba(test))
    loss_a = log_loss(val.label(target), np.mean(on_val, axis=0))
    return Trial(contestant.name, variant, test, test.label(target), np.array(on_test), loss_a)


def attempt_all(splits: Mapping[Any, Split], inquiry: Inquiry) -> list[Trial]:
    """Every rival on every split, whose name is the variant."""
    return [
        attempt(contestant, split, inquiry=inquiry, variant=variant)
        for contestant in inquiry.rivals
        for variant, split in splits.items()
    ]


def best(trials: list[Trial], variant: str) -> Trial:
    """The trial of a variant with the lowest log loss on half A, so that no test label chooses it."""
    return min((trial for trial in trials if trial.variant == variant), key=lambda trial: trial.loss_a)


def other(trials: list[Trial], trial: Trial, variant: str) -> Trial:
    """The trial of another variant by a trial's model."""
    return next(found for found in trials if found.model == trial.model and found.variant == variant)


def without_score(split: Split) -> Split:
    """The split without its part to score, which no verdict reads."""
    return replace(split, score=split.score.take(np.arange(0)))


def thinned(split: Split, inquiry: Inquiry) -> Split:
    """The split with as many windows as the configuration allows, and half A alone as validation.

    Raises:
        UserError: if a part lacks a class, or test has too few users.
    """
    most = inquiry.config.windows
    thin = resized(without_score(split), train=most, val_a=most // 4, test=most, seed=inquiry.seed)
    if not both_classes(thin, inquiry.target):
        raise UserError(
            f"expected both classes of {inquiry.target} in every part",
            "one",
            "load more days, or raise verdicts.windows",
        )
    check_users(thin)
    return thin


def check_users(split: Split) -> None:
    """Check that the test windows have enough users for an interval over users.

    Raises:
        UserError: if they have not.
    """
    if (users := users_of(split.test)) < FEWEST_USERS:
        raise UserError(f"expected at least {FEWEST_USERS} users in the test part", users, "load more users or days")


def resized(split: Split, *, train: int, val_a: int, test: int, seed: int) -> Split:
    """The split with at most the given numbers of labelled windows, drawn at random; validation is half A alone."""
    return replace(
        split,
        train=few(split.train, train, seed=seed),
        val=few(split.val_a, val_a, seed=seed),
        test=few(split.test, test, seed=seed),
        unfinished=None,
    )


def few(windows: Windows, most: int, *, seed: int) -> Windows:
    """A random sample of up to `most` windows, in their order, which depends on the number and the seed alone."""
    if len(windows) <= most:
        return windows
    return windows.take(np.sort(np.random.default_rng(seed).choice(len(windows), most, replace=False)))


def both_classes(split: Split, target: str) -> bool:
    """Whether both classes are in train, in half A and in test."""
    return all(len(np.unique(part.label(target))) == 2 for part in (split.train, split.val_a, split.test))


def users_of(windows: Windows) -> int:
    """The number of users of the windows."""
    return len(np.unique(windows.user))


def places(windows: Windows) -> NDArray[np.int64]:
    """A number per window that identifies user and cutoff, (n,)."""
    return windows.user.astype(np.int64) * (windows.panel.n_days + 1) + windows.cutoff


def positions(part: Windows, windows: Windows) -> NDArray[np.intp]:
    """The positions of a part's windows among the windows that it was taken from, both in their order, (m,)."""
    return np.searchsorted(places(windows), places(part))
