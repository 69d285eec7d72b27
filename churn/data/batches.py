"""Windows as batches of tensors, each a single gather from the panel."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from churn.data.windows.windows import Windows

Batch = tuple[Tensor, Tensor]  # (n, d, f) history; (n,) label, or (n, days, outcomes or counts) ahead


class WindowBatches(Dataset[Batch]):
    """Windows as a dataset that hands out whole batches.

    Example:
        >>> from churn.data import example_split
        >>> batches = WindowBatches(example_split().train, target="churn")
        >>> x, y = batches.__getitems__([0, 1, 2])
        >>> x.shape[0], y.shape
        (3, torch.Size([3]))
    """

    def __init__(
        self,
        windows: Windows,
        *,
        target: str,
        days_ahead: int = 0,
        until: int | None = None,
        counts: bool = False,
    ) -> None:
        self.windows, self.target, self.days_ahead = windows, target, days_ahead
        self.ahead = partial(Windows.counts_ahead if counts else Windows.ahead, days=days_ahead, until=until)

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.windows)

    def __getitem__(self, index: int) -> Batch:
        """One window, (d, f) and its label."""
        x, y = self.__getitems__([index])
        return x[0], y[0]

    def __getitems__(self, indices: list[int]) -> Batch:
        """A batch of windows, (n, d, f) with their labels, (n,), or with the outcomes or counts of some days ahead."""
        windows = self.windows.take(np.asarray(indices))
        history = torch.from_numpy(windows.history())
        if self.days_ahead:
            return history, torch.from_numpy(self.ahead(windows))
        return history, torch.from_numpy(windows.label(self.target).astype(np.float32))


def loader(
    windows: Windows,
    *,
    target: str,
    batch_size: int,
    shuffle: bool = False,
    days_ahead: int = 0,
    until: int | None = None,
    counts: bool = False,
) -> DataLoader[Batch]:
    """Batches of some windows; in their order unless shuffled, which follows torch's seed.

    Args:
        windows: The windows.
        target: The target of the labels.
        batch_size: Windows per batch.
        shuffle: Whether to shuffle.
        days_ahead: Where above 0, batches hold `Windows.ahead` of as many days in place of labels.
        until: The first day ahead that may not be read; the panel's end where None.
        counts: Whether the days ahead hold `Windows.counts_ahead` in place of outcomes.
    """
    batches = WindowBatches(windows, target=target, days_ahead=days_ahead, until=until, counts=counts)
    return DataLoader(batches, batch_size=batch_size, shuffle=shuffle, collate_fn=_whole)


def _whole(batch: Any) -> Any:
    """The batch as it is: it has been gathered already."""
    return batch
