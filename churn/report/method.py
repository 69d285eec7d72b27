"""Method and definitions, in plain words."""

from churn.language import say, say_many
from churn.report.parts.blocks import Block, Code, Definitions, Fold, Heading, Section, Text
from churn.report.parts.listing import if_stays
from churn.report.parts.splits import words
from churn.report.parts.tables import Table, heads, number_cell, text_cell
from churn.report.parts.wording import capital, every, listed, percent, seconds
from churn.report.whom.policies import scoring
from churn.runs import Run


def build(run: Run) -> Section:
    """Definitions, then how it was made."""
    manifest = run.manifest
    about = say("What the words on this page mean, and how to make the page again.")
    lead = say(
        "Made by churn {version} on {created} with seed {seed}.",
        version=manifest["version"],
        created=manifest["created"],
        seed=manifest["seed"],
    )
    blocks: list[Block] = [Text(about), Definitions(_terms(run)), Heading(say("How it was made"))]
    blocks += [Fold(say("Stages"), (_stages(run),)), Fold(say("Configuration"), (Code(run.yaml),))]
    return Section("method", say("Method and definitions"), lead, tuple(blocks))


def _terms(run: Run) -> tuple[tuple[str, str], ...]:
    if run.first.outcome:
        return (*_of_outcomes(run), *_judging(run), _split(run), *_measures())
    horizon = run.windowing["horizon_days"]
    often = every(run.windowing["stride_days"])
    risk = (
        say("every member from the day of joining on")
        if run.windowing["at_risk"] == "member"
        else say("active in the {days} days before the cutoff", days=run.windowing["at_risk_days"])
    )
    terms = [
        (
            say("Cutoff"),
            _cutoff(run),
        ),
        (
            say("Window"),
            say(
                "One user at one cutoff: the days before it with what came after; a user at risk has one {every}.",
                every=often,
            ),
        ),
        (say("At risk"), say("A user who can be lost: {risk}.", risk=risk)),
        (say("Churn, falling silent"), say("No activity of their own on any of the {horizon} days.", horizon=horizon)),
    ]
    if run.stickers:
        terms.append(
            (say("Sticker"), say("At least one on one of the {horizon} days, whatever its amount.", horizon=horizon))
        )
    return (
        *terms,
        *_judging(run),
        _split(run),
        *_measures(),
    )


def _cutoff(run: Run) -> str:
    """The days before and after a cutoff, and the ones between, of which nothing is asked."""
    history, lead, horizon = (run.windowing[f"{name}_days"] for name in ("history", "lead", "horizon"))
    if not lead:
        return say(
            "The first day that is not known yet. The models see the {history} days before it and foretell "
            "the {horizon} days from it on.",
            history=history,
            horizon=horizon,
        )
    return say(
        "The first day that is not known yet. The models see the {history} days before it and foretell {horizon} days "
        "that begin {lead} days after it. Nothing is asked of the days between, which are there to act in.",
        history=history,
        lead=lead,
        horizon=horizon,
    )


def _of_outcomes(run: Run) -> tuple[tuple[str, str], ...]:
    """The question about each member or row of outcomes, when it is asked, and what is known then."""
    first, history = run.first, run.windowing["history_days"]
    asked = run.settings["data"]["outcome"]
    column, values = asked["column"], listed([str(value) for value in asked["positive"]])
    means = (
        first.say("The column {column} of the member list holds {values}.", column=column, values=values)
        if run.arrivals
        else first.say("The column {column} of the table of outcomes holds {values}.", column=column, values=values)
    )
    hoped = say("It is hoped for.") if first.good else say("It is hoped against.")
    seen = (
        say("The models see what is known of the user then, and the {history} days before.", history=history)
        if history
        else say("The models see what is known of the user then, and nothing else.")
    )
    return (
        (first.say("“{outcome}”"), f"{means} {hoped}"),
        (say("Window"), f"{_asking(run)} {seen}"),
        (say("Answer"), _known(run)),
    )


def _asking(run: Run) -> str:
    """The day on which users are asked about an outcome."""
    if run.arrivals:
        return say("Each user is asked about once, on the day of arrival.")
    if not (lead := run.windowing["lead_days"]):
        return say("Each row of the table of outcomes is asked about on its date, and a user may have several.")
    return say_many(
        "Each row of the table of outcomes is asked about {n} day before its date, and a user may have several.",
        "Each row of the table of outcomes is asked about {n} days before its date, and a user may have several.",
        lead,
    )


