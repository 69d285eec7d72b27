"""Behavioural groups: users whose last days look alike, if there are such groups at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import RobustScaler

from churn.data import AMOUNT, Windows
from churn.segments.behaviour.stability import Search, clustered, scaler, search
from churn.segments.config import GroupConfig

_LEARNT = 20_000  # users that the centres are learnt from, at most
_ENOUGH = 300  # scored users to learn groups from


@dataclass(frozen=True)
class Groups:
    """Groups by what a history counts, the largest first; a single one where there are none."""

    features: tuple[str, ...]  # f counts that vary
    places: tuple[int, ...]  # theirs among the panel's
    scale: RobustScaler | None  # of the logarithms; None without groups
    centres: NDArray[np.float64]  # (g, f)
    search: Search

    def __len__(self) -> int:
        """The number of groups, 1 for none."""
        return self.search.number

    def assign(self, windows: Windows) -> NDArray[np.int64]:
        """The group of each window, counted from 1, by the nearest centre: (n,)."""
        if self.scale is None:
            return np.ones(len(windows), np.int64)
        points = self.scale.transform(np.log1p(totals(windows)[:, list(self.places)]))
        return nearest(points, self.centres) + 1


def find_groups(windows: Windows, config: GroupConfig, *, seed: int = 0) -> Groups:
    """Look for groups among windows, one per user; no label is read, and no day from the cutoffs on.

    Users are compared by the logarithms of the history's counts, at comparable spread. Amounts are left out, which
    stickers stand for already, and so are features that are no counts: a weekday or a plan is no behaviour.

    Args:
        windows: One per user.
        config: How many groups are tried.
        seed: Of all that chance plays a part in.

    Example:
        >>> from churn.data import example_split
        >>> from churn.segments.comparing.comparisons import latest_windows
        >>> train = example_split().train
        >>> found = find_groups(train.take(latest_windows(train)), GroupConfig(max=3))
        >>> bool(len(found) == found.assign(train).max())
        True
    """
    counts, names = totals(windows), windows.panel.features
    varies = [place for place in range(len(names)) if names[place] != AMOUNT and np.ptp(counts[:, place]) > 0]
    features, counts = tuple(names[place] for place in varies), counts[:, varies]
    found = search(counts, most=config.max, seed=seed)
    if found.number == 1:
        return Groups(features, tuple(varies), None, np.zeros((1, len(varies))), found)
    scale = scaler(counts)
    few = np.random.default_rng(seed).permutation(len(counts))[:_LEARNT]
    fitted = clustered(scale.transform(np.log1p(counts[np.sort(few)])), found.number, seed=seed)
    largest_first = np.argsort(-np.bincount(fitted.labels_, minlength=found.number), kind="stable")
    return Groups(features, tuple(varies), scale, fitted.cluster_centers_[largest_first], found)


def enough_to_group(newest: Windows, labelled: Windows, *, seed: int = 0) -> Windows:
    """The windows to learn groups from: the newest day's or, if these are under 300, one per user of earlier days.

    An earlier day is drawn at random, since the latest one would show most users in the week before they fell silent.

    Args:
        newest: One window per user.
        labelled: The windows of earlier days.
        seed: Of the draw.

    Example:
        >>> from churn.data import example_dataset
        >>> dataset = example_dataset()
        >>> newest = dataset.split().score
        >>> newest = newest.take(newest.cutoff == newest.cutoff.max())
        >>> len(enough_to_group(newest, dataset.labelled)) == len(set(dataset.labelled.user_ids))
        True
    """
    if len(newest) >= _ENOUGH:
        return newest
    drawn = np.random.default_rng(seed).permutation(len(labelled))
    _, first = np.unique(labelled.user[drawn], return_index=True)
    return labelled.take(np.sort(drawn[first]))


def totals(windows: Windows) -> NDArray[np.float64]:
    """The panel's counts summed over each history, (n, f)."""
    chunks = [
        windows.panel.gather(windows.take(part).rows()).sum(axis=1, dtype=np.float64)
        for part in np.array_split(np.arange(len(windows)), max(1, len(windows) // _LEARNT))
    ]
    return np.concatenate(chunks)


def nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """The position of the centre nearest to each point: (n, f) and (g, f) to (n,)."""
    distances = np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres])
    return np.asarray(distances.argmin(axis=0), np.int64)
