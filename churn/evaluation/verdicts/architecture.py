"""Do scaling, layers and the kind of network matter?"""

import numpy as np
import pandas as pd

from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contestants import Contestant
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt, other, thinned, users_of
from churn.evaluation.verdicts.wording import amount, change, decimal, listed, measured
from churn.statistics import evaluate

LAYERS = (1, 2)


def architecture(inquiry: Inquiry) -> Verdict:
    """Try every scaling and number of layers with each network among the contestants, or with all networks."""
    split = thinned(inquiry.dataset.split(), inquiry)
    trials = [
        attempt(contestant.given(changes), split, inquiry=inquiry, variant=variant)
        for contestant in _networks(inquiry)
        for variant, changes in _variants().items()
    ]
    reference = _named("log_standard", 1)
    return Verdict(
        "architecture",
        inquiry.target,
        QUESTIONS["architecture"],
        f"{_spreads(trials)} {_winner(trials, reference, inquiry)}",
        f"{len(trials)} variants learned from the same {len(split.train):,} windows and were measured on the same "
        f"{len(split.test):,}; the best was chosen on validation, since the best of many on test looks better than it "
        f"is. A spread is the highest minus the lowest mean. {measured(users_of(split.test))}",
        tabulate("architecture", trials, inquiry=inquiry, reference=reference),
    )


def _networks(inquiry: Inquiry) -> list[Contestant]:
    """The networks among the contestants, or all there are with their default arguments."""
    from churn.models import GRU, BiLSTM, GRUBiLSTM

    given = [contestant for contestant in inquiry.contestants if contestant.kind.is_network]
    return given or [Contestant(kind, {}) for kind in (GRU, BiLSTM, GRUBiLSTM)]


def _variants() -> dict[str, dict[str, object]]:
    from churn.models.scaling import SCALINGS

    return {_named(kind, n): {"scaling": kind, "layers": n} for kind in SCALINGS for n in LAYERS}


def _named(scaling: str, layers: int) -> str:
    return f"{scaling} × {layers} layer{'s' if layers > 1 else ''}"


def _spreads(trials: list[Trial]) -> str:
    """How far log losses lie apart along each choice, averaged over the others, and between seeds."""
    parts = [trial.variant.split(" × ") for trial in trials]
    table = pd.DataFrame(parts, columns=["scalings", "layers"]).assign(
        networks=[trial.model for trial in trials], loss=[trial.log_loss for trial in trials]
    )
    spread = {name: np.ptp(table.groupby(name).loss.mean()) for name in ("scalings", "layers", "networks")}
    said = [f"{decimal(spread['scalings'])} over scalings", f"{decimal(spread['layers'])} over numbers of layers"]
    if len(set(table.networks)) > 1:
        said.append(f"{decimal(spread['networks'])} over networks")
    if len(trials[0].each) > 1:
        said.append(f"{decimal(_between_seeds(trials))} over the seeds of one variant")
    return f"Mean log losses spread by {listed(said)}."


def _between_seeds(trials: list[Trial]) -> float:
    """The mean distance of the highest and the lowest log loss among a variant's seeds."""
    losses = [[evaluate(trial.y, p)["log_loss"][0] for p in trial.each] for trial in trials]
    return float(np.ptp(losses, axis=1).mean())


def _winner(trials: list[Trial], reference: str, inquiry: Inquiry) -> str:
    winner = min(trials, key=lambda trial: trial.loss_a)
    chosen = f"the best of {len(trials)} by validation, {winner.model} with {winner.variant},"
    if winner.variant == reference:
        return f"{chosen[0].upper()}{chosen[1:]} has the default scaling and depth."
    gap = compare(winner, other(trials, winner, reference), inquiry)
    if gap.high < 0:
        return f"{chosen[0].upper()}{chosen[1:]} is clearly better than its default: by {amount(gap)}."
    if gap.low > 0:
        return f"{chosen[0].upper()}{chosen[1:]} is worse on test than its default: by {amount(gap)}."
    return (
        f"No choice pays, as far as can be seen: {chosen} differs from its default by {change(gap)}, not clear of zero."
    )
