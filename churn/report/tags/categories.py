"""Categories: the quality of each one's recognition."""

from churn.language import say, say_many
from churn.report.parts.blocks import Section, Text
from churn.report.parts.tables import Cell, Table, count_cell, heads, number_cell, percent_cell
from churn.report.parts.wording import count
from churn.report.tags.tagged import Tags
from churn.run_files import records
from churn.statistics import FEW

AT_ONCE = 20  # rows drawn at first


def build(tags: Tags) -> Section:
    """The quality of each category's recognition, the hardest first."""
    table = tags.categories.sort_values(["f1", "n"], ascending=[True, False])
    few, hardest, easiest = int((table["n"] < FEW).sum()), table["category"].iloc[0], table["category"].iloc[-1]
    lead = say("The hardest is {hardest}, the easiest {easiest}.", hardest=hardest, easiest=easiest)
    if few:
        lead += " " + say_many(
            "{n} of {k} categories has fewer than 30 test items: read its numbers with care.",
            "{n} of {k} categories have fewer than 30 test items: read their numbers with care.",
            few,
            k=count(len(table)),
        )
    titles = (
        say("Test items"),
        say("Said"),
        say("Found"),
        say("Right when said"),
        say("F1"),
        say("Set holds it"),
        say("Set size"),
    )
    rows = tuple(
        (
            *(Cell(str(row.category)), count_cell(row.n, grey=True), count_cell(row.predicted)),
            *(percent_cell(row.recall), percent_cell(row.precision), number_cell(row.f1, 2)),
            *(percent_cell(row.coverage), number_cell(row.set_size, 1)),
        )
        for row in records(table)
    )
    about = say(
        "“Found” is the share of the category's items that were recognised (recall), “right when said” the share of "
        "items said to be of the category that are (precision); F1 is the harmonic mean of the two."
    )
    caption = say("Category by category, the hardest first")
    shown = Table(caption, heads(say("Category"), *titles), rows, searchable=len(rows) > AT_ONCE, at_once=AT_ONCE)
    return Section("categories", say("Category by category"), lead, (shown, Text(about)))
