"""Drift: the distance between two distributions of one quantity."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

BINS = 10
SMOOTHING = 0.5  # added to each bin's count, so that an empty one has a logarithm


@dataclass(frozen=True)
class Stability:
    """A population stability index, and its distribution by chance alone at these sizes; nan where undefined."""

    psi: float
    by_chance: float  # its expectation without drift
    limit: float  # its quantile without drift, at the level asked for
    n_reference: int
    n_newest: int
    bins: int

    @property
    def excess(self) -> float:
        """The index less its expectation without drift; 0 where it is below."""
        return max(self.psi - self.by_chance, 0.0) if self.psi == self.psi else math.nan


def stability_index(reference: ArrayLike, newest: ArrayLike, *, level: float = 0.95, bins: int = BINS) -> Stability:
    """The population stability index of `newest` (m,) against `reference` (n,): Σ (q − p) ln(q / p) over bins.

    Zeros are a bin of their own. The other values are cut by quantiles of the reference into as many bins of about a
    tenth of all as they fill, at most `bins`; equal values share a bin, and a reference of one value has a bin below,
    at and above it. p and q are the bins' shares of the reference and of the newest, each count increased by .5.
    Values that are nan are left out. Under .1 is usually read as stable, from .25 on as moved.

    Without drift, and with users who are independent, the index is about (1 / n + 1 / m) times a chi-square with one
    degree of freedom less than there are bins: so its expectation is (bins − 1) (1 / n + 1 / m), which for 100 users
    against 100 is .2. Where the same users stand in both, it is smaller.

    Source:
        N. Siddiqi, Credit Risk Scorecards (Wiley 2006), on the index and its rule of thumb.
        B. Yurdakul, Statistical properties of population stability index, dissertation, Western Michigan University
        2018, on its distribution.

    Example:
        >>> found = stability_index(np.arange(1000), np.arange(1000) + 100)
        >>> print(f"{found.psi:.2f} by chance {found.by_chance:.3f}, {found.bins} bins")
        0.48 by chance 0.020, 11 bins
    """
    old, new = (values[~np.isnan(values)] for values in (_numbers(reference), _numbers(newest)))
    if not (old.size and new.size):
        return Stability(math.nan, math.nan, math.nan, old.size, new.size, 0)
    edges = _edges(old[old != 0], round(bins * np.mean(old != 0)))
    p, q = _counts(old, edges), _counts(new, edges)
    filled = (p + q) > 0
    p, q = (_shares(counts[filled]) for counts in (p, q))
    psi, noise = float(((q - p) * np.log(q / p)).sum()), 1 / old.size + 1 / new.size
    freedom = int(filled.sum()) - 1
    limit = float(scipy.special.chdtri(freedom, 1 - level)) * noise if freedom else 0.0
    return Stability(psi, freedom * noise, limit, old.size, new.size, freedom + 1)


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _edges(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """The upper edges of the bins of the values other than 0, each edge included in its bin."""
    if not values.size:
        return np.empty(0)
    if values.min() == values.max():
        return np.array([np.nextafter(values[0], -np.inf), values[0]])
    inner = np.quantile(values, np.arange(1, max(bins, 1)) / max(bins, 1), method="inverted_cdf")
    return np.unique(inner[inner < values.max()])  # an edge at the largest would end no bin of the reference


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The number of values in each bin, the zeros first."""
    others = np.bincount(np.searchsorted(edges, values[values != 0]), minlength=len(edges) + 1)
    return np.append(float((values == 0).sum()), others)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    smoothed = counts + SMOOTHING
    return np.asarray(smoothed / smoothed.sum())
