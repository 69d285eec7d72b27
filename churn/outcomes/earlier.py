"""The list to follow up, as its folder holds it."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from churn.artefacts import read_json, read_table
from churn.configuration import RunConfig
from churn.errors import UserError
from churn.journal import Journal
from churn.scoring import SCORING
from churn.segments import CONTACT, Pseudonyms


@dataclass(frozen=True)
class Earlier:
    """A finished `churn run` or `churn score`."""

    folder: Path
    run: Path  # whose models scored
    config: RunConfig  # that run's
    scored: pd.DataFrame  # user_id as text, the scores, segment, and group: the segment's contact or control, else ""
    features: pd.DataFrame | None  # of the scored windows; None for a folder that an older version wrote
    names: Pseudonyms | None  # where the ids are hashes
    notes: tuple[str, ...]  # what a reader must know of the folder

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
        UserError: if it is none, or the key of its ids is gone.
    """
    run = folder / read_json(folder / SCORING)["run"] if (folder / SCORING).exists() else folder
    if "score_users" not in Journal.resume(run).done or not (folder / "scores.parquet").exists():
        raise UserError(f"expected a finished run or scoring in {folder}", "no scores", "finish it: churn run")
    config = RunConfig.load(run / "config.yaml")
    id_key = config.segments.id_key
    scored = read_table(folder / "scores.parquet")
    if scored.empty:
        raise UserError(f"expected scored users in {folder / 'scores.parquet'}", "none", "check --run")
    scored = scored.assign(user_id=scored.user_id.astype(str))
    groups, notes = _groups(folder, scored)
    features = read_table(kept) if (kept := folder / "scored_features.parquet").exists() else None
    names = Pseudonyms.open(Path(id_key), outside=folder) if id_key else None
    return Earlier(folder, run, config, scored.assign(group=groups), features, names, notes)


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
