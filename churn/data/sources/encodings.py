"""Text that is not UTF-8: recognised by its bytes and rewritten as UTF-8, all that DuckDB reads everywhere."""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from churn.data.sources.wholeness import unpacked
from churn.disk import temporary_folder
from churn.errors import UserError

_PART = 1 << 20  # bytes
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LETTERS = {  # letters of each encoding's languages; Japanese text could be Korean, but not the other way round
    "cp932": "[ぁ-ヿ一-龥]",
    "cp949": "[가-힣]",
    "cp1251": "[А-яЁё]{3}",
}
_LIKELY = 0.8  # share of these letters among all beyond ASCII
_OTHERS = "cp1252"  # Western Europe's, taken for all other text, since nothing identifies it


def encoding_of(path: str, *, whole: bool = False) -> str | None:
    """The likely encoding of a file by its first bytes; None for UTF-8, also with a damaged line or two.

    Args:
        path: The file.
        whole: Whether to read on until something is not UTF-8.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        ...     _ = file.write("이름;값".encode("cp949")), file.flush()
        ...     encoding_of(file.name)
        'cp949'
    """
    with unpacked(path) as stream:
        part: bytes = stream.read(_PART)
        if part.startswith(_UTF16):
            return "utf-16"
        while part:
            if (found := _encoding(part.split(b"\n")[: -1 if len(part) == _PART else None])) or not whole:
                return found
            part = stream.read(_PART)
    return None


def _encoding(lines: Sequence[bytes]) -> str | None:
    lines = [line for line in lines if not line.isascii()]
    foreign = [line for line in lines if not _is_text(line, "utf-8")]
    if 2 * len(foreign) <= len(lines):
        return None
    told = (codec for codec, letters in _LETTERS.items() if _speaks(b"\n".join(foreign), codec, letters))
    return next(told, _OTHERS)


def _is_text(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _speaks(text: bytes, codec: str, letters: str) -> bool:
    if not _is_text(text, codec):
        return False
    signs = re.sub(r"[\x00-\x7f]", "", text.decode(codec))
    found = "".join(re.findall(letters, text.decode(codec)))
    return len(found) >= _LIKELY * len(signs)


@contextmanager
def as_utf8(paths: Sequence[str], encoding: str | None) -> Iterator[list[str]]:
    """The files in UTF-8 for a block: themselves where they already are, else copies, which go after it.

    A configuration names one encoding for files of several origins, so that a file which is UTF-8 stays.

    Raises:
        UserError: for an unknown encoding, or one that a file is not in.
    """
    if encoding is None or encoding.lower() in ("utf-8", "utf8"):
        yield list(paths)
        return
    with temporary_folder() as folder:
        yield [path if _is_utf8(path) else str(_copy(path, encoding, folder)) for path in paths]


def _is_utf8(path: str) -> bool:
    """Whether a file's first bytes are UTF-8 beyond ASCII, which text in another encoding hardly ever is."""
    with unpacked(path) as stream:
        head = stream.read(_PART)
    return not head.isascii() and encoding_of(path) is None


def _copy(path: str, encoding: str, folder: Path) -> Path:
    target = beneath(folder, path)
    if target.suffix in (".gz", ".zst"):
        target = target.with_suffix("")
    try:
        reader = codecs.getreader(encoding)
        opened = unpacked(path)
        with opened as stream, target.open("w", encoding="utf-8", newline="") as out:
            text = reader(stream)
            while part := text.read(_PART):
                out.write(part)
    except (LookupError, UnicodeError) as error:
        remedy = f"set `data.csv: {{encoding: {encoding_of(path) or 'utf-8'}}}`"
        raise UserError(f"expected {path} in the encoding {encoding}", str(error), remedy) from error
    return target


def beneath(folder: Path, path: str) -> Path:
    """The place of a file's copy, whose path keeps its `key=value` folders."""
    target = folder / Path(path).absolute().relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
