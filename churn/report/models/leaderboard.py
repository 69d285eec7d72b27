"""Leaderboard: the models beside each other and beside knowing nothing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import marked, say, say_again, titled
from churn.report.models import seeds
from churn.report.models.retrained import KEPT
from churn.report.parts.blocks import Beside, Block, Fold, Heading, Items, Section, Text
from churn.report.parts.chart_parts import SERIES, Dots, dot_plot, figure, label
from churn.report.parts.tables import Cell, Column, Table, number_cell, percent_cell, text_cell
from churn.report.parts.wording import DECISIONS, METRICS, count, decimal, decimals, listed, percent, percents, signed
from churn.run_files import estimate, records
from churn.runs import Run
from churn.statistics import LEAST_LOSS, Interval, side

_NAMED = 0.005  # a weight from which on a model of a blend is named
BASELINE, RIVALS = "Majority", ("LightGBM", "Persistence")
UNPAIRED = marked("No paired differences: the run compared no two models on the test part.")
YARDSTICKS = {
    "Majority": marked("{model} gives everyone the base rate"),
    "Persistence": marked("{model} knows only on how many days of the history a user was active"),
}


def build(run: Run) -> Section:
    """The test part's table with intervals, then paired differences, then the validation part's."""
    about = say(
        "Measured on the test part, which was read once, after every choice. Brackets are 95% "
        "intervals from drawing whole users again and again: the windows of one user are no "
        "independent witnesses."
    )
    title = say("How good the models are")
    if run.table(declared.LEADERBOARD).empty and run.table(declared.DIFFERENCES).empty:
        nothing = [_unmeasured(target, part) for part in ("test", "val") for target in run.targets]
        return Section("models", title, " ".join([*nothing, say(UNPAIRED)]), ())
    blocks: list[Block] = [
        Text(about),
        *_told(run),
        Text(_reading()),
        *(_board(run, target, "test") for target in run.targets),
    ]
    val = tuple(_board(run, target, "val") for target in run.targets)
    blocks += [
        Fold(say("The same on half A of the validation users, where models were stopped and chosen: optimistic"), val),
        *_paired(run),
        *seeds.build(run),
    ]
    return Section("models", title, _chosen(run), tuple(blocks))


def _chosen(run: Run) -> str:
    """The chosen model of each target, beside the one that most others use or, where it is not there, alone."""
    alone = (
        say("{target}: {model} is the chosen model.", target=titled(one), model=run.chosen(one)) for one in run.targets
    )
    return " ".join(_against(run, target, RIVALS[0]) or said for target, said in zip(run.targets, alone, strict=True))


def _reading() -> str:
    return say(
        "Log loss, Brier and ECE are better when low, the others when high; under an ECE stands what perfect "
        "calibration would show. Micro-AP flatters any "
        "model when one outcome is rare, a constant guess included; so read it beside AP and the "
        "Majority row. Models were chosen on the validation part, so the chosen one need not lead on "
        "test."
    )


def _told(run: Run) -> list[Block]:
    """The conclusion on each target, and what the models without an explanation in their names are."""
    models = {str(model) for model in run.table(declared.LEADERBOARD)["model"]}
    pairs = ((target, rival) for target in run.targets for rival in RIVALS[1:])
    told = [said for target, rival in pairs if (said := _against(run, target, rival))]
    told += [_of_blend(target, weights) for target, weights in run.manifest["blend"].items()]
    simple = [say(words, model=model) for model, words in YARDSTICKS.items() if model in models]
    if simple:
        told.append(say("Yardsticks: {said}.", said=", ".join(simple)))
    if any(model.endswith(KEPT) for model in models):
        told.append(
            say(
                "Models whose names end in {kept} were trained again on the kept columns alone, for "
                "comparison; they may be chosen like any other.",
                kept=KEPT,
            )
        )
    return [Items(tuple(told))] if told else []


def _of_blend(target: str, weights: Mapping[str, float]) -> str:
    """A sentence on the models that the blend averages."""
    parts = [f"{model} {percent(weight, 0)}" for model, weight in weights.items() if weight >= _NAMED]
    return say(
        "{target}: Blend averages the models’ logits, by weights that half A gives, drawn to equal ones where its "
        "users are few: {parts}.",
        target=titled(target),
        parts=listed(parts),
    )


def _against(run: Run, target: str, rival: str) -> str:
    """A sentence on whether the chosen model is better than a rival; nothing where it was not compared."""
    chosen = run.chosen(target)
    if chosen == rival:
        return say("{target}: {rival} itself is the chosen model.", target=titled(target), rival=rival)
    table = run.table(declared.DIFFERENCES, target)
    pair = (table["model"] == chosen) & (table["reference"] == rival) & (table["metric"] == "log_loss")
    found = estimate(table[pair])
    if found is None:
        return ""
    numbers = say(
        "log loss {difference} {interval} on test",
        difference=signed(found.value, 3),
        interval=decimals(found.low, found.high),
    )
    matters = side(found, least=LEAST_LOSS)
    if side(found) == "across":
        message = marked("{target}: {chosen}, the chosen model, and {rival} are not distinguishable ({numbers}).")
    elif matters == "across":
        message = marked(
            "{target}: {chosen}, the chosen model, and {rival} hardly differ, by less than {least} ({numbers})."
        )
    elif matters == "below":
        message = marked("{target}: {chosen}, the chosen model, is clearly better than {rival} ({numbers}).")
    else:
        message = marked("{target}: {chosen}, the chosen model, is clearly worse than {rival} ({numbers}).")
    least = decimal(LEAST_LOSS)
    return say(message, target=titled(target), chosen=chosen, rival=rival, least=least, numbers=numbers)


def _unmeasured(target: str, part: str) -> str:
    return say("{target}: no model was measured on the {part} part.", target=titled(target), part=say_again(part))


def _board(run: Run, target: str, part: str) -> Block:
    board = run.table(declared.LEADERBOARD, target)
    board = board[board["part"] == part]
    if board.empty:
        return Text(_unmeasured(target, part))
    metrics = [metric for metric in METRICS if (board["metric"] == metric).any()]
    loss = board[board["metric"] == "log_loss"].set_index("model")["value"]
    models = sorted(board["model"].unique(), key=lambda model: (float(loss.get(model, float("inf"))), model))
    columns = (Column(say("Model")), *(Column(METRICS[metric], numeric=True) for metric in metrics))
    rows = tuple(_row(board[board["model"] == model], model, metrics, model == run.chosen(target)) for model in models)
    return Table(
        say("{target}: {part} part{size}", target=titled(target), part=say_again(part), size=_size(run, target, part)),
        columns,
        rows,
    )


def _size(run: Run, target: str, part: str) -> str:
    """The numbers of windows, users and positives behind the test part's results."""
    found = [row for row in run.manifest["audit"]["parts"] if row["part"] == part == "test"]
    if not found or f"{target}_rate" not in found[0]:
        return ""
    windows, users = found[0]["windows"], found[0]["users"]
    positive = round(windows * found[0][f"{target}_rate"])
    return say(
        ", n = {windows} windows of {users} users, {positive} windows positive",
        windows=count(windows),
        users=count(users),
        positive=count(positive),
    )


