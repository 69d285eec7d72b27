"""Levers against a planted truth: intervals cover, directions are right, and what has no effect is hardly offered."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import WindowConfig
from churn.data.sources.simulator import Arrivals, draw_arrivals, true_chances
from churn.explanation import Levers, curves, moves, worded_moves
from churn.explanation.lever_tables import move_words
from churn.language import speaking
from churn.models import Logistic

SEEDS = 12
CONTROLLED = ("goal", "rewards", "video")
SEEN = ("category", "experience", *CONTROLLED)
OUTCOME = {"column": "state", "positive": ["carried"], "of": ["carried", "lost"], "from": "decided", "name": "carried"}
ARRIVAL = WindowConfig(at_risk="arrival", history_days=0, horizon_days=60)
NEITHER = {"value_from": np.nan, "value_to": np.nan, "level_from": None, "level_to": None}


def dataset_of(prepared, members, controlled=CONTROLLED, seen=SEEN):
    attributes = {name: {"known": "arrival", "controllable": name in controlled} for name in seen}
    return prepared({"members": members}, attributes=attributes, features=list(seen), outcome=OUTCOME, windows=ARRIVAL)


def learnt(dataset):
    return Levers.learn(dataset.controllable, dataset.split().train, target="carried")


def tried(prepared, made, seed):
    """The moves and curves of new arrivals by a simple model's chances, and each move with its true change."""
    members, _ = draw_arrivals(made, seed=seed)
    dataset = dataset_of(prepared, members)
    split, levers = dataset.split(), learnt(dataset)
    p = Logistic().fit(split, target="carried").predict_proba(split.score)
    found = moves(levers, split.score, p, good=True)
    told = members.set_index("user_id").loc[split.score.user_ids[found.window]].reset_index()
    moved = told.copy()
    for name in CONTROLLED:
        at = (found.attribute == name).to_numpy()
        moved.loc[at, name] = found.value_to[at].to_numpy().astype(told[name].dtype)
    before, after = (true_chances(made, one, text=False) for one in (told, moved))
    return found.assign(truth=after - before, seed=seed), curves(levers, split.score, p).assign(seed=seed)


@pytest.fixture(scope="module")
def trials(prepared):
    """Moves beside their truth and average curves, over several draws of arrivals."""
    found = [tried(prepared, Arrivals(n=4_000), seed) for seed in range(SEEDS)]
    return tuple(pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))


@pytest.fixture(scope="module")
def small(prepared):
    """A data set of arrivals, some of whose goals are not known and few of whose categories are odd, and its levers."""
    members, _ = draw_arrivals(Arrivals(n=1_500, goal=-1.5), seed=5)
    members.loc[::7, "goal"] = np.nan
    members.loc[3::90, "category"] = "odd"
    dataset = dataset_of(prepared, members, ("goal", "category"))
    return dataset, learnt(dataset)


@pytest.mark.slow
def test_the_true_change_lies_inside_the_interval(trials) -> None:
    inside = (trials[0].low <= trials[0].truth) & (trials[0].truth <= trials[0].high)
    assert inside.mean() >= 0.93
    assert (inside.groupby(trials[0].attribute).mean() >= 0.93).all()
    width = (trials[0].high - trials[0].low).mean()
    assert width < 0.4  # an interval of everything would cover, too


@pytest.mark.slow
def test_offered_moves_of_true_levers_lead_the_right_way_and_are_inside_their_intervals(trials) -> None:
    offered = trials[0][(trials[0].place > 0) & (trials[0].attribute != "rewards")]
    assert (offered.truth > 0).mean() >= 0.95
    assert ((offered.low <= offered.truth) & (offered.truth <= offered.high)).mean() >= 0.93
    users = trials[0].groupby("seed").window.nunique().sum()
    assert len(offered.drop_duplicates(["seed", "window"])) > users / 3


@pytest.mark.slow
def test_the_average_curve_has_the_sign_of_the_planted_effect_in_every_draw(trials) -> None:
    ends = trials[1].sort_values("value").groupby(["attribute", "seed"]).chance.agg(["first", "last"])
    change = ends["last"] - ends["first"]
    assert (change.goal < 0).all() and (change.video > 0).all()
    assert change.rewards.abs().max() < change.goal.abs().min()


