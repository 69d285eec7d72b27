import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.data.sources.simulator import Preset, growing, simulate_platform
from churn.data.sources.simulator.growing import growing_table

TINY = Preset(n_creators=40, n_residents=30, n_fans=100, n_days=20)


def test_a_row_group_spans_many_days_and_no_more_rows_than_wait_in_memory(tmp_path, monkeypatch):
    simulate_platform(TINY, seed=0, out=tmp_path / "whole")
    monkeypatch.setattr(growing, "ROWS_IN_MEMORY", 500)
    simulate_platform(TINY, seed=0, out=tmp_path / "pieces")
    whole, pieces = (pq.ParquetFile(tmp_path / name / "events.parquet") for name in ("whole", "pieces"))
    sizes = [pieces.metadata.row_group(i).num_rows for i in range(pieces.num_row_groups)]
    assert whole.num_row_groups == 1 and len(sizes) > 2 and max(sizes) < 1000
    assert whole.read().equals(pieces.read())


def test_an_error_keeps_the_file_that_was_there(tmp_path):
    schema = pa.schema({"n": pa.int64()})
    with growing_table(tmp_path / "n.parquet", schema) as table:
        table.append(pa.table({"n": [1, 2, 3]}))
    with pytest.raises(ZeroDivisionError), growing_table(tmp_path / "n.parquet", schema) as table:
        table.append(pa.table({"n": [4]}))
        raise ZeroDivisionError
    assert pq.read_table(tmp_path / "n.parquet")["n"].to_pylist() == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["n.parquet"]


def test_a_table_without_rows_has_its_columns(tmp_path):
    with growing_table(tmp_path / "n.parquet", pa.schema({"n": pa.int64()})):
        pass
    assert pq.read_table(tmp_path / "n.parquet").schema.names == ["n"]
