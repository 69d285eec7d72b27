"""Verdicts: each question of a sceptic with its answer, and the measures behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import marked, say, say_again, titled
from churn.report.models.verdict_charts import forest, heat_map, variant_words
from churn.report.parts.blocks import Beside, Block, Definitions, Fold, Heading, Section, Text
from churn.report.parts.tables import Cell, Column, Table, count_cell, number_cell, percent_cell, signed_cell
from churn.report.parts.wording import decimals
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW

TITLE = marked("What a sceptic would ask")
KINDS = marked(
    "The kinds of split differ in what the models learned from. By time: from earlier weeks of all users, as in use. "
    "By user: from other users on the same weeks, too. By user and time: from other users on earlier weeks. At random: "
    "from any user on any week, days beside the measured ones included."
)
ARRIVED = marked(
    "The kinds of split differ in what the models learned from. By time: from earlier arrivals, as in use. By user: "
    "from other users who arrived together with those measured, too. At random: from any users."
)
OF_DAYS = ("order", "history", "horizon")  # questions about days that arrivals without a history do not have
MAPPED = "architecture"  # the question of too many variants for dots


def build(run: Run) -> Section:
    """A heading, answers, charts and a table per question."""
    about = say(
        "Models were trained again under other conditions and measured side by side; nothing was chosen by what came "
        "out. Asked are the networks and LightGBM; each answer is that of the model with the lowest log loss on half "
        "A. Differences are in log loss on the same windows: left of 0 is better than the reference."
    )
    names = dict.fromkeys(str(verdict["verdict"]) for verdict in _answers(run))
    if not names:
        return Section("verdicts", say(TITLE), say("This run was asked none of these questions."), ())
    asked = [block for name in names for block in _question(run, name)]
    return Section("verdicts", say(TITLE), _first(run), (Text(about), *asked))


def _answers(run: Run) -> Sequence[Mapping[str, str]]:
    """The answers to the questions that a run of its kind can be asked."""
    left_out = () if run.windowing["history_days"] else OF_DAYS
    return [each for each in run.answers if each["verdict"] not in left_out]


def _first(run: Run) -> str:
    """The answers to the first question, by target."""
    answers = _answers(run)
    first = [each for each in answers if each["verdict"] == answers[0]["verdict"]]
    return " ".join(f"{titled(each['target'])}: {each['sentence']}" for each in first)


def _question(run: Run, name: str) -> list[Block]:
    asked = [verdict for verdict in _answers(run) if verdict["verdict"] == name]
    answers = tuple((titled(each["target"]), str(each["sentence"])) for each in asked)
    table = run.table(declared.VERDICTS)
    tables = {each["target"]: table[(table["verdict"] == name) & (table["target"] == each["target"])] for each in asked}
    models = sorted({str(model) for rows in tables.values() for model in rows["model"]})
    charts = [
        heat_map(rows, target) if name == MAPPED else forest(rows, target, models)
        for target, rows in tables.items()
        if len(rows)
    ]
    columns = tuple((one,) for one in charts if one is not None)
    behind = [block for each in asked for block in _behind(tables[each["target"]], each)]
    return [
        Heading(say_again(str(asked[0]["question"]))),
        Definitions(answers),
        *([Text(say(ARRIVED if run.arrivals else KINDS))] if name == "split" else []),
        *([Beside(columns)] if columns else []),
        *([Fold(say("How it was measured, with all numbers"), tuple(behind))] if behind else []),
    ]


def _behind(rows: pd.DataFrame, verdict: Any) -> list[Block]:
    """The way to one target's answer, and its numbers where there are any."""
    target = titled(verdict["target"])
    note: list[Block] = [Text(f"{target}: {verdict['note']}")] if verdict["note"] else []
    return [*note, *([_table(rows, target)] if len(rows) else [])]


def _table(rows: pd.DataFrame, target: str) -> Table:
    """All variants, with marks on the ones that others are compared with."""
    plain = (
        say("Windows"),
        say("Users"),
        say("Base rate"),
        *((say("Come back"),) if rows["returned"].notna().any() else ()),
    )
    titles = (*plain, say("AP"), say("ROC-AUC"), say("Log loss"), say("Difference"))
    columns = (Column(say("Model")), Column(say("Variant")), *(Column(title, numeric=True) for title in titles))
    with_returns = bool(rows["returned"].notna().any())
    return Table(
        say("{target}: all variants", target=target), columns, tuple(_row(row, with_returns) for row in records(rows))
    )


def _row(row: Any, with_returns: bool) -> tuple[Cell, ...]:
    few = row.n_users < FEW
    measures = [
        number_cell(getattr(row, name), under=decimals(getattr(row, f"{name}_low"), getattr(row, f"{name}_high")))
        for name in ("ap", "roc_auc", "log_loss")
    ]
    return (
        Cell(str(row.model)),
        Cell(variant_words(str(row.variant)), badge=say("reference") if bool(row.reference) else ""),
        count_cell(row.n_windows),
        count_cell(row.n_users, grey=True),
        percent_cell(row.base_rate, few=few),
        *([percent_cell(row.returned, few=few)] if with_returns else []),
        *measures,
        signed_cell(row.difference, under=decimals(row.difference_low, row.difference_high)),
    )
