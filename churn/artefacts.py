"""Reading and writing a run's files, so that each is either whole or absent."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churn.errors import UserError

PARTIAL = ".partial-"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside `path` and rename it there once the block has ended well.

    The scratch may become a file or a folder; after an error it is removed and `path` is as it was.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic(folder / "note.txt") as scratch:
        ...     _ = scratch.write_text("whole")
        >>> [p.name for p in folder.iterdir()]
        ['note.txt']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    try:
        yield scratch
        if path.is_dir() and scratch.exists():
            shutil.rmtree(path)
        scratch.replace(path)
    finally:
        if scratch.is_dir():
            shutil.rmtree(scratch)
        scratch.unlink(missing_ok=True)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet or CSV, by the ending of `path`."""
    with atomic(path) as scratch:
        if path.suffix == ".parquet":
            table.to_parquet(scratch, index=False)
        else:
            table.to_csv(scratch, index=False)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that a run wrote, with every number as it was and ids as text.

    Where text could pass for a formula, a file for spreadsheets has an apostrophe before it, which ids lose again.
    """
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    # By default pandas misses a third of the numbers by the last bit, and reads the id 007 as 7 and "null" as missing.
    return pd.read_csv(path, float_precision="round_trip", converters={"user_id": _restored})


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
    """Read what `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf8"))


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text."""
    with atomic(path) as scratch:
        scratch.write_text(text, encoding="utf8")


def write_with(write: Callable[[Path], object], path: Path) -> None:
    """Let a library's own writer make the file or folder at `path`."""
    with atomic(path) as scratch:
        write(scratch)


def prepare_folder(path: Path) -> Path:
    """Make a folder that can be written to, and clear what an interrupted run left half-written.

    Raises:
        UserError: if the folder cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f"{PARTIAL}probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"expected a folder that can be written to at {path}", error.strerror, "choose another --out"
        ) from error
    for stale in path.rglob(f"{PARTIAL}*"):
        if stale.is_dir():
            shutil.rmtree(stale)
        else:
            stale.unlink(missing_ok=True)
    return path


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    return str(value)
