"""The list to follow up, as its folder holds it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pandas as pd

from churn.artefacts import check_hashes, read_object, read_table
from churn.configuration import RunConfig
from churn.errors import UserError
from churn.folder import completed
from churn.journal import Journal
from churn.scoring import SCORING, open_key
from churn.segments import CONTACT, Pseudonyms


@dataclass(frozen=True)
class Earlier:
    """A finished `churn run` or `churn score`."""

    folder: Path
    run: Path  # whose models scored
    config: RunConfig  # that run's
    scored: pd.DataFrame  # user_id as text, the scores, segment, and group: the segment's contact or control, else ""
    features: pd.DataFrame | None  # of the scored windows; None for a folder that an older version wrote
    hashed: bool  # whether the ids are hashes
    names: Pseudonyms | None  # who makes them, once `with_key` was told the key
    notes: tuple[str, ...]  # what a reader must know of the folder

    def with_key(self, id_key: str | None) -> Self:
        """The list with the key of its hashes, if it holds any.

        Raises:
            UserError: if no key is named, or it is not there.
        """
        return (
            replace(self, names=open_key(id_key, outside=self.folder, hashed_in=self.folder)) if self.hashed else self
        )

    @property
    def cutoff(self) -> pd.Timestamp:
        """The first day that was not known."""
        return pd.Timestamp(self.scored.cutoff.iloc[0])

    @property
    def in_segment(self) -> pd.Series:
        """Who is on the list, held back or not."""
        return self.scored.segment == "priority"


def read_earlier(folder: Path) -> Earlier:
    """Read the folder of a finished `churn run` or `churn score`.

    Raises:
        UserError: if it is none, or its files are not as they were written.
    """
    completed(folder, "scores")
    scoring = read_object(folder / SCORING, "run", "segment") if (folder / SCORING).exists() else None
    run = folder / str(scoring["run"]) if scoring else folder
    journal = Journal.resume(run)
    if "score_users" not in journal.done or not (folder / "scores.parquet").exists():
        raise UserError(f"expected a finished run or scoring in {folder}", "no scores", "finish it: churn run")
    segment = (scoring or journal.content)["segment"]
    check_hashes(folder, segment.get("sha256", {}))  # older folders do not say
    scored = read_table(folder / "scores.parquet")
    if scored.empty:
        raise UserError(f"expected scored users in {folder / 'scores.parquet'}", "none", "check --run")
    scored = scored.assign(user_id=scored.user_id.astype(str))
    groups, notes = _groups(folder, scored)
    features = read_table(kept) if (kept := folder / "scored_features.parquet").exists() else None
    hashed, scored = segment.get("id_key") is not None, scored.assign(group=groups)
    return Earlier(folder, run, RunConfig.stored(run), scored, features, hashed, None, notes)


def _groups(folder: Path, scored: pd.DataFrame) -> tuple[pd.Series, tuple[str, ...]]:
    """Who was to be contacted and who was held back."""
    listed = scored.segment == "priority"
    if not (folder / "control.csv").exists():
        note = "The folder has no control.csv: everyone on the list is taken as contacted, and nobody as held back."
        return listed.map({True: CONTACT, False: ""}), (note,)
    table = read_table(folder / "control.csv")
    groups = scored.user_id.map(dict(zip(table.user_id, table.group, strict=True))).where(listed)
    if groups[listed].isna().any():
        found = f"{int(groups[listed].isna().sum())} of {int(listed.sum())} missing"
        raise UserError(f"expected everyone on the list in {folder / 'control.csv'}", found, "bring the file back")
    return groups.fillna(""), ()
