"""An output folder: its owner, and the command that is at work in it.

Nothing heavy is imported here, so that a second command ends before it has loaded anything.
"""

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from churn.disk import PARTIAL, writing
from churn.errors import UserError
from churn.replacement import complete, is_waiting

MARKER = ".churn"  # in every output folder: its kind, and the process that writes or last wrote there
FOLLOWED_UP = "outcomes"  # the folder within a list's where its outcomes are kept by default
_FILE_SYSTEM_S = "lost+found"

Kind = Literal[
    "a run",
    "scores",
    "outcomes",
    "a log",
    "rejected rows",
    "tags",
    "deliveries",
    "a certificate",
    "an export",
]

_held: ContextVar[frozenset[Path]] = ContextVar("held", default=frozenset())  # folders held by this thread


@contextmanager
def claimed(folder: Path, kind: Kind) -> Iterator[Path]:
    """Claim an output folder for a block: made if absent, cleared of half-written files of a killed command.

    The lock is the operating system's, on the marker, so it ends with its process, however that ends. A folder in
    which nothing was written is removed after the block. Within the block the folder may be claimed again.

    Args:
        folder: The folder.
        kind: The kind of its contents. A folder of another kind is refused: its files would be replaced.

    Raises:
        UserError: if the folder is another's, another command is at work in it, or it cannot be written to.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "out"
        >>> with claimed(out, "a log"):
        ...     _ = (out / "events.csv").write_text("user_id")
        >>> with claimed(out, "a run"):
        ...     pass
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected a new or empty folder or one with a run at ..., got one with a log; choose ...
    """
    place = Path(os.path.realpath(folder))
    if place in _held.get():
        yield folder
        return
    new = [path for path in (place, *place.parents) if not path.exists()]
    with writing(folder), _locked(folder, kind, new=new):
        token = _held.set(_held.get() | {place})
        try:
            yield folder
        finally:
            _held.reset(token)
            _leave(place, new, held=True)


@contextmanager
def _locked(folder: Path, kind: Kind, *, new: list[Path]) -> Iterator[None]:
    marker = None
    try:
        _check_new(folder)
        marker = _lock(folder)
        _check_own(folder, kind)
        _sign(marker, kind)
        complete(folder)
        _sweep(folder)
    except OSError as error:
        _leave(folder, new, held=marker is not None)
        raise UserError(
            f"expected a folder that can be written to at {folder}", error.strerror, "choose another --out"
        ) from error
    else:
        yield
    finally:
        if marker is not None:
            os.close(marker)


def holds(folder: Path) -> str | None:
    """The kind of an output folder; None for any other folder.

    Example:
        >>> import tempfile
        >>> holds(Path(tempfile.mkdtemp()))
    """
    return _signed(folder / MARKER).get("holds")


def completed(folder: Path, kind: Kind) -> Path:
    """A folder to read from, after completing a replacement that a killed command left unfinished."""
    if is_waiting(folder):
        with claimed(folder, kind):
            pass
    return folder


def _check_new(folder: Path) -> None:
    """Raise a UserError for a folder with files but no marker, which a command would have made first."""
    names = _names(folder)
    if names and MARKER not in names:
        raise _of_another(folder, "one that this program made", names[0])


def _check_own(folder: Path, kind: Kind) -> None:
    """Raise a UserError for a folder that this program did not make, or made as another kind."""
    holder = _signed(folder / MARKER)
    if not holder:
        fresh = [MARKER] if _is_regular(folder / MARKER) and not (folder / MARKER).stat().st_size else []
        if others := [name for name in _names(folder) if name not in fresh]:
            raise _of_another(folder, "one that this program made", others[0])
    elif holder["holds"] != kind:
        raise _of_another(folder, f"one with {kind}", holder["holds"])


def _of_another(folder: Path, wanted: str, found: str) -> UserError:
    remedy = "choose another --out; nothing was touched"
    return UserError(f"expected a new or empty folder or {wanted} at {folder}", f"one with {found}", remedy)


def _names(folder: Path) -> list[str]:
    """The names in a folder, sorted; empty if there is no folder, which making it will show."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(path.name for path in folder.iterdir() if path.name != _FILE_SYSTEM_S)
    return []


def _lock(folder: Path) -> int:
    """Open and lock the marker, and return its descriptor.

    Raises:
        UserError: if another process holds it.
    """
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            if os.path.lexists(folder) and not folder.is_dir():
                raise
            continue  # its last holder removed the folder between the two looks of mkdir
        try:
            marker = os.open(folder / MARKER, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except FileNotFoundError:  # its last holder has removed the folder meanwhile
            continue
        except (IsADirectoryError, FileExistsError) as error:
            raise _of_another(folder, "one that this program made", MARKER) from error
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _stands(marker, folder / MARKER):
                return marker
            os.close(marker)  # its last holder has removed it meanwhile
        except BlockingIOError as error:
            os.close(marker)
            holder = _signed(folder / MARKER)
            who = f"process {holder.get('process', '?')} on {holder.get('host', '?')}"
            found = f"one in which {who} is at work since {holder.get('since', 'just now')}"
            remedy = "wait until it has ended, or choose another --out"
            raise UserError(f"expected {folder} to be free", found, remedy) from error


def _stands(marker: int, path: Path) -> bool:
    """Whether an open marker is still the file at its path."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(marker), path.stat())
    return False


def _sign(marker: int, kind: Kind) -> None:
    """Write the folder's kind and the process at work in it into the marker."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = {"holds": kind, "host": os.uname().nodename, "process": os.getpid(), "since": since}
    text = f"{json.dumps(holder)}\n".encode()
    os.pwrite(marker, text, 0)
    os.ftruncate(marker, len(text))


def _signed(marker: Path) -> dict[str, str]:
    """The entries of a marker; empty if it is missing, not signed yet, or another program's."""
    try:
        if not _is_regular(marker):
            return {}
        first, _, _ = marker.read_text(encoding="utf8").partition("\n")  # the rest is of a longer, older one
        found = json.loads(first)
    except (OSError, ValueError):  # no marker, or one that only another user may read
        return {}
    return found if isinstance(found, dict) and "holds" in found else {}


def _is_regular(path: Path) -> bool:
    """Whether a path is a regular file, on which reading cannot hang."""
    return stat.S_ISREG(path.lstat().st_mode)


def _sweep(folder: Path) -> None:
    """Remove half-written files of a killed command, except in subfolders that are claimed separately."""
    for place, folders, files in os.walk(folder):
        for name in [name for name in folders if name.startswith(PARTIAL)]:
            shutil.rmtree(Path(place, name))
        for name in files:
            if name.startswith(PARTIAL):
                Path(place, name).unlink()
        folders[:] = [n for n in folders if not (n.startswith(PARTIAL) or os.path.lexists(Path(place, n, MARKER)))]


def _leave(folder: Path, new: list[Path], *, held: bool) -> None:
    """Remove the marker, if held, of an otherwise empty folder, and the folders that were made for it."""
    with suppress(OSError):  # another process has begun to use one
        if held and [path.name for path in folder.iterdir()] == [MARKER]:
            (folder / MARKER).unlink()
        for made in new:
            if made.exists():
                made.rmdir()
