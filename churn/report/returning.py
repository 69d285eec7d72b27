"""Who comes back without a call: what whoever calls should know before anything else."""

from typing import Any

from churn.artefacts import declared
from churn.language import say
from churn.report.blocks import Note
from churn.report.wording import count, known, percent, percents
from churn.runs import Run, records
from churn.statistics import FEW

MOSTLY, SELDOM = 0.5, 0.1  # of the silences end by themselves


def returning(run: Run) -> tuple[Note, ...]:
    """The share of silences as long as the horizon that end by themselves; nothing where no run has counted it."""
    silent = run.windowing["horizon_days"]
    table = run.table(declared.RETURNS)
    row = next((row for row in records(table) if row.silent_days == silent), None)
    if row is None or not known(row.within):
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
    """How many days the run waited for a return."""
    return int(run.settings["explore"]["within_days"])
