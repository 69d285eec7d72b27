"""Sides: tests that a number exceeds another beyond rounding, and that a clear difference is worth mentioning."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1e-9  # sums in another order differ in the sixteenth digit
LEAST_LOSS = 0.002  # log loss: the cost of probabilities off by three points near a half, or by two near a tenth
LEAST_LIFT = 1.1  # ten calls that find as many as eleven at random
FEW = 30  # users under whom an interval or a share is a guess

Side = Literal["above", "below", "across"]


class Ends(Protocol):
    """A value with its interval."""

    @property
    def value(self) -> float:
        """The value."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


def above(a: float, b: float) -> bool:
    """Whether a number is more than another by more than rounding; never for nan.

    Example:
        >>> above(0.1 + 0.2, 0.3), above(0.31, 0.3)
        (False, True)
    """
    return bool(a - b > ROUNDING * max(1.0, abs(a), abs(b)))


def side(found: Ends, of: float = 0.0, *, least: float = 0.0) -> Side:
    """The side of a number on which an interval lies; `across` if it holds the number, or the value is too near to it.

    An interval that is clear of the number proves a difference, and with enough users even the smallest one. `least`
    is the difference that matters.

    Args:
        found: A value and its interval.
        of: The number.
        least: The least distance of the value from the number.

    Example:
        >>> from churn.statistics import Interval
        >>> side(Interval(0.012, 0.004, 0.02)), side(Interval(-0.001, -0.002, -0.0001), least=LEAST_LOSS)
        ('above', 'across')
        >>> side(Interval(1.0, 1.0000000000000002, 1.0000000000000002), 1.0)
        'across'
    """
    if above(found.low, of) and not above(of + least, found.value):
        return "above"
    return "below" if above(of, found.high) and not above(found.value, of - least) else "across"


def digits_apart(value: float, low: float, high: float) -> int:
    """The fewest decimals, up to two, at which a percentage differs from the nearest end of an interval; 0 if none do.

    Example:
        >>> digits_apart(0.24, 0.08, 0.19), digits_apart(0.006, 0.008, 0.04), digits_apart(0.4, 0.3, 0.5)
        (0, 1, 0)
    """
    nearest = min(max(value, low), high)
    told = (digits for digits in range(3) if round(100 * value, digits) != round(100 * nearest, digits))
    return next(told, 0)


def varies(values: ArrayLike) -> bool:
    """Whether numbers (n,) differ by more than rounding; nan is left out.

    Example:
        >>> varies([0.3, 0.1 + 0.2]), varies([0.3, 0.4]), varies([])
        (False, True, False)
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    return known.size > 1 and above(float(known.max()), float(known.min()))
