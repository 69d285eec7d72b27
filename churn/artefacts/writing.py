"""Writing files and folders so that each is either whole or absent."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from churn.artefacts.sealed import CONTENTS, check_own, discard, enlist, seal
from churn.disk import PARTIAL, flush_contents, flush_names, writing
from churn.errors import UserError
from churn.language import kept

_written: ContextVar[list[Path] | None] = ContextVar("written", default=None)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside `path` and rename it there once the block has ended well.

    The scratch may become a file or a folder; after an error it is removed and `path` is as it was. A folder records
    its files, so that `discard` and `check_whole` know them.

    Raises:
        UserError: if a folder is in a file's place, or holds files that are not the program's; if the disk is full.

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
        if path.is_dir():  # before the work, which would be in vain
            check_own(path)
        try:
            yield scratch
            if scratch.is_dir():
                seal(scratch)
                discard(path)
            elif path.is_dir():
                raise UserError(f"expected a file or nothing at {path}", "a folder", "move it elsewhere")
            flush_contents(scratch)
            scratch.replace(path)
            if (path.parent / CONTENTS).is_file():
                enlist(path)
            flush_names(path)
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


def write_with(write: Callable[[Path], object], path: Path) -> None:
    """Let a library's own writer make the file or folder at `path`."""
    with atomic(path) as scratch:
        write(scratch)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text."""
    with atomic(path) as scratch:
        scratch.write_text(text, encoding="utf8")


def write_json(value: object, path: Path) -> None:
    """Write JSON with dates as ISO text, NumPy scalars as numbers, and texts that were said as their messages."""
    write_text(json.dumps(kept(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)
