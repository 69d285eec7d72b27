"""Parts: training, validation and test windows, and the rule that keeps them apart."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.config.split_config import SplitKind
from churn.data.splits.overlaps import overlap, positions, reaching, users_in_both, windows_in_both
from churn.data.windows.windows import UNKNOWN, Windows
from churn.errors import LeakageError, UserError
from churn.language import marked

PARTS = ("train", "val", "test", "score")
PAIRS = (("train", "val"), ("val", "test"), ("train", "test"))  # parts that are fitted or judged
CAUTIONS = {  # cautions for a reader of the measures, by kind of split
    "random": marked(
        "The windows were split at random, for demonstration only: days of one user stand both in what "
        "the models learned from and in what they were measured on, so every measure is too good; "
        "split by time."
    ),
    "user": marked(
        "The split holds users apart, not times: the models learned from the very days on which they "
        "were measured, so the measures hold for new users on known days and say nothing about later "
        "weeks."
    ),
}
_OF_ARRIVALS = marked(
    "The split holds users apart, not times: the models learned from users who arrived together with those measured, "
    "so the measures say nothing about later arrivals."
)
_HASH_KEYS = {
    "halves": "0123456789123456",
    "parts": "parts of a split",
    "encoders": "texts, pictures.",
}  # 16 bytes each


def caution_of(kind: str, *, arrivals: bool = False) -> str:
    """The caution for a reader of the measures of a kind of split, as a message; empty where none is due.

    Args:
        kind: The kind of split.
        arrivals: Whether each user has one window, on the day of arrival.

    Example:
        >>> caution_of("time"), caution_of("random", arrivals=True) == caution_of("user", arrivals=True)
        ('', True)
    """
    found = CAUTIONS.get(kind, "")
    return _OF_ARRIVALS if found and arrivals else found


@dataclass(frozen=True)
class Split:
    """The parts of the windows. One that breaks the rule of its kind cannot be built.

    - `time`: every horizon of an earlier part, with the embargo, ends by the first cutoff of a later one.
    - `user`: no user has windows in two parts, and no group of users stands in two.
    - `user_time`: both.
    - `random`: no window stands in two parts, which does not keep their days apart: for demonstrations only.

    The rule binds train, val and test, whose windows all have labels; anyone may stand in score. `unfinished` are
    windows of training users between train and val, without labels: only their days before the `border` may be read.

    Raises:
        LeakageError: if the rule is broken, or a part that is fitted or judged holds a window without a label.
    """

    train: Windows
    val: Windows
    test: Windows
    score: Windows
    embargo_days: int = 0
    kind: SplitKind = "time"
    unfinished: Windows | None = None

    def __post_init__(self) -> None:
        """Check the rule."""
        if self.kind not in _RULES:
            raise LeakageError(f"expected a kind of split with a rule, out of {', '.join(_RULES)}, got {self.kind!r}")
        if not isinstance(self.embargo_days, int) or self.embargo_days < 0:
            raise LeakageError(f"expected an embargo of whole days, at least 0, got {self.embargo_days}")
        unfinished = [self.unfinished] if self.unfinished else []
        _check_same_days([*map(self.part, PARTS), *unfinished])
        for earlier, later in PAIRS:
            for broken in _RULES[self.kind]:
                if reason := broken(self, earlier, later):
                    raise LeakageError(reason)
        for name in ("train", "val", "test"):
            part = self.part(name)
            if n := max(int((part.label(target) == UNKNOWN).sum()) for target in part.targets):
                raise LeakageError(f"expected labels for every window of {name}, got {n:,} whose horizon is not over")
        for windows in unfinished:
            _check_unfinished(self, windows)

    @property
    def border(self) -> int:
        """The day of the panel from which on nothing may be learnt, not even what came of training windows."""
        return self.border_of("val")

    def border_of(self, part: Literal["val", "test"]) -> int:
        """The day of the panel from which on nothing may be read before a part is predicted.

        This is the part's first cutoff, less the embargo; where parts are not apart in time, the panel's end.
        """
        later, earlier = self.part(part), self.train if part == "val" else self.val
        if "time" not in self.kind or not len(later):
            return later.panel.n_days
        until = int(later.cutoff.min()) - self.embargo_days
        return max(until, int(earlier.answered.max(initial=0)))  # the rule has checked that these are no later

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

    def unseen(self, windows: Windows) -> Windows:
        """The windows of cutoffs that no model has learnt from: from the first one of the test part on.

        Example:
            >>> from churn.data import example_dataset
            >>> dataset = example_dataset()
            >>> split = dataset.split()
            >>> bool(split.unseen(dataset.windows).cutoff.min() == split.test.cutoff.min())
            True
        """
        return windows.take(windows.cutoff >= self.test.cutoff.min())

    def mapped(self, change: Callable[[Windows], Windows]) -> "Split":
        """The split with one change made to each part."""
        train, val, test, score = (change(self.part(name)) for name in PARTS)
        unfinished = change(self.unfinished) if self.unfinished else None
        return replace(self, train=train, val=val, test=test, score=score, unfinished=unfinished)

    def table(self) -> pd.DataFrame:
        """All parts as one table: user_id, cutoff, churn, sticker, part."""
        return pd.concat([self.part(name).table().assign(part=name) for name in PARTS], ignore_index=True)

    def audit(self) -> dict[str, Any]:
        """The contents and overlaps of the parts, ready for JSON.

        Returns:
            kind and embargo_days;
            parts: for each its windows, users, first and last cutoff, first and last day seen, and base rates;
            overlaps: for each pair (earlier, later) of train, val and test the counts of `overlap`.
        """
        return {
            "kind": self.kind,
            "embargo_days": self.embargo_days,
            "parts": [_describe(name, self.part(name)) for name in PARTS],
            "overlaps": [
                {"earlier": earlier, "later": later}
                | overlap(self.part(earlier), self.part(later), embargo_days=self.embargo_days)
                for earlier, later in PAIRS
            ],
        }


def _check_same_days(parts: list[Windows]) -> None:
    """Check that parts agree on panel and horizon, since days count from the one and labels depend on the other."""
    panels = {(part.panel.first_day, part.panel.n_days, len(part.panel.users)) for part in parts}
    if len(panels) > 1 or len({(part.history_days, part.lead_days, part.horizon_days) for part in parts}) > 1:
        raise LeakageError("expected parts over one panel, with one history and one horizon, got several")


def _check_unfinished(split: Split, windows: Windows) -> None:
    """Check that unfinished windows lie before the border, are of nobody in val or test, and tell no answer."""
    late = int((windows.cutoff + windows.lead_days >= split.border).sum())
    strange = int(np.isin(windows.user, [*split.val.user, *split.test.user]).sum()) if "user" in split.kind else 0
    told = int(max((label != UNKNOWN).sum() for label in windows.labels.values()))
    if late or strange or told:
        raise LeakageError(
            "expected unfinished windows from before the border, of training users and without labels, got "
            f"{late:,} later, {strange:,} of other users and {told:,} with a label"
        )


def _time_rule(split: Split, earlier: str, later: str) -> str | None:
    before, after = split.part(earlier), split.part(later)
    late = reaching(before, after, embargo_days=split.embargo_days)
    if not late.any():
        return None
    return (
        f"expected every {earlier} horizon to end {split.embargo_days} days before the first {later} cutoff "
        f"({after.dates.min().date()}), got {late.sum():,} windows with a later one, such as {_first(before, late)}"
    )


def _user_rule(split: Split, earlier: str, later: str) -> str | None:
    before = split.part(earlier)
    both = users_in_both(before, split.part(later))
    if not len(both):
        return None
    return (
        f"expected no user with windows in {earlier} and in {later}, got {len(both):,}, such as "
        f"{before.panel.users[both[0]]}"
    )


def _group_rule(split: Split, earlier: str, later: str) -> str | None:
    before, after = split.part(earlier), split.part(later)
    groups = before.panel.groups
    if groups is None:
        return None
    both = np.intersect1d(groups[before.user].unique(), groups[after.user].unique())
    if not len(both):
        return None
    return f"expected no group with users in {earlier} and in {later}, got {len(both):,}, such as {both[0]}"


def _window_rule(split: Split, earlier: str, later: str) -> str | None:
    before, after = split.part(earlier), split.part(later)
    n = windows_in_both(before, after)
    if not n:
        return None
    return (
        f"expected no window in {earlier} and in {later}, got {n:,}, such as "
        f"{_first(before, np.isin(positions(before), positions(after)))}"
    )


def _first(windows: Windows, mask: NDArray[np.bool_]) -> str:
    """The first window of a mask in words."""
    one = windows.take(np.flatnonzero(mask)[:1])
    return f"{one.user_ids[0]} on {one.dates[0].date()}"


_RULES: dict[str, tuple[Callable[[Split, str, str], str | None], ...]] = {
    "time": (_time_rule,),
    "user": (_user_rule, _group_rule),
    "user_time": (_user_rule, _group_rule, _time_rule),
    "random": (_window_rule,),
}


def _second_half(windows: Windows) -> NDArray[np.bool_]:
    """A fixed half of the users by a hash of the id, so that it does not change between runs."""
    half: NDArray[np.bool_] = user_share(windows.panel.parted) >= 0.5
    return half[windows.user]


def user_share(users: pd.Index, *, purpose: Literal["halves", "parts", "encoders"] = "halves") -> NDArray[np.float64]:
    """A number in [0, 1) per user that depends on the id alone, (u,).

    Args:
        users: The ids.
        purpose: Numbers for different purposes are independent, so that the numbers for the halves still divide the
            users of one part of a split by users evenly.

    Example:
        >>> bool((user_share(pd.Index(["a", "b"])) == user_share(pd.Index(["a", "b", "c"]))[:2]).all())
        True
    """
    hashes = pd.util.hash_array(users.astype(str).to_numpy(dtype=object), hash_key=_HASH_KEYS[purpose])
    return np.asarray((hashes >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _describe(name: str, part: Windows) -> dict[str, object]:
    row: dict[str, object] = {"part": name, "windows": len(part), "users": len(np.unique(part.user))}
    if len(part):
        first, last, panel = int(part.cutoff.min()), int(part.cutoff.max()), part.panel
        end = min(last + part.reach_days, panel.n_days) - 1
        days = {"first_cutoff": first, "last_cutoff": last, "first_day": first - part.history_days, "last_day": end}
        row |= {key: str(panel.date(day).date()) for key, day in days.items()}
        if name != "score":
            row |= {f"{target}_rate": float(part.label(target).mean()) for target in part.targets}
    return row
