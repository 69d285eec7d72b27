"""Exploration: the views of the platform's activity and of users' journeys, kept to be drawn where they are read."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from churn import eda, explanation
from churn.artefacts import declared
from churn.data import STICKERS
from churn.language import marked, say
from churn.predicting import score_windows
from churn.progress import step
from churn.scoring import reasons_of
from churn.segments import CONTACT
from churn.stages.context import Context, Facts

SERIES = {  # as the views call it, and its unit
    eda.ACTIVE: (marked("active users"), marked("users")),
    STICKERS: (marked("stickers received"), marked("stickers")),
}
Named = tuple[str, str, eda.View]  # section, name, view


def explore_data(context: Context) -> Facts:
    """Seasons, cohorts, definitions, journeys and the first user's days, each with its table."""
    _clear(context.folder)
    if context.config.data.outcome is not None:  # these views are of activity and of churn
        declared.VIEWS.write([], context.folder)
        return {}
    kept = []
    for section, name, view in [*_seasons(context), *_cohorts(context), *_journeys(context), *_anatomy(context)]:
        step(name.replace("_", " "))
        kept.append({"section": section, "name": name} | eda.keep_view(view, name, context.folder))
    declared.VIEWS.write(kept, context.folder)
    return {}


def _clear(folder: Path) -> None:
    """Remove the tables of an earlier configuration, whose views may not be made again."""
    for view in declared.VIEWS.read(folder):
        for file in (declared.view, declared.whole_view):
            (folder / file(view["name"])).unlink(missing_ok=True)


def _seasons(context: Context) -> Iterator[Named]:
    config, panel = context.config.explore, context.dataset.panel
    totals = eda.daily_totals(panel)
    for name in [name for name in SERIES if name in totals]:
        called, unit = map(say, SERIES[name])
        found = eda.decompose(totals[name].rename(called), periods=config.seasons, unit=unit)
        yield "seasons", f"seasons_{name}", found


def _cohorts(context: Context) -> Iterator[Named]:
    config, dataset = context.config.explore, context.dataset
    yield "cohorts", "retention", eda.retention(dataset.panel, period_days=config.period_days)
    yield "cohorts", "survival", eda.survival(dataset.panel, silent_days=config.within_days)
    yield "cohorts", "returns", eda.returns(dataset.panel, within_days=config.within_days, seed=context.config.seed)
    yield "cohorts", "definitions", eda.definitions(dataset, later_days=config.within_days)
    if dataset.panel.amounts is not None:
        yield "cohorts", "revenue", eda.revenue(dataset.panel, period_days=config.period_days)


def _journeys(context: Context) -> Iterator[Named]:
    """Journeys by the log itself, which is read once more."""
    config = context.config.explore
    if not config.journeys or context.config.data.events is None:  # days have no order within them
        return
    with eda.open_tables(context.config.data, frames=context.frames) as tables:
        walks = eda.journeys(tables, gap_minutes=config.gap_minutes)
        yield "journeys", "directly_follows", eda.directly_follows(walks)
        yield "journeys", "first_steps", eda.first_steps(walks)
        yield "journeys", "variants", eda.variants(walks, top=10)
        listed, fates = eda.of_the_list(context.scored()), eda.of_fates(context.split.test)
        for name, groups in (("journeys_of_the_list", listed), ("journeys_of_churners", fates)):
            if groups["group"].nunique() == 2:
                found = eda.compare_journeys(
                    tables, groups, gap_minutes=config.gap_minutes, history_days=config.before_days
                )
                yield "journeys", name, found


def _anatomy(context: Context) -> Iterator[Named]:
    """The days of the first user to contact, by the id that the list has, and the models' scores of that user.

    Only cutoffs that no model has learnt from have a score: from the test part on.
    """
    if context.config.data.daily is not None:  # its channels are of different kinds
        return
    listed = context.read(declared.PRIORITY)
    contacts = listed[listed["group"] == CONTACT]
    if contacts.empty:
        return
    users, public = context.scored(), contacts["user_id"].iloc[0]
    first = users[users["public_id"] == public].iloc[0]
    user_id = first["user_id"]
    unseen, models = context.split.unseen(context.dataset.windows), context.folder / "models"
    mine = unseen.take(unseen.user_ids == user_id)
    among = unseen.take(np.isin(unseen.cutoff, mine.cutoff))
    told = reasons_of(mine, models, among=among, others=explanation.others(among))
    scores = score_windows(mine, models).join(explanation.worded(told, range(len(mine))))
    scores.loc[scores["cutoff"] == first["cutoff"], "p_churn"] = first["p_churn"]  # as the list has it
    found = eda.anatomy(context.dataset.panel, user_id, scores=scores)
    yield "anatomy", "anatomy", replace(found, user_id=str(public))
