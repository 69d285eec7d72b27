"""Drift: how far users and columns have moved from the training part to the day that is scored."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from churn.data.audit.findings_of_parts import NOISE, share_of
from churn.data.dataset import Dataset
from churn.data.splits.split import Split
from churn.data.windows.windows import Windows

_CHUNK = 1 << 16  # windows that are gathered at once
NEWEST_DAYS = 28  # days of cutoffs whose labels are the newest known
_DEVIATIONS = 0.5  # standard deviations of the training part, from which on a column's mean has moved
BEYOND = 0.05  # share of windows beyond the training part's range from which on a column has left it


@dataclass(frozen=True)
class Column:
    """One number per history of a column, over the training windows."""

    mean: float
    deviation: float
    low: float
    high: float
    beyond_test: float  # the share of the test windows under the lowest or over the highest value
    source: str | None = None  # the feature of `data.features` that it comes from; None for a count


@dataclass(frozen=True)
class Training:
    """The training part in numbers, for comparison with later days."""

    at_risk: float  # users a day
    activity: float  # own events per user at risk and week
    rates: dict[str, tuple[float, float]]  # base rates by target, with their standard errors over users
    columns: dict[str, Column]

    @classmethod
    def of(cls, dataset: Dataset, split: Split) -> Self:
        """Measure the training part; columns of the calendar, which no user moves, are left out."""
        train = split.train
        low, high, total, squares = _moments(train)
        beyond, mean = _beyond(split.test, low, high), total / len(train)
        deviation = np.sqrt(np.maximum(squares / len(train) - mean**2, 0))
        numbers = np.column_stack([mean, deviation, low, high, beyond]).tolist()
        columns = {
            name: Column(row[0], row[1], row[2], row[3], row[4], source.name if source else None)
            for name, row, source in zip(train.features, numbers, train.sources, strict=True)
            if source is None or source.reason is not None
        }
        on_its_days = np.isin(dataset.windows.cutoff, train.cutoff).sum() / len(np.unique(train.cutoff))
        return cls(float(on_its_days), _activity(train, total), _base_rates(train), columns)

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        """The training part, read from `Drift.facts`."""
        columns = {name: Column(**column) for name, column in facts["columns"].items()}
        return cls(facts["at_risk"], facts["activity"], _read_rates(facts), columns)


@dataclass(frozen=True)
class Now:
    """The users at risk on the scored day, in numbers."""

    cutoff: str
    at_risk: int
    activity: float
    rates: dict[str, tuple[float, float]]  # base rates of the newest windows whose outcome is known
    means: dict[str, float]  # by column
    beyond: dict[str, float]  # by column, the share of users beyond the training part's range


@dataclass(frozen=True)
class Drift:
    """The training part beside the scored day."""

    training: Training
    now: Now

    @classmethod
    def since(cls, training: Training, dataset: Dataset) -> Self | None:
        """The drift at the newest cutoff of a data set; None if nobody is at risk there.

        Example:
            >>> from churn.data import example_dataset
            >>> dataset = example_dataset()
            >>> found = Drift.since(Training.of(dataset, dataset.split()), dataset)
            >>> found.now.at_risk, round(found.training.at_risk)
            (59, 67)
        """
        windows = dataset.newest
        if not len(windows):
            return None
        total, names = windows.summary().sum(axis=0), windows.features
        ranges = np.array([(c.low, c.high) for name in names if (c := training.columns.get(name))]).reshape(-1, 2)
        places = [place for place, name in enumerate(names) if name in training.columns]
        known = [names[place] for place in places]
        beyond = _beyond(windows, *ranges.T, places=places)
        labelled = dataset.labelled
        newest = labelled.take(labelled.cutoff > labelled.cutoff.max(initial=0) - NEWEST_DAYS)
        now = Now(
            str(windows.dates.max().date()),
            len(windows),
            _activity(windows, total),
            _base_rates(newest) if len(newest) else {},
            dict(zip(known, (total[places] / len(windows)).tolist(), strict=True)),
            dict(zip(known, beyond.tolist(), strict=True)),
        )
        return cls(training, now)

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        """The drift, read from `facts`."""
        return cls(Training.read(facts["training"]), Now(**facts["now"] | {"rates": _read_rates(facts["now"])}))

    def facts(self) -> dict[str, Any]:
        """The drift as plain data, ready for JSON."""
        return asdict(self)

    def moved(self) -> dict[str, float]:
        """The columns whose mean has moved, in standard deviations of the training part, the furthest first."""
        least = max(_DEVIATIONS, NOISE / self.now.at_risk**0.5)
        found = {
            name: (mean - column.mean) / column.deviation
            for name, mean in self.now.means.items()
            if (column := self.training.columns[name]).low < column.high
        }
        return dict(sorted(((k, z) for k, z in found.items() if abs(z) > least), key=lambda pair: -abs(pair[1])))

    @property
    def counts_acts(self) -> bool:
        """Whether users' own acts are counted, as the channels of a table of days are not."""
        return bool(self.training.activity or self.now.activity)

    def left_range(self) -> list[str]:
        """The columns that have left the training part's range, the furthest first."""
        shares = {name: max(self.training.columns[name].beyond_test, now) for name, now in self.now.beyond.items()}
        return sorted((name for name, share in shares.items() if share > BEYOND), key=lambda name: -shares[name])


def _read_rates(facts: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {target: (rate, error) for target, (rate, error) in facts["rates"].items()}


def _base_rates(windows: Windows) -> dict[str, tuple[float, float]]:
    """The base rate of each target, with its standard error over users; for a single user the largest possible one."""
    found = {target: share_of(windows.label(target) == 1, windows.user) for target in windows.targets}
    return {target: (rate, error if error == error else 1.0) for target, (rate, error) in found.items()}


def _activity(windows: Windows, total: NDArray[np.float64]) -> float:
    """Own events per user and week, over the days of the history on which the user was known."""
    own = sum(total[place] for place, name in enumerate(windows.features) if name.startswith("own_"))
    return float(own) * 7 / max(int(windows.known_days().sum()), 1)


def _summaries(windows: Windows) -> Iterator[NDArray[np.float64]]:
    for begin in range(0, len(windows), _CHUNK):
        yield windows.take(np.arange(begin, min(begin + _CHUNK, len(windows)))).summary()


def _moments(windows: Windows) -> tuple[NDArray[np.float64], ...]:
    """The lowest and highest values, sums, and sums of squares of one number per history: four times (f,)."""
    parts = [(x.min(axis=0), x.max(axis=0), x.sum(axis=0), (x**2).sum(axis=0)) for x in _summaries(windows)]
    low, high, total, squares = (np.array(column) for column in zip(*parts, strict=True))
    return low.min(axis=0), high.max(axis=0), total.sum(axis=0), squares.sum(axis=0)


def _beyond(
    windows: Windows, low: NDArray[np.float64], high: NDArray[np.float64], *, places: list[int] | None = None
) -> NDArray[np.float64]:
    """The share of windows outside a range, for some columns or all: (f,)."""
    kept = slice(None) if places is None else places
    outside = [((x[:, kept] < low) | (x[:, kept] > high)).sum(axis=0) for x in _summaries(windows)]
    return np.asarray(np.sum(outside, axis=0) / max(len(windows), 1)) if outside else np.zeros(len(low))
