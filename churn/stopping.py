"""Stopping: a signal that ends a command lets it clean up first, and shows in its exit code."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_UNTOUCHED = {  # signals that cannot be caught, report a fault, only pause a process, or do not end it
    *("SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT", "SIGCHLD", "SIGURG", "SIGWINCH"),
    *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS"),
    *("SIGPIPE", "SIGXFSZ"),  # Python raises an OSError in place of these signals
}
_CLEANING_SECONDS = 5


class StoppedError(BaseException):
    """Raised where a signal interrupts the program; not an Exception, so that no `except Exception` catches it."""


@dataclass
class Stop:
    """The signal that has asked a command to end, if one has."""

    number: int | None = None
    since: float = 0.0  # seconds of a clock

    @property
    def name(self) -> str:
        """The signal's name, as in SIGTERM."""
        found = signal.Signals(self.number) if self.number in set(signal.Signals) else None
        return f"signal {self.number}" if found is None else found.name

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Stop the program; for some seconds, while it cleans up, further signals are ignored."""
        now = time.monotonic()
        if self.number is None or now - self.since > _CLEANING_SECONDS:  # the first may have been swallowed
            self.number, self.since = self.number or number, now
            raise StoppedError


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Turn every signal that would end the process into a `StoppedError` for a block.

    Signals that are ignored, as by `nohup`, stay so; outside the main thread nothing changes.

    Example:
        >>> with stoppable() as stop:
        ...     try:
        ...         signal.raise_signal(signal.SIGTERM)
        ...     except StoppedError:
        ...         print(f"cleaned up after {stop.name}")
        cleaned up after SIGTERM
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    usual = (signal.SIG_DFL, signal.default_int_handler)
    caught = {s for s in signal.valid_signals() if _name(s) not in _UNTOUCHED and signal.getsignal(s) in usual}
    before = {number: signal.signal(number, stop) for number in caught}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def nobody_reads() -> bool:
    """Whether the reader of standard output or error, as in `churn check | head -1`, has ended."""
    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def fall_silent() -> None:
    """Discard unprinted output, so that Python does not complain about it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def print_out() -> None:
    """Flush printed output, if there is any.

    Raises:
        OSError: if the disk is full, or nobody reads it.
    """
    try:
        if sys.stdout is not None:  # where standard output is closed
            sys.stdout.flush()
    except OSError as error:
        error.filename = str(standard_output() or "standard output")
        raise


def standard_output() -> Path | None:
    """The file to which standard output goes, if it goes to one that may be looked at."""
    path = Path("/dev/stdout").resolve()
    return path if os.path.isfile(path) else None  # noqa: PTH113 - Path.is_file raises PermissionError instead


def _name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else ""
