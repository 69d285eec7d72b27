"""The chance of a target by one text or picture alone, cross-fitted on training members."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.artefacts import as_written

FOLDS = 5
PASSES = 8  # over the training members; on titles and pictures the held-out loss was level from six on
BLOCK = 2_048  # values that are in memory as numbers at a time
_HIDDEN = 64
_LEAST = 1e-6  # chance


@dataclass(frozen=True)
class Learner:
    """A model that learns block by block: logistic regression, or a network with one hidden layer."""

    kind: Literal["linear", "network"]
    penalty: float

    def new(self, seed: int) -> Any:
        """An estimator of scikit-learn that has learnt nothing."""
        if self.kind == "linear":
            from sklearn.linear_model import SGDClassifier

            return SGDClassifier(loss="log_loss", alpha=self.penalty, average=True, random_state=seed)
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier((_HIDDEN,), alpha=self.penalty, random_state=seed)


class Source(Protocol):
    """Values as numbers, some at a time."""

    @property
    def width(self) -> int:
        """Numbers per value."""

    def __len__(self) -> int:
        """The number of values."""

    def rows(self, places: NDArray[np.int64]) -> Any:
        """The numbers of some values, (n, width), dense or sparse."""

    def keys(self) -> NDArray[np.uint64]:
        """A number for each value, equal for equal values, by which it is given to a fold, (n,)."""

    def learners(self) -> tuple[Learner, ...]:
        """Learners to choose from."""


@dataclass(frozen=True)
class Chances:
    """A chance for each value by the model of the fold that its key falls in, which has not learnt from equal values.

    New values are given to folds as well, so that a chance means the same in training and later: repeated titles do not
    know their own answers, and none comes from more models than another.
    """

    weights: tuple[NDArray[np.float32], ...]  # of each layer, (folds, in, out)
    biases: tuple[NDArray[np.float32], ...]  # (folds, out)
    base: float  # the chance where there is no value: the rate of the training members

    @classmethod
    def fit(cls, source: Source, value: NDArray[np.int64], rate: NDArray[np.float64], *, seed: int = 0) -> Self:
        """Learn from members; of the learners, the one with the best log loss on the largest fold is taken.

        Args:
            source: The values.
            value: The value of each training member, (m,).
            rate: The share of yes among the member's answers, (m,).
            seed: The seed of the order and of the learners.
        """
        fold, base = _folds(source)[value], float(rate.mean())
        order = np.random.default_rng(seed).permutation(len(value))
        examples = _Examples(source, value[order], rate[order], fold[order], _scale(source, value[order]))
        if len(np.unique(fold)) < 2 or base in (0, 1):  # no fold to judge by, or nothing to tell
            return cls((np.zeros((FOLDS, source.width, 1), np.float32),), (np.full((FOLDS, 1), _logit(base)),), base)
        judged = int(np.bincount(fold).argmax())
        learner = min(source.learners(), key=lambda learner: examples.loss(learner, held_out=judged, seed=seed))
        models = [examples.learnt(learner, held_out=held, seed=seed) for held in range(FOLDS)]
        weights, biases = zip(*(_layers(model, *examples.scale) for model in models), strict=True)
        return cls(_by_layer(weights), _by_layer(biases), base)

    def of(self, source: Source) -> NDArray[np.float64]:
        """The chance of each value, (n,)."""
        fold, found = _folds(source), np.empty(len(source))
        for places in _blocks(np.arange(len(source))):
            found[places] = self._of(source.rows(places), fold[places])
        return found

    def _of(self, x: Any, fold: NDArray[np.int64]) -> NDArray[np.float64]:
        found = np.empty(len(fold))
        for one in np.unique(fold):
            here = np.flatnonzero(fold == one)
            state = x[here]
            for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
                state = (np.maximum(state, 0) if layer else state) @ weight[one] + bias[one]
            found[here] = scipy.special.expit(np.asarray(state, np.float64)[:, 0])
        return found

    def save(self, path: Path) -> None:
        """Write plain arrays."""
        layers: dict[str, Any] = {f"weight_{n}": weight for n, weight in enumerate(self.weights)}
        layers |= {f"bias_{n}": bias for n, bias in enumerate(self.biases)}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, base=np.float64(self.base), **layers)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read plain arrays; nothing but numbers is loaded.

        Raises:
            UserError: for a file that is missing or not as it was written.
        """
        with as_written(path, KeyError), np.load(path, allow_pickle=False) as saved:
            layers = range(sum(name.startswith("weight_") for name in saved))
            weights, biases = (tuple(saved[f"{part}_{n}"] for n in layers) for part in ("weight", "bias"))
            return cls(weights, biases, float(saved["base"]))


