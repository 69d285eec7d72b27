"""Method and definitions, in plain words."""

from churn.report.blocks import Block, Code, Definitions, Fold, Heading, Section, Text
from churn.report.policies import scoring
from churn.report.run import Run
from churn.report.splits import words
from churn.report.tables import Table, heads, number_cell, text_cell
from churn.report.wording import seconds


def build(run: Run) -> Section:
    """Definitions, then how it was made."""
    manifest = run.manifest
    lead = "What the words on this page mean, and how to make the page again."
    made = Text(f"Made by churn {manifest['version']} on {manifest['created']} with seed {manifest['seed']}.")
    blocks: list[Block] = [Definitions(_terms(run)), Heading("How it was made"), made]
    blocks += [Fold("Stages", (_stages(run),)), Fold("Configuration", (Code(run.config),))]
    return Section("method", "Method and definitions", lead, tuple(blocks))


def _terms(run: Run) -> tuple[tuple[str, str], ...]:
    history, horizon = run.windows["history_days"], run.windows["horizon_days"]
    risk = (
        "every member from the day of joining on"
        if run.windows["at_risk"] == "member"
        else f"active in the {run.windows['at_risk_days']} days before the cutoff"
    )
    terms = [
        (
            "Cutoff",
            f"The first day that is not known yet. The models see the {history} days before it and foretell the "
            f"{horizon} days from it on.",
        ),
        ("At risk", f"A user who can be lost: {risk}."),
        ("Churn, falling silent", f"No activity of their own on any of the {horizon} days."),
    ]
    if run.stickers:
        terms.append(("Sticker", f"At least one small donation received on one of the {horizon} days."))
    return (*terms, *_judging(run), ("Split", f"The data were divided {words(run).divided}."), *_measures())


def _judging(run: Run) -> tuple[tuple[str, str], ...]:
    product = (
        "The chance of churn × the chance of a sticker. A heuristic: see the note above the list."
        if run.stickers
        else "The chance of churn."
    )
    return (
        ("Priority", product),
        (
            "Test part",
            f"{words(run).test} Rates on test are what happened, not what a model thinks.",
        ),
        ("Models that score", scoring(run)),
        ("Base rate", "The share among all users: what a list drawn by lot would show."),
        (
            "95 % interval",
            "Where the number would fall in 95 of 100 repetitions with other users of the same kind; users are "
            "drawn whole.",
        ),
        (
            "Surrogate, fidelity",
            "Trees that imitate the chosen model, so that it can be explained; fidelity is how well they do so on "
            "users they never saw.",
        ),
        (
            "Column names",
            "Own: the user’s acts in the user’s own room. Fan: acts of others there. Elsewhere: the user’s acts in "
            "other rooms.",
        ),
    )


def _measures() -> tuple[tuple[str, str], ...]:
    return (
        (
            "Log loss, Brier",
            "How far the probabilities are from what happened; lower is better. Models are chosen by log loss.",
        ),
        ("ROC-AUC", "How often a user who did is ranked above one who did not; .5 is chance."),
        ("AP", "Average precision of the outcome itself; its chance level is the base rate."),
        (
            "Micro-AP",
            "Average precision pooled over both outcomes; high even for a useless model when one outcome is rare.",
        ),
        (
            "ECE",
            "Expected calibration error over 15 bins of equal size, with the band of a perfectly calibrated forecast.",
        ),
        (
            "Precision, recall, F1",
            "Of those called positive at a threshold, the share that are; of those that are, the share called so; and "
            "their harmonic mean, which is high only where both are.",
        ),
        ("Gain", "The share of all positives that is found among the windows with the highest probabilities."),
        ("Lift", "The rate among the tenth ranked highest, divided by the base rate; in curves among any share."),
        ("SHAP", "A column’s share in one score, averaged here over users without its sign."),
    )


def _stages(run: Run) -> Table:
    rows = tuple(
        (text_cell(stage["name"]), text_cell(seconds(stage["seconds"])), number_cell(stage["peak_memory_mb"], 0))
        for stage in run.manifest["stages"]
    )
    return Table("Stages", heads("Stage", "Time", "Peak memory, MB"), rows)