@pytest.mark.slow
def test_an_attribute_without_an_effect_is_offered_to_about_as_few_as_intervals_miss(trials) -> None:
    rewards = trials[0][trials[0].attribute == "rewards"].groupby(["seed", "window"]).place.max()
    assert (rewards > 0).mean() < 0.08


def test_only_a_controllable_attribute_is_ever_moved(small) -> None:
    dataset, levers = small
    newest = dataset.newest
    found = moves(levers, newest, np.full(len(newest), 0.5), good=True)
    assert {*found.attribute} == {"goal", "category"} == {encoding.name for encoding in dataset.controllable}


def test_a_move_is_the_best_value_of_its_attribute_whose_interval_leaves_out_no_change(small) -> None:
    dataset, levers = small
    newest = dataset.newest
    p = np.linspace(0.05, 0.95, len(newest))
    for good, sign in ((True, 1), (False, -1)):
        found = moves(levers, newest, p, good=good)
        sure = np.where(good, found.low, -found.high) > 0
        offered = found[found.place > 0]
        assert len(offered) > 20 and sure[offered.index].all()
        best = (sign * found.change)[sure].groupby([found.window, found.attribute]).max()
        assert (
            best.loc[list(zip(offered.window, offered.attribute, strict=True))].tolist()
            == (sign * offered.change).tolist()
        )
        ordered = offered.sort_values(["window", "place"])
        assert ((sign * ordered.change).groupby(ordered.window).diff().dropna() <= 0).all()
        assert (ordered.place == ordered.groupby("window").cumcount() + 1).all()
    assert (moves(levers, newest, p, good=True, top=1).place <= 1).all()


def test_chances_begin_at_the_score_and_stay_between_0_and_1(small) -> None:
    dataset, levers = small
    p = np.resize([0.0, 1e-4, 0.5, 0.9999, 1.0], len(dataset.newest))
    found = moves(levers, dataset.newest, p, good=True)
    assert found.chance.between(0, 1).all() and found[["change", "low", "high"]].notna().all(axis=None)
    assert found.change.to_numpy() == pytest.approx(found.chance - p[found.window])
    assert (found.low <= found.change).all() and (found.change <= found.high).all()


def test_nobody_without_a_known_value_or_with_a_level_that_is_not_compared_is_moved(small) -> None:
    dataset, levers = small
    newest = dataset.newest
    found = moves(levers, newest, np.full(len(newest), 0.5), good=True)
    of_goal = found[found.attribute == "goal"]
    missing = np.flatnonzero(newest.history()[:, -1, newest.features.index("goal_missing")])
    assert len(missing) and not {*missing} & {*of_goal.window}
    assert {*missing} <= {*found[found.attribute == "category"].window}
    levels = found[found.attribute == "category"]
    assert (levels.level_from != levels.level_to).all() and levels.value_to.isna().all()
    assert {*levels.level_to} == {*levels.level_from} == {*dataset.members.category} - {"odd"}
    assert (dataset.newest.history()[:, -1, newest.features.index("category=odd")] > 0).any()


def test_values_are_such_as_the_training_part_has_had(small) -> None:
    dataset, levers = small
    train = dataset.split().train
    goals = train.history()[:, -1, train.features.index("goal")]
    goals = goals[train.history()[:, -1, train.features.index("goal_missing")] == 0]
    points = levers.every[0].points if levers.every[0].of.name == "goal" else levers.every[1].points
    assert 2 <= len(points) <= 10 and np.isin(points, goals).all()
    assert np.quantile(goals, 0.04) <= points[0] and points[-1] <= np.quantile(goals, 0.96)


