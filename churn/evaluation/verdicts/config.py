"""The `verdicts:` block: the questions asked, and the size of their fits."""

from dataclasses import dataclass, field
from typing import Annotated

from churn.keys import Block, Lengths, OneOf, Range, Repetitions, Seeds
from churn.language import marked

QUESTIONS = {
    "order": marked("Does the order of days matter?"),
    "split": marked("What would a random split have pretended?"),
    "history": marked("How many days of history are enough?"),
    "horizon": marked("What does a shorter or longer horizon change?"),
    "collinear": marked("Do the collinear columns matter?"),
    "modalities": marked("What do texts, pictures and the table each add?"),
    "newcomers": marked("What is known of newcomers?"),
    "limit": marked("How far from the limit are the models?"),
    "architecture": marked("Do scaling, layers and the kind of network matter?"),
}


@dataclass(frozen=True)
class VerdictConfig(Block, key="verdicts"):
    """The questions that are answered with fresh fits, and the size of the fits.

    Args:
        ask: By default order, split and modalities, since each question costs fits of its own. Out of `order`: does the
            order of days matter; `split`: what would a random split have pretended; `modalities`: what do texts,
            pictures and the table each add, asked only where there are texts or pictures;
            `history`: how many days of history are enough; `horizon`: what does a shorter or longer horizon change;
            `collinear`: do the columns matter that others say already; `newcomers`: what is known of users on arrival,
            and what do their first days add; `limit`: the log loss that no model could beat on these columns, and what
            twice the users, days and columns gained;
            `architecture`: do scaling, layers and kind of network matter (thirty fits a target).
        windows: Windows that a fit learns from at most, and that it is measured on; a quarter as many to stop early on.
        seeds: Fits per variant, whose probabilities are averaged.
        repetitions: Resamples of the users behind each interval.
        histories: Lengths of history to compare, in days, beside `windows.history_days`.
        horizons: Horizons to compare, in days, beside `windows.horizon_days`.
    """

    ask: list[Annotated[str, OneOf(tuple(QUESTIONS))]] = field(default_factory=lambda: ["order", "split", "modalities"])
    windows: Annotated[int, Range(100, 10_000_000)] = 20_000
    seeds: Seeds = 1
    repetitions: Repetitions = 200
    histories: Lengths = field(default_factory=lambda: [3, 7, 14, 28])
    horizons: Lengths = field(default_factory=lambda: [3, 7, 14])
