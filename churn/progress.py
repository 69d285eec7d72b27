"""Progress of a command: a moving sign at a terminal or lines in a log, as many as asked for."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

Loudness = Literal["quiet", "usual", "verbose"]
OPTIONS = (
    "--quiet shows no progress, --verbose a line for every step; by default there is a moving sign at a terminal, and "
    "elsewhere a line on standard error for every stage, with its seconds."
)
_WORTH_A_LINE = 2.0  # seconds of a block from which on a terminal shows them
_SILENCE = 30.0  # seconds after which a log shows a step, too

_loudness: ContextVar[Loudness | None] = ContextVar("loudness", default=None)  # None outside of a command
_open: list[Callable[[str], None]] = []  # callbacks for steps, innermost last


@contextmanager
def telling(loudness: Loudness) -> Iterator[None]:
    """Show progress at a loudness within the block."""
    token = _loudness.set(loudness)
    try:
        yield
    finally:
        _loudness.reset(token)


def is_quiet() -> bool:
    """Whether no progress is to be shown."""
    return _loudness.get() == "quiet"


@contextmanager
def progress(name: str) -> Iterator[None]:
    """Show that a block is under way, and its seconds once it has succeeded.

    Example:
        >>> with progress("count"):
        ...     pass
    """
    loudness = _loudness.get()
    if loudness == "quiet" or not (loudness or sys.stderr.isatty()):
        yield
        return
    shown = _sign(name) if sys.stderr.isatty() and loudness != "verbose" else _lines(name, loudness == "verbose")
    with shown as hear:
        _open.append(hear)
        try:
            yield
        finally:
            _open.pop()


@contextmanager
def _sign(name: str) -> Iterator[Callable[[str], None]]:
    """A moving sign beside a name, then its seconds if it took long."""
    from rich.console import Console

    console, start = Console(stderr=True), time.monotonic()
    with console.status(f"{name} …") as status:
        yield lambda text: status.update(f"{name}: {text} …")
    if (seconds := time.monotonic() - start) >= _WORTH_A_LINE:
        console.print(f"[green]✓[/] {name} [dim]{seconds:,.1f} s[/]")


@contextmanager
def _lines(name: str, every_step: bool) -> Iterator[Callable[[str], None]]:
    """A line at the end with the seconds; before it, one for each step if all are wanted, or after a long silence."""
    start = last = time.monotonic()

    def hear(text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if every_step or now - last >= _SILENCE:
            last = now
            note(f"{name}: {text} …")

    yield hear
    note(f"{name}: {time.monotonic() - start:,.1f} s")


def page(width: int | None = None) -> "Console":
    """A console for a page of text; rich's own would end the program silently if nobody reads it any more."""
    from rich.console import Console

    class Page(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Page(file=sys.stdout, width=width, highlight=False, emoji=False, markup=False)


def step(text: str) -> None:
    """Show the step of the innermost block that begins now."""
    if _open:
        _open[-1](text)


def note(text: str) -> None:
    """Print a line to standard error, at a terminal or not."""
    print(text, file=sys.stderr, flush=True)
