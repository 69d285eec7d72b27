from datetime import UTC, date, datetime

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from churn.data.log.dialects import open_session
from churn.data.log.events import EVENT_COLUMNS, MEMBER_COLUMNS, STICKER_COLUMNS, Columns, with_day, with_reason
from churn.data.log.times import with_moments, written
from churn.data.sources.databases import connected


@pytest.fixture(scope="module", params=["duckdb", "postgres", "sail", "spark"])
def engine(request):
    if request.param == "duckdb":
        engine = ibis.duckdb.connect()
    elif request.param == "postgres":
        engine = request.getfixturevalue("postgres")
    else:
        engine = connected(request.getfixturevalue(f"{request.param}_url"))
    open_session(engine)
    return engine


@pytest.fixture(scope="module")
def days_of(engine):
    """The day of each timestamp of a column, as ISO text or None."""

    def days(values, *, zone="UTC"):
        column = values if isinstance(values, pa.Array) else pa.Array.from_pandas(values)
        table = engine.create_table(ibis.util.gen_name("log"), pa.table({"timestamp": column}), temp=True)
        how = written(table, "timestamp", asked=None, name="events.timestamp", key="data.event_columns")
        found = with_day(with_moments(table, how), zone=zone).day.to_pyarrow().to_pylist()
        return [None if day is None else str(pd.Timestamp(day, unit="D").date()) for day in found]

    return days


# Days ---------------------------------------------------------------------------------------------

