"""Answers that are remembered, as many as fit: of a list, which never changes, none has to be found twice."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """Answers by question; the ones that nobody asked for longest are forgotten.

    Example:
        >>> squares = Remembered[int](2)
        >>> squares.of(3, lambda: 9), squares.of(3, lambda: 0)
        (9, 9)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Hashable, Answer] = {}
        self._lock = threading.Lock()

    def of(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        """The answer, found now if it is not remembered."""
        with self._lock:
            if question in self._known:
                self._known[question] = found = self._known.pop(question)
                return found
        found = find()
        with self._lock:
            self._known[question] = found
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return found
