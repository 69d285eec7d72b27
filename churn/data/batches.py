"""Windows as batches of tensors, each a single gather from the panel."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from churn.data.windows.windows import Windows

Batch = tuple[Tensor, Tensor]  # (n, d, f) history, (n,) label


class WindowBatches(Dataset[Batch]):
    """Windows as a dataset that hands out whole batches.

    Example:
        >>> from churn.data import example_split
        >>> batches = WindowBatches(example_split().train, target="churn")
        >>> x, y = batches.__getitems__([0, 1, 2])
        >>> x.shape[0], y.shape
        (3, torch.Size([3]))
    """

    def __init__(self, windows: Windows, *, target: str) -> None:
        self.windows, self.target = windows, target

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.windows)

    def __getitem__(self, index: int) -> Batch:
        """One window, (d, f) and its label."""
        x, y = self.__getitems__([index])
        return x[0], y[0]

    def __getitems__(self, indices: list[int]) -> Batch:
        """A batch of windows, (n, d, f) and (n,)."""
        windows = self.windows.take(np.asarray(indices))
        label = windows.label(self.target).astype(np.float32)
        return torch.from_numpy(windows.history()), torch.from_numpy(label)


def loader(windows: Windows, *, target: str, batch_size: int, shuffle: bool = False) -> DataLoader[Batch]:
    """Batches of some windows; in their order unless shuffled, which follows torch's seed."""
    return DataLoader(WindowBatches(windows, target=target), batch_size=batch_size, shuffle=shuffle, collate_fn=_whole)


def _whole(batch: Any) -> Any:
    """The batch as it is: it has been gathered already."""
    return batch
