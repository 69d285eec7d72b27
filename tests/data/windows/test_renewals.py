"""Renewals: a window per row of a table of outcomes, on its date, with a whole history and several rows per user."""

from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from churn.data import DataConfig, SplitConfig, WindowConfig, prepare
from churn.data.windows.arrivals import wait
from churn.errors import LeakageError

ASKED = {
    "column": "state",
    "positive": ["renewed"],
    "of": ["renewed", "cancelled"],
    "from": "decided_on",
    "name": "renewed",
}
CONFIG = DataConfig(
    events="events",
    outcomes="renewals",
    outcome_columns={"user_id": "customer", "timestamp": "renews_on"},
    outcome=ASKED,
    windows=WindowConfig(history_days=14, horizon_days=30),
    split=SplitConfig(val_from="2024-06-15", test_from="2024-09-01"),
)


@pytest.fixture
def asked(tmp_path):
    def ask(frames: dict[str, pd.DataFrame], **changes):
        folder = tmp_path / f"data{len(list(tmp_path.iterdir()))}"
        return prepare(replace(CONFIG, **changes), folder, frames=frames)

    return ask


def table_of(rows: str) -> pd.DataFrame:
    """A table of outcomes from lines of text; a dash is none."""
    lines = [line.split() for line in rows.strip().splitlines()]
    table = pd.DataFrame(lines, columns=["customer", "renews_on", "state", "decided_on"]).replace("-", None)
    return table.assign(**{name: pd.to_datetime(table[name]) for name in ("renews_on", "decided_on")})


SMALL = """
ann  2024-01-10  renewed    2024-01-12
ann  2024-01-20  cancelled  2024-01-25
ann  2024-02-01  -          -
bob  2024-01-05  renewed    2024-01-06
bob  2024-01-15  renewed    2024-01-13
bob  2024-01-16  renewed    2024-02-20
bob  2024-01-28  paused     2024-01-29
bob  2024-01-30  renewed    -
cid  2024-01-20  cancelled  2024-01-21
cid  2024-01-20  renewed    2024-01-22
cid  2024-01-20  cancelled  2024-01-21
cid  -           renewed    2024-01-22
-    2024-01-20  renewed    2024-01-22
dee  2024-03-01  -          -
"""


@pytest.fixture
def small(asked):
    """Five rows of a log of 31 days, and the fourteen rows above: a history is a week."""
    days = pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-10", "2024-01-19", "2024-01-31"])
    events = pd.DataFrame({"user_id": ["ann", "ann", "ann", "bob", "ann"], "timestamp": days, "event": "post"})
    windows = WindowConfig(history_days=7, horizon_days=30)
    return asked({"events": events, "renewals": table_of(SMALL)}, windows=windows, split=SplitConfig(kind="user"))


def test_each_row_has_a_window_on_its_date_with_the_answer_that_is_known_by_the_last_day(small) -> None:
    found = small.windows.table().set_index(["user_id", "cutoff"]).renewed
    told = {(user, str(day.date())): None if pd.isna(label) else int(label) for (user, day), label in found.items()}
    assert told == {
        ("ann", "2024-01-10"): 1,
        ("ann", "2024-01-20"): 0,
        ("ann", "2024-02-01"): None,
        ("bob", "2024-01-16"): None,  # told after the last day
        ("bob", "2024-01-30"): None,  # told without a day: 30 days later
        ("cid", "2024-01-20"): 0,
    }


def test_every_row_is_counted_once_as_used_with_its_fate_or_rejected_with_a_reason(small) -> None:
    rows = small.reconciliation["outcomes"]
    assert rows["rejected"] == {
        "another answer for this user_id and day": 1,
        "null or unreadable timestamp": 1,
        "null user_id": 1,
        "repeated user_id and day": 1,
    }
    assert rows["read"] == 14 == rows["used"] + sum(rows["rejected"].values())
    assert small.fates == {
        "yes": 1,
        "no": 2,
        "to_score": 3,
        "ended_otherwise": 1,  # bob's pause
        "answered_before": 1,  # bob's of the 15th
        "without_day": 0,
        "outside": 2,  # before the first whole history, after the last day
    }
    assert sum(small.fates.values()) == rows["used"]


def test_a_history_ends_on_the_day_before_the_date(small) -> None:
    own = small.windows.features.index("own_post")
    history = small.windows.history()[:, :, own]
    # of the 10th: one act on the 9th; of the 20th: the 10th is out of reach, none; of the 1st: the act on the 31st
    assert history[:3].tolist() == [[0, 0, 0, 0, 0, 0, 1], [0] * 7, [0, 0, 0, 0, 0, 0, 1]]


