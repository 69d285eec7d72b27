"""Bytes of memory per window, beyond the panel, while the windows of a large log are found and split.

Goal: at most 32. A window is an offset into the panel, so the figure does not depend on the length of the history.

A process of its own makes the log and writes the panel, so that memory left by them cannot hide growth here. The
panel is mapped from its files, and mapped pages count as resident once they are read: every page is read before the
measurement begins. Growth is of the resident size (Linux), at its peak and with the split in memory.

    python experiments/benchmarks/windows_memory.py
    python experiments/benchmarks/windows_memory.py --users 40000 --days 365
"""

import argparse
import multiprocessing
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import DataConfig, Panel, Split, Windows, prepare, slide, split_windows
from churn.data.windows.panel import load

GOAL = 32
CONFIG = DataConfig(events="events", stickers="stickers")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="churn-benchmark-") as scratch:
        folder = Path(scratch) / "dataset"
        maker = multiprocessing.get_context("spawn").Process(target=_make, args=(options.users, options.days, folder))
        maker.start()
        maker.join()
        _measure(load(folder / "panel"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Bytes per window while windows are found and split.")
    parser.add_argument("--users", type=int, default=12_000)
    parser.add_argument("--days", type=int, default=180)
    return parser.parse_args()


def _make(n_users: int, n_days: int, folder: Path) -> None:
    """Write the panel of a log in which users act on three days in ten and get a sticker on one in twenty."""
    rng = np.random.default_rng(0)
    level = rng.beta(1.5, 3.5, (n_users, 1))  # some hardly ever act, which leaves days without a window
    events = _rows(rng.random((n_users, n_days)) < level).assign(event="post")
    stickers = _rows(rng.random((n_users, n_days)) < 0.05).assign(amount=1.0)
    events["actor_id"], stickers["actor_id"] = events["user_id"], "fan"
    prepare(CONFIG, folder, frames={"events": events, "stickers": stickers})


def _rows(mask: np.ndarray) -> pd.DataFrame:
    """One row per true cell of a matrix, (u, d)."""
    user, day = np.nonzero(mask)
    when = pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame({"user_id": np.char.add("user", user.astype(str)), "timestamp": when})


def _measure(panel: Panel) -> None:
    _read(panel)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again
    windows = slide(panel, CONFIG.windows)
    peak_slide, after_slide = _resident("VmHWM") - before, _resident("VmRSS") - before
    split = split_windows(windows, CONFIG.split)
    peak, after = _resident("VmHWM") - before, _resident("VmRSS") - before
    n, size = len(windows), sum(rows.nbytes for rows in _matrices(panel))
    print(f"{n:,} windows over {len(panel.users):,} users and {panel.n_days} days; the panel has {size / 1e6:,.0f} MB")
    print(f"{'':24} {'peak':>8} {'held':>8} {'arrays':>8}   bytes per window")
    print(f"{'windows':24} {peak_slide / n:8.1f} {after_slide / n:8.1f} {_size(windows) / n:8.1f}")
    print(f"{'windows and their split':24} {peak / n:8.1f} {after / n:8.1f} {_size(windows, *_parts(split)) / n:8.1f}")
    print(f"peak {peak / n:.1f}, goal {GOAL}: {'met' if peak <= GOAL * n else 'missed'}")


def _matrices(panel: Panel) -> list[NDArray[Any]]:
    """The arrays of a panel with one entry per row."""
    return [rows for rows in (panel.counts, panel.amounts, panel.active) if rows is not None]


def _read(panel: Panel) -> None:
    """Read every page of the panel once, through buffers that are freed afterwards."""
    for rows in _matrices(panel):
        for start in range(0, len(rows), 1 << 16):
            rows[start : start + (1 << 16)].max()


def _resident(key: str) -> int:
    """VmRSS or VmHWM, the resident size and its peak, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


def _parts(split: Split) -> tuple[Windows, ...]:
    return split.train, split.val, split.test, split.score


def _size(*windows: Windows) -> int:
    """The bytes of the windows' arrays, as numpy counts them."""
    columns = (column for part in windows for column in (part.user, part.cutoff, *part.labels.values()))
    return sum(column.nbytes for column in columns)


if __name__ == "__main__":
    main()
