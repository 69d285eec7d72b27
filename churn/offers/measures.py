"""Measures of offers: how often they were taken, how much likeness adds to popularity, and how true chances were."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import declared
from churn.offers.chances import Chance
from churn.offers.known import Floats
from churn.offers.learnt import GROUPS, OFFERED, Learnt
from churn.offers.ranking import Places
from churn.statistics import FEW, Interval, rate_interval, share_interval

POPULAR, LIKE_YOURS = "popular", "like_yours"
KNOWN = "1+"  # all members who are known by some activity
DEPTHS = (OFFERED, 10)  # offers among which the activity joined next is looked for
_LEVEL = 1 - 0.05 / (len(GROUPS) - 1)  # so that chance alone uses likeness for no group in 95 of 100 runs
_UNKNOWN = Interval(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Lists:
    """The offers of n members at a cutoff, and what came of these."""

    group: NDArray[np.int64]  # (n,)
    by_basis: dict[str, Places]  # (n, 10) by each ranking
    there: NDArray[np.bool_]  # (n, 3) whether there was an offer
    columns: Floats  # (n × 3, c) what a chance is told
    joined: NDArray[np.bool_]  # (n, 3) whether it was joined within the horizon
    open: int  # activities that could be offered


def empty_measures() -> pd.DataFrame:
    """The table of `measured` without rows."""
    return declared.OFFER_MEASURES.empty()


def empty_chances() -> pd.DataFrame:
    """The table of `chances` without rows."""
    return declared.OFFER_CHANCES.empty()


def gains(questions: pd.DataFrame, name: str, k: int = OFFERED) -> Floats:
    """The hits of a ranking less the hits of popularity, (n,): -1, 0 or 1."""
    hits, usual = (questions[f"{ranking}_{k}"].to_numpy(np.float64) for ranking in (name, POPULAR))
    return np.asarray(hits - usual)


def used(questions: pd.DataFrame, *, seed: int) -> dict[str, bool]:
    """Whether likeness is used, by group: where its gain is above 0, on at least 30 questions."""
    found = {}
    for place, name in enumerate(GROUPS[1:], start=1):
        rows = questions[questions["group"] == place]
        enough = len(rows) >= FEW
        gain = rate_interval(gains(rows, LIKE_YOURS), rows["user"], seed=seed, level=_LEVEL) if enough else _UNKNOWN
        found[name] = bool(gain.low > 0)
    return found


def measured(questions: pd.DataFrame, lists: Sequence[Lists], learnt: Learnt, *, seed: int) -> pd.DataFrame:
    """A row per basis, group and depth, as `offer_measures.csv` has it.

    Args:
        questions: Questions of the later cutoffs, from both rankings.
        lists: Offers at these cutoffs.
        learnt: For whom likeness is used.
        seed: Of the bootstrap.
    """
    rows = []
    for place, name in enumerate((*GROUPS, KNOWN)):
        inside = questions[questions["group"] > 0 if name == KNOWN else questions["group"] == place]
        for basis in (POPULAR, LIKE_YOURS):
            if len(inside) and (basis == POPULAR or name != GROUPS[0]):
                using = _uses(learnt, name) == (basis == LIKE_YOURS)
                rows += [(basis, name, k, using, *_row(inside, lists, name, basis, k, seed=seed)) for k in DEPTHS]
    return declared.OFFER_MEASURES.of(rows)


def chances(lists: Sequence[Lists], chance: Sequence[Chance]) -> pd.DataFrame:
    """A row per group and place: the mean chance, and the share of offers that was joined, as `offer_chances.csv`.

    Args:
        lists: Offers of the later cutoffs.
        chance: What the cutoffs before each taught.
    """
    told = pd.DataFrame(
        {
            "group": np.concatenate([np.repeat(one.group, OFFERED) for one in lists]),
            "place": np.concatenate([np.tile(np.arange(1, OFFERED + 1), len(one.group)) for one in lists]),
            "chance": np.concatenate([learnt(one.columns) for learnt, one in zip(chance, lists, strict=True)]),
            "joined": np.concatenate([one.joined.ravel() for one in lists]),
        }
    )[np.concatenate([one.there.ravel() for one in lists])]
    rows = []
    for group, place in product(range(len(GROUPS)), range(1, OFFERED + 1)):
        part = told[(told["group"] == group) & (told["place"] == place)]
        if len(part):
            share = share_interval(int(part["joined"].sum()), len(part))
            rows.append((GROUPS[group], place, len(part), float(part["chance"].mean()), *_ends(share)))
    return declared.OFFER_CHANCES.of(rows)


def _row(
    questions: pd.DataFrame, lists: Sequence[Lists], name: str, basis: str, k: int, *, seed: int
) -> tuple[object, ...]:
    """The numbers of a row: n, users, hit rate, the best possible one, coverage, and the gain."""
    users = questions["user"]
    hit = rate_interval(questions[f"{basis}_{k}"].to_numpy(np.float64), users, seed=seed)
    gain = rate_interval(gains(questions, basis, k), users, seed=seed) if basis == LIKE_YOURS else _UNKNOWN
    best, coverage = float(questions["there"].mean()), _coverage(lists, name, basis, k)
    return len(questions), users.nunique(), *_ends(hit), best, coverage, *_ends(gain)


def _coverage(lists: Sequence[Lists], name: str, basis: str, k: int) -> float:
    """The share of the open activities that stands in some list, on average over the cutoffs with lists of a group."""
    shares = []
    for one in lists:
        inside = one.by_basis[basis][one.group > 0 if name == KNOWN else one.group == GROUPS.index(name)]
        offered = np.unique(inside[:, :k])
        shares += [(offered >= 0).sum() / max(1, one.open)] if len(inside) else []
    return float(np.mean(shares)) if shares else np.nan


def _uses(learnt: Learnt, name: str) -> bool:
    """Whether likeness is used for a group, or for all who are known by some activity."""
    return all(learnt.used.values()) if name == KNOWN else learnt.used.get(name, False)


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high
