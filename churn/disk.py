"""A full or read-only disk, recognised among other errors and reported in one line; and temporary files.

Nothing heavy is imported here, since the command line uses it before anything else is loaded.
"""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from churn.errors import UserError

PARTIAL = ".churn-partial-"  # beginning of the name of a half-written file or folder
_FULL = "a full disk"
_FOUND = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: "a used-up quota",
    errno.EFBIG: "a limit on the size of a file",
    errno.EROFS: "a read-only file system",
    errno.EIO: "a disk that fails",
}
_ELSEWHERE = (errno.EROFS, errno.EIO)  # which no space that is freed would mend
_TEXTS = {os.strerror(code): found for code, found in _FOUND.items()} | {  # messages of engines that lose the number
    "database or disk is full": _FULL,  # SQLite
    "max_temp_directory_size": _FULL,  # DuckDB, whose limit is the space that was free when it was opened
    "No usable temporary directory": "no folder for temporary files that takes one",  # Python
}
_UNUSABLE = {errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP}
_SERVERS = ("psycopg", "pymysql")  # drivers of databases whose disks are not this computer's

_written: ContextVar[tuple[Path, ...]] = ContextVar("written", default=())  # this thread's blocks, innermost first


class DiskError(UserError):
    """A disk that is full or read-only."""


@contextmanager
def writing(*paths: Path) -> Iterator[None]:
    """Report in one line, with a path, that a disk was full or read-only for a write in a block.

    The path is the error's own or, if it has none, the one with the least space left: of this block's paths, of the
    blocks' around it, or the folder for temporary files.

    Args:
        paths: The files that the block writes, or the folders in which it may write.

    Raises:
        DiskError: in place of any error that came from a full or read-only disk.

    Example:
        >>> with writing(Path("list.csv")):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        ...
        churn.disk.DiskError: expected space to write list.csv, got a full disk; free some or choose another folder
    """
    token = _written.set((*paths, *_written.get()))
    try:
        yield
    except Exception as error:  # engines have errors of their own for it
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error
    finally:
        _written.reset(token)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder that is removed after the block.

    Example:
        >>> with temporary_folder() as folder:
        ...     _ = (folder / "note.txt").write_text("for now")
        >>> folder.exists()
        False
    """
    place = temporary_place()
    with writing(place), tempfile.TemporaryDirectory(prefix="churn-", dir=place) as folder:
        yield Path(folder)


def flush(*paths: Path) -> None:
    """Have files reach the disk, and then their names, so that a loss of power takes neither."""
    flush_contents(*paths)
    flush_names(*paths)


def flush_contents(*paths: Path) -> None:
    """Have the contents of files, and of all files in folders, reach the disk."""
    for path in paths:
        _flush(path)
        for below in path.rglob("*") if path.is_dir() else ():
            if not below.is_symlink():
                _flush(below)


def flush_names(*paths: Path) -> None:
    """Have the names of files reach the disk, which their folders hold."""
    for folder in dict.fromkeys(path.parent for path in paths):
        _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_place() -> Path:
    """The folder for temporary files: TMPDIR even if it is full, which Python would silently replace by another."""
    named = os.environ.get("TMPDIR", "")
    return Path(named if Path(named).is_dir() and named else tempfile.gettempdir())


def unusable(error: OSError) -> UserError | None:
    """The error for a path that this user may not use or that no disk can hold; None for other errors.

    Example:
        >>> print(unusable(PermissionError(errno.EACCES, "Permission denied", "log.csv")))
        expected a path that can be used at log.csv, got Permission denied; check its name and its permissions
    """
    if error.errno not in _UNUSABLE or not isinstance(error.filename, str | os.PathLike):
        return None
    path = os.fspath(error.filename)
    shown = path if len(path) < 200 else f"{path[:60]}…"
    return UserError(
        f"expected a path that can be used at {shown}", error.strerror, "check its name and its permissions"
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes, except causes suppressed by `from None`."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _refusal(error: Exception) -> DiskError | None:
    """The DiskError for an error that a disk caused; None for other errors and for a DiskError itself."""
    texts = {} if any(type(cause).__module__.startswith(_SERVERS) for cause in causes(error)) else _TEXTS
    for cause in causes(error):
        if isinstance(cause, DiskError):
            return None
        found = _FOUND.get(cause.errno or 0) if isinstance(cause, OSError) else None
        if found or (found := next((found for text, found in texts.items() if text in str(cause)), None)):
            named = getattr(cause, "filename2", None) or getattr(cause, "filename", None)  # the target of a copy
            places = (*_written.get(), Path(os.environ.get("TMPDIR") or "/tmp"))
            path = named if isinstance(named, str) else str(min(places, key=_space))
            shown = re.sub(rf"{re.escape(PARTIAL)}\d+[-/]", "", path)
            mends = found not in {_FOUND[code] for code in _ELSEWHERE}
            return DiskError(
                f"expected space to write {shown}", found, f"{'free some or ' * mends}choose another folder"
            )
    return None


def _space(path: Path) -> float:
    """The free bytes of the file system of a path."""
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    found = os.statvfs(there)
    if not found.f_blocks:
        return float("inf")  # the kernel's own, such as a terminal's
    return 0 if found.f_flag & os.ST_RDONLY else found.f_bavail * found.f_frsize
