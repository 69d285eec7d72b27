"""The calibration error that chance alone would produce."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn.statistics.intervals import CHUNK_CELLS, Interval, check_users, sum_by_user, tails
from churn.statistics.metrics import ECE_BINS, calibration_bins, check_forecast, spread

FEW_USERS = 10  # users in a bin, under which its mean residual is too large a part of each residual to be subtracted


def ece_band(
    y: ArrayLike,
    p: ArrayLike,
    *,
    users: ArrayLike,
    repetitions: int = 500,
    seed: int = 0,
    level: float = 0.95,
    bins: int = ECE_BINS,
) -> Interval:
    """The ECE that a perfectly calibrated forecaster would have on these predictions.

    `y`, `p` and `users` are (n,). Even true probabilities miss the rate of a bin by chance, and by more when windows of
    a user agree with each other. So every user's residuals y − p, less their bin's mean residual
    as if the forecaster were calibrated in each bin, get one random sign per user. Where a bin has few users its mean
    is not subtracted; elsewhere the residuals are enlarged by the variance that subtracting took, since the band
    would be too narrow otherwise. An ECE above `high` speaks against calibration. `value` is the mean of the ECEs so
    drawn, `low` and `high` their quantiles. A single user gives nan.

    Raises:
        ValueError: as `evaluate` and `bootstrap` do, or if `users` has another length.

    Source:
        A. C. Cameron, J. B. Gelbach and D. L. Miller, Bootstrap-based improvements for inference with clustered
        errors, Review of Economics and Statistics 90 (2008), 414-427.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.uniform(size=3000)
        >>> print(ece_band(rng.uniform(size=3000) < p, p, users=np.arange(3000)))
        0.023 (0.014 to 0.032)
    """
    check_users(y, users)
    labels, scores = check_forecast(y, p)
    by_user = _residuals_by_user(labels, scores, users, bins)
    if len(by_user) < 2:
        return Interval(np.nan, np.nan, np.nan)
    drawn = _signs(len(by_user), repetitions, seed)
    errors = np.concatenate([np.abs(signs @ by_user).sum(axis=1) for signs in drawn]) / labels.size
    low, high = np.quantile(errors, tails(level))
    return Interval(float(errors.mean()), float(low), float(high))


def calibrated_bands(
    p: ArrayLike, *, bins: int = ECE_BINS, level: float = 0.95, repetitions: int = 500, seed: int = 0
) -> dict[str, Interval]:
    """The rate and the ECE that a perfectly calibrated forecaster of independent users would have: rate, ece.

    `p` (n,) holds a probability for each of n users, from which outcomes are drawn again and again. So both bands hold
    their level for any number of users, which `ece_band`, made for windows that depend on each other, does not for
    few. `value` is the mean of the draws, the ends of the rate are two-sided, and the ECE has only an upper end, 0
    being perfect calibration.

    Raises:
        ValueError: for probabilities outside [0, 1], none, or fewer repetitions than the level needs.

    Example:
        >>> found = calibrated_bands(np.linspace(0.1, 0.9, 200))
        >>> print(found["rate"])
        0.500 (0.445 to 0.565)
        >>> print(found["ece"])
        0.097 (0.000 to 0.129)
    """
    upper = tails(level)[1]
    if repetitions * (1 - upper) < 1:
        raise ValueError(f"expected at least {int(np.ceil(1 / (1 - upper)))} repetitions, got {repetitions}")
    _, scores = check_forecast(np.zeros(np.size(p)), p)
    place = spread(np.ones(scores.size), calibration_bins(scores, bins), width=bins)
    generator, step = np.random.default_rng(seed), max(1, CHUNK_CELLS // scores.size)
    sizes = (min(step, repetitions - start) for start in range(0, repetitions, step))
    drawn = [((generator.random((size, scores.size)) < scores) - scores) @ place for size in sizes]
    off = np.concatenate(drawn) / scores.size  # (b, bins)
    rates, errors = scores.mean() + off.sum(axis=1), np.abs(off).sum(axis=1)
    low, high = np.quantile(rates, 1 - upper, method="lower"), np.quantile(rates, upper, method="higher")
    return {
        "rate": Interval(float(rates.mean()), float(low), float(high)),
        "ece": Interval(float(errors.mean()), 0.0, float(np.quantile(errors, level, method="higher"))),
    }


def _signs(n_users: int, repetitions: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Draw a random sign for each user, chunk by chunk: (c, n_users)."""
    if repetitions < 1:
        raise ValueError(f"expected at least one repetition, got {repetitions}")
    generator, step = np.random.default_rng(seed), max(1, CHUNK_CELLS // n_users)
    for start in range(0, repetitions, step):
        yield generator.choice(np.array([-1.0, 1.0]), (min(step, repetitions - start), n_users))


def _residuals_by_user(
    y: NDArray[np.float64], p: NDArray[np.float64], users: ArrayLike, bins: int
) -> NDArray[np.float64]:
    """Sum the residuals of each user in each bin, less the bin's mean where it has enough users: (u, bins).

    A bin's number of users is the number that would make its mean as uncertain if all had equally many windows.
    Subtracting the mean removes one over this number of the variance, and unevenly; so twice as much is added back.
    """
    number = calibration_bins(p, bins)
    windows = sum_by_user(users, spread(np.ones(y.size), number, width=bins))
    residuals = sum_by_user(users, spread(y - p, number, width=bins))
    size = np.maximum(windows.sum(axis=0), 1)
    share = (windows**2).sum(axis=0) / size**2  # one over the number of users
    centred = (residuals - windows * residuals.sum(axis=0) / size) / (1 - np.minimum(share, 1 / FEW_USERS))
    return np.where(share > 1 / FEW_USERS, residuals, centred)
