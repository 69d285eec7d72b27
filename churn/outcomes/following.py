"""Following a list up: outcomes from the continued log, tests of whether the models hold, and alarms."""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from churn import __version__, segments
from churn.artefacts import Table, declared, write_metrics
from churn.configuration import OutcomeConfig, RunConfig
from churn.data import DataConfig, Dataset, Frame, examine_new, without_passwords
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.folder import claimed
from churn.language import marked, say, speaking
from churn.new_data import prepare_alike
from churn.offers import OfferConfig
from churn.outcomes import drift as drifting
from churn.outcomes import lists
from churn.outcomes.alarms import alarms
from churn.outcomes.calibration import calibration_since
from churn.outcomes.contacts import Contacted, really_contacted
from churn.outcomes.earlier import Earlier, read_earlier
from churn.outcomes.effects import effects, group_outcomes
from churn.outcomes.happened import answered, check_days, covered, happened, reported
from churn.outcomes.offered import with_offers
from churn.predicting import score_windows
from churn.progress import tell
from churn.replacement import together
from churn.segments import CONTACT, CONTROL

WEEK = 7  # days from a list to the list that it is compared with
LIMITS = (
    marked("Effects are by intention to treat: everyone counts in the group that chance chose, contacted or not."),
    marked(
        "An effect that is not seen is not an effect that is not there: groups of this size would most likely (.8) "
        "have missed whatever is under `detectable`."
    ),
)
LATER = marked("the list that the same models make later")


@dataclass(frozen=True)
class FollowUp:
    """The outcome of a list; each table is a file of the folder."""

    folder: Path
    run: RunConfig  # whose models scored
    outcomes: pd.DataFrame
    effects: pd.DataFrame
    calibration: pd.DataFrame
    stability: pd.DataFrame  # no rows where nobody is at risk later
    drift: pd.DataFrame  # no rows where nobody is at risk later
    facts: dict[str, Any]  # outcomes.json: dates, numbers of users, notes, alarms

    @property
    def alarms(self) -> list[str]:
        """The sentences for which a scheduler should wake somebody."""
        return list(self.facts["alarms"])


def follow_up(
    run: Path,
    data: DataConfig,
    *,
    config: OutcomeConfig,
    out: Path,
    id_key: str | None = None,
    frames: Mapping[str, Frame] | None = None,
    offered: OfferConfig | None = None,
) -> FollowUp:
    """Read the outcomes in the horizon after a list was made and write outcomes.csv, effects.csv,
    calibration_since.csv, stability.csv, drift.csv and outcomes.json.

    Args:
        run: The folder of a finished `churn run` or `churn score`.
        data: The tables of the continued log; windows, features, zone and activity events are the run's.
        config: The contacts, the list to compare with, and the limits of alarms.
        out: The folder to write to.
        id_key: The key of the list's hashes, if it holds any, as `segments.id_key`.
        frames: Data frames by the names that stand in `data`.
        offered: The tables of visits and activities, by which it is told whether offers were taken.

    Raises:
        UserError: if there is no such folder, its files were changed, the key is not named, or the log does not cover
            the horizon or has none of the users.
    """
    earlier = read_earlier(run).with_key(id_key)
    if out.resolve() in {run.resolve(), earlier.run.resolve()}:
        raise UserError("expected another folder for the outcomes", f"the run's own, {out}", "choose another --out")
    daily = dataclasses.replace(earlier.config.data.windows, stride_days=1)  # so that the newest windows are there
    old = dataclasses.replace(earlier.config.data, windows=daily)
    with temporary_folder() as folder:
        dataset = prepare_alike(earlier.run, old, data, folder=folder / "dataset", frames=frames)
        with speaking(earlier.config.language, earlier.config.labels):
            found = _found(earlier, dataset, config, out, _Visited(offered or OfferConfig(), frames))
    tables: dict[Table, pd.DataFrame] = {
        declared.OUTCOMES: found.outcomes,
        declared.EFFECTS: found.effects,
        declared.CALIBRATION_SINCE: found.calibration,
        declared.STABILITY: found.stability,
        declared.DRIFT: found.drift,
    }
    tell(found.facts["notes"], users=found.facts["scored"])
    files = [*(artefact.file for artefact in tables), declared.METRICS, declared.FOLLOW_UP.file]
    with claimed(out, "outcomes"), together(out, files) as scratch:
        for artefact, table in tables.items():
            artefact.write(table, scratch)
        write_metrics(found.facts, scratch)
        declared.FOLLOW_UP.write(found.facts, scratch)
    return found


