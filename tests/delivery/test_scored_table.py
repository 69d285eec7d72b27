"""`churn score --to`: a table has each scored user of a list once, whatever came between."""

import multiprocessing
import random
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from churn.cli import main
from churn.delivery import ScoredTable

from .conftest import drawn

USERS = {"ann": "contact", "bob": "control", "cat": "contact"}
CONTEXT = multiprocessing.get_context("forkserver")
MOMENTS = 20


def put(folder, source):
    return ScoredTable.reached(source).put(folder)


def again(folder, users, **others):
    """The list of a run, drawn once more."""
    shutil.rmtree(folder)
    return drawn(folder, users, **others)


@pytest.mark.slow
def test_a_table_has_each_scored_user_of_a_list_once_however_often_it_is_put(warehouse, tmp_path):
    to, read = warehouse
    may = drawn(tmp_path / "may", USERS, others=["dan", "eve"])
    assert [put(may, to), put(may, to)] == [5, 5]
    rows = read('SELECT user_id, cutoff, p_churn, rank, "group", reason_1 FROM "churn list" ORDER BY user_id')
    assert rows == [
        ("ann", "2024-03-01", 0.5, 1, "contact", "reason 1, of ann"),
        ("bob", "2024-03-01", 0.5, 2, "control", None),
        ("cat", "2024-03-01", 0.5, 3, "contact", "reason 1, of cat"),
        ("dan", "2024-03-01", 0.5, None, None, None),
        ("eve", "2024-03-01", 0.5, None, None, None),
    ]
    put(drawn(tmp_path / "june", USERS, cutoff="2024-06-01"), to)
    put(again(may, {"ann": "contact"}, others=["fay"]), to)  # the same list by other data
    counts = 'SELECT cutoff, count(*), count(DISTINCT run) FROM "churn list" GROUP BY cutoff ORDER BY cutoff'
    assert read(counts) == [("2024-03-01", 2, 1), ("2024-06-01", 3, 1)]
    assert read('SELECT count(DISTINCT run) FROM "churn list"') == [(2,)]


@pytest.mark.slow
def test_where_each_user_has_a_day_of_the_own_only_rows_of_these_users_give_way(warehouse, tmp_path):
    to, read = warehouse
    may = drawn(tmp_path / "may", USERS, at_risk="arrival")
    put(may, to)
    put(again(may, {"ann": "control", "new": "contact"}, at_risk="arrival"), to)
    rows = read('SELECT user_id, "group" FROM "churn list" ORDER BY user_id')
    assert rows == [("ann", "control"), ("bob", "control"), ("cat", "contact"), ("new", "contact")]


@pytest.mark.slow
def test_commands_at_one_moment_put_nobody_in_twice(postgres_url, postgres, tmp_path):
    to = f"{postgres_url}::public.at_once"
    may = drawn(tmp_path / "may", {f"u{place}": "contact" for place in range(300)})
    put(may, to)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: put(may, to), range(8))) == {300}
    assert postgres.table("at_once").count().execute() == 300


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgres"])
def test_whatever_the_moment_of_a_kill_there_are_no_halves_and_the_next_has_all(kind, request, tmp_path):
    CONTEXT.set_forkserver_preload(["churn.delivery.scored_table", "ibis.backends.sqlite"])
    users = {f"u{place:04}": "contact" for place in range(3_000)}
    may, database = drawn(tmp_path / "may", users, others=[f"x{place}" for place in range(3_000)]), tmp_path / "shop.db"
    seen, longest = set(), None
    for moment in range(-2, MOMENTS):
        to = f"{kind}:///{database}::scores"
        if kind == "postgres":
            to = f"{request.getfixturevalue('postgres_url')}::public.killed{moment + 2}"
        else:
            database.unlink(missing_ok=True)
            (sqlite3 if kind == "sqlite" else __import__("duckdb")).connect(database).close()
        start, child = time.monotonic(), CONTEXT.Process(target=put, args=(may, to))
        child.start()
        if moment < 0:  # how long one takes that nobody kills, the second time with all loaded
            child.join()
            longest = time.monotonic() - start
            continue
        child.join(random.Random(moment).uniform(longest / 4, longest))
        child.kill()
        child.join()
        seen.add(found := rows_of(to))
        assert found in (0, 6_000)
        put(may, to)
        assert rows_of(to) == 6_000
    assert 0 in seen, "some have to be killed before they have written"


def rows_of(to):
    from churn.data import columns_of, in_one_transaction, quoted, writable

    url, _, name = to.rpartition("::")
    with writable(url) as engine:
        if columns_of(engine, name) is None:
            return 0
        with in_one_transaction(engine) as run:
            return run(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("shop.db", "expected --to as a URL and a table, got shop.db; write it as sqlite:///shop.db::churn"),
        ("postgresql://ada:s3cret@127.0.0.1:1/shop::scores", "expected to reach the database postgresql://ada:***@"),
        ("sqlite:///none.db::scores", "expected a database file, got none at none.db"),
    ],
)
def test_a_table_that_cannot_be_reached_is_one_line_before_anything_is_scored(to, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["score", "--run", "none", "--data.events", "none.parquet", "--cutoff", "2024-03-01", "--out", "out"]
    assert main([*words, "--to", to]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and "s3cret" not in line
    assert not (tmp_path / "out").exists()
