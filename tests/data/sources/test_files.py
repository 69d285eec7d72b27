import gzip
import json

import pandas as pd
import pyarrow as pa
import pytest

from churn.data import DataConfig, read_tables
from churn.data.sources import UNREADABLE, Engines, open_table
from churn.data.sources.files import paths
from churn.folder import claimed

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
    with Engines() as engines:

        def rows(source, **options):
            return open_table(str(source), engines=engines, **options).to_pyarrow().to_pylist()

        yield rows


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


@pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson.gz", "log.json"])
def test_json_lines_compressed_or_not_read_like_parquet(read, parquet, tmp_path, name):
    lines = ROWS.assign(timestamp=ROWS.timestamp.astype(str)).to_json(orient="records", lines=True)
    with (gzip.open if name.endswith(".gz") else open)(tmp_path / name, "wt") as out:
        out.write(lines)
    assert read(tmp_path / name) == read(parquet)


def test_a_folder_is_read_whole_and_its_keys_become_columns(read, tmp_path):
    for day in ("2024-03-01", "2024-03-02"):
        (tmp_path / "log" / f"day={day}").mkdir(parents=True)
        ROWS.to_parquet(tmp_path / "log" / f"day={day}" / "part-0.parquet")
    (tmp_path / "log" / "_SUCCESS").touch()
    rows = read(tmp_path / "log")
    assert sorted(str(row["day"]) for row in rows) == ["2024-03-01"] * 3 + ["2024-03-02"] * 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.csv", "user_id,timestamp\nada,2024-03-01\nben,2024-03-01,too,many\n\ncleo,2024-03-02\n"),
        (
            "log.jsonl",
            '{"user_id":"ada","timestamp":"2024-03-01"}\nbroken\n{"user_id":"cleo","timestamp":"2024-03-02"}\n',
        ),
    ],
)
def test_a_line_that_cannot_be_read_is_kept_as_a_row_of_nulls(read, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    rows = read(tmp_path / name)
    assert sorted(str(row["user_id"]) for row in rows) == ["None", "ada", "cleo"]
    assert [row["timestamp"] for row in rows if row["user_id"] is None] == [None]


def test_a_value_that_fits_no_type_late_in_a_file_leaves_a_column_of_text(read, tmp_path):
    (tmp_path / "log.csv").write_text("user_id,timestamp\n" + "7,2024-01-01\n" * 30_000 + "7,soon\n")
    rows = read(tmp_path / "log.csv")
    assert (rows[0]["timestamp"], rows[-1]["timestamp"]) == ("2024-01-01", "soon")


def test_a_polars_frame_reads_like_one_of_pandas(read):
    polars = pytest.importorskip("polars")
    assert read("log", frames={"log": polars.from_pandas(ROWS)}) == read("log", frames={"log": ROWS})


def test_hidden_files_and_folders_below_a_folder_are_not_read(read, tmp_path):
    ROWS.to_parquet(tmp_path / "part-0.parquet")
    for hidden in ("_temporary", ".ipynb_checkpoints"):
        (tmp_path / hidden / "0").mkdir(parents=True)
        ROWS.to_parquet(tmp_path / hidden / "0" / "part-0.parquet")
    assert len(read(tmp_path)) == len(ROWS)


def test_a_file_whose_name_looks_like_a_glob_is_read_itself(read, tmp_path):
    for name in ("e[1].parquet", "e1.parquet"):
        ROWS.assign(event=name).to_parquet(tmp_path / name)
    assert {row["event"] for row in read(tmp_path)} == {"e[1].parquet", "e1.parquet"}


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_what_only_the_last_of_many_files_holds_is_read_too(read, tmp_path, ending):
    for number in range(40):
        rows = pd.DataFrame({"user_id": [number], "timestamp": ["2024-03-01"]})
        if number > 36:
            rows = rows.assign(user_id=f"u{number}", event="late")
        write = {"jsonl": {"orient": "records", "lines": True}, "csv": {"index": False}}[ending]
        (rows.to_json if ending == "jsonl" else rows.to_csv)(tmp_path / f"{number:02}.{ending}", **write)
    rows = read(tmp_path, as_text={"user_id"})
    assert {str(row["user_id"]).strip('"') for row in rows} == {*map(str, range(37)), "u37", "u38", "u39"}
    assert [row["event"] for row in rows].count("late") == 3


def test_ids_of_text_files_are_text_whatever_they_look_like(read, tmp_path):
    ids = ["1.1", "1.10", "007", "12345678901234567890123", "1e3", "2024-01-01"]
    pd.DataFrame({"who": ids, "n": 1}).to_csv(tmp_path / "log.csv", index=False)
    rows = read(tmp_path / "log.csv", as_text={"who", "not there"})
    assert [row["who"] for row in rows] == ids
    assert rows[0]["n"] == 1


@pytest.mark.parametrize("frame", [[{"user_id": 1}], iter([]), None, "log", pd.Series([1])], ids=range(5))
def test_what_is_no_table_is_refused(read, refused, frame):
    with refused("a table of pandas, Polars or Arrow in frames['log']", type(frame).__name__, "make it one"):
        read("log", frames={"log": frame})


def test_a_frame_with_two_columns_of_a_name_is_refused(read, refused):
    with refused("a table of pandas", "columns of the same name", "make it one"):
        read("log", frames={"log": pd.DataFrame([[1, 2]], columns=["user_id", "user_id"])})


@pytest.fixture
def linked(tmp_path):
    """A folder whose files have more names than one, with links in circles, and to a folder elsewhere."""
    for name, rows in {"log/day=2024-03-01": ROWS, "elsewhere": ROWS.assign(user_id="zoe")}.items():
        (tmp_path / name).mkdir(parents=True)
        rows.to_csv(tmp_path / name / "part-0.csv", index=False)
    log = tmp_path / "log"
    for name, target in {"again": ".", "anew": ".", "newest": "day=2024-03-01", "a.csv": "newest/part-0.csv"}.items():
        (log / name).symlink_to(target)
    (log / "day=2024-03-01" / "up").symlink_to("..")
    (log / "more").symlink_to(tmp_path / "elsewhere")
    return log


@pytest.mark.parametrize("pattern", ["", "**", "**/*.csv", "**/**/*.csv"])
def test_each_file_is_read_once_however_many_links_lead_to_it(linked, pattern):
    assert paths(str(linked / pattern)) == [f"{linked}/day=2024-03-01/part-0.csv", f"{linked}/more/part-0.csv"]


def test_a_hard_link_is_another_name_of_a_file_and_a_copy_is_another_file(tmp_path):
    ROWS.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "b.csv").hardlink_to(tmp_path / "a.csv")
    ROWS.to_csv(tmp_path / "c.csv", index=False)
    assert paths(str(tmp_path)) == [f"{tmp_path}/a.csv", f"{tmp_path}/c.csv"]


