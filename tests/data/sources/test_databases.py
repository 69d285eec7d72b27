import sqlite3

import duckdb
import pandas as pd
import pytest

from churn.data.sources import Engines, digest, open_table, without_password
from churn.data.sources.databases import moved
from churn.errors import UserError

ROWS = pd.DataFrame({"user_id": ["ada", "ben"], "amount": [1.5, 2.0]})


@pytest.fixture
def engines():
    with Engines() as engines:
        yield engines


@pytest.fixture
def files(tmp_path):
    """A DuckDB and a SQLite file with the table `events`, the former in the schema `raw` too."""
    with duckdb.connect(tmp_path / "log.db") as con:
        con.register("rows", ROWS)
        con.execute("CREATE TABLE events AS FROM rows; CREATE SCHEMA raw; CREATE TABLE raw.events AS FROM rows LIMIT 1")
    with sqlite3.connect(tmp_path / "log.sqlite") as con:
        ROWS.to_sql("events", con, index=False)
    con.close()
    return tmp_path


@pytest.fixture(scope="module")
def events_url(postgres, postgres_url):
    postgres.create_table("events", ROWS, overwrite=True)
    postgres.raw_sql("CREATE SCHEMA IF NOT EXISTS raw; CREATE TABLE raw.events AS SELECT * FROM events LIMIT 1")
    postgres.con.commit()
    return postgres_url


def rows(table):
    return table.to_pyarrow().to_pandas()


def test_a_table_of_a_duckdb_file_is_read_from_the_working_directory_or_the_root(files, engines, monkeypatch):
    monkeypatch.chdir(files)
    for url in ("duckdb:///log.db", f"duckdb://{files}/log.db", f"duckdb:///{files}/log.db"):
        assert rows(open_table(f"{url}::events", engines=engines)).equals(ROWS)
    assert len(rows(open_table("duckdb:///log.db::raw.events", engines=engines))) == 1


def test_a_duckdb_file_can_be_read_while_another_reads_it_and_is_left_as_it_is(files, engines):
    before = (files / "log.db").read_bytes()
    with duckdb.connect(files / "log.db", read_only=True):
        assert rows(open_table(f"duckdb:///{files}/log.db::events", engines=engines)).equals(ROWS)
    assert (files / "log.db").read_bytes() == before


def test_a_table_of_postgresql_is_read_in_place(events_url, engines):
    table = open_table(f"{events_url}::events", engines=engines)
    assert table.get_backend().name == "postgres"
    assert open_table(f"{events_url}::raw.events", engines=engines).get_backend() is table.get_backend()
    assert rows(table).equals(ROWS)
    assert len(rows(open_table(f"{events_url}::raw.events", engines=engines))) == 1


def test_tables_of_other_engines_are_streamed_into_the_embedded_one(files, events_url, engines):
    pytest.importorskip("regex", reason="ibis needs it for SQLite")
    for source in (f"sqlite:///{files}/log.sqlite::events", f"{events_url}::events"):
        table = moved(open_table(source, engines=engines), engines.local)
        assert table.get_backend() is engines.local
        assert rows(table).equals(ROWS)


def test_a_local_table_is_brought_to_postgresql(postgres, engines):
    table = moved(open_table("log", engines=engines, frames={"log": ROWS}), postgres)
    assert table.get_backend() is postgres
    assert rows(table).equals(ROWS)


def test_the_digest_of_a_table_follows_its_rows_and_not_their_order(postgres, events_url):
    def digest_of(frame):
        postgres.create_table("digested", frame, overwrite=True)
        postgres.con.commit()
        return digest(f"{events_url}::digested", {})

    assert digest_of(ROWS) == digest_of(ROWS[::-1])
    assert digest_of(ROWS) != digest_of(ROWS.assign(amount=[1.5, 2.5]))
    assert digest_of(ROWS) != digest_of(pd.concat([ROWS, ROWS]))


