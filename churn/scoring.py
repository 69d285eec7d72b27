"""Scores of the newest cutoff, for a run and for new data alike."""

import dataclasses
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from churn import explanation, segments
from churn.artefacts import prepare_folder, read_json, write_json, write_table
from churn.configuration import RunConfig
from churn.data import DataConfig, Dataset, Frame, Vocabulary, Windows, examine_new, prepare
from churn.errors import UserError
from churn.evaluation import Calibrator
from churn.journal import Journal
from churn.keys import as_day
from churn.language import speaking
from churn.models import load
from churn.progress import step
from churn.segments import Plan, SegmentConfig

SCORING = "scoring.json"  # of a folder that `score` wrote: the run, the cutoff, the segment


@dataclass(frozen=True)
class Listing:
    """The scored users, what contacting them is worth, and who of the list is held back."""

    scored: pd.DataFrame
    plan: Plan | None  # with a budget
    held_back: int  # users of the list in the control group

    def facts(self, config: SegmentConfig) -> dict[str, object]:
        """What the manifest says of the segment: the configuration, then what came of it."""
        listed = self.scored[config.rank_by][self.scored.segment == "priority"]
        sizes = {"held_back": self.held_back, "contacted": len(listed) - self.held_back}
        return dataclasses.asdict(config) | {
            "threshold": float(listed.min()) if listed.notna().any() else None,  # by the rule `profit` nobody may be
            "scored": len(self.scored),
            "listed": len(listed),
            "cutoff": str(self.scored.cutoff.iloc[0].date()),
            "control": dataclasses.asdict(config.control) | sizes,
        }


def score(run: Path, data: DataConfig, *, cutoff: str, out: Path, frames: Mapping[str, Frame] | None = None) -> Path:
    """Score new data with a finished run's models: scores.parquet, scored_features.parquet, agreement.csv, budget.csv,
    priority.csv and .xlsx, control.csv, and scoring.json, which says how.

    Days from the cutoff on are not read. Windows and features are made as in the run. A history of days is enough for
    the probabilities; what a sticker is expected to be worth is known by as much of the past as is loaded.

    Raises:
        UserError: if there is no finished run, `out` is its folder, or the data end more than a day before the cutoff.
    """
    _check_finished(run, out)
    finished = RunConfig.load(run / "config.yaml")
    first_unknown = pd.Timestamp(as_day("--cutoff", cutoff))
    last_day = str((first_unknown - pd.Timedelta(days=1)).date())
    prepare_folder(out)
    shutil.rmtree(out / "dataset", ignore_errors=True)  # of an earlier scoring, whose days may differ
    data = dataclasses.replace(data, last_day=last_day)
    dataset = prepare_alike(run, finished.data, data, folder=out / "dataset", frames=frames)
    newest = dataset.panel.date(dataset.panel.n_days)
    if newest != first_unknown:
        raise UserError(
            f"expected events up to {last_day}, the day before --cutoff",
            f"none after {(newest - pd.Timedelta(days=1)).date()}",
            f"load more, or lower --cutoff to {newest.date()}",
        )
    with speaking(finished.language):
        listing = write_scores(dataset, run / "models", config=finished.segments, out=out)
    place = os.path.relpath(run.resolve(), out.resolve())
    found = [str(finding) for finding in examine_new(dataset)]
    told = {"run": place, "segment": listing.facts(finished.segments), "warnings": found}
    write_json(told, out / SCORING)
    return out


def prepare_alike(
    run: Path, old: DataConfig, new: DataConfig, *, folder: Path, frames: Mapping[str, Frame] | None = None
) -> Dataset:
    """Read new tables as a run read its own: what a window is and what it holds are the models', where the tables lie
    and which days are read is the caller's.

    Args:
        run: The run's folder.
        old: Its `data:` block.
        new: That of the new tables.
        folder: Where to keep the panel.
        frames: Data frames by the names that stand in `new`.
    """
    same = ("windows", "features", "zone", "activity_events", "allowed_events", "deduplicate")
    seen = {name: block for name, block in old.attributes.items() if name in old.features}
    taken = {name: getattr(old, name) for name in same} | {"attributes": seen}
    vocabulary = Vocabulary.read(read_json(run / "models" / "vocabulary.json"))
    return prepare(dataclasses.replace(new, **taken), folder, frames=frames, vocabulary=vocabulary)


