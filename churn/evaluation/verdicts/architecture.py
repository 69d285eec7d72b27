"""The verdict on architecture: whether scaling, layers and the kind of network matter."""

import numpy as np
import pandas as pd

from churn.data import Split
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contest import Contestant
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt, other, thinned, users_of
from churn.evaluation.verdicts.wording import by_side, decimal, listed, measured
from churn.language import joined, marked, say, say_many
from churn.statistics import log_loss

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
        joined((_spreads(trials), _winner(trials, reference, inquiry))),
        joined((_note(trials, split), measured(users_of(split.test)))),
        tabulate("architecture", trials, inquiry=inquiry, reference=reference),
    )


def _note(trials: list[Trial], split: Split) -> str:
    return say(
        "{n} variants learned from the same {train:,} windows and were measured on the same {test:,}; "
        "the best was chosen on validation, since the best of many on test looks better than it is. A "
        "spread is the highest minus the lowest mean.",
        n=len(trials),
        train=len(split.train),
        test=len(split.test),
    )


def _networks(inquiry: Inquiry) -> list[Contestant]:
    """The networks among the contestants, or all networks with their default arguments."""
    from churn.models import GRU, BiLSTM, GRUBiLSTM

    given = [contestant for contestant in inquiry.contestants if contestant.kind.is_network]
    return given or [Contestant(kind, {}) for kind in (GRU, BiLSTM, GRUBiLSTM)]


def _variants() -> dict[str, dict[str, object]]:
    from churn.models import SCALINGS

    return {_named(kind, n): {"scaling": kind, "layers": n} for kind in SCALINGS for n in LAYERS}


def _named(scaling: str, layers: int) -> str:
    return f"{scaling} × {layers} layer{'s' if layers > 1 else ''}"


def _spreads(trials: list[Trial]) -> str:
    """The range of log losses along each choice, averaged over the others, and between seeds, in words."""
    parts = [trial.variant.split(" × ") for trial in trials]
    table = pd.DataFrame(parts, columns=["scalings", "layers"]).assign(
        networks=[trial.model for trial in trials], loss=[trial.log_loss for trial in trials]
    )
    spread = {name: np.ptp(table.groupby(name).loss.mean()) for name in ("scalings", "layers", "networks")}
    said = [
        say("{scalings} over scalings", scalings=decimal(spread["scalings"])),
        say("{layers} over numbers of layers", layers=decimal(spread["layers"])),
    ]
    if len(set(table.networks)) > 1:
        said.append(say("{networks} over networks", networks=decimal(spread["networks"])))
    if len(trials[0].each) > 1:
        said.append(say("{between_seeds} over the seeds of one variant", between_seeds=decimal(_between_seeds(trials))))
    return say("Mean log losses spread by {said}.", said=listed(said))


def _between_seeds(trials: list[Trial]) -> float:
    """The mean distance of the highest and the lowest log loss among a variant's seeds."""
    losses = [[log_loss(trial.y, p) for p in trial.each] for trial in trials]
    return float(np.ptp(losses, axis=1).mean())


def _winner(trials: list[Trial], reference: str, inquiry: Inquiry) -> str:
    winner = min(trials, key=lambda trial: trial.loss_a)
    best = {"n": len(trials), "model": winner.model, "variant": _words(winner.variant)}
    if winner.variant == reference:
        return say("The best of {n} by validation, {model} with {variant}, has the default scaling and depth.", **best)
    return by_side(
        compare(winner, other(trials, winner, reference), inquiry),
        below=marked(
            "The best of {n} by validation, {model} with {variant}, is clearly better than its default: by {amount}."
        ),
        above=marked(
            "The best of {n} by validation, {model} with {variant}, is worse on test than its default: by {amount}."
        ),
        across=marked(
            "No choice pays, as far as can be seen: the best of {n} by validation, {model} with {variant}, "
            "differs from its default by {change} ({why})."
        ),
        **best,
    )


def _words(variant: str) -> str:
    scaling, layers = variant.split(" × ")
    return say_many("{scaling} × {n} layer", "{scaling} × {n} layers", int(layers.split()[0]), scaling=scaling)
