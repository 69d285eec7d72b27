"""Whom to contact, how they differ, what to mind, and the page that says so."""

from dataclasses import asdict, replace
from functools import partial

import pandas as pd

from churn import report, segments
from churn.artefacts import read_json, read_table, write_table, write_with
from churn.review import list_warnings, warnings
from churn.scoring import score_windows, write_scores
from churn.stages.context import Context, Facts


def score_users(context: Context) -> Facts:
    """The newest cutoff: scores.parquet, scored_features.parquet, agreement.csv, budget.csv, threshold.csv,
    score_distribution.csv, and the list's files.
    """
    config, seed = context.config.segments, context.config.seed
    models, out = context.folder / "models", context.folder
    listing = write_scores(context.dataset, models, config=config, names=context.names, out=out, seed=seed)
    write_table(segments.lines(listing.scored, config, seed=seed), out / "threshold.csv")
    write_table(segments.distribution(listing.scored, config.rank_by), out / "score_distribution.csv")
    told = listing.facts(config) | {"skewness": segments.skewness(listing.scored, config.rank_by)}
    return {"segment": told, "budget": listing.plan.facts() if listing.plan else None}


def compare_segments(context: Context) -> Facts:
    """What happened to the lists of the test part, and how users differ: segment_{rates,rules,tests,categories}.csv.

    With past lists known, the budget's facts get what calling the newest one earns.
    """
    dataset, test = context.dataset, context.split.test
    drawn = read_json(context.folder / "manifest.json")["segment"]
    config = replace(context.config.segments, likely_churn=drawn["likely_churn"])  # one line on all days
    probabilities = score_windows(test, context.folder / "models")
    daily = segments.prioritise(probabilities, config, by_cutoff=True)
    rates = segments.observed_rates(test, daily, seed=context.config.seed)
    write_table(rates, context.folder / "segment_rates.csv")
    otherwise = segments.had_it_been_drawn_otherwise(test, probabilities, config, seed=context.config.seed)
    write_table(otherwise, context.folder / "segment_rules.csv")
    found = segments.contrast(dataset, test, probabilities, config)
    for table, name in ((found.tests, "segment_tests.csv"), (found.categories, "segment_categories.csv")):
        write_with(partial(segments.write_safely, table), context.folder / name)
    clock = asdict(dataset.rhythm.clock) if dataset.rhythm else None
    compared = {"users": found.users, "listed": found.listed, "per_day": found.per_day, "ties": found.ties}
    told: Facts = {"clock": clock, "compared": compared, "budget": _with_earnings(context, rates)}
    if test.sticker is None:
        return told
    return told | {"stickers": segments.stickers_by_stay(test, probabilities, seed=context.config.seed)}


def _with_earnings(context: Context, rates: pd.DataFrame) -> Facts | None:
    """What the manifest says of the budget and, as `list`, of what calling the list earns; nothing without a budget."""
    told = read_json(context.folder / "manifest.json")
    budget: Facts | None = told["budget"]
    if budget is None:
        return None
    earned = segments.expected_earnings(
        read_table(context.folder / "scores.parquet"),
        context.config.segments.budget,
        curve=read_table(context.folder / "budget.csv"),
        rates=rates,
        held_back=told["segment"]["control"]["held_back"],
    )
    return budget | {"list": earned.facts()}


def review_run(context: Context) -> Facts:
    """What a reader should know before trusting the numbers, and of that what holds for later lists too."""
    calibrators, floor = context.config.evaluation.calibrators, context.config.explanation.fidelity_floor
    return {
        "warnings": warnings(context.folder, fidelity_floor=floor, calibrators=calibrators),
        "list_warnings": list_warnings(context.folder, calibrators=calibrators),
    }


def write_report(context: Context) -> Facts:
    """The page, from the artefacts alone."""
    report.write_report(context.folder, sections=context.config.report.sections)
    return {}
