"""The chance of a target by one text or picture alone, cross-fitted on training members."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self
from zipfile import BadZipFile

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.artefacts import as_written

FOLDS = 5
_LEARNT, _LEAST_PASSES = 200_000, 8  # members read while learning, at least, and passes over all
_MOST_PASSES = {"linear": 12, "network": 100}  # a network takes a step in 200 members, the other one in each
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

    def learners(self) -> tuple[Learner, ...]:
        """Learners of one kind to choose from."""


@dataclass(frozen=True)
class Chances:
    """Models of what a text or picture says, one for each fold of members, which has learnt from all other folds.

    A member of training has the chance by the model that has not learnt from this member, nor from others of the group
    that the split holds together; so nobody's own answer is known. Others have the mean of all models' logits.
    """

    weights: tuple[NDArray[np.float32], ...]  # of each layer, (folds, in, out)
    biases: tuple[NDArray[np.float32], ...]  # (folds, out)
    base: float  # the chance where there is no value: the rate of the training members
    taught: NDArray[np.float64]  # the shares of the members of training, sorted

    @classmethod
    def fit(
        cls,
        source: Source,
        value: NDArray[np.int64],
        rate: NDArray[np.float64],
        *,
        share: NDArray[np.float64],
        seed: int = 0,
    ) -> Self:
        """Learn from members; of the learners, the one with the best log loss on the largest fold is taken.

        Args:
            source: The values.
            value: The value of each training member, (m,).
            rate: The share of yes among the member's answers, (m,).
            share: A number in [0, 1) for each member, by which folds are made, as `user_share` gives them, (m,).
            seed: The seed of the order and of the learners.
        """
        fold = _folds(share)
        if not len(rate) or rate.mean() in (0, 1) or len(np.unique(fold)) < 2:
            return cls._constant(source.width, float(rate.mean()) if len(rate) else 0.5)
        order = np.random.default_rng(seed).permutation(len(value))
        examples = _Examples(source, value, rate, fold, order, _scale(source, value, order))
        learner, passes = examples.best(source.learners(), seed=seed)
        models = examples.learnt([(learner, held_out) for held_out in range(FOLDS)], passes=passes, seed=seed)
        layers = [_layers(model, examples.scale) for model in models]
        weights, biases = zip(*layers, strict=True)
        return cls(_by_layer(weights), _by_layer(biases), float(rate.mean()), np.unique(share))

    @classmethod
    def _constant(cls, width: int, base: float) -> Self:
        """One chance for every value, where there is nothing to learn."""
        logit = np.float32(scipy.special.logit(np.clip(base, _LEAST, 1 - _LEAST)))
        weight, bias = np.zeros((FOLDS, width, 1), np.float32), np.full((FOLDS, 1), logit)
        return cls((weight,), (bias,), base, np.empty(0))

    def of(self, source: Source, value: NDArray[np.int64], *, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """The chance of each member, (u,).

        Args:
            source: The values.
            value: Each member's value, (u,); -1 for none, of which the base rate is said.
            share: As for `fit`, (u,).
        """
        logits = np.empty((len(source), FOLDS), np.float32)
        for places in blocks(np.arange(len(source))):
            logits[places] = self._logits(source.rows(places))
        found = np.full(len(value), self.base)
        for there in blocks(np.flatnonzero(value >= 0)):
            told, own = logits[value[there]], share[there]
            taught = np.searchsorted(self.taught, own, "right") > np.searchsorted(self.taught, own)
            left_out = told[np.arange(len(there)), _folds(own)]  # by the model that has not learnt from the member
            found[there] = scipy.special.expit(np.where(taught, left_out, told.mean(axis=1)))
        return found

    def _logits(self, x: Any) -> NDArray[np.float64]:
        """The logit of each row by each model, (n, folds)."""
        found = []
        for fold in range(FOLDS):
            state = x
            for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
                state = (np.maximum(state, 0) if layer else state) @ weight[fold] + bias[fold]
            found.append(np.asarray(state, np.float64)[:, 0])
        return np.column_stack(found)

    def save(self, path: Path) -> None:
        """Write plain arrays."""
        layers: dict[str, Any] = {f"weight_{n}": weight for n, weight in enumerate(self.weights)}
        layers |= {f"bias_{n}": bias for n, bias in enumerate(self.biases)}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, base=np.float64(self.base), taught=self.taught, **layers)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read plain arrays; nothing but numbers is loaded.

        Raises:
            UserError: for a file that is missing or not as it was written.
        """
        with as_written(path, KeyError, EOFError, BadZipFile, zlib.error), np.load(path, allow_pickle=False) as saved:
            layers = range(sum(name.startswith("weight_") for name in saved))
            weights, biases = (tuple(saved[f"{part}_{n}"] for n in layers) for part in ("weight", "bias"))
            return cls(weights, biases, float(saved["base"]), saved["taught"])


