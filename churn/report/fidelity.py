"""How far a surrogate's explanation may be read as the model's own."""

from typing import Any, Literal

import yaml

from churn.report import attribution
from churn.report.blocks import Note
from churn.report.run import Run, records
from churn.report.wording import FEW, count, decimal, known, listed, percent, signed

FLOOR = 0.9  # R², where the configuration names none
CONSTANT = "The chosen model gives every user the same probability, so nothing drives it."
Standing = Literal["faithful", "sketch", "constant", "unmeasured"]


def floor(run: Run) -> float:
    """The R² under which a surrogate is a sketch, as the run's configuration has it."""
    config = yaml.safe_load(run.config)
    explanation = config.get("explanation") if isinstance(config, dict) else None
    found = explanation.get("fidelity_floor") if isinstance(explanation, dict) else None
    return float(found) if isinstance(found, int | float) else FLOOR


def standing(run: Run, target: str) -> Standing:
    """What the surrogate of the chosen model is worth."""
    row = _explained(run, target)
    if row is None:
        return "unmeasured"
    if not known(float(row.r2)):
        return "constant"
    return "faithful" if row.r2 >= floor(run) else "sketch"


def replaced(run: Run, target: str) -> bool:
    """Whether a network's own attribution stands in the place of the surrogate's drivers."""
    return standing(run, target) == "sketch" and not attribution.by_feature(run, target).empty


def note(run: Run, target: str) -> Note:
    """How well the explained model stands for the one behind the scores, and what the chart shows instead."""
    row = _explained(run, target)
    if row is None:
        return Note("Fidelity", "Not measured: read the chart as a hint only.", tone="care")
    found = standing(run, target)
    under = [_under(run, target, row)] if found == "sketch" else []
    said = [_stands_for(row), *under, *_segments(run, target, row.model), *_others(run, target)]
    care = found == "sketch" or row.n_users < FEW
    return Note("Under the fidelity floor" if found == "sketch" else "Fidelity", " ".join(said), _tone(care))


def in_short(run: Run, target: str) -> str:
    """Fidelity in one short sentence, for a caption; nothing where it was not measured."""
    row = _explained(run, target)
    if row is None:
        return ""
    return f"Fidelity: R² {decimal(row.r2, 2)}, n = {count(row.n_users)} held-out users."


def _tone(care: bool) -> str:
    return "care" if care else "plain"


def _explained(run: Run, target: str) -> Any | None:
    table = run.table("surrogates.csv", target)
    return next(records(table[table["explained"].astype(bool)]), None)


def _stands_for(row: Any) -> str:
    return (
        f"Explained is a surrogate of {row.model}: a simpler model that imitates it. On held-out users of the training "
        "part it reproduces "
        f"the scores with R² {decimal(row.r2, 2)} and rank correlation {signed(row.spearman)}, and shares "
        f"{percent(row.top_tenth, 0)} of their top tenth (n = {count(row.n_users)} users, {count(row.n_windows)} "
        "windows)."
    )


def _under(run: Run, target: str, row: Any) -> str:
    """What follows from a surrogate that imitates its model badly."""
    said = f"That is less than the {decimal(floor(run), 2)} asked for: the surrogate does not speak for {row.model}."
    network = attribution.network(run, target)
    if not replaced(run, target):
        return f"{said} The run holds no attribution of a network to show instead, so read the chart as a sketch."
    if network == row.model:
        return f"{said} The chart shows {network}’s own attribution instead (integrated gradients)."
    return (
        f"{said} The chart shows the attribution of {network} instead (integrated gradients), the best network: a "
        "second opinion, since the scores are not its own."
    )


def _segments(run: Run, target: str, model: str) -> list[str]:
    """Fidelity on the list and elsewhere, with a warning where the list is explained worse."""
    table = run.table("fidelity.csv", target)
    rows = {row.segment: row for row in records(table[table["model"] == model])}
    listed_users, others = rows.get("priority"), rows.get("other")
    if listed_users is None or not known(float(listed_users.r2)):
        return []
    said = f"Among users on the list alone the surrogate has {_measured(listed_users)}"
    said += f", among the others {_measured(others)}." if others is not None and known(float(others.r2)) else "."
    if listed_users.n_users < FEW:
        return [said, f"Fewer than {FEW} users on the list: read with care."]
    low = standing(run, target) == "faithful" and listed_users.r2 < floor(run)
    asked = decimal(floor(run), 2)
    return [said, f"For users on the list that is under the {asked} asked for: a sketch."] if low else [said]


def _measured(row: Any) -> str:
    users, windows = count(row.n_users), count(row.n_windows)
    return f"R² {decimal(row.r2, 2)}, rank correlation {signed(row.spearman)} (n = {users} users, {windows} windows)"


def _others(run: Run, target: str) -> list[str]:
    table = run.table("surrogates.csv", target)
    others = [f"{row.model} R² {decimal(row.r2, 2)}" for row in records(table[~table["explained"].astype(bool)])]
    return [f"Surrogates of other models: {listed(others)}."] if others else []
