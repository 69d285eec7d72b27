"""The `split:` block: the kind of split, and the days on which its parts begin."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from churn.errors import UserError
from churn.keys import Block, Day, ProperShare, Range, Seed

if TYPE_CHECKING:
    import pandas as pd

SplitKind = Literal["time", "user", "user_time", "random"]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Origin:
    """One fold's boundaries: the days on which its parts begin and end."""

    val_from: "pd.Timestamp"  # the first validation cutoff
    test_from: "pd.Timestamp"  # the first test cutoff
    test_until: "pd.Timestamp"  # the first cutoff after the test part


@dataclass(frozen=True)
class SplitConfig(Block, key="data.split"):
    """The division of the windows into training, validation and test parts.

    Args:
        kind: `time`: by cutoff, so that each part lies after the one before it, as it would in production. `user`: by
            user, on the same days. `user_time`: both, so that later weeks of unseen users are the test. `random`:
            window by window, which puts a user's days into several parts: for demonstrations only, and each page that
            shows its results says so.
        val_from: The first validation cutoff; by default `val_share` and `test_share` of the days from the end.
        test_from: The first test cutoff.
        val_share: Share for validation: of the cutoffs' days where no date is given (of the members where each is asked
            about on arrival), and of the users or windows where the kind divides them.
        test_share: Share for the test, as `val_share`.
        embargo_days: Further days kept between a horizon's end and the next part's first cutoff.
        group: A column of the member list, such as a household or a title: members with one value are in one part, with
            kind `user` or `user_time`. Members without a value stand alone.
        folds: The number of rolling origins, splits over time: the last as configured, each earlier one moved back by
            the length of the test part.
        seed: The seed of a random split.
    """

    kind: SplitKind = "time"
    val_from: Annotated[str, Day()] | None = None
    test_from: Annotated[str, Day()] | None = None
    val_share: ProperShare = 0.15
    test_share: ProperShare = 0.15
    embargo_days: Annotated[int, Range(0, 10_000)] = 0
    group: str | None = None
    folds: Annotated[int, Range(1, 100)] = 1
    seed: Seed = 0

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, and for one that the kind of split does not use."""
        super().__post_init__()
        if self.val_share + self.test_share >= 1:
            found = f"{self.val_share} + {self.test_share}"
            raise UserError(
                "expected data.split.val_share + data.split.test_share below 1", found, "leave some for training"
            )
        if self.val_from is not None and self.test_from is not None and self.val_from[:10] >= self.test_from[:10]:
            found = f"{self.val_from} and {self.test_from}"
            raise UserError("expected data.split.val_from < data.split.test_from", found, "move the dates")
        if self.group is not None and not self.by_user:
            remedy = "choose one, or leave data.split.group out"
            raise UserError("expected data.split.kind user or user_time with data.split.group", self.kind, remedy)
        if not self.by_time:
            self._refuse_times()

    def _refuse_times(self) -> None:
        given = {
            "data.split.val_from": self.val_from,
            "data.split.test_from": self.test_from,
            "data.split.embargo_days": self.embargo_days or None,
            "data.split.folds": None if self.folds == 1 else self.folds,
        }
        for name, value in given.items():
            if value is not None:
                remedy = "leave it out and set the shares, or choose kind time or user_time"
                raise UserError(f"expected no {name} with data.split.kind {self.kind}", value, remedy)

    @property
    def by_time(self) -> bool:
        """Whether the parts are separate in time."""
        return self.kind in ("time", "user_time")

    @property
    def by_user(self) -> bool:
        """Whether the parts have no user in common."""
        return self.kind in ("user", "user_time")

    def of_arrivals(self, days: "pd.DatetimeIndex", *, wait: int = 0) -> "SplitConfig":
        """The split with its dates: where none is given, the days that leave each later part its share of the arrivals.

        Args:
            days: The days of some arrivals with an answer.
            wait: Days from an arrival to the day on which it may be learnt from or judged by.

        Example:
            >>> import pandas as pd
            >>> days = pd.date_range("2024-01-01", periods=100).repeat(2)
            >>> found = SplitConfig(test_share=0.2, val_share=0.1).of_arrivals(days, wait=5)
            >>> found.val_from, found.test_from
            ('2024-03-03', '2024-03-17')
        """
        if not self.by_time:
            return self
        import pandas as pd  # here, since reading a configuration does not need it

        days, late = days.sort_values(), pd.Timedelta(days=wait)

        def begin(share: float, end: pd.Timestamp) -> str:
            """The day from which on a share of all arrivals has come that may be judged by at an end."""
            old = days[days + late <= end]
            return str((old if len(old) else days)[max(len(old) - round(len(days) * share), 0)].date())

        test_from = self.test_from or begin(self.test_share, days[-1] + _DAY)
        return replace(
            self, val_from=self.val_from or begin(self.val_share, pd.Timestamp(test_from)), test_from=test_from
        )

    def boundaries(self, first: "pd.Timestamp", last: "pd.Timestamp") -> "tuple[pd.Timestamp, pd.Timestamp]":
        """The first validation and the first test cutoff, given the first and the last labelled one.

        Raises:
            UserError: if they are not in order within the labelled cutoffs.

        Example:
            >>> import pandas as pd
            >>> SplitConfig().boundaries(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-04-09"))
            (Timestamp('2024-03-11 00:00:00'), Timestamp('2024-03-26 00:00:00'))
        """
        days = (last.date() - first.date()).days + 1  # a Timedelta ends at 292 years
        test = self._date("test_from") or last + _DAY * (1 - round(days * self.test_share))
        val = self._date("val_from") or test - _DAY * round(days * self.val_share)
        if not first < val < test <= last:
            raise UserError(
                f"expected {first.date()} < data.split.val_from < data.split.test_from <= {last.date()}",
                f"{val.date()} and {test.date()}",
                "move the dates or the shares, or load more days",
            )
        return val, test

    def origins(self, first: "pd.Timestamp", last: "pd.Timestamp") -> tuple[Origin, ...]:
        """The folds' boundaries, oldest first, given the first and the last labelled cutoff.

        Raises:
            UserError: if the boundaries are not in order, or the days are too few for the folds.

        Example:
            >>> import pandas as pd
            >>> folds = SplitConfig(folds=3).origins(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-04-09"))
            >>> [str(fold.test_from.date()) for fold in folds]
            ['2024-02-25', '2024-03-11', '2024-03-26']
        """
        val, test = self.boundaries(first, last)
        end = last + _DAY
        period = end - test
        most = (val - first - _DAY) // period + 1
        if self.folds > most:
            raise UserError(
                f"expected data.split.folds of at most {most}, as a test part has {period.days} days and "
                f"{(val - first).days} lie before {val.date()}",
                self.folds,
                "lower it, set a later test_from or a smaller test_share, or load more days",
            )
        back = [period * fold for fold in reversed(range(self.folds))]
        return tuple(Origin(val - shift, test - shift, end - shift) for shift in back)

    def _date(self, name: str) -> "pd.Timestamp | None":
        import pandas as pd  # here, since reading a configuration does not need it

        text = getattr(self, name)
        return None if text is None else pd.Timestamp(text[:10])
