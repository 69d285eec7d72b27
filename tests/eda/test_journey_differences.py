"""Two groups' journeys: planted differences, none, and nothing learned from after the cutoff."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn.data import DataConfig
from churn.eda.coded_events import START
from churn.eda.journey_differences import JourneyDifferences, compare_journeys
from churn.eda.opening import open_tables

pytestmark = pytest.mark.slow

DAY = pd.Timestamp("2024-03-01")
N = 40  # users in each group


def log_of(shares: dict[str, float], *, seed: int = 0, sessions: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A log of two groups whose sessions are `view` and then, at a group's share, `like`, else `post`; the groups."""
    rng = np.random.default_rng(seed)
    rows, users = [], []
    for group, share in shares.items():
        for number in range(N):
            user = f"{group}{number}"
            users.append((user, group, DAY + pd.Timedelta(days=20)))
            for day in range(sessions):
                start = DAY + pd.Timedelta(days=day, hours=9)
                rows.append((user, start, "view"))
                rows.append((user, start + pd.Timedelta(minutes=2), "like" if rng.random() < share else "post"))
    events = pd.DataFrame(rows, columns=["user_id", "timestamp", "event"])
    return events, pd.DataFrame(users, columns=["user_id", "group", "cutoff"])


def compared(events: pd.DataFrame, groups: pd.DataFrame, **settings: Any) -> JourneyDifferences:
    with open_tables(DataConfig(events="events"), frames={"events": events}) as tables:
        return compare_journeys(tables, groups, **settings)


def rows_of(found: JourneyDifferences) -> pd.DataFrame:
    return found.table.set_index(["from", "to"])


def test_a_planted_difference_is_found_with_its_sign_and_nothing_else() -> None:
    found = compared(*log_of({"left": 0.8, "stayed": 0.4}))
    row = rows_of(found).loc[("view", "like")]
    assert found.groups == ("left", "stayed")
    assert row["difference"] == pytest.approx(row["share_1"] - row["share_2"])
    assert 0.3 < row["difference"] < 0.5
    assert 0.25 < row["low"] < row["difference"] < row["high"] < 0.6
    assert (row["n_1"], row["users_1"], row["users_2"]) == (6 * N, N, N)
    assert rows_of(found).loc[(START, "view"), "difference"] == 0
    assert "left: n = 40 users and stayed: n = 40 users" in found.figure().layout.title.text.replace("<br>", " ")
    assert "percentage points" in found.figure().layout.xaxis.title.text


def test_intervals_of_equal_groups_hold_zero_about_as_often_as_they_say() -> None:
    held = []
    for seed in range(12):
        row = rows_of(compared(*log_of({"a": 0.5, "b": 0.5}, seed=seed))).loc[("view", "like")]
        held.append(row["low"] <= 0 <= row["high"])
    assert sum(held) >= 9


def test_users_who_walk_alike_widen_the_interval() -> None:
    """Sessions of one user that are all the same tell no more than one of them."""
    events, groups = log_of({"a": 0.5, "b": 0.5}, sessions=1)
    many = pd.concat(
        [events.assign(timestamp=events["timestamp"] + pd.Timedelta(days=day)) for day in range(10)], ignore_index=True
    )
    one, ten = (rows_of(compared(log, groups)).loc[("view", "like")] for log in (events, many))
    assert ten["n_1"] == 10 * one["n_1"]
    assert ten["high"] - ten["low"] == pytest.approx(one["high"] - one["low"], rel=0.1)


def test_events_from_the_cutoff_on_change_nothing() -> None:
    events, groups = log_of({"left": 0.8, "stayed": 0.4})
    before = compared(events, groups)
    late = [
        (user, cutoff + pd.Timedelta(minutes=minute), f"late {minute % 50}")
        for user, cutoff in zip(groups["user_id"], groups["cutoff"], strict=True)
        for minute in range(100)
    ]
    planted = pd.concat([events, pd.DataFrame(late, columns=events.columns)], ignore_index=True)
    after = compared(planted, groups)
    pd.testing.assert_frame_equal(before.table, after.table)
    assert str(before) == str(after)
    assert (before.n_users, before.remarks) == (after.n_users, after.remarks)


def test_each_user_has_a_cutoff_and_a_history_of_the_own() -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    early = groups["user_id"] == "a0"
    groups.loc[early, "cutoff"] = DAY + pd.Timedelta(days=2)
    row = rows_of(compared(events, groups)).loc[(START, "view")]
    assert (row["n_1"], row["n_2"]) == (6 * N - 4, 6 * N)
    found = compared(events, groups.assign(cutoff=DAY + pd.Timedelta(days=6)), history_days=2)
    assert rows_of(found).loc[(START, "view"), ["n_1", "n_2"]].tolist() == [2 * N, 2 * N]


