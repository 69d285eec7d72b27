"""None of these: the probability under which an item is of no known category, tuned on categories held out."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_SHARE = 0.2  # of the categories, held out
_FEWEST = 5  # categories from which on some are held out
_UNTUNED = 0.05  # share of known items under the threshold where none are


@dataclass(frozen=True)
class Unlike:
    """The threshold of the likeliest category's probability, and how it does on test items."""

    threshold: float
    categories: int  # the number held out
    n: int = 0  # test items of categories held out
    found: float | None = None  # share of these under the threshold
    n_known: int = 0  # test items of the other categories
    refused: float | None = None  # share of these under the threshold, wrongly

    @classmethod
    def tune(cls, surest: NDArray[np.floating], new: NDArray[np.bool_], *, most: float) -> Self:
        """Choose the threshold that tells new categories best.

        Args:
            surest: The likeliest category's probability of each item, by a tagger that does not know some categories.
            new: Whether each item is of one of these, (n,).
            most: The largest share of other items that it may refuse.

        Returns:
            The threshold with the largest share of new items found, less the share of others refused (Youden, 1950).

        Example:
            >>> surest, new = np.array([0.2, 0.3, 0.9, 0.8, 0.7]), np.array([True, True, False, False, False])
            >>> Unlike.tune(surest, new, most=0.1).threshold
            0.7
        """
        tried = np.unique(surest)
        refused = _below(surest[~new], tried)
        gain = np.where(refused <= most, _below(surest[new], tried) - refused, -1)
        return cls(float(tried[int(gain.argmax())]), 0)

    @classmethod
    def untuned(cls, surest: NDArray[np.floating]) -> Self:
        """The threshold under which a twentieth of known items lie, where too few categories can be held out."""
        return cls(float(np.quantile(surest, _UNTUNED)), 0)

    def measured(self, surest: NDArray[np.floating], new: NDArray[np.bool_], *, categories: int) -> Self:
        """The threshold with its shares on other items."""
        under = surest < self.threshold
        found, refused = (float(under[part].mean()) if part.any() else None for part in (new, ~new))
        return type(self)(self.threshold, categories, int(new.sum()), found, int((~new).sum()), refused)


def held_out(names: NDArray[np.object_], *, seed: int) -> NDArray[np.bool_]:
    """A fifth of the categories, drawn at random, (k,); none where there are fewer than five."""
    out = np.zeros(len(names), np.bool_)
    if len(names) >= _FEWEST:
        out[np.random.default_rng(seed).permutation(len(names))[: max(1, round(_SHARE * len(names)))]] = True
    return out


def _below(values: NDArray[np.floating], thresholds: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of values under each threshold."""
    return np.asarray(np.searchsorted(np.sort(values), thresholds, side="left") / max(1, len(values)), np.float64)