def test_users_of_the_table_whom_the_log_has_never_seen_keep_an_empty_history(small) -> None:
    assert small.panel.users.tolist() == ["ann", "bob", "cid", "dee"]
    assert not small.windows.take(small.windows.user_ids == "cid").history().any()


def test_each_user_s_last_row_without_an_answer_is_scored(small) -> None:
    newest = small.newest
    assert dict(zip(newest.user_ids, newest.dates.day, strict=True)) == {"ann": 1, "bob": 30}


def test_an_answer_beats_a_row_of_one_user_and_day_without_one(asked, contracts) -> None:
    frames = contracts()
    doubled = frames["renewals"].assign(state=None, decided_on=pd.NaT)
    dataset = asked(frames | {"renewals": pd.concat([doubled, frames["renewals"]])})
    assert dataset.fates == asked(frames).fates
    assert dataset.reconciliation["outcomes"]["rejected"] == {"another answer for this user_id and day": len(doubled)}


def test_no_part_learns_from_an_answer_that_came_after_a_later_part_began(asked, contracts) -> None:
    frames = contracts()
    split = asked(frames).split()
    due = frames["renewals"].set_index(["customer", "renews_on"]).decided_on
    for part, until in ((split.train, "2024-06-15"), (split.val, "2024-09-01")):
        assert len(part) > 40
        assert due[list(zip(part.user_ids, part.dates, strict=True))].max() <= pd.Timestamp(until)
    dates, decided = frames["renewals"].renews_on, frames["renewals"].decided_on
    assert ((dates < "2024-06-15") & (decided > "2024-06-15")).sum() > 10  # some would reach over


def test_answers_and_days_from_the_test_on_change_neither_training_features_nor_labels(asked, contracts) -> None:
    frames, day = contracts(), pd.Timestamp("2024-09-01")
    late = frames["renewals"].decided_on > day
    swapped = frames["renewals"].state.map({"renewed": "cancelled", "cancelled": "renewed"})
    other = frames["renewals"].assign(state=frames["renewals"].state.where(~late, swapped))
    events = frames["events"]
    new = events[events.timestamp >= day].assign(event="new")
    before, after = (asked(one).split() for one in (frames, {"events": pd.concat([events, new]), "renewals": other}))
    for one, same in ((before.train, after.train), (before.val, after.val)):
        assert one.table().equals(same.table())
        assert one.features == same.features
        assert one.history().tobytes() == same.history().tobytes()


def test_the_frozen_columns_come_from_days_before_validation_where_the_split_is_by_shares(asked, contracts) -> None:
    frames = contracts()
    plain = asked(frames, split=SplitConfig())
    first = plain.split().val.dates.min()
    events = frames["events"]
    new = events[events.timestamp >= first].assign(event="new")
    found = asked(frames | {"events": pd.concat([events, new])}, split=SplitConfig())
    assert "own_new" not in found.windows.features
    assert found.split().val.dates.min() == first


@pytest.mark.parametrize("history_days", [14, 120])
def test_the_columns_are_frozen_by_the_day_on_which_validation_begins(asked, contracts, history_days) -> None:
    windows = WindowConfig(history_days=history_days, horizon_days=30)
    dataset = asked(contracts(), split=SplitConfig(), windows=windows)
    known = dataset.windows.take(dataset.windows.known)  # rows without a whole history, or an answer, have no share
    dated = SplitConfig().of_arrivals(known.dates, wait=wait(known.answered - known.cutoff))
    assert pd.Timestamp(dataset.vocabulary.last_day + 1, unit="D") == pd.Timestamp(dated.val_from)


@pytest.mark.parametrize("kind", ["user", "user_time"])
def test_a_split_by_user_keeps_all_rows_of_a_user_in_one_part(asked, kind, contracts) -> None:
    split = replace(CONFIG.split, kind=kind) if kind == "user_time" else SplitConfig(kind=kind)
    parts = asked(contracts(200), split=split).split()
    users = [{*part.user_ids} for part in (parts.train, parts.val, parts.test)]
    assert all(not a & b for a, b in pairwise([*users, users[0]]))
    assert parts.train.user_ids.tolist() != sorted({*parts.train.user_ids})  # several of a user


def test_a_split_that_breaks_the_rule_cannot_be_built(asked, contracts) -> None:
    dataset = asked(contracts())
    split = dataset.split()
    late = dataset.windows.take(dataset.windows.known & (dataset.windows.answered > split.val.cutoff.min()))
    with pytest.raises(LeakageError, match="train horizon"):
        replace(split, train=late)


