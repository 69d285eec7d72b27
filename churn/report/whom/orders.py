"""The choice of the order: what the lists of each order found on validation, where it was chosen, and on test."""

from typing import Any

from churn.artefacts import declared
from churn.language import Messages, marked, say
from churn.report.parts.blocks import Block, Heading, Text
from churn.report.parts.listing import ranked
from churn.report.parts.tables import Cell, Column, Table, count_cell, heads, money_cell, number_cell
from churn.report.parts.wording import decimals, moneys
from churn.run_files import records
from churn.runs import Run

FOUND = Messages(  # on a list, by what the order was chosen by
    {
        "profit": marked("Each list is judged by what calling its users would have earned, by who fell silent."),
        "amount": marked("Each list is judged by what the users who then fell silent had received before."),
    }
)
PARTS = Messages({"val": marked("validation, half A"), "test": marked("test")})


def chosen(run: Run) -> tuple[Block, ...]:
    """A table of every order on the part that chose one, and on the part that judged the choice."""
    table, order = run.table(declared.ORDERS), run.manifest["order"]
    if table.empty:
        return ()
    how = say(
        "The order was chosen on validation: the first that no other beats by a tenth and by one standard error. The "
        "test part chose nothing; it judges the choice."
    )
    asked = say("The configuration asked for this order; nothing was chosen.")
    text = Text(f"{how if order['asked'] == 'best' else asked} {_judged(run)}")
    columns = (Column(say("Ordered by")), Column(say("Part")), *heads(say("Lists"), say("Users"), first=0))
    columns = (*columns, *heads(say("Found per list"), say("At random"), first=0))
    rows = tuple(_row(run, row, in_money=order["measure"] != "users") for row in records(table))
    return (
        Heading(say("How the order was chosen")),
        text,
        Table(say("What each order found"), columns, rows, cards=True),
    )


def _judged(run: Run) -> str:
    measure = run.manifest["order"]["measure"]
    return FOUND[measure] if measure in FOUND else run.first.say(run.first.judged)


def _row(run: Run, row: Any, *, in_money: bool) -> tuple[Cell, ...]:
    cell, ends = (money_cell, moneys) if in_money else (number_cell, decimals)
    return (
        Cell(ranked(run, row.rank_by), badge=say("used") if row.chosen else ""),
        Cell(PARTS[row.part]),
        count_cell(row.lists),
        count_cell(row.n_users, grey=True),
        cell(row.value, 1, under=ends(row.low, row.high, 1)),
        cell(row.by_lot, 1),
    )
