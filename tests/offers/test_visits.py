"""Visits: read, counted, and known at a cutoff."""

import numpy as np
import pandas as pd
import pytest

from churn.errors import UserError
from churn.offers import OfferConfig, first_joins, known_at

from .conftest import FIRST

ROWS = [  # user, activity, day
    ("ann", "chess", 0),
    ("ann", "chess", 1),
    ("bob", "chess", 2),
    ("bob", "choir", 3),
    (None, "choir", 3),
    (None, "choir", 3),
    ("cat", "dance", 9),
]


def table(rows=ROWS, **columns):
    made = pd.DataFrame([row[:2] for row in rows], columns=["user_id", "activity_id"])
    days = pd.to_timedelta([row[2] for row in rows], unit="D")
    return made.assign(timestamp=pd.Timestamp("2024-01-01 10:00") + days, **columns)


def popular(visits, cutoff, **more):
    known = known_at(visits, FIRST + cutoff, days=28, **more)
    return dict(zip(visits.activities.activity, known.popular, strict=True)), known


def test_popular_counts_members_once_and_visitors_without_an_id_once_a_day(visits_of):
    visits = visits_of(table())
    assert visits.counts["visits"] == {"read": 7, "without user_id": 2, "unknown activity": 0, "used": 7}
    assert popular(visits, 5)[0] == {"chess": 2, "choir": 2, "dance": 0}


def test_nothing_from_the_cutoff_on_is_read_or_known(visits_of):
    early = visits_of(table(), FIRST + 3)
    assert early.counts["visits"]["from the cutoff on"] == 4
    assert {*early.members} == {"ann", "bob"} and {*early.activities.activity} == {"chess"}
    whole = visits_of(table())
    assert not popular(whole, 3)[1].open[whole.activities.activity == "choir"].any()  # first visited later
    assert popular(whole, 3)[1].joined.sum() == 2


def test_every_row_that_cannot_be_used_is_counted(visits_of):
    spoilt = pd.concat([table(), table([("ann", None, 1), ("ann", "golf", 1)])], ignore_index=True)
    spoilt.loc[0, "timestamp"] = pd.NaT
    activities = pd.DataFrame({"activity_id": ["chess", "choir", "dance", "dance", None, "yoga"]})
    excluded = pd.DataFrame({"activity_id": ["choir", "polo"]})
    visits = visits_of(spoilt, activities=activities, excluded=excluded)
    counts = visits.counts["visits"]
    assert counts["read"] == 9 and counts["used"] == 6
    assert counts["null activity_id"] == counts["null or unreadable timestamp"] == counts["unknown activity"] == 1
    assert visits.counts["activities"] == {"read": 6, "null activity_id": 1, "repeated activity_id": 1}
    assert visits.counts["excluded"] == {"read": 2, "unknown": 1}
    assert visits.unvisited == 1


def test_visits_of_which_none_can_be_used_are_refused_in_one_line(visits_of, refused):
    with refused("expected visits before the cutoff", "7 from the cutoff on", "correct visit_columns"):
        visits_of(table(), FIRST)
    with refused("expected visits of listed activities", "7 unknown activity", "segments.offers.activities"):
        visits_of(table(), activities=pd.DataFrame({"activity_id": ["golf"]}))
    with refused("expected the column 'activity_id' in visits", "user_id", "segments.offers.visit_columns"):
        visits_of(table().drop(columns="activity_id"))
    with refused("expected segments.offers.visit_columns out of", "who", "correct the key"):
        visits_of(table(), visit_columns={"who": "user_id"})
    with refused("expected numbers in segments.offers.activities, column capacity", "many", "map another column"):
        visits_of(table(), activities=pd.DataFrame({"activity_id": ["chess"], "capacity": ["many"]}))


def test_keys_of_offers_need_visits():
    with pytest.raises(UserError, match=r"segments\.offers\.visits with segments\.offers\.excluded"):
        OfferConfig(excluded="some.csv")


