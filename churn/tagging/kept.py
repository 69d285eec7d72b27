"""The tagger that was chosen, kept as plain numbers, so that further items are tagged without learning again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import as_written, atomic, check_hashes, declared, hashes_of
from churn.errors import UserError
from churn.tagging import taggers
from churn.tagging.items import Items
from churn.tagging.rows import rows_of
from churn.tagging.sets import Sets, cooled
from churn.tagging.taggers import Keepable, Tagger

TAGGER = "tagger.npz"  # of the folder of `churn tag`
_OWN = taggers.Characters, taggers.CharactersAndWords, taggers.Words, taggers.Pictures, taggers.Fused
_KINDS: dict[str, type[Keepable]] = {kind.__name__: kind for kind in _OWN}  # no other class is made of a file
_MODEL = "model."


@dataclass(frozen=True)
class Kept:
    """A tagger that has learnt from every item with a category."""

    model: Tagger
    names: NDArray[np.object_]  # (k,) the categories
    sets: Sets
    temperature: float
    threshold: float  # probability of the likeliest category under which an item is of none

    def chances(self, items: Items) -> NDArray[np.float64]:
        """The probabilities of the categories, (n, k)."""
        return cooled(self.model.predict_proba(items), self.temperature)

    def tagged(self, items: Items) -> pd.DataFrame:
        """A row per item without a category, as `items.parquet` has it.

        Raises:
            UserError: for items that have nothing that the tagger reads.
        """
        reads = self.model.needs
        have = {"text": items.has_text, "picture": items.has_picture}
        if lacking := (~np.any([have[part] for part in reads], axis=0)).sum():
            expected = f"expected a {' or a '.join(reads)} of each item, which {type(self.model).__name__} reads"
            raise UserError(expected, f"{lacking:,} without", "add it, or leave these out")
        p = self.chances(items)
        return rows_of(items, p, self.sets.of(p), self.names, self.threshold)

    def save(self, folder: Path) -> dict[str, str]:
        """Write a tagger of this package to a folder, and return the file's hash by its name; none for another."""
        model = self.model
        weights = model.weights() if isinstance(model, Keepable) and type(model) in _KINDS.values() else {}
        if not weights:
            return {}
        numbers = {"names": self.names.astype(str), "least": self.sets.least}
        about = {"kind": type(model).__name__, "temperature": self.temperature, "threshold": self.threshold}
        arrays = {**numbers, **{name: np.array(one) for name, one in about.items()}}
        with atomic(folder / TAGGER) as scratch, scratch.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays, **{f"{_MODEL}{name}": one for name, one in weights.items()})
        return hashes_of(folder, [TAGGER])

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UserError: if the folder has none, or it is not as it was written.
        """
        known = declared.TAGGING.read(folder).get("sha256", {})
        if TAGGER not in known:
            raise UserError(f"expected a tagger in {folder}", "none that was kept", "make the folder again: churn tag")
        check_hashes(folder, known)
        with as_written(folder / TAGGER, KeyError), np.load(folder / TAGGER, allow_pickle=False) as arrays:
            weights = {name.removeprefix(_MODEL): arrays[name] for name in arrays if name.startswith(_MODEL)}
            model = _KINDS[str(arrays["kind"])].of(weights)
            names, sets = arrays["names"].astype(object), Sets(arrays["least"])
            return cls(model, names, sets, float(arrays["temperature"]), float(arrays["threshold"]))
