"""Offers of rooms to the members of a chat community: floors, likeness, both, and what a member adds to memory.

Eleven cutoffs, the first of each month from 2016-01 to 2016-11; a question is a member seen before who visits a new
room within 28 days. Weights are chosen on January to May, gains are of June to November. Nothing here depends on
chance but the bootstrap of members.

    python experiments/activities/rooms.py ../shared/data/rooms
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from churn.data import DataConfig
from churn.offers import OfferConfig, Visits, earlier, first_joins, judge, known_at, neighbours, ranked, read_visits
from churn.statistics import rate_interval

HORIZON = DAYS = 28
WEIGHTS = (0.5, 1.0, 1.5, 2.0, 3.0)
CUTOFFS = [(pd.Timestamp(2016, month, 1) - pd.Timestamp(1970, 1, 1)).days for month in range(1, 12)]
CHOSEN_ON = 5  # cutoffs


def main() -> None:
    parser = argparse.ArgumentParser(description="Offers of rooms.")
    parser.add_argument("folder", type=Path, help="holds visits.parquet and activities.parquet")
    visits = read(parser.parse_args().folder)
    print(f"{len(visits.members):,} members, {len(visits.activities):,} rooms; {visits.counts['visits']}")
    table = pd.concat([questions(visits, place) for place in range(len(CUTOFFS))], ignore_index=True)
    for there, title in ((True, "rooms that existed alone"), (False, "all rooms")):
        show(table[table.there] if there else table, title)
    every = earlier(int(visits.day.max()) + 1, first=int(visits.day.min()), horizon=HORIZON, days=DAYS)
    for cutoffs in (CUTOFFS, every):
        told = judge(visits, lambda cutoff: seen(visits, cutoff), cutoffs, horizon=HORIZON, days=DAYS)
        print(f"\nas a run judges it, {len(cutoffs)} cutoffs: {told.learnt}")
        print(told.measures.round(3).to_string(index=False))
        print(told.chances.round(4).to_string(index=False))
    memory(visits)


def read(folder: Path) -> Visits:
    config = OfferConfig(
        visits=str(folder / "visits.parquet"),
        visit_columns={"user_id": "member_id"},
        activities=str(folder / "activities.parquet"),
    )
    return read_visits(config, DataConfig(events="none"), until=CUTOFFS[-1] + 60)


def seen(visits: Visits, cutoff: int) -> np.ndarray:
    """The members seen in the days before a cutoff, to whom offers would be made."""
    lately = (visits.day < cutoff) & (visits.day >= cutoff - DAYS) & (visits.member >= 0)
    return np.unique(visits.member[lately]).astype(np.int64)


def questions(visits: Visits, place: int) -> pd.DataFrame:
    """A row per question: whether each ranking has the room among 3, and 10."""
    known = known_at(visits, CUTOFFS[place], days=DAYS)
    joins = first_joins(visits, known, CUTOFFS[place] + HORIZON)
    user, first = np.unique(joins.member, return_index=True)
    before = known.number[user] > 0
    user, answer = user[before].astype(np.int64), joins.activity[first[before]]
    near, alone = neighbours(known), replace(known, popular=np.zeros(len(known.popular)))
    lists = {"popular": ranked(known, user, k=10), "neighbours": ranked(alone, user, near=near, weight=1.0, k=10)}
    lists |= {f"both, {weight}": ranked(known, user, near=near, weight=weight, k=10) for weight in WEIGHTS}
    hits = {name: found.activity == answer[:, None] for name, found in lists.items()}
    told = {f"{name} @{k}": hit[:, :k].any(axis=1) for name, hit in hits.items() for k in (3, 10)}
    number = np.minimum(known.number[user], 2)
    return pd.DataFrame({"user": user, "month": place, "there": known.open[answer], "known": number} | told)


def show(table: pd.DataFrame, title: str) -> None:
    early, late = table[table.month < CHOSEN_ON], table[table.month >= CHOSEN_ON]
    best = table.there.mean()
    print(f"\n{title}: {len(table)} questions, {table.user.nunique()} members, best possible {best:.3f}")
    for k in (3, 10):
        names = [name for name in table if str(name).endswith(f"@{k}")]
        rates = pd.DataFrame(
            {"all": table[names].mean(), "Jan-May": early[names].mean(), "Jun-Nov": late[names].mean()}
        )
        print(rates.round(3).to_string())
        chosen = f"both, {max(WEIGHTS, key=lambda weight: early[f'both, {weight} @{k}'].mean())} @{k}"
        for known, rows in (("1 or more", late), ("1", late[late.known == 1]), ("2 or more", late[late.known == 2])):
            gain = rows[chosen].astype(float) - rows[f"popular @{k}"]
            print(f"chosen on Jan-May: {chosen}; gain on Jun-Nov, {known} known: {rate_interval(gain, rows.user)}")


def memory(visits: Visits) -> None:
    known = known_at(visits, CUTOFFS[-1], days=DAYS)
    rows = [part.nbytes for one in (known.joined, known.likes) for part in (one.data, one.indices, one.indptr)]
    near = neighbours(known)
    base = near.data.nbytes + near.indices.nbytes + near.indptr.nbytes
    most = int(known.number.max())
    print(f"\na member adds {sum(rows) / len(visits.members):.0f} bytes on average, at most {2 * 8 * most + 16:,}")
    print(f"the base, shared by all: {base / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
