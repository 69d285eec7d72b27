"""Levers: attributes that a member controls, and the chances that other values of these go with among rows alike."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.artefacts import as_written, atomic, check_whole, read_object, write_json
from churn.data import Encoding, Windows
from churn.errors import UserError
from churn.explanation.hinges import Hinges, posterior

Floats = NDArray[np.float64]
_PRIOR = 0.5  # the spread of effects, in logits by one standard deviation, before any row is seen
_VARIES = 0.1  # the spread of how much one standard deviation of another column changes an effect
_POINTS, _WITHIN = 10, (0.05, 0.95)  # values of a number that are compared, and quantiles between which they lie
_FREQUENT = 0.02  # share of the rows from which on a level, or a yes, has effects of its own
_EDGE = 1e-6  # keeps logits finite
_Z = 1.96  # an interval of 95 in 100
_TOLD = "levers.json"
_ARRAYS = ("points", "own", "beside", "weight", "covariance")


@dataclass(frozen=True)
class Effect:
    """The chances of n rows at the v points of a lever, all else as it is."""

    before: Floats  # (n,) the row's own value, or the place of its level; NaN where it is none that is compared
    chance: Floats  # (n, v)
    low: Floats  # (n, v)
    high: Floats  # (n, v)


@dataclass(frozen=True)
class Lever:
    """A logistic regression of an attribute's effect, which may differ by every other column.

    The attribute's hinges act on the logit with a weight that is linear in the hinges of all other columns. The
    weights have a normal prior and so, by Laplace's approximation, a normal posterior: where few rows are alike, an
    interval is wide.
    """

    of: Encoding
    features: tuple[str, ...]  # f
    points: Floats  # (v,) values, or the places of levels among the attribute's columns
    hinges: Hinges
    own: NDArray[np.int64]  # (o,) the hinges of the attribute
    beside: NDArray[np.int64]  # (m,) the hinges of other columns
    weight: Floats  # (o, 1 + m)
    covariance: Floats  # (o, 1 + m, o, 1 + m)

    @classmethod
    def learn(cls, of: Encoding, windows: Windows, *, target: str) -> Self | None:
        """Learn from windows of the training part; None where the attribute, or the answer, is always one.

        A user counts once, however many windows there are.
        """
        values, y = windows.summary(), windows.label(target)
        places = np.array([windows.features.index(name) for name in of.columns])
        points = _points(of, values[:, places])
        if len(points) < 2 or len(np.unique(y)) < 2:
            return None
        hinges = Hinges.of(values)
        moved = places[points.astype(np.int64)] if of.kind == "level" else places[:1]
        own = np.flatnonzero(np.isin(hinges.place, moved))
        beside = np.flatnonzero(~np.isin(hinges.place, places) & _frequent(values)[hinges.place])
        x, o, m = hinges(values), len(own), len(beside)
        columns = np.concatenate([x, _products(x[:, own], _VARIES / _PRIOR * x[:, beside])], axis=1)
        weight, covariance = posterior(columns, y, spread=_PRIOR, weight=1 / np.bincount(windows.user)[windows.user])
        order = np.column_stack([own, x.shape[1] + np.arange(o * m).reshape(o, m)])
        kept = covariance[np.ix_(order.ravel(), order.ravel())].reshape(o, 1 + m, o, 1 + m)
        return cls(of, windows.features, points, hinges, own, beside, weight[order], kept)

    def effect(self, windows: Windows, p: Floats) -> Effect:
        """The effect of every point on each window.

        The chances begin at p, whatever model they are of, and the interval is of the change alone.

        Args:
            windows: The windows.
            p: Their chances, (n,).
        """
        before, step, others = self._read(windows)
        variance = np.zeros(step.shape[:2])
        for a, b in np.ndindex(len(self.own), len(self.own)):  # of a row's weights, two hinges at a time
            together = ((others @ self.covariance[a, :, b]) * others).sum(axis=1)
            variance += step[:, :, a] * step[:, :, b] * together[:, None]
        logit = _logit(p)[:, None] + np.einsum("nvo,no->nv", step, others @ self.weight.T)
        margin = _Z * np.sqrt(np.maximum(variance, 0))
        chance, low, high = (scipy.special.expit(logit + more) for more in (0, -margin, margin))
        return Effect(before, chance, low, high)

    def average(self, windows: Windows, p: Floats) -> tuple[Floats, Floats, Floats]:
        """The chance at every point on average over the windows, with its interval: chance, low, high, (v,)."""
        _, step, others = self._read(windows)
        chance = scipy.special.expit(_logit(p)[:, None] + np.einsum("nvo,no->nv", step, others @ self.weight.T))
        slope = (chance * (1 - chance))[:, :, None] * step / len(step)
        size = self.weight.size
        by_weight = np.einsum("nvo,nr->vor", slope, others, optimize=True).reshape(-1, size)
        margin = _Z * np.sqrt(((by_weight @ self.covariance.reshape(size, size)) * by_weight).sum(axis=1))
        mean = chance.mean(axis=0)
        return mean, np.clip(mean - margin, 0, 1), np.clip(mean + margin, 0, 1)

    def _read(self, windows: Windows) -> tuple[Floats, Floats, Floats]:
        """The windows' own values (n,), the step of the own hinges to each point (n, v, o), and others' (n, 1 + m).

        Raises:
            UserError: for windows with other features.
        """
        if windows.features != self.features:
            found = ", ".join(windows.features)
            raise UserError(f"expected windows with {', '.join(self.features)}", found, "make the run again")
        values, places = windows.summary(), np.array([self.features.index(name) for name in self.of.columns])
        moved = np.zeros((len(self.points), len(self.features)))
        if self.of.kind == "level":
            moved[np.arange(len(moved)), places[self.points.astype(np.int64)]] = 1
        else:
            moved[:, places[0]] = self.points
        x = self.hinges(values)
        others = np.column_stack([np.ones(len(x)), _VARIES / _PRIOR * x[:, self.beside]])
        step = self.hinges(moved)[None, :, self.own] - x[:, None, self.own]
        return self._before(values[:, places]), step, others

    def _before(self, own: Floats) -> Floats:
        """The value of each row, from its own columns (n, c)."""
        if self.of.kind == "level":
            held = own.argmax(axis=1).astype(np.float64)
            return np.where(own.any(axis=1) & np.isin(held, self.points), held, np.nan)
        return np.where(own[:, 1:].any(axis=1), np.nan, own[:, 0])


@dataclass(frozen=True)
class Levers:
    """The levers of a run."""

    every: tuple[Lever, ...]

    @classmethod
    def learn(cls, controllable: Sequence[Encoding], windows: Windows, *, target: str) -> Self:
        """A lever for each attribute that takes several values in some windows of the training part."""
        found = (Lever.learn(one, windows, target=target) for one in controllable)
        return cls(tuple(lever for lever in found if lever is not None))

    def save(self, folder: Path, *, target: str) -> None:
        """Write plain numbers to a new folder, for `load`."""
        with atomic(folder) as scratch:
            scratch.mkdir()
            for n, lever in enumerate(self.every):
                arrays = {name: getattr(lever, name) for name in _ARRAYS} | vars(lever.hinges)
                np.savez(scratch / f"{n}.npz", allow_pickle=False, **arrays)
            told = [{"of": asdict(lever.of), "features": lever.features} for lever in self.every]
            write_json({"target": target, "levers": told}, scratch / _TOLD)

    @classmethod
    def load(cls, folder: Path, *, target: str) -> Self:
        """Read levers that `save` wrote; none where the run has no controllable attribute.

        Raises:
            UserError: if its files are not as they were written, or of another target.
        """
        if not folder.exists():
            return cls(())
        check_whole(folder)
        told = read_object(folder / _TOLD, "levers", says={"target": target})["levers"]
        with as_written(folder / _TOLD, KeyError, TypeError):
            return cls(tuple(_load(one, folder / f"{n}.npz") for n, one in enumerate(told)))


def _load(told: dict[str, Any], path: Path) -> Lever:
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in _ARRAYS}
        hinges = Hinges(*(arrays[field.name] for field in fields(Hinges)))
    of = Encoding(**told["of"] | {"levels": tuple(told["of"]["levels"])})
    return Lever(of, tuple(told["features"]), hinges=hinges, **found)


def _frequent(values: Floats) -> NDArray[np.bool_]:
    """Whether enough rows have another value than most, so that effects may differ by the column, (f,)."""
    return np.array([np.mean(column != np.median(column)) >= _FREQUENT for column in values.T], np.bool_)


def _points(of: Encoding, own: Floats) -> Floats:
    """The values to compare: frequent ones of a number, yes and no, or the places of frequent levels.

    Args:
        of: The attribute.
        own: Its columns in the training part, (n, c).
    """
    if of.kind == "level":
        share = own[:, : len(of.levels)].mean(axis=0)
        frequent = np.argsort(-share, kind="stable")[:_POINTS]
        return np.sort(frequent[share[frequent] >= _FREQUENT]).astype(np.float64)
    known = own[~own[:, 1:].any(axis=1), 0]
    if not len(known):
        return known
    low, high = np.quantile(known, _WITHIN, method="nearest")
    taken = np.unique(known[(known >= low) & (known <= high)])
    if len(taken) <= _POINTS:
        return np.asarray(taken)
    return np.unique(np.quantile(known, np.linspace(*_WITHIN, _POINTS), method="nearest"))


def _products(a: Floats, b: Floats) -> Floats:
    """The products of every column of a and every column of b, (n, a × b)."""
    return np.asarray((a[:, :, None] * b[:, None, :]).reshape(len(a), -1))


def _logit(p: Floats) -> Floats:
    return np.asarray(scipy.special.logit(np.clip(p, _EDGE, 1 - _EDGE)))
