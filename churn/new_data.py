"""New tables, read as a finished run read its own, for `churn score`, `churn outcomes` and Python."""

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts import as_written, read_json
from churn.data import DataConfig, Dataset, Frame, Vocabulary, prepare, with_context
from churn.errors import UserError
from churn.keys import as_day

_TABLES = ("daily", "stickers", "members", "outcomes")
_OF_DAYS = ("daily_levels", "daily_activity")
New = DataConfig | Mapping[str, Frame]  # a `data:` block, or frames by the names of its tables: events, stickers, …


def block_of(data: New, *, run: Path, old: DataConfig) -> tuple[DataConfig, Mapping[str, Frame]]:
    """The `data:` block of new tables, and the frames that it names.

    Args:
        data: A block, which is taken as it is, or frames, for which the run's own block serves.
        run: The run's folder.
        old: Its `data:` block.

    Raises:
        UserError: for anything else, and for frames where the run's models see a feature of a module that has not been
            imported yet: the folder may be a stranger's, and importing a module runs it.
    """
    if isinstance(data, DataConfig):
        return data, {}
    names = list(data) if isinstance(data, Mapping) else [f"a {type(data).__name__}"]
    logs = [log.name for log in old.logs]
    needed = next(name for name in ("events", "daily", "members", "outcomes") if getattr(old, name) is not None)
    if needed not in names or set(names) - {*_TABLES, *logs}:
        expected = f"expected a DataConfig, or data frames under {needed} and, if known, other tables of the run"
        raise UserError(expected, ", ".join(map(str, names)) or "none", "correct the names")
    if foreign := [name for name in _own_features(old) if name.rpartition(".")[0] not in sys.modules]:
        raise UserError(
            f"expected you to have imported whatever the models of {run} see beside churn's own features",
            f"no module of {foreign[0]!r}",
            "import it first if you trust it, nothing was imported",
        )
    named: Any = {name: name if name in names else None for name in _TABLES}
    named |= {"events": [log.block | {"source": log.name} for log in old.logs if log.name in names] or None}
    read = dataclasses.replace(old, first_day=None, last_day=None, event_columns=None, **named)
    return read, data


def _own_features(config: DataConfig) -> list[str]:
    """The import paths among the features, which are of a user's own modules."""
    return [name for name in config.features if "." in name and name not in config.attributes]


def prepare_alike(
    run: Path, old: DataConfig, new: DataConfig, *, folder: Path, frames: Mapping[str, Frame] | None = None
) -> Dataset:
    """Read new tables as a run read its own: windows and features are the models', tables and days the caller's.

    Args:
        run: The run's folder.
        old: Its `data:` block.
        new: The block of the new tables.
        folder: The folder of the new panel.
        frames: Data frames by the names that stand in `new`.

    Raises:
        UserError: for a feature of a class outside `churn` that only the run names.
    """
    old = with_context(old, run / "models")
    if foreign := [name for name in _own_features(old) if name not in new.features]:
        raise UserError(
            f"expected data.features of your configuration to name what the models of {run} see beside churn's own",
            f"none of {foreign[0]!r}",
            "add it there if you trust it, nothing was imported",
        )
    if lacking := [log.name for log in old.logs if log.name not in [one.name for one in new.logs]]:
        remedy = "list it, or train again"
        raise UserError(f"expected {lacking[0]} in data.events, as in training", "no such source", remedy)
    for name in ("daily", "outcomes"):
        found = getattr(new, name)
        if (getattr(old, name) is None) != (found is None):
            wanted = f"data.{name}" if found is None else f"no data.{name}"
            raise UserError(f"expected {wanted}, as in training", found or "none", "set it as it was, or train again")
    same = ("windows", "outcome", "features", "zone", "activity_events", "allowed_events", "negative", *_OF_DAYS)
    seen = {name: block for name, block in old.attributes.items() if name in old.features}
    moved = {name: _places(old, new, name) for name in seen if "as" in seen[name]}  # pictures lie elsewhere
    taken = {name: getattr(old, name) for name in same} | {"attributes": seen | moved}
    taken["deduplicate"] = old.deduplicate or new.deduplicate  # new files may be loaded twice where the old were not
    with as_written(frozen := run / "models" / "vocabulary.json", KeyError, TypeError):
        vocabulary = Vocabulary.read(read_json(frozen))
    learnt = run / "models" / "encoders"
    return prepare(dataclasses.replace(new, **taken), folder, frames=frames, vocabulary=vocabulary, encoders=learnt)


def _places(old: DataConfig, new: DataConfig, name: str) -> dict[str, str | bool]:
    """The block of a text or picture of the run, with the places that the new one names."""
    named = new.attributes.get(name, {})
    return old.attributes[name] | {key: place for key, place in named.items() if key in ("from", "encoder")}


def prepare_up_to(
    cutoff: str,
    run: Path,
    old: DataConfig,
    new: DataConfig,
    *,
    folder: Path,
    frames: Mapping[str, Frame] | None = None,
) -> Dataset:
    """Read new tables up to the day before a cutoff, as a run read its own; see `prepare_alike` for the rest.

    Raises:
        UserError: for a cutoff that is not a date, data that end more than a day before it, and as `prepare_alike`.
    """
    first_unknown = pd.Timestamp(as_day("--cutoff", cutoff))
    last_day = str((first_unknown - pd.Timedelta(days=1)).date())
    dataset = prepare_alike(run, old, dataclasses.replace(new, last_day=last_day), folder=folder, frames=frames)
    newest = dataset.panel.date(dataset.panel.n_days)
    if newest != first_unknown:
        raise UserError(
            f"expected events up to {last_day}, the day before --cutoff",
            f"none after {(newest - pd.Timedelta(days=1)).date()}",
            f"load more, or lower --cutoff to {newest.date()}",
        )
    return dataset
