"""Refusals: answers other than the one asked for."""

from churn.errors import UserError


class NotLetInError(Exception):
    """Nobody that the server knows."""


class RefusedError(Exception):
    """An answer other than the one asked for, which a reader is told of: a status and expected, found, remedy."""

    def __init__(self, status: int, error: UserError) -> None:
        self.status, self.error = status, error
        super().__init__(str(error))
