"""Reading and writing a run's files, so that each is either whole or absent."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from churn.disk import PARTIAL, writing
from churn.errors import UserError

CONTENTS = ".contents.json"  # of a folder that is written at once: its files, each with its SHA-256
_REMEDY = "bring it back, or delete it and make it again"

_written: ContextVar[list[Path] | None] = ContextVar("written", default=None)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside `path` and rename it there once the block has ended well.

    The scratch may become a file or a folder; after an error it is removed and `path` is as it was. A folder knows its
    files: `discard` and `check_whole` tell them from others.

    Raises:
        UserError: if a folder stands where a file has to, or holds what is not the program's; if the disk is full.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic(folder / "note.txt") as scratch:
        ...     _ = scratch.write_text("whole")
        >>> [p.name for p in folder.iterdir()]
        ['note.txt']
    """
    scratch = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():  # before the work, since it would be for nothing
            _check_own(path)
        try:
            yield scratch
            if scratch.is_dir():
                _seal(scratch)
                discard(path)
            elif path.is_dir():
                raise UserError(f"expected a file or nothing at {path}", "a folder", "move it elsewhere")
            scratch.replace(path)
            if (path.parent / CONTENTS).is_file():
                _enlist(path)
            if (written := _written.get()) is not None:
                written.append(path)
        finally:
            if scratch.is_dir():
                shutil.rmtree(scratch)
            scratch.unlink(missing_ok=True)


@contextmanager
def recorded() -> Iterator[list[Path]]:
    """Yield a list that gets every file and folder that `atomic` writes within the block.

    Example:
        >>> import tempfile
        >>> with recorded() as written:
        ...     write_text("whole", Path(tempfile.mkdtemp()) / "note.txt")
        >>> [path.name for path in written]
        ['note.txt']
    """
    written: list[Path] = []
    token = _written.set(written)
    try:
        yield written
    finally:
        _written.reset(token)


def missing(path: Path) -> list[Path]:
    """The lost files of a folder that `atomic` wrote, or a path itself where nothing is there.

    Example:
        >>> missing(Path("nowhere"))
        [PosixPath('nowhere')]
    """
    if not path.exists():
        return [path]
    listed = read_object(path / CONTENTS) if (path / CONTENTS).is_file() else {}
    return [path / name for name in listed if not (path / name).exists()]


def discard(folder: Path) -> None:
    """Remove a folder that `atomic` wrote, if it is there.

    Raises:
        UserError: if anything else stands there or lies in it; then all of it stays.

    Example:
        >>> import tempfile
        >>> panel = Path(tempfile.mkdtemp()) / "panel"
        >>> write_with(Path.mkdir, panel)
        >>> discard(panel)
        >>> panel.exists()
        False
    """
    if os.path.lexists(folder):
        _check_own(folder)
        shutil.rmtree(folder)


def _check_own(folder: Path) -> None:
    """Raise a UserError for a folder that `atomic` did not write, or in which something else lies."""
    own = folder.is_dir() and not folder.is_symlink() and (folder / CONTENTS).is_file()
    made = {*read_object(folder / CONTENTS), CONTENTS} if own else set()
    foreign = sorted(name for name in _files(folder) if name not in made)
    if foreign or not own:
        found = foreign[0] if foreign else "a folder, a file or a link of another"
        raise UserError(f"expected nothing but this program's files in {folder}", found, "move it elsewhere")


def check_whole(folder: Path) -> None:
    """Check that every file of a folder that `atomic` wrote is there as it was written, and the list of them, too.

    Raises:
        UserError: for the first one that is not.
    """
    check_hashes(folder, read_object(folder / CONTENTS))


