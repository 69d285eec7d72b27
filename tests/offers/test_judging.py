"""Rankings, the lessons of earlier cutoffs, and the offers that follow."""

import numpy as np
import pandas as pd
import pytest

from churn.errors import UserError
from churn.offers import (
    Learnt,
    alike,
    earlier,
    expected,
    judge,
    known_at,
    neighbours,
    of_each,
    offers,
    popular_lately,
    ranked,
    taken,
)
from churn.offers.chances import Chance

from .conftest import ACTIVITIES, DAYS, FIRST, made_visits

pytestmark = pytest.mark.slow
CUTOFFS = earlier(FIRST + DAYS, first=FIRST, horizon=7, days=28)


def judged(visits, cutoffs=CUTOFFS, **options):
    def everyone(cutoff):
        return np.unique(visits.member[visits.day < cutoff]).astype(np.int64)

    return judge(visits, everyone, cutoffs, horizon=7, days=28, **options)


@pytest.fixture(scope="module")
def with_tastes(visits_of):
    visits = visits_of(made_visits(tastes=True))
    return visits, judged(visits)


def test_likeness_is_used_where_members_have_tastes(with_tastes):
    _, found = with_tastes
    assert found.learnt.used == {"1": True, "2+": True}
    measures = found.measures.set_index(["known", "basis", "k"])
    gain = measures.loc[("2+", "like_yours", 3)]
    assert gain.gain_low > 0.05 and gain.hit_rate - measures.hit_rate["2+", "popular", 3] == pytest.approx(gain.gain)
    assert gain.used and not measures.used["2+", "popular", 3]


@pytest.mark.parametrize("seed", range(5))
def test_likeness_stays_unused_where_members_have_no_tastes(visits_of, seed):
    found = judged(visits_of(made_visits(tastes=False, seed=seed)))
    assert found.learnt.used == {"1": False, "2+": False}
    assert found.measures.used[found.measures.basis == "like_yours"].eq(False).all()


def test_chances_of_later_cutoffs_hold(with_tastes):
    table = with_tastes[1].chances
    assert {*table.known} == {"1", "2+"} and len(table) == 6
    told = (table.chance * table.n).sum() / table.n.sum()
    came = (table.joined * table.n).sum() / table.n.sum()
    assert told == pytest.approx(came, rel=0.25) and came > 0.02
    assert ((table.chance > table.low - 0.02) & (table.chance < table.high + 0.02)).all()


def test_the_best_possible_hit_rate_leaves_out_what_did_not_exist_yet(visits_of):
    rows = made_visits(tastes=False)
    late = rows.activity_id.isin(["a00", "a01"])
    rows = rows[~late | (rows.timestamp >= pd.Timestamp("2024-06-30"))]
    measures = judged(visits_of(rows)).measures
    assert 0.8 < measures.best.min() < 1 and (measures.hit_rate <= measures.best).all()


def test_coverage_is_the_share_of_open_activities_that_somebody_is_offered(with_tastes):
    measures = with_tastes[1].measures.set_index(["known", "basis", "k"]).coverage
    assert measures["2+", "popular", 3] < measures["2+", "like_yours", 3] <= 1
    assert measures["2+", "popular", 3] >= 3 / ACTIVITIES


def test_too_few_cutoffs_judge_nothing_and_offer_what_is_popular(visits_of):
    visits = visits_of(made_visits(tastes=True))
    found = judged(visits, CUTOFFS[:3])
    assert found.measures.empty and found.chances.empty and found.learnt == Learnt(28)
    table = offers(visits, found.learnt, visits.members, cutoff=FIRST + DAYS)
    assert (table.basis == "popular").all() and table.chance.isna().all()


def test_judging_knows_nothing_of_later_days(visits_of):
    rows = made_visits(tastes=True)
    whole = visits_of(rows)
    cut = CUTOFFS[-3]
    short = visits_of(rows[rows.timestamp < pd.Timestamp(cut + 7, unit="D")])

    def told(visits):
        known = known_at(visits, cut, days=28)
        members = visits.places(pd.Index(["m000", "m001", "m002", "m003", "m004", "nobody"]))
        found = ranked(known, members, near=neighbours(known), weight=1.0, k=3)
        return np.append(visits.activities.activity.to_numpy(object), None)[found.activity]

    assert (told(whole) == told(short)).all()


def test_offers_are_open_new_to_the_member_and_like_the_members_own(with_tastes):
    visits, found = with_tastes
    table = offers(visits, found.learnt, pd.Index([*visits.members, "nobody"]), cutoff=FIRST + DAYS)
    joined = {*zip(visits.members[visits.member], visits.activities.activity.to_numpy()[visits.activity], strict=True)}
    assert not joined & {*zip(table.user_id, table.activity, strict=True)}
    assert not table.duplicated(["user_id", "activity"]).any() and table.place.between(1, 3).all()
    like = table[table.basis == "like_yours"]
    assert len(like) > 0.9 * len(table)
    own = like.activity.str[1:].astype(int) % 2 == like.user_id.str[1:].astype(int) % 2
    assert own.mean() > 0.9
    assert table.chance.between(0, 1).all()


