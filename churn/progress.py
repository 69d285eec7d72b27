"""Progress of a command: a moving sign at a terminal or lines in a log, as many as asked for."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from churn.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

Loudness = Literal["quiet", "usual", "verbose", "json"]
OPTIONS = (
    "--quiet shows no progress, --verbose a line for every step, --log json an object of JSON for every stage and for "
    "the end, a line each; by default there is a moving sign at a terminal, and elsewhere a line on standard error for "
    "every stage, with its seconds."
)
_WORTH_A_LINE = 2.0  # seconds of a block from which on a terminal shows them
_SILENCE = 30.0  # seconds after which a log shows a step, too

_loudness: ContextVar[Loudness | None] = ContextVar("loudness", default=None)  # None outside of a command


@dataclass
class Block:
    """A block of work under way: its seconds, and the numbers and warnings that are told within it."""

    name: str
    start: float = field(default_factory=time.monotonic)
    rows: dict[str, int] = field(default_factory=dict)  # numbers of rows, users or windows, by name
    warnings: list[str] = field(default_factory=list)
    hear: Callable[[str], None] = field(default=lambda text: None)  # of its steps

    @property
    def seconds(self) -> float:
        """The seconds since it began."""
        return time.monotonic() - self.start

    @cached_property
    def facts(self) -> dict[str, object]:
        """The seconds, the process's peak memory (MiB) and the numbers of rows, for good when first asked for."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak_mb = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)  # bytes on macOS, KiB elsewhere
        return {"seconds": round(self.seconds, 3), "peak_memory_mb": round(peak_mb, 1), "rows": self.rows}


_open: list[Block] = []  # innermost last


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
    return _loudness.get() in ("quiet", "json")


def is_json() -> bool:
    """Whether progress is told in JSON."""
    return _loudness.get() == "json"


@contextmanager
def progress(name: str) -> Iterator[Block]:
    """Show that a block is under way, and its seconds once it has succeeded.

    Example:
        >>> with progress("count") as block:
        ...     tell(users=3)
        >>> block.rows
        {'users': 3}
    """
    block = Block(name)
    with _shown(block):
        _open.append(block)
        try:
            yield block
        finally:
            _open.pop()


@contextmanager
def _shown(block: Block) -> Iterator[None]:
    loudness = _loudness.get()
    if loudness == "json":
        yield
        record(stage=block.name.replace(" ", "_"), **block.facts, warnings=block.warnings)
    elif loudness == "quiet" or not (loudness or sys.stderr.isatty()):
        yield
    else:
        with _sign(block) if sys.stderr.isatty() and loudness != "verbose" else _lines(block, loudness == "verbose"):
            yield


@contextmanager
def _sign(block: Block) -> Iterator[None]:
    """A moving sign beside a name, then its seconds if it took long."""
    from rich.console import Console

    console, name = Console(stderr=True), block.name
    with console.status(f"{name} …") as status:
        block.hear = lambda text: status.update(f"{name}: {text} …")
        yield
    if block.seconds >= _WORTH_A_LINE:
        console.print(f"[green]✓[/] {name} [dim]{block.seconds:,.1f} s[/]")


@contextmanager
def _lines(block: Block, every_step: bool) -> Iterator[None]:
    """A line at the end with the seconds; before it, one for each step if all are wanted, or after a long silence."""
    last = block.start

    def hear(text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if every_step or now - last >= _SILENCE:
            last = now
            note(f"{block.name}: {text} …")

    block.hear = hear
    yield
    note(f"{block.name}: {block.seconds:,.1f} s")


def tell(warnings: Iterable[object] = (), **rows: int) -> None:
    """Tell the innermost block's numbers of rows, users or windows, and warnings."""
    if _open:
        _open[-1].rows |= rows
        _open[-1].warnings += map(str, warnings)


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
        _open[-1].hear(text)


def note(text: str) -> None:
    """Print a line to standard error, at a terminal or not."""
    if is_json():
        record(message=text)
    else:
        print(printable(text), file=sys.stderr, flush=True)


def record(**facts: object) -> None:
    """Print a JSON object with the moment to standard error, as a line."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"time": moment, **facts}, ensure_ascii=True), file=sys.stderr, flush=True)
