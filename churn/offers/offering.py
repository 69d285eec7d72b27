"""Offering: the activities that each scored user is offered, and what everyone without visits is."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import Hide, declared
from churn.data import Dataset, Frame
from churn.offers.asking import day_of
from churn.offers.chances import columns_of
from churn.offers.config import OfferConfig
from churn.offers.known import Known, first_joins, known_at
from churn.offers.learnt import OFFERED, Learnt
from churn.offers.measures import LIKE_YOURS, POPULAR
from churn.offers.ranking import Places, Ranked, alike, neighbours, ranked
from churn.offers.visits import Visits, read_visits

LISTED = 100  # popular activities, at most


def with_offers(
    scored: pd.DataFrame,
    dataset: Dataset,
    learnt: Learnt,
    out: Path,
    *,
    config: OfferConfig,
    frames: Mapping[str, Frame] | None,
    hide: Hide | None,
) -> pd.DataFrame:
    """The scores with each user's offers, which are written as offers.parquet, and popular activities as popular.csv.

    Args:
        scored: The scored users, with a user_id.
        dataset: The data set whose newest windows were scored.
        learnt: What a run learnt.
        out: The folder to write to.
        config: The tables of visits and activities.
        frames: Data frames by the names that stand in it.
        hide: What makes hashes of users' ids, if they are to be hidden.

    Raises:
        UserError: as `read_visits`.
    """
    cutoff = day_of(dataset.newest)
    visits = read_visits(config, dataset.config, until=cutoff, frames=frames)
    found = offers(visits, learnt, pd.Index(scored["user_id"]), cutoff=cutoff)
    declared.OFFERS.write(found, out, hide)
    declared.POPULAR.write(popular_lately(visits, learnt, found, cutoff=cutoff), out)
    return scored.join(of_each(found, scored["user_id"], "activity"))


def offers(visits: Visits, learnt: Learnt, users: pd.Index, *, cutoff: int) -> pd.DataFrame:
    """Up to three activities for each user, a row each: user_id, place, activity, title, chance, basis.

    The chance is missing where too few earlier days were there to learn it.

    Args:
        visits: The visits; later ones are not read.
        learnt: What a run learnt.
        users: The users.
        cutoff: Days since 1970.
    """
    known, members = known_at(visits, cutoff, days=learnt.days, now=True), visits.places(users)
    weight = learnt.weights(known.number[members])
    near = _near(visits, known, learnt) if weight.any() else None
    found = ranked(known, members, near=near, weight=weight, k=OFFERED)
    liked = (weight > 0) & (found.liking > 0).any(axis=1)
    user, place = np.nonzero(found.activity >= 0)
    activity = found.activity[user, place]
    return pd.DataFrame(
        {
            "user_id": users[user],
            "place": place + 1,
            "activity": visits.activities["activity"].to_numpy(object)[activity],
            "title": visits.activities["title"].to_numpy(object)[activity],
            "chance": _chances(known, members, found, learnt).reshape(found.activity.shape)[user, place],
            "basis": np.where(liked[user], LIKE_YOURS, POPULAR),
        }
    )


def popular_lately(visits: Visits, learnt: Learnt, offered: pd.DataFrame, *, cutoff: int) -> pd.DataFrame:
    """The most popular open activities, which whoever has no visits is offered: place, activity, title, members, users.

    Args:
        visits: The visits.
        learnt: What a run learnt.
        offered: The result of `offers`, whose users are counted for each activity.
        cutoff: Days since 1970.
    """
    known = known_at(visits, cutoff, days=learnt.days, now=True)
    first = ranked(known, np.array([-1]), k=min(LISTED, len(known.popular))).activity[0]
    first = first[first >= 0]
    users, table = offered["activity"].value_counts(), visits.activities.iloc[first]
    return pd.DataFrame(
        {
            "place": np.arange(1, len(first) + 1),
            "activity": table["activity"].to_numpy(object),
            "title": table["title"].to_numpy(object),
            "members": known.popular[first].astype(np.int64),
            "users": users.reindex(table["activity"]).fillna(0).to_numpy(np.int64),
        }
    )


def of_each(offered: pd.DataFrame, users: pd.Series, named: str) -> pd.DataFrame:
    """A row for each user, in order: offer_1, offer_2, offer_3 and offer_basis; missing where there are fewer.

    Args:
        offered: The result of `offers`.
        users: The users.
        named: What names an activity: its id, activity, or its title.
    """
    wide = offered.pivot_table(named, "user_id", "place", aggfunc="first").reindex(columns=range(1, OFFERED + 1))
    basis = offered.drop_duplicates("user_id").set_index("user_id")["basis"]
    table = wide.set_axis([f"offer_{place}" for place in wide], axis=1).assign(offer_basis=basis).reindex(users)
    return table.astype(object).where(table.notna(), None).set_axis(users.index, axis=0)


def expected(offered: pd.DataFrame, users: pd.Index) -> pd.Series:
    """The chance that each user joins some offered activity, (n,), as if joins did not depend on each other.

    Example:
        >>> two = pd.DataFrame({"user_id": ["a", "a"], "chance": [0.5, 0.2]})
        >>> expected(two, pd.Index(["a", "b"])).tolist()
        [0.6, 0.0]
    """
    none = np.log1p(-offered["chance"]).groupby(offered["user_id"]).sum(min_count=1)
    return pd.Series(-np.expm1(none).reindex(users).to_numpy(np.float64), users).where(users.isin(none.index), 0.0)


def taken(
    visits: Visits,
    offered: pd.DataFrame,
    *,
    cutoff: int,
    until: int,
    names: Callable[[Iterable[object]], list[str]] | None = None,
) -> NDArray[np.bool_]:
    """Whether each offer was taken: its user's first visit of the activity is in the horizon, (n,).

    Args:
        visits: The visits up to the end of the horizon.
        offered: Offers, with user_id and activity as text.
        cutoff: The first day of the horizon, in days since 1970.
        until: The first day after it.
        names: The maker of hashes, where the offers' user_id are hashes.
    """
    joins = first_joins(visits, known_at(visits, cutoff, days=1), until)
    members = pd.Index(visits.members if names is None else names(visits.members), dtype=object)
    activities = visits.activities["activity"].to_numpy(object)
    joined = {*zip(members[joins.member], activities[joins.activity], strict=True)}
    return np.array([pair in joined for pair in zip(offered["user_id"], offered["activity"], strict=True)], np.bool_)


def _near(visits: Visits, known: Known, learnt: Learnt) -> object:
    texts = alike(visits.activities["text"].to_numpy(object)) if learnt.text else None
    return neighbours(known, texts=texts, text=learnt.text)


def _chances(known: Known, members: Places, found: Ranked, learnt: Learnt) -> NDArray[np.float64]:
    """The chance of each offer, (n × k)."""
    if learnt.chance is None:
        return np.full(found.activity.size, np.nan)
    return learnt.chance(columns_of(known, members, found))
