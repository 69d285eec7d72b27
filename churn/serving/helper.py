"""A helper: a process of its own that answers one question at a time, in bounded memory and time."""

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from churn.errors import UserError
from churn.serving.refusals import RefusedError

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
_MEMORY, _SECONDS = 4 << 30, 120  # bytes of a helper, and the time of an answer
_IDLE_SECONDS = 600  # after which it ends, so that its models take no memory
_WAIT_SECONDS = 1  # for the end of the question before
_KIND = multiprocessing.get_context("spawn")  # a fork would copy the locks that other threads hold


class Helper:
    """A process that loads models and scores, so that nobody's rows take the memory of the pages.

    Args:
        memory: Bytes that it may take.
        seconds: The time that it has for an answer.

    Example:
        >>> helper = Helper()
        >>> helper.ask(pow, 2, 10)
        1024
        >>> helper.close()
    """

    def __init__(self, *, memory: int = _MEMORY, seconds: float = _SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._turn = threading.Lock()
        self._process: Any = None
        self._line: Connection | None = None

    def ask(self, question: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs) -> Answer:
        """The answer of a function at the top of a module.

        Raises:
            RefusedError: while another is answered, and where the answer takes too much time or memory.
            UserError: as the function.
        """
        if not self._turn.acquire(timeout=_WAIT_SECONDS):
            raise RefusedError(503, UserError("expected to score one request at a time", "another", "try again soon"))
        try:
            return self._answered(question, given, named)
        except (EOFError, OSError) as error:  # it ended, or was ended by the kernel
            self.close()
            raise _too_much("more memory than it has") from error
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._line is not None:
            self._line.close()
        self._process = self._line = None

    def _answered(self, question: Callable[..., Answer], given: Any, named: Any) -> Answer:
        line = self._ready()
        line.send((question, given, named))
        if not line.poll(self._seconds):
            self.close()
            raise _too_much(f"more than {self._seconds:.0f} s")
        worked, answer = line.recv()
        if not worked:
            raise _told(*answer)
        found: Answer = answer
        return found

    def _ready(self) -> Connection:
        if self._process is None or not self._process.is_alive() or self._line is None:
            self.close()
            self._line, theirs = _KIND.Pipe()
            self._process = _KIND.Process(target=_help, args=(theirs, self._memory), daemon=True)
            self._process.start()
            theirs.close()  # so that a line to a process that ended is at its end
        return self._line


def _too_much(found: str) -> RefusedError:
    return RefusedError(422, UserError("expected what can be scored at once", found, "send fewer rows"))


def _told(kind: str, *parts: str) -> Exception:
    """The error of a helper."""
    if kind == "memory":
        return _too_much("more memory than it has")
    return UserError(*parts) if kind == "user" else RuntimeError(*parts)


def _help(line: Connection, memory: int) -> None:
    """Answer until nobody has asked for long, or the asker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # read when they are loaded
    with suppress(EOFError, OSError):
        while line.poll(_IDLE_SECONDS):
            line.send(_answer(*line.recv()))


def _answer(question: Callable[..., object], given: Any, named: Any) -> tuple[bool, object]:
    try:
        return True, question(*given, **named)
    except UserError as error:
        return False, ("user", error.expected, str(error.found), error.remedy)
    except MemoryError:
        return False, ("memory",)
    except Exception as error:  # a fault of the program, which the server tells as any other
        out_of_memory = type(error).__name__ == "OutOfMemoryException" or "bad_alloc" in str(error)
        return False, ("memory",) if out_of_memory else ("fault", f"{type(error).__name__}: {error}")
