"""The list to follow up, read from its folder."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pandas as pd

from churn.artefacts import declared
from churn.configuration import RunConfig
from churn.errors import UserError
from churn.list_folder import list_in
from churn.scoring import open_key
from churn.segments import Pseudonyms, as_chosen


@dataclass(frozen=True)
class Earlier:
    """A finished `churn run` or `churn score`."""

    folder: Path
    run: Path  # the run whose models scored
    config: RunConfig  # the run's configuration, with the order of its list
    id: str  # the SHA-256 of its scores
    scored: pd.DataFrame  # user_id as text, the scores, segment, and group: the segment's contact or control, else ""
    features: pd.DataFrame  # features of the scored windows
    hashed: bool  # whether the ids are hashes
    names: Pseudonyms | None  # the maker of hashes, once `with_key` has the key

    def with_key(self, id_key: str | None) -> Self:
        """The list with the key of its hashes, if it holds any.

        Raises:
            UserError: if no key is named, or it does not exist.
        """
        return (
            replace(self, names=open_key(id_key, outside=self.folder, hashed_in=self.folder)) if self.hashed else self
        )

    @property
    def cutoff(self) -> pd.Timestamp:
        """The first day that was not known, of arrivals that of the latest."""
        return pd.Timestamp(self.scored.cutoff.max())

    @property
    def in_segment(self) -> pd.Series:
        """The users on the list, held back or not, as a mask."""
        return self.scored.segment == "priority"


def read_earlier(folder: Path) -> Earlier:
    """Read the folder of a finished `churn run` or `churn score`.

    Raises:
        UserError: if it is not such a folder, or its files are not as they were written.
    """
    run, segment = list_in(folder)
    scored = declared.SCORES.read(folder)
    if scored.empty:
        raise UserError(f"expected scored users in {folder / declared.SCORES.file}", "none", "check --run")
    groups = declared.PRIORITY.read(folder).set_index("user_id")["group"]
    scored = scored.assign(group=scored.user_id.map(groups).fillna(""), user_id=scored.user_id.astype(str))
    hashed, features = segment.get("id_key") is not None, declared.SCORED_FEATURES.read(folder)
    stored = RunConfig.stored(run)
    config = replace(stored, segments=as_chosen(stored.segments, run / "models"))
    return Earlier(
        folder, run, config, str(segment["sha256"].get(declared.SCORES.file)), scored, features, hashed, None
    )
