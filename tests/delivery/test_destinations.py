"""Forms as vendors document them, and warehouses: SQLite, DuckDB and PostgreSQL."""

import csv
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from churn.delivery.formats import Form, form_of, formed, write_parts

from .conftest import NOW, configured, drawn, parcels

MB = 1_000_000


@pytest.mark.parametrize(
    ("kind", "own", "key", "rows", "size"),
    [
        ("braze", {}, "external_id", None, 500 * MB),
        ("hubspot", {"property": "Record ID"}, "Record ID", 1_048_575, 512 * MB),
        ("salesforce", {"external_id": "Member__c"}, "Member__c", None, 100 * MB),
    ],
)
def test_a_file_begins_with_the_key_and_keeps_the_vendor_s_limits(runs, delivered, kind, own, key, rows, size):
    found = delivered(**{kind: {"to": "out"} | own})
    (path,) = Path("out").glob(f"{found.receipt['name']}/*.csv")
    content = path.read_bytes()
    head, *lines = csv.reader(content.decode("utf8").splitlines())
    assert head[0] == key and [line[0] for line in lines] == ["ann", "cat", "dan"]
    assert b"\r" not in content and content.endswith(b"\n")
    config = configured(**{kind: {"to": "out"} | own})
    form = form_of(config, getattr(config, kind))
    assert form.size == size and (rows is None or form.rows == rows)


def test_files_are_numbered_and_none_passes_the_limits_in_rows_or_bytes(tmp_path):
    table = pd.DataFrame(
        {"external_id": [f"u{n:03}" for n in range(100)], "why": ["다" * (n % 40) for n in range(100)]}
    )
    for form in (Form("external_id", rows=7), Form("external_id", size=600), Form("external_id", rows=50, size=900)):
        folder = tmp_path / f"{form.rows}-{form.size}"
        folder.mkdir()
        files = write_parts(table, folder, name="may", form=form)
        assert [file.name for file in files] == [f"may-{n:03}.csv" for n in range(1, len(files) + 1)]
        assert sorted(folder.iterdir()) == files and len(files) > 1
        read = [pd.read_csv(file, keep_default_na=False) for file in files]
        assert all(len(one) <= form.rows for one in read)
        assert all(file.stat().st_size <= form.size for file in files)
        pd.testing.assert_frame_equal(pd.concat(read, ignore_index=True), table)


def test_a_row_that_is_larger_than_a_file_may_be_is_refused(tmp_path, refused):
    with refused("at most 20 bytes", "u1", "fewer columns"):
        write_parts(pd.DataFrame({"id": ["u1"], "why": ["x" * 50]}), tmp_path, name="may", form=Form("id", size=20))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("salesforce", ["2nd__c", "a__b__c", "a b__c", "x" * 41 + "__c", "Churn___c", "이유__c"]),
        ("braze", ["$why", "x" * 256, " why", ""]),
        ("hubspot", ["Email", "=why", ""]),
        ("folder", ["user_id", "-why"]),
        ("table", ["user_id", "run", "Delivered_At"]),
    ],
)
def test_names_that_a_destination_does_not_take_are_refused(runs, delivered, refused, kind, names):
    for name in names:
        with refused("names of columns", repr(name), "columns"):
            delivered(dry_run=True, **{kind: {"to": "out", "columns": {name: "reason_1"}}})


def test_the_longest_names_that_salesforce_takes_are_taken(delivered):
    names = {"x" * 40 + "__c": "reason_1", "Churn_Reason__c": "reason_2", "Description": "reason_3"}
    delivered(salesforce={"to": "out", "columns": names})


def test_long_texts_are_shortened_and_counted_and_formulas_are_harmless():
    columns = pd.DataFrame({"a": ["x" * 255, "x" * 256, "=" + "x" * 254], "n": [1, 2, 3]})
    config = configured(braze={"to": "out"})
    table, shortened = formed(columns, pd.Series([*"abc"]), form_of(config, config.braze), {})
    assert shortened == 2 and table["a"].map(len).tolist() == [255, 254, 254]
    assert table["a"][1].endswith("…") and table["n"].tolist() == [1, 2, 3]


def test_salesforce_is_told_to_empty_a_field_and_other_cells_are_as_they_were():
    columns = pd.DataFrame({"a": ["", "why"], "n": [0.1, float("nan")], "k": [1, 2]})
    config = configured(salesforce={"to": "out"})
    table, _ = formed(columns, pd.Series(["x", "y"]), form_of(config, config.salesforce), {})
    assert table.to_numpy().tolist() == [["x", "#N/A", 0.1, 1], ["y", "why", "#N/A", 2]]


