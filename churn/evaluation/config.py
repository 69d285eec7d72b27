"""The `evaluation:` block: intervals and calibration."""

from dataclasses import dataclass, field
from typing import Annotated

from churn.keys import Block, OneOf, Range, Repetitions

KINDS = ("none", "temperature", "platt", "isotonic")


@dataclass(frozen=True)
class EvaluationConfig(Block, key="evaluation"):
    """The evaluation of models: their intervals and their calibration.

    Args:
        repetitions: Bootstrap samples of users behind each interval.
        calibrators: The kinds of calibration to choose from by cross-fitting: none, temperature, platt, isotonic.
            `none` alone switches calibration off; without it, some calibration is forced.
    """

    repetitions: Repetitions = 500
    calibrators: Annotated[list[Annotated[str, OneOf(KINDS)]], Range(1, len(KINDS))] = field(
        default_factory=lambda: list(KINDS)
    )
