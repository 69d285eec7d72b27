"""Taggers: from an item's text or picture to the probabilities of the categories."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.data import Vectors, blocks, hashed_words, letter_groups, user_share
from churn.tagging.items import Items
from churn.tagging.measures import log_loss

Weights = Mapping[str, NDArray[Any]]
_BAYES = ("feature_log_prob_", "class_log_prior_", "classes_")
_NOT_WORDS = re.compile(r"[^0-9a-z가-힣ㄱ-ㅎㅏ-ㅣ]+")
_HELD = 0.1  # share of the groups, by which text and picture are weighed
_FLOOR = 1e-3  # probability shared by all categories, so that no part alone can rule one out
_MARKUP = re.compile(r"<[^>]{0,200}>|&[a-z]{2,8};")


class Tagger(ABC):
    """A model of categories; a subclass may stand in any module, named by its import path.

    `fit` takes items and the place of each one's category among k; `predict_proba` gives (n, k) probabilities.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)  # parts of an item that are read: text, picture, text network

    most: ClassVar[int] = 1_000_000  # categories that it can learn in reasonable time

    @abstractmethod
    def fit(self, items: Items, codes: NDArray[np.int64], *, k: int, seed: int = 0) -> Self:
        """Learn from items, (n,), and their categories, (n,) from 0 to k - 1."""

    @abstractmethod
    def predict_proba(self, items: Items) -> NDArray[np.float32]:
        """The probability of each category, (n, k)."""


class Keepable(Tagger):
    """A tagger whose fit is plain numbers and words, so that it can be kept without running code of a file."""

    @abstractmethod
    def weights(self) -> Weights:
        """The numbers and words of a fit; none where it has learnt nothing."""

    @classmethod
    @abstractmethod
    def of(cls, weights: Weights) -> Self:
        """The tagger that has some `weights`."""


def plain_words(text: str) -> str:
    """A text without markup and quotes, in small letters and digits of Latin and Hangul alone.

    Example:
        >>> plain_words('<b>"Café" 빨간 신발!</b>')
        'caf 빨간 신발'
    """
    return _NOT_WORDS.sub(" ", _MARKUP.sub(" ", text.lower())).strip()


class Words(Keepable):
    """Counts of words and naive Bayes, on texts of letters and digits alone: the reference.

    Args:
        plain: Whether texts are reduced by `plain_words`; as they are otherwise.
    """

    def __init__(self, plain: bool = True) -> None:
        self.plain = plain

    def fit(self, items: Items, codes: NDArray[np.int64], *, k: int, seed: int = 0) -> Self:
        """Count the words of each category."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.naive_bayes import MultinomialNB

        self._k = k
        self._count: Any = CountVectorizer(**self._how)
        try:
            x = self._count.fit_transform(items.texts)
        except ValueError:  # no text has a word
            self._count = None
            return self
        self._bayes: Any = MultinomialNB().fit(x, codes)
        return self

    def predict_proba(self, items: Items) -> NDArray[np.float32]:
        """The probabilities by naive Bayes."""
        if self._count is None:
            return np.full((len(items), self._k), 1 / self._k, np.float32)
        logs = self._count.transform(items.texts) @ self._bayes.feature_log_prob_.T + self._bayes.class_log_prior_
        return _spread(scipy.special.softmax(logs, axis=1), self._bayes.classes_, self._k)

    def weights(self) -> Weights:
        """The words, and each one's logarithms of probability by category."""
        if self._count is None:
            return {}
        learnt = {name: getattr(self._bayes, name) for name in _BAYES}
        words = self._count.get_feature_names_out().astype(str)
        return {"k": np.array(self._k), "plain": np.array(self.plain), "words": words, **learnt}

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """The tagger of some words."""
        from sklearn.feature_extraction.text import CountVectorizer

        found = cls(plain=bool(weights["plain"]))
        found._k = int(weights["k"])
        found._count = CountVectorizer(**found._how, vocabulary=weights["words"].tolist())
        found._bayes = SimpleNamespace(**{name: weights[name] for name in _BAYES})
        return found

    @property
    def _how(self) -> dict[str, Any]:
        return {"preprocessor": plain_words if self.plain else None, "token_pattern": r"\S+"}


