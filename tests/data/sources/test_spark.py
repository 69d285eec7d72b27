"""Spark by Spark Connect, which Sail speaks, too: what ibis' backend lacks, and what goes wrong on the way."""

import os
import signal

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn.data import DataConfig, difference, odd_log
from churn.data.sources import Engines, open_table, readable_to_the_last_row
from churn.data.sources.databases import checksum, connected
from churn.errors import UserError

pytestmark = pytest.mark.slow

IDS = [f"u{(place * 7919) % 5_000:05d}" for place in range(5_000)]
ROWS = pa.table({"user_id": IDS, "day": np.arange(5_000) % 7, "amount": np.linspace(0, 1, 5_000)})


@pytest.fixture(scope="module", params=["sail", "spark"])
def engine(request):
    engine = connected(request.getfixturevalue(f"{request.param}_url"))
    yield engine
    engine.disconnect()


@pytest.fixture
def rows(engine):
    return engine.create_table(ibis.util.gen_name("rows"), ROWS, temp=True)


@pytest.fixture
def in_pieces(monkeypatch):
    """A thousand rows are a piece."""
    monkeypatch.setattr("churn.data.sources.spark._PIECE", 1_000)
    monkeypatch.setattr("churn.data.sources.spark._SAMPLE", 500)


def test_every_row_leaves_once_and_no_piece_holds_them_all(rows, in_pieces):
    pieces = [batch.to_pandas() for batch in rows.to_pyarrow_batches(chunk_size=100_000)]
    assert len(pieces) >= 5 and max(map(len, pieces)) < 2_500
    found = pd.concat(pieces).sort_values("user_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, ROWS.to_pandas().sort_values("user_id", ignore_index=True))


def test_rows_in_an_order_leave_in_that_order(engine, rows, in_pieces):
    numbered = engine.create_table(
        ibis.util.gen_name("rows"), engine.numbered(rows, by="user_id", name="code"), temp=True
    )
    pieces = [batch.to_pandas() for batch in numbered.order_by("code").to_pyarrow_batches(chunk_size=100_000)]
    assert len(pieces) >= 5
    assert pd.concat(pieces)["user_id"].tolist() == sorted(IDS)


@pytest.mark.usefixtures("in_pieces")
def test_rows_are_numbered_in_ranges_as_they_would_be_at_once(engine, rows):
    found = engine.numbered(rows.select("user_id"), by="user_id", name="code").to_pyarrow().to_pandas()
    assert found.sort_values("user_id")["code"].tolist() == list(range(5_000))


def test_a_checksum_follows_the_rows_and_not_their_order(engine):
    def sum_of(table):
        return checksum(engine.create_table(ibis.util.gen_name("rows"), table, temp=True))

    assert sum_of(ROWS) == sum_of(ROWS.take(list(reversed(range(5_000)))))
    assert len({sum_of(ROWS), sum_of(ROWS.slice(1)), sum_of(pa.concat_tables([ROWS, ROWS.slice(0, 1)]))}) == 3
    assert sum_of(ROWS) != sum_of(ROWS.set_column(2, "amount", [np.linspace(0, 1.001, 5_000)]))


def test_expressions_mean_what_they_mean_elsewhere(engine):
    values = pa.table({"x": [1.0, float("nan"), float("inf"), None], "t": ["ab", "b", "", None]})
    odd = engine.create_table(ibis.util.gen_name("odd"), values, temp=True)
    found = odd.select(x=odd.x, endless=odd.x.isinf(), text=odd.t.re_replace("^(a)(b)", r"\2-\1"))
    rows = found.filter(found.text.notnull()).to_pyarrow().to_pylist()  # noqa: PD004 - ibis says so
    assert {str(row["x"]): (row["endless"], row["text"]) for row in rows} == {
        "1.0": (False, "b-a"),
        "nan": (False, "b"),
        "inf": (True, ""),
    }
    assert odd.filter(odd.x.isnull()).count().execute() == 1  # noqa: PD003


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("where", ["duckdb", "postgres", "sail", "spark"])
def test_generated_logs_are_counted_as_on_the_default_engine(where, seed, request, tmp_path):
    if where == "spark" and seed > 1:
        pytest.skip("over 20 seconds each; `churn verify-engine` takes any number")
    other = ibis.duckdb.connect() if where == "duckdb" else connected(request.getfixturevalue(f"{where}_url"))
    tables, keys = odd_log(seed)
    assert difference(DataConfig(**keys), tables, engine=other, folder=tmp_path) is None
    other.disconnect()


WRONG = {
    "no table named": ("{url}", "a URL and a table", "sc://", "add ::table"),
    "a table that is not there": ("{url}::nope", "the table nope", "no such table", "after ::"),
    "a schema that is not there": ("{url}::no.events", "the table no.events", "no such table", "after ::"),
    "a path that is not there": ("{url}::/no/such/log.parquet", "the table /no/such/log.parquet", "", "after ::"),
    "nobody at home": ("sc://127.0.0.1:1/;token=s3cret::events", "to reach", "127.0.0.1:1", "check the URL"),
    "an option that is none": ("sc://127.0.0.1:1/;token::events", "to reach", "cannot be read", "sc://host:15002"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_reached_is_said_in_one_line_without_the_token(case, sail_url, refused, capfd):
    source, *passages = WRONG[case]
    with refused(*passages), Engines() as engines:
        try:
            open_table(source.format(url=sail_url), engines=engines)
        except UserError as error:
            assert "s3cret" not in str(error)
            raise
    assert capfd.readouterr().err == ""


def test_a_server_that_is_gone_is_said_in_one_line(lonely_sail, monkeypatch, refused):
    url, process = lonely_sail
    monkeypatch.setattr("churn.data.sources.spark._TRIES", 1)
    with Engines() as engines:
        table = engines.counting(url).create_table("rows", ROWS, temp=True)
        os.killpg(process.pid, signal.SIGKILL)
        with refused("tables that can be read to the last row", "", "mend"), readable_to_the_last_row():
            table.count().execute()