def test_full_closed_unopened_and_excluded_activities_are_not_open(visits_of):
    day = pd.Timestamp("2024-01-01")
    names = ["chess", "choir", "dance", "early", "late", "small", "taken", "yoga"]
    activities = pd.DataFrame({"activity_id": names})
    activities["full"] = [name == "dance" for name in names]
    activities["opened"] = [day + pd.Timedelta(days=20) if name == "late" else pd.NaT for name in names]
    activities["closed"] = [day + pd.Timedelta(days=4) if name == "early" else pd.NaT for name in names]
    activities["capacity"] = [
        5.0 if name in ("taken", "yoga") else 1.0 if name == "small" else np.nan for name in names
    ]
    activities["members"] = [5.0 if name == "taken" else np.nan for name in names]
    rows = [*ROWS, ("ann", "small", 1)]
    excluded = pd.DataFrame({"activity_id": ["choir"]})
    visits = visits_of(table(rows), activities=activities, excluded=excluded)
    _, known = popular(visits, 10, now=True)
    assert {*visits.activities.activity[known.open]} == {"chess", "yoga"}
    _, earlier = popular(visits, 10)  # at an earlier cutoff, what is full or excluded today is not known
    assert {*visits.activities.activity[earlier.open]} == {"chess", "choir", "dance", "small", "taken", "yoga"}


def test_a_member_who_left_has_joined_still_and_is_in_no_more(visits_of):
    left = [pd.NaT, pd.NaT, pd.Timestamp("2024-01-04 18:00"), *[pd.NaT] * 4]
    visits = visits_of(table(left=left))
    chess = int(np.flatnonzero(visits.activities.activity == "chess")[0])
    bob = visits.places(pd.Index(["bob"]))[0]
    before, after = popular(visits, 3)[1], popular(visits, 5)[1]
    assert before.likes[bob, chess] == 1 and after.likes[bob, chess] == 0 and after.joined[bob, chess] == 1
    assert (before.popular[chess], after.popular[chess]) == (2, 1)


def test_a_departure_without_a_visit_is_known_all_the_same(visits_of):
    rows = table(left=pd.NaT)
    rows.loc[0:1, "timestamp"] = pd.NaT
    rows.loc[0, "left"] = pd.Timestamp("2024-01-02")
    visits = visits_of(rows)
    assert visits.counts["visits"]["null or unreadable timestamp"] == 1
    known = popular(visits, 5)[1]
    assert known.joined[visits.places(pd.Index(["ann"]))[0]].sum() == 1


def test_first_joins_are_in_order_and_leave_out_what_was_joined_before(visits_of):
    visits = visits_of(table([*ROWS, ("bob", "dance", 5), ("bob", "chess", 6), ("ann", "dance", 4)]))
    joins = first_joins(visits, known_at(visits, FIRST + 3, days=28), FIRST + 9)
    told = [
        (visits.members[m], visits.activities.activity[a]) for m, a in zip(joins.member, joins.activity, strict=True)
    ]
    assert told == [("bob", "choir"), ("ann", "dance"), ("bob", "dance")]


def test_ids_match_however_a_null_has_made_them_fractional(visits_of):
    rows = table([(7, "1", 0), (8, "1", 1), (None, "2", 1)])
    visits = visits_of(rows.assign(user_id=rows.user_id.astype(float)))
    assert [*visits.members] == ["7", "8"] and (visits.places(pd.Index([8, 9])) == [1, -1]).all()


def test_days_begin_in_the_zone_of_the_log(visits_of):
    rows = table([("ann", "chess", 0)]).assign(timestamp=pd.Timestamp("2024-01-01 23:30", tz="UTC"))
    assert visits_of(rows).day[0] == FIRST and visits_of(rows, zone="Asia/Seoul").day[0] == FIRST + 1


def test_times_in_text_are_read_by_their_format(visits_of):
    rows = table([("ann", "chess", 0)]).assign(timestamp="03/04/2024")
    assert visits_of(rows, FIRST + 999, visit_columns={"time_format": "%d/%m/%Y"}).day[0] == FIRST + 93
