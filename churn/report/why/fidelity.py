"""Fidelity: how far a surrogate's explanation may be read as the model's own."""

import math
from typing import Any, Literal

from churn.artefacts import declared
from churn.language import marked, say
from churn.report.parts.blocks import Block, Fold, Note, Text
from churn.report.parts.wording import count, decimal, known, percent, signed
from churn.report.parts.wording import listed as in_a_row
from churn.report.why import attribution
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW

CONSTANT = marked("The chosen model gives every user the same probability, so nothing drives it.")
Standing = Literal["faithful", "sketch", "constant", "unmeasured"]


def floor(run: Run) -> float:
    """The R² under which a surrogate is a sketch, as the run's configuration has it."""
    return float(run.settings["explanation"]["fidelity_floor"])


def standing(run: Run, target: str) -> Standing:
    """The standing of the chosen model's surrogate."""
    row = _explained(run, target)
    if row is None:
        return "unmeasured"
    if not known(float(row.r2)):
        return "constant"
    return "faithful" if row.r2 >= floor(run) else "sketch"


def listed(run: Run, target: str) -> Any | None:
    """The surrogate's fidelity among users who would be on the list; nothing where it was not measured."""
    row = _explained(run, target)
    return None if row is None else _segment(run, target, row.model, "priority")


def replaced(run: Run, target: str) -> bool:
    """Whether a network's own attribution stands in the place of the surrogate's drivers."""
    return standing(run, target) == "sketch" and not attribution.by_feature(run, target).empty


def notes(run: Run, target: str) -> tuple[Block, ...]:
    """Notes on the model explained and how well, on what is shown instead where that is too little, and a fold."""
    row = _explained(run, target)
    if row is None:
        return (Note(say("Fidelity"), say("Not measured: read the chart as a hint only."), tone="care"),)
    sketch = standing(run, target) == "sketch"
    on_list = listed(run, target)
    said = [_stands_for(row, on_list), *([_under(run, target, row)] if sketch else []), *_few(run, target, on_list)]
    tone = "care" if sketch or row.n_users < FEW else "plain"
    title = say("Under the fidelity floor") if sketch else say("Fidelity")
    return Note(title, " ".join(said), tone), Fold(say("More on fidelity"), (Text(_in_full(run, target, row)),))


def in_short(run: Run, target: str) -> str:
    """Fidelity in one short sentence, for a caption; nothing where it was not measured."""
    row = _explained(run, target)
    if row is None:
        return ""
    return say("Fidelity: R² {r2}, n = {n} held-out users.", r2=two_digits(row.r2), n=count(row.n_users))


def _explained(run: Run, target: str) -> Any | None:
    table = run.table(declared.SURROGATES, target)
    return next(records(table[table["explained"].astype(bool)]), None)


def _stands_for(row: Any, on_list: Any | None) -> str:
    if on_list is None:
        return say(
            "Explained are trees that imitate {model}: R² {r2} on held-out users of the training part (n = {n}).",
            model=row.model,
            r2=two_digits(row.r2),
            n=count(row.n_users),
        )
    return say(
        "Explained are trees that imitate {model}: R² {r2} on held-out users of the training part (n = {n}); on the "
        "list {r2_listed} (n = {n_listed}).",
        model=row.model,
        r2=two_digits(row.r2),
        n=count(row.n_users),
        r2_listed=two_digits(on_list.r2),
        n_listed=count(on_list.n_users),
    )


def _under(run: Run, target: str, row: Any) -> str:
    """The consequence of a surrogate that imitates its model badly."""
    said = say(
        "That is less than the {floor} asked for: the trees do not speak for {model}.",
        floor=decimal(floor(run), 2),
        model=row.model,
    )
    network = attribution.network(run, target)
    if not replaced(run, target):
        return say(
            "{said} The run holds no attribution of a network to show instead, so read the chart as a sketch.",
            said=said,
        )
    if network == row.model:
        return say(
            "{said} The chart shows {network}’s own attribution instead (integrated gradients).",
            said=said,
            network=network,
        )
    return say(
        "{said} The chart shows the attribution of {network} instead (integrated gradients), the best "
        "network: a second opinion, since the scores are not its own.",
        said=said,
        network=network,
    )


def _segment(run: Run, target: str, model: str, segment: str) -> Any | None:
    """The fidelity among some users; nothing where it was not measured."""
    table = run.table(declared.FIDELITY, target)
    rows = table[(table["model"] == model) & (table["segment"] == segment) & table["r2"].notna()]
    return next(records(rows), None)


def _few(run: Run, target: str, on_list: Any | None) -> list[str]:
    """A warning where the list is explained worse than asked for, or has too few users to tell."""
    if on_list is None:
        return []
    if on_list.n_users < FEW:
        return [say("Fewer than {few} users on the list: read with care.", few=FEW)]
    low = standing(run, target) == "faithful" and on_list.r2 < floor(run)
    return (
        [say("For the list that is under the {floor} asked for: a sketch.", floor=decimal(floor(run), 2))]
        if low
        else []
    )


def _in_full(run: Run, target: str, row: Any) -> str:
    """Ranks, the top tenth, users off the list, and how well other models are imitated."""
    said = [
        say(
            "On all held-out users: {measured}; {share} of the scores’ top tenth are the trees’ own.",
            measured=_measured(row),
            share=percent(row.top_tenth, 0),
        )
    ]
    for name, where in {"priority": say("On the list"), "other": say("Off the list")}.items():
        found = _segment(run, target, row.model, name)
        said += [f"{where}: {_measured(found)}."] if found is not None else []
    return " ".join([*said, *_others(run, target)])


def _measured(row: Any) -> str:
    users, windows = count(row.n_users), count(row.n_windows)
    return say(
        "R² {r2}, rank correlation {spearman} (n = {users} users, {windows} windows)",
        r2=two_digits(row.r2),
        spearman=signed(row.spearman),
        users=users,
        windows=windows,
    )


def _others(run: Run, target: str) -> list[str]:
    table = run.table(declared.SURROGATES, target)
    others = [f"{row.model} R² {two_digits(row.r2)}" for row in records(table[~table["explained"].astype(bool)])]
    return [say("Trees that imitate other models: {others}.", others=in_a_row(others))] if others else []


def two_digits(r2: float) -> str:
    """Two digits, cut off rather than rounded: 0.8976 is less than a floor of 0.90."""
    return decimal(math.floor(100 * r2) / 100 if known(r2) else r2, 2)
