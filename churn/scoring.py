"""Scores of the newest cutoff, for a run and for new data alike."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn import explanation, offers, segments
from churn.artefacts import Hide, as_written, declared, hashes_of, read_json, write_metrics
from churn.configuration import STORED, RunConfig
from churn.data import (
    DataConfig,
    Dataset,
    Drift,
    Frame,
    Training,
    Windows,
    drift_findings,
    examine_new,
)
from churn.errors import UserError
from churn.folder import claimed
from churn.journal import Journal
from churn.language import say, speaking
from churn.models import DAYS
from churn.new_data import prepare_up_to
from churn.offers import OfferConfig
from churn.predicting import days_ahead, score_windows
from churn.progress import step, tell
from churn.replacement import together
from churn.segments import Order, Plan, Pseudonyms, SegmentConfig

SURROGATE = "surrogate"  # of a target's folder: what explains its model
LEVERS = "levers"  # beside it: what was learnt of controllable attributes
OFFERS = "offers"  # of the models' folder: what earlier cutoffs taught of offers
_LISTED = (declared.SCORES, declared.SCORED_FEATURES, declared.PRIORITY, declared.CONTROL)  # what `outcomes` goes by
_OFFERED = (declared.OFFERS, declared.POPULAR)
_AVERAGED = 2_000  # users of a day whose SHAP values, or chances at other values of a lever, are averaged
FILES = (  # of a folder that `score` wrote
    *(artefact.file for artefact in (*_LISTED, declared.REASONS, declared.CONTACTS, declared.AGREEMENT)),
    *(artefact.file for artefact in (declared.LEVERS, declared.LEVER_CURVES, declared.MAKES, *_OFFERED)),
    declared.FUTURE.file,
    *(artefact.file for artefact in (declared.BUDGET, declared.OTHERS, declared.SCORING)),
    *(declared.BOOK, declared.QUARANTINE.file, declared.METRICS),
)


@dataclass(frozen=True)
class Listing:
    """The scored users, what contacting them is worth, and who of the list is held back."""

    scored: pd.DataFrame  # with the ids of the log, whatever the files hold
    plan: Plan | None  # with a budget
    held_back: int  # users of the list in the control group
    hashes: dict[str, str]  # of the files that `outcomes` goes by, SHA-256 by name

    def facts(self, config: SegmentConfig) -> dict[str, object]:
        """Facts of the segment for the manifest: the configuration, then the resulting sizes and lines."""
        listed = self.scored[config.order][self.scored.segment == "priority"]
        sizes = {"held_back": self.held_back, "contacted": len(listed) - self.held_back}
        return dataclasses.asdict(config) | {
            "rule": config.ending,
            "threshold": float(listed.min()) if listed.notna().any() else None,  # by the rule `profit` nobody may be
            "scored": len(self.scored),
            "listed": len(listed),
            "likely_churn": (line := segments.likely_line(self.scored, config)),
            "likely": int((self.scored[segments.chance_of_first(self.scored)] >= line).sum()),
            "at_stake": segments.at_stake(self.scored),
            "ties": segments.ties(self.scored, config.order),
            "cutoff": str(self.scored.cutoff.max().date()),
            "control": dataclasses.asdict(config.control) | sizes,
            "sha256": self.hashes,
        }


def score(
    run: Path | str,
    data: DataConfig,
    *,
    cutoff: str,
    out: Path | str,
    id_key: str | None = None,
    frames: Mapping[str, Frame] | None = None,
    offered: OfferConfig | None = None,
) -> Path:
    """Score new data with a finished run's models: scores.parquet, scored_features.parquet, agreement.csv, budget.csv,
    priority.parquet, .csv and .xlsx, others.csv, control.csv, quarantine.parquet, metrics.prom, scoring.json, which
    says how, and of a run with controllable attributes levers.parquet and lever_curves.csv, of one with offers
    offers.parquet and popular.csv, of one with sources of what users make makes.parquet, and of one with a Foresight
    future.parquet.

    Days from the cutoff on are not read. Windows and features are made as in the run. A history of days is enough for
    the probabilities; what a sticker is expected to be worth is known by as much of the past as is loaded.

    Args:
        run: The run's folder; models of a class of your own have to be `churn.models.allowing`.
        data: Where the new tables lie.
        cutoff: The first day that is not known.
        out: Where to write.
        id_key: As `segments.id_key`. The run's own is never used, for a key is yours alone to name.
        frames: Data frames by the names that stand in `data`.
        offered: Where the new tables of visits and activities lie; without them nothing is offered.

    Raises:
        UserError: if there is no finished run, `out` is its folder, the data end more than a day before the cutoff, or
            the run's lists hold hashes and there is no key.
    """
    run, out = Path(run), Path(out)
    journal = check_finished(run, out)
    finished = RunConfig.stored(run)
    names = open_key(id_key, outside=out, hashed_in=run if finished.segments.id_key else None)
    given: dict[str, Any] = {"id_key": id_key, "offers": offered or OfferConfig()}
    config = dataclasses.replace(segments.as_chosen(finished.segments, run / "models"), **given)
    with journal.answering(), claimed(out, "scores"), together(out, FILES) as scratch:
        dataset = prepare_up_to(cutoff, run, finished.data, data, folder=scratch / "dataset", frames=frames)
        moved, fans = _drift(run, dataset), explanation.fans_among(dataset.panel.features)
        with speaking(finished.language, finished.labels, fans=fans):
            listing = write_scores(dataset, run / "models", config=config, names=names, out=scratch, frames=frames)
            segments.write_contacts(scratch, Order.load(run / "models"), config)
            drifted = drift_findings(moved, scattered=dataset.windows.scattered) if moved else ()
            found = [finding.text for finding in (*examine_new(dataset), *drifted)]
            found += _no_offers(run, config.offers)
            tell(found)
        place = os.path.relpath(run.resolve(), out.resolve())
        told: dict[str, Any] = {"run": place, "segment": listing.facts(config), "warnings": found}
        told |= {"drift": moved.facts() if moved else None, "reconciliation": dataset.reconciliation}
        dataset.quarantine.rename(scratch / dataset.quarantine.name)
        write_metrics(told, scratch)
        declared.SCORING.write(told, scratch)
    return out


def _no_offers(run: Path, config: OfferConfig) -> list[str]:
    """A warning where a run has offers and no visits are named."""
    if config.visits is not None or not (run / "models" / OFFERS).exists():
        return []
    return [say("No visits are named in segments.offers.visits, so no user is offered an activity.")]


def _drift(run: Path, dataset: Dataset) -> Drift | None:
    """Drift of the newest day from the run's training part; None where the run does not know that part."""
    with as_written(path := run / declared.MANIFEST.file, KeyError, TypeError, AttributeError):
        told = read_json(path)["drift"]
        return Drift.since(Training.read(told["training"]), dataset) if told else None


