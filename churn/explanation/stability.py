"""Stability: the share of runs, with other seeds and at other times, that find relevance again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.explanation.boruta_shap import VERDICTS, boruta_shap
from churn.language import marked

_FEWEST = 40  # rows under which LightGBM, with 20 in a leaf, makes no split


@dataclass(frozen=True)
class Relevance:
    """The joint verdict of the runs on each column."""

    verdict: NDArray[np.str_]  # (f,) the verdict of most runs; tentative where two verdicts have equally many votes
    stability: NDArray[np.float64]  # (f,) share of the runs with this verdict; nan where no run could be made
    unjudged: str = ""  # why there was no run

    @classmethod
    def of(cls, verdicts: NDArray[np.str_]) -> "Relevance":
        """The vote over runs, (r, f).

        Example:
            >>> Relevance.of(np.array([["confirmed", "rejected"], ["confirmed", "confirmed"]]))
            Relevance(verdict=array(['confirmed', 'tentative'], ...), stability=array([1., 0.]), unjudged='')
        """
        votes = np.stack([(verdicts == verdict).sum(axis=0) for verdict in VERDICTS])
        tied = (votes == votes.max(axis=0)).sum(axis=0) > 1
        winner = np.where(tied, VERDICTS.index("tentative"), votes.argmax(axis=0))
        agreeing = np.take_along_axis(votes, winner[None], axis=0)[0]
        return cls(np.array(VERDICTS)[winner], agreeing / len(verdicts))


def stable_relevance(
    x: NDArray[np.floating],
    y: NDArray[np.integer],
    *,
    users: NDArray[np.integer],
    cutoff: NDArray[np.integer],
    blocks: int = 2,
    seeds: int = 3,
    rounds: int = 25,
    rows: int | None = None,
    explained: int = 250,
    seed: int = 0,
) -> Relevance:
    """Boruta-SHAP over consecutive blocks of time, each from several seeds: (n, f) and (n,) to (f,).

    A block with one class or too few rows has no vote; if no block has one, all rows are one block.

    Args:
        x: The columns, (n, f).
        y: The labels, (n,).
        users: The user of each row, sorted, (n,).
        cutoff: The time of each row, (n,).
        blocks: Consecutive stretches of time with equally many rows, or nearly.
        seeds: Runs per block.
        rounds: Rounds of a run, at most.
        rows: Rows per round, a new draw each time.
        explained: Rows per round whose SHAP values are averaged.
        seed: The seed from which the runs' seeds are drawn.
    """
    if not x.shape[1]:
        return Relevance(np.array([], np.str_), np.array([]))
    if reason := _unjudgeable(y):
        return Relevance(np.full(x.shape[1], "tentative"), np.full(x.shape[1], np.nan), reason)
    stretches = [stretch for stretch in _blocks(cutoff, blocks) if not _unjudgeable(y[stretch])]
    stretches = stretches or [np.arange(len(y))]
    states = np.random.SeedSequence(seed).generate_state(len(stretches) * seeds).tolist()
    runs = [
        boruta_shap(x[s], y[s], users=users[s], rounds=rounds, rows=rows, explained=explained, seed=state)
        for s, state in zip(stretches * seeds, states, strict=True)
    ]
    return Relevance.of(np.array(runs))


def _blocks(cutoff: NDArray[np.integer], blocks: int) -> list[NDArray[np.int64]]:
    """The positions of the rows of each stretch of time; windows of one cutoff stay together."""
    edges = np.quantile(cutoff, np.arange(1, blocks) / blocks, method="lower")
    block = np.searchsorted(edges, cutoff, side="left")
    return [np.flatnonzero(block == number) for number in range(blocks)]


def _unjudgeable(y: NDArray[np.integer]) -> str:
    """The reason why relevance cannot be judged from some labels; empty where it can."""
    if len(y) < _FEWEST:
        return f"not judged: {len(y)} windows, fewer than {_FEWEST}"
    return "" if np.ptp(y) else marked("not judged: all windows have the same label")
