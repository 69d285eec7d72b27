"""Windows with changed histories: the days in random order, or their sums alone."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.evaluation.verdicts.trials import places


@dataclass(frozen=True)
class Permuted(Windows):
    """Windows with each history's days in a random order of its own, which does not change between readings.

    Example:
        >>> from churn.data import example_split
        >>> train = example_split().train
        >>> bool(np.isclose(Permuted.of(train).history().sum(), train.history().sum()))
        True
    """

    @classmethod
    def of(cls, windows: Windows) -> "Permuted":
        """Given windows with their days permuted."""
        return cls(**{field.name: getattr(windows, field.name) for field in fields(Windows)})

    def order(self) -> NDArray[np.intp]:
        """The position from which each day is taken, (n, d), drawn by a hash of user, cutoff and day."""
        days = places(self)[:, None] * self.history_days + np.arange(self.history_days)
        draws = pd.util.hash_array(days.ravel()).reshape(days.shape)
        return np.argsort(draws, axis=1)

    def history(self) -> NDArray[np.float32]:
        """The features of the history, its days in the drawn order: (n, d, f)."""
        return np.take_along_axis(super().history(), self.order()[:, :, None], axis=1)


@dataclass(frozen=True)
class Summed(Windows):
    """Windows with a history of one day that holds the sums of several days' counts; derived features have none.

    Example:
        >>> from churn.data import example_split
        >>> train = example_split().train
        >>> summed = Summed.of(train).history()
        >>> summed.shape[1], bool(np.allclose(summed[:, 0], train.history().sum(axis=1)))
        (1, True)
    """

    summed_days: int = 1

    @classmethod
    def of(cls, windows: Windows) -> "Summed":
        """Given windows with their days summed."""
        same = {field.name: getattr(windows, field.name) for field in fields(Windows)}
        return cls(**same | {"history_days": 1, "derived": ()}, summed_days=windows.history_days)

    def active_days(self) -> NDArray[np.int64]:
        """The active days: 1 if any of the days had activity, since a day of sums cannot show more, (n,)."""
        rows = self.rows(first=-self.summed_days)
        return np.asarray(np.take(self.panel.active, rows, axis=0).any(axis=1), np.int64)

    def history(self) -> NDArray[np.float32]:
        """The sums, (n, 1, f)."""
        return np.asarray(self.panel.gather(self.rows(first=-self.summed_days)).sum(axis=1, keepdims=True))
