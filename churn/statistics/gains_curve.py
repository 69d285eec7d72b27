"""The gain curve: the share of the positives that a list of a given length would find."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn.statistics.intervals import Interval, bootstrap_each, check_users
from churn.statistics.metrics import check_forecast
from churn.statistics.order import cumulate, gain, rank, weight_chunks

SHARES: tuple[float, ...] = tuple(twentieth / 20 for twentieth in range(1, 21))


def gains(
    y: ArrayLike, p: ArrayLike, *, users: ArrayLike, repetitions: int = 500, seed: int = 0, level: float = 0.95
) -> dict[float, Interval]:
    """Give the share of all positives found among each of `SHARES` of the windows its interval by resampling users.

    `y` (n,) holds labels 0 and 1, `p` (n,) probabilities, `users` (n,) the user of each window. The windows with the
    highest probabilities come first; ties at the border count with the share that a random order would let in. Divided
    by its share, a gain is a lift. nan without a positive.

    Raises:
        ValueError: for input that `evaluate` or `bootstrap` refuses, or if `users` has another length.

    Example:
        >>> y, p = np.tile([1, 1, 0, 0], 50), np.tile([0.9, 0.5, 0.5, 0.1], 50)
        >>> print(gains(y, p, users=np.arange(200))[0.5])
        0.750 (0.709 to 0.802)
    """
    check_users(y, users)
    labels, scores = check_forecast(y, p)
    ranking = rank(np.arange(labels.size), labels, scores)

    def curve(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        ranked = [cumulate(ranking, chunk) for chunk in weight_chunks(weights, labels.size)]
        return {str(share): np.concatenate([gain(*chunk, share) for chunk in ranked]) for share in SHARES}

    bounds = {str(share): (0.0, 1.0) for share in SHARES}
    found = bootstrap_each(users, curve, bounds=bounds, repetitions=repetitions, seed=seed, level=level)
    return {share: found[str(share)] for share in SHARES}