@dataclass(frozen=True)
class _Examples:
    """Training members in the order in which they are learnt from."""

    source: Source
    value: NDArray[np.int64]  # (m,)
    rate: NDArray[np.float64]  # (m,)
    fold: NDArray[np.int64]  # (m,)
    scale: tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[float, float]  # mean and spread of each number

    def learnt(self, learner: Learner, *, held_out: int, seed: int) -> Any:
        """A model of all folds but one."""
        model, kept = learner.new(seed), np.flatnonzero(self.fold != held_out)
        for _ in range(PASSES):
            for places in _blocks(kept):
                x, y, weight = self._answers(places)
                model.partial_fit(x, y, classes=[0, 1], sample_weight=weight)
        return model

    def loss(self, learner: Learner, *, held_out: int, seed: int) -> float:
        """The log loss on a fold of a model of all others."""
        model, losses = self.learnt(learner, held_out=held_out, seed=seed), 0.0
        for x, y, weight in map(self._answers, _blocks(np.flatnonzero(self.fold == held_out))):
            p = model.predict_proba(x)[np.arange(len(y)), y]
            losses -= float(weight @ np.log(np.clip(p, _LEAST, 1)))
        return losses

    def _answers(self, places: NDArray[np.int64]) -> tuple[Any, NDArray[np.int64], NDArray[np.float64]]:
        """Rows with an answer and its weight; a member with answers of both kinds gives two."""
        rate = self.rate[places]
        yes, no = np.flatnonzero(rate > 0), np.flatnonzero(rate < 1)
        both = np.sort(np.concatenate([yes, no + 0.5]))  # in the members' order
        place, y = both.astype(np.int64), (both % 1 == 0).astype(np.int64)
        x = self.source.rows(self.value[places])
        x = x if self.scale == (0.0, 1.0) else (x - self.scale[0]) / self.scale[1]
        return x[place], y, np.where(y == 1, rate[place], 1 - rate[place])


def _logit(chance: float) -> np.float32:
    return np.float32(scipy.special.logit(np.clip(chance, _LEAST, 1 - _LEAST)))


def _folds(source: Source) -> NDArray[np.int64]:
    return (source.keys() % np.uint64(FOLDS)).astype(np.int64)


def _blocks(places: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (places[first : first + BLOCK] for first in range(0, len(places), BLOCK))


def _scale(source: Source, value: NDArray[np.int64]) -> Any:
    """Mean and spread of each number over the training members; sparse rows stay as they are."""
    from sklearn.preprocessing import StandardScaler

    if scipy.sparse.issparse(source.rows(value[:1])):
        return 0.0, 1.0
    scaler = StandardScaler()
    for places in _blocks(value):
        scaler.partial_fit(source.rows(places))
    return scaler.mean_, scaler.scale_


def _by_layer(folds: Sequence[Sequence[NDArray[np.floating]]]) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.stack(layer).astype(np.float32) for layer in zip(*folds, strict=True))


def _layers(model: Any, mean: Any, spread: Any) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """The layers of a fitted estimator, with the scale taken into the first."""
    if hasattr(model, "coefs_"):
        weights, biases = list(model.coefs_), list(model.intercepts_)
    else:
        weights, biases = [model.coef_.T], [model.intercept_]
    biases[0] = biases[0] - np.asarray(mean / spread) @ weights[0] if np.ndim(mean) else biases[0]
    weights[0] = weights[0] / np.asarray(spread)[..., None] if np.ndim(spread) else weights[0]
    return weights, biases
