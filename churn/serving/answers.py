"""Answers that a helper finds: chances of posted rows, and what would move them, by a run's own models."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from churn import explanation
from churn.artefacts import declared
from churn.configuration import STORED
from churn.data import DataConfig, Dataset, Windows, at_fault
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.new_data import block_of, prepare_up_to
from churn.predicting import score_windows
from churn.runs import Run
from churn.scoring import moves_of, newest_windows, reasons_of
from churn.serving import forms
from churn.serving.bodies import Posted, Supposed, posted
from churn.serving.uploads import as_file

_MOST_COLUMNS = 200  # of a posted table


@dataclass(frozen=True)
class Scored:
    """The chances of posted rows."""

    rows: dict[str, dict[str, Any]]  # read, used, non_members and rejected, by table
    table: pd.DataFrame  # as `churn.predicting.score_windows` has it


def scores(folder: Path, body: bytes) -> Scored:
    """The chances of everybody at risk at a cutoff, by posted rows alone.

    Args:
        folder: The folder of a run.
        body: A `Posted` as JSON.

    Raises:
        UserError: for anything else, rows that cannot be used, and as `churn.scoring.score`.
    """
    asked = posted(Posted, body)
    with read(folder, asked.cutoff, asked.tables) as (_, dataset):
        table = score_windows(newest_windows(dataset), folder / "models", refitted=True)
        return Scored(dataset.reconciliation, table)


@dataclass(frozen=True)
class Foreseen:
    """The chance of something supposed."""

    chance: float  # of the run's first target
    reasons: pd.DataFrame  # as `churn.scoring.reasons_of` has them; empty where the run's own data are gone
    moves: pd.DataFrame  # as `churn.scoring.moves_of` has them


def what_if(folder: Path, body: bytes) -> Foreseen:
    """The chance of something before it begins, its reasons among what the run scored, and what would move it.

    Args:
        folder: The folder of a run of arrivals.
        body: A `Supposed` as JSON.

    Raises:
        UserError: as `scores`.
    """
    supposed, run = posted(Supposed, body), Run.open(folder)
    mapped = run.settings["data"].get("member_columns") or {}
    own = {name: mapped.get(name, name) for name in ("user_id", "joined")}
    told = {own["user_id"]: "this", own["joined"]: supposed.day.isoformat()}
    row = forms.read(forms.fields_of(run), supposed.known) | {name: one for name, one in told.items() if name}
    after = (supposed.day + timedelta(days=1)).isoformat()
    with read(folder, after, {"members": [row]}) as (_, dataset):
        windows, models = newest_windows(dataset), folder / "models"
        table = score_windows(windows, models, refitted=True)
        chance = float(table[f"p_{windows.targets[0]}"].iloc[0])
        return Foreseen(chance, _reasons(run, windows), moves_of(dataset, table, models)[1])


def _reasons(run: Run, asked: Windows) -> pd.DataFrame:
    """The reasons of windows beside what the run itself scored last; none where it has lost these data."""
    if not (run.folder / "dataset").is_dir():
        return declared.REASONS.empty()
    among = run.dataset.newest
    others = explanation.others(among)
    others = others[others["cutoff"] == others["cutoff"].max()].assign(cutoff=asked.dates[0])
    found = reasons_of(asked, run.folder / "models", among=among, others=others)
    return found.assign(user_id=asked.user_ids[found["window"]])


@contextmanager
def read(folder: Path, cutoff: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[tuple[Run, Dataset]]:
    """Posted rows as a run's models see them; all is removed after the block, and nothing is written elsewhere.

    Raises:
        UserError: for a run that is not as it was written, or of classes outside `churn`, and for rows that cannot be
            used, with their number.
    """
    run = Run.open(folder)
    run.check("models/", STORED)
    old = run.config.data
    with temporary_folder() as scratch:
        frames = {name: frame(rows, name=name) for name, rows in tables.items() if rows}
        new, _ = block_of(frames, run=folder, old=old)
        new, frames = _with_pictures(new, frames, scratch / "pictures")
        dataset = prepare_up_to(cutoff, folder, old, new, folder=scratch / "dataset", frames=frames)
        _check(dataset)
        yield run, dataset


def frame(rows: Sequence[Mapping[str, Any]], *, name: str) -> pd.DataFrame:
    """Rows as a table: a column is of numbers, or of yes and no, where every known value is one, else of text.

    Raises:
        UserError: for very many columns.

    Example:
        >>> frame([{"user_id": 1, "n": 2}, {"user_id": "b"}], name="events").dtypes.astype(str).to_dict()
        {'user_id': 'object', 'n': 'Int64'}
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if len(columns) > _MOST_COLUMNS:
        remedy = "send the columns that the run reads"
        raise UserError(f"expected at most {_MOST_COLUMNS} columns in {name}", f"{len(columns):,}", remedy)
    return pd.DataFrame({column: _column([row.get(column) for row in rows]) for column in columns})


def _column(values: list[Any]) -> "pd.Series[Any]":
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float, bool} and (len(kinds) == 1 or kinds == {int, float}):
        dtype = "float64" if float in kinds else "boolean" if bool in kinds else "Int64"
        return pd.Series(values, dtype=dtype)
    return pd.Series([None if value is None else str(value) for value in values], dtype=object)


def _with_pictures(
    new: DataConfig, frames: dict[str, pd.DataFrame], folder: Path
) -> tuple[DataConfig, dict[str, pd.DataFrame]]:
    """The block and the frames with pictures from a folder of the helper's own, whatever place the run names."""
    seen = {name: block for name, block in new.attributes.items() if name in new.features}
    named = [name for name, block in seen.items() if block.get("as") == "picture"]
    if not named or "members" not in frames:
        return new, frames
    folder.mkdir()
    members = frames["members"].copy()
    for name in named:
        sent = members[name] if name in members else [None] * len(members)
        files = [as_file(one, folder / f"{name}-{place}.png") for place, one in enumerate(sent)]
        members[name] = pd.Series(files, members.index, dtype=object)
    moved = {name: new.attributes[name] | {"from": str(folder)} for name in named}
    return dataclasses.replace(new, attributes=new.attributes | moved), {**frames, "members": members}


def _check(dataset: Dataset) -> None:
    """Raise a UserError if posted rows could not be used."""
    rejected = {name: at_fault(counts["rejected"]) for name, counts in dataset.reconciliation.items()}
    if any(rejected.values()):
        found = (f"{n:,} of {name}: {reason}" for name, why in rejected.items() for reason, n in why.items())
        raise UserError("expected rows that can be used", ", ".join(found), "correct or leave out these rows")
