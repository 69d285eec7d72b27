"""Replacement: files of a folder give way to new ones all together, whenever the process is ended."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from churn.disk import PARTIAL
from churn.errors import UserError

_NEXT, _ORDER = ".churn-next", ".order.json"  # a folder of new files that are all there; their names


@contextmanager
def together(folder: Path, files: Sequence[str]) -> Iterator[Path]:
    """Yield a scratch folder whose files replace those of `folder`, all together, once the block has ended well.

    Files of two times never lie side by side: all old ones go before the first new one comes. If the process ends in
    between, the new ones wait, and `complete` puts them in their place.

    Args:
        folder: Where the files belong.
        files: The names of all files that may be written, the one last by which a reader knows that the others are
            there; an old one that is not written anew goes, too. What else is in the scratch folder is lost after the
            block, and nothing else in `folder` is touched.

    Raises:
        UserError: if a folder stands in a file's place.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for n in (1, 2):
        ...     with together(folder, ["list.csv", "told.json"]) as scratch:
        ...         _ = (scratch / "list.csv").write_text(f"list {n}")
        ...         _ = (scratch / "told.json").write_text("{}")
        >>> sorted(p.name for p in folder.iterdir()), (folder / "list.csv").read_text()
        (['list.csv', 'told.json'], 'list 2')
    """
    for name in files:
        if (folder / name).is_dir():
            raise UserError(f"expected a file or nothing at {folder / name}", "a folder", "move it elsewhere")
    scratch = folder / f"{PARTIAL}{os.getpid()}-next"
    scratch.mkdir(parents=True)
    try:
        yield scratch
        order = {"files": list(files), "new": [name for name in files if (scratch / name).is_file()]}
        (scratch / _ORDER).write_text(json.dumps(order), encoding="utf8")
        scratch.rename(folder / _NEXT)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        complete(folder)


def is_waiting(folder: Path) -> bool:
    """Whether new files of a folder wait for `complete`."""
    return (folder / _NEXT / _ORDER).is_file()


def complete(folder: Path) -> None:
    """Put new files in their place which a process that was ended has left waiting."""
    waiting = folder / _NEXT
    if not is_waiting(folder):
        return
    order = json.loads((waiting / _ORDER).read_text(encoding="utf8"))
    files = [name for name in order["files"] if Path(name).name == name]
    moved = [name for name in order["new"] if not (waiting / name).is_file()]
    for name in reversed(files):
        if name not in moved:
            (folder / name).unlink(missing_ok=True)
    for name in files:
        if (waiting / name).is_file():
            (waiting / name).rename(folder / name)
    shutil.rmtree(waiting)
