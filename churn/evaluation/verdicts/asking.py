"""Asking: the verdicts on each question in turn, for each target."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from churn.data import DataConfig, Dataset
from churn.disk import DiskError
from churn.errors import UserError
from churn.evaluation.verdicts.architecture import architecture
from churn.evaluation.verdicts.collinear import collinear
from churn.evaluation.verdicts.config import QUESTIONS, VerdictConfig
from churn.evaluation.verdicts.contest import Contestant
from churn.evaluation.verdicts.history import history
from churn.evaluation.verdicts.horizon import horizon
from churn.evaluation.verdicts.limit import limit
from churn.evaluation.verdicts.measures import COLUMNS, Verdict
from churn.evaluation.verdicts.modalities import modalities
from churn.evaluation.verdicts.newcomers import newcomers
from churn.evaluation.verdicts.order import order
from churn.evaluation.verdicts.split import split
from churn.evaluation.verdicts.trials import Inquiry
from churn.language import say
from churn.progress import step


@dataclass(frozen=True)
class _Question:
    """A question: the function that answers it, and whether it arises of the data as configured."""

    answer: Callable[[Inquiry], Verdict]
    arises: Callable[[DataConfig], bool] = lambda data: True


_ASKED = {
    "order": _Question(order),
    "split": _Question(split),
    "history": _Question(history),
    "horizon": _Question(horizon),
    "collinear": _Question(collinear),
    "modalities": _Question(modalities, arises=lambda data: bool(data.encoded)),
    "newcomers": _Question(newcomers),
    "limit": _Question(limit),
    "architecture": _Question(architecture),
}


def reach_verdicts(
    dataset: Dataset, contestants: Mapping[str, Sequence[Contestant]], config: VerdictConfig, *, seed: int = 0
) -> Iterator[Verdict]:
    """Answer the configured questions one after the other, each for every target.

    Models are compared on the same windows. Test labels are read, and nothing is chosen by them: where a sentence
    is about one model out of several, it is the best on half A of validation. A question that the data do not
    permit has a sentence that says why, and a table without rows.

    Args:
        dataset: The data as configured.
        contestants: The models to try again, by target, the best on half A first. Of several networks, the first of
            this target alone stands for all, except where the question is about kinds of network.
        config: The questions, and the size of their fits.
        seed: The seed of the draws of windows, the resamples and the first fit.

    Raises:
        ValueError: for a target without contestants, or with two of one class.

    Example:
        >>> from churn.data import example_dataset
        >>> from churn.models import Logistic
        >>> config = VerdictConfig(ask=["order"], windows=500, repetitions=20)
        >>> [verdict] = reach_verdicts(example_dataset(), {"churn": [Contestant(Logistic, {})]}, config)
        >>> verdict.table.variant.tolist()
        ['days in order', 'days permuted', 'last day only', 'sums only']
    """
    for target, few in contestants.items():
        if not few or len({contestant.name for contestant in few}) < len(few):
            names = [contestant.name for contestant in few]
            raise ValueError(f"expected contestants of different classes for {target}, got {names}")
    for name in (name for name in config.ask if _ASKED[name].arises(dataset.config)):
        for target, few in contestants.items():
            step(f"{QUESTIONS[name]} ({target})")
            yield _answered(name, Inquiry(dataset, target, tuple(few), config, seed))


def _answered(name: str, inquiry: Inquiry) -> Verdict:
    try:
        return _ASKED[name].answer(inquiry)
    except DiskError:
        raise
    except UserError as error:
        nothing = pd.DataFrame(columns=list(COLUMNS))
        return Verdict(
            name, inquiry.target, QUESTIONS[name], say("Cannot be told here: {error}.", error=error), "", nothing
        )
