"""Context: the families of features of the past before a history that pay, judged by trees on validation."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import FAMILIES, FEATURES, Dataset, Panel, Split, Windows
from churn.models import LightGBM
from churn.progress import step
from churn.statistics import FEW, ONE_ERROR, Interval, log_losses, rate_interval

ALL = "chosen"  # the families that were chosen, together
COLUMNS = ["target", "family", "features", "chosen", "gain_a", "gain", "low", "high"]
_MOST = 30_000  # windows of a part
_LEAST = 0.001  # of log loss, on average over the targets: a smaller gain is not worth further columns
_QUICK: dict[str, Any] = {"learning_rate": 0.1, "max_trees": 300, "patience": 20}


@dataclass(frozen=True)
class ContextFeatures:
    """The features that `auto` stands for in a run.

    Args:
        features: Their names in `data.features`.
        table: The worth of each family, a row per family and target, see COLUMNS.
    """

    features: tuple[str, ...]
    table: pd.DataFrame


def choose_context(dataset: Dataset, *, repetitions: int = 500, seed: int = 0) -> ContextFeatures:
    """Choose the families of context features that pay over the plain columns, one after the other.

    Quick trees learn with the plain columns and with each family beside them. The family that lowers the log loss of
    half A most, on average over the targets, is taken, and the others are tried again beside it, as long as the gain
    is at least .001 and more than its standard error over users; fewer than 30 users choose none. A family's worth is
    measured on half B, which chooses nothing.

    Args:
        dataset: The data; `auto` is among its features, and stands for none so far.
        repetitions: Resamples of users for the intervals.
        seed: The seed of the draws, of the trees and of the resamples.

    Example:
        >>> from churn.data import example_dataset
        >>> choose_context(example_dataset(), repetitions=20).features
        ()
    """
    families = dict(_families(dataset.windows.panel, named=dataset.config.features))
    trial = _Trial(_thinned(dataset.split(), seed), families, repetitions, seed)
    alone = {name: trial.fitted([name]) for name in families}
    found, tried = trial.plain, list(alone.values()) if trial.users_a >= FEW else []
    while tried:
        gains = [trial.gain_a(one, over=found) for one in tried]
        gain, best = max(zip(gains, tried, strict=True), key=lambda pair: pair[0].value)
        if gain.value < _LEAST or not gain.low > 0:
            break
        found = best
        tried = [trial.fitted([*found.families, name]) for name in families if name not in found.families]
    rows = [row for name, one in alone.items() for row in trial.rows(name, one, chosen=name in found.families)]
    if found.families:
        rows += trial.rows(ALL, found, chosen=True)
    return ContextFeatures(trial.features(found.families), pd.DataFrame(rows, columns=COLUMNS))


def _families(panel: Panel, *, named: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The families, without features that are named anyway, or have no columns, as of fans where there are none."""
    there = {feature.name for feature in FEATURES if feature.columns(panel)} - set(named)
    for name, features in FAMILIES.items():
        if kept := tuple(feature for feature in features if feature in there):
            yield name, kept


def _thinned(split: Split, seed: int) -> Split:
    return replace(split, train=split.train.sample(_MOST, seed=seed), val=split.val.sample(_MOST, seed=seed))


@dataclass(frozen=True)
class _Fitted:
    """Quick trees with some families: the log losses of each window, by target."""

    families: tuple[str, ...]
    on_a: dict[str, NDArray[np.float64]]
    on_b: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class _Trial:
    """Fits on one split with families of features beside its own."""

    split: Split
    families: Mapping[str, tuple[str, ...]]
    repetitions: int
    seed: int

    def features(self, families: Sequence[str]) -> tuple[str, ...]:
        """The features of some families."""
        return tuple(feature for name in families for feature in self.families[name])

    @property
    def users_a(self) -> int:
        """The users of half A, by whom families are chosen."""
        return len(np.unique(self.split.val_a.user))

    @cached_property
    def plain(self) -> _Fitted:
        """The fits without any."""
        return self.fitted(())

    def fitted(self, families: Sequence[str]) -> _Fitted:
        """Fits with some families."""
        step(", ".join(families) or "counts")
        known = {feature.name: feature for feature in FEATURES}
        more = [known[name] for name in self.features(families)]
        split = self.split.mapped(lambda part: replace(part, derived=(*part.derived, *more)))
        models = {
            target: LightGBM(**_QUICK).fit(split, target=target, seed=self.seed) for target in split.train.targets
        }
        on_a, on_b = (
            {target: log_losses(part.label(target), model.predict_proba(part)) for target, model in models.items()}
            for part in (split.val_a, split.val_b)
        )
        return _Fitted(tuple(families), on_a, on_b)

    def gain_a(self, fitted: _Fitted, *, over: _Fitted) -> Interval:
        """The log loss of half A that fits save over others, on average over the targets, give or take its error."""
        saved = np.mean([over.on_a[target] - losses for target, losses in fitted.on_a.items()], axis=0)
        return self._mean(saved, self.split.val_a, level=ONE_ERROR)

    def rows(self, family: str, fitted: _Fitted, *, chosen: bool) -> list[dict[str, object]]:
        """The log loss that fits save over the plain ones, a row per target."""
        named = {"family": family, "features": " ".join(self.features(fitted.families)), "chosen": chosen}
        rows: list[dict[str, object]] = []
        for target in fitted.on_a:
            gain_a = float((self.plain.on_a[target] - fitted.on_a[target]).mean())
            gain = self._mean(self.plain.on_b[target] - fitted.on_b[target], self.split.val_b)
            ends = {"gain": gain.value, "low": gain.low, "high": gain.high}
            rows.append({"target": target} | named | {"gain_a": gain_a} | ends)
        return rows

    def _mean(self, values: NDArray[np.float64], windows: Windows, *, level: float = 0.95) -> Interval:
        """The mean over windows, with its interval over users."""
        return rate_interval(values, windows.user, repetitions=self.repetitions, seed=self.seed, level=level)
