"""Lessons of earlier cutoffs: the weight of likeness, for whom it is used, and the chances."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from churn.artefacts import as_written, atomic, check_whole, read_object, write_json
from churn.offers.chances import Chance
from churn.offers.known import Floats

OFFERED = 3  # activities per user
GROUPS = ("0", "1", "2+")  # how many activities a member is known by
_FILE = "learnt.json"


@dataclass(frozen=True)
class Learnt:
    """The lessons of a run about its offers, in plain numbers.

    Example:
        >>> Learnt(days=28, weight=1.5, used={"2+": True}).weights(np.array([0, 1, 2, 9])).tolist()
        [0.0, 0.0, 1.5, 1.5]
    """

    days: int  # in which visits make an activity popular
    weight: float = 0.0  # of likeness
    text: float = 0.0  # of the likeness of texts in it
    used: dict[str, bool] = field(default_factory=dict)  # whether likeness is used for a group of members
    chance: Chance | None = None  # None where no earlier cutoff could be judged

    def weights(self, number: NDArray[np.int64]) -> Floats:
        """The weight of likeness by the number of activities that each member is known by, (n,)."""
        return self.weight * np.array([self.used.get(name, False) for name in GROUPS], np.float64)[groups(number)]

    def save(self, folder: Path) -> None:
        """Write a new folder, for `load`."""
        with atomic(folder) as scratch:
            scratch.mkdir()
            write_json(asdict(self), scratch / _FILE)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what `save` wrote; None where the run has no offers.

        Raises:
            UserError: if its file is not as it was written.
        """
        if not folder.exists():
            return None
        check_whole(folder)
        told = read_object(folder / _FILE, "days", "weight", "text", "used", "chance")
        with as_written(folder / _FILE, KeyError, TypeError):
            chance = told["chance"]
            model = None if chance is None else Chance(float(chance["shift"]), tuple(map(float, chance["weight"])))
            used = {str(name): bool(value) for name, value in told["used"].items()}
            return cls(int(told["days"]), float(told["weight"]), float(told["text"]), used, model)


def groups(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each member's group among `GROUPS`, (n,)."""
    return np.minimum(number, len(GROUPS) - 1)
