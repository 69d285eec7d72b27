"""`data.memory` and `data.spill` bound DuckDB: the same panel in little memory, or one line that names the key."""

import duckdb
import numpy as np
import pytest

from churn.data import DataConfig, Engines, prepare, readable_to_the_last_row
from churn.disk import writing
from churn.eda import open_tables


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """300,000 events of 20,000 users on 60 days."""
    path = tmp_path_factory.mktemp("log") / "events.parquet"
    columns = "'u' || hash(i) % 20000 AS user_id, 'post' AS event"
    moment = "TIMESTAMP '2024-01-01' + to_seconds((hash(i * 13) % (60 * 86400))::BIGINT) AS timestamp"
    duckdb.connect().execute(f"COPY (SELECT {columns}, {moment} FROM range(300000) t(i)) TO '{path}'")
    return str(path)


def test_the_bounds_arrive_in_the_engine_with_threads_for_which_there_is_memory(tmp_path):
    with Engines(tmp_path / "spilled", memory="300MB", most_spilled="1GB") as engines:
        settings = ("memory_limit", "max_temp_directory_size", "threads")
        found = [engines.local.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0] for name in settings]
    assert found == ["286.1 MiB", "953.6 MiB", 1]


@pytest.mark.slow
def test_a_log_in_little_memory_gives_the_same_panel(log, tmp_path):
    panels = {
        bound: prepare(DataConfig(events=log, memory=bound), tmp_path / str(bound)).panel for bound in (None, "60MB")
    }
    for name in ("users", "start", "first", "last", "counts", "active"):
        assert np.array_equal(getattr(panels[None], name), getattr(panels["60MB"], name)), name
    assert not list(tmp_path.rglob("spilled"))


@pytest.mark.slow
def test_memory_that_is_too_small_is_one_line_and_leaves_nothing(log, tmp_path, refused):
    with refused("data.memory to be enough to read the tables", "8MB: ", "raise data.memory"):
        prepare(DataConfig(events=log, memory="8MB"), tmp_path / "data")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_folder_that_may_not_take_the_rest_is_one_line_and_no_full_disk(tmp_path, refused):
    sort = "CREATE TEMP TABLE sorted AS SELECT hash(i) AS h, i FROM range(3000000) t(i) ORDER BY h"
    bounds = {"memory": "40MB", "most_spilled": "2MB"}
    with (
        refused("data.spill to be enough to read the tables", "2MB: ", "raise data.spill"),
        writing(tmp_path),
        Engines(tmp_path / "spilled", **bounds) as engines,
        readable_to_the_last_row(),
    ):
        engines.local.raw_sql(sort)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_journeys_are_read_within_the_bound_too(log):
    with open_tables(DataConfig(events=log, memory="300MB")) as tables:
        engine = tables.events.get_backend()
        assert engine.raw_sql("SELECT current_setting('memory_limit')").fetchone()[0] == "286.1 MiB"


@pytest.mark.parametrize("size", ["2", "0GB", "GB", "2gb", "two", "-1GB"])
def test_what_is_no_size_is_refused(size, refused):
    with refused("a size in data.memory", repr(size), "2GB"):
        DataConfig(events="log", memory=size)


def test_a_finished_run_may_be_continued_with_other_bounds():
    from churn.pipeline import READERS

    assert READERS["data.memory"] == READERS["data.spill"] == ()