@dataclass(frozen=True)
class _Visited:
    """The tables with the visits since."""

    config: OfferConfig
    frames: Mapping[str, Frame] | None


def _found(earlier: Earlier, dataset: Dataset, config: OutcomeConfig, out: Path, visited: _Visited) -> FollowUp:
    whole = earlier
    if earlier.config.data.asked is not None:
        earlier, seen = answered(whole, dataset)
    else:
        check_days(earlier, dataset)
        earlier = reported(whole, dataset.panel)
        seen = happened(earlier, dataset.panel)
    earlier, seen, of_offers = with_offers(earlier, seen, dataset, config=visited.config, frames=visited.frames)
    scored, waiting = earlier.scored, len(whole.scored) - len(earlier.scored)
    contacted = None if config.contacted is None else really_contacted(config.contacted, earlier)
    reached = None if contacted is None else contacted.reached
    alone = scored.group != CONTACT
    alone = alone if reached is None else alone & ~reached
    measured = calibration_since(scored, seen, alone=alone, run=earlier.run, repetitions=config.repetitions)
    stability, drifted = _later(whole, dataset, config)
    about_log = [finding.text for finding in examine_new(dataset)]
    notes = [*about_log, *_notes(earlier, seen, contacted), *of_offers]
    if waiting:
        notes.append(say("{n:,} scored users have no answer yet and are left out.", n=waiting))
    if drifted.empty and whole.config.data.asked is None:
        notes.append(say("Nobody is at risk at the end of the log, so neither drift nor the next list can be told."))
    alarmed = alarms(measured, stability, drifted, config=config.alarms)
    facts = _facts(earlier, dataset, seen, contacted) | {
        "cutoff": str(whole.cutoff.date()),
        "notes": notes,
        "alarms": [str(alarm) for alarm in alarmed],  # plain text, for a scheduler that reads the file
        "config": without_passwords(asdict(config)),
    }
    by_group, effect = group_outcomes(scored, seen, reached=reached), effects(scored, seen, reached=reached)
    return FollowUp(out, earlier.config, by_group, effect, measured, stability, drifted, facts)


