"""Places: what takes a parcel of the rows that leave, and tells whether one has arrived."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pandas as pd

from churn.errors import UserError


class UndeliveredError(UserError):
    """A delivery that certainly has not arrived."""


@dataclass(frozen=True)
class Parcel:
    """A delivery on its way."""

    id: str
    name: str  # of its files
    run: str
    cutoff: str
    at: datetime
    owner: str
    rows: pd.DataFrame  # the key first


Put = Callable[[Parcel], list[str]]  # returns the names of the files that it made


class Place(Protocol):
    """A destination that can be reached."""

    def ready(self) -> AbstractContextManager[Put]:
        """Reach the destination, and yield what delivers a parcel all or not at all."""

    def arrived(self, parcel_id: str, name: str) -> bool | None:
        """Whether a parcel has arrived, after removing what is left of one that has not; None where nobody can know."""
