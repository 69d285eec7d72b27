"""The search: what was tried before the models were fitted."""

from typing import Any

from churn.artefacts import declared
from churn.language import marked, say, say_again, titled
from churn.report.models import curves, importances, slices
from churn.report.models.trials import FIXED, history, models_of, spent
from churn.report.parts.blocks import Beside, Block, Fold, Heading, Section, Text
from churn.report.parts.tables import Cell, Column, Table, number_cell, text_cell
from churn.runs import Run

TITLE = marked("What was tried")
BEST = 5  # trials per model in the table


def build(run: Run) -> Section:
    """Trials in their order, which settings mattered, and the best of each model with theirs."""
    if run.table(declared.TRIALS).empty:
        nothing = say("No search was made: the models ran with their configured settings.")
        return Section("search", say(TITLE), nothing, ())
    about = say(
        "Each model’s settings were searched on half A of the validation part by log loss; lower is better. Which "
        "model was chosen is decided afterwards, by the log loss of the corrected chances on half A, so the best trial "
        "need not be the chosen model’s. Blend is chosen unless another model is better by more than a standard error, "
        "over users."
    )
    histories = Beside(tuple((history(run, target),) for target in run.targets))
    tables = tuple(_best(run, target) for target in run.targets)
    folds = (
        Fold(say("Learning curves of all trials"), tuple(curves.build(run))),
        Fold(say("The best {best} trials of each model, with their settings", best=BEST), tables),
    )
    return Section(
        "search", say(TITLE), spent(run), (Text(about), histories, *_importances(run), *_slices(run), *folds)
    )


def _importances(run: Run) -> list[Block]:
    heading = Heading(say("Which settings mattered"))
    if run.table(declared.IMPORTANCES).empty:
        return [heading, Text(say("Not known: that takes several trials that ended with different log losses."))]
    text = Text(
        say(
            "How much each setting decides which trials are the best, as shares of 100% per model. With "
            "few trials this is a hint, no finding: chance alone gives some setting the largest share."
        )
    )
    return [heading, text, *(block for target in run.targets for block in importances.build(run, target))]


def _slices(run: Run) -> list[Block]:
    """Slices, the chosen models' in sight, others' on demand; nothing where no model has trials enough to draw."""
    searched = [(target, model) for target in run.targets for model in models_of(run, target)]
    drawn = {one: blocks for one in searched if (blocks := slices.build(run, *one))}
    if not drawn:
        return []
    text = Text(
        say(
            "Log loss of each trial against its settings. Blue: trials that came to their end; grey rings: "
            "pruned, with the last that they reported; the vermilion diamond: the best. Settings moved "
            "together, so no chart shows one setting’s effect alone."
        )
    )
    chosen = [block for (target, model), found in drawn.items() if model == run.chosen(target) for block in found]
    others = [block for (target, model), found in drawn.items() if model != run.chosen(target) for block in found]
    rest = [Fold(say("The same for the other models"), tuple(others))] if others else []
    left = [f"{titled(target)}: {model}" for target, model in searched if (target, model) not in drawn]
    return [Heading(say("Settings and log loss")), text, *chosen, *rest, *([_not_drawn(left)] if left else [])]


def _not_drawn(models: list[str]) -> Text:
    """The models of which a chart would show too little, in one line."""
    return Text(
        say(
            "Not drawn, since fewer than {least} trials were made or no setting took several values: {models}.",
            least=slices.LEAST,
            models="; ".join(models),
        )
    )


def _best(run: Run, target: str) -> Table:
    trials = (
        run.table(declared.TRIALS, target)
        .sort_values("value")
        .groupby("model")
        .head(BEST)
        .sort_values(["model", "value"])
    )
    columns = (
        Column(say("Model")),
        Column(say("Trial"), numeric=True),
        Column(say("State")),
        Column(say("Log loss"), numeric=True),
        Column(say("Settings"), wide=True),
    )
    return Table(
        say("{target}: best trials", target=titled(target)),
        columns,
        tuple(_row(trial) for trial in trials.to_dict("records")),
    )


def _row(trial: dict[Any, Any]) -> tuple[Cell, ...]:
    settings = [
        f"{name} {slices.setting(value)}"
        for name, value in trial.items()
        if name not in FIXED and value == value and value is not None
    ]
    cells = text_cell(trial["model"]), number_cell(trial["trial"], 0), text_cell(say_again(str(trial["state"]).lower()))
    return *cells, number_cell(trial["value"]), Cell(", ".join(settings) or "–")
