"""Intervals by the bootstrap over users.

Windows of one user overlap, so they are no independent draws: intervals over windows come out far too narrow.
Here whole users are drawn with replacement, and each draw reaches the statistic as one weight per window.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from churn.statistics.metrics import METRICS, RANGES, evaluate

CHUNK_CELLS = 1 << 22  # weights drawn at once: 32 MiB
EVERYWHERE = (-float("inf"), float("inf"))

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # weights (b, n) → values (b,)
Statistics = Callable[[NDArray[np.float64]], dict[str, NDArray[np.float64]]]  # several statistics by name
ONE_ERROR = 0.6827  # the level of an interval that reaches one standard error to each side


@dataclass(frozen=True)
class Interval:
    """A value with the two ends of its interval; nan where undefined.

    Example:
        >>> print(Interval(0.718, 0.6901, 0.7449))
        0.718 (0.690 to 0.745)
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Three decimals, the interval in brackets."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def bootstrap(
    users: ArrayLike,
    statistic: Statistic,
    *,
    repetitions: int = 500,
    seed: int = 0,
    level: float = 0.95,
    bounds: tuple[float, float] = EVERYWHERE,
) -> Interval:
    """Give a weighted statistic its interval by resampling users.

    `users` (n,) names the user of each window; `statistic` maps weights (b, n) to values (b,). As many users as there
    are get drawn with replacement (a multinomial draw), `repetitions` times, in chunks of bounded memory.

    The interval is the percentile interval moved by the bootstrap's median bias, median of the replicates minus value.
    A statistic such as ECE grows under resampling, and its plain percentile interval may miss the value itself; moved
    by the *median* bias, it holds the value always. Percentiles of few users lie too near each other, so percentiles
    further out are taken, as with Student's t; even so, 95% intervals of 10 users hold only nine times in ten. The
    interval is then clipped to `bounds`. Undefined (nan) replicates are dropped. The ends are nan if the value is, if
    no replicate is defined, or if there is only one user, from whom nothing follows about others.

    Raises:
        ValueError: for no users, no repetitions, or a level outside (0, 1).

    Source:
        B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 (blocks), 13 and 14.
        T. Hesterberg, What teachers should know about the bootstrap, American Statistician 69 (2015), 371-386: tails.

    Example:
        >>> amounts = np.array([1.0, 5.0, 2.0, 2.0, 0.0, 0.0])
        >>> mean = lambda weights: weights @ amounts / weights.sum(axis=1)
        >>> print(bootstrap(["ann", "ann", "bob", "bob", "cy", "cy"], mean, bounds=(0, 5)))
        1.667 (0.000 to 3.000)
    """
    values = _replicate(users, lambda weights: {"statistic": statistic(weights)}, repetitions, seed)
    return _interval(values["statistic"], _expanded(level, np.unique(np.asarray(users)).size), bounds)


