"""Arguments of the views that only whole numbers from 1 on can be."""

from numbers import Integral

from churn.errors import UserError


def check_count(name: str, value: object, *, usual: str) -> None:
    """Refuse what is no whole number of at least 1.

    Raises:
        UserError: for anything else.

    Example:
        >>> check_count("k", 2.5, usual="5 is usual")
        Traceback (most recent call last):
        churn.errors.UserError: expected k, a whole number of at least 1, got 2.5; 5 is usual
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise UserError(f"expected {name}, a whole number of at least 1", repr(value), usual)
