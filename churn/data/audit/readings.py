"""Member attributes read as numbers, dates and categories."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.language import say

READABLE = 0.95  # share of the values of a text that must be dates or numbers for it to count as such
DISTINCT = 0.98  # share of the values of an identifier that are different
FEWEST = 30  # values under which nothing looks like an identifier
MANY_CATEGORIES = 0.5  # distinct values per filled one from which on a text is no category
FEW_NUMBERS = 20  # distinct whole numbers up to which they may be codes of categories
EPOCHS = ((9e8, 3e9), (9e11, 3e12), (9e14, 3e15), (9e17, 3e18))  # times since 1970 in s, ms, µs, ns: no identifiers


@dataclass(frozen=True)
class Reading:
    """An attribute read in one way: as a number, a date, a category, or by whether it is filled in."""

    attribute: str
    kind: Literal["number", "date", "category", "filled"]
    per_user: NDArray[np.float64]  # (u,) numbers, days since 1970, or codes; nothing is missing

    @property
    def is_flag(self) -> bool:
        """Whether the reading is yes or no, as every `filled` is."""
        return self.kind == "filled" or (self.kind == "number" and bool(np.isin(self.per_user, (0, 1)).all()))

    @property
    def says(self) -> str:
        """The attribute's name in a sentence."""
        return (
            say("{attribute} (filled in or empty)", attribute=self.attribute)
            if self.kind == "filled"
            else self.attribute
        )


def readings(attributes: pd.DataFrame) -> list[Reading]:
    """Every attribute read in all ways that apply: as number or date, as category, and by whether it is filled in.

    Gaps in numbers and dates take the median, so that only `filled` shows them; among categories they are one more.

    Example:
        >>> table = pd.DataFrame({"plan": ["a", None, "a", "a"], "age": [3, 4, 5, 6.5]})
        >>> [(reading.attribute, reading.kind) for reading in readings(table)]
        [('plan', 'category'), ('plan', 'filled'), ('age', 'number'), ('age', 'category')]
    """
    found = []
    for name in attributes.columns:
        column = _printable(attributes[name].reset_index(drop=True))
        for kind, values in _read(column).items():
            found.append(Reading(str(name), kind, values))
    return found


def _read(column: pd.Series) -> dict[Literal["number", "date", "category", "filled"], NDArray[np.float64]]:
    ways: dict[Literal["number", "date", "category", "filled"], NDArray[np.float64]] = {}
    missing = column.isna().to_numpy()
    numbers, dates = as_numbers(column), as_dates(column)
    if dates is not None:
        ways["date"] = _filled_up(dates)
    elif numbers is not None:
        ways["number"] = _filled_up(numbers)
    distinct = column.dropna().astype(str).nunique()
    is_text = numbers is None and dates is None
    if 1 <= distinct <= (MANY_CATEGORIES * (~missing).sum() if is_text else FEW_NUMBERS):
        ways["category"] = pd.factorize(column.astype(str).where(~missing))[0].astype(np.float64) + 1
    if missing.any() and not missing.all():
        ways["filled"] = (~missing).astype(np.float64)
    return ways


def _printable(column: pd.Series) -> pd.Series:
    """A column with its bytes, if it holds any, as text."""
    if column.dtype != object:
        return column
    return column.map(lambda value: value.hex() if isinstance(value, bytes) else value)


def _filled_up(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    return np.where(known, values, np.median(values[known]) if known.any() else 0.0)


def as_numbers(column: pd.Series) -> NDArray[np.float64] | None:
    """A column as numbers, (u,), nan where there is none; None where it holds something else.

    Example:
        >>> as_numbers(pd.Series(["1", "2.5", None]))
        array([1. , 2.5, nan])
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return None
    if pd.api.types.is_timedelta64_dtype(column):
        column = column.dt.total_seconds()
    numbers = pd.to_numeric(column.astype(object).where(column.notna()), errors="coerce").to_numpy(np.float64)
    return numbers if _mostly_read(numbers, column) else None


def as_dates(column: pd.Series) -> NDArray[np.float64] | None:
    """A column of dates or of text that is dates, as days since 1970, (u,), nan where there is none; None for others.

    Example:
        >>> as_dates(pd.Series(["1970-01-02", None, "1970-01-03"]))
        array([ 1., nan,  2.])
    """
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        return None
    if not pd.api.types.is_datetime64_any_dtype(column) and as_numbers(column) is not None:
        return None
    times = pd.to_datetime(column.where(column.notna(), None), errors="coerce", utc=True, format="ISO8601")
    days: NDArray[np.float64] = np.asarray((times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1), np.float64)
    return days if _mostly_read(days, column) else None


def _mostly_read(values: NDArray[np.float64], column: pd.Series) -> bool:
    filled = column.notna().to_numpy()
    return bool(filled.any() and np.isfinite(values[filled]).mean() >= READABLE)


def identifier(column: pd.Series) -> tuple[float, int] | None:
    """The share of distinct values and the number of values of a column that looks like an identifier, else None.

    An identifier is text or whole numbers that are almost all different, and no measurement: its numbers lie densely in
    their range or have nearly equal numbers of digits, and are no times since 1970.

    Example:
        >>> identifier(pd.Series([f"account {n}" for n in range(50)]))
        (1.0, 50)
        >>> identifier(pd.Series(np.arange(50) ** 5))
    """
    column = _printable(column)
    filled = column.dropna()
    share = filled.astype(str).nunique() / max(1, len(filled))
    is_time = pd.api.types.is_timedelta64_dtype(column) or as_dates(column) is not None
    if len(filled) < FEWEST or share < DISTINCT or is_time:
        return None
    numbers = as_numbers(filled)
    if numbers is not None and not _looks_like_keys(numbers[np.isfinite(numbers)]):
        return None
    return share, len(filled)


def _looks_like_keys(numbers: NDArray[np.float64]) -> bool:
    if (numbers != np.round(numbers)).any() or (numbers < 0).any():
        return False
    low, high = numbers.min(), numbers.max()
    if any(begin <= low and high <= end for begin, end in EPOCHS):
        return False
    digits = np.floor(np.log10(np.maximum(numbers, 1)))
    share = np.bincount(digits.astype(np.int64)) / len(numbers)
    return bool(high - low < 20 * len(numbers) or np.convolve(share, [1, 1]).max() >= READABLE)