def newest_windows(dataset: Dataset) -> Windows:
    """The windows to score: those at the day after the last.

    Raises:
        UserError: if nobody is at risk there.
    """
    windows = dataset.windows.take(dataset.windows.cutoff == dataset.panel.n_days)
    if not len(windows):
        raise UserError("expected users at risk at the newest cutoff", "none", "check the last days of the log")
    return windows


def write_scores(dataset: Dataset, models: Path, *, config: SegmentConfig, out: Path, seed: int = 0) -> Listing:
    """Score every user at risk at the newest cutoff, write the list and, with a budget, what contacting it is worth.

    The features behind the scores are kept, without ids, so that a later drift can be told. budget.csv has no rows
    where `config.budget` is not known.

    Raises:
        UserError: if nobody is at risk, or the key of the ids is gone.
    """
    windows = newest_windows(dataset)
    scored = segments.prioritise(score_windows(windows, models, refitted=True), config)
    inside = (scored.segment == "priority").to_numpy()
    if (number := config.number) is not None and number > len(scored):
        step(f"{len(scored)} users to score, fewer than segments.number, {number}: all of them can be contacted")
    planned = segments.plan(scored, config, seed=seed) if config.budget.known else None
    why = reasons_of(windows.take(inside), models).set_axis(scored.index[inside])
    listed = segments.contact_list(scored, why, rank_by=config.rank_by)
    held = segments.hold_back(listed.user_id.tolist(), config.control, occasion=str(scored.cutoff.iloc[0].date()))
    if config.control.share and not held.any():
        step(f"{len(listed)} users on the list, too few to hold anybody back")
    scored, listed = (segments.hidden(table, config.id_key, outside=out) for table in (scored, listed))
    if config.id_key:  # the order of the ids would tell of them, too
        scored = scored.sort_values("user_id", ignore_index=True)
    write_table(scored, out / "scores.parquet")
    write_table(pd.DataFrame(windows.summary(), columns=list(windows.features)), out / "scored_features.parquet")
    write_table(segments.agreement(scored), out / "agreement.csv")
    about = segments.about(scored, config, held_back=int(held.sum()))
    segments.export(listed, out, held_back=held, about=about)
    write_table(planned.curve if planned else pd.DataFrame(columns=["k", "profit", "low", "high"]), out / "budget.csv")
    return Listing(scored, planned, int(held.sum()))


def reasons_of(listed: Windows, models: Path) -> pd.DataFrame:
    """What most raises each window's chance of churn, in words: reason_1, reason_2, reason_3; same rows."""
    folder = models / "churn"
    values = explanation.contributions(folder / "surrogate", listed)
    return explanation.reasons(listed, values, usual=np.asarray(read_json(folder / "usual.json")))


def score_windows(windows: Windows, models: Path, *, refitted: bool = False) -> pd.DataFrame:
    """Calibrated probabilities of the chosen models: user_id, cutoff, p_churn, p_sticker, and what a sticker is
    expected to be worth by what was known at the cutoff, expected_amount; the last two with stickers alone.

    Args:
        windows: What to score.
        models: The folder of a run's models.
        refitted: Whether to score with the models that were learnt again from all windows, where there are any. They
            must not be measured on windows of the run, all of which they have seen; their calibrator is that of the
            measured model.
    """
    table = pd.DataFrame({"user_id": windows.user_ids, "cutoff": windows.dates})
    for target, name in read_json(models / "chosen.json").items():
        folder = models / target / name
        calibrator = Calibrator(**read_json(folder / "calibrator.json"))
        again = models / target / "refitted"
        model = load(again if refitted and again.exists() else folder)
        table[f"p_{target}"] = calibrator(model.predict_proba(windows))
    amounts = segments.expected_amounts(windows)
    return table if amounts is None else table.assign(expected_amount=amounts)


def _check_finished(run: Path, out: Path) -> None:
    if "score_users" not in (done := Journal.resume(run).done):  # before it, models may still be missing or learn again
        last = done[-1] if done else "none"
        raise UserError(f"expected a finished run in {run}", f"one whose last stage is {last}", "finish it: churn run")
    if out.resolve() == run.resolve():
        raise UserError("expected another folder for the scores", f"the run's own, {out}", "choose another --out")
