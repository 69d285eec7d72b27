"""Arrays in memory-mapped files, with all of their space allocated beforehand.

A sparse file takes space as its map is filled, and where none is left a signal kills the process.
"""

import errno
import math
import os
import tempfile
from pathlib import Path
from typing import IO, Any

import ibis
import numpy as np
from numpy.typing import DTypeLike, NDArray

from churn.disk import temporary_place, writing

_BLOCK = bytes(1 << 20)


def mapped(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Zeros in a new .npy file.

    Raises:
        DiskError: if they have no place.

    Example:
        >>> from churn.disk import temporary_folder
        >>> with temporary_folder() as folder:
        ...     mapped(folder / "days.npy", np.int32, (2, 3))[1, 2] = 7
        ...     np.load(folder / "days.npy").tolist()
        [[0, 0, 0], [0, 0, 7]]
    """
    kind = np.dtype(dtype)
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    with writing(path), path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        _take(file, math.prod(shape) * kind.itemsize)
    array: NDArray[Any] = np.load(path, mmap_mode="r+")
    return array


def mapped_without_name(dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Zeros, at least one, in a temporary file that is removed with the array.

    Raises:
        DiskError: if they have no place.
    """
    place = temporary_place()
    with writing(place), tempfile.TemporaryFile(prefix="churn-", dir=place) as file:
        _take(file, math.prod(shape) * np.dtype(dtype).itemsize)
        return np.memmap(file, dtype, mode="r+", shape=shape)


def filled(days: ibis.Table, path: Path, dtype: np.dtype[np.void], *, first_day: int) -> None:
    """Write rows of users' days to a new .npy file, sorted by user and day; memory is bounded by one batch.

    The first row is of no user, -1, since a file of no rows could not be mapped.

    Args:
        days: The rows, with columns as `dtype` names them; `day` in days since 1970.
        path: The file.
        dtype: The type of a row, with `user` and `day`.
        first_day: The day since 1970 from which the file's days count.
    """
    rows, begin = mapped(path, dtype, (int(days.count().execute()) + 1,)), 1
    rows[0]["user"] = -1
    for batch in days.order_by("user", "day").to_pyarrow_batches():
        part = rows[begin : begin + len(batch)]
        for name in dtype.names or ():
            part[name] = batch[name].to_numpy()
        part["day"] -= first_day
        begin += len(batch)


def _take(file: IO[bytes], n_bytes: int) -> None:
    """Allocate space after a file's contents, all of it or none."""
    file.flush()
    try:
        os.posix_fallocate(file.fileno(), file.tell(), n_bytes)
    except (AttributeError, OSError) as error:  # the platform or the file system has no such call
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
        for begin in range(0, n_bytes, len(_BLOCK)):
            file.write(_BLOCK[: n_bytes - begin])
        file.flush()