def test_rows_of_users_outside_the_member_list_are_counted_as_non_members(asked, contracts) -> None:
    frames = contracts()
    customers = sorted({*frames["renewals"].customer})
    members = pd.DataFrame({"user_id": customers[:50], "plan": ["s", "l"] * 25})
    dataset = asked(frames | {"members": members}, members="members")
    rows = dataset.reconciliation["outcomes"]
    assert (
        rows["non_members"] == frames["renewals"].customer.isin(sorted({*frames["renewals"].customer})[50:]).sum() > 0
    )
    assert rows["read"] == rows["used"] + rows["non_members"]
    assert sum(dataset.fates.values()) == rows["used"]


def test_without_a_log_the_members_attributes_and_the_table_are_enough(asked, contracts) -> None:
    frames = contracts()
    customers = sorted({*frames["renewals"].customer})
    members = pd.DataFrame({"user_id": customers, "plan": ["s", "l"] * (len(customers) // 2)})
    dataset = asked(
        {"renewals": frames["renewals"], "members": members},
        events=None,
        members="members",
        attributes={"plan": {"known": "arrival"}},
        features=["plan"],
        windows=WindowConfig(history_days=0, horizon_days=30),
    )
    assert dataset.windows.features == ("plan=l", "plan=s")
    assert dataset.fates["yes"] + dataset.fates["no"] == len(frames["renewals"])
    assert dataset.split().train.user_ids.tolist() == sorted(dataset.split().train.user_ids)


def test_text_dates_in_a_format_of_their_own_are_read(asked, contracts) -> None:
    frames = contracts()
    text = frames["renewals"].assign(
        **{name: frames["renewals"][name].dt.strftime("%d.%m.%Y") for name in ("renews_on", "decided_on")}
    )
    mapping = {**CONFIG.outcome_columns, "time_format": "%d.%m.%Y"}
    found = asked(frames | {"renewals": text}, outcome_columns=mapping)
    assert found.windows.table().equals(asked(frames).windows.table())


def test_keys_that_contradict_a_table_of_outcomes_are_refused(refused) -> None:
    with refused("no data.windows.at_risk with data.outcomes", "arrival", "leave it out"):
        replace(CONFIG, windows=WindowConfig(at_risk="arrival"))
    with refused("data.outcome, the question", "none", "which values mean yes"):
        replace(CONFIG, outcome=None)
    with refused("history_days: 0", "14", "no days to look back on"):
        replace(CONFIG, events=None, members="members")


def test_a_column_that_the_table_lacks_and_an_answer_that_no_row_has_are_refused(asked, refused, contracts) -> None:
    frames = contracts()
    with refused("data.outcome.from out of the columns of outcomes", "decided_on", "customer, renews_on, state"):
        asked(frames | {"renewals": frames["renewals"].drop(columns="decided_on")})
    with refused("among the values of outcomes.state", "'kept'", "correct"):
        asked(frames, outcome=ASKED | {"positive": ["kept"], "of": ["kept", "cancelled"]})


def test_with_lead_days_a_row_is_asked_about_before_its_date_and_may_be_answered_before_it(asked) -> None:
    rows = """
    ann  2024-01-20  renewed    2024-01-18
    ann  2024-01-28  cancelled  2024-01-17
    bob  2024-01-20  cancelled  -
    bob  2024-02-05  -          -
    bob  2024-02-07  -          -
    """
    days = pd.date_range("2024-01-01", "2024-01-31")
    events = pd.DataFrame({"user_id": ["ann", "bob"] * 15 + ["ann"], "timestamp": days, "event": "post"})
    dataset = asked(
        {"events": events, "renewals": table_of(rows)},
        windows=WindowConfig(history_days=7, lead_days=5, horizon_days=3),
        split=SplitConfig(kind="user"),
        last_day="2024-01-31",  # of the log: dates of the table may lie after it
    )
    windows = dataset.windows
    told = zip(windows.user_ids, windows.dates.strftime("%m-%d"), windows.answers.tolist(), strict=True)
    assert [*told] == [("ann", "01-15", 1), ("bob", "01-15", 0), ("bob", "01-31", -1)]
    assert windows.answered.tolist()[:2] == [17, 22]  # the 18th; and the 20th with three days of a horizon
    assert dataset.fates["answered_before"] == 1  # ann's of the 28th, on the 17th, six days before it is asked
    assert dataset.fates["outside"] == 1  # to be asked on the 2nd, when the log has ended


def test_lead_days_without_dates_to_lead_to_are_refused(refused) -> None:
    members = {"members": "members", "outcome": {"column": "state", "positive": ["won"]}}
    windows = WindowConfig(at_risk="arrival", history_days=0, lead_days=3)
    with refused("no data.windows.lead_days with data.outcome", "3", "leave it out"):
        DataConfig(**members, windows=windows)