@dataclass(frozen=True)
class _Examples:
    """Training members, and the order in which they are learnt from."""

    source: Source
    value: NDArray[np.int64]  # (m,)
    rate: NDArray[np.float64]  # (m,)
    fold: NDArray[np.int8]  # (m,)
    order: NDArray[np.int64]  # (m,)
    scale: "Scale | None"  # None for sparse rows, which are learnt from as they are

    def best(self, learners: Sequence[Learner], *, seed: int) -> tuple[Learner, int]:
        """The learner, and its number of passes over the members, with the lowest log loss on the largest fold."""
        judged, bound = int(np.bincount(self.fold).argmax()), _MOST_PASSES[learners[0].kind]
        most = int(np.clip(_LEARNT // len(self.value), _LEAST_PASSES, bound))
        tried = self._learning([(learner, judged) for learner in learners], seed=seed)
        losses = np.array([self.losses(models, fold=judged) for models in islice(tried, most)])
        passes, place = np.unravel_index(losses.argmin(), losses.shape)
        return learners[int(place)], int(passes) + 1

    def learnt(self, wanted: Sequence[tuple[Learner, int]], *, passes: int, seed: int) -> list[Any]:
        """Models of all folds but one, each given as a learner and this fold."""
        return next(islice(self._learning(wanted, seed=seed), passes - 1, None))

    def _learning(self, wanted: Sequence[tuple[Learner, int]], *, seed: int) -> Iterator[list[Any]]:
        """The models after each further pass; they read each block together."""
        models = [learner.new(seed) for learner, _ in wanted]
        while True:
            for places in blocks(self.order):
                x, y, weight, fold = self._answers(places)
                for model, (_, held_out) in zip(models, wanted, strict=True):
                    if (kept := fold != held_out).any():
                        model.partial_fit(x[kept], y[kept], classes=[0, 1], sample_weight=weight[kept])
            yield models

    def losses(self, models: Sequence[Any], *, fold: int) -> NDArray[np.float64]:
        """The log loss of each model on a fold, summed."""
        losses = np.zeros(len(models))
        for places in blocks(self.order[self.fold[self.order] == fold]):
            x, y, weight, _ = self._answers(places)
            chances = [model.predict_proba(x)[np.arange(len(y)), y] for model in models]
            losses -= np.log(np.clip(chances, _LEAST, 1)) @ weight
        return losses

    def _answers(
        self, places: NDArray[np.int64]
    ) -> tuple[Any, NDArray[np.int64], NDArray[np.float64], NDArray[np.int8]]:
        """Rows with an answer, its weight and its fold; a member with answers of both kinds gives two."""
        rate = self.rate[places]
        yes, no = np.flatnonzero(rate > 0), np.flatnonzero(rate < 1)
        both = np.sort(np.concatenate([yes, no + 0.5]))  # in the members' order
        place, y = both.astype(np.int64), (both % 1 == 0).astype(np.int64)
        x = self.source.rows(self.value[places])
        x = x if self.scale is None else (x - self.scale.mean) / self.scale.spread
        return x[place], y, np.where(y == 1, rate[place], 1 - rate[place]), self.fold[places][place]


def _folds(share: NDArray[np.float64]) -> NDArray[np.int8]:
    return (share * FOLDS).astype(np.int8)


def blocks(places: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Places in turns of as many as are in memory as numbers at a time."""
    return (places[first : first + BLOCK] for first in range(0, len(places), BLOCK))


class Scale(NamedTuple):
    """Mean and spread of each number over the training members, (width,)."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


def _scale(source: Source, value: NDArray[np.int64], order: NDArray[np.int64]) -> Scale | None:
    from sklearn.preprocessing import StandardScaler

    if scipy.sparse.issparse(source.rows(value[:1])):
        return None
    scaler = StandardScaler()
    for places in blocks(order):
        scaler.partial_fit(source.rows(value[places]))
    return Scale(scaler.mean_, scaler.scale_)


def _by_layer(folds: Sequence[Sequence[NDArray[np.floating]]]) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.stack(layer).astype(np.float32) for layer in zip(*folds, strict=True))


def _layers(model: Any, scale: Scale | None) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Weights and biases of each layer of a fitted estimator, with the scale taken into the first."""
    if hasattr(model, "coefs_"):
        weights, biases = list(model.coefs_), list(model.intercepts_)
    else:
        weights, biases = [model.coef_.T], [model.intercept_]
    if scale is not None:
        biases[0] = biases[0] - (scale.mean / scale.spread) @ weights[0]
        weights[0] = weights[0] / scale.spread[:, None]
    return weights, biases
