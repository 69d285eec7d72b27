"""Every way in which times are written, from every kind of source."""

import sqlite3
from datetime import UTC, datetime

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from churn.data import DataConfig
from churn.data.log.tables import read_tables
from churn.data.sources import Engines

pytestmark = pytest.mark.slow

MOMENT, DAY = "2024-01-31 04:25:33", "2024-01-31 00:00:00"
ISO = {  # each may stand beside the others in one column
    "2024-01-31": DAY,
    "2024/1/31": DAY,
    "2024. 1. 31.": DAY,
    "20240131T042533Z": MOMENT,
    "20240131T0425": "2024-01-31 04:25:00",
    "2024-01-31T04:25Z": "2024-01-31 04:25:00",
    "2024-01-31 04:25": "2024-01-31 04:25:00",
    "2024-01-31T04:25:33": MOMENT,
    "2024-01-31t04:25:33z": MOMENT,
    "2024-01-31T04:25:33,000Z": MOMENT,
    "2024-01-31 04:25:33.000000000": MOMENT,
    "2024-01-31 13:25:33 +0900": MOMENT,
    "2024-01-31 13:25 +0900": "2024-01-31 04:25:00",
    "2024-01-31T13:25:33+09": MOMENT,
    "2024-01-31T13:25:33 +09:00": MOMENT,
    "2024-01-30T23:25:33-05:00": MOMENT,
    "2024-01-31T13:25:33+09:00[Asia/Seoul]": MOMENT,
    "2024-01-31 13:25:33 Asia/Seoul": MOMENT,
    "2024-01-31 04:25:33 UTC": MOMENT,
    "2024-01-31 04:25:33 GMT": MOMENT,
    "2024.01.31 04:25:33": MOMENT,
    "2024-01-30 24:00:00": DAY,
}
NONE = ["soon", "now", "2024-02-30", "2024-01-31 04:25:33 PST", "2024-01", "1 BC"]
ALONE = {  # each is a column's only way
    "31.01.2024 04:25:33": MOMENT,
    "01/31/2024 04:25:33 AM": MOMENT,
    "1/31/24 4:25:33 am": MOMENT,
    "01/31/2024 4:25:33 p.m.": "2024-01-31 16:25:33",
    "1/31/2024, 4:25:33\N{NARROW NO-BREAK SPACE}PM": "2024-01-31 16:25:33",
    "31/01/2024": DAY,
    "31-JAN-24": DAY,
    "January 31, 2024": DAY,
    "Wed, 31 Jan 2024 04:25:33 GMT": MOMENT,
    "Wed, 31 Jan 2024 13:25:33 +0900": MOMENT,
    "Wed Jan 31 04:25:33 2024": MOMENT,
    "[31/Jan/2024:13:25:33 +0900]": MOMENT,
    "2024년 1월 31일 04:25": "2024-01-31 04:25:00",
    "2024. 1. 31. 오전 4:25:33": MOMENT,
    "2024-W05-3": DAY,
    "2024-031": DAY,
    "20240131": DAY,
    "202401310425": "2024-01-31 04:25:00",
    "45322.184409722224": MOMENT,
    "1706675133": MOMENT,
    "1706675133000": MOMENT,
}
SOURCES = ["csv", "jsonl", "json", "parquet", "xlsx", "pandas", "polars", "duckdb", "sqlite", "postgres"]


@pytest.fixture(scope="module")
def moments(request, tmp_path_factory):
    """The moments that a table's text stands for when it comes from a source, as text in UTC or None."""

    def read(source, values, *, zone="UTC", **mapping):
        if source == "postgres":
            mapping["engine"] = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url")
        folder = tmp_path_factory.mktemp("log")
        frame = pd.DataFrame({"user_id": [f"u{place:03}" for place in range(len(values))], "timestamp": values})
        name, frames = put(source, frame, folder, *mapping.pop("engine", ()))
        config = DataConfig(events=name, event_columns=mapping, zone=zone)
        with Engines() as engines:
            table = read_tables(config, engines=engines, frames=frames).events.order_by("user_id")
            found = table.select("timestamp", "day").to_pandas()
        times = pd.to_datetime(found.timestamp, utc=True).dt.strftime("%Y-%m-%d %H:%M:%S")
        return times.where(times.notna(), None).tolist(), found.day.tolist()

    return read


