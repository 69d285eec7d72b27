import ibis
import pandas as pd
import pytest

from churn.data import Vocabulary
from churn.data.log.counts import aggregate
from churn.data.log.daily import Tables
from churn.data.log.events import with_repeats

pytestmark = pytest.mark.slow

LOG = """
    ada   ada   post   0
    ada   ada   post   0
    ada   ben   like   0
    ben   ada   like   1
    ben   ben   post   2
    ben   ben   post   2
    cleo  ada   post   2
    cleo  ben   post   2
    ada   fan   like   3
    ada   ada   poll   4
"""


def table(text, *columns):
    """A canonical table, one row per line, the last column the day; `-` is null."""
    rows = [[None if word == "-" else word for word in line.split()] for line in text.strip().splitlines()]
    frame = pd.DataFrame(rows, columns=columns).assign(day=lambda t: t.day.astype("int64"))
    if "reason" not in frame:
        frame["reason"] = None
    if "amount" in frame:
        frame["amount"] = frame.amount.astype(float)
    types = {"day": "int64", "amount": "float64"}
    return ibis.memtable(frame, schema={column: types.get(column, "string") for column in frame})


@pytest.fixture(scope="module")
def counted():
    """Aggregates a log (and stickers, members) and gives it with its counts as {(user, day, feature): value}."""

    def aggregated(events=LOG, *, stickers=None, members=None, end=100, **options):
        event_columns = ("user_id", "actor_id", "event", "day")
        tables = Tables(
            ibis.duckdb.connect(),
            events if isinstance(events, ibis.Table) else table(events, *event_columns),
            stickers,
            None if members is None else _members(members),
        )
        daily = aggregate(tables, training_end=lambda _first, _last: end, **options)
        users = dict(daily.users.select("code", "user_id").to_pyarrow().to_pandas().to_numpy().tolist())
        rows = daily.counts.to_pyarrow().to_pylist()
        names = daily.vocabulary.features
        counts = {(users[row["code"]], row["day"], names[row["feature"]]): row["value"] for row in rows}
        assert len(counts) == len(rows)
        assert all(reconciliation.balanced for reconciliation in daily.reconciliation.values())
        return daily, counts

    return aggregated


def _members(users):
    frame = pd.DataFrame({"user_id": users, "reason": [None if user else "null user_id" for user in users]})
    listed = ibis.memtable(frame, schema={"user_id": "string", "reason": "string"})
    return with_repeats(listed, key=["user_id"], reason="repeated user_id")


def active(daily):
    joined = daily.active_days.join(daily.users, "code").select("user_id", "day")
    return sorted((row["user_id"], row["day"]) for row in joined.to_pyarrow().to_pylist())


# Roles --------------------------------------------------------------------------------------------


def test_events_count_as_own_fan_and_away_for_the_users_they_concern(counted):
    _, counts = counted()
    assert counts == {
        ("ada", 0, "own_post"): 2,  # two rows that are the same are two posts
        ("ada", 0, "fan_like"): 1,
        ("ben", 0, "away_like"): 1,
        ("ben", 1, "fan_like"): 1,
        ("ada", 1, "away_like"): 1,
        ("ben", 2, "own_post"): 2,
        ("ada", 2, "away_post"): 1,  # in the room of cleo, who never acted there and so is no user
        ("ben", 2, "away_post"): 1,
        ("ada", 3, "fan_like"): 1,
        ("ada", 4, "own_poll"): 1,
    }


def test_users_without_a_member_list_are_those_who_acted_in_their_own_room(counted):
    daily, _ = counted()
    assert daily.users.order_by("code").to_pyarrow().to_pydict() == {"user_id": ["ada", "ben"], "code": [0, 1]}


def test_only_own_events_are_activity(counted):
    daily, _ = counted()
    assert active(daily) == [("ada", 0), ("ada", 4), ("ben", 2)]


def test_only_the_listed_events_are_activity_where_some_are_listed(counted):
    daily, counts = counted(activity_events=("poll",))
    assert active(daily) == [("ada", 4)]
    assert counts["ada", 0, "own_post"] == 2


def test_a_log_without_actors_is_own_activity_alone(counted):
    daily, counts = counted(table("ada post 0\nben post 1", "user_id", "event", "day"))
    assert counts == {("ada", 0, "own_post"): 1, ("ben", 1, "own_post"): 1}
    assert active(daily) == [("ada", 0), ("ben", 1)]


def test_a_log_without_event_types_has_one(counted):
    _, counts = counted(table("ada ada 0\nada fan 0", "user_id", "actor_id", "day"))
    assert counts == {("ada", 0, "own_event"): 1, ("ada", 0, "fan_event"): 1}


# Members ------------------------------------------------------------------------------------------


def test_users_outside_the_member_list_are_removed_and_counted(counted):
    daily, counts = counted(members=["ben", "dora"])
    assert daily.users.order_by("code").to_pyarrow().to_pydict()["user_id"] == ["ben", "dora"]
    assert counts == {
        ("ben", 0, "away_like"): 1,
        ("ben", 1, "fan_like"): 1,
        ("ben", 2, "own_post"): 2,
        ("ben", 2, "away_post"): 1,
    }
    events = daily.reconciliation["events"]
    assert (events.read, events.used, events.non_members, events.rejected) == (10, 5, 5, {})


def test_a_member_list_names_each_user_once_and_drops_nulls(counted):
    daily, _ = counted(members=["ben", "ben", None, "ada"])
    members = daily.reconciliation["members"]
    assert (members.read, members.used, members.non_members) == (4, 2, 0)
    assert members.rejected == {"null user_id": 1, "repeated user_id": 1}


