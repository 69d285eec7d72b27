"""Arrivals: one window per member, labelled by an answer that comes later."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import DataConfig, SplitConfig, WindowConfig, prepare
from churn.data.config.outcome_config import Outcome
from churn.errors import LeakageError

STATES = {"column": "state", "positive": ["won"], "of": ["won", "lost"], "from": "ends", "name": "carried"}
ARRIVAL = WindowConfig(at_risk="arrival", history_days=0, horizon_days=30)
CONFIG = DataConfig(
    members="members",
    outcome=STATES,
    attributes={"goal": {"known": "arrival"}, "kind": {"known": "arrival"}},
    features=["goal", "kind"],
    windows=ARRIVAL,
    split=SplitConfig(val_from="2024-04-01", test_from="2024-07-01"),
)


def launches(n: int = 400, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 240, n)), unit="D")
    goal = rng.lognormal(8, 1, n).round()
    won = rng.random(n) < 1 / (1 + np.exp(np.log(goal) - 8))
    ends = joined + pd.to_timedelta(rng.integers(10, 60, n), unit="D")
    return pd.DataFrame(
        {
            "user_id": [f"p{i:03d}" for i in range(n)],
            "joined": joined,
            "ends": ends,
            "goal": goal,
            "kind": rng.choice(["art", "games"], n),
            "state": np.where(won, "won", "lost"),
        }
    )


@pytest.fixture
def asked(tmp_path):
    def ask(members: pd.DataFrame, **changes):
        frames = {"members": members} | changes.pop("frames", {})
        return prepare(replace(CONFIG, **changes), tmp_path / f"data{len(list(tmp_path.iterdir()))}", frames=frames)

    return ask


def test_each_member_has_one_window_on_the_day_of_joining_with_the_stated_answer(asked) -> None:
    members = launches()
    found = asked(members).windows.table().set_index("user_id")
    told = members.set_index("user_id").loc[found.index]
    assert (found.cutoff == told.joined).all()
    assert (found.carried.astype(int) == (told.state == "won")).all()


def test_no_training_window_s_answer_is_known_only_after_validation_begins(asked) -> None:
    members = launches()
    split = asked(members).split()
    ends = members.set_index("user_id").ends
    assert (ends[split.train.user_ids] <= pd.Timestamp("2024-04-01")).all()
    assert (ends[split.val.user_ids] <= pd.Timestamp("2024-07-01")).all()
    before = members[(members.joined < "2024-04-01") & (members.ends > "2024-04-01")].user_id
    assert len(before) > 20
    assert not {*before} & {*split.train.user_ids}


def test_an_embargo_keeps_further_days_between_an_answer_and_the_next_part(asked) -> None:
    members = launches()
    split = asked(members, split=replace(CONFIG.split, embargo_days=5)).split()
    assert members.set_index("user_id").ends[split.train.user_ids].max() <= pd.Timestamp("2024-03-27")


def test_members_without_an_answer_are_scored_and_everyone_is_accounted_for(asked) -> None:
    members = launches()
    members.loc[:9, "state"] = None
    members.loc[10:14, "state"] = "canceled"  # its day is over
    members.loc[15, "ends"] = members.joined[15] - pd.Timedelta(days=1)
    members.loc[16, "joined"] = pd.NaT
    members.loc[399, ["state", "ends"]] = ["live", pd.Timestamp("2025-06-01")]  # its day is to come
    dataset = asked(members)
    assert {*dataset.newest.user_ids} == {*members.user_id[:10], "p399"}
    fates = dataset.fates
    assert (fates["to_score"], fates["ended_otherwise"]) == (11, 5)
    assert (fates["answered_before"], fates["without_day"], fates["outside"]) == (1, 1, 0)
    assert sum(fates.values()) == len(members)


def test_an_answer_of_a_day_after_the_last_is_not_known_yet(asked) -> None:
    members = launches()
    dataset = asked(
        members, last_day="2024-06-30", split=replace(CONFIG.split, val_from="2024-04-01", test_from="2024-05-01")
    )
    known = dataset.windows.take(dataset.windows.known)
    assert members.set_index("user_id").ends[known.user_ids].max() <= pd.Timestamp("2024-07-01")
    assert dataset.windows.dates.max() <= pd.Timestamp("2024-07-01")
    assert dataset.fates["outside"] == int((members.joined > "2024-07-01").sum())


def test_the_frozen_columns_come_from_members_who_arrived_before_validation(asked) -> None:
    members = launches()
    members.loc[members.joined >= "2024-04-01", "kind"] = "new"
    assert "kind=new" not in asked(members).windows.features


def test_where_every_member_has_an_answer_the_test_part_is_scored(asked) -> None:
    dataset = asked(launches())
    assert dataset.newest.user_ids.tolist() == dataset.split().test.user_ids.tolist()


def test_shares_of_a_split_are_shares_of_the_members_whose_answer_is_known(asked) -> None:
    members = launches()
    members["joined"] = pd.Timestamp("2023-01-01")
    late = members.index >= 100
    members.loc[late, "joined"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(members.index[late] // 4, unit="D")
    members["ends"] = members.joined + pd.Timedelta(days=1)
    split = asked(members, split=SplitConfig(test_share=0.25, val_share=0.25)).split()
    assert 90 <= len(split.test) <= 104
    assert 90 <= len(split.val) <= 104


def test_a_list_without_days_of_joining_is_asked_about_on_the_day_when_it_was_drawn(asked, refused) -> None:
    members = launches().drop(columns=["joined", "ends"])
    undated = {
        "outcome": {key: STATES[key] for key in ("column", "positive", "of", "name")},
        "split": SplitConfig(kind="user"),
    }
    with refused("days of joining in the member list", "none", "data.last_day"):
        asked(members, **undated)
    dataset = asked(members, last_day="2024-03-31", **undated)
    assert len(dataset.labelled) == len(members)
    assert set(dataset.windows.dates) == {pd.Timestamp("2024-03-02")}


def test_with_a_log_a_history_before_arrival_is_seen_and_the_outcome_is_asked_all_the_same(asked) -> None:
    members = launches()
    fans = pd.DataFrame(
        {"user_id": members.user_id, "timestamp": members.joined - pd.Timedelta(days=2), "event": "tip"}
    )
    fans["actor_id"] = "somebody"
    first = pd.DataFrame({"user_id": "p000", "actor_id": "p000", "event": "post"}, index=[0])
    spans = [first.assign(timestamp=pd.Timestamp(day)) for day in ("2023-12-01", "2024-12-31")]
    events = pd.concat([fans, *spans])
    windows = replace(ARRIVAL, history_days=7)
    dataset = asked(members, events="events", frames={"events": events}, windows=windows)
    assert dataset.windows.targets == ("carried",)
    tips = dataset.windows.history()[:, :, dataset.windows.features.index("fan_tip")]
    assert (tips.sum(axis=1) == 1).mean() > 0.9
    bare = asked(members, events="events", frames={"events": events}).windows
    assert "fan_tip" not in bare.features and bare.history().shape[1] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"windows": WindowConfig()}, ("data.windows.at_risk: arrival", "active", "day of joining")),
        ({"windows": replace(ARRIVAL, history_days=7)}, ("history_days: 0", "7", "without data.events")),
        ({"members": None, "events": "events"}, ("data.members", "none", "set data.members")),
        ({"outcome": None, "members": None}, ("data.events", "none", "data.outcome")),
        ({"features": ["state"], "attributes": {"state": {"known": "arrival"}}}, ("data.outcome", "state", "answer")),
        ({"stickers": "stickers"}, ("data.stickers", "stickers", "leave one")),
    ],
)
def test_keys_that_contradict_each_other_are_refused(changes, words, refused) -> None:
    with refused(*words):
        replace(CONFIG, **changes)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"positive": ["won"]}, ("data.outcome.column", "None", "name it")),
        ({"column": "state"}, ("data.outcome.positive", "none", "list them")),
        ({"column": "state", "positive": "won"}, ("data.outcome.positive", "'won'", "[won, lost]")),
        ({"column": "state", "positive": ["won"], "of": ["lost"]}, ("among data.outcome.of", "won", "add it")),
        ({"column": "state", "positive": ["won"], "form": "ends"}, ("the keys", "form", "correct")),
        ({"column": "state", "positive": ["won"], "name": "churn"}, ("data.outcome.name", "'churn'", "choose")),
        ({"column": "state", "positive": ["won"], "name": "../x"}, ("data.outcome.name", "'../x'", "choose")),
    ],
)
def test_a_block_that_cannot_be_read_is_refused(block, words, refused) -> None:
    with refused(*words):
        Outcome.of(block)


def test_members_without_any_answer_or_with_one_class_are_refused(asked, refused) -> None:
    with refused("data.outcome.positive among the values", "'won', where there are none", "correct the value"):
        asked(launches().assign(state=None)).split()
    with refused("both classes of carried", "windows of class 1", ""):
        asked(launches().assign(state="won")).split()


def test_members_alone_without_a_question_are_refused(asked, refused) -> None:
    with refused("data.events", "none", "data.outcome"):
        asked(launches(), outcome=None)


def test_a_member_who_is_listed_twice_is_counted_once_and_set_aside(asked) -> None:
    members = launches()
    dataset = asked(pd.concat([members, members[:3]]))
    assert dataset.reconciliation["members"]["rejected"] == {"repeated user_id": 3}
    assert sum(dataset.fates.values()) == len(members)


@pytest.mark.parametrize("column", ["column", "from"])
def test_a_column_that_the_list_lacks_is_named(asked, refused, column) -> None:
    with refused(f"data.outcome.{column}", "stat", "choose out of"):
        asked(launches(), outcome=STATES | {column: "stat"})


def test_the_chance_of_churn_can_be_asked_on_arrival_alone(asked) -> None:
    rng = np.random.default_rng(1)
    members = launches(60)[["user_id", "joined"]]
    days = [
        (user, joined + pd.Timedelta(days=int(d)))
        for user, joined in members.to_numpy()
        for d in rng.integers(0, 40, 6)
    ]
    events = pd.DataFrame(days, columns=["user_id", "timestamp"]).assign(event="post")
    config = {"outcome": None, "attributes": {}, "features": [], "split": SplitConfig(kind="user")}
    windows = WindowConfig(at_risk="arrival", history_days=3)
    dataset = asked(members, events="events", frames={"events": events}, windows=windows, **config)
    table = dataset.windows.table()
    assert table.user_id.is_unique
    assert (table.cutoff.to_numpy() == members.set_index("user_id").joined[table.user_id].to_numpy()).all()
    joined = members.set_index("user_id").joined
    active = {user for user, day in days if (day - joined[user]).days < 7}
    known = table[table.churn.notna()]
    assert (~known.user_id.isin(active)).tolist() == known.churn.astype(bool).tolist()


def test_members_of_several_ages_are_asked_about_in_one_model(asked) -> None:
    members = launches(80)[["user_id", "joined"]]
    members.loc[:4, "joined"] = pd.NaT
    rows = [(user, day) for user, day in members.dropna().to_numpy()]  # everyone acts on the day of joining alone
    rows += [("p070", pd.Timestamp("2023-12-01")), ("p071", pd.Timestamp("2024-09-30"))]
    events = pd.DataFrame(rows, columns=["user_id", "timestamp"]).assign(event="post")
    windows = WindowConfig(at_risk="arrival", history_days=3, after_days=[3, 0, 1])
    config = {"outcome": None, "attributes": {}, "features": [], "split": SplitConfig(kind="user")}
    dataset = asked(members, events="events", frames={"events": events}, windows=windows, **config)
    table = dataset.windows.table()
    joined = members.set_index("user_id").joined[table.user_id].to_numpy()
    assert set((table.cutoff.to_numpy() - joined).astype("timedelta64[D]").astype(int)) == {0, 1, 3}
    assert not table.user_id.isin(members.user_id[:5]).any()
    assert table.groupby("user_id").cutoff.is_monotonic_increasing.all()
    silent = table[table.churn.notna() & ~table.user_id.isin(["p070", "p071"])]
    assert (silent.churn.astype(bool).to_numpy() == (silent.cutoff.to_numpy() != joined[silent.index])).all()
    assert dataset.newest.user_ids.tolist() == sorted(set(dataset.newest.user_ids))


def test_days_after_joining_are_for_churn_on_arrival_alone(refused) -> None:
    with refused("at_risk: arrival with after_days", "active", "leave after_days out"):
        WindowConfig(after_days=[1])
    with refused("no data.windows.after_days", "[1]", "day of joining"):
        replace(CONFIG, windows=replace(ARRIVAL, after_days=[1]))


def test_members_of_one_group_stand_in_one_part_and_in_one_half_of_validation(asked) -> None:
    members = launches().assign(team=lambda table: "t" + (table.index // 4).astype(str))
    members.loc[:39, "team"] = None
    split = asked(members, split=SplitConfig(kind="user", group="team")).split()
    team = members.set_index("user_id").team
    parts = [set(team[part.user_ids].dropna()) for part in (split.train, split.val_a, split.val_b, split.test)]
    assert all(len(part) > 3 for part in parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) > 80
    alone = [team[part.user_ids].isna().sum() for part in (split.train, split.val, split.test)]
    assert min(alone) > 0


def test_the_frozen_levels_come_from_the_training_groups_alone(asked) -> None:
    members = launches().assign(team=lambda table: "t" + (table.index // 4).astype(str))
    config = {"split": SplitConfig(kind="user", group="team")}
    split = asked(members, **config).split()
    held_out = members.user_id.isin([*split.val.user_ids, *split.test.user_ids])
    members.loc[held_out, "kind"] = "new"
    assert "kind=new" not in asked(members, **config).windows.features


def test_a_split_that_parts_a_group_cannot_be_built(asked) -> None:
    members = launches().assign(team=lambda table: "t" + (table.index // 4).astype(str))
    split = asked(members, split=SplitConfig(kind="user", group="team")).split()
    mixed = replace(split.train.panel, groups=pd.Index(["one"] * len(members)))
    parts = {name: replace(split.part(name), panel=mixed) for name in ("train", "val", "test", "score")}
    with pytest.raises(LeakageError, match="no group with users in train and in val, got 1, such as one"):
        replace(split, **parts)


def test_a_group_that_cannot_be_kept_together_is_refused(asked, refused) -> None:
    with refused("data.split.kind user or user_time", "time", "data.split.group"):
        SplitConfig(group="team")
    with refused("data.split.group", "team", "choose out of"):
        asked(launches(), split=SplitConfig(kind="user", group="team"))


def test_a_part_holds_answers_of_either_kind_though_one_takes_longer(asked) -> None:
    members = launches(3_000)
    won = members.state == "won"
    rng = np.random.default_rng(4)
    delay = np.where(won, rng.integers(20, 40, len(won)), rng.integers(1, 5, len(won)))
    members["ends"] = members.joined + pd.to_timedelta(delay, unit="D")
    open_yet = members.ends > "2024-08-28"
    members.loc[open_yet, ["state", "ends"]] = [None, pd.NaT]
    split = asked(members).split()
    rates = [part.answers.mean() for part in (split.train, split.val, split.test)]
    assert rates == pytest.approx([won.mean()] * 3, abs=0.06)
    assert set(split.score.user_ids) == set(members.user_id[open_yet])


def test_a_value_that_is_no_answer_and_has_no_day_is_scored(asked) -> None:
    members = launches()
    members.loc[:29, ["state", "ends"]] = ["open", pd.NaT]
    dataset = asked(members)
    assert (dataset.fates["to_score"], dataset.fates["ended_otherwise"]) == (30, 0)
    undated = {key: STATES[key] for key in ("column", "positive", "of", "name")}
    bare = members.drop(columns=["joined", "ends"])
    found = asked(bare, outcome=undated, split=SplitConfig(kind="user"), last_day="2024-03-31")
    assert found.fates["to_score"] == 30


def test_answers_are_compared_without_regard_to_capitals_and_spaces(asked) -> None:
    members = launches()
    plain = asked(members).windows.answers
    assert (asked(members.assign(state=" " + members.state.str.upper())).windows.answers == plain).all()
    told = {"outcome": STATES | {"positive": ["Yes"], "of": ["yes", "NO"]}}
    for yes, no in (("Yes", "No"), (True, False)):
        assert (
            asked(members.assign(state=members.state.map({"won": yes, "lost": no})), **told).windows.answers == plain
        ).all()


def test_members_who_came_before_the_first_day_are_counted_outside(asked) -> None:
    members = launches()
    dataset = asked(members, first_day="2024-02-01")
    assert dataset.windows.dates.min() >= pd.Timestamp("2024-02-01")
    assert dataset.fates["outside"] == (members.joined < "2024-02-01").sum()


def test_values_that_nobody_has_and_a_split_by_time_without_days_are_refused(asked, refused) -> None:
    with refused("data.outcome.positive among the values", "'won!', where there are lost, won", "correct the value"):
        asked(launches(), outcome=STATES | {"positive": ["won!"], "of": ["won!", "lost"]})
    undated = {key: STATES[key] for key in ("column", "positive", "of", "name")}
    with refused("data.split.kind: user", "time", "member_columns.joined"):
        asked(launches().drop(columns=["joined", "ends"]), outcome=undated, last_day="2024-03-31")
