"""Policies: what was done to the measured models before they scored, in plain words."""

from collections.abc import Mapping
from typing import Any

from churn.language import say
from churn.report.parts.wording import count, happening, known
from churn.runs import Run


def scoring(run: Run) -> str:
    """Sentences on whether the models that score were measured themselves, and on how many seeds they hold."""
    return f"{_refit(run)} {_seeds(run)}"


def _refit(run: Run) -> str:
    if run.refit["policy"] != "all":
        return say("The models that were measured are those that score.")
    learnt = run.refit["targets"]
    said = "; ".join(_learnt(target, learnt[target]) for target in run.targets if target in learnt)
    return say(
        "Before scoring, the chosen models were trained again on every window whose outcome is known, "
        "the test part’s included, for as many steps as the measured model took ({said}), and the "
        "calibrator was kept. The measures on this page are those of the model before.",
        said=said,
    )


def _learnt(target: str, facts: Mapping[str, Any]) -> str:
    steps = facts.get("steps")
    took = say(", {steps} steps", steps=count(steps)) if known(steps) and steps else ""
    return say(
        "{outcome}: n\u00a0= {windows} windows{took}",
        outcome=happening(target),
        windows=count(facts["windows"]),
        took=took,
    )


def _seeds(run: Run) -> str:
    if run.n_seeds == 1:
        return say("Each was fitted from one seed.")
    return say(
        "Networks were fitted from {seeds} seeds each, whose probabilities are averaged.", seeds=count(run.n_seeds)
    )