def put(source, frame, folder, *engine):
    """Write a frame where a source lies; its name in a configuration, and the frames by name."""
    path = folder / f"log.{source}"
    if source in ("pandas", "polars"):
        polars = pytest.importorskip("polars")
        return "log", {"log": frame if source == "pandas" else polars.from_pandas(frame)}
    if source == "csv":
        frame.to_csv(path, index=False)
    elif source in ("json", "jsonl"):
        frame.to_json(path, orient="records", lines=source == "jsonl", force_ascii=False)
    elif source == "parquet":
        frame.to_parquet(path)
    elif source == "xlsx":
        frame.to_excel(path, index=False)
    elif source == "duckdb":
        with duckdb.connect(path) as con:
            con.register("frame", pa.Table.from_pandas(frame))
            con.execute("CREATE TABLE log AS FROM frame")
    elif source == "sqlite":
        con = sqlite3.connect(path)
        frame.to_sql("log", con, index=False)
        con.close()
    else:
        connection, url = engine
        connection.create_table("times", frame, overwrite=True)
        connection.con.commit()
        return f"{url}::times", {}
    return (f"{source}:///{path}::log" if source in ("duckdb", "sqlite") else str(path)), {}


@pytest.mark.parametrize("source", SOURCES)
def test_every_form_of_iso_is_read_alike_beside_the_others(source, moments):
    found, _ = moments(source, [*ISO, *NONE])
    assert dict(zip([*ISO, *NONE], found, strict=True)) == ISO | dict.fromkeys(NONE)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("text", ["31.01.2024 04:25:33", "20240131", "45322.184409722224", "2024. 1. 31. 오전 4:25:33"])
def test_another_form_is_read_alike_from_every_source(source, text, moments):
    assert moments(source, [text])[0] == [ALONE[text]]


@pytest.mark.parametrize("text", ALONE)
def test_the_one_form_that_fits_a_column_is_taken(text, moments):
    assert moments("csv", [text, "soon", None])[0] == [ALONE[text], None, None]


@pytest.mark.parametrize("source", SOURCES)
def test_a_day_that_may_be_a_month_is_asked_for_and_read_as_it_is_said(source, moments, refused):
    values = ["03/04/2023", "12/12/2023"]
    with refused(
        "events.timestamp that can be read in one way", "'03/04/2023': 2023-04-03 by", 'time_format: "%m/%d/%Y"'
    ):
        moments(source, values)
    assert moments(source, values, time_format="%d/%m/%Y")[0][0] == "2023-04-03 00:00:00"
    assert moments(source, values, time_format="%m/%d/%Y")[0][0] == "2023-03-04 00:00:00"


def test_a_day_above_twelve_anywhere_in_a_column_tells_the_order(moments):
    assert moments("csv", ["03/04/2023"] * 3 + ["13/04/2023"])[0][0] == "2023-04-03 00:00:00"
    assert moments("csv", ["03/04/2023"] * 3 + ["04/13/2023"])[0][0] == "2023-03-04 00:00:00"


@pytest.mark.parametrize(
    "text",
    ["2024-01-31 04:25:33 KST", "Wed, 31 Jan 2024 04:25:33 EST", "1/31/2024 4:25 AM PT", "31 Jan 2024 04:25 MSK"],
)
def test_a_zone_whose_letters_may_be_several_is_refused(text, moments, refused):
    with refused("expected times in events.timestamp", "may be several zones", "+0900"):
        moments("csv", [text])


def test_a_column_written_in_two_orders_is_refused(moments, refused):
    with refused("read in one way", "", "data.event_columns"):
        moments("csv", ["13/04/2023", "04/13/2023"])


def test_a_date_alone_is_that_day_in_every_zone_however_it_is_written(moments):
    day = (datetime(2024, 1, 31, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    for text in ("2024-01-31", "20240131", "31.01.2024", "45322"):
        for zone in ("America/New_York", "Asia/Seoul"):
            assert moments("csv", [text], zone=zone)[1] == [day]


@pytest.mark.parametrize("usual", [20240131.0, 20240131042533.0, 45322.0, 19753.0, 1706675133.0])
def test_a_number_that_no_calendar_holds_is_no_moment(usual, moments):
    for source in ("parquet", "csv"):
        found, _ = moments(source, [usual] * 80 + [2.0**63, 2.0**100, -(2.0**100), float("inf")])
        assert [moment is not None for moment in found] == [True] * 80 + [False] * 4


def test_numbers_are_dates_only_where_nearly_all_can_be(moments):
    assert moments("parquet", [20240131, 20240201, 20240202])[0][0] == DAY
    assert moments("parquet", [1706675133, 20240131, 45322])[0][0] == MOMENT
    assert moments("parquet", [19753])[0] == [DAY]  # days since 1970


@pytest.mark.parametrize(
    ("form", "found"), [("%Y-%m-%d", "'31.01.2024'"), ("%d.%m.%Q", "%Q")], ids=["does not fit", "is none"]
)
def test_a_format_that_reads_nothing_is_refused(form, found, moments, refused):
    with refused("", found, "correct"):
        moments("csv", ["31.01.2024"], time_format=form)
