"""Numbers in the form of the verdicts' sentences."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from churn.language import joined, percentage, say
from churn.statistics import FEW, LEAST_LOSS, Interval, Side, side


def measured(users: int) -> str:
    """The sentence on the measurement of every verdict, with the number of users of the test part.

    Example:
        >>> "too narrow" in measured(12), "too narrow" in measured(500)
        (True, False)
    """
    if users < FEW:
        return say(
            "Probabilities are the models' own, not calibrated, and hyperparameters are not searched again. Brackets "
            "hold 95% intervals over {users:,} users, who are so few that the intervals are too narrow; they know "
            "nothing of how another fit would have turned out, and each stands for itself: of twenty differences by "
            "chance alone, one is expected to look clear of zero.",
            users=users,
        )
    return say(
        "Probabilities are the models' own, not calibrated, and hyperparameters are not searched again. Brackets hold "
        "95% intervals over {users:,} users; they know nothing of how another fit would have turned out, and each "
        "stands for itself: of twenty differences by chance alone, one is expected to look clear of zero.",
        users=users,
    )


def decimal(value: float, digits: int = 3) -> str:
    """A number with a true minus sign.

    Example:
        >>> decimal(0.5834), decimal(-0.012), decimal(1.2), decimal(-0.0001), decimal(float("nan"))
        ('0.583', '−0.012', '1.200', '0.000', 'unknown')
    """
    if not math.isfinite(value):
        return say("unknown")
    text = f"{abs(value):.{digits}f}"
    sign = "−" if value < 0 and float(text) > 0 else ""
    return sign + text


def change(interval: Interval) -> str:
    """A difference with its sign and interval.

    Example:
        >>> change(Interval(0.012, -0.001, 0.016))
        '+0.012 [−0.001, 0.016]'
    """
    value = decimal(interval.value)
    plus = "+" if interval.value > 0 and float(value) > 0 else ""
    return f"{plus}{value} {brackets(interval)}".rstrip()


def matters(gap: Interval) -> Side:
    """The side of zero on which a difference in log loss lies; `across` if it is unclear or too small to matter.

    Example:
        >>> matters(Interval(0.012, 0.008, 0.016)), matters(Interval(-0.001, -0.002, -0.0005))
        ('above', 'across')
    """
    return side(gap, least=LEAST_LOSS)


def same_chances(p: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether two forecasts (n,) of the same windows differ by rounding alone, in sums of float32.

    Example:
        >>> same_chances(np.array([0.3]), np.array([0.30000001])), same_chances(np.array([0.3]), np.array([0.31]))
        (True, False)
    """
    return bool(np.allclose(p, other, rtol=0, atol=1e-6))


def too_little(gap: Interval) -> str:
    """The reason why nothing follows from a difference in log loss.

    Example:
        >>> too_little(Interval(0.012, -0.001, 0.016)), too_little(Interval(-0.001, -0.002, -0.0005))
        ('not clear of zero', 'less than 0.002, too little to matter')
    """
    if side(gap) == "across":
        return say("not clear of zero")
    return say("less than {least}, too little to matter", least=decimal(LEAST_LOSS))


def amount(interval: Interval) -> str:
    """The size of a difference without its sign, since the sentence gives the direction.

    Example:
        >>> amount(Interval(-0.012, -0.016, -0.008))
        '0.012 [0.008, 0.016]'
    """
    if interval.value >= 0:
        return f"{decimal(interval.value)} {brackets(interval)}".rstrip()
    return amount(Interval(-interval.value, -interval.high, -interval.low))


def by_side(gap: Interval, *, below: str, above: str, across: str, **values: object) -> str:
    """The one of three marked messages that fits a difference in log loss, with its {amount}, {change} and {why}.

    Example:
        >>> by_side(Interval(0.012, 0.008, 0.016), below="", above="{model} loses {amount}.", across="", model="GRU")
        'GRU loses 0.012 [0.008, 0.016].'
    """
    message = {"below": below, "above": above, "across": across}[matters(gap)]
    return say(message, amount=amount(gap), change=change(gap), why=too_little(gap), **values)


def brackets(interval: Interval) -> str:
    """The ends of an interval, or empty text if they are unknown."""
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return ""
    return f"[{decimal(interval.low)}, {decimal(interval.high)}]"


def percent(share: float) -> str:
    """A share in hundredths.

    Example:
        >>> percent(0.314)
        '31%'
    """
    return percentage(share) if math.isfinite(share) else say("unknown")


def listed(items: Iterable[str]) -> str:
    """Items in a sentence.

    Example:
        >>> listed(["a"]), listed("abc")
        ('a', 'a, b and c')
    """
    *most, last = items
    return say("{most} and {last}", most=joined(most, ", "), last=last) if most else last