def bootstrap_each(
    users: ArrayLike,
    statistics: Statistics,
    *,
    bounds: Mapping[str, tuple[float, float]],
    repetitions: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Give several weighted statistics their intervals from one set of resamples of users.

    `users` (n,) names the user of each window; `statistics` maps weights (b, n) to values (b,) by name, and `bounds`
    gives by name the numbers between which they lie. See `bootstrap`.

    Raises:
        ValueError: as `bootstrap` does.

    Example:
        >>> sums = lambda weights: {"sum": weights @ np.array([1.0, 0.0, 2.0])}
        >>> print(bootstrap_each(["ann", "bob", "bob"], sums, bounds={"sum": (0, 6)})["sum"])
        3.000 (2.000 to 4.000)
    """
    values = _replicate(users, statistics, repetitions, seed)
    wider = _expanded(level, np.unique(np.asarray(users)).size)
    return {name: _interval(values[name], wider, limits) for name, limits in bounds.items()}


def interval_of(
    values: ArrayLike, *, n_users: int, level: float = 0.95, bounds: tuple[float, float] = EVERYWHERE
) -> Interval:
    """The interval of `bootstrap` from resamples that were drawn elsewhere.

    Args:
        values: The sample's own value, then its resamples' values, (1 + repetitions,); the latter are ignored for a
            single user, since every resample equals the sample.
        n_users: Users in the sample.
        level: The level of the interval.
        bounds: The numbers between which it lies.

    Example:
        >>> print(interval_of([2.0, 1.0, 2.0, 3.0, 4.0], n_users=1000))
        2.000 (0.574 to 3.426)
    """
    every = np.asarray(values, dtype=np.float64)
    return _interval(every if n_users > 1 else every[:1], _expanded(level, n_users), bounds)


def metric_intervals(
    y: ArrayLike, p: ArrayLike, *, users: ArrayLike, repetitions: int = 500, seed: int = 0, level: float = 0.95
) -> dict[str, Interval]:
    """Give every metric of `METRICS` its interval by resampling users.

    `y` (n,) holds labels 0 and 1, `p` (n,) probabilities, `users` (n,) the user of each window. See `evaluate` for the
    metrics and `bootstrap` for the intervals, which are clipped to each metric's range.

    The interval of `ece` is no test of calibration: the ECE of a sample lies above the true one by chance, and the
    interval is around the former. `ece_band` shows whether a forecast is calibrated.

    Raises:
        ValueError: as `evaluate` and `bootstrap` do, or if `users` has another length.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.uniform(size=600)
        >>> intervals = metric_intervals(rng.uniform(size=600) < p, p, users=np.repeat(np.arange(200), 3))
        >>> print(intervals["roc_auc"])
        0.832 (0.804 to 0.859)
    """
    check_users(y, users)
    return bootstrap_each(
        users,
        lambda weights: evaluate(y, p, weights=weights),
        bounds=RANGES,
        repetitions=repetitions,
        seed=seed,
        level=level,
    )


def paired_difference(
    y: ArrayLike,
    p_a: ArrayLike,
    *,
    p_b: ArrayLike,
    users: ArrayLike,
    repetitions: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Give the difference of every metric, a minus b, its interval: both forecasts are resampled together.

    `y`, `p_a`, `p_b` and `users` are (n,) over the same windows. Shared luck cancels, so the interval is narrower than
    two separate ones suggest. Mind the sign: lower is better for `log_loss`, `brier` and `ece`.

    Raises:
        ValueError: as `evaluate` and `bootstrap` do, or if `users` has another length.

    Example:
        >>> y, p = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
        >>> print(paired_difference(y, p, p_b=p, users=[1, 2, 3, 4])["brier"])
        0.000 (0.000 to 0.000)
    """
    check_users(y, users)

    def difference(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        a, b = evaluate(y, p_a, weights=weights), evaluate(y, p_b, weights=weights)
        return {metric: a[metric] - b[metric] for metric in METRICS}

    spans = {metric: high - low for metric, (low, high) in RANGES.items()}
    bounds = {metric: (-span, span) for metric, span in spans.items()}
    return bootstrap_each(users, difference, bounds=bounds, repetitions=repetitions, seed=seed, level=level)


def rate_interval(
    y: ArrayLike, users: ArrayLike, *, repetitions: int = 500, seed: int = 0, level: float = 0.95
) -> Interval:
    """Give the mean of `y` (n,) over windows its interval, with `users` (n,) as blocks.

    For a rate, y is 0 and 1; any number per window works. The interval stays between the least and the greatest y;
    where all of u users have only 0 or only 1, which no resample changes, it reaches 3 / u away from it.

    Raises:
        ValueError: for lengths that differ, and as `bootstrap` does.

    Source:
        J. A. Hanley and A. Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 249 (1983), 1743-1745.

    Example:
        >>> y = np.tile([1, 1, 0, 0, 1, 0], 20)
        >>> print(rate_interval(y, users=np.repeat(np.arange(60), 2)))
        0.500 (0.392 to 0.600)
    """
    check_users(y, users)
    numbers = np.asarray(y, dtype=np.float64)
    sums, sizes = sum_by_user(users, np.column_stack([numbers, np.ones(numbers.size)])).T
    if len(sums) > 1 and numbers.min() == numbers.max() and numbers[0] in (0, 1):
        reach, rate = min(1.0, 3 / len(sums)), float(numbers[0])
        return Interval(rate, max(0.0, rate - reach) if rate else 0.0, 1.0 if rate else reach)
    # a mean needs only each user's sum and size, so it is resampled over users rather than over windows
    return bootstrap(
        np.arange(sums.size),
        lambda weights: (weights @ sums) / (weights @ sizes),
        repetitions=repetitions,
        seed=seed,
        level=level,
        bounds=(float(numbers.min()), float(numbers.max())),
    )


def sum_by_user(users: ArrayLike, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum columns (n, k) over the windows of each user: (u, k)."""
    names, user = np.unique(np.asarray(users), return_inverse=True)
    return np.column_stack([np.bincount(user, column, minlength=names.size) for column in columns.T])


def _draw(users: ArrayLike, repetitions: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Draw users with replacement, chunk by chunk: weights (c, n), how often each window's user was drawn."""
    names, user = np.unique(np.asarray(users), return_inverse=True)
    generator = np.random.default_rng(seed)
    chances = np.full(names.size, 1 / names.size)
    step = max(1, CHUNK_CELLS // user.size)
    for start in range(0, repetitions, step):
        counts = generator.multinomial(names.size, chances, size=min(step, repetitions - start))
        yield counts.astype(np.float64)[:, user]


def _replicate(users: ArrayLike, statistics: Statistics, repetitions: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return each statistic on the sample itself, then on its resamples: (1 + repetitions,).

    With a single user the resamples count as undefined, since each equals the sample.
    """
    n, single = np.size(users), np.unique(np.asarray(users)).size < 2
    if n == 0 or repetitions < 1:
        raise ValueError(f"expected at least one window and one repetition, got {n} and {repetitions}")
    values = [statistics(np.ones((1, n)))]
    values += [statistics(weights) for weights in _draw(users, 0 if single else repetitions, seed)]
    return {name: np.concatenate([chunk[name] for chunk in values]) for name in values[0]}


def _interval(values: NDArray[np.float64], level: float, bounds: tuple[float, float]) -> Interval:
    value, replicates = float(values[0]), values[1:][~np.isnan(values[1:])]
    lower, upper = tails(level)
    if np.isnan(value) or replicates.size == 0:
        return Interval(value, np.nan, np.nan)
    low, middle, high = np.quantile(replicates, [lower, 0.5, upper])
    # written as distances from the middle, so that rounding cannot push the value out; the outer min and max keep it
    # in where the value itself passes its bound by a rounding error
    below, above = max(bounds[0], value - (middle - low)), min(bounds[1], value + (high - middle))
    return Interval(value, min(value, float(below)), max(value, float(above)))


def _expanded(level: float, n: int) -> float:
    """The level whose percentiles make up for few users; for very many users, or a single one, `level` itself."""
    _, upper = tails(level)
    if n < 2:
        return level
    expanded = float(2 * scipy.special.ndtr(np.sqrt(n / (n - 1)) * scipy.special.stdtrit(n - 1, upper)) - 1)
    return min(expanded, 1 - 1e-9)  # two users need the ends of all resamples


def tails(level: float) -> tuple[float, float]:
    """The quantiles between which the central share `level` lies.

    Raises:
        ValueError: for a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}; .95 is usual")
    return (1 - level) / 2, (1 + level) / 2


def check_users(y: ArrayLike, users: ArrayLike) -> None:
    """Check that there is one user (n,) for each label (n,).

    Raises:
        ValueError: if the shapes differ, or there is no window.
    """
    if np.shape(y) != np.shape(users) or np.ndim(y) != 1 or np.size(y) == 0:
        raise ValueError(
            f"expected one user for each of n ≥ 1 windows, got {np.shape(y)} labels and {np.shape(users)} users"
        )