class _Streamed(Tagger):
    """A tagger that learns block by block by `partial_fit` of scikit-learn."""

    passes: ClassVar[int]

    @abstractmethod
    def new(self, k: int, seed: int) -> Any:
        """An estimator that has learnt nothing."""

    @abstractmethod
    def rows(self, items: Items) -> Any:
        """The numbers of some items, (n, width)."""

    def begin(self, items: Items, k: int) -> None:
        """Prepare for a fit."""

    def fit(self, items: Items, codes: NDArray[np.int64], *, k: int, seed: int = 0) -> Self:
        """Learn in a few passes, each in a random order of its own."""
        self._k, rng = k, np.random.default_rng(seed)
        self.begin(items, k)
        self._model = self.new(k, seed)
        for _ in range(self.passes):
            for places in blocks(rng.permutation(len(items))):
                self._model.partial_fit(self.rows(items.take(places)), codes[places], classes=np.arange(k))
        return self

    def predict_proba(self, items: Items) -> NDArray[np.float32]:
        """The probabilities, block by block."""
        found = np.empty((len(items), self._k), np.float32)
        for places in blocks(np.arange(len(items))):
            found[places] = self._chances(self.rows(items.take(places)))
        return found

    def _chances(self, x: Any) -> NDArray[np.float32]:
        return np.asarray(self._model.predict_proba(x), np.float32)


class Characters(_Streamed, Keepable):
    """Hashed groups of two to four letters and a logistic regression per category, learnt block by block.

    With many categories there are fewer bins, so that the weights stay within some hundred megabytes.
    """

    passes, most = 8, 2_000

    def begin(self, items: Items, k: int) -> None:
        """Choose the number of bins."""
        self._bins = 1 << (18 if k <= 30 else 16 if k <= 300 else 14)

    def new(self, k: int, seed: int) -> Any:
        """One-against-all logistic regressions."""
        from sklearn.linear_model import SGDClassifier

        return SGDClassifier(loss="log_loss", alpha=2e-6, random_state=seed)

    def rows(self, items: Items) -> Any:
        """The hashed groups, sparse."""
        return letter_groups(items.texts, bins=self._bins)

    def _chances(self, x: Any) -> NDArray[np.float32]:
        scores = np.asarray(x @ self._model.coef_.T + self._model.intercept_)
        if scores.shape[1] == 1:  # of two categories
            scores = np.column_stack([-scores, scores])
        chances: NDArray[np.float32] = scipy.special.softmax(scores, axis=1).astype(np.float32)
        return chances

    def weights(self) -> Weights:
        """The coefficients, in single precision."""
        coefficients = {"coef": np.float32(self._model.coef_), "intercept": self._model.intercept_}
        return {"k": np.array(self._k), "bins": np.array(self._bins), **coefficients}

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """The tagger of some coefficients."""
        found = cls()
        found._k, found._bins = int(weights["k"]), int(weights["bins"])
        found._model = SimpleNamespace(coef_=weights["coef"], intercept_=weights["intercept"])
        return found


class CharactersAndWords(Characters):
    """Hashed words, and pairs of neighbouring ones, beside the groups of letters: for texts of many subjects."""

    def rows(self, items: Items) -> Any:
        """The hashed groups, words and pairs, sparse."""
        parts = [hashed(items.texts, bins=self._bins) for hashed in (letter_groups, hashed_words)]
        return scipy.sparse.hstack(parts, format="csr")


class _OfVectors(_Streamed):
    """A network with one hidden layer on vectors of the items."""

    passes = 12

    @abstractmethod
    def vectors(self, items: Items) -> tuple[Vectors | None, NDArray[np.int64]]:
        """The table of vectors, and the place of each item's, (n,), -1 for none."""

    def begin(self, items: Items, k: int) -> None:
        """Measure mean and spread of each number."""
        from sklearn.preprocessing import StandardScaler

        self._scaler = StandardScaler()
        for places in blocks(np.flatnonzero(self.vectors(items)[1] >= 0)):
            self._scaler.partial_fit(self._rows(items.take(places)))

    def new(self, k: int, seed: int) -> Any:
        """The network."""
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier((256,), alpha=1e-3, random_state=seed)

    def _chances(self, x: Any) -> NDArray[np.float32]:
        """The network's answer, by its weights alone: one score for two categories, else one for each."""
        (first, last), (shift, level) = self._model.coefs_, self._model.intercepts_
        scores = np.maximum(x @ first + shift, 0) @ last + level
        if scores.shape[1] == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        return np.asarray(scipy.special.softmax(scores, axis=1), np.float32)

    def rows(self, items: Items) -> Any:
        """The scaled numbers; an item without any is an average one."""
        return self._scaler.transform(self._rows(items)) * (self.vectors(items)[1] >= 0)[:, None]

    def _rows(self, items: Items) -> NDArray[np.float32]:
        table, place = self.vectors(items)
        assert table is not None
        return table.rows(np.maximum(place, 0))


