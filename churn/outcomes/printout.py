"""A page about the outcome of a list in the terminal."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from churn.errors import printable
from churn.language import say, speaking
from churn.outcomes.following import FollowUp
from churn.outcomes.words import FEW, Told, about, sentences, tables
from churn.progress import page

WIDTH = 80  # columns


def summary(found: FollowUp) -> None:
    """Print the outcome of a list, on one page of 80 columns."""
    with speaking(found.run.language, found.run.labels):
        _print(found)


def _print(found: FollowUp) -> None:
    console = page(WIDTH)
    console.print(_text(about(found.facts, asked=found.run.data.asked is not None)))
    for table in tables(found.outcomes, found.effects, found.calibration):
        console.print(_table(table))
    for line in sentences(found.stability, found.drift, found.facts["notes"]):
        console.print(_text(line))
    console.print(_text(say("Grey: under {few} users. Tables: {folder}", few=FEW, folder=found.folder)))


def _table(told: Told) -> Table:
    table = Table(
        title=told.title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0, 0, 1),
    )
    for place, head in enumerate(told.heads):
        table.add_column(head, justify="left" if place == 0 or head == "target" else "right", no_wrap=True)
    above = ""
    for (first, *rest), few in told.rows:
        table.add_row(*map(_text, ("" if first == above else first, *rest)), style="dim" if few else "")
        above = first
    return table


def _text(words: str) -> Text:
    """Words as plain text: no markup, and no control characters."""
    return Text(printable(words))
