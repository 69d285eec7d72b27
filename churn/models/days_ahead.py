"""The days ahead of a window: the chances that daily hazards give, and the log loss by horizon and by day."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from churn.data import CHURN


@dataclass(frozen=True)
class Chances:
    """The chances of what has happened by the end of each day ahead, which fit together whatever the network says."""

    silent: Tensor  # (n, k) no activity so far
    quiet: Tensor  # (n, k) neither activity nor a sticker
    unpaid: Tensor  # (n, k) no sticker, whether there was activity or not

    @classmethod
    def of(cls, z: Tensor) -> Self:
        """The chances by the logits of daily hazards: of the first activity and, where there are stickers, of the first
        one of a user who has been silent until the day's end, and of one who has not, (n, 1 or 3, k).

        A user begins silent and without a sticker. On each day the silent may return, whether they have received a
        sticker or not; then whoever has none may receive one.
        """
        hazards = z.sigmoid()
        silent = (1 - hazards[:, 0]).cumprod(dim=1)
        if z.shape[1] == 1:
            return cls(silent, silent, torch.ones_like(silent))
        back, away, stays = hazards.unbind(dim=1)
        quiet = silent * (1 - away).cumprod(dim=1)
        returning = torch.cat([torch.ones_like(quiet[:, :1]), quiet[:, :-1]], dim=1) * back
        returned, by_day = torch.zeros_like(quiet[:, 0]), []  # who are back and have none
        for joining, kept in zip(returning.unbind(dim=1), (1 - stays).unbind(dim=1), strict=True):
            returned = (returned + joining) * kept
            by_day.append(returned)
        return cls(silent, quiet, quiet + torch.stack(by_day, dim=1))

    def of_target(self, target: str) -> Tensor:
        """The chance of a target by each day, were this the last of the horizon, (n, k)."""
        return self.silent if target == CHURN else 1 - self.unpaid


def losses_by_horizon(chances: Chances, happened: Tensor) -> Tensor:
    """The log loss of what has happened by the end of each day ahead, the mean over the targets, (n, k)."""
    loss, so_far = nn.functional.binary_cross_entropy, happened.cumsum(dim=1)
    silent = loss(chances.silent, (so_far[:, :, 0] == 0).to(chances.silent), reduction="none")
    if happened.shape[2] == 1:
        return silent
    return (silent + loss(chances.unpaid, (so_far[:, :, 1] == 0).to(silent), reduction="none")) / 2


def daily_losses(hazards: Tensor, happened: Tensor) -> Tensor:
    """The log loss of each day's hazards for the users who are still at risk, the mean over the targets, (n, k)."""
    first = happened.cumsum(dim=1) - happened == 0
    back = first[:, :, 0] & (happened[:, :, 0] == 0)
    loss = nn.functional.binary_cross_entropy_with_logits
    daily = loss(hazards[:, 0], happened[:, :, 0], reduction="none") * first[:, :, 0]
    if hazards.shape[1] == 1:
        return daily
    of_stickers = loss(torch.where(back, hazards[:, 1], hazards[:, 2]), happened[:, :, 1], reduction="none")
    return (daily + of_stickers * first[:, :, 1]) / 2
