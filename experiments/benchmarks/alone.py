"""A measurement in a process of its own, so that no memory left by another measurement distorts it."""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


def measured(way: Callable[[Path], Answer], folder: Path, *, uses: str) -> tuple[float, float, Answer]:
    """Seconds, peak memory in MiB and the answer; importing the modules that the way uses does not count."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measured, way, folder, uses).result()


def _measured(way: Callable[[Path], Answer], folder: Path, uses: str) -> tuple[float, float, Answer]:
    import_module(uses)
    start = time.perf_counter()
    answer = way(folder)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, answer
