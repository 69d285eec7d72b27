"""Confusion: the categories that are taken for each other, in words and as charts."""

from churn.artefacts import declared
from churn.language import say, say_many
from churn.report.parts.blocks import Block, Figure, Fold, Items, Section, Text
from churn.report.parts.wording import count, percent
from churn.report.tags.confusion_chart import DRAWN, confusion
from churn.report.tags.tagged import Tags
from churn.run_files import records

PAIRS = 10  # in words


def build(tags: Tags) -> Section:
    """The categories that are taken for each other, in words, as a table and as charts."""
    title, pairs = say("Which categories are taken for each other"), tags.confused
    if pairs.empty:
        return Section("confused", title, say("On the test items, none."), ())
    told = [
        say(
            "{category}, taken for {said}: {n} of {of} items ({share})",
            category=row.category,
            said=row.said,
            n=count(row.n),
            of=count(row.n / row.share),
            share=percent(row.share, 0),
        )
        for row in records(pairs.head(PAIRS))
    ]
    wrong = int(pairs["n"].sum())
    lead = say_many("{n} test item got another category.", "{n} test items got another category.", wrong)
    blocks: list[Block] = [Items(tuple(told)), *_charts(tags)]
    return Section("confused", title, lead, tuple(blocks))


def _charts(tags: Tags) -> list[Block]:
    """The table of confusions as charts, of counts and of shares."""
    whole = declared.TAG_CONFUSION.read(tags.folder)
    if (k := tags.told["categories"]) > DRAWN:
        every = say("With {k} categories a chart of all pairs cannot be read; confusion.csv holds them.", k=count(k))
        return [Text(every)]
    charts: list[Figure] = [confusion(whole, shares=True), confusion(whole, shares=False)]
    return [Fold(say("All pairs as charts: shares of each category, and numbers of items"), tuple(charts))]