def test_what_a_command_made_of_a_log_is_no_part_of_it(tmp_path):
    ROWS.to_csv(tmp_path / "log.csv", index=False)
    for name, kind in (("run", "a run"), ("rejected", "rejected rows"), ("simulated", "a log")):
        with claimed(tmp_path / name, kind) as folder:
            ROWS.to_csv(folder / "part.csv", index=False)
    assert paths(str(tmp_path)) == [f"{tmp_path}/log.csv", f"{tmp_path}/simulated/part.csv"]
    assert paths(f"{tmp_path}/**/*.csv") == paths(str(tmp_path))
    assert paths(f"{tmp_path}/*/*.csv") == [f"{tmp_path}/simulated/part.csv"]
    assert paths(f"{tmp_path}/*") == paths(str(tmp_path))
    assert paths(f"{tmp_path}/run/*.csv") == [f"{tmp_path}/run/part.csv"]  # it was asked for by name


def test_a_folder_beside_a_link_to_it_still_becomes_a_column(read, linked):
    (linked / "more").unlink()
    assert [str(row["day"]) for row in read(linked)] == ["2024-03-01"] * len(ROWS)


def test_a_file_with_brackets_in_its_name_is_read_and_globs_stay(read, tmp_path):
    for name in ("log[2024].csv", "log2.csv"):
        ROWS.assign(event=name).to_csv(tmp_path / name, index=False)
    assert {row["event"] for row in read(tmp_path / "log[2024].csv")} == {"log[2024].csv"}
    assert {row["event"] for row in read(tmp_path / "log[0-9].csv")} == {"log2.csv"}


