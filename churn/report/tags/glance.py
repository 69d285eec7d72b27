"""The first section: the share of right categories, and the number of items that got one."""

from typing import Any

from churn.language import say
from churn.report.parts.blocks import Section, Tile, Tiles
from churn.report.parts.wording import count, decimal, percent, percents
from churn.report.tags.tagged import NONE, Tags
from churn.statistics import FEW


def build(tags: Tags) -> Section:
    """The share of right categories, and the number of items that got one."""
    first, third = tags.measure("top_1"), tags.measure("top_3")
    lead = say(
        "Of {n} items that no tagger had seen, {right} got the right category, and for {three} it was among the three "
        "likeliest.",
        n=count(first.n),
        right=percent(first.value),
        three=percent(third.value),
    )
    return Section("glance", say("At a glance"), lead, (Tiles((*_right(tags), *_without(tags))),))


def _right(tags: Tags) -> tuple[Tile, ...]:
    """The shares of items whose category, three likeliest or set are right."""
    often = say("always the most frequent one would be right in {share}", share=percent(tags.measure("majority").value))
    alike = say("F1, averaged over categories; 1 is perfect")
    asked = say(
        "asked for: {share}; {size} categories on average",
        share=percent(tags.told["coverage"], 0),
        size=decimal(tags.measure("set_size").value, 1),
    )
    return (
        _tile(say("The right category"), tags.measure("top_1"), often),
        _tile(say("Among the three likeliest"), tags.measure("top_3"), ""),
        Tile(say("Rare categories count as much"), decimal(tags.measure("macro_f1").value, 2), alike),
        _tile(say("Sets that hold the right one"), tags.measure("coverage"), asked),
    )


def _without(tags: Tags) -> tuple[Tile, ...]:
    """The items that had no category."""
    n = tags.items["basis"].value_counts()
    new, none = (int(n.get(basis, 0)) for basis in ("predicted", NONE))
    return (
        Tile(say("Items that got a category"), count(new), say("they had none")),
        Tile(say("Like none of the categories"), count(none), _unlike(tags)),
    )


def _tile(title: str, row: Any, detail: str) -> Tile:
    return Tile(title, percent(row.value), detail, percents(row.low, row.high), few=row.n < FEW)


def _unlike(tags: Tags) -> str:
    """The shares of new and of known items that are said to be like no category."""
    unlike = tags.told["unlike"]
    if unlike["found"] is None:
        return say("how well this finds new categories was not measured: there are too few to hold some back")
    return say(
        "of {n} items of {k} categories that it was not shown, {found} were found so; of others {refused}, wrongly",
        n=count(unlike["n"]),
        k=count(unlike["categories"]),
        found=percent(unlike["found"], 0),
        refused=percent(unlike["refused"], 0),
    )
