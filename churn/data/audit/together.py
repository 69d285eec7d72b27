"""Columns of a member list together: how well they foretell the outcome, and on which few that rests."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.audit.findings import Finding
from churn.data.audit.readings import Reading, readings
from churn.data.windows.windows import Windows
from churn.language import joined, marked, say, termed

if TYPE_CHECKING:
    import lightgbm

FOLDS, TREES = 3, 60
MOST = 20_000  # members looked at
NAMED, TRIED = 2, 5  # columns that are named, and tried for each name
TOO_GOOD = 0.95  # ROC-AUC from which on columns are doubted; the best honest table tried reached .93
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "verbosity": -1,
    "deterministic": True,
    "num_threads": 1,
}


@dataclass(frozen=True)
class Together:
    """ROC-AUCs of the columns that may be known on arrival, cross-fitted on training members."""

    every: float  # of all columns, whether or not models see them
    seen: float  # of the columns that models see
    without: tuple[tuple[str, float], ...]  # columns that models see, taken out one after the other, with what is left


def together(
    train: Windows, members: pd.DataFrame, *, seen: Collection[str], exempt: Collection[str], seed: int = 0
) -> Together | None:
    """Measure a list's columns together; None where too few members of a class are known.

    One column at a time may look honest where several together give the outcome away: each of nine columns that sales
    staff fill in later ranks leads at .79 at most, and all nine at .95.

    Args:
        train: The training windows of arrivals.
        members: user_id and attributes in the panel's order.
        seen: The attributes that models see.
        exempt: Columns that are known afterwards, or hold the answer.
        seed: Of the draw where there are many members.
    """
    few = train.sample(MOST, seed=seed)
    label = few.answers == 1
    if min(label.sum(), (~label).sum()) < 10 * FOLDS:
        return None
    table = members.drop(columns=["user_id", "joined", *exempt], errors="ignore")
    columns = [one for one in readings(table) if not _is_name(one)]
    found, own = (
        _Matrix.of(columns, few),
        [name for name in dict.fromkeys(c.attribute for c in columns) if name in seen],
    )
    left, without = own, []
    for _ in range(min(NAMED, len(own) - 1)):
        tried = {name: found.auc(label, [one for one in left if one != name]) for name in found.strongest(label, left)}
        name = min(tried, key=lambda one: tried[one])
        left = [one for one in left if one != name]
        without.append((name, tried[name]))
    return Together(found.auc(label, found.attributes), found.auc(label, own), tuple(without))


def measured_together(found: Together, target: str) -> str:
    """A sentence on the ROC-AUC of all columns, of the ones that models see, and of these without the costliest."""
    told = say(
        "together, the columns that models see foretell {outcome} with a ROC-AUC of {seen:.3f}, and all columns that "
        "may be known on arrival with {every:.3f}",
        outcome=termed(target),
        seen=found.seen,
        every=found.every,
    )
    first, further = marked("without {column} it is {auc:.3f}"), marked("without {column}, too, {auc:.3f}")
    left = (say(further if place else first, column=name, auc=auc) for place, (name, auc) in enumerate(found.without))
    return joined((told, *left), "; ")


def leaks_together(found: Together | None, target: str) -> Iterator[Finding]:
    """A finding about columns that foretell the outcome better than anything known on arrival should."""
    if found is not None and found.seen >= TOO_GOOD:
        yield Finding(
            say("Possible leak: {measured}.", measured=measured_together(found, target)),
            say(
                "If some are filled in after the arrival, say so: data.attributes, known: after. A new member has them "
                "empty, and the models would know nothing."
            ),
        )


def _is_name(reading: Reading) -> bool:
    """Whether a category tells nearly every member apart."""
    return reading.kind == "category" and len(np.unique(reading.per_user)) > len(reading.per_user) / 2


@dataclass(frozen=True)
class _Matrix:
    """The readings of some members as columns."""

    names: tuple[str, ...]  # (c,) the attribute of each column
    levels: NDArray[np.bool_]  # (c,) whether its numbers are codes
    values: NDArray[np.float64]  # (n, c)
    fold: NDArray[np.int64]  # (n,)

    @classmethod
    def of(cls, columns: Sequence[Reading], windows: Windows) -> "_Matrix":
        """The columns at the windows' arrival; a number that may be codes is taken as the number."""
        numbers = {one.attribute for one in columns if one.kind == "number"}
        kept = [one for one in columns if one.kind != "category" or one.attribute not in numbers]
        arrival = windows.panel.first_day + windows.cutoff
        values = [one.per_user[windows.user] - (arrival if one.kind == "date" else 0) for one in kept]
        table = np.column_stack(values) if kept else np.empty((len(windows), 0))
        levels = np.array([one.kind == "category" for one in kept], np.bool_)
        return cls(tuple(one.attribute for one in kept), levels, table, windows.user.astype(np.int64) % FOLDS)

    @property
    def attributes(self) -> list[str]:
        """The attributes, each once."""
        return list(dict.fromkeys(self.names))

    def auc(self, label: NDArray[np.bool_], attributes: Collection[str]) -> float:
        """The cross-fitted ROC-AUC of some attributes; .5 for none."""
        from sklearn.metrics import roc_auc_score

        here = self._places(attributes)
        if not len(here):
            return 0.5
        p = np.empty(len(label))
        for fold in range(FOLDS):
            out = self.fold == fold
            p[out] = self._trees(label, here, ~out).predict(self.values[out][:, here])
        return float(roc_auc_score(label, p))

    def strongest(self, label: NDArray[np.bool_], attributes: Collection[str]) -> list[str]:
        """The attributes whose splits gain most, the first few."""
        here = self._places(attributes)
        gain = self._trees(label, here, np.ones(len(label), np.bool_)).feature_importance("gain")
        names = pd.Series(gain).groupby([self.names[place] for place in here]).sum()
        return [str(name) for name in names.sort_values(ascending=False, kind="stable").index[:TRIED]]

    def _places(self, attributes: Collection[str]) -> NDArray[np.intp]:
        return np.flatnonzero([name in attributes for name in self.names])

    def _trees(self, label: NDArray[np.bool_], here: NDArray[np.intp], rows: NDArray[np.bool_]) -> "lightgbm.Booster":
        import lightgbm

        levels = np.flatnonzero(self.levels[here]).tolist()
        data = lightgbm.Dataset(self.values[rows][:, here], label[rows], categorical_feature=levels)
        return lightgbm.train(_PARAMETERS, data, TREES)