def open_key(id_key: str | None, *, outside: Path, hashed_in: Path | None) -> Pseudonyms | None:
    """The key of the ids by the caller's configuration; a new one, with which nobody is recognised, is never made.

    Args:
        id_key: The caller's `segments.id_key`.
        outside: A folder that must not hold it.
        hashed_in: The folder whose lists hold hashes, if there is one.

    Raises:
        UserError: if there are hashes and no key, and as `Pseudonyms`.
    """
    if id_key:
        return Pseudonyms.open(Path(id_key), outside=outside)
    if hashed_in is not None:
        expected = f"expected segments.id_key in your configuration: the lists of {hashed_in} hold hashes"
        raise UserError(expected, "none", "name the file of their key, or give that configuration, too")
    return None


def newest_windows(dataset: Dataset) -> Windows:
    """The windows to score, whose cutoff is the day after the last.

    Raises:
        UserError: if nobody is at risk there.
    """
    windows = dataset.newest
    if not len(windows):
        raise UserError("expected users at risk at the newest cutoff", "none", "check the last days of the log")
    return windows


def write_scores(
    dataset: Dataset,
    models: Path,
    *,
    config: SegmentConfig,
    names: Pseudonyms | None,
    out: Path,
    seed: int = 0,
    frames: Mapping[str, Frame] | None = None,
) -> Listing:
    """Score every user at risk at the newest cutoff, write the list and, with a budget, what contacting it is worth.

    The features behind the scores are kept, without ids, so that a later drift can be told. budget.csv has no rows
    where `config.budget` is not known.

    Raises:
        UserError: if nobody is at risk.
    """
    windows = newest_windows(dataset)
    future = days_ahead(windows, models, days=sorted({*DAYS, windows.horizon_days}))
    scored = segments.prioritise(score_windows(windows, models, refitted=True, future=future), config)
    if (number := config.number) is not None and number > len(scored):
        step(f"{len(scored)} users to score, fewer than segments.number, {number}: all of them can be contacted")
    planned = segments.plan(scored, config, seed=seed) if config.budget.known else None
    others = explanation.others(windows)
    listed = segments.contact_list(scored, rank_by=config.order)
    held = segments.hold_back(listed.user_id.tolist(), config.control, occasion=str(scored.cutoff.max().date()))
    if config.control.share and not held.any():
        step(f"{len(listed)} users on the list, too few to hold anybody back")
    hide = names.hide if names else None
    if (learnt := offers.Learnt.load(models / OFFERS)) is not None and config.offers.visits is not None:
        scored = offers.with_offers(scored, dataset, learnt, out, config=config.offers, frames=frames, hide=hide)
    declared.SCORES.write(scored, out, hide)
    declared.SCORED_FEATURES.write(pd.DataFrame(windows.summary(), columns=list(windows.features)), out)
    if future is not None:
        declared.FUTURE.write(future, out, hide)
    declared.OTHERS.write(others, out)
    declared.AGREEMENT.write(segments.agreement(scored), out)
    inside = windows.take((scored.segment == "priority").to_numpy())
    why = reasons_of(inside, models, among=windows, others=others)
    why.insert(0, "user_id", inside.user_ids[why.pop("window")])
    segments.export(listed, why, out, held_back=held, hide=hide)
    if dataset.made:
        declared.MAKES.write(segments.made_by(inside, dataset.made), out, hide)
    _write_levers(dataset, scored, models, out, hide=hide)
    declared.BUDGET.write(planned.curve if planned else declared.BUDGET.empty(), out)
    tell(users=len(scored), listed=len(listed), held_back=int(held.sum()))
    return Listing(scored, planned, int(held.sum()), hashes_of(out, _there(out)))


