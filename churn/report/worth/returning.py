"""Users who come back without a call: the first thing that whoever calls should know."""

from typing import Any

from churn.artefacts import declared
from churn.language import say
from churn.report.parts.blocks import Note, Section, Text
from churn.report.parts.wording import count, known, percent, percents
from churn.report.worth import earnings
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW

MOSTLY, SELDOM = 0.5, 0.1  # of the silences end by themselves


def build(run: Run) -> Section:
    """The number of 100 silent users that comes back, and its meaning for a call; a line where it was not counted."""
    title, row = say("How many come back by themselves?"), _silences(run)
    if row is None:
        return Section("returning", title, say("This run has not counted it."), (), behind="cohorts")
    lead = say(
        "Of 100 users silent for {silent} days, {share} were active again within {within} more days, without a call.",
        silent=run.windowing["horizon_days"],
        share=count(100 * row.within),
        within=_within(run),
    )
    few = say(" Fewer than {few} users: read it with care.", few=FEW) if row.users < FEW else ""
    said = say(
        "{title}: a call is worth its cost only where it brings back more than come by themselves.{few}",
        title=_title(row),
        few=few,
    )
    return Section("returning", title, lead, (Text(" ".join([said, *_kept(run)])),), behind="cohorts")


def _kept(run: Run) -> tuple[str, ...]:
    """A reminder that who comes back alone is not kept by a call, where the run was told the share that is."""
    plan = earnings.plan_of(run)
    if plan is None:
        return ()
    rate = plan["assumed"]["save_rate"]
    share = percent(rate, 0 if rate >= 0.01 else 1)
    return (say("The {share} whom a call is taken to keep must be users who would not come back alone.", share=share),)


def too_hopeful(run: Run) -> tuple[str, ...]:
    """A doubt where a call is taken to keep more users than stay away by themselves; nothing elsewhere."""
    row, plan = _silences(run), earnings.plan_of(run)
    if row is None or plan is None or row.users < FEW or plan["assumed"]["save_rate"] <= 1 - row.within:
        return ()
    said = say(
        "Only {stay} of 100 silent users stayed away for {within} days more, fewer than a call is taken to keep: the "
        "expected profit is likely too high.",
        stay=count(100 * (1 - row.within)),
        within=_within(run),
    )
    return (said,)


def _silences(run: Run) -> Any | None:
    """The row of silences as long as the horizon; None where nobody watched for so long."""
    silent = run.windowing["horizon_days"]
    row = next((row for row in records(run.table(declared.RETURNS)) if row.silent_days == silent), None)
    return row if row is not None and known(row.within) else None


def returning(run: Run) -> tuple[Note, ...]:
    """The share of silences as long as the horizon that end by themselves; nothing where no run has counted it."""
    row, silent = _silences(run), run.windowing["horizon_days"]
    if row is None:
        return ()
    share = " ".join(filter(None, [percent(row.within, 0), percents(row.low, row.high, 0)]))
    said = say(
        "Of users silent for {silent} days, {share} were active again within {within} more days, without a call from "
        "this list (n\u00a0= {n} silences of {users} users).",
        silent=silent,
        share=share,
        within=_within(run),
        n=count(row.at_risk),
        users=count(row.users),
    )
    few = say("Fewer than {few} users: read it with care.", few=FEW) if row.users < FEW else ""
    return (Note(_title(row), " ".join(filter(None, [said, few]))),)


def _title(row: Any) -> str:
    """The title that the share of silences that end by themselves bears out."""
    if row.within >= MOSTLY:
        return say("Falling silent is not leaving")
    return say("Whoever falls silent here seldom comes back") if row.within < SELDOM else say("Some come back uncalled")


def _within(run: Run) -> int:
    """The number of days that the run waited for a return."""
    return int(run.settings["explore"]["within_days"])
