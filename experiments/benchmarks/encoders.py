"""Growth of anonymous memory while texts and pictures are encoded, at one size and at ten times as many rows.

    python experiments/benchmarks/encoders.py --rows 44072

Titles are of random words, pictures random colours at 60 × 80 in one file. Mapped tables are files, so they do not
count; values, answers and the list itself are there before, and do not count either.
"""

import argparse
import io
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from churn.data.encoders.chances import Chances, Source
from churn.data.encoders.pictures import WIDTH, described, opener
from churn.data.encoders.texts import Characters
from churn.data.encoders.vectors import encoded

WORDS = np.array(
    [f"{a}{b}" for a in ("am", "bir", "co", "du", "em", "fjo", "gro", "hea") for b in ("ber", "ch", "balt", "ne")]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=44_072)
    rows = parser.parse_args().rows
    print("| values | rows | growth, MiB | seconds |\n| --- | --- | --- | --- |")
    for name, way in {"titles": titles, "pictures": pictures}.items():
        for n in (rows, 10 * rows):
            with multiprocessing.get_context("spawn").Pool(1) as process:
                grown, seconds = process.apply(way, (n,))
            print(f"| {name} | {n:,} | {grown:.0f} | {seconds:.0f} |", flush=True)


def titles(n: int) -> tuple[float, float]:
    drawn = np.random.default_rng(0).integers(0, len(WORDS), (n, 5))
    texts = np.array([" ".join(WORDS[row]) for row in drawn], object)
    learnt(Characters(texts[:100]), 100)  # what is loaded once
    return growth(lambda: learnt(Characters(texts), n))


def pictures(n: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        members = drawn_to(Path(folder) / "all.bin", n)
        found = opener(members, name="photo", place=str(Path(folder) / "all.bin"))

        def encode(places: np.ndarray) -> np.ndarray:
            return np.stack([described(picture) for place in places if (picture := found.open(int(place)))])

        def whole(name: str, n: int) -> None:
            learnt(encoded(Path(folder) / name, encode, n=n, width=WIDTH, identity=name), n)

        whole("few", 100)
        return growth(lambda: whole("all", n))


def drawn_to(path: Path, n: int) -> pd.DataFrame:
    """A file of 200 pictures, to which the members of a list point in turns."""
    rng, sizes = np.random.default_rng(0), []
    with path.open("wb") as file:
        for _ in range(200):
            content = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (80, 60, 3), np.uint8)).save(content, "JPEG")
            sizes.append(file.write(content.getvalue()))
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.arange(n) % len(sizes)
    return pd.DataFrame({"photo_offset": begins[place], "photo_size": np.array(sizes)[place]})


def learnt(source: Source, n: int) -> None:
    rng = np.random.default_rng(1)
    share, places = rng.random(n), np.arange(n)
    Chances.fit(source, places, rng.integers(0, 2, n).astype(float), share=share).of(source, places, share=share)


def growth(work: Callable[[], None]) -> tuple[float, float]:
    """The most that anonymous memory grows while work is done, in MiB, and the seconds that it takes."""
    before, most, done = anonymous(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            most = max(most, anonymous() - before)

    watcher, start = threading.Thread(target=watch), time.perf_counter()
    watcher.start()
    work()
    done.set()
    watcher.join()
    return most, time.perf_counter() - start


def anonymous() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