def test_a_user_without_history_gets_exactly_the_base(with_tastes):
    visits, found = with_tastes
    table = offers(visits, found.learnt, pd.Index(["nobody", "m000"]), cutoff=FIRST + DAYS)
    base = popular_lately(visits, found.learnt, table, cutoff=FIRST + DAYS)
    nobody = table[table.user_id == "nobody"]
    assert [*nobody.activity] == [*base.activity[:3]] and {*nobody.basis} == {"popular"}
    assert base.members.is_monotonic_decreasing and base.users.sum() <= len(table)
    members = pd.Series(visits.member)[visits.day >= FIRST + DAYS - 28].groupby(
        visits.activity[visits.day >= FIRST + DAYS - 28]
    )
    assert base.members.iloc[0] == members.nunique().max()


def test_excluded_and_full_activities_are_never_offered(visits_of, with_tastes):
    rows = made_visits(tastes=True)
    names = sorted(rows.activity_id.unique())
    activities = pd.DataFrame({"activity_id": names, "full": ["yes" if name == "a00" else "no" for name in names]})
    visits = visits_of(rows, activities=activities, excluded=pd.DataFrame({"activity_id": ["a01", "a02"]}))
    table = offers(visits, with_tastes[1].learnt, visits.members, cutoff=FIRST + DAYS)
    assert not {*table.activity} & {"a00", "a01", "a02"} and "a03" in {*table.activity}


def test_a_member_who_has_joined_all_is_offered_nothing(visits_of):
    rows = pd.DataFrame({"user_id": ["ann", "ann", "bob"], "activity_id": ["chess", "choir", "chess"]})
    visits = visits_of(rows.assign(timestamp=pd.Timestamp("2024-01-03")))
    table = offers(visits, Learnt(28), pd.Index(["ann", "bob"]), cutoff=FIRST + 5)
    assert [*zip(table.user_id, table.activity, strict=True)] == [("bob", "choir")]
    wide = of_each(table, pd.Series(["ann", "bob"]), "activity")
    assert wide.loc[0].isna().all() and [*wide.loc[1]] == ["choir", None, None, "popular"]


def test_an_activity_without_visits_is_reached_by_its_text(visits_of):
    rows = made_visits(tastes=True)
    names = [*sorted(rows.activity_id.unique()), "new"]
    titles = ["Chess club for players" if int(name[1:]) % 2 else "Choir of singers" for name in names[:-1]]
    activities = pd.DataFrame({"activity_id": names, "title": [*titles, "Chess club"]})
    visits = visits_of(rows, activities=activities)
    known, texts = known_at(visits, FIRST + DAYS, days=28), alike(visits.activities.text.to_numpy(object))
    members = visits.places(pd.Index(["m000", "m001"]))
    liking = known.likes[members] @ neighbours(known, texts=texts, text=0.3)
    assert liking[[1], [len(names) - 1]][0] > 2 * liking[[0], [len(names) - 1]][0]
    assert (known.likes[members] @ neighbours(known))[[1], [len(names) - 1]][0] == 0


def test_an_offer_is_taken_if_its_first_visit_is_in_the_horizon(visits_of):
    begin = pd.Timestamp("2024-01-10")
    rows = [("ann", "chess", 2), ("bob", "choir", 3), ("bob", "chess", 9), ("cat", "choir", -1), ("cat", "choir", 2)]
    table = pd.DataFrame(rows, columns=["user_id", "activity_id", "day"])
    table["timestamp"] = begin + pd.to_timedelta(table.pop("day"), unit="D")
    visits, cutoff = visits_of(table), FIRST + 9
    offered = pd.DataFrame({"user_id": ["ann", "ann", "bob", "bob", "cat"]})
    offered["activity"] = ["chess", "choir", "chess", "choir", "choir"]
    found = taken(visits, offered, cutoff=cutoff, until=cutoff + 7)
    assert found.tolist() == [True, False, False, True, False]

    def hashed(ids):
        return [f"#{one}" for one in ids]

    again = taken(
        visits, offered.assign(user_id=hashed(offered.user_id)), cutoff=cutoff, until=cutoff + 7, names=hashed
    )
    assert (again == found).all()


def test_the_chance_of_taking_some_offer_grows_with_each(with_tastes):
    visits, found = with_tastes
    table = offers(visits, found.learnt, visits.members, cutoff=FIRST + DAYS)
    chance = expected(table, visits.members)
    most = table.groupby("user_id").chance.agg(["max", "sum"]).reindex(visits.members)
    assert ((chance >= most["max"] - 1e-12) & (chance <= most["sum"] + 1e-12)).all()


def test_what_was_learnt_comes_back_and_is_refused_when_changed(with_tastes, tmp_path):
    learnt = with_tastes[1].learnt
    learnt.save(tmp_path / "offers")
    assert Learnt.load(tmp_path / "offers") == learnt and Learnt.load(tmp_path / "none") is None
    (tmp_path / "offers" / "learnt.json").write_text("{}")
    with pytest.raises(UserError, match=r"as it was written|expected days"):
        Learnt.load(tmp_path / "offers")


def test_the_level_of_chances_is_that_of_the_newest_cutoffs():
    rng = np.random.default_rng(0)
    columns, recent = rng.normal(size=(6000, 2)), np.arange(6000) >= 4000
    joined = rng.random(6000) < np.where(recent, 0.05, 0.2) * (1 + (columns[:, 0] > 0))
    chance = Chance.learn(columns, joined, recent=recent)(columns)
    assert chance[recent].mean() == pytest.approx(joined[recent].mean(), rel=0.1)
    assert chance[columns[:, 0] > 0].mean() > 1.5 * chance[columns[:, 0] <= 0].mean()
    never = Chance.learn(columns, np.zeros(6000, np.bool_), recent=recent)(columns)
    assert ((never > 0) & (never < 0.001)).all()
