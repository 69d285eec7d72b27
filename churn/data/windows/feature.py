"""A feature beyond counts: further numbers that are known about a user at the end of a day."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from churn.data.windows.panel import Panel
from churn.errors import UserError

Values = Callable[[Panel, NDArray[np.int32], NDArray[np.int32]], NDArray[np.float32]]
T = TypeVar("T")


@dataclass(frozen=True)
class Feature:
    """Columns of a history that are made when it is gathered.

    Args:
        name: The name by which `data.features` asks for it.
        columns: Gives the names of the feature's c columns for a panel.
        values: Gives the values at the end of days, (n, d, c), for a panel, users (n,) and days of the panel (n, d).
            It must not read a later day.
        over_days: The number that summarises a history: the days' sum, or the last day's value.
        reason: The form of a column as a reason for a user: a number, a chance, yes or no, or none.
        reaches: The past that it knows beside the day itself: since the `arrival`, or all the `past`. This past is
            part of the score, and new data to score must go back as far. What knows of `weeks` needs the last four, and
            takes what is there of the days before.
        risky: The values that readers take for a risk without an explanation: lower or higher than the others'.
        constant: Whether a history has one value, its last day's, as of an attribute that is known on arrival, or of
            what is known of a user at the cutoff. Models have its columns once.
        one_hot: Whether the columns are the levels of one attribute, of which a user has one or none.
        bounded: For a feature that grows with the date, the one that says nearly as much and does not.

    Example:
        >>> from churn.data import example_split
        >>> from churn.data import FEATURES
        >>> train = example_split().train
        >>> tenure = next(feature for feature in FEATURES if feature.name == "tenure")
        >>> tenure.values(train.panel, train.user[:2], train.cutoff[:2, None] - 1).shape
        (2, 1, 1)
    """

    name: str
    columns: Callable[[Panel], tuple[str, ...]]
    values: Values
    over_days: Literal["sum", "last"] = "last"
    reason: Literal["number", "chance", "yes or no"] | None = "number"
    reaches: Literal["day", "arrival", "weeks", "past"] = "day"
    risky: Literal["low", "high"] = "low"
    constant: bool = False
    one_hot: bool = False
    bounded: str | None = None

    def known_at(self, panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        """The values, checked to be finite numbers of shape (n, d, c), as the rest of the package relies on.

        Raises:
            UserError: for other values, which a user's own feature may return.
        """
        found, shape = np.asarray(self.values(panel, user, day)), (*day.shape, len(self.columns(panel)))
        if found.shape != shape:
            raise UserError(f"expected an array {shape} from feature {self.name}", found.shape, "correct its values")
        if not np.isfinite(found).all():
            n = np.count_nonzero(~np.isfinite(found))
            raise UserError(f"expected finite numbers from feature {self.name}", f"{n:,} others", "correct its values")
        return found


def once_per_panel(function: Callable[[Panel], T]) -> Callable[[Panel], T]:
    """Cache a function's result for a panel for as long as the panel is kept."""
    kept: WeakKeyDictionary[Panel, T] = WeakKeyDictionary()

    @wraps(function)
    def remembered(panel: Panel) -> T:
        if panel not in kept:
            kept[panel] = function(panel)
        return kept[panel]

    return remembered


def named(*columns: str) -> Callable[[Panel], tuple[str, ...]]:
    """The function that gives a feature's columns, whatever the panel."""
    return lambda panel: columns


def each(prefix: str) -> Callable[[Panel], tuple[str, ...]]:
    """The function that names one column of a feature for each of the panel's."""
    return lambda panel: tuple(f"{prefix}_{name}" for name in panel.features)
