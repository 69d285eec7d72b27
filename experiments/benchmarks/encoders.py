"""Growth of anonymous memory while texts and pictures are encoded, at one size and at ten times as many rows.

    python experiments/benchmarks/encoders.py --rows 44072
    python experiments/benchmarks/encoders.py --rows 44072 --products ../shared/data/fashion

Titles are of random words, pictures random colours at 60 × 80 in one file, unless a folder of products is named, whose
rows are repeated where more are asked for. The network is a tiny one with random weights, and counts with all that it
loads. Mapped tables are files, so they do not count; values, answers and the list itself are there before, and do not
count either.
"""

import argparse
import io
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from churn.data.encoders.chances import Chances, Source
from churn.data.encoders.networks import Network
from churn.data.encoders.pictures import picture_vectors
from churn.data.encoders.texts import Characters

WORDS = np.array(
    [f"{a}{b}" for a in ("am", "bir", "co", "du", "em", "fjo", "gro", "hea") for b in ("ber", "ch", "balt", "ne")]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=44_072)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--only", choices=[*WAYS], nargs="+", default=[*WAYS])
    parser.add_argument("--products", type=Path)
    asked = parser.parse_args()
    print("| values | rows | growth, MiB | seconds |\n| --- | --- | --- | --- |")
    for name in asked.only:
        for n in (asked.rows * times for times in asked.times):
            with tempfile.TemporaryDirectory() as folder:
                if name == "pictures by a network":
                    alone(save_network, Path(folder))
                grown, seconds = alone(WAYS[name], n, asked.products, Path(folder))
            print(f"| {name} | {n:,} | {grown:.0f} | {seconds:.0f} |", flush=True)


def alone(way: Callable[..., Any], *told: object) -> Any:
    """The result of a function in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as process:
        return process.apply(way, told)


def titles(n: int, products: Path | None, folder: Path) -> tuple[float, float]:
    drawn = np.random.default_rng(0).integers(0, len(WORDS), (n, 5))
    words = np.array([" ".join(WORDS[row]) for row in drawn], object) if products is None else listed(products).title
    texts = np.resize(np.asarray(words, object), n)
    learnt(Characters(texts[:100]), np.arange(100))  # what is loaded once
    return growth(lambda: learnt(Characters(texts), np.arange(n)))


def pictures(n: int, products: Path | None, folder: Path) -> tuple[float, float]:
    read = reader(n, products, folder)
    read(100)  # what is loaded once
    return growth(lambda: read(n))


def network(n: int, products: Path | None, folder: Path) -> tuple[float, float]:
    read = reader(n, products, folder)
    return growth(lambda: read(n, Network(folder, "picture", key="encoder")))


def reader(n: int, products: Path | None, folder: Path) -> Callable[..., None]:
    """A function that encodes the first pictures of n, and learns from these."""
    place = (folder if products is None else products) / "pictures.bin"
    if products is None:
        members = drawn_to(place, n)
    else:
        rows = listed(products)
        members = rows.iloc[np.arange(n) % len(rows)].filter(like="picture_").reset_index(drop=True)

    def read(first: int, network: Network | None = None) -> None:
        told = {"name": "picture", "place": str(place), "kept": folder / str(first), "network": network}
        source, position, _ = picture_vectors(members[:first], **told)
        learnt(source, position)

    return read


def listed(products: Path) -> pd.DataFrame:
    return pd.read_parquet(products / "products.parquet")


def save_network(folder: Path) -> None:
    """Write a network of one layer with random weights."""
    import transformers

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    transformers.ViTModel(transformers.ViTConfig(image_size=32, patch_size=8, **sizes)).save_pretrained(folder)
    transformers.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


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
    return pd.DataFrame({"picture_offset": begins[place], "picture_size": np.array(sizes)[place]})


def learnt(source: Source, value: np.ndarray) -> None:
    rng, have = np.random.default_rng(1), value[value >= 0]
    share = rng.random(len(value))
    rate = rng.integers(0, 2, len(have)).astype(float)
    Chances.fit(source, have, rate, share=share[value >= 0]).of(source, value, share=share)


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


WAYS = {"titles": titles, "pictures": pictures, "pictures by a network": network}

if __name__ == "__main__":
    main()