def test_json_lines_that_are_no_objects_are_set_aside_one_by_one(read, tmp_path):
    lines = ['{"user_id":"ada","n":1}', "3", '{"user_id":"ben"', "null", "[1]", "", '{"user_id":"cleo","n":2}']
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    rows = read(tmp_path / "log.jsonl")
    assert sorted(str(row["user_id"]) for row in rows) == ["None"] * 4 + ["ada", "cleo"]
    told = sorted(row[UNREADABLE] for row in rows if row["user_id"] is None)
    assert told == [f"log.jsonl, line {n}: {lines[n - 1]}" for n in (2, 3, 4, 5)]


@pytest.mark.parametrize("line", ["3", '{"user_id":"cleo"}'])
def test_a_byte_order_mark_hides_no_line_of_json(line, read, tmp_path):
    lines = ['{"user_id":"ada"}', '{"user_id":"ben"}', line]
    (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8-sig")
    assert [row["user_id"] for row in read(tmp_path / "log.jsonl")][:2] == ["ada", "ben"]


def test_elements_of_a_json_array_that_are_no_objects_are_set_aside_one_by_one(read, tmp_path):
    rows = [
        {"user_id": "u1", "timestamp": "2024-01-01T10:00:00Z"},
        3,
        None,
        {"user_id": "u2", "timestamp": "2024-01-02"},
    ]
    (tmp_path / "events.json").write_text(json.dumps(rows, indent=1))
    found = read(tmp_path / "events.json")
    assert sorted(row["user_id"] for row in found if row["user_id"]) == ["u1", "u2"]
    told = sorted(row[UNREADABLE] for row in found if row["user_id"] is None)
    assert told == ["events.json, line 2: 3", "events.json, line 3: null"]


def test_an_object_is_no_user(tmp_path, refused):
    lines = [f'{{"user_id":"u{n}","timestamp":"2024-01-0{n}T10:00:00Z"}}' for n in range(1, 6)]
    odd = '{"user_id":{"id":7},"timestamp":"2024-01-02T10:00:00Z"}'
    bot = '{"user_id":"[bot]","timestamp":"2024-01-02T10:00:00Z"}'
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([*lines, odd, bot]))
    with Engines(tmp_path / "spilled") as engines:
        events = read_tables(DataConfig(str(path)), engines=engines, frames={}).events.to_pandas()
    assert sorted(events[events.reason.isna()].user_id) == ["[bot]", "u1", "u2", "u3", "u4", "u5"]
    assert events.reason.dropna().tolist() == ["null user_id"]
    path.write_text(odd)
    with Engines(tmp_path / "again") as engines, refused("text, numbers or times in user_id", "struct", "map another"):
        read_tables(DataConfig(str(path)), engines=engines, frames={})


def test_a_json_array_is_read_like_lines(read, tmp_path):
    for name, lines in (("a.json", False), ("b.jsonl", True)):
        ROWS[["user_id", "event"]].to_json(tmp_path / name, orient="records", lines=lines)
    assert read(tmp_path / "a.json") == read(tmp_path / "b.jsonl")