def test_levers_are_read_as_they_were_written_and_refused_if_another_s(small, tmp_path, refused) -> None:
    dataset, levers = small
    levers.save(tmp_path / "levers", target="carried")
    again = Levers.load(tmp_path / "levers", target="carried")
    p = np.full(len(dataset.newest), 0.5)
    tables = [moves(one, dataset.newest, p, good=True) for one in (levers, again)]
    pd.testing.assert_frame_equal(*tables)
    with refused("", "carried", ""):
        Levers.load(tmp_path / "levers", target="churn")
    (tmp_path / "levers" / "0.npz").write_bytes(b"other")
    with refused("as it was written", "another content", ""):
        Levers.load(tmp_path / "levers", target="carried")
    assert Levers.load(tmp_path / "none", target="carried").every == ()


def test_windows_of_other_columns_are_refused(small, refused) -> None:
    dataset, levers = small
    with refused("expected windows with", "experience", "make the run again"):
        moves(levers, dataset.newest.only(["experience"]), np.full(len(dataset.newest), 0.5), good=True)


def test_a_user_with_many_windows_counts_once(small) -> None:
    dataset, levers = small
    train = dataset.split().train
    twice = train.take(np.repeat(np.arange(len(train)), 2))
    again = Levers.learn(dataset.controllable, twice, target="carried")
    for one, other in zip(levers.every, again.every, strict=True):
        assert other.weight == pytest.approx(one.weight, abs=1e-3)
        assert other.covariance == pytest.approx(one.covariance, abs=1e-4)


def test_there_is_no_lever_where_an_attribute_or_the_answer_never_differs(small) -> None:
    dataset, _ = small
    train = dataset.split().train
    won = train.take(train.answers == 1)
    assert Levers.learn(dataset.controllable, won, target="carried").every == ()
    one = train.take(train.history()[:, -1, train.features.index("category=music")] == 1)
    assert [lever.of.name for lever in Levers.learn(dataset.controllable, one, target="carried").every] == ["goal"]
    none = moves(Levers(()), train, np.full(len(train), 0.5), good=True)
    assert none.empty and curves(Levers(()), train, np.full(len(train), 0.5)).empty


def test_a_date_is_moved_in_days(prepared) -> None:
    members, _ = draw_arrivals(Arrivals(n=900), seed=1)
    members["deadline"] = members.decided
    dataset = dataset_of(prepared, members, ("deadline",), ("deadline", "category"))
    found = curves(learnt(dataset), dataset.newest, np.full(len(dataset.newest), 0.5))
    assert {*found.kind} == {"date"} and found.value.between(19, 61).all()
    with speaking("ko"):
        assert move_words("deadline", "date", 60.0, 30.0, "", "", -0.031) == "deadline: 60일에서 30일(으)로 (−3%p)"


def test_words_of_moves_stand_in_the_order_of_their_places() -> None:
    best = {"attribute": ["goal", "video", "goal"], "kind": ["number", "yes or no", "number"], "place": [2, 1, 0]}
    numbers = {"value_from": [12000.0, 0.0, 1.0], "value_to": [5000.0, 1.0, 2.0], "change": [0.08, 0.1, 0.3]}
    found = pd.DataFrame({"user_id": ["b", "b", "a"], **best, **numbers, "level_from": None, "level_to": None})
    told = worded_moves(found, ["a", "b"])
    assert [*told] == ["lever_1", "lever_2"] and told.loc[0].tolist() == ["", ""]
    assert told.loc[1].tolist() == ["video: from no to yes (+10 points)", "goal: from 12,000 to 5,000 (+8 points)"]


def test_effects_of_the_goal_may_differ_between_launches_that_are_unlike(prepared) -> None:
    made = replace(Arrivals(n=12_000, goal=0.0), beginners=-1.5)
    members, _ = draw_arrivals(made, seed=0)
    dataset = dataset_of(prepared, members, ("goal",))
    newest = dataset.newest
    found = moves(learnt(dataset), newest, np.full(len(newest), 0.5), good=True)
    beginner = (members.set_index("user_id").experience == 0).loc[newest.user_ids].to_numpy()
    size = found[found.value_to == found.value_to.max()].set_index("window").change.abs()
    assert size[np.flatnonzero(beginner)[:50]].mean() > 3 * size[np.flatnonzero(~beginner)[:50]].mean()
