"""Pictures as numbers: colours of a small copy, and the directions of edges."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.encoders.chances import blocks
from churn.data.encoders.texts import cleaned
from churn.data.encoders.vectors import Vectors, encoded
from churn.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

    from churn.data.encoders.networks import Network

_SIZE = (48, 64)  # width and height at which edges are looked for
_SMALL = (12, 16)  # of the copy whose colours count
_CELLS, _DIRECTIONS = 4, 8  # cells a side, directions of edges from 0 to 180 degrees
WIDTH = 3 * _SMALL[0] * _SMALL[1] + _CELLS * _CELLS * _DIRECTIONS
_MOST = 89_478_485  # pixels, from which on Pillow warns of a picture


def described(picture: "Image") -> NDArray[np.float32]:
    """The colours of a small copy and, by cell, the strength of edges by direction (Dalal and Triggs, 2005): (WIDTH,).

    Example:
        >>> from PIL import Image
        >>> described(Image.new("RGB", (60, 80), "red")).shape
        (704,)
    """
    from PIL.Image import Resampling

    sized = picture.resize(_SIZE, Resampling.BILINEAR)
    colours = np.asarray(sized.resize(_SMALL, Resampling.BOX), np.float32) / 255
    down, right = np.gradient(np.asarray(sized.convert("L"), np.float32) / 255)
    direction = (np.arctan2(down, right) % np.pi / np.pi * _DIRECTIONS).astype(np.int64) % _DIRECTIONS
    row, column = (np.arange(n) * _CELLS // n for n in down.shape)
    place = (row[:, None] * _CELLS + column) * _DIRECTIONS + direction
    strength = np.bincount(place.ravel(), np.hypot(down, right).ravel(), _CELLS * _CELLS * _DIRECTIONS)
    cells = strength.reshape(-1, _DIRECTIONS)
    edges = cells / (np.linalg.norm(cells, axis=1, keepdims=True) + 1e-6)
    return np.concatenate([colours.ravel(), edges.ravel()]).astype(np.float32)


@dataclass(frozen=True)
class Pictures:
    """The pictures of a member list."""

    named: NDArray[np.bool_]  # (u,) whether the list names one
    read: Callable[[int], bytes]  # from a user to the bytes that should be a picture
    identity: str  # of the files and of what the list says

    def open(self, user: int) -> "Image | None":
        """The picture of a user; None for one that cannot be read."""
        return _opened(lambda: self.read(user))

    def digest(self, user: int) -> bytes | None:
        """A hash of the bytes, equal for equal pictures; None where there are none."""
        try:
            content = self.read(user) if self.named[user] else b""
        except (OSError, ValueError):
            return None
        return sha256(content).digest() if content else None


def opener(members: pd.DataFrame, *, name: str, place: str, key: str = "") -> Pictures:
    """The pictures of a member list, from one file that holds all or from a folder.

    Args:
        members: The member list: `<name>_offset` and `<name>_size` in bytes for one file, or `<name>` for a folder's
            files.
        name: The attribute.
        place: The file or the folder, `from` of its block.
        key: The configuration's key for the place; by default that of an attribute of members.

    Raises:
        UserError: if there is nothing at the place, or the list has not the columns for it.
    """
    path, key = Path(place), key or f"data.attributes.{name}.from"
    if not path.exists():
        raise UserError(f"expected pictures at {key}", f"nothing at {place}", "correct the path")
    columns = [name] if path.is_dir() else list(part_columns(name))
    for column in columns:
        if column not in members:
            what = "the names of a folder's files" if path.is_dir() else "the places in one file, in bytes"
            raise UserError(f"expected {what} in the column {column}", "no such column", f"add it, or change {key}")
    identity = _identity(path, members[columns])
    if path.is_dir():
        files = cleaned(members[name])
        return Pictures(files.notna().to_numpy(), lambda user: (path / files.iloc[user]).read_bytes(), identity)
    content = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
    first, size = (pd.to_numeric(members[column], errors="coerce") for column in columns)
    named = (first.notna() & size.notna()).to_numpy()
    begin, end = (part.fillna(0).clip(0, len(content)).to_numpy(np.int64) for part in (first, first + size))
    return Pictures(named, lambda user: content[begin[user] : end[user]].tobytes(), identity)


def picture_vectors(
    members: pd.DataFrame, *, name: str, place: str, kept: Path, network: "Network | None" = None, key: str = ""
) -> tuple[Vectors, NDArray[np.int64], int]:
    """The vectors of a list's pictures, each row's position among these, and the number of unreadable ones.

    Args:
        members: The list, (u,) rows.
        name: The attribute.
        place: The file or the folder of the pictures.
        kept: A folder for the vectors, so that a process that was stopped can continue.
        network: A network that reads pictures; colours and edges are taken without one.
        key: As for `opener`.

    Returns:
        The vectors; the position of each row's, (u,), -1 for none and for one that cannot be read; their number.

    Raises:
        UserError: as `opener`.
    """
    pictures = opener(members, name=name, place=place, key=key)
    there = np.flatnonzero(pictures.named)
    width = WIDTH if network is None else network.width

    def vectors(places: NDArray[np.int64]) -> NDArray[np.float32]:
        found = np.full((len(places), width), np.nan, np.float32)
        opened = {n: picture for n, place in enumerate(there[places]) if (picture := pictures.open(place)) is not None}
        if opened:
            seen = list(opened.values())
            found[list(opened)] = network.of(seen) if network else np.stack([described(picture) for picture in seen])
        return found

    identity = [None if network is None else network.identity, pictures.identity]
    source = encoded(kept, vectors, n=len(there), width=width, identity=identity)
    readable = ~np.isnan(source.table[:, 0])
    position = np.full(len(members), -1, np.int64)
    position[there] = np.where(readable, np.arange(len(there)), -1)
    return source, position, int((~readable).sum())


def part_columns(name: str) -> tuple[str, str]:
    """The columns that say where in one file a picture lies."""
    return f"{name}_offset", f"{name}_size"


def _identity(path: Path, told: pd.DataFrame) -> str:
    """A hash of a place's time and size, and of all that a list says of it."""
    found = sha256(f"{path.stat().st_mtime_ns} {path.stat().st_size}".encode())
    for places in blocks(np.arange(len(told))):
        rows = told.iloc[places].itertuples(index=False)
        found.update("".join("|".join(map(str, row)) + "\n" for row in rows).encode())
    return found.hexdigest()


def _opened(read: Callable[[], bytes]) -> "Image | None":
    from PIL import Image

    too_large = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(read())) as picture:
            return None if picture.width * picture.height > _MOST else picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, *too_large):  # Pillow's readers raise each for some broken file
        return None
