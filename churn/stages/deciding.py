"""Decisions: whom to contact, how the listed users differ, what to mind, and the page that says so."""

from dataclasses import asdict, replace

import pandas as pd

from churn import report, segments
from churn.artefacts import declared
from churn.data import STICKER
from churn.predicting import score_windows
from churn.progress import tell
from churn.review import list_warnings, warnings
from churn.scoring import write_scores
from churn.stages.context import Context, Facts


def score_users(context: Context) -> Facts:
    """The newest scores, the list, and how its line is drawn."""
    config, seed = context.segments, context.config.seed
    models, out = context.folder / "models", context.folder
    listing = write_scores(
        context.dataset, models, config=config, names=context.names, out=out, seed=seed, frames=context.frames
    )
    context.write(declared.THRESHOLD, segments.lines(listing.scored, config, seed=seed))
    context.write(declared.SCORE_DISTRIBUTION, segments.distribution(listing.scored, config.order))
    told = listing.facts(config) | {"skewness": segments.skewness(listing.scored, config.order)}
    return {"segment": told, "budget": listing.plan.facts() if listing.plan else None}


def compare_segments(context: Context) -> Facts:
    """Observed rates of the test part's lists, tests of how users differ, and the earnings of the newest list."""
    dataset, test, scored = context.dataset, context.split.test, context.read(declared.SCORES)
    line = segments.likely_line(scored, context.segments)
    config = replace(context.segments, likely_churn=line)  # one line on all days
    probabilities = score_windows(test, context.folder / "models")
    daily = segments.prioritise(probabilities, config, by_cutoff=not test.scattered)
    rates = segments.observed_rates(test, daily, seed=context.config.seed)
    context.write(declared.SEGMENT_RATES, rates)
    otherwise = segments.had_it_been_drawn_otherwise(test, probabilities, config, seed=context.config.seed)
    context.write(declared.SEGMENT_RULES, otherwise)
    found = segments.contrast(dataset, test, probabilities, config)
    context.write(declared.SEGMENT_TESTS, found.tests)
    context.write(declared.SEGMENT_CATEGORIES, found.categories)
    clock = asdict(dataset.rhythm.clock) if dataset.rhythm else None
    compared = {"users": found.users, "listed": found.listed, "per_day": found.per_day, "ties": found.ties}
    told: Facts = {"clock": clock, "compared": compared, "earnings": _earnings(context, scored, rates)}
    if STICKER not in test.labels:
        return told
    return told | {"stickers": segments.stickers_by_stay(test, probabilities, seed=context.config.seed)}


def _earnings(context: Context, scored: pd.DataFrame, rates: pd.DataFrame) -> Facts | None:
    """The earnings expected of calling the newest list; None without a budget."""
    budget, listed = context.config.segments.budget, context.read(declared.PRIORITY)
    if not budget.known:
        return None
    held_back, curve = int((listed.group == segments.CONTROL).sum()), context.read(declared.BUDGET)
    return segments.expected_earnings(scored, budget, curve=curve, rates=rates, held_back=held_back).facts()


def review_run(context: Context) -> Facts:
    """Warnings to a reader of the numbers, and the warnings that hold for later lists too."""
    calibrators, floor = context.config.evaluation.calibrators, context.config.explanation.fidelity_floor
    found = warnings(context.folder, fidelity_floor=floor, calibrators=calibrators)
    tell(found)
    return {
        "warnings": found,
        "list_warnings": list_warnings(context.folder, calibrators=calibrators),
    }


def write_report(context: Context) -> Facts:
    """The page, from the artefacts alone."""
    report.write_report(context.folder, sections=context.config.report.sections)
    return {}
