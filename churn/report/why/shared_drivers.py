"""The drivers that both targets share, and whether they pull both the same way."""

from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import say, say_again, say_many
from churn.report.parts.blocks import Block, Fold, Heading, Text
from churn.report.parts.tables import Cell, Table, heads
from churn.report.parts.wording import chance, count, feature, more_of
from churn.report.why import attribution, fidelity
from churn.run_files import records
from churn.runs import Run

SHARE = 0.1  # of the strongest driver's strength, from which on a column counts as a driver
SHOWN = 10  # rows
WAYS = {
    ("lowers", "raises"): "opposite",
    ("raises", "lowers"): "opposite",
    ("raises", "raises"): "same",
    ("lowers", "lowers"): "same",
}


def build(run: Run) -> list[Block]:
    """A sentence and a small table; nothing where there is one target, or one without drivers."""
    if not {"churn", "sticker"} <= {*run.targets}:
        return []
    churn, sticker = (_drivers(run, target) for target in ("churn", "sticker"))
    if churn.empty or sticker.empty:
        return []
    both = churn.merge(sticker, on="feature", suffixes=("_churn", "_sticker"))
    both = both.assign(places=both["rank_churn"] + both["rank_sticker"]).sort_values("places", kind="stable")
    heading = Heading(say("What both targets react to"))
    if both.empty:
        return [heading, Text(say("No column is a driver of both targets: the two scores react to different things."))]
    return [heading, Text(_said(both)), Fold(say("The columns, with their directions"), (_table(both.head(SHOWN)),))]


def _drivers(run: Run, target: str) -> pd.DataFrame:
    """The drivers in a target's bars, without the weak ones: feature, strength, direction, rank."""
    if fidelity.standing(run, target) == "constant":
        return pd.DataFrame(columns=["feature", "strength", "direction", "rank"])
    if fidelity.replaced(run, target):
        return _strong(attribution.by_feature(run, target))
    return _strong(run.table(declared.EXPLANATIONS, target).rename(columns={"mean_abs_shap": "strength"}))


def _strong(table: pd.DataFrame) -> pd.DataFrame:
    strong = table[(table["strength"] > 0) & (table["strength"] >= SHARE * table["strength"].max())]
    return pd.DataFrame(strong, columns=["feature", "strength", "direction", "rank"])


def _said(both: pd.DataFrame) -> str:
    ways = list(zip(both["direction_churn"], both["direction_sticker"], strict=True))
    same = sum(WAYS.get(way) == "same" for way in ways)
    opposite = sum(WAYS.get(way) == "opposite" for way in ways)
    said = say_many(
        "{n} column is a driver of both targets (at least a tenth as strong as the strongest one). Pulling the two the "
        "same way: {same}; opposite ways: {opposite}; unclear: {unclear}.",
        "{n} columns are drivers of both targets (at least a tenth as strong as the strongest one). Pulling the two "
        "the same way: {same}; opposite ways: {opposite}; unclear: {unclear}.",
        len(both),
        same=count(same),
        opposite=count(opposite),
        unclear=count(len(both) - same - opposite),
    )
    clear = [row for row in records(both) if (row.direction_churn, row.direction_sticker) in WAYS]
    return f"{said} {_example(clear[0])}" if clear else said


def _example(row: Any) -> str:
    more = more_of(row.feature)
    churn, sticker = chance("churn", row.direction_churn), chance("sticker", row.direction_sticker)
    return say(
        "The strongest with a clear direction: {more} → {churn}, {sticker}.", more=more, churn=churn, sticker=sticker
    )


def _table(both: pd.DataFrame) -> Table:
    rows = tuple(
        (
            Cell(feature(row.feature)),
            Cell(say_again(row.direction_churn), under=say("rank {rank}", rank=count(row.rank_churn))),
            Cell(say_again(row.direction_sticker), under=say("rank {rank}", rank=count(row.rank_sticker))),
            Cell(say_again(WAYS.get((row.direction_churn, row.direction_sticker), "unclear"))),
        )
        for row in records(both)
    )
    return Table(say("Shared drivers"), heads(say("Column"), say("Churn"), say("Stickers"), say("Ways"), first=4), rows)
