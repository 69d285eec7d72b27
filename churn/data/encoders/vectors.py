"""A table of vectors, one per value, written block by block and continued where a kill has stopped it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from churn.artefacts import read_object, write_json
from churn.data.encoders.chances import BLOCK, Learner
from churn.data.windows.mapped import mapped

_TABLE, _DONE = "vectors.npy", "done.json"
Encode = Callable[[NDArray[np.int64]], NDArray[np.floating]]  # from the places of values, (n,), to (n, width)


class Vectors:
    """Values as rows of a mapped table of float16, (n, width)."""

    def __init__(self, table: NDArray[np.float16]) -> None:
        self.table = table

    @property
    def width(self) -> int:
        """Numbers per value."""
        return int(self.table.shape[1])

    def __len__(self) -> int:
        """The number of values."""
        return len(self.table)

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some values, (n, width)."""
        return np.asarray(self.table[places], np.float32)

    def learners(self) -> tuple[Learner, ...]:
        """A network that may follow the vectors closely, and one that may not."""
        return Learner("network", 1e-3), Learner("network", 1.0)


def encoded(folder: Path, encode: Encode, *, n: int, width: int, identity: object) -> Vectors:
    """The vectors of n values; blocks that an earlier call finished are taken as they are.

    Args:
        folder: A folder for the table alone. It is begun again if it holds vectors of another identity.
        encode: Gives the vectors of some values.
        n: The number of values.
        width: Numbers per value.
        identity: What the vectors depend on, values and encoder, as JSON can write it.

    Raises:
        DiskError: if they have no place.
    """
    digest = hashlib.sha256(json.dumps([n, width, identity]).encode()).hexdigest()
    done = 0
    if (folder / _DONE).exists() and (saved := read_object(folder / _DONE)).get("identity") == digest:
        done = int(saved["values"])
        table = np.load(folder / _TABLE, mmap_mode="r+")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        table = mapped(folder / _TABLE, np.float16, (n, width))
    for first in range(done, n, BLOCK):
        places = np.arange(first, min(first + BLOCK, n))
        table[places] = encode(places)
        table.flush()
        write_json({"identity": digest, "values": int(places[-1]) + 1}, folder / _DONE)
    return Vectors(np.load(folder / _TABLE, mmap_mode="r"))