def hashes_of(folder: Path, files: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of some files of a folder, by name.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_text("whole", folder / "note.txt")
        >>> known = hashes_of(folder, ["note.txt"])
        >>> write_text("another", folder / "note.txt")
        >>> check_hashes(folder, known)
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected ...note.txt as it was written, got another content; bring it back, ...
    """
    return {name: _sha256(folder / name) for name in files}


def check_hashes(folder: Path, known: Mapping[str, str]) -> None:
    """Check that files of a folder are there and have the SHA-256 that is known of them.

    Raises:
        UserError: for the first one that is not or has another, and for what is no file of the folder.
    """
    for name, written in known.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or (path.exists() and not path.is_file()):
            raise UserError(f"expected files of {folder} alone in the list of them", repr(name), _REMEDY)
        with as_written(path):
            found = _sha256(path)
        if found != written:
            raise UserError(f"expected {path} as it was written", "another content", _REMEDY)


def _seal(folder: Path) -> None:
    """Write down a folder's files, anew where it was sealed before."""
    files = hashes_of(folder, sorted(name for name in _files(folder) if name != CONTENTS))
    (folder / CONTENTS).write_text(json.dumps(files, indent=2) + "\n", encoding="utf8")


def _enlist(path: Path) -> None:
    """Write down a file that was added to such a folder later."""
    contents = path.parent / CONTENTS
    scratch = contents.with_name(f"{PARTIAL}{os.getpid()}-{CONTENTS}")
    scratch.write_text(
        json.dumps(read_object(contents) | hashes_of(path.parent, [path.name]), indent=2), encoding="utf8"
    )
    scratch.replace(contents)


def _files(folder: Path) -> Iterator[str]:
    """Everything below a folder but folders, by its path from there."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet or CSV, by the ending of `path`."""
    with atomic(path) as scratch:
        if path.suffix == ".parquet":
            table.to_parquet(scratch, index=False)
        else:
            table.to_csv(scratch, index=False)


@contextmanager
def as_written(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Read a file inside the block, or say which one is gone or can no longer be read.

    Args:
        path: The file.
        errors: What the reader raises for a spoilt file beside OSError, ValueError and pyarrow's own.

    Raises:
        UserError: for a file that is not there, or for one of these errors.
    """
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        found = "a folder" if path.is_dir() else "no such file"
        raise UserError(f"expected a file at {path}", found, _REMEDY) from error
    except (OSError, ValueError, ArrowException, *errors) as error:
        raise UserError(f"expected {path} as it was written", error or type(error).__name__, _REMEDY) from error


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that a run wrote, with every number as it was and ids as text.

    Where text could pass for a formula, a file for spreadsheets has an apostrophe before it, which ids lose again.

    Raises:
        UserError: for a file that is gone, cut short or spoilt.
    """
    with as_written(path), path.open("rb") as file:
        return pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(file.read())


def _read_csv(text: bytes) -> pd.DataFrame:
    if not text.endswith(b"\n"):
        raise ValueError("a line that does not end")
    if text.isspace():  # a table without columns
        return pd.DataFrame()
    # By default pandas misses a third of the numbers by the last bit, and reads the id 007 as 7 and "null" as missing.
    return pd.read_csv(BytesIO(text), float_precision="round_trip", converters={"user_id": _restored})


def _restored(user_id: str) -> str:
    return user_id.removeprefix("'")


class TargetTables:
    """Tables that are made per target and written as one each, the target in the first column."""

    def __init__(self) -> None:
        self._parts: dict[str, list[pd.DataFrame]] = {}

    def add(self, file: str, table: pd.DataFrame, *, target: str) -> None:
        """Keep a target's rows of the table `file`."""
        table = table.copy()
        table.insert(0, "target", target)
        self._parts.setdefault(file, []).append(table)

    def write(self, folder: Path) -> None:
        """Write every table, without rows where no target has any."""
        for file, parts in self._parts.items():
            full = [part for part in parts if not part.empty]
            write_table(pd.concat(full, ignore_index=True) if full else parts[0], folder / file)


def write_json(value: object, path: Path) -> None:
    """Write JSON with dates as ISO text and NumPy scalars as numbers."""
    write_text(json.dumps(value, indent=2, default=_plain, ensure_ascii=False, allow_nan=False) + "\n", path)


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote.

    Raises:
        UserError: for a file that is gone, cut short or spoilt.
    """
    with as_written(path):
        return json.loads(path.read_text(encoding="utf8"))


def read_object(path: Path, *keys: str, says: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.
        keys: Those that it has to have.
        says: What it has to say under other keys, unless it says nothing there, as an older version's does.

    Raises:
        UserError: as `read_json`, for another kind of value, for a missing key, and where it says another thing.
    """
    found = read_json(path)
    missing = [key for key in keys if key not in found] if isinstance(found, dict) else ["an object"]
    if missing:
        raise UserError(f"expected {', '.join(missing)} in {path}", "none", _REMEDY)
    for key, value in (says or {}).items():
        if found.get(key, value) != value:
            raise UserError(f"expected {key} {value} in {path}", found[key], _REMEDY)
    return dict(found)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text."""
    with atomic(path) as scratch:
        scratch.write_text(text, encoding="utf8")


def write_with(write: Callable[[Path], object], path: Path) -> None:
    """Let a library's own writer make the file or folder at `path`."""
    with atomic(path) as scratch:
        write(scratch)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    return str(value)
