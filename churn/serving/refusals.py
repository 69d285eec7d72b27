"""Refusals: answers other than the one asked for."""

from collections.abc import Mapping
from typing import TypeVar

from churn.errors import UserError

Named = TypeVar("Named")


class NotLetInError(Exception):
    """Nobody that the server knows."""


class RefusedError(Exception):
    """An answer other than the one asked for, which a reader is told of: a status and expected, found, remedy."""

    def __init__(self, status: int, error: UserError) -> None:
        self.status, self.error = status, error
        super().__init__(str(error))


def picked(known: Mapping[str, Named], name: str, *, expected: str, remedy: str) -> tuple[str, Named]:
    """One by its name, or the first where no name is given, with its name.

    Raises:
        RefusedError: if there is none.
    """
    for own, one in known.items():
        if own == name or not name:
            return own, one
    raise RefusedError(404, UserError(expected, repr(name[:100]), remedy))
