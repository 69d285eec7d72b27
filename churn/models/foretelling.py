"""Days ahead by a Foresight: chances that fit together, calibrated by the days of other users."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy
import torch
from numpy.typing import NDArray
from torch import Tensor

from churn.data import Windows
from churn.errors import UserError
from churn.models.base import Classifier
from churn.models.daily_calibrator import DAYS, DailyCalibrator
from churn.models.days_ahead import Chances, losses_by_horizon
from churn.models.ensemble import members
from churn.models.foresight import Foresight
from churn.models.sequence import one_thread

_LEAST = 1e-6  # keeps a quotient finite
_DRAWN_TO_NONE = 1  # user whose evidence equals that for leaving the hazards as they are
_MOST = 20_000  # windows from which the hazards are calibrated


def calibrate_daily(model: Classifier, windows: Windows, *, until: int | None = None) -> DailyCalibrator:
    """Fit the hazards' slopes and shifts by the log loss of every horizon and target, as far as it was seen whole.

    1 / users times the squares of the shifts and of the logarithms of the slopes is added: few users change little.

    Args:
        model: A fitted `Foresight`, or an ensemble of some.
        windows: Windows of users from whom it has not learnt.
        until: The first day of the panel that may not be read, such as the first test cutoff; its end where None.

    Example:
        >>> from churn.data import example_split
        >>> split = example_split()
        >>> network = Foresight(hidden_size=8, max_epochs=1).fit(split, target="churn")
        >>> len(calibrate_daily(network, split.val_b).slopes)
        3
    """
    windows = windows.sample(_MOST)
    each = [network.foresee(windows)[0] for network in _networks(model)]
    kinds, drawn = each[0].shape[1], _DRAWN_TO_NONE / max(len(np.unique(windows.user)), 1)
    happened = torch.from_numpy(windows.ahead(each[0].shape[2], until=until))
    seen, happened = ~happened[:, :, 0].isnan(), happened.nan_to_num()

    def cost(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        at = torch.tensor(theta, requires_grad=True)
        chances = _mean([_scaled(hazards, at[:kinds].exp(), at[kinds:]) for hazards in each])
        loss = losses_by_horizon(chances, happened)[seen].mean() + drawn * (at**2).sum()
        (gradient,) = torch.autograd.grad(loss, at)
        return loss.item(), gradient.numpy()

    with one_thread():
        found = scipy.optimize.minimize(cost, np.zeros(2 * kinds), jac=True, method="L-BFGS-B").x
    return DailyCalibrator(tuple(map(float, np.exp(found[:kinds]))), tuple(map(float, found[kinds:])))


def foretell(
    model: Classifier,
    windows: Windows,
    *,
    days: Sequence[int] = DAYS,
    calibrator: DailyCalibrator | None = None,
) -> pd.DataFrame:
    """The future of each window by one fit: a row per window and horizon.

    Of an ensemble the chances are the members' means, which fit together as well.

    Args:
        model: A fitted `Foresight`, or an ensemble of some.
        windows: n windows.
        days: The horizons in days, each counted from the first day of the configured one; longer ones than were learnt
            are left out.
        calibrator: What `calibrate_daily` gave; by default the hazards are left as they are.

    Returns:
        user_id, cutoff, days, p_churn, day_back: the day by which the user is as likely back as not, null where that
        lies beyond the days learnt; and of a log with stickers p_sticker, p_both: churn and a sticker,
        p_sticker_if_stays, amount: expected to be received, in the log's currency.

    Raises:
        UserError: for another model, a horizon that is not a whole number, or none that was learnt.
    """
    networks = _networks(model)
    most = min(int(network.taught) for network in networks)
    learnt = _learnt(days, most)
    future = _Future.of(networks, windows, calibrator or DailyCalibrator())
    at = np.array(learnt) - 1
    silent = future.silent[:, :most]
    back = np.where(silent[:, -1] <= 0.5, (silent > 0.5).sum(axis=1) + 1.0, np.nan)
    columns: dict[str, Any] = {
        "user_id": windows.user_ids.repeat(len(at)),
        "cutoff": windows.dates.repeat(len(at)),
        "days": np.tile(learnt, len(windows)),
        "p_churn": future.silent[:, at].ravel(),
        "day_back": back.repeat(len(at)),
    }
    if networks[0].stickers:
        both, sticker = (future.silent - future.quiet)[:, at], (1 - future.unpaid)[:, at]
        stays = np.maximum(1 - future.silent[:, at], _LEAST)
        columns |= {
            "p_sticker": sticker.ravel(),
            "p_both": both.ravel(),
            "p_sticker_if_stays": ((sticker - both) / stays).clip(0, 1).ravel(),
            "amount": future.amount[:, at].ravel(),
        }
    return pd.DataFrame(columns)


def _learnt(days: Sequence[int], most: int) -> list[int]:
    """The horizons that were learnt.

    Raises:
        UserError: if there are none, or one is not a whole number.
    """
    asked = list(days) if isinstance(days, Iterable) and not isinstance(days, str) else [days]
    whole = all(isinstance(day, int | np.integer) and not isinstance(day, bool) for day in asked)
    found = [int(day) for day in asked if 1 <= day <= most] if whole else []
    if not found:
        remedy = "correct them; more need a longer log, or a larger foresight_days"
        raise UserError(f"expected whole days from 1 to {most}", ", ".join(map(repr, asked)) or "none", remedy)
    return found


@dataclass(frozen=True)
class _Future:
    """The chances of what has happened by the end of each day ahead."""

    silent: NDArray[np.float64]  # (n, k) no activity
    quiet: NDArray[np.float64]  # (n, k) neither activity nor a sticker
    unpaid: NDArray[np.float64]  # (n, k) no sticker
    amount: NDArray[np.float64]  # (n, k) expected amount received so far

    @classmethod
    def of(cls, networks: Sequence[Foresight], windows: Windows, calibrator: DailyCalibrator) -> Self:
        """The mean of what several networks say."""
        seen = [network.foresee(windows) for network in networks]
        chances = _mean([_calibrated(hazards, calibrator) for hazards, _ in seen])
        amount = torch.stack([amount for _, amount in seen]).mean(dim=0)
        return cls(*(found.numpy() for found in (chances.silent, chances.quiet, chances.unpaid, amount)))


def _networks(model: Classifier) -> list[Foresight]:
    """The networks that a model averages.

    Raises:
        UserError: if it is no Foresight.
    """
    networks = [member for member in members(model) if isinstance(member, Foresight)]
    if not networks or len(networks) < len(members(model)):
        raise UserError("expected a Foresight", type(model).__name__, "list churn.models.Foresight under `models`")
    return networks


def _calibrated(hazards: Tensor, calibrator: DailyCalibrator) -> Tensor:
    """The logits of hazards, (n, 1 or 3, k), calibrated.

    Raises:
        UserError: for hazards of other kinds than the calibrator was fitted on.
    """
    slopes, shifts = torch.tensor(calibrator.slopes), torch.tensor(calibrator.shifts)
    if not len(slopes):
        return hazards
    if len(slopes) != hazards.shape[1]:
        found = f"{len(slopes)} for {hazards.shape[1]} kinds of hazards"
        raise UserError("expected a calibrator of the Foresight's own hazards", found, "bring the file back")
    return _scaled(hazards, slopes, shifts)


def _scaled(hazards: Tensor, slopes: Tensor, shifts: Tensor) -> Tensor:
    """The logits of hazards, (n, 1 or 3, k), with a slope and a shift for each kind."""
    return hazards * slopes[:, None] + shifts[:, None]


def _mean(every: Sequence[Tensor]) -> Chances:
    """The mean of the chances by several networks' hazards."""
    each = [Chances.of(hazards) for hazards in every]
    names = (field.name for field in fields(Chances))
    return Chances(*(torch.stack([getattr(one, name) for one in each]).mean(dim=0) for name in names))
