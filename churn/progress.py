"""Progress for whoever waits at a terminal; where there is none, only what has to be noted."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_WORTH_A_LINE = 2.0  # seconds
_open: list[tuple[str, "Status"]] = []  # what is under way, innermost last


@contextmanager
def progress(name: str) -> Iterator[None]:
    """Show a moving sign beside a name until the block ends, and its seconds if it took long.

    Example:
        >>> with progress("count"):
        ...     pass
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    console, start = Console(stderr=True), time.monotonic()
    with console.status(f"{name} …") as status:
        _open.append((name, status))
        try:
            yield
        finally:
            _open.pop()
    if (seconds := time.monotonic() - start) >= _WORTH_A_LINE:
        console.print(f"[green]✓[/] {name} [dim]{seconds:,.1f} s[/]")


def page(width: int | None = None) -> "Console":
    """Where a page of text is printed; rich's own would end the program in silence where nobody reads it any more."""
    from rich.console import Console

    class Page(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Page(file=sys.stdout, width=width, highlight=False, emoji=False, markup=False)


def step(text: str) -> None:
    """Say what the innermost block is doing now."""
    if _open:
        name, status = _open[-1]
        status.update(f"{name}: {text} …")


def note(text: str) -> None:
    """Say something in a line of its own, whether or not somebody is at a terminal."""
    print(text, file=sys.stderr, flush=True)
