"""Suspects: the given categories that look wrong, and the items that are like no category."""

from typing import Any

import pandas as pd

from churn.language import say, say_many
from churn.report.parts.blocks import Block, Heading, Section, Text
from churn.report.parts.tables import Cell, Column, Table, percent_cell, text_cell
from churn.report.parts.wording import count, shortened
from churn.report.tags.tagged import NONE, Tags
from churn.run_files import records

SHOWN, AT_ONCE = 5_000, 20  # rows of a list, and rows drawn at first


def build(tags: Tags) -> Section:
    """The given categories that look wrong, and the items that are like no category."""
    items, given = tags.items, int((tags.items["basis"] == "given").sum())
    wrong = items[items["looks_wrong"]].sort_values(["p_given", "p_1"], ascending=[True, False])
    lead = say_many(
        "{n} of {given} given categories looks wrong.",
        "{n} of {given} given categories look wrong.",
        len(wrong),
        given=count(given),
    )
    blocks: list[Block] = []
    if len(wrong):
        about = say(
            "Each was judged by a tagger that had learnt neither from the item itself nor from items with an equal "
            "text. A look at the item decides: some of these are right, and unusual."
        )
        blocks += [Text(about), _suspicious(wrong)]
    unlike = items[items["basis"] == NONE].sort_values("p_1")
    if len(unlike):
        blocks += [Heading(say("Like none of the categories")), _nearest(unlike)]
    return Section("check", say("Check these first"), lead, tuple(blocks))


def _suspicious(wrong: pd.DataFrame) -> Table:
    columns = (
        *(Column(say("Item")), Column(say("Text"), clipped=True), Column(say("Given")), Column(say("Looks like"))),
        *(Column(say("Chance of that"), numeric=True), Column(say("Chance of the given one"), numeric=True)),
    )
    rows = tuple(
        (
            *(Cell(str(row.item_id)), _clipped(row), Cell(row.given), Cell(row.category_1)),
            *(percent_cell(row.p_1), percent_cell(row.p_given)),
        )
        for row in records(wrong.head(SHOWN))
    )
    return Table(
        say("Given categories that look wrong, the least likely first"),
        columns,
        rows,
        searchable=len(rows) > AT_ONCE,
        identified_by=0,
        cards=True,
        at_once=AT_ONCE,
    )


def _nearest(unlike: pd.DataFrame) -> Table:
    columns = (
        *(Column(say("Item")), Column(say("Text"), clipped=True), Column(say("Nearest category"))),
        Column(say("Chance of that"), numeric=True),
    )
    rows = tuple(
        (Cell(str(row.item_id)), _clipped(row), Cell(row.category_1), percent_cell(row.p_1))
        for row in records(unlike.head(SHOWN))
    )
    title = say("Items that are like none of the categories, the least likely first")
    return Table(title, columns, rows, searchable=len(rows) > AT_ONCE, identified_by=0, cards=True, at_once=AT_ONCE)


def _clipped(row: Any) -> Cell:
    return text_cell(shortened(row.text, 300) if isinstance(getattr(row, "text", None), str) else None)
