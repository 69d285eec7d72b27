"""Users without groups: counts as they would be, had they no structure or were all users of one kind."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import scipy
from numpy.typing import NDArray

Rates = Literal["lognormal", "gamma"]
_ROUNDS, _DRAWN = 10, 2000  # of the fit, and users drawn in each
_MOST = np.log(1e6)  # events, so that a heavy tail draws no count beyond all counting
_LEAST_SPREAD, _MOST_SPREAD = 0.05, 4.0  # of a rate's logarithm


def shuffled(counts: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The same columns, each in an order of its own: (n, f) to (n, f)."""
    return rng.permuted(counts, axis=0)


@dataclass(frozen=True)
class OneKind:
    """Users who vary continuously: Poisson counts at rates that come from one normal distribution.

    The rates are lognormal or gamma. Gamma rates have more users who do next to nothing.

    Shuffled columns alone would not do for a comparison: users who differ in nothing but how active they are make
    stable halves, the more active and the less, which shuffling destroys though there are no groups.

    Source:
        J. Aitchison and C. H. Ho, The multivariate Poisson-log normal distribution, Biometrika 76 (1989), 643-653.
    """

    means: NDArray[np.float64]  # (f,) of the logarithms of lognormal rates, the logarithms of the means of gamma rates
    spread: NDArray[np.float64]  # (f,) of the logarithms, the coefficients of variation
    correlations: NDArray[np.float64]  # (f, f) of the normal distribution
    rates: Rates = "lognormal"

    @classmethod
    def like(cls, counts: NDArray[np.float64], rng: np.random.Generator, *, rates: Rates = "lognormal") -> Self:
        """Users of one kind whose log(1 + count) have about the means and covariances that counts (n, f) have.

        Drawn counts are compared with the given ones, and the rates are moved by the difference, a few times over.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> counts = rng.poisson(np.exp(rng.normal(1, 0.8, (2000, 1)) + [0, 0.5])).astype(float)
            >>> drawn = OneKind.like(counts, rng).draw(2000, rng)
            >>> bool(np.abs(np.log1p(drawn).mean(axis=0) - np.log1p(counts).mean(axis=0)).max() < 0.1)
            True
        """
        wanted = _moments(counts)
        spread = np.clip(wanted[1], _LEAST_SPREAD, _MOST_SPREAD)
        found = cls(np.log(np.expm1(wanted[0]) + 1e-3), spread, wanted[2], rates)
        for _ in range(_ROUNDS):
            means, spread, correlations = _moments(found.draw(_DRAWN, rng))
            found = cls(
                found.means + np.log((np.expm1(wanted[0]) + 1e-3) / (np.expm1(means) + 1e-3)),
                np.clip(found.spread * wanted[1] / spread, _LEAST_SPREAD, _MOST_SPREAD),
                np.clip(found.correlations + wanted[2] - correlations, -1, 1),
                rates,
            )
        return found

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """The counts of new users, (n, f)."""
        normal = rng.standard_normal((n, len(self.means))) @ _root(self.correlations).T
        logs = self.means + (self.spread * normal if self.rates == "lognormal" else _log_gamma(normal, self.spread))
        return rng.poisson(np.exp(np.minimum(logs, _MOST))).astype(np.float64)


def _log_gamma(normal: NDArray[np.float64], variation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of gamma values of mean 1, by the quantiles of normal ones: (n, f)."""
    shape = variation**-2
    values = scipy.stats.gamma.ppf(scipy.stats.norm.cdf(normal), shape, scale=1 / shape)
    return np.asarray(np.log(np.maximum(values, 1e-9)))


def _moments(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means, standard deviations and correlations of log(1 + count)."""
    logs = np.log1p(counts)
    spread = np.maximum(logs.std(axis=0), 1e-3)
    points = (logs - logs.mean(axis=0)) / spread
    return logs.mean(axis=0), spread, points.T @ points / len(points)


def _root(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    """A root of the nearest ones that a distribution can have, its rows of length 1: (f, f)."""
    symmetric = correlations - np.diag(np.diag(correlations) - 1)
    values, vectors = np.linalg.eigh(symmetric)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    lengths = np.sqrt((root**2).sum(axis=1, keepdims=True))
    return np.asarray(root / np.maximum(lengths, 1e-12))
