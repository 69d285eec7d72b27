"""Numbers as the verdicts' sentences have them."""

import math
from collections.abc import Iterable

from churn.language import say
from churn.statistics import Interval

FEW = 30  # users under which an interval is a guess


def measured(users: int) -> str:
    """How every verdict measures, on so many users of the test part.

    Example:
        >>> "too narrow" in measured(12), "too narrow" in measured(500)
        (True, False)
    """
    if users < FEW:
        return say(
            "Probabilities are the models' own, not calibrated, and hyperparameters are not searched anew. Brackets "
            "hold 95 % intervals over {users:,} users, who are so few that the intervals are too narrow; they know "
            "nothing of how another fit would have turned out, and each stands for itself: of twenty differences by "
            "chance alone, one is expected to look clear of zero.",
            users=users,
        )
    return say(
        "Probabilities are the models' own, not calibrated, and hyperparameters are not searched anew. Brackets hold "
        "95 % intervals over {users:,} users; they know nothing of how another fit would have turned out, and each "
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


def amount(interval: Interval) -> str:
    """How large a difference is, whichever its sign; the sentence says in which direction.

    Example:
        >>> amount(Interval(-0.012, -0.016, -0.008))
        '0.012 [0.008, 0.016]'
    """
    if interval.value >= 0:
        return f"{decimal(interval.value)} {brackets(interval)}".rstrip()
    return amount(Interval(-interval.value, -interval.high, -interval.low))


def brackets(interval: Interval) -> str:
    """The ends of an interval, or nothing where there are none."""
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return ""
    return f"[{decimal(interval.low)}, {decimal(interval.high)}]"


def percent(share: float) -> str:
    """A share in hundredths.

    Example:
        >>> percent(0.314)
        '31\N{NO-BREAK SPACE}%'
    """
    return f"{100 * share:.0f}\u00a0%" if math.isfinite(share) else say("unknown")


def listed(items: Iterable[str]) -> str:
    """Items in a sentence.

    Example:
        >>> listed(["a"]), listed("abc")
        ('a', 'a, b and c')
    """
    *most, last = items
    return say("{most} and {last}", most=", ".join(most), last=last) if most else last
