"""Several sources of events are one log, each with its own columns and times, and each accounted for."""

import re

import numpy as np
import pandas as pd
import pytest

from churn.data import DataConfig, WindowConfig
from churn.errors import UserError

pytestmark = pytest.mark.slow

SHORT = WindowConfig(history_days=2, horizon_days=2, at_risk_days=2)
DAYS = pd.date_range("2024-01-01", periods=20)


def visits(**columns):
    """Ada and Ben, who act at noon of 20 days."""
    users = np.repeat(["ada", "ben"], 20)
    times = np.tile(DAYS + pd.Timedelta(hours=12), 2)
    return pd.DataFrame({"who": users, "at": times, "kind": "visit"} | columns)


def items(**columns):
    """Ada lists a dish on two days and a cup on one, with times as text of another zone."""
    times = ["2024-01-03T23:30:00-02:00", "2024-01-05T10:00:00Z", "2024-01-05T11:00:00Z", "2024-01-06T10:00:00Z"]
    events = ["dish", "dish", "cup", None]
    return pd.DataFrame({"seller": "ada", "timestamp": times, "event": events} | columns)


LOGS = [
    {"source": "visits", "columns": {"user_id": "who", "timestamp": "at", "event": "kind"}},
    {"source": "made", "name": "items", "columns": {"user_id": "seller"}},
]


def counts(dataset):
    """Each count above zero: (user, day since the first, feature) to its value."""
    found = {}
    for code, user in enumerate(dataset.panel.users):
        for place in range(dataset.panel.n_days):
            row = dataset.panel.newest_row(np.array([code]), np.array([[place]]))[0, 0]
            values = zip(dataset.panel.features, dataset.panel.counts[row], strict=True)
            if place <= dataset.panel.last[code]:
                found |= {(user, place, name): int(value) for name, value in values if value}
    return found


def test_each_source_is_read_by_its_own_columns_and_times(prepared):
    found = prepared({"visits": visits(), "made": items()}, events=LOGS, windows=SHORT)
    assert found.panel.features == ("own_visit", "own_dish", "own_cup")
    made = {key: n for key, n in counts(found).items() if key[2] != "own_visit"}
    assert made == {("ada", 3, "own_dish"): 1, ("ada", 4, "own_dish"): 1, ("ada", 4, "own_cup"): 1}
    assert sum(key[2] == "own_visit" for key in counts(found)) == 40


def test_each_source_is_accounted_for_by_its_name(prepared):
    found = prepared({"visits": visits(), "made": items()}, events=LOGS, windows=SHORT)
    assert found.reconciliation["events"] == {"read": 40, "used": 40, "non_members": 0, "rejected": {}}
    assert found.reconciliation["items"] == {"read": 4, "used": 3, "non_members": 0, "rejected": {"null event": 1}}
    kept = pd.read_parquet(found.quarantine)
    assert kept[["table", "reason", "timestamp"]].to_numpy().tolist() == [
        ["items", "null event", "2024-01-06T10:00:00Z"]
    ]
    assert set(found.times) == {"events", "items"} and found.columns["items"]["seller"] == "string"


def test_a_type_that_stands_in_two_sources_is_added_up(prepared):
    found = prepared({"visits": visits(), "made": items(event="visit")}, events=LOGS, windows=SHORT)
    assert found.panel.features == ("own_visit",)
    assert counts(found)["ada", 4, "own_visit"] == 3 and counts(found)["ben", 4, "own_visit"] == 1


def test_events_of_a_source_without_types_are_called_as_the_source_is(prepared):
    found = prepared({"visits": visits(), "made": items().drop(columns="event")}, events=LOGS, windows=SHORT)
    assert found.panel.features == ("own_visit", "own_items")


def test_a_busy_source_crowds_no_other_out(prepared):
    busy = visits(kind=np.resize([f"v{n}" for n in range(4)], 40))
    found = prepared({"visits": busy, "made": items()}, events=LOGS, windows=SHORT, max_event_types=2)
    assert found.panel.features == ("own_v0", "own_v1", "own_dish", "own_cup", "own_other")


