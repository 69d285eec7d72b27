import ibis
import pandas as pd
import pyarrow as pa
import pytest

from churn.data.sources import open_table

ROWS = pd.DataFrame(
    {
        "user_id": ["ada", "ben", "=1+1"],
        "event": ['say "hi"', "a,b", None],
        "timestamp": pd.to_datetime(["2024-03-01 10:00", "2024-03-02 11:30", "2024-03-03 00:00"]),
        "amount": [1.5, 2.0, None],
    }
)


@pytest.fixture(scope="module")
def read():
    engine = ibis.duckdb.connect()

    def rows(source, **options):
        return open_table(str(source), local=engine, **options).to_pyarrow().to_pylist()

    return rows


@pytest.fixture
def parquet(tmp_path):
    ROWS.to_parquet(tmp_path / "log.parquet")
    return tmp_path / "log.parquet"


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.csv.zst", "log.txt"])
def test_delimited_text_compressed_or_not_reads_like_parquet(read, parquet, tmp_path, name):
    compression = {".gz": "gzip", ".zst": None}.get((tmp_path / name).suffix)
    if name.endswith(".zst"):
        with pa.CompressedOutputStream(str(tmp_path / name), "zstd") as out:
            out.write(ROWS.to_csv(index=False).encode())
    else:
        ROWS.to_csv(tmp_path / name, index=False, compression=compression)
    assert read(tmp_path / name) == read(parquet)


def test_reader_options_name_what_the_text_does_not_say(read, tmp_path):
    (tmp_path / "out.network").write_text("% a comment\n1 2 1 1082414391\n3 4 1 1082414400\n")
    options = {"delim": " ", "header": False, "comment": "%"}
    rows = read(tmp_path / "out.network", csv=options)
    assert [tuple(row.values()) for row in rows] == [(1, 2, 1, 1082414391), (3, 4, 1, 1082414400)]


def test_a_glob_reads_all_files_that_match(read, tmp_path):
    for day in ("2024-03-01", "2024-03-02"):
        (tmp_path / day).mkdir()
        ROWS.assign(day=day).to_parquet(tmp_path / day / "log.parquet")
    assert len(read(tmp_path / "*" / "log.parquet")) == 6
    assert len(read(tmp_path / "**" / "*.parquet")) == 6


def test_a_data_frame_goes_before_a_file_of_the_same_name(read, parquet):
    assert read(parquet, frames={str(parquet): pd.DataFrame({"user_id": [7]})}) == [{"user_id": 7}]
    assert read("log", frames={"log": pa.table({"user_id": [8]})}) == [{"user_id": 8}]


def test_a_path_that_matches_nothing_is_refused(read, refused, tmp_path):
    with refused("a file, a folder or a glob", f"'{tmp_path}/nothing-*.parquet', which matches none", "check the path"):
        read(tmp_path / "nothing-*.parquet")


def test_a_parquet_file_that_is_none_is_refused(read, refused, tmp_path):
    (tmp_path / "log.parquet").write_text("user_id,timestamp\nada,2024-03-01\n")
    with refused("readable parquet, JSON lines or delimited text", "No magic bytes", "check the file"):
        read(tmp_path / "log.parquet")


def test_an_unknown_reader_option_is_refused(read, refused, tmp_path):
    ROWS.to_csv(tmp_path / "log.csv")
    with refused("readable parquet, JSON lines or delimited text", "sepp", "`data.csv`"):
        read(tmp_path / "log.csv", csv={"sepp": ";"})
