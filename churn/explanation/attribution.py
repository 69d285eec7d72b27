"""Attribution: what each feature of each day adds to a network's own logit, with no surrogate between."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.errors import UserError
from churn.explanation.direction import direction
from churn.models import Classifier, Selected, members, unwrapped

_SIFTED = 4000  # windows of the baseline whose logits are asked for, evenly drawn where there are more


@dataclass(frozen=True)
class Attribution:
    """What the days and features of some windows add to a network's logit."""

    values: NDArray[np.float64]  # (n, d, f) logits
    totals: NDArray[np.float64]  # (n, f) one number per history, the sum of a count
    logit: NDArray[np.float64]  # (n,) the network's own
    base: float  # the logit that is counted from
    features: tuple[str, ...]  # f
    steps: int  # points on the line of integration that took most

    @property
    def gap(self) -> float:
        """By how many logits the values of a window and the base miss its logit, at most; 0 without windows."""
        return float(np.abs(self.values.sum(axis=(1, 2)) + self.base - self.logit).max(initial=0.0))

    def by_day_and_feature(self) -> pd.DataFrame:
        """Drivers: feature, day (-1 is the day before the cutoff), attribution (mean), mean_abs, direction, rank.

        The best comes first. A mean is counted from usual windows, so it is near 0 where the windows are usual too:
        whether more of a feature raises the probability is told by `direction`, of its whole history. There are no rows
        where there are no windows.
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
            UserError: if these are not as many windows.
        """
        if len(windows) != len(self.values):
            raise UserError(f"expected the {len(self.values)} windows that were attributed", len(windows), "pass those")
        each = self.values[0].size if len(self.values) else 0
        whose = {"user_id": np.repeat(windows.user_ids, each), "cutoff": windows.dates.repeat(each)}
        return pd.DataFrame(whose | self._days_and_features(len(windows)) | {"attribution": self.values.ravel()})

    def _days_and_features(self, n: int) -> dict[str, NDArray[np.object_] | NDArray[np.int64]]:
        """The columns that say which value is which, for n windows in the order of `values`."""
        days = self.values.shape[1]
        feature = np.tile(np.array(self.features, dtype=object), n * days)
        return {"feature": feature, "day": np.tile(np.repeat(np.arange(-days, 0), len(self.features)), n)}


def attribute(
    model: Classifier, windows: Windows, *, baseline: Windows, references: int = 32, steps: int = 8
) -> Attribution:
    """Attribute a network's logit to the features and days of each window, by integrated gradients.

    Of an ensemble, it is the logit of the averaged probability; of a model on some features, those have values. A
    window's attributions and the base add up to its logit; by how much they miss it stands in `gap`. Days that the
    network does not see get exactly 0.

    They are counted from real windows, so that they answer "why not as usual": the average over lines from
    `references` training windows that lie in the middle of equal parts by the network's own logit. The base is
    therefore the usual logit, as it is for SHAP values. Zeros would be no reference, since nothing that a user did
    *not* do could then count, and churn is mostly that. Nor would the average history: a few busy users make it
    busier than most, and a window would be compared with nobody (measured on a chat community: the average history's
    logit lies 1.8 below the average logit, and its attributions are twice as large).

    Args:
        model: A fitted network, or an ensemble of them.
        windows: What is explained.
        baseline: What is usual: windows of the training part.
        references: Windows of the baseline to count from; all where there are fewer.
        steps: Points on each line, at first; those that miss get more, up to 512.

    Raises:
        UserError: if the model is no network, there is no baseline, or it shows other days or features.

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
    """The windows with the features that a model was given; the network itself takes the days that it sees."""
    first = members(model)[0]
    return windows.only(first.features) if isinstance(first, Selected) else windows


def _usual(model: Classifier, baseline: Windows, *, count: int) -> NDArray[np.float32]:
    """Some histories whose logits spread as those of all do: the middle ones of equal parts by logit."""
    from churn.models import logits  # needs torch

    if not len(baseline):
        raise UserError("expected windows to count attributions from", "none", "pass the training part as baseline")
    histories = baseline.take(_evenly(len(baseline), _SIFTED)).history()
    order = np.argsort(logits(model, histories), kind="stable")
    return histories[order[_evenly(len(order), count)]]


def _evenly(n: int, count: int) -> NDArray[np.int64]:
    """The middles of so many equal parts of n places; every place where there are fewer."""
    parts = min(n, count)
    return ((2 * np.arange(parts) + 1) * n) // (2 * parts)
