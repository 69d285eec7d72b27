"""Measures of the taggers on the exact splits of earlier work: products, posts and Korean utterances.

    python experiments/catalogue/measures.py DIR fashion korean posts

DIR holds a folder of each name. Products whose category has at least ten are tested where the hash of the title
is 0 modulo 5; masked titles lack the words of categories' names. Posts are tested on the newest fifth. Of the Korean
texts only count that do not stand in training.
"""

import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from churn.tagging import Characters, CharactersAndWords, Fused, ItemConfig, Items, Pictures, Tagger, Words, read_items

OF_TEXT = (Words, Characters, CharactersAndWords)
LETTERS = re.compile("[^a-z]")


def main(home: Path, names: list[str]) -> None:
    print("| data | tagger | top-1 | top-3 | macro-F1 |\n| --- | --- | --- | --- | --- |")
    for name in names:
        with TemporaryDirectory() as kept:
            for told, items, test, kinds in {"fashion": fashion, "korean": korean, "posts": posts}[name](
                home / name, Path(kept)
            ):
                for kind in kinds:
                    print(f"| {told} | {kind.__name__} | {' | '.join(measured(kind, items, test))} |", flush=True)


def measured(kind: type[Tagger], items: Items, test: NDArray[np.bool_]) -> list[str]:
    """Top-1, top-3 and macro-F1 on the test items of a tagger that has learnt from the others."""
    names, codes = np.unique(items.table["category"].astype(str), return_inverse=True)
    p = kind().fit(items.take(~test), codes[~test], k=len(names)).predict_proba(items.take(test))
    right, order = codes[test], np.argsort(-p, axis=1)[:, :3]
    shares = (order[:, 0] == right).mean(), (order == right[:, None]).any(axis=1).mean()
    return [f"{share:.4f}" for share in (*shares, f1_score(right, order[:, 0], average="macro", zero_division=0))]


def fashion(folder: Path, kept: Path) -> Iterator[tuple[str, Items, NDArray[np.bool_], tuple[type[Tagger], ...]]]:
    mapped = {"item_id": "product_id", "text": "title", "picture": "picture"}
    config = ItemConfig(str(folder / "products.parquet"), mapped, pictures=str(folder / "pictures.bin"))
    items, _ = read_items(config, kept=kept)
    items = items.take((items.table.groupby("category")["category"].transform("size") >= 10).to_numpy())
    test = np.array([bucket(title, 5) == 0 for title in items.table["text"]])
    yield "fashion", items, test, (*OF_TEXT, Pictures, Fused)
    hidden = {word for name in items.table["category"].unique() for word in words(name)}
    masked = items.table.assign(text=[mask(title, hidden) for title in items.table["text"]])
    yield (
        "fashion, masked titles",
        Items(masked, items.vectors, items.place),
        test,
        (*OF_TEXT, Fused),
    )


def korean(folder: Path, kept: Path) -> Iterator[tuple[str, Items, NDArray[np.bool_], tuple[type[Tagger], ...]]]:
    table = pd.read_parquet(folder / "utterances.parquet").rename(
        columns={"utterance_id": "item_id", "kind": "category"}
    )
    text, test = table["text"].str.strip().str.lower(), (table["part"] == "test").to_numpy()
    yield "korean, all test texts", Items(table), test, OF_TEXT
    unseen = ~test | ~text.isin(set(text[~test])).to_numpy()
    yield "korean, unseen texts", Items(table).take(unseen), test[unseen], OF_TEXT


def posts(folder: Path, kept: Path) -> Iterator[tuple[str, Items, NDArray[np.bool_], tuple[type[Tagger], ...]]]:
    columns = {"post_id": "item_id", "title": "text", "community": "category"}
    table = pd.read_parquet(folder / "posts.parquet").rename(columns=columns)
    yield (
        "posts",
        Items(table),
        (table["timestamp"] > table["timestamp"].quantile(0.8)).to_numpy(),
        OF_TEXT,
    )


def bucket(title: str, n: int) -> int:
    """The hash of a title modulo n."""
    return int(sha256(title.strip().lower().encode()).hexdigest()[:8], 16) % n


def words(name: str) -> set[str]:
    """The words of three and more letters of a category's name, with and without s."""
    found = {word for word in re.findall("[a-z]+", name.lower()) if len(word) >= 3}
    return found | {f"{word}s" for word in found} | {word.removesuffix("s") for word in found}


def mask(title: str, hidden: set[str]) -> str:
    """A title without the words of categories' names."""
    return " ".join(word for word in title.split(" ") if LETTERS.sub("", word.lower()) not in hidden)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