def test_a_line_of_delimited_text_keeps_its_number_and_its_text(read, tmp_path):
    (tmp_path / "log.csv").write_text("user_id,n\nada,1\nben,2,too,many\ncleo,3\n")
    assert [row[UNREADABLE] for row in read(tmp_path / "log.csv")].count("log.csv, line 3: ben,2,too,many") == 1


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize(
    ("encoding", "name"), [("cp949", "김하나"), ("cp1252", "Jürgen"), ("utf-16", "Jürgen"), ("cp932", "さくら")]
)
def test_another_encoding_is_named_and_read_when_it_is_said(read, refused, tmp_path, encoding, name, ending):
    path, text = tmp_path / f"log.{ending}", f"user_id;event\n{name};post\n".encode(encoding)
    path.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    with refused("text in UTF-8", "another", f'`data.csv: {{delim: ";", encoding: "{encoding}"}}`'):
        read(path)
    assert read(path, csv={"encoding": encoding}) == [{"user_id": name, "event": "post"}]


def test_an_encoding_is_no_trouble_to_a_file_that_is_utf_8(read, tmp_path):
    (tmp_path / "log.csv").write_text("user_id;event\n김하나;post\n")
    assert read(tmp_path / "log.csv", csv={"encoding": "cp949"})[0]["user_id"] == "김하나"


def test_an_encoding_that_does_not_fit_is_refused_with_the_likely_one(read, refused, tmp_path):
    (tmp_path / "log.csv").write_bytes("user_id;event\n김하나;post\n".encode("cp949"))
    with refused("in the encoding ascii", "decode", "encoding: cp949"):
        read(tmp_path / "log.csv", csv={"encoding": "ascii"})
    with refused("in the encoding klingon", "klingon", "encoding: cp949"):
        read(tmp_path / "log.csv", csv={"encoding": "klingon"})


@pytest.mark.slow
def test_few_lines_in_another_encoding_are_set_aside_and_many_name_it(read, refused, tmp_path):
    good, bad = "ada,post\n" * 300_000, "Jürgen,post\n".encode("cp1252")
    (tmp_path / "log.csv").write_bytes(b"user_id,event\n" + good.encode() + bad)
    assert [row["event"] for row in read(tmp_path / "log.csv")].count(None) == 1
    (tmp_path / "log.csv").write_bytes(b"user_id,event\n" + good.encode() + bad * 10_000)
    with refused("text in UTF-8", "another", "cp1252"):
        read(tmp_path / "log.csv")


def test_a_workbook_reads_like_parquet_and_its_ids_are_text(read, parquet, tmp_path):
    ROWS.assign(user_id=[7, "b", None]).to_excel(tmp_path / "log.xlsx", index=False)
    rows = read(tmp_path / "log.xlsx", as_text={"user_id"})
    assert [row["user_id"] for row in rows] == ["7", "b", None]
    assert [row["amount"] for row in rows] == [row["amount"] for row in read(parquet)]
    assert [row["timestamp"] for row in rows] == [row["timestamp"] for row in read(parquet)]


def test_a_workbook_with_several_sheets_or_none_is_refused(read, refused, tmp_path):
    with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
        for name in ("May", "June"):
            ROWS.to_excel(book, sheet_name=name, index=False)
    with refused("one sheet with rows", "the sheets May, June", "file of its own"):
        read(tmp_path / "log.xlsx")
    (tmp_path / "log.xlsx").write_text("user_id")
    with refused("a workbook that can be read", "zip", "CSV"):
        read(tmp_path / "log.xlsx")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_date_that_the_reader_could_only_guess_stays_text(read, tmp_path, ending):
    frame = pd.DataFrame({"user_id": ["ada"], "born": ["03/04/2023"], "since": ["13-04-2023"], "at": ["2023-04-13"]})
    if ending == "csv":
        frame.to_csv(tmp_path / "log.csv", index=False)
    else:
        frame.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    row = read(tmp_path / f"log.{ending}")[0]
    assert (row["born"], row["since"]) == ("03/04/2023", "13-04-2023")
    assert str(row["at"]) == "2023-04-13"
