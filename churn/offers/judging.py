"""Judging: what offers would have been worth at earlier cutoffs, and so whether likeness earns its place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.offers import measures
from churn.offers.chances import Chance, columns_of
from churn.offers.known import first_joins, known_at
from churn.offers.learnt import OFFERED, Learnt, groups
from churn.offers.measures import DEPTHS, LIKE_YOURS, POPULAR, Lists
from churn.offers.ranking import Places, alike, neighbours, ranked
from churn.offers.visits import Visits
from churn.statistics import rate_interval

Asked = Callable[[int], Places]  # the places of the members who are asked about at a cutoff
MOST = 52  # cutoffs that are judged, of weekly ones a year
_LEAST = 4  # cutoffs without which nothing is judged
_RECENT = 3  # one in three cutoffs, the newest ones, set the level of chances
_LISTED = 5_000  # members of a cutoff whose offers are looked at, evenly drawn: for chances and coverage
_WEIGHTS, _TEXTS = (0.5, 1.0, 2.0, 4.0), (0.0, 0.3)


@dataclass(frozen=True)
class Judged:
    """The result of judging: what earlier cutoffs taught, and its measures."""

    learnt: Learnt
    measures: pd.DataFrame  # by basis, group and depth
    chances: pd.DataFrame  # by group and place
    cutoffs: tuple[int, ...]  # days since 1970


def earlier(newest: int, *, first: int, horizon: int, days: int) -> list[int]:
    """The cutoffs to judge, oldest first: one horizon apart, whose horizons are over, with some days before each.

    Example:
        >>> earlier(100, first=0, horizon=20, days=28)
        [40, 60, 80]
    """
    return sorted(range(newest - horizon, first + days - 1, -horizon))[-MOST:]


def judge(visits: Visits, asked: Asked, cutoffs: Sequence[int], *, horizon: int, days: int, seed: int = 0) -> Judged:
    """Judge offers at earlier cutoffs.

    The weight of likeness is chosen on the earlier half: the one whose gain over popular has the highest lower end. It
    is used for a group of members where, on the later half, the interval of the gain is above 0. A question is a member
    who joins a new activity within the horizon; a hit is that the first one was among the offers.

    Args:
        visits: The visits.
        asked: Gives the members to ask about at a cutoff, -1 for a user without visits.
        cutoffs: Days since 1970, oldest first.
        horizon: Days within which an offer can be taken.
        days: Days before a cutoff in which visits make an activity popular.
        seed: Of the bootstrap.
    """
    start, texts = Learnt(days), alike(visits.activities["text"].to_numpy(object))
    if len(cutoffs) < _LEAST:
        return Judged(start, measures.empty_measures(), measures.empty_chances(), tuple(cutoffs))
    at, half = _Judge(visits, asked, texts, horizon, days), len(cutoffs) // 2
    options = [*product(_WEIGHTS, _TEXTS if texts is not None else _TEXTS[:1])]
    tables = [at.questions(cutoff, options) for cutoff in cutoffs]
    chosen = _choice(pd.concat(tables[:half]), len(options), seed=seed)
    names = {f"{chosen}_{k}": f"{LIKE_YOURS}_{k}" for k in DEPTHS}
    later = pd.concat(tables[half:], ignore_index=True).rename(columns=names)
    learnt = replace(start, weight=options[chosen][0], text=options[chosen][1])
    learnt = replace(learnt, used=measures.used(later, seed=seed))
    lists = [at.lists(cutoff, learnt) for cutoff in cutoffs]
    tested = [_chance(lists[:place]) for place in range(half, len(lists))]  # each by the cutoffs before it
    return Judged(
        replace(learnt, chance=_chance(lists)),
        measures.measured(later, lists[half:], learnt, seed=seed),
        measures.chances(lists[half:], tested),
        tuple(cutoffs),
    )


@dataclass(frozen=True)
class _Judge:
    """The judging of one cutoff after the other, with all that stays equal between these."""

    visits: Visits
    asked: Asked
    texts: Any | None
    horizon: int
    days: int

    def questions(self, cutoff: int, options: Sequence[tuple[float, float]]) -> pd.DataFrame:
        """A row per member who joined: user, group, there, and whether each ranking has the activity among 3, and 10.

        `there` is whether the activity could have been offered. All members count, asked about or not: what is like
        what does not depend on it, and of users at risk few join anything.
        """
        known = known_at(self.visits, cutoff, days=self.days)
        joins = first_joins(self.visits, known, cutoff + self.horizon)
        member, first = np.unique(joins.member, return_index=True)
        user, answer = member.astype(np.int64), joins.activity[first]
        near = {text: neighbours(known, texts=self.texts, text=text) for _, text in options}
        every = {POPULAR: ranked(known, user, k=max(DEPTHS))} | {
            str(place): ranked(known, user, near=near[text], weight=weight, k=max(DEPTHS))
            for place, (weight, text) in enumerate(options)
        }
        hits = {name: found.activity == answer[:, None] for name, found in every.items()}
        told = {f"{name}_{k}": hit[:, :k].any(axis=1) for name, hit in hits.items() for k in DEPTHS}
        return pd.DataFrame({"user": user, "group": groups(known.number[user]), "there": known.open[answer], **told})

    def lists(self, cutoff: int, learnt: Learnt) -> Lists:
        """The offers of some asked members by each ranking, and what came of these that they would have got."""
        known, members = known_at(self.visits, cutoff, days=self.days), self.asked(cutoff)
        few = members[np.unique(np.linspace(0, len(members) - 1, min(len(members), _LISTED), dtype=np.int64))]
        near = neighbours(known, texts=self.texts, text=learnt.text)
        weights = {POPULAR: 0.0, LIKE_YOURS: learnt.weight}
        every = {name: ranked(known, few, near=near, weight=weight, k=max(DEPTHS)) for name, weight in weights.items()}
        offered = ranked(known, few, near=near, weight=learnt.weights(known.number[few]), k=OFFERED)
        joins = first_joins(self.visits, known, cutoff + self.horizon)
        joined = np.isin(self._pairs(few, offered.activity), self._pairs(joins.member, joins.activity[:, None]))
        by_name = {name: found.activity for name, found in every.items()}
        columns, there = columns_of(known, few, offered), offered.activity >= 0
        return Lists(groups(known.number[few]), by_name, there, columns, joined & there, int(known.open.sum()))

    def _pairs(self, member: NDArray[Any], activity: NDArray[Any]) -> NDArray[np.int64]:
        """A number for each member and activity, (n, k)."""
        return np.asarray(member.astype(np.int64)[:, None] * (len(self.visits.activities) + 1) + activity + 1)


def _choice(early: pd.DataFrame, options: int, *, seed: int) -> int:
    """The option with the highest lower end of its gain over popular among members who are known by some activity."""
    rows = early[early["group"] > 0]
    if rows.empty:
        return 0
    gains = [measures.gains(rows, str(place)) for place in range(options)]
    return int(np.argmax([rate_interval(gain, rows["user"], seed=seed).low for gain in gains]))


def _chance(lists: Sequence[Lists]) -> Chance:
    """The chances that the offers of some cutoffs teach."""
    there = np.concatenate([one.there.ravel() for one in lists])
    columns = np.concatenate([one.columns for one in lists])[there]
    joined = np.concatenate([one.joined.ravel() for one in lists])[there]
    newest = len(lists) - max(1, len(lists) // _RECENT)
    recent = np.concatenate([np.full(one.joined.size, place >= newest) for place, one in enumerate(lists)])[there]
    return Chance.learn(columns, joined, recent=recent)