def test_the_days_of_the_log_are_those_of_all_usable_events(counted):
    daily, _ = counted(members=["ben"])
    assert (daily.first_day, daily.last_day) == (0, 4)


# Rejected rows ------------------------------------------------------------------------------------


def test_rejected_rows_are_counted_by_reason_and_nowhere_else(counted):
    events = table(
        "ada ada post 0 -\n- ada post 9 null_user_id\nada ada - 9 null_event\nada ada - 9 null_event",
        *("user_id", "actor_id", "event", "day", "reason"),
    )
    daily, counts = counted(events)
    assert counts == {("ada", 0, "own_post"): 1}
    assert daily.last_day == 0
    rows = daily.reconciliation["events"]
    assert (rows.read, rows.used, rows.rejected) == (4, 1, {"null_event": 2, "null_user_id": 1})


def test_a_log_of_which_no_row_can_be_used_is_refused_with_the_reasons(counted, refused):
    events = table("- ada post 0 null_user_id", "user_id", "actor_id", "event", "day", "reason")
    with refused("at least one usable event", "1 rows, rejected for: null_user_id (1)", "data.events"):
        counted(events)


def test_a_log_without_rows_is_refused(counted, refused):
    schema = {"user_id": "string", "day": "int64", "reason": "string"}
    empty = ibis.memtable({name: [] for name in schema}, schema=schema)
    with refused("at least one usable event", "0 rows", "data.events"):
        counted(empty)


def test_a_log_in_which_nobody_acts_in_the_own_room_is_refused(counted, refused):
    with refused("at least one user in the events", "none", "user_id and actor_id"):
        counted("ada ben post 0")


def test_a_member_list_without_members_is_refused(counted, refused):
    with refused("at least one user in the member list", "none", "user_id"):
        counted(members=[None])


# Stickers -----------------------------------------------------------------------------------------


def test_stickers_are_summed_by_receiver_and_day(counted):
    stickers = table("ada 1 2.5\nada 1 4\nben 3 1", "user_id", "day", "amount")
    daily, counts = counted(stickers=stickers)
    found = {key: value for key, value in counts.items() if "sticker" in key[2]}
    assert found == {
        ("ada", 1, "stickers_received"): 2,
        ("ada", 1, "sticker_amount"): 6.5,
        ("ben", 3, "stickers_received"): 1,
        ("ben", 3, "sticker_amount"): 1,
    }
    assert daily.vocabulary.features[-2:] == ("stickers_received", "sticker_amount")


def test_stickers_without_amounts_count_one_each(counted):
    _, counts = counted(stickers=table("ada 1\nada 1", "user_id", "day"))
    assert counts["ada", 1, "sticker_amount"] == counts["ada", 1, "stickers_received"] == 2


def test_stickers_outside_the_days_of_the_events_are_rejected(counted):
    stickers = table("ada -1 1\nada 0 1\nada 4 1\nada 5 1\nada 6 1\ndora 2 1", "user_id", "day", "amount")
    daily, counts = counted(stickers=stickers)
    assert sorted(day for _, day, name in counts if name == "stickers_received") == [0, 4]
    rows = daily.reconciliation["stickers"]
    assert (rows.read, rows.used, rows.non_members) == (6, 2, 1)
    assert rows.rejected == {"after the last event": 2, "before the first event": 1}


def test_a_vocabulary_with_stickers_needs_them_and_one_without_refuses_them(counted, refused):
    stickers = table("ada 1 2.5", "user_id", "day", "amount")
    (without, _), (with_them, _) = counted(), counted(stickers=stickers)
    with refused("no sticker table", "one", "data.stickers"):
        counted(stickers=stickers, vocabulary=without.vocabulary)
    with refused("a sticker table", "none", "data.stickers"):
        counted(vocabulary=with_them.vocabulary)


# The vocabulary -----------------------------------------------------------------------------------


def test_vocabulary_knows_only_what_lies_before_the_end_of_the_training_span(counted):
    daily, _ = counted(end=4)
    assert daily.vocabulary.features == ("own_post", "fan_like", "away_post", "away_like")
    assert (daily.vocabulary.first_day, daily.vocabulary.last_day) == (0, 3)
    assert "own_poll" in counted(end=5)[0].vocabulary.features


def test_event_types_that_first_appear_after_the_training_span_are_counted_as_unknown(counted):
    daily, counts = counted(end=4)
    assert daily.unknown_events == {"own_poll": 1}
    assert not any(day == 4 for _, day, _ in counts)
    assert active(daily)[1] == ("ada", 4)


def test_event_types_beyond_the_limit_are_lumped_as_other(counted):
    daily, counts = counted(max_event_types=1)
    assert daily.vocabulary.events == ("post",)
    assert daily.vocabulary.features == ("own_post", "own_other", "fan_other", "away_post", "away_other")
    assert counts["ada", 4, "own_other"] == 1
    assert daily.unknown_events == {}


def test_a_new_event_type_counts_as_other_where_the_role_has_such_a_column(counted):
    daily, counts = counted(LOG + "ada ada quiz 5\nfan2 ada quiz 5", end=5, max_event_types=1)
    assert counts["ada", 5, "own_other"] == 1
    assert daily.unknown_events == {}


def test_a_frozen_vocabulary_is_used_as_it_is(counted):
    words = Vocabulary(events=("post",), features=("own_post",))
    daily, counts = counted(vocabulary=words)
    assert daily.vocabulary is words
    assert {name for _, _, name in counts} == {"own_post"}
    assert daily.unknown_events == {"away_like": 2, "fan_like": 3, "away_post": 2, "own_poll": 1}
    assert list(daily.unknown_events) == ["fan_like", "away_like", "away_post", "own_poll"]