WRONG = {
    "no table named": ("{url}", "a URL and a table", "***", "add ::table"),
    "a table that is not there": ("{url}::nope", "the table nope", "no such table", "after ::"),
    "a schema that is not there": ("{url}::no.events", "the table no.events", "", "after ::"),
    "a wrong password": ("{wrong}::events", "to reach the database", "authentication failed", "password"),
    "nobody at home": ("postgresql://ada:s3cret@127.0.0.1:1/x::events", "to reach", "refused", "check the URL"),
    "an engine that is none": ("shelf://ada:s3cret@home/x::events", "to reach", "cannot be read", "check the URL"),
    "a driver that is not installed": (
        "oracle://a:s3cret@h/x::t",
        "the driver of oracle",
        "none",
        "ibis-framework[oracle]",
    ),
    "a file that is not there": ("duckdb:///nope.db::events", "a database file", "nope.db", "check the path"),
    "no file for SQLite": ("sqlite:///nope.db::events", "a database file", "nope.db", "check the path"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_reached_is_said_in_one_line_without_the_password(case, events_url, engines, refused):
    source, *passages = WRONG[case]
    source = source.format(url=events_url, wrong=events_url.replace("s3cret", "s3cret2"))
    with pytest.raises(UserError) as caught:
        open_table(source, engines=engines)
    assert "s3cret" not in str(caught.value)
    with refused(*passages):
        open_table(source, engines=engines)


SECRETS = [
    "postgresql://churn:wr/ng@127.0.0.1:1/x::events",
    "postgresql://churn:wr ng@127.0.0.1:1/x::events",
    "postgresql://churn:wr#ng@127.0.0.1:1/x::events",
    "postgresql://churn:wr?ng@127.0.0.1:1/x::events",
    "postgresql://churn@127.0.0.1:1/x?password=wr:ng::events",
    "postgresql://churn@127.0.0.1:1/x?PASSWORD=wrng::events",
    "postgresql://churn@127.0.0.1:1/x?sslpassword=wrng::events",
    "postgresql://churn@127.0.0.1:1/x?password=wr ng::events",
    "postgresql://churn@127.0.0.1:1/x?password=wr\nng::events",
    "postgresql://churn:wr\nng@127.0.0.1:1/x::events",
    "mysql://churn@127.0.0.1:1/x?passwd=wrng::events",
    "mysql://churn@127.0.0.1:1/x?pass=wrng::events",
    "snowflake://churn@127.0.0.1:1/x?warehouse=a&passcode=wrng::events",
    "mssql://127.0.0.1:1/x?odbc=Driver=a;PWD=wrng::events",
]


@pytest.mark.parametrize("source", SECRETS)
def test_a_password_of_any_form_stays_out_of_the_error(source, engines):
    with pytest.raises(UserError) as caught:
        open_table(source, engines=engines)
    assert "wr" not in str(caught.value).replace("wrong", "").replace("write", "")
    assert "ng::" not in without_password(source)


def test_a_host_may_be_an_address_of_ipv6(engines, refused):
    with refused("to reach the database postgresql://churn:***@[::1]:1/x", "refused", "check the URL"):
        open_table("postgresql://churn:secret@[::1]:1/x::events", engines=engines)


def test_a_password_is_taken_out_wherever_a_url_stands():
    assert without_password("x postgresql://ada:a@b:c@db:5432/x y") == "x postgresql://ada:***@db:5432/x y"
    said = "expected db://x/y?password=*** to answer, got"
    assert without_password(f"{said} PWD=secret alone; wait") == f"{said} PWD=*** alone; wait"
    masked = "expected postgresql://ada:***@db, got none; write @ as %40"
    assert without_password(masked) == masked
    assert without_password("runs/log.parquet") == "runs/log.parquet"
    assert without_password("postgresql://ada@db/x::t") == "postgresql://ada@db/x::t"
