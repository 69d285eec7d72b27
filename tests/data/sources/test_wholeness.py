import bz2
import gzip
import io
import lzma
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.data.sources import Engines, open_table

ROWS = pd.DataFrame({"user_id": range(5_000), "timestamp": pd.date_range("2024-01-01", periods=5_000, freq="97s")})
TEXTS = {
    "csv": ROWS.to_csv(index=False).encode(),
    "jsonl": ROWS.astype({"timestamp": str}).to_json(orient="records", lines=True).encode(),
}


def zstd(text):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(text)
    return sink.getvalue().to_pybytes()


def zipped(text):
    with zipfile.ZipFile(file := io.BytesIO(), "w") as out:
        out.writestr("log.csv", text)
    return file.getvalue()


def flipped(packed, place):
    place %= len(packed)
    return packed[:place] + bytes([packed[place] ^ 1]) + packed[place + 1 :]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Counts the rows of bytes under a name: `rows("log.csv.gz", packed)`."""

    def count(name, packed, **csv):
        path = tmp_path_factory.mktemp("log") / name
        path.write_bytes(packed)
        with Engines() as engines:
            return int(open_table(str(path), engines=engines, csv=csv or None).count().execute())

    return count


@pytest.mark.slow
@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize(("codec", "pack"), {"gz": gzip.compress, "zst": zstd}.items())
def test_a_compressed_file_is_read_to_its_end_or_refused(rows, refused, ending, codec, pack):
    text, name = TEXTS[ending], f"log.{ending}.{codec}"
    packed, parts = pack(text), pack(text[:1000]) + pack(text[1000:])
    assert rows(name, packed) == rows(name, parts) == len(ROWS)
    for cut in (packed[: len(packed) * 7 // 10], packed[:-1], packed[:2], parts[:-50]):
        with refused(f"{name} to be whole", "Truncated compressed stream", "copy it again"):
            rows(name, cut)
    with refused(f"{name} to be whole", "Empty file", "copy it again"):
        rows(name, b"")
    with refused(f"{name} to be whole", "decompress" if codec == "zst" else "inflate", "copy it again"):
        rows(name, packed + b"and more")


@pytest.mark.parametrize(("place", "what"), {-6: "data check", -2: "length check", 10_000: "data check"}.items())
def test_what_gzip_says_of_its_content_must_be_true(rows, refused, place, what):
    with refused("log.csv.gz to be whole", f"incorrect {what}", "copy it again"):
        rows("log.csv.gz", flipped(gzip.compress(TEXTS["csv"]), place))


def test_a_compression_that_the_reader_is_told_is_checked_too(rows, refused):
    packed = gzip.compress(TEXTS["csv"])
    assert rows("log.txt", packed, compression="gzip") == len(ROWS)
    with refused("log.txt to be whole", "Truncated compressed stream", "copy it again"):
        rows("log.txt", packed[:-9], compression="gzip")


@pytest.mark.parametrize(
    ("name", "pack", "what"),
    [
        ("log.csv.bz2", bz2.compress, "bzip2"),
        ("log.jsonl.bz2", bz2.compress, "bzip2"),
        ("log.csv.xz", lzma.compress, "xz"),
        ("log.csv.zip", zipped, "zip"),
        ("log.csv", gzip.compress, "gzip"),
        ("log.csv.gz", zstd, "zstd"),
    ],
)
def test_a_file_packed_in_another_way_than_it_is_read_is_refused(rows, refused, name, pack, what):
    with refused("plain text in /", what, "unpack it"):
        rows(name, pack(TEXTS[name.split(".")[1]]))


def test_workbooks_that_are_no_xlsx_are_named_with_what_to_do(rows, refused):
    with refused("plain text in /", "a workbook of Excel 97", "save it as .xlsx"):
        rows("log.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    with refused("plain text in /", "zip", "let a workbook end in .xlsx"):
        rows("log.csv", zipped(TEXTS["csv"]))


@pytest.mark.parametrize("written", [{"write_page_checksum": True}, {"compression": "gzip"}])
def test_a_damaged_page_of_parquet_is_noticed_where_the_writer_left_a_checksum(rows, refused, tmp_path, written):
    pq.write_table(pa.table({"user_id": range(5_000)}), tmp_path / "log.parquet", use_dictionary=False, **written)
    packed = (tmp_path / "log.parquet").read_bytes()
    assert rows("log.parquet", packed) == 5_000
    with refused("log.parquet to be whole", "check", "copy it again"):
        rows("log.parquet", flipped(packed, 3_000))


def test_parquet_whose_schema_is_damaged_is_refused_by_name(rows, refused, tmp_path):
    pq.write_table(pa.table({"user_id": range(5_000)}), tmp_path / "log.parquet")
    packed = (tmp_path / "log.parquet").read_bytes()
    with refused("log.parquet to be whole", "base64", "copy it again"):
        rows("log.parquet", packed.replace(b"/////", b"//#//", 1))