def test_ids_of_one_kind_in_one_source_and_of_another_in_the_next_are_compared_as_text(prepared):
    numbers = visits(who=np.repeat([1, 2], 20))
    found = prepared({"visits": numbers, "made": items(seller="2.0")}, events=LOGS, windows=SHORT)
    assert ("2", 3, "own_dish") in counts(found)


def test_what_counts_as_being_alive_may_lie_in_any_source(prepared):
    every = {"visits": visits(), "made": items()}
    found = prepared(every, events=LOGS, windows=SHORT, activity_events=["dish"])
    assert set(found.windows.user_ids) == {"ada"} and found.windows.cutoff.min() == 4


def test_a_source_that_concerns_no_member_is_refused_by_its_name(prepared, refused):
    frames = {"visits": visits(), "made": items(seller="zoe"), "members": pd.DataFrame({"user_id": ["ada", "ben"]})}
    with refused("items of the members", "'zoe'", "check the ids"):
        prepared(frames, events=LOGS, windows=SHORT)


def test_a_source_without_a_row_is_read(prepared):
    found = prepared({"visits": visits(), "made": items().head(0)}, events=LOGS, windows=SHORT)
    assert found.panel.features == ("own_visit",) and found.reconciliation["items"]["read"] == 0


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], "at least one source"),
        (["log", "a.csv", "b/a.csv"], "names of their own"),
        (["log", {"source": "x", "name": "members"}], "names of their own"),
        (["log", {"from": "x"}], "each {source: …, name: …, columns: {…}}"),
        ([{"source": "log", "name": "clicks"}], "the first is `events`"),
        (["log", {"source": "x", "columns": "user_id"}], "columns: {…}"),
        (["log", 7], "text in data.events"),
    ],
)
def test_entries_that_are_no_sources_are_refused(events, told):
    with pytest.raises(UserError, match=re.escape(told)):
        DataConfig(events=events)


def test_a_source_that_lacks_a_column_is_refused_with_the_key_that_maps_it(prepared, refused):
    with refused("'timestamp' in items", "", "`columns` of items in data.events"):
        prepared({"visits": visits(), "made": items().drop(columns="timestamp")}, events=LOGS)
    with refused("`columns` of items in data.events", "usr", ""):
        prepared({"visits": visits(), "made": items()}, events=[LOGS[0], LOGS[1] | {"columns": {"usr": "seller"}}])


def test_a_source_that_is_listed_twice_is_refused_unless_its_columns_differ(refused):
    with refused("each source in data.events once", "'log'", ""):
        DataConfig(events=["log", {"source": "log", "name": "again"}])
    DataConfig(events=["log", {"source": "log", "name": "ends", "columns": {"timestamp": "end"}}])


def test_the_first_source_is_mapped_once():
    one = DataConfig(events=["log", "other.csv"], event_columns={"user_id": "who"})
    assert one.mappings["events"] == {"user_id": "who"} and one.mappings["other"] is None
    with pytest.raises(UserError, match="one mapping"):
        DataConfig(events=[{"source": "log", "columns": {"user_id": "who"}}], event_columns={"user_id": "who"})


def test_no_source_of_a_list_is_stored_with_its_password():
    from churn.configuration import RunConfig

    data = DataConfig(events=["log", {"source": "postgresql://ada:s3cret@db/shop::items"}])
    stored = RunConfig(data).public()["data"]["events"]
    assert data.logs[1].name == "items" and "s3cret" not in str(stored) and "ada:***@db" in str(stored)


def test_sources_of_a_database_and_of_elsewhere_are_joined_there(prepared, postgres, postgres_url):
    postgres.create_table("several_visits", visits(), overwrite=True)
    logs = [LOGS[0] | {"source": f"{postgres_url}::several_visits"}, LOGS[1]]
    found = prepared({"made": items()}, events=logs, windows=SHORT)
    assert counts(found) == counts(prepared({"visits": visits(), "made": items()}, events=LOGS, windows=SHORT))
    assert found.reconciliation["items"]["rejected"] == {"null event": 1}