class Pictures(_OfVectors, Keepable):
    """A network with one hidden layer on pictures' colours and edges, or on what an encoder of one's own sees."""

    needs = ("picture",)

    def vectors(self, items: Items) -> tuple[Vectors | None, NDArray[np.int64]]:
        """The pictures."""
        return items.vectors, items.place

    def weights(self) -> Weights:
        """Mean and spread of each number, and the weights of both layers."""
        layers = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        flat = {f"{name}{n}": one for n, layer in enumerate(layers) for name, one in zip("wb", layer, strict=True)}
        return {"k": np.array(self._k), "mean": self._scaler.mean_, "scale": self._scaler.scale_, **flat}

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """The tagger of some weights."""
        from sklearn.preprocessing import StandardScaler

        found, scaler = cls(), StandardScaler()
        scaler.mean_, scaler.scale_, scaler.n_features_in_ = weights["mean"], weights["scale"], len(weights["mean"])
        found._k, found._scaler = int(weights["k"]), scaler
        coefs, intercepts = ([weights[f"{name}{n}"] for n in range(2)] for name in "wb")
        found._model = SimpleNamespace(coefs_=coefs, intercepts_=intercepts)
        return found


class TextNetwork(_OfVectors):
    """A network with one hidden layer on the last states of a text network, without whose directory it is of no use."""

    needs = ("text network",)

    def vectors(self, items: Items) -> tuple[Vectors | None, NDArray[np.int64]]:
        """The texts."""
        return items.text_vectors, items.text_place


class Fused(Keepable):
    """Text and picture: the sum of the logarithms of both probabilities, each with a weight learnt on held-out items.

    Both are learnt twice: from nine tenths, for the weights, then from all. Where one part of an item is missing, the
    other is taken alone.
    """

    needs, most = ("text", "picture"), Characters.most

    def fit(self, items: Items, codes: NDArray[np.int64], *, k: int, seed: int = 0) -> Self:
        """Weigh both on a tenth of the groups that they have not learnt from, and fit them on all."""
        out = user_share(items.groups, purpose="halves") < _HELD  # an equal title in both would flatter the text
        held, kinds = items.take(out), (Characters, Pictures)
        found = [kind().fit(items.take(~out), codes[~out], k=k, seed=seed).predict_proba(held) for kind in kinds]
        whole = held.has_text & held.has_picture
        self._sum = _weights([p[whole] for p in found], codes[out][whole])
        self._text, self._picture = (kind().fit(items, codes, k=k, seed=seed) for kind in kinds)
        return self

    def predict_proba(self, items: Items) -> NDArray[np.float32]:
        """The weighted probabilities."""
        text, picture = self._text.predict_proba(items), self._picture.predict_proba(items)
        mixed = _mixed([text, picture], self._sum)
        mixed = np.where(items.has_picture[:, None], mixed, text)
        return np.where(items.has_text[:, None], mixed, picture).astype(np.float32)

    def weights(self) -> Weights:
        """The weights of both parts, and of the sum."""
        parts = {"text": self._text.weights(), "picture": self._picture.weights()}
        inside = {f"{name}.{key}": one for name, part in parts.items() for key, one in part.items()}
        return {"sum": self._sum, **inside}

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """The tagger of some weights."""
        found, parts = cls(), {"text": dict[str, Any](), "picture": dict[str, Any]()}
        for name, one in weights.items():
            part, _, key = name.partition(".")
            if key:
                parts[part][key] = one
        found._sum, found._text = np.asarray(weights["sum"]), Characters.of(parts["text"])
        found._picture = Pictures.of(parts["picture"])
        return found


def _weights(found: list[NDArray[np.float32]], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The weights, none below 0, with which the logarithms of probabilities have the lowest log loss on some items."""
    start = np.full(len(found), 0.5)
    if not len(codes):
        return start

    precise = [p.astype(np.float64) for p in found]  # in single precision small steps of a weight change nothing

    def loss(weights: NDArray[np.float64]) -> float:
        return log_loss(_mixed(precise, weights), codes)

    bounds = [(0.0, 10.0)] * len(found)
    return np.asarray(scipy.optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)


def _mixed(found: Sequence[NDArray[np.floating]], weights: NDArray[np.float64]) -> NDArray[np.floating]:
    logs = sum(weight * np.log(p + _FLOOR / p.shape[1]) for weight, p in zip(weights, found, strict=True))
    return np.asarray(scipy.special.softmax(logs, axis=1))


def _spread(found: NDArray[np.float64], classes: NDArray[np.int64], k: int) -> NDArray[np.float32]:
    """Probabilities of the classes that were learnt, among all k."""
    whole = np.zeros((len(found), k), np.float32)
    whole[:, classes] = found
    return whole
