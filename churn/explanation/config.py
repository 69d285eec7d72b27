"""The `explanation:` block: surrogates, and which features are kept."""

from dataclasses import dataclass
from typing import Annotated

from churn.keys import Block, Range, Seeds, Share


@dataclass(frozen=True)
class ExplanationConfig(Block, key="explanation"):
    """The explanation of probabilities: surrogates, relevance and attributions.

    Args:
        windows: Training windows that a surrogate learns from, at most.
        sample: Held-out windows whose SHAP values are taken, at most.
        trees: Trees of a surrogate.
        rounds: Boruta's rounds.
        seeds: Seeds with which Boruta judges each feature again.
        attributed: Training windows whose scores by a network are attributed to days and features.
        fidelity_floor: The held-out R² under which the report warns of a surrogate.
    """

    windows: Annotated[int, Range(100, 10_000_000)] = 20_000
    sample: Annotated[int, Range(1, 100_000)] = 1_000
    trees: Annotated[int, Range(1, 10_000)] = 300
    rounds: Annotated[int, Range(2, 1_000)] = 25
    seeds: Seeds = 3
    attributed: Annotated[int, Range(1, 100_000)] = 200
    fidelity_floor: Share = 0.9
