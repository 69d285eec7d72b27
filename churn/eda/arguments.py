"""Checks of the numbers that the views are given."""

from numbers import Integral

from churn.errors import UserError

MOST = 100_000  # of anything: days of three centuries


def check_count(name: str, value: object, *, least: int = 1, most: int = MOST) -> None:
    """Raise a UserError unless a number of days, of samples or of rows is a whole one within its bounds.

    Example:
        >>> check_count("period_days", 0)
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected period_days of at least 1, a whole number, got 0; give 1 or more
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise UserError(f"expected {name} of at least {least}, a whole number", repr(value), f"give {least} or more")
    if int(value) > most:
        raise UserError(f"expected {name} of at most {most:,}", value, "give fewer")
