"""Attribution: the contribution of each feature of each day to a network's own logit, without a surrogate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.errors import UserError
from churn.explanation.direction import direction
from churn.models import Classifier, Selected, members, unwrapped

_SIFTED = 4000  # windows of the baseline whose logits are computed, evenly drawn where there are more


@dataclass(frozen=True)
class Attribution:
    """The contributions of the days and features of some windows to a network's logit."""

    values: NDArray[np.float64]  # (n, d, f) logits
    totals: NDArray[np.float64]  # (n, f) one number per history, the sum of a count
    logit: NDArray[np.float64]  # (n,) the network's logits
    base: float  # the logit from which contributions count
    features: tuple[str, ...]  # f
    steps: int  # the most points that a line of integration took

    @property
    def gap(self) -> float:
        """The largest distance of a window's logit from the sum of its values and the base; 0 without windows."""
        return float(np.abs(self.values.sum(axis=(1, 2)) + self.base - self.logit).max(initial=0.0))

    def by_day_and_feature(self) -> pd.DataFrame:
        """Drivers: feature, day (-1 is the day before the cutoff), attribution (mean), mean_abs, direction, rank.

        The strongest comes first. A mean counts from usual windows, so it is near 0 where the windows are usual too:
        `direction`, of the whole history, shows whether more of a feature raises the probability. Without windows
        there are no rows.
        """
        if not len(self.values):
            columns = ("feature", "day", "attribution", "mean_abs", "direction", "rank")
            return pd.DataFrame({name: [] for name in columns})
        table = pd.DataFrame(
            self._days_and_features(1)
            | {"attribution": self.values.mean(axis=0).ravel(), "mean_abs": np.abs(self.values).mean(axis=0).ravel()}
        )
        table["direction"] = table.feature.map(self._directions())
        table = table.sort_values("mean_abs", ascending=False, kind="stable", ignore_index=True)
        return table.assign(rank=np.arange(1, len(table) + 1))

    def _directions(self) -> dict[str, str]:
        whole = self.values.sum(axis=1)
        return {name: direction(self.totals[:, j], whole[:, j]) for j, name in enumerate(self.features)}

    def table(self, windows: Windows) -> pd.DataFrame:
        """The values of the windows that were attributed: user_id, cutoff, feature, day, attribution.

        Raises:
            UserError: if the number of windows differs.
        """
        if len(windows) != len(self.values):
            raise UserError(f"expected the {len(self.values)} windows that were attributed", len(windows), "pass those")
        each = self.values[0].size if len(self.values) else 0
        whose = {"user_id": np.repeat(windows.user_ids, each), "cutoff": windows.dates.repeat(each)}
        return pd.DataFrame(whose | self._days_and_features(len(windows)) | {"attribution": self.values.ravel()})

    def _days_and_features(self, n: int) -> dict[str, NDArray[np.object_] | NDArray[np.int64]]:
        """The columns that name the day and feature of each value, for n windows in the order of `values`."""
        days = self.values.shape[1]
        feature = np.tile(np.array(self.features, dtype=object), n * days)
        return {"feature": feature, "day": np.tile(np.repeat(np.arange(-days, 0), len(self.features)), n)}


def attribute(
    model: Classifier, windows: Windows, *, baseline: Windows, references: int = 32, steps: int = 8
) -> Attribution:
    """Attribute a network's logit to the features and days of each window, by integrated gradients.

    For an ensemble, it is the logit of the averaged probability; for a model on some features, only they have values. A
    window's attributions and the base add up to its logit; `gap` is the largest miss. Days that the network does not
    see get exactly 0.

    Attributions count from real windows, so that they answer "why not as usual": the average over lines from
    `references` training windows that lie in the middle of equal parts by the network's own logit. The base is
    therefore the usual logit, as it is for SHAP values. Zeros would be a bad reference, since then nothing that a user
    did *not* do could count, and churn is mostly that. So would the average history: a few busy users make it busier
    than most, so that no real user is like it (measured on a chat community: the average history's logit lies 1.8
    below the average logit, and its attributions are twice as large).

    Args:
        model: A fitted network, or an ensemble of networks.
        windows: The windows to explain.
        baseline: The usual windows, of the training part.
        references: Windows of the baseline to count from; all where there are fewer.
        steps: Points on each line, at first; lines that miss the logit get more, up to 512.

    Raises:
        UserError: if the model is not a network, there is no baseline, or it has other days or features.

    Example:
        >>> from churn.data import example_split
        >>> from churn.models import GRU
        >>> split = example_split()
        >>> network = GRU(hidden_size=4, max_epochs=1).fit(split, target="churn")
        >>> found = attribute(network, split.test, baseline=split.train, references=8)
        >>> found.values.shape == split.test.history().shape, found.gap < 0.01
        (True, True)
    """
    from churn.models import integrated_gradients  # needs torch

    if (windows.history_days, windows.features) != (baseline.history_days, baseline.features):
        shown = f"{baseline.history_days} days of {', '.join(baseline.features)}"
        raise UserError("expected a baseline with the windows' days and features", shown, "take both from one split")
    inner, seen, usual = unwrapped(model), _selected(model, windows), _selected(model, baseline)
    found = integrated_gradients(inner, seen.history(), baselines=_usual(inner, usual, count=references), steps=steps)
    return Attribution(found.values, seen.summary(), found.logit, found.base, seen.features, found.steps)


def _selected(model: Classifier, windows: Windows) -> Windows:
    """The windows with the features that a model was given; the network itself selects the days that it sees."""
    first = members(model)[0]
    return windows.only(first.features) if isinstance(first, Selected) else windows


def _usual(model: Classifier, baseline: Windows, *, count: int) -> NDArray[np.float32]:
    """Some histories whose logits are distributed like all: the middle histories of equal parts by logit."""
    from churn.models import logits  # needs torch

    if not len(baseline):
        raise UserError("expected windows to count attributions from", "none", "pass the training part as baseline")
    histories = baseline.take(_evenly(len(baseline), _SIFTED)).history()
    order = np.argsort(logits(model, histories), kind="stable")
    return histories[order[_evenly(len(order), count)]]


def _evenly(n: int, count: int) -> NDArray[np.int64]:
    """The middles of `count` equal parts of n places; every place where there are fewer."""
    parts = min(n, count)
    return ((2 * np.arange(parts) + 1) * n) // (2 * parts)