def _known(run: Run) -> str:
    """The day on which an answer is known."""
    due = run.settings["data"]["outcome"].get("from")
    if due is None:
        horizon = run.windowing["lead_days"] + run.windowing["horizon_days"]
        return say("Known {horizon} days after the day that is asked about.", horizon=horizon)
    return say("Known from the day in the column {column} on.", column=due)


def _split(run: Run) -> tuple[str, str]:
    return say("Split"), say("The data were divided {divided}.", divided=words(run).divided)


def _judging(run: Run) -> tuple[tuple[str, str], ...]:
    product = (
        say("The chance of churn × the chance of a sticker. A heuristic: see “How to read the list”.")
        if run.stickers
        else f"{capital(run.first.say(run.first.unworthy))}."
        if run.first.outcome
        else say("The chance of churn.")
    )
    return (
        (
            run.first.say(run.first.likely_term),
            run.first.say(
                run.first.from_chance,
                chance=percent(run.manifest["segment"]["likely_churn"], 0),
            ),
        ),
        (say("Priority"), product),
        *_worths(run),
        (
            say("Past lists"),
            say("The list that the same rule draws from all users of the test part at once.")
            if run.scattered
            else say(
                "What the same rule would have listed {every} in the test part; the list is today’s alone.",
                every=every(run.windowing["stride_days"]),
            ),
        ),
        (
            say("Test part"),
            say("{test} Rates on test are what happened, not what a model thinks.", test=words(run).test),
        ),
        (
            say("Half A, half B"),
            say(
                "The validation users, divided at random: half A stopped and chose the models, half B fitted "
                "and chose the correction of their probabilities."
            ),
        ),
        (say("Models that score"), scoring(run)),
        (say("Base rate"), say("The share among all users: what a list drawn at random would show.")),
        (
            say("95% interval"),
            say(
                "Where the number would fall in 95 of 100 repetitions with other users of the same kind; users "
                "are drawn whole."
            ),
        ),
        (
            say("Surrogate, fidelity"),
            say(
                "Trees that imitate the chosen model, so that it can be explained; fidelity is how well they "
                "do so on users they never saw."
            ),
        ),
        *_roles(run),
    )


def _roles(run: Run) -> tuple[tuple[str, str], ...]:
    """The roles in events' names; nothing where all events are the users’ own."""
    if not run.fans:
        return ()
    whose = say(
        "Own: the user’s acts in the user’s own room. Fan: acts of others there. Elsewhere: the user’s acts in other "
        "rooms."
    )
    return ((say("Column names"), whose),)


def _worths(run: Run) -> tuple[tuple[str, str], ...]:
    """The other scores that can order the list; a run without stickers has none."""
    if not run.stickers:
        return ()
    risk = say("The chance of churn × the chance of a sticker if the user stays.")
    loss = say("The value at risk × the amount to expect of a sticker, by those so far.")
    return ((say("Value at risk"), f"{risk} {if_stays(run)}"), (say("Expected loss"), loss))


def _measures() -> tuple[tuple[str, str], ...]:
    return (
        (
            say("Log loss, Brier"),
            say("How far the probabilities are from what happened; lower is better. Models are chosen by log loss."),
        ),
        (say("ROC-AUC"), say("How often a user who did is ranked above one who did not; 0.5 is chance.")),
        (say("AP"), say("Average precision of the outcome itself; its chance level is the base rate.")),
        (
            say("Micro-AP"),
            say("Average precision pooled over both outcomes; high even for a useless model when one outcome is rare."),
        ),
        (
            say("ECE"),
            say(
                "Expected calibration error over 15 bins of equal size, with the band of a perfectly "
                "calibrated forecast."
            ),
        ),
        (
            say("Precision, recall, F1"),
            say(
                "Of those called positive at a threshold, the share that are; of those that are, the share "
                "called so; and their harmonic mean, which is high only where both are."
            ),
        ),
        (
            say("Gain"),
            say("The share of all positives that is found among the windows with the highest probabilities."),
        ),
        (
            say("Lift"),
            say("The rate among the tenth ranked highest, divided by the base rate; in curves among any share."),
        ),
        (say("SHAP"), say("A column’s share in one score, averaged here over users without its sign.")),
    )


def _stages(run: Run) -> Table:
    rows = tuple(
        (text_cell(stage["name"]), text_cell(seconds(stage["seconds"])), number_cell(stage["peak_memory_mb"], 0))
        for stage in run.manifest["stages"]
    )
    return Table(say("Stages"), heads(say("Stage"), say("Time"), say("Peak memory, MB")), rows)