def test_few_users_are_greyed_and_silent_ones_counted() -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    few = events[~events["user_id"].isin([f"a{number}" for number in range(20)])]
    found = compared(few, groups)
    assert found.n_users == (20, 40)
    assert "20 users have no event before their cutoff" in str(found)
    assert set(found.figure().data[0].marker.color) == {"#9aa5b1"}
    assert "Grey: fewer than 30 users" in found.figure().layout.title.text.replace("<br>", " ")


@pytest.mark.parametrize("few", [1, 9])
def test_groups_of_very_few_users_are_not_compared(few: int) -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    found = compared(events, groups.iloc[[*range(few), *range(N, N + 20)]])
    assert str(found) == f"Too few users to compare: {few} in a, 20 in b, with events; it takes 10 in each."
    assert not found.figure().data


def test_shares_that_are_0_or_1_among_all_users_are_no_certainty() -> None:
    """All 12 users of one group and none of the other do the same: the interval is Newcombe's, over users."""
    events, groups = log_of({"a": 1.0, "b": 0.0})
    row = rows_of(compared(events, groups.iloc[[*range(12), *range(N, N + 12)]])).loc[("view", "like")]
    end = 0.025 ** (1 / 12)  # of Clopper and Pearson's interval of 12 out of 12
    assert row["difference"] == 1
    assert (row["low"], row["high"]) == pytest.approx((1 - np.hypot(1 - end, 1 - end), 1))
    same = rows_of(compared(events, groups)).loc[(START, "view")]
    assert same["low"] < -0.01 < 0.01 < same["high"]


def walks_of(first: list[tuple[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A group a, whose users make one step each, and a group b, who all sing and then like; the groups."""
    steps = {f"a{number}": step for number, step in enumerate(first)} | {
        f"b{number}": ("sing", "like") for number in range(N)
    }
    rows = [(user, DAY + pd.Timedelta(minutes=k), name) for user, step in steps.items() for k, name in enumerate(step)]
    groups = pd.DataFrame(
        {"user_id": list(steps), "group": [user[0] for user in steps], "cutoff": DAY + pd.Timedelta(days=9)}
    )
    return pd.DataFrame(rows, columns=["user_id", "timestamp", "event"]), groups


def test_what_one_user_of_a_group_did_has_no_interval_and_stands_last() -> None:
    found = compared(*walks_of([("sing", "post")] + [("view", "like")] * (N - 1)), top=3)
    row = found.table.iloc[-1]
    assert (row["from"], row["to"], row["users_1"], row["users_2"]) == ("sing", "like", 1, N)
    assert np.isnan([row["low"], row["high"]]).all()
    told = "sing → like: 0.0% of 1 (a), 100.0% of 40 (b), difference −100.0 points, too few users for an interval"
    assert told in str(found).splitlines()
    assert "a: 0.0% of 1 by 1 user<br>" in found.figure().data[0].hovertext[-1]


def test_what_nobody_of_a_group_did_is_said_and_not_compared() -> None:
    found = compared(*walks_of([("view", "like")] * N), top=5)
    assert np.isnan(rows_of(found).loc[("sing", "like"), "difference"])
    assert "sing → like: 100.0% of 40 (b), nobody in a did sing" in str(found)
    assert "nan" not in str(found) + str(found.figure().data[0].hovertext)
    assert "of 3 about" in str(found)  # those that are compared


def test_odd_settings_are_refused(refused: Any) -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    for name in ("top", "history_days"):
        with refused(f"{name} of at least 1", "0", "give 1 or more"):
            compared(events, groups, **{name: 0})
    for level in (0.0, 1.0, 95):
        with refused("a level between 0 and 1", str(level), "0.95 is usual"):
            compared(events, groups, level=level)


def test_one_silent_user_is_said_in_the_singular() -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    assert "1 user has no event" in str(compared(events[events["user_id"] != "a0"], groups))


def test_a_group_of_nobody_gets_a_sentence() -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    cases = {
        "All users are of one group": (events, groups[groups["group"] == "a"]),
        "Nobody in b has an event": (events[events["user_id"].str.startswith("a")], groups),
        "None of the 80 users asked for has": (events, groups.assign(cutoff="2020-01-01")),
    }
    for passage, (log, some) in cases.items():
        found = compared(log, some)
        assert passage in str(found)
        assert not found.figure().data
    assert "No event can be used" in str(compared(events, groups.iloc[:0]))


def test_groups_that_cannot_be_compared_are_refused(refused: Any) -> None:
    events, groups = log_of({"a": 0.5, "b": 0.5})
    with refused("user_id, group, cutoff", "no cutoff", "add it"):
        compared(events, groups.drop(columns="cutoff"))
    with refused("without gaps", "a null", "drop or fill"):
        compared(events, groups.assign(group=groups["group"].where(groups["user_id"] != "a0")))
    with refused("two groups", "a, b, c", "two at a time"):
        compared(events, groups.assign(group=[*groups["group"][:-1], "c"]))
    with refused("each user once", "'a0' twice", "one row per user"):
        compared(events, pd.concat([groups, groups.iloc[:1]]))
