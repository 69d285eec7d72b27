"""Replacement: files of a folder are replaced all together, whenever the process ends."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from churn.disk import PARTIAL, flush_contents, flush_names
from churn.errors import UserError

_NEXT, _ORDER = ".churn-next", ".order.json"  # a folder of new files, all complete; their names
_WRITTEN = ".churn-written.json"  # beside the files: their names, so that no other file is ever replaced


@contextmanager
def together(folder: Path, files: Sequence[str]) -> Iterator[Path]:
    """Yield a scratch folder whose files replace the files of `folder`, all together, once the block has succeeded.

    Old and new files never lie side by side: all old ones go before the first new one comes. If the process ends in
    between, the new ones wait, and `complete` puts them in their place.

    Args:
        folder: The folder of the files.
        files: The names of all files that may be written, last the one by which a reader knows that the others are
            complete; an old one without a new version is removed, too. Other files in the scratch folder are lost
            after the block, and other files in `folder` are not touched.

    Raises:
        UserError: if a folder, or a file that was not written in this way, is in the place of one.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for n in (1, 2):
        ...     with together(folder, ["list.csv", "told.json"]) as scratch:
        ...         _ = (scratch / "list.csv").write_text(f"list {n}")
        ...         _ = (scratch / "told.json").write_text("{}")
        >>> sorted(p.name for p in folder.glob("[!.]*")), (folder / "list.csv").read_text()
        (['list.csv', 'told.json'], 'list 2')
    """
    _check_own(folder, files)
    scratch = folder / f"{PARTIAL}{os.getpid()}-next"
    scratch.mkdir(parents=True)
    try:
        yield scratch
        new = [name for name in files if (scratch / name).is_file()]
        (scratch / _WRITTEN).write_text(json.dumps(new), encoding="utf8")
        order = {"files": [_WRITTEN, *files], "new": [_WRITTEN, *new]}
        _keep_only(scratch, order["new"])
        (scratch / _ORDER).write_text(json.dumps(order), encoding="utf8")
        flush_contents(scratch)
        scratch.rename(folder / _NEXT)
        flush_names(folder / _NEXT)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        complete(folder)


def _check_own(folder: Path, files: Sequence[str]) -> None:
    """Raise a UserError, before the work, for another's file or folder in the place of a file."""
    try:
        written = json.loads((folder / _WRITTEN).read_text(encoding="utf8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        written = []
    for path in (folder / name for name in (_NEXT, *files)):
        if os.path.lexists(path) and (path.is_dir() or path.name not in written):
            found = "a folder" if path.is_dir() else "a file that this program did not write"
            raise UserError(f"expected no other's file at {path}", found, "move it elsewhere; nothing was touched")


def _keep_only(folder: Path, names: Sequence[str]) -> None:
    """Remove all else from a scratch folder, so that only files to be moved wait in it."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in names:
            path.unlink()


def is_waiting(folder: Path) -> bool:
    """Whether new files of a folder wait for `complete`."""
    return (folder / _NEXT / _ORDER).is_file()


def complete(folder: Path) -> None:
    """Move new files into their place that a killed process has left waiting."""
    waiting = folder / _NEXT
    if not is_waiting(folder):
        with suppress(OSError):  # the rest of a replacement that ended after its last move
            waiting.rmdir()
        return
    files, new = _ordered(waiting / _ORDER)
    moved = [name for name in new if not (waiting / name).is_file()]
    for name in reversed(files):
        if name not in moved:
            (folder / name).unlink(missing_ok=True)
    for name in files:
        if (waiting / name).is_file():
            (waiting / name).rename(folder / name)
    flush_names(*(folder / name for name in files))
    (waiting / _ORDER).unlink()  # the last of its files
    waiting.rmdir()


def _ordered(order: Path) -> tuple[list[str], list[str]]:
    """The names of all files and of the new ones, from a replacement's order.

    Raises:
        UserError: for an order that this program cannot have written.
    """
    with suppress(KeyError, TypeError, ValueError):
        told = json.loads(order.read_text(encoding="utf8"))
        files, new = told["files"], told["new"]
        plain = all(name == _WRITTEN or (Path(name).name == name and name[:1] != ".") for name in files)
        if plain and set(new) <= set(files):
            return list(files), list(new)
    remedy = f"move the new files out of {order.parent} by hand, then delete it"
    raise UserError(f"expected the names of new files in {order}", "something else", remedy)
