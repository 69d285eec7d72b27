"""Results of `churn outcomes` for this run's own list, where its folder holds them."""

from typing import Any

from churn.artefacts import declared
from churn.folder import FOLLOWED_UP
from churn.language import say, say_many
from churn.report.parts.blocks import Block, Heading, Text
from churn.report.parts.wording import count, day
from churn.run_files import records
from churn.runs import Run
from churn.segments import CONTACT, CONTROL
from churn.statistics import FEW, Interval, side

COMPARED, STAYED = "contact vs control", "retention"  # as effects.csv has them


def since(run: Run) -> tuple[Block, ...]:
    """Numbers of users who stayed, of users to contact and of users held back; nothing where there is no follow-up."""
    folder = run.folder / FOLLOWED_UP
    if not (folder / declared.FOLLOW_UP.file).is_file():
        return ()
    facts = declared.FOLLOW_UP.read(folder)
    if str(facts.get("cutoff"))[:10] != str(run.manifest["segment"]["cutoff"])[:10]:
        return ()  # of a list that this one has replaced
    outcomes, effects = declared.OUTCOMES.read(folder), declared.EFFECTS.read(folder)
    asked = run.first.name if run.first.outcome else STAYED
    came = {row.group: row for row in records(outcomes[outcomes["target"] == asked]) if row.n}
    effect = next((row for row in records(effects) if (row.comparison, row.target) == (COMPARED, asked)), None)
    told = filter(None, [_came(run, facts, came), _changed(run, effect), _alarms(len(facts["alarms"]))])
    return Heading(say("What came of this list")), Text(" ".join(told))


def _came(run: Run, facts: Any, came: dict[str, Any]) -> str:
    if CONTACT not in came:
        return say("Nobody on this list was to be contacted.")
    words, until, n = run.first, day(facts["last_horizon_day"]), count(came[CONTACT].n)
    kept = count(100 * came[CONTACT].rate)
    if CONTROL not in came:
        return words.say(words.since, day=until, kept=kept, n=n)
    return words.say(
        words.beside,
        day=until,
        kept=kept,
        n=n,
        alone=count(100 * came[CONTROL].rate),
        n_alone=count(came[CONTROL].n),
    )


def _changed(run: Run, effect: Any) -> str:
    """A sentence on whether users to contact fared clearly better than users held back."""
    if effect is None:
        return say("Nobody was held back to compare them with, so what the calls changed is not known.")
    if min(effect.n_a, effect.n_b) < FEW:
        return say("That is of too few users to tell what the calls changed.")
    found = side(Interval(effect.difference, effect.low, effect.high), 0)
    if found == "above":
        return run.first.say(run.first.gained)
    if found == "below":
        return run.first.say(run.first.lost)
    return say("Whether the calls changed anything cannot be told: chance alone may make such a difference.")


def _alarms(n: int) -> str:
    return (
        say_many(
            "There is {n} alarm: see the folder “outcomes”.", "There are {n} alarms: see the folder “outcomes”.", n
        )
        if n
        else ""
    )
