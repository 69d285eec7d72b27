"""A row as one text: `column_value column_value …`, its copies with nulls, and the columns that say least."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from churn.data import Windows

_TENTHS = np.arange(1, 10) / 10
_TREES = 100


@dataclass(frozen=True)
class Words:
    """The words of a window, one for each column that is kept.

    A text has the word `origin_web`, a number the tenth of the training windows in which it lies, as `visits_7`, and
    whatever is missing `visits_nan`.

    Example:
        >>> from churn.data import example_split
        >>> train = example_split().train
        >>> Words.fit(train.recent(1)).of(train.recent(1))[0, :2].tolist()
        ['own-post_0', 'fan-comment_0']
    """

    edges: dict[str, list[float]]  # of each column that holds a number, rising
    kept: list[str] | None = None  # the columns in a text; all where None

    @classmethod
    def fit(cls, windows: Windows) -> Self:
        """Take the tenths of each number from training windows."""
        flat = windows.flat()
        numbers = {name: flat[:, at] for name, (at, levels) in _columns(windows).items() if levels is None}
        return cls({name: _edges(_numbers(found)) for name, found in numbers.items()})

    def of(self, windows: Windows) -> NDArray[np.object_]:
        """The words, (n, c)."""
        flat, found = windows.flat(), []
        for name, (at, levels) in _columns(windows).items():
            if self.kept is None or name in self.kept:
                values = self._tenths(name, flat[:, at]) if levels is None else _levels(levels, flat[:, at])
                found.append(np.char.add(f"{name}_", values).astype(object))
        return np.column_stack(found)

    def without_weakest(self, n: int, windows: Windows, y: NDArray[np.int8], *, seed: int) -> "Words":
        """These words without the `n` columns that a random forest uses least; one column stays in any case."""
        from sklearn.ensemble import RandomForestClassifier

        names, words = list(_columns(windows)), self.of(windows)
        codes = np.column_stack([np.unique(column, return_inverse=True)[1] for column in words.T])
        forest = RandomForestClassifier(_TREES, min_samples_leaf=5, random_state=seed).fit(codes, y)
        weakest = np.argsort(forest.feature_importances_, kind="stable")[: min(n, len(names) - 1)]
        return Words(self.edges, [name for place, name in enumerate(names) if place not in weakest])

    def _tenths(self, name: str, columns: NDArray[np.float32]) -> NDArray[np.str_]:
        numbers = _numbers(columns)
        return np.where(np.isnan(numbers), "nan", np.searchsorted(self.edges[name], numbers).astype(str))


def texts(words: NDArray[np.object_]) -> list[str]:
    """A text for each row of words, (n, c) to (n,)."""
    return [" ".join(row) for row in words]


def with_copies(
    words: NDArray[np.object_], y: NDArray[np.int8], *, copies: int, of_both: bool, blanked: float, seed: int
) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
    """Rows and their labels, then copies in which a share of the words, drawn for each copy, is `column_nan`.

    Args:
        words: The rows, (n, c).
        y: Their labels, (n,).
        copies: Copies of each row.
        of_both: Whether rows of both classes are copied, or the positive ones alone.
        blanked: The share of the words.
        seed: The seed of the draw.
    """
    copied = np.tile(np.flatnonzero(y >= (0 if of_both else 1)), copies)
    blank = np.random.default_rng(seed).random((len(copied), words.shape[1])) < blanked
    changed = np.where(blank, missing(words), words[copied])
    return np.concatenate([words, changed]), np.concatenate([y, y[copied]])


def missing(words: NDArray[np.object_]) -> NDArray[np.object_]:
    """The word of each column that says that it is missing, (c,)."""
    return np.array([f"{word.rpartition('_')[0]}_nan" for word in words[0]], object)


def _columns(windows: Windows) -> dict[str, tuple[list[int], list[str] | None]]:
    """The places in `Windows.flat` of each column of a text, and its levels, None for a number.

    A number's second place says whether it is missing.
    """
    sources, found = dict(zip(windows.features, windows.sources, strict=True)), {}
    for place, (feature, day) in enumerate(windows.flat_features()):
        source, own = sources[feature], feature.removesuffix("_missing")
        levelled = source is not None and source.one_hot
        name = source.name if levelled else own if own in sources else feature
        when = "" if day == -1 else f"{day}"  # the last day is meant where none is said
        at, levels = found.setdefault(_one_word(f"{name}{when}"), ([], [] if levelled else None))
        at.append(place)
        if levelled:
            levels.append(_one_word(feature.partition("=")[2]) or "nan")
    return found


def _one_word(text: str) -> str:
    return "-".join(text.replace("_", "-").split()) if text.strip() else ""


def _numbers(columns: NDArray[np.float32]) -> NDArray[np.float64]:
    """Numbers with NaN where a second column says that they are missing, (n,)."""
    numbers = columns[:, 0].astype(np.float64)
    return np.where(columns[:, 1] > 0, np.nan, numbers) if columns.shape[1] > 1 else numbers


def _edges(numbers: NDArray[np.float64]) -> list[float]:
    """Between the values where these are few, since the tenths of yes and no may all be no."""
    values = np.unique(known := numbers[~np.isnan(numbers)])
    few = len(values) <= len(_TENTHS) + 1
    return [float(x) for x in ((values[1:] + values[:-1]) / 2 if few else np.unique(np.quantile(known, _TENTHS)))]


def _levels(levels: list[str], columns: NDArray[np.float32]) -> NDArray[np.str_]:
    return np.where(columns.any(axis=1), np.array(levels)[columns.argmax(axis=1)], "nan")
