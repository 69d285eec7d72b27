"""Words and tables of the page, as plain text."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from churn.errors import printable


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: int | None = None) -> Table:
    """A table whose columns from the `right`-th on hold numbers."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, head in enumerate(heads):
        number = right is not None and place >= right
        table.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in rows:
        table.add_row(*map(text, row))
    return table


def text(words: str) -> Text:
    """Words from the data as plain text: no markup, and no control characters."""
    return Text(printable(words))
