"""Wholeness: files cut or damaged in transfer are refused, since DuckDB reads them as if nothing were missing."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from churn.errors import UserError

_READ = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}  # compressions by their first bytes
_EXCEL_97 = "a workbook of Excel 97"
_UNREAD = {
    **{b"1AY&SY": "bzip2", b"\xfd7zXZ": "xz", b"\x04\x22\x4d\x18": "lz4", b"7z\xbc\xaf": "7z"},
    **{b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": _EXCEL_97},
}
_REMEDIES = {"zip": "unpack it; let a workbook end in .xlsx", _EXCEL_97: "save it as .xlsx or as CSV"}
_ENDINGS = {".gz": "gzip", ".zst": "zstd"}  # by which DuckDB decides
_CHUNK = 1 << 20  # bytes unpacked at once

# A page of parquet has a checksum if the header, in Thrift's compact form, begins with a fourth whole number.
_WITH_CHECKSUM = re.compile(rb"(\x15[\x80-\xff]*[\x00-\x7f]){4}")


def check_text(path: str, *, compression: str = "auto") -> None:
    """Unpack a compressed file to its end, so that its length and its checksum are compared; a plain one has none.

    Args:
        path: The file.
        compression: As in DuckDB's reader options: gzip, zstd, none, or auto, by the file's ending.

    Raises:
        UserError: if the file is cut or damaged, or compressed in another way than it is read.
    """
    asked = compression.lower()
    codec = _ENDINGS.get(Path(path).suffix, "none") if asked.startswith("auto") else asked
    try:
        head = _head(path)
        found = next((name for first, name in (_READ | _UNREAD).items() if head.startswith(first)), None)
        if found is not None and found != codec:
            remedy = _REMEDIES.get(found, "unpack it, or pack it with gzip or zstd and let it end in .gz or .zst")
            raise UserError(f"expected plain text in {path}, or an ending that says how it is packed", found, remedy)
        if codec in _READ.values():
            _unpack(path, codec)
    except OSError as error:
        raise _unreadable(path, error) from error


def unpacked(path: str) -> pa.NativeFile:
    """A file opened for reading, unpacked if its first bytes say how it is packed."""
    codec = next((name for first, name in _READ.items() if _head(path).startswith(first)), None)
    return pa.input_stream(path, compression=codec)


def check_parquet(path: str) -> None:
    """Compare the checksums of a parquet file's pages, where its writer has left any.

    Raises:
        UserError: if a page or the file's metadata is damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if _has_checksums(path, file.metadata):
                for _ in file.iter_batches():
                    pass
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _head(path: str) -> bytes:
    with Path(path).open("rb") as file:
        head = file.read(10)
    return head[4:] if head.startswith(b"BZh") else head  # bzip2's signature stands behind the size of its blocks


def _unpack(path: str, codec: str) -> None:
    if not Path(path).stat().st_size:
        raise OSError("Empty file")
    with pa.CompressedInputStream(path, codec) as stream:
        while stream.read(_CHUNK):
            pass


def _has_checksums(path: str, meta: pq.FileMetaData) -> bool:
    """Whether the first page has a checksum, or the pages are gzip, which has its own."""
    if not meta.num_row_groups or not meta.num_columns:
        return False
    column = meta.row_group(0).column(0)
    with Path(path).open("rb") as file:
        file.seek(column.dictionary_page_offset or column.data_page_offset)
        return column.compression == "GZIP" or _WITH_CHECKSUM.match(file.read(32)) is not None


def _unreadable(path: str, error: Exception) -> UserError:
    of_system = getattr(error, "errno", None) is not None  # only the system's complaints have a number
    remedy = "check the file" if of_system else "copy it again"
    return UserError(f"expected {path} to be whole", str(error), remedy)
