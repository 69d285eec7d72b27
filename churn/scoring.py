"""Scores of the newest cutoff, for a run and for new data alike."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from churn import explanation, segments
from churn.artefacts import prepare_folder, read_json, write_table
from churn.configuration import RunConfig
from churn.data import DataConfig, Dataset, Frame, Vocabulary, Windows, prepare
from churn.errors import UserError
from churn.evaluation import Calibrator
from churn.journal import Journal
from churn.language import speaking
from churn.models import load
from churn.progress import step
from churn.segments import Plan, SegmentConfig


def score(run: Path, data: DataConfig, *, cutoff: str, out: Path, frames: Mapping[str, Frame] | None = None) -> Path:
    """Score new data with a finished run's models: scores.parquet, agreement.csv, budget.csv, priority.csv and .xlsx.

    Days from the cutoff on are not read. Windows and features are made as in the run. A history of days is enough for
    the probabilities; what a sticker is expected to be worth is known by as much of the past as is loaded.

    Raises:
        UserError: if there is no finished run, `out` is its folder, or the data end more than a day before the cutoff.
    """
    _check_finished(run, out)
    finished = RunConfig.load(run / "config.yaml")
    vocabulary = Vocabulary.read(read_json(run / "models" / "vocabulary.json"))
    last_day = str((_date(cutoff) - pd.Timedelta(days=1)).date())
    old = finished.data
    # What a window is and what it holds are the models', where the tables lie is the caller's.
    same = ("windows", "features", "zone", "activity_events", "allowed_events", "deduplicate")
    seen = {name: block for name, block in old.attributes.items() if name in old.features}
    taken = {name: getattr(old, name) for name in same} | {"attributes": seen, "last_day": last_day}
    data = dataclasses.replace(data, **taken)
    prepare_folder(out)
    shutil.rmtree(out / "dataset", ignore_errors=True)  # of an earlier scoring, whose days may differ
    dataset = prepare(data, out / "dataset", frames=frames, vocabulary=vocabulary)
    newest = dataset.panel.date(dataset.panel.n_days)
    if newest != _date(cutoff):
        raise UserError(
            f"expected events up to {last_day}, the day before --cutoff",
            f"none after {(newest - pd.Timedelta(days=1)).date()}",
            f"load more, or lower --cutoff to {newest.date()}",
        )
    with speaking(finished.language):
        write_scores(dataset, run / "models", config=finished.segments, out=out)
    return out


def newest_windows(dataset: Dataset) -> Windows:
    """The windows to score: those at the day after the last.

    Raises:
        UserError: if nobody is at risk there.
    """
    windows = dataset.windows.take(dataset.windows.cutoff == dataset.panel.n_days)
    if not len(windows):
        raise UserError("expected users at risk at the newest cutoff", "none", "check the last days of the log")
    return windows


def write_scores(
    dataset: Dataset, models: Path, *, config: SegmentConfig, out: Path, seed: int = 0
) -> tuple[pd.DataFrame, Plan | None]:
    """Score every user at risk at the newest cutoff, write the list and, with a budget, what contacting it is worth.

    Returns:
        The scores, and the plan where `config.budget` is known; budget.csv has no rows where it is not.
    """
    windows = newest_windows(dataset)
    scored = segments.prioritise(score_windows(windows, models, refitted=True), config)
    inside = (scored.segment == "priority").to_numpy()
    listed = windows.take(inside)
    if (number := config.number) is not None and number > len(scored):
        step(f"{len(scored)} users to score, fewer than segments.number, {number}: all of them can be contacted")
    folder = models / "churn"
    why = explanation.reasons(
        listed,
        explanation.contributions(folder / "surrogate", listed),
        usual=np.asarray(read_json(folder / "usual.json")),
    )
    write_table(scored, out / "scores.parquet")
    write_table(segments.agreement(scored), out / "agreement.csv")
    why = why.set_axis(scored.index[inside])
    segments.export(segments.contact_list(scored, why, rank_by=config.rank_by), out)
    planned = segments.plan(scored, config, seed=seed) if config.budget.known else None
    write_table(planned.curve if planned else pd.DataFrame(columns=["k", "profit", "low", "high"]), out / "budget.csv")
    return scored, planned


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


def _date(text: str) -> pd.Timestamp:
    try:
        date = pd.Timestamp(str(text))
        if pd.isna(date) or date.tzinfo is not None:
            raise ValueError
    except ValueError as error:
        raise UserError("expected a date for --cutoff", repr(text), "write it as 2024-03-01") from error
    return date.normalize()