def _row(board: pd.DataFrame, model: str, metrics: list[str], chosen: bool) -> tuple[Cell, ...]:
    badge = say("chosen") if chosen else say("baseline") if model == BASELINE else ""
    band = estimate(board[board["metric"] == "ece_band"])
    return Cell(model, badge=badge), *(
        _value(metric, estimate(board[board["metric"] == metric]), band) for metric in metrics
    )


def _value(metric: str, found: Interval | None, band: Interval | None) -> Cell:
    if found is None:
        return Cell("–")
    if metric == "accuracy":
        return percent_cell(found.value, under=percents(found.low, found.high))
    if metric == "ece" and band is not None:
        return number_cell(found.value, under=decimals(band.low, band.high))
    digits = 2 if metric == "lift_10" else 3
    return number_cell(found.value, digits, under=decimals(found.low, found.high, digits))


def _paired(run: Run) -> list[Block]:
    table = run.table(declared.DIFFERENCES)
    heading = Heading(say("Model against model, on the same users"))
    if table.empty:
        return [heading, Text(say(UNPAIRED))]
    text = Text(
        say(
            "Intervals of two models may overlap and one still be better on the same users. So here is the "
            "difference itself: left of 0, the model has the lower log loss, which is better; an interval "
            "that holds 0 means that this run cannot distinguish them. The intervals are not adjusted for "
            "their number: of twenty, one misses the true difference by chance."
        )
    )
    return [heading, text, Beside(tuple((_forest(run, target),) for target in run.targets)), _all_differences(table)]


def _forest(run: Run, target: str) -> Block:
    table = run.table(declared.DIFFERENCES, target)
    table = table[table["metric"] == "log_loss"]
    common = table[table["model"] != table["reference"] + KEPT]["reference"]  # not of one twin alone
    table = table[table["reference"].isin(common)]
    if table.empty:
        return Text(say("{target}: no paired difference in log loss.", target=titled(target)))
    rows = list(dict.fromkeys(label(model) for model in table.sort_values("value")["model"]))
    references = list(dict.fromkeys(table["reference"]))
    series = [_series(table[table["reference"] == name], str(name), place) for place, name in enumerate(references)]
    drawn = dot_plot(series, rows=rows, x_title=say("log loss: better ← 0 → worse"), reference=0.0)
    drawn.update_layout(height=drawn.layout.height + 10 * len(rows) * (len(references) - 1))
    said = "; ".join(
        say(
            "{model} minus {reference} {difference} {interval}",
            model=row.model,
            reference=row.reference,
            difference=signed(row.value, 3),
            interval=decimals(row.low, row.high),
        )
        for row in records(table)
    )
    return figure(
        drawn,
        title=say("{target}: difference in log loss", target=titled(target)),
        description=say("Paired differences on test. {said}.", said=said),
        caption="",
    )


def _series(table: pd.DataFrame, reference: str, place: int) -> Dots:
    hover = [
        say(
            "{model} minus {reference}: {difference} {interval}",
            model=row.model,
            reference=row.reference,
            difference=signed(row.value, 3),
            interval=decimals(row.low, row.high),
        )
        for row in records(table)
    ]
    labels = [label(model) for model in table["model"]]
    colour, symbol = SERIES[place % len(SERIES)], ("circle", "diamond", "square")[place % 3]
    return Dots(
        say("minus {reference}", reference=label(reference)),
        labels,
        list(table["value"]),
        list(table["low"]),
        list(table["high"]),
        hover,
        colour,
        symbol,
    )


def _all_differences(table: pd.DataFrame) -> Fold:
    columns = (
        Column(say("Target")),
        Column(say("Model")),
        Column(say("Minus")),
        Column(say("Metric")),
        Column(say("Difference"), numeric=True),
    )
    rows = tuple(_difference(row) for row in records(table))
    return Fold(
        say("All paired differences as a table"),
        (Table(say("Paired differences on test"), columns, rows, searchable=True),),
    )


def _difference(row: Any) -> tuple[Cell, ...]:
    metric = METRICS.get(row.metric, DECISIONS.get(row.metric, row.metric))
    words = (titled(row.target), row.model, row.reference, metric)
    value = Cell(signed(row.value, 3), order=repr(float(row.value)), under=decimals(row.low, row.high))
    return *(text_cell(word) for word in words), value
