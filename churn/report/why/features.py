"""Features: the columns that went into the explanation, and why the others did not."""

import re
from dataclasses import replace
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import Messages, marked, say, say_again, titled
from churn.report.models.retrained import retrained
from churn.report.parts.blocks import Block, Note, Section, Text
from churn.report.parts.tables import Cell, Column, Table, number_cell, percent_cell, text_cell
from churn.report.parts.wording import count, feature, known, listed, percent
from churn.run_files import records
from churn.runs import Run

STABLE = 0.8  # share of Boruta's runs that have to agree before a verdict is called settled
NAMED = 6  # unsettled columns per target
ASIDE = ("collinear", "copy of")  # how the reasons of columns begin that others say already
SOMETIMES = Messages({"duplicates": marked("Same as"), "stability": marked("Agree")})  # where some column has any
HEADS = Messages(
    {
        "duplicates": marked("“Same as” names the columns left that say what a collinear one says, the closest first."),
        "stability": marked(
            "“Agree” is the share of Boruta’s runs that came to the verdict; “split”: one half contradicts the other."
        ),
    }
)
_TOO_FEW = re.compile(r"not judged: ([0-9]+) windows, fewer than ([0-9]+)")


def build(run: Run) -> Section:
    """Collinearity and relevance of each column, with the decision."""
    about = say(
        "The models use all columns; this checks which would do, and nothing was dropped. Columns that say the same "
        "thing blur every explanation, so collinear ones are set aside one by one, as long as a variance "
        "inflation (VIF) is above 10; of the rest, those that beat shuffled copies of themselves are "
        "confirmed (Boruta). VIF is given as it was at first."
    )
    table = run.table(declared.FEATURES)
    if table.empty:
        nothing = say("No column was screened in this run: all were kept.")
        return Section("features", say("Which columns would do"), nothing, ())
    shown = [name for name in SOMETIMES if (table[name].notna() & table[name].ne("")).any()]
    rows = tuple(_row(row, shown) for row in records(table))
    blocks: tuple[Block, ...] = (
        Text(" ".join([about, *_collinear(table), *(HEADS[name] for name in shown)])),
        *_unsettled(run),
        Table(say("All columns"), _columns(shown), rows, searchable=True),
        *retrained(run),
    )
    return Section("features", say("Which columns would do"), _kept(run), blocks)


def _kept(run: Run) -> str:
    said = []
    for target in run.targets:
        kept = run.table(declared.FEATURES, target)["kept"].astype(bool)
        said.append(
            say(
                "{target}: {kept} of {all} columns would do.",
                target=titled(target),
                kept=count(int(kept.sum())),
                all=count(len(kept)),
            )
        )
    return " ".join(said)


def _collinear(table: pd.DataFrame) -> list[str]:
    """A sentence where no column was set aside as collinear."""
    aside = table["reason"].fillna("").str.startswith(ASIDE)
    return [] if aside.any() else [say("None was set aside as collinear.")]


def _agree(stability: float) -> str:
    """The share of runs that agree on a verdict; where halves contradict each other, there is none."""
    return say("split") if stability == 0 else percent(stability, 0)


def _unsettled(run: Run) -> list[Block]:
    """The columns on which Boruta's runs disagree, by name; nothing where a run made one run alone."""
    if run.table(declared.FEATURES)["stability"].isna().all():
        return []
    told = [said for target in run.targets if (said := _doubtful(run, target))]
    share = percent(STABLE, 0)
    if not told:
        settled = say(
            "Boruta ran on two stretches of time, from each of its seeds; at least {share} of the runs agree on every "
            "column.",
            share=share,
        )
        return [Text(settled)]
    body = say(
        "Boruta ran on two stretches of time, from each of its seeds; on these columns fewer than {share} of the runs "
        "agree, so in another season the verdict might be another.",
        share=share,
    )
    return [Note(say("Not settled"), " ".join([body, *told]), tone="care")]


def _doubtful(run: Run, target: str) -> str:
    table = run.table(declared.FEATURES, target)
    table = table[table["stability"] < STABLE].sort_values("stability", kind="stable")
    names = [f"{feature(row.feature)} ({say_again(row.boruta)}, {_agree(row.stability)})" for row in records(table)]
    if len(names) > NAMED:
        names = [*names[:NAMED], say("{n} more", n=count(len(names) - NAMED))]
    return f"{titled(target)}: {listed(names)}." if names else ""


def _reason(reason: Any) -> Any:
    """The reason of a feature's judgement; three kinds name a column or numbers."""
    if not isinstance(reason, str):
        return None
    if found := _TOO_FEW.fullmatch(reason):
        return say("not judged: {n} windows, fewer than {fewest}", n=found[1], fewest=found[2])
    if reason.startswith("copy of "):
        return say("copy of {column}", column=reason.removeprefix("copy of "))
    if reason.startswith("collinear ("):
        return say("collinear {how}", how=reason.removeprefix("collinear "))
    return say_again(reason)


def _duplicates(names: Any) -> Cell:
    """The duplicate columns, in words."""
    return text_cell("; ".join(map(feature, names.split("; "))) if isinstance(names, str) and names else None)


def _columns(shown: list[str]) -> tuple[Column, ...]:
    found = [
        Column(say("Target")),
        Column(say("Column")),
        Column(say("VIF"), numeric=True),
        Column(SOMETIMES["duplicates"]),
        Column(say("Boruta")),
        Column(SOMETIMES["stability"], numeric=True),
        Column(say("Kept")),
        Column(say("Reason"), wide=True),
    ]
    absent = {title for name, title in SOMETIMES.items() if name not in shown}
    return tuple(column for column in found if column.title not in absent)


def _row(row: Any, shown: list[str]) -> tuple[Cell, ...]:
    endless = row.vif == float("inf")  # a column that the others reproduce exactly
    vif = Cell("∞", order="1e308") if endless else number_cell(row.vif, 1 if known(row.vif) else 0)
    return (
        text_cell(titled(row.target)),
        Cell(feature(row.feature)),
        vif,
        *((_duplicates(row.duplicates),) if "duplicates" in shown else ()),
        text_cell(say_again(row.boruta) if isinstance(row.boruta, str) else None),
        *((replace(percent_cell(row.stability), text=_agree(row.stability)),) if "stability" in shown else ()),
        Cell(say("yes") if bool(row.kept) else say("no")),
        text_cell(_reason(row.reason)),
    )
