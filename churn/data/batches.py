"""Windows as batches of tensors, each a single gather from the panel."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

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
    share: "Share | None" = None,
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
        share: The process among several, each of which gets its part of every batch; one alone where None.
    """
    batches = WindowBatches(windows, target=target, days_ahead=days_ahead, until=until, counts=counts)
    if share is not None and share.processes > 1:
        shares = Shares(len(windows), batch_size=batch_size, shuffle=shuffle, share=share)
        return DataLoader(batches, batch_sampler=shares, collate_fn=_whole)
    return DataLoader(batches, batch_size=batch_size, shuffle=shuffle, collate_fn=_whole)


def _whole(batch: Any) -> Any:
    """The batch as it is: it has been gathered already."""
    return batch


@dataclass(frozen=True)
class Share:
    """A process among several that train together."""

    rank: int
    processes: int


class Shares(Sampler[list[int]]):
    """One process's parts of batches that are divided among several: each position is exactly one process's.

    A batch of all processes has `batch_size` positions for each. Where the last one is too short to go round, a process
    without any gets its first position, and has to give it no weight, see `weight`: nothing counts twice.

    Args:
        n: Positions in all.
        batch_size: Positions per batch and process.
        shuffle: Whether to shuffle, by a seed that all processes share.
        share: The process.

    Example:
        >>> [list(Shares(5, batch_size=2, shuffle=False, share=Share(rank, 2))) for rank in (0, 1)]
        [[[0, 2], [4]], [[1, 3], [4]]]
        >>> Shares(5, batch_size=2, shuffle=False, share=Share(1, 2)).weight(1)
        0.0
    """

    def __init__(self, n: int, *, batch_size: int, shuffle: bool, share: Share) -> None:
        self.n, self.shuffle, self.share = n, shuffle, share
        self.together = batch_size * share.processes

    def __len__(self) -> int:
        """The batches, as many for each process."""
        return -(-self.n // self.together)

    def __iter__(self) -> Iterator[list[int]]:
        """The process's part of each batch, at least one position."""
        order = _shuffled(self.n) if self.shuffle else list(range(self.n))
        for begin in range(0, self.n, self.together):
            whole = order[begin : begin + self.together]
            yield whole[self.share.rank :: self.share.processes] or whole[:1]

    def own(self, batch: int) -> int:
        """The positions of a batch that count as the process's own."""
        return len(range(self.share.rank, self.whole(batch), self.share.processes))

    def weight(self, batch: int) -> float:
        """The factor of the mean over the process's part that makes the mean over processes that of the whole batch."""
        return self.own(batch) * self.share.processes / self.whole(batch)

    def whole(self, batch: int) -> int:
        """The positions of a batch of all processes."""
        return min(self.together, self.n - batch * self.together)


def _shuffled(n: int) -> list[int]:
    """All positions in the order in which one process alone would draw them, and in one order for all processes."""
    seed = [int(torch.empty((), dtype=torch.int64).random_().item())]
    if torch.distributed.is_initialized():
        torch.distributed.broadcast_object_list(seed)
    order: list[int] = torch.randperm(n, generator=torch.Generator().manual_seed(seed[0])).tolist()
    return order