def reasons_of(listed: Windows, models: Path, *, among: Windows, others: pd.DataFrame) -> pd.DataFrame:
    """Features that set each window's chance of the first target above others', as `explanation.reasons` has them.

    SHAP values are counted from the users of the same day, too. Counted from the training part, a column that has moved
    since would be everybody's reason.

    Args:
        listed: The windows.
        models: The folder of a run's models.
        among: Everyone at risk on the same cutoffs.
        others: The averages of `among`.
    """
    target = listed.targets[0]
    folder = models / target / SURROGATE
    few = among.take(_evenly(len(among)))
    usual = explanation.contributions(folder, few, target=target).mean(axis=0)
    values = explanation.contributions(folder, listed, target=target) - usual
    return explanation.reasons(listed, values, others=explanation.beside(others, listed))


def _write_levers(dataset: Dataset, scored: pd.DataFrame, models: Path, out: Path, *, hide: Hide | None) -> None:
    """Write what other values of controllable attributes go with; nothing where the run has none."""
    windows, (levers, found) = newest_windows(dataset), moves_of(dataset, scored, models)
    if not levers.every:
        return
    p, few = scored[f"p_{dataset.windows.targets[0]}"].to_numpy(), _evenly(len(windows))
    declared.LEVERS.write(found, out, hide)
    declared.LEVER_CURVES.write(explanation.curves(levers, windows.take(few), p[few]), out)


def moves_of(dataset: Dataset, scored: pd.DataFrame, models: Path) -> tuple[explanation.Levers, pd.DataFrame]:
    """The levers of a run, none where no attribute is controllable, and what other values go with for each user.

    Args:
        dataset: The data set whose newest windows were scored.
        scored: Their scores.
        models: The folder of the run's models.
    """
    windows, asked, target = newest_windows(dataset), dataset.config.asked, dataset.windows.targets[0]
    levers = explanation.Levers.load(models / target / LEVERS, target=target)
    good = asked is not None and asked.good
    found = explanation.moves(levers, windows, scored[f"p_{target}"].to_numpy(), good=good)
    found.insert(0, "user_id", windows.user_ids[found.pop("window")])
    return levers, found


def _there(out: Path) -> list[str]:
    """The files that `outcomes` goes by: offers where there are any."""
    return [one.file for one in (*_LISTED, declared.OFFERS) if one in _LISTED or (out / one.file).exists()]


def _evenly(n: int) -> NDArray[np.int64]:
    """The positions of some of n users, evenly drawn where there are very many."""
    return np.unique(np.linspace(0, n - 1, min(n, _AVERAGED), dtype=np.int64))


def check_finished(run: Path, out: Path) -> Journal:
    """The journal of a run, after checking that it has finished, that its models and configuration are as they were
    written, and that its folder is not the one to write to.

    Raises:
        UserError: if one of these does not hold.
    """
    journal = Journal.resume(run)
    if "score_users" not in (done := journal.done):  # before it, models may still be missing or learn again
        last = done[-1] if done else "none"
        raise UserError(f"expected a finished run in {run}", f"one whose last stage is {last}", "finish it: churn run")
    if out.resolve() == run.resolve():
        raise UserError("expected another folder to write to", f"the run's own, {out}", "choose another --out")
    journal.check("models/", STORED)
    return journal