def test_cells_are_inert_and_a_key_that_would_not_be_stays(runs, delivered):
    drawn(runs / "bad", {"=cmd()": "contact", "-1": "contact", "ok": "contact"})
    found = delivered("bad", braze={"to": "braze"})
    (rows,) = parcels(Path("braze")).values()
    assert rows.external_id.tolist() == ["ok"] and found.receipt["stay"] == {"unknown": 2}
    found = delivered("bad", folder={"to": "out", "columns": {"why": "reason_1"}})
    (rows,) = parcels(Path("out")).values()
    assert rows.user_id.tolist() == ["'=cmd()", "'-1", "ok"]


@pytest.mark.slow
def test_a_warehouse_has_a_row_for_each_user_of_each_list_however_often_it_is_delivered(warehouse, runs, delivered):
    to, read = warehouse
    table = {"to": to, "columns": {"why": "reason_1", "p": "p_churn", "rank": "rank"}}
    first = delivered(table=table)
    delivered(table=table, changed_only=False)
    rows = read('SELECT user_id, why, p, rank, delivery, run, cutoff FROM "churn list" ORDER BY rank')
    assert [row[:4] for row in rows] == [
        (user, f"reason 1, of {user}", 0.5, rank) for user, rank in (("ann", 1), ("cat", 3), ("dan", 4))
    ]
    assert {row[5:] for row in rows} == {(first.receipt["run"], "2024-03-01")}
    assert {row[4] for row in rows} != {first.receipt["id"]}
    drawn(runs / "june", {"eve": "contact", "ann": "contact"}, cutoff="2024-03-08")
    delivered("june", now=NOW + timedelta(days=7), fatigue_days=0, table=table)
    assert read('SELECT cutoff, count(*) FROM "churn list" GROUP BY cutoff ORDER BY cutoff') == [
        ("2024-03-01", 3),
        ("2024-03-08", 2),
    ]
    assert "s3cret" not in "".join(path.read_text() for path in (runs / "deliveries").rglob("*.json"))


@pytest.mark.slow
def test_a_warehouse_of_users_has_the_newest_row_of_each(warehouse, runs, delivered):
    to, read = warehouse
    delivered(grain="user", table={"to": to})
    drawn(runs / "june", {"eve": "contact", "ann": "contact"}, cutoff="2024-03-08")
    delivered("june", grain="user", now=NOW + timedelta(days=7), fatigue_days=0, table={"to": to})
    rows = read('SELECT user_id, cutoff, rank FROM "churn list" ORDER BY user_id')
    assert rows == [
        ("ann", "2024-03-08", 2),
        ("cat", "2024-03-01", 3),
        ("dan", "2024-03-01", 4),
        ("eve", "2024-03-08", 1),
    ]


@pytest.mark.slow
def test_a_table_that_does_not_take_the_rows_keeps_its_own_and_nothing_is_begun(warehouse, runs, delivered, refused):
    to, read = warehouse
    delivered(table={"to": to, "columns": {"why": "reason_1"}})
    with refused("the column 'other' in", "why", "table.columns"):
        delivered(table={"to": to, "columns": {"other": "reason_1"}})
    assert len(read('SELECT * FROM "churn list"')) == 3
    assert len(list((runs / "deliveries").glob("*/receipt.json"))) == 1


@pytest.mark.slow
def test_rows_that_a_table_refuses_leave_the_earlier_ones_as_they_were(warehouse, runs, delivered, refused):
    to, read = warehouse
    columns = "run TEXT, cutoff TEXT, delivery TEXT, delivered_at TEXT, user_id TEXT, why TEXT"
    read(f"CREATE TABLE \"churn list\" ({columns}, CHECK (why <> 'reason 1, of eve'))")
    table = {"to": to, "columns": {"why": "reason_1"}}
    delivered(grain="user", table=table)
    before = read('SELECT * FROM "churn list" ORDER BY user_id')
    drawn(runs / "june", {"cat": "contact", "eve": "contact"}, cutoff="2024-03-08")
    with refused("to write into", "", "check the table"):
        delivered("june", grain="user", now=NOW + timedelta(days=7), fatigue_days=0, changed_only=False, table=table)
    assert read('SELECT * FROM "churn list" ORDER BY user_id') == before and len(before) == 3
    assert len(list((runs / "deliveries").glob("*/receipt.json"))) == 1


def test_a_warehouse_that_cannot_be_reached_is_one_line_without_the_password(runs, delivered, refused):
    with refused("expected to reach the database", "", "check the URL") as _:
        delivered(table={"to": "postgresql://ada:s3cret@127.0.0.1:1/shop::churn"})
    with refused("table.to as a URL and a table", "shop.db", "sqlite:///shop.db::churn"):
        delivered(table={"to": "shop.db"})
    assert not list((runs / "deliveries").glob("*/receipt.json"))