NOON, LATE = datetime(2024, 3, 1, 12), datetime(2024, 3, 1, 23, 30)
EPOCH = int(datetime(2024, 3, 1, 23, 30, tzinfo=UTC).timestamp())
SHAPES = {
    "naive": pa.array([LATE]),
    "naive nanoseconds": pa.array([LATE], pa.timestamp("ns")),
    "zoned UTC": pa.array([LATE], pa.timestamp("us", "UTC")),
    "zoned elsewhere": pa.array([datetime(2024, 3, 1, 23, 30, tzinfo=UTC)], pa.timestamp("ms", "America/New_York")),
    "text": pa.array(["2024-03-01 23:30:00"]),
    "text with T": pa.array(["2024-03-01T23:30:00"]),
    "text with Z": pa.array(["2024-03-01T23:30:00Z"]),
    "text with an offset": pa.array(["2024-03-02T08:30:00+09:00"]),
    "seconds": pa.array([EPOCH]),
    "seconds in 32 bits": pa.array([EPOCH], pa.int32()),
    "seconds with a fraction": pa.array([EPOCH + 0.25]),
    "milliseconds": pa.array([EPOCH * 10**3]),
    "microseconds": pa.array([EPOCH * 10**6]),
    "nanoseconds": pa.array([EPOCH * 10**9]),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_moment_is_the_same_day_in_every_shape(shape, days_of):
    assert days_of(SHAPES[shape]) == ["2024-03-01"]
    assert days_of(SHAPES[shape], zone="Asia/Seoul") == ["2024-03-02"]
    assert days_of(SHAPES[shape], zone="America/New_York") == ["2024-03-01"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/New_York"])
def test_a_date_without_a_time_is_that_day_in_every_zone(zone, days_of):
    assert days_of(pa.array([date(2024, 3, 1)]), zone=zone) == ["2024-03-01"]
    assert days_of(pa.array(["2024-03-01", " 2024-03-02 "]), zone=zone) == ["2024-03-01", "2024-03-02"]


def test_a_day_in_seoul_begins_at_three_in_the_afternoon_of_utc(days_of):
    moments = pa.array(["2024-03-01T14:59:59Z", "2024-03-01T15:00:00Z", "2024-03-02T14:59:59Z"])
    assert days_of(moments, zone="Asia/Seoul") == ["2024-03-01", "2024-03-02", "2024-03-02"]


def test_the_day_on_which_clocks_go_forward_has_23_hours(days_of):
    moments = pa.array(["2024-03-10T04:59:59Z", "2024-03-10T05:00:00Z", "2024-03-11T03:59:59Z", "2024-03-11T04:00:00Z"])
    assert days_of(moments, zone="America/New_York") == ["2024-03-09", "2024-03-10", "2024-03-10", "2024-03-11"]


def test_the_day_on_which_clocks_go_back_has_25_hours(days_of):
    moments = pa.array(["2024-11-03T03:59:59Z", "2024-11-03T04:00:00Z", "2024-11-04T04:59:59Z", "2024-11-04T05:00:00Z"])
    assert days_of(moments, zone="America/New_York") == ["2024-11-02", "2024-11-03", "2024-11-03", "2024-11-04"]


def test_the_last_fraction_of_a_second_belongs_to_its_own_day(days_of):
    midnight = int(datetime(2024, 3, 2, tzinfo=UTC).timestamp())
    assert days_of(pa.array([midnight - 0.1, float(midnight)])) == ["2024-03-01", "2024-03-02"]
    for unit in (10**3, 10**6, 10**9):
        assert days_of(pa.array([midnight * unit - 1, midnight * unit])) == ["2024-03-01", "2024-03-02"]
    assert days_of(pa.array([datetime(2024, 3, 1, 23, 59, 59, 999999)])) == ["2024-03-01"]


def test_text_without_a_zone_is_in_utc_whatever_zones_stand_before_it(days_of):
    late = [
        "2024-03-01 23:30:00 America/New_York",
        "2024/3/1 23:30",
        "2024-03-01T23:30:00[Asia/Seoul]",
        "20240301T2330",
    ]
    assert days_of(pa.array(late)) == ["2024-03-02", "2024-03-01", "2024-03-01", "2024-03-01"]


def test_days_before_1970_are_found(days_of):
    assert days_of(pa.array([datetime(1969, 12, 31, 23)])) == ["1969-12-31"]
    assert days_of(pa.array([-1, -86401])) == ["1969-12-31", "1969-12-30"]


def test_what_cannot_be_read_has_no_day(days_of):
    assert days_of(pa.array(["soon", "2024-02-30", "", None, "2024-03-01"])) == [None, None, None, None, "2024-03-01"]
    assert days_of(pa.array([None, NOON])) == [None, "2024-03-01"]
    assert days_of(pa.array([float("nan"), float("inf"), None, 86400.0])) == [None, None, None, "1970-01-02"]


def test_a_word_that_is_a_number_among_dates_in_digits_has_no_day(days_of):
    days = [*(f"202403{day:02d}" for day in range(1, 29)), "infinity", "nan"]
    assert days_of(pa.array(days)) == [*(f"2024-03-{day:02d}" for day in range(1, 29)), None, None]


def test_a_column_without_a_single_time_is_refused(days_of, refused):
    with refused("times in events.timestamp", "'soon'", "map a column of times"):
        days_of(pa.array(["soon", "later"]))


@pytest.mark.parametrize("values", [pa.array([True]), pa.array([[1]])], ids=["boolean", "list"])
def test_a_column_of_another_type_is_refused(values, days_of, refused):
    with refused("times in events.timestamp", "the type", "map a column of times"):
        days_of(values)


# Columns ------------------------------------------------------------------------------------------


def columns(names, mapping=None, *, standard=EVENT_COLUMNS, name="events"):
    table = ibis.table(dict.fromkeys(names, "string"), name="log")
    return Columns.find(table, mapping, standard=standard, name=name).names


def test_columns_with_standard_names_need_no_mapping():
    assert columns(["timestamp", "user_id", "event", "colour"]) == {
        "user_id": "user_id",
        "timestamp": "timestamp",
        "event": "event",
    }


def test_mapped_columns_stand_under_their_standard_names():
    table = ibis.memtable({"owner": ["ada"], "actor_id": ["ben"], "when": ["2024-03-01"], "user_id": ["not this"]})
    found = Columns.find(
        table, {"user_id": "owner", "timestamp": "when"}, standard=EVENT_COLUMNS, name="events"
    ).select(table)
    assert found.to_pyarrow().to_pylist() == [{"user_id": "ada", "timestamp": "2024-03-01", "actor_id": "ben"}]


def test_a_column_mapped_to_null_is_left_unused():
    assert "actor_id" in columns(["user_id", "actor_id", "timestamp"])
    assert "actor_id" not in columns(["user_id", "actor_id", "timestamp"], {"actor_id": None})


def test_member_attributes_are_kept_beside_the_standard_columns():
    table = ibis.memtable({"id": [1], "user_id": [9], "joined": ["2024-03-01"], "country": ["KR"]})
    mapping = {"user_id": "id", "joined": None}
    found = Columns.find(table, mapping, standard=MEMBER_COLUMNS, name="members").select_all(table)
    assert found.to_pyarrow().to_pylist() == [{"user_id": 1, "country": "KR"}]


def test_a_missing_column_is_refused_with_the_columns_that_are_there(refused):
    with refused("the column 'user_id' in events", "the columns owner, timestamp", "data.event_columns"):
        columns(["owner", "timestamp"])
    with refused("the column 'timestamp' in stickers", "the columns user_id", "data.sticker_columns"):
        columns(["user_id"], standard=STICKER_COLUMNS, name="stickers")


def test_an_optional_column_that_is_mapped_must_be_there(refused):
    with refused("the column 'actor' in events", "the columns user_id, timestamp", "data.event_columns"):
        columns(["user_id", "timestamp"], {"actor_id": "actor"})


def test_a_needed_column_cannot_be_mapped_to_null(refused):
    with refused("in events", "the columns user_id, timestamp", "data.event_columns"):
        columns(["user_id", "timestamp"], {"timestamp": None})


def test_an_unknown_mapping_key_is_refused_with_the_known_ones(refused):
    with refused("user_id, timestamp, actor_id, event, event_id in data.event_columns", "['user']", "correct the key"):
        columns(["user_id", "timestamp"], {"user": "user_id"})


# Reasons ------------------------------------------------------------------------------------------


def reasons(rows, **span):
    table = with_reason(ibis.memtable(rows), **{"first_day": None, "last_day": None} | span)
    return table.reason.to_pyarrow().to_pylist()


def test_a_row_is_rejected_for_the_first_reason_that_applies():
    rows = pd.DataFrame(
        {
            "user_id": [None, "ada", "ada", "ada", "ada"],
            "actor_id": ["ben", None, "ben", "ben", "ben"],
            "event": [None, None, None, "post", "post"],
            "day": pd.array([None, None, 3, None, 3], "Int64"),
        }
    )
    assert reasons(rows) == ["null user_id", "null actor_id", "null event", "null or unreadable timestamp", None]


def test_rows_outside_the_stated_span_are_named_so_and_its_own_days_are_kept():
    rows = pd.DataFrame({"user_id": "ada", "day": [9, 10, 12, 13]})
    assert reasons(rows, first_day=10, last_day=12) == ["before the span", None, None, "after the span"]


def test_amounts_that_cannot_be_summed_are_named():
    amounts = pa.array([None, -0.01, float("nan"), float("inf"), 0.0, 2.5])
    rows = pa.table({"user_id": ["ada"] * 6, "day": [1] * 6, "amount": amounts})
    wrong = "amount that is not a number"
    assert reasons(rows) == ["null amount", "negative amount", wrong, wrong, None, None]
