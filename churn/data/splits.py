"""Splits: parts of the windows of which no earlier one can see a later one's days."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from churn.data.windows import UNKNOWN, Windows
from churn.errors import LeakageError, UserError

PARTS = ("train", "val", "test", "score")


@dataclass(frozen=True)
class SplitConfig:
    """How windows are divided.

    Args:
        kind: `time`: by cutoff, so that each part lies after the one before it, as it would in production.
        val_from: The first validation cutoff; by default `val_share` and `test_share` of the days from the end.
        test_from: The first test cutoff.
        val_share: Share of the cutoffs' days for validation, where no date is given.
        test_share: Share of the cutoffs' days for the test, where no date is given.
        embargo_days: Further days kept between a horizon's end and the next part's first cutoff.
    """

    kind: Literal["time"] = "time"
    val_from: str | None = None
    test_from: str | None = None
    val_share: float = 0.15
    test_share: float = 0.15
    embargo_days: int = 0

    def __post_init__(self) -> None:
        """Raises UserError for a kind that there is not, a share outside (0, 1) or a negative embargo."""
        if self.kind != "time":
            raise UserError("expected split.kind time", repr(self.kind), "correct it")
        for name in ("val_share", "test_share"):
            if not 0 < (share := getattr(self, name)) < 1:
                raise UserError(f"expected split.{name} between 0 and 1", share, "correct it")
        if self.embargo_days < 0:
            raise UserError("expected split.embargo_days of at least 0", self.embargo_days, "raise it")

    def boundaries(self, first: pd.Timestamp, last: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
        """The first validation and the first test cutoff, given the first and the last labelled one.

        Raises:
            UserError: if a date cannot be read, or they are not in order within the labelled cutoffs.

        Example:
            >>> SplitConfig().boundaries(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-04-09"))
            (Timestamp('2024-03-11 00:00:00'), Timestamp('2024-03-26 00:00:00'))
        """
        days = (last - first).days + 1
        test = self._date("test_from") or last + pd.Timedelta(days=1 - round(days * self.test_share))
        val = self._date("val_from") or test - pd.Timedelta(days=round(days * self.val_share))
        if not first < val < test <= last:
            raise UserError(
                f"expected {first.date()} < split.val_from < split.test_from <= {last.date()}",
                f"{val.date()} and {test.date()}",
                "move the dates or the shares, or load more days",
            )
        return val, test

    def _date(self, name: str) -> pd.Timestamp | None:
        text = getattr(self, name)
        try:
            return None if text is None else pd.Timestamp(date.fromisoformat(str(text)[:10]))
        except ValueError as error:
            raise UserError(f"expected a date in split.{name}", repr(text), "write it as 2024-03-01") from error


@dataclass(frozen=True)
class Split:
    """The parts of the windows. One whose parts leak into each other cannot be built.

    Raises:
        LeakageError: if a part's last horizon, with the embargo, runs past the next part's first cutoff, or a
            part that is fitted or judged holds a window without a label.
    """

    train: Windows
    val: Windows
    test: Windows
    score: Windows
    embargo_days: int = 0

    def __post_init__(self) -> None:
        """Check the honest rule."""
        if self.embargo_days < 0:
            raise LeakageError(f"expected an embargo of at least 0 days, got {self.embargo_days}")
        for earlier, later in (("train", "val"), ("val", "test"), ("train", "test")):
            before, after = getattr(self, earlier), getattr(self, later)
            reach = before.horizon_days + self.embargo_days
            if len(before) and len(after) and before.cutoff.max() + reach > after.cutoff.min():
                raise LeakageError(
                    f"expected every {earlier} horizon to end {self.embargo_days} days before the first {later} cutoff "
                    f"({after.dates.min().date()}), got one on {before.dates.max().date()}"
                )
        for name in ("train", "val", "test"):
            if (getattr(self, name).churn == UNKNOWN).any():
                raise LeakageError(f"expected labels for every window of {name}, got windows whose horizon is not over")

    @property
    def val_a(self) -> Windows:
        """The half of the validation users for early stopping, search and the choice of a model."""
        return self.val.take(~_second_half(self.val))

    @property
    def val_b(self) -> Windows:
        """The other half of the validation users, for calibration and thresholds."""
        return self.val.take(_second_half(self.val))

    def part(self, name: str) -> Windows:
        """A part by its name."""
        if name not in PARTS:
            raise UserError(f"expected a part out of {', '.join(PARTS)}", repr(name), "correct the name")
        windows: Windows = getattr(self, name)
        return windows

    def table(self) -> pd.DataFrame:
        """All parts as one table: user_id, cutoff, churn, sticker, part."""
        return pd.concat([self.part(name).table().assign(part=name) for name in PARTS], ignore_index=True)

    def audit(self) -> list[dict[str, object]]:
        """What each part holds: windows, users, first and last cutoff, base rates."""
        return [_describe(name, self.part(name)) for name in PARTS]


def split_by_time(windows: Windows, config: SplitConfig) -> Split:
    """Split windows by their cutoffs; those whose horizon crosses a boundary belong to no part.

    Raises:
        UserError: if a part is empty or lacks a class of a target.
    """
    known = windows.churn != UNKNOWN
    if not known.any():
        raise UserError("expected labelled windows", "none", "load more days, or check at_risk and activity_events")
    cutoff, date = windows.cutoff, windows.panel.date
    boundaries = config.boundaries(date(cutoff[known].min()), date(cutoff[known].max()))
    val_from, test_from = ((boundary - date(0)).days for boundary in boundaries)
    ends = cutoff + (windows.horizon_days + config.embargo_days)
    split = Split(
        train=windows.take(known & (ends <= val_from)),
        val=windows.take(known & (cutoff >= val_from) & (ends <= test_from)),
        test=windows.take(known & (cutoff >= test_from)),
        score=windows.take(~known),
        embargo_days=config.embargo_days,
    )
    _check_classes(split)
    return split


def _check_classes(split: Split) -> None:
    for name, part in (("train", split.train), ("val", split.val_a), ("val", split.val_b), ("test", split.test)):
        for target in part.targets:
            classes = np.unique(part.label(target))
            if len(classes) < 2:
                raise UserError(
                    f"expected both classes of {target} in {name}",
                    f"{len(part):,} windows of class {', '.join(map(str, classes)) or 'none'}",
                    "move the split's dates, load more days, or leave the target's table out",
                )


def _second_half(windows: Windows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """A fixed half of the users by a hash of the id, so that it is the same in every run."""
    half: np.ndarray[tuple[int], np.dtype[np.bool_]] = user_share(windows.panel.users) >= 0.5
    return half[windows.user]


def user_share(users: pd.Index) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A number in [0, 1) per user that depends on the id alone, (u,).

    Example:
        >>> bool((user_share(pd.Index(["a", "b"])) == user_share(pd.Index(["a", "b", "c"]))[:2]).all())
        True
    """
    hashes = pd.util.hash_array(users.astype(str).to_numpy(dtype=object))
    return np.asarray((hashes >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _describe(name: str, part: Windows) -> dict[str, object]:
    row: dict[str, object] = {"part": name, "windows": len(part), "users": len(np.unique(part.user))}
    if len(part):
        row |= {"first_cutoff": str(part.dates.min().date()), "last_cutoff": str(part.dates.max().date())}
        if name != "score":
            row |= {f"{target}_rate": float(part.label(target).mean()) for target in part.targets}
    return row
