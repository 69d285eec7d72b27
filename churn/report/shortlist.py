"""The list: whom to contact first."""

from typing import Any

import pandas as pd

from churn.report.blocks import Block, Note, Section, Text
from churn.report.policies import scoring
from churn.report.run import Run, records
from churn.report.tables import Cell, Column, Table, count_cell, percent_cell
from churn.report.wording import count, decimal, listed, percent, signed

SHOWN = 2_000  # rows; longer lists make a page too heavy to open
NAMES = {"priority": "priority", "p_churn": "the chance of churn", "p_sticker": "the chance of a sticker"}


def build(run: Run) -> Section:
    """The users of the priority segment, best first, with reasons."""
    segment, users = run.manifest["segment"], run.table("priority.csv")
    lead = (
        f"The {percent(1 - segment['quantile'], 0)} of the scored users with the highest priority (from "
        f"{decimal(segment['threshold'])} up), best first, with what most raises each one’s "
        "chance of falling silent, beside the average over users."
    )
    if users.empty:
        return Section(
            "list", "Whom to contact", lead, (Text("Nobody is on the list at this cutoff."), _heuristic(run))
        )
    return Section("list", "Whom to contact", lead, (_heuristic(run), *_list(run), Text(scoring(run))))


def _heuristic(run: Run) -> Note:
    if not run.stickers:
        body = (
            "This run knows no stickers, so priority is the probability of churn itself: the list holds the users "
            "most likely to fall silent, whatever they are worth."
        )
        return Note("How to read the priority", body)
    body = (
        "Priority is the chance of falling silent × the chance of a sticker. Churn and stickers of the same week "
        "nearly exclude each other: whoever falls silent seldom receives one. So the product is a heuristic and no "
        "probability of anything; it peaks at users whose churn is a coin-flip, and as a rule ranks users mostly "
        "like the chance of a sticker. Read the list as valued users who might leave, not as the users most likely "
        f"to leave. {_agreement(run)}"
    )
    return Note("How to read the priority", body, tone="care")


def _agreement(run: Run) -> str:
    table = run.table("agreement.csv")
    if table.empty:
        return "The run holds no rank correlations that would show by how much."
    pairs = [f"{signed(row.spearman)} between {_name(row.a)} and {_name(row.b)}" for row in records(table)]
    n = count(run.manifest["segment"]["scored"])
    scale = f"(n = {n}; 1 is the same order, 0 none, −1 the reverse)"
    return f"Rank correlations among the scored users {scale}: {listed(pairs)}. {_leaning(table)}"


def _leaning(agreement: pd.DataFrame) -> str:
    """Whether this run keeps to the rule; a run whose stickers are rare may not."""
    rows = agreement[agreement["a"] == "priority"].set_index("b")["spearman"]
    if not {"p_churn", "p_sticker"} <= set(rows.index):
        return ""
    if rows["p_sticker"] > rows["p_churn"]:
        return "This run keeps to that rule."
    return "This run is an exception: its priority ranks users more like the chance of churn."


def _name(column: object) -> str:
    return NAMES.get(str(column), str(column))


def _list(run: Run) -> list[Block]:
    users = run.table("priority.csv")
    shown = users.head(SHOWN)
    chances = [name for name in ("p_churn", "p_sticker") if name in shown.columns and shown[name].notna().any()]
    titles = {"p_churn": "Churn", "p_sticker": "Sticker"}
    columns = (
        Column("Rank", numeric=True),
        Column("User", clipped=True),
        Column("Priority", numeric=True),
        *(Column(titles[name], numeric=True) for name in chances),
        Column("Why", wide=True),
    )
    rows = tuple(_row(user, chances) for user in shown.to_dict("records"))
    blocks: list[Block] = [Table(f"The list (n = {count(len(users))})", columns, rows, searchable=True)]
    if len(users) > SHOWN:
        blocks.append(
            Text(
                f"The first {count(SHOWN)} of {count(len(users))} users; priority.csv and priority.xlsx hold them all."
            )
        )
    return blocks


def _row(user: dict[Any, Any], chances: list[str]) -> tuple[Cell, ...]:
    reasons = [str(user[f"reason_{place}"]) for place in (1, 2, 3) if isinstance(user.get(f"reason_{place}"), str)]
    priority = Cell(decimal(user["priority"]), order=repr(float(user["priority"])))
    return (
        count_cell(user["rank"]),
        Cell(str(user["user_id"])),
        priority,
        *(percent_cell(user[name]) for name in chances),
        Cell("; ".join(reasons) or "–"),
    )
