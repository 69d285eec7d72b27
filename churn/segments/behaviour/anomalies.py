"""Anomalies: users whose last week departs from their own past as hardly anyone's does."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from churn.data import Windows
from churn.explanation import Reason, Story, own_past, reason_rows
from churn.segments.behaviour.departures import WEEK_DAYS, Departures, departures
from churn.segments.config import AnomalyConfig
from churn.segments.contacts import CONTROL

TOLD = 3  # departures of a user
COLUMNS = ("user_id", "cutoff", "score", "direction")
BURST, DROP, BOTH = "burst", "drop", "burst and drop"
_FEWEST = 2  # users, of whom one can stand out
_TREES = 200


@dataclass(frozen=True)
class Anomalies:
    """Users who depart from their own past, and how many were examined."""

    table: pd.DataFrame  # the most unusual first; `COLUMNS`
    departures: pd.DataFrame  # a row per user_id and place, as `explanation.worded` takes them
    n_examined: int  # users with enough past
    n_departed: int  # users of these with at least one count departing as far as the configuration says


def find_anomalies(windows: Windows, config: AnomalyConfig, *, seed: int = 0) -> Anomalies:
    """List the users whose last week departs most from their own earlier weeks.

    An isolation forest says how unusual a user's departures are beside other users', so that a week in which
    everyone is quieter makes nobody stand out. Listed are the most unusual, if some count departs by `config.least`
    standard deviations or more. No label is read and no day from the cutoffs on.

    Args:
        windows: One per user.
        config: How many are listed, and from which departure on.
        seed: Of the forest.

    Source:
        F. T. Liu, K. M. Ting and Z.-H. Zhou, Isolation forest, ICDM 2008, 413-422.

    Example:
        >>> from churn.data import example_split
        >>> from churn.segments.comparing.comparisons import latest_windows
        >>> newest = example_split().score
        >>> found = find_anomalies(newest.take(latest_windows(newest)), AnomalyConfig(number=3, least=1.5))
        >>> len(found.table) <= 3 <= found.n_examined
        True
    """
    found = departures(windows)
    if len(found.windows) < _FEWEST or not found.features:
        return Anomalies(pd.DataFrame(columns=list(COLUMNS)), reason_rows([], "user_id"), len(found.windows), 0)
    score = _unusual(found.standardised, seed=seed)
    departed = np.abs(found.standardised).max(axis=1) >= config.least
    ids = found.windows.user_ids.astype(str)
    order = np.lexsort((ids, -score))  # of equally unusual ones, by id
    listed = order[departed[order]][: config.number]
    table, told = _table(found, listed, score[listed], config.least), _departures(found, listed, config.least)
    return Anomalies(table, told, len(found.windows), int(departed.sum()))


def beside_list(anomalies: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """The listed users beside what the list says of each: p_churn, segment and held_back.

    Args:
        anomalies: user_id and what is known of the departure.
        scored: user_id, p_churn, segment, group.

    Example:
        >>> scored = pd.DataFrame({"user_id": [1, 2], "p_churn": [0.3, 0.4], "segment": ["other", "priority"]})
        >>> beside_list(pd.DataFrame({"user_id": [2]}), scored.assign(group=[None, "control"])).to_dict("list")
        {'user_id': [2], 'p_churn': [0.4], 'segment': ['priority'], 'held_back': [True]}
    """
    table = anomalies.merge(scored[["user_id", "p_churn", "segment", "group"]], on="user_id", how="left")
    return table.assign(held_back=table.group == CONTROL).drop(columns="group")


def _unusual(standardised: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """The anomaly score of each user, between 0 and 1, by largest burst, largest drop and length: (m, f) to (m,).

    Among all the columns a forest seldom splits by the one that departs: of 8, a drop by 6 standard deviations came
    behind 20 users who varied by chance.
    """
    length = np.sqrt((standardised**2).sum(axis=1))
    shown = np.column_stack([standardised.max(axis=1), standardised.min(axis=1), length])
    forest = IsolationForest(n_estimators=_TREES, random_state=seed).fit(shown)
    return -np.asarray(forest.score_samples(shown))


def _table(found: Departures, listed: NDArray[np.int64], score: NDArray[np.float64], least: float) -> pd.DataFrame:
    windows, apart = found.windows.take(listed), found.standardised[listed]
    directions = [_direction(row[np.abs(row) >= least]) for row in apart]
    columns = {"user_id": windows.user_ids, "cutoff": windows.dates, "score": score, "direction": directions}
    return pd.DataFrame(columns)


def _direction(departed: NDArray[np.float64]) -> str:
    if (departed > 0).all():
        return BURST
    return DROP if (departed < 0).all() else BOTH


def _departures(found: Departures, listed: NDArray[np.int64], least: float) -> pd.DataFrame:
    """The counts of each listed user that depart furthest, beside what was usual for that user."""
    windows, apart = found.windows.take(listed), found.standardised[listed]
    strongest = np.argsort(-np.abs(apart), axis=1, kind="stable")[:, :TOLD]
    user, place = np.nonzero(np.abs(np.take_along_axis(apart, strongest, axis=1)) >= least)
    names = [found.features[feature] for feature in strongest[user, place]]
    past = own_past(windows, user, np.array([windows.panel.features.index(name) for name in names], np.int64))
    last = found.last[listed[user], strongest[user, place]]
    stories = [
        Story(
            total,
            WEEK_DAYS,
            known_days=known,
            usual=usual,
            others=0,
            silent_days=0 if total else silent,
            long_silence=True,  # so that it is the own usual that is told, not the others'
        )
        for total, known, usual, silent in zip(last, past.known_days, past.weekly, past.silent_days, strict=True)
    ]
    told = zip(windows.user_ids[user], (place + 1).tolist(), names, stories, strict=True)
    return reason_rows([(one, at, Reason(name, "count", "low", story)) for one, at, name, story in told], "user_id")