def _later(earlier: Earlier, dataset: Dataset, config: OutcomeConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The stability of the list compared with another, and the drift of the newest windows from the scored ones."""
    if earlier.config.data.asked is not None:
        return declared.STABILITY.empty(), _drift_of_arrivals(earlier, dataset)
    end, cutoff = dataset.panel.n_days, covered(earlier, dataset.panel)
    newest, stability, drifted = _scored_at(earlier, dataset, end), None, None
    if newest is not None:
        windows = dataset.windows.take(dataset.windows.cutoff == end)
        drifted = drifting.drift(earlier.features, earlier.scored, newest=windows, newest_scored=newest)
    rank_by = earlier.config.segments.order
    if config.previous is not None:
        other, words = _previous(config.previous, earlier), f"the list in {config.previous}"
        stability = lists.list_stability(earlier.scored, other, rank_by=rank_by, compared_with=words)
    else:
        day = min(cutoff + WEEK, end)
        other_day = newest if day == end else _scored_at(earlier, dataset, day)
        if other_day is not None:
            stability = lists.list_stability(earlier.scored, other_day, rank_by=rank_by, compared_with=LATER)
    return (
        declared.STABILITY.empty() if stability is None else stability,
        declared.DRIFT.empty() if drifted is None else drifted,
    )


def _drift_of_arrivals(earlier: Earlier, dataset: Dataset) -> pd.DataFrame:
    """The drift of arrivals without an answer from the scored ones; no rows where all have one."""
    waiting = dataset.windows.take(~dataset.windows.known)
    if not len(waiting):
        return declared.DRIFT.empty()
    scores = segments.prioritise(score_windows(waiting, earlier.run / "models", refitted=True), earlier.config.segments)
    return drifting.drift(earlier.features, earlier.scored, newest=waiting, newest_scored=scores)


def _previous(folder: str, earlier: Earlier) -> pd.DataFrame:
    """The scores of another folder, if they can be compared with the list's.

    Raises:
        UserError: if it lacks the score that orders the list, or has none of its users.
    """
    other, rank_by = read_earlier(Path(folder)).scored, earlier.config.segments.order
    if rank_by not in other:
        remedy = "compare with a list that was drawn alike"
        raise UserError(f"expected {rank_by}, which orders the list, in outcomes.previous", f"none in {folder}", remedy)
    if not other.user_id.isin(earlier.scored.user_id).any():
        remedy = "compare with a list of the same platform, its ids hashed by the same key or not at all"
        raise UserError("expected users of this list in outcomes.previous", f"none of {len(other):,}", remedy)
    return other


def _scored_at(earlier: Earlier, dataset: Dataset, day: int) -> pd.DataFrame | None:
    """The scores at a day of the panel, by the models that scored before; None where nobody is at risk."""
    windows = dataset.windows.take(dataset.windows.cutoff == day)
    if not len(windows):
        return None
    scores = score_windows(windows, earlier.run / "models", refitted=True)
    listed = segments.prioritise(scores, earlier.config.segments)  # by the ids of the log, as `score` draws it
    ids = listed.user_id.astype(str)
    return listed.assign(user_id=ids if earlier.names is None else earlier.names(ids))


def _notes(earlier: Earlier, seen: pd.DataFrame, contacted: Contacted | None) -> list[str]:
    notes, listed = [], earlier.in_segment
    control, contact = (earlier.scored.group == name for name in (CONTROL, CONTACT))
    if not listed.any():
        notes.append(say("Nobody was on the list."))
    elif not control.any():
        notes.append(say("Nobody was held back, so what a contact changed cannot be told: set segments.control.share."))
    elif not contact.any():
        notes.append(say("Nobody on the list was to be contacted, so there is nothing to compare the control with."))
    else:
        notes += map(say, LIMITS)
    if absent := int(seen.absent.sum()):
        notes.append(
            say("{n:,} scored users do not occur in the new tables and count as those who fell silent.", n=absent)
        )
    if contacted is not None:
        reached = contacted.reached
        notes.append(
            say(
                "{reached:,} of {contact:,} users to contact were reached, and {control_reached:,} of {control:,} who "
                "were held back. Whom a contact reaches is not by chance: reached against not reached is a "
                "description.",
                reached=int((reached & contact).sum()),
                contact=int(contact.sum()),
                control_reached=int((reached & control).sum()),
                control=int(control.sum()),
            )
        )
        if contacted.unknown:
            ignored = say("{n:,} users in the file of contacts were never scored and are ignored.", n=contacted.unknown)
            notes.append(ignored)
        if contacted.of_others:
            notes.append(say("{n:,} contacts of other lists are left out.", n=contacted.of_others))
    return notes


def _facts(earlier: Earlier, dataset: Dataset, seen: pd.DataFrame, contacted: Contacted | None) -> dict[str, Any]:
    panel, windows = dataset.panel, earlier.config.data.windows
    return {
        "version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": str(earlier.folder),
        "cutoff": str(earlier.cutoff.date()),
        "horizon_days": windows.horizon_days,
        "last_horizon_day": str((earlier.cutoff + pd.Timedelta(days=windows.reach_days - 1)).date()),
        "last_day": str(panel.date(panel.n_days - 1).date()),
        "scored": len(seen),
        "listed": int(earlier.in_segment.sum()),
        "contact": int((earlier.scored.group == CONTACT).sum()),
        "control": int((earlier.scored.group == CONTROL).sum()),
        "control_drawn": asdict(earlier.config.segments.control),
        "absent": int(seen.absent.sum()),
        "contacts_never_scored": None if contacted is None else contacted.unknown,
        "reconciliation": dataset.reconciliation,
    }
