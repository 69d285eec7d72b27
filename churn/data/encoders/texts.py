"""Texts as numbers: hashed groups of two to four letters, which need no dictionary and fit every script."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.encoders.chances import Learner
from churn.data.encoders.vectors import Vectors, encoded

if TYPE_CHECKING:
    from churn.data.encoders.networks import Network

LONGEST = 10_000  # letters of a text that are read
_BINS = 1 << 18
_PENALTIES = (1e-6, 1e-5, 1e-4)  # on 11,570 titles of projects the last was the best, on 35,275 of products the first


class Characters:
    """Texts, a row of hashed groups of letters each.

    Example:
        >>> texts = Characters(np.array(["A red shoe", "빨간 신발"]))
        >>> texts.rows(np.array([0, 1])).shape
        (2, 262144)
    """

    width: ClassVar[int] = _BINS

    def __init__(self, texts: NDArray[np.object_]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        """The number of texts."""
        return len(self._texts)

    def rows(self, places: NDArray[np.int64]) -> Any:
        """The rows of some texts: a sparse matrix (n, width)."""
        return letter_groups(self._texts[places], bins=_BINS)

    def learners(self) -> tuple[Learner, ...]:
        """Logistic regressions of different penalties."""
        return tuple(Learner("linear", penalty) for penalty in _PENALTIES)


def letter_groups(texts: NDArray[np.object_], *, bins: int) -> Any:
    """The hashed groups of two to four letters of some texts, within words: a sparse matrix (n, bins).

    Example:
        >>> letter_groups(np.array(["red", "Red"]), bins=64).sum(axis=0).max() > 0
        np.True_
    """
    return _hashed(texts, bins, analyzer="char_wb", ngram_range=(2, 4))


def hashed_words(texts: NDArray[np.object_], *, bins: int) -> Any:
    """The hashed words, and pairs of neighbouring ones, of some texts in any script: a sparse matrix (n, bins).

    Example:
        >>> hashed_words(np.array(["red shoe", "Red!"]), bins=1 << 16).nnz
        4
    """
    return _hashed(texts, bins, analyzer="word", ngram_range=(1, 2), token_pattern=r"\w+")


def _hashed(texts: NDArray[np.object_], bins: int, **how: Any) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    # signs do not cancel: a bin is a share of the text
    hashed = HashingVectorizer(n_features=bins, alternate_sign=False, **how)
    return hashed.transform([text[:LONGEST] for text in texts])


def cleaned(values: pd.Series) -> pd.Series:
    """Values as text without blanks around it; null where nothing is left.

    Example:
        >>> cleaned(pd.Series([" a song ", "", None, 7])).tolist()
        ['a song', None, None, '7']
    """
    text = values.astype(object).map(lambda value: str(value).strip(), na_action="ignore")
    return text.where(text.notna() & (text != ""), None)


def text_vectors(texts: pd.Series, *, network: "Network", kept: Path) -> tuple[Vectors, NDArray[np.int64]]:
    """The vectors of the different texts by a network, and each row's position among these, (u,), -1 for none.

    Args:
        texts: The texts as `cleaned` gives them, (u,).
        network: A network that reads texts.
        kept: A folder for the vectors, so that a process that was stopped can continue.
    """
    place, found = pd.factorize(texts)
    words = np.asarray(found, object)
    identity = [network.identity, _digest(words)]

    def vectors(places: NDArray[np.int64]) -> NDArray[np.float32]:
        return network.of(list(words[places]))

    return encoded(kept, vectors, n=len(words), width=network.width, identity=identity), place


def _digest(texts: NDArray[np.object_]) -> str:
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode() + b"\0")
    return found.hexdigest()
