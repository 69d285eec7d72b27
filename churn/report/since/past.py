"""Outcomes of earlier lists, of 100 users each, and of this one where that is known by now."""

from churn.language import say, target_of
from churn.report.parts.blocks import Bar, Bars, Beside, Section, Text
from churn.report.parts.splits import words
from churn.report.parts.wording import count, every
from churn.report.since import follow_up
from churn.report.since.observed import GROUPS
from churn.runs import Run
from churn.statistics import FEW

RARE = 0.05  # rates under which 100 users are too few to speak of


def build(run: Run) -> Section:
    """Rates of each target among past lists' users, beside everyone's; then the outcome of this list."""
    title, since = say("What came of earlier lists?"), follow_up.since(run)
    rates = {target: (run.rate("priority", target), run.rate("all", target)) for target in run.targets}
    found = {
        target: (*listed, everyone[0].value) for target, (listed, everyone) in rates.items() if listed and everyone
    }
    if not found:
        nothing = say("No past list is known whose outcome could be told.")
        return Section("past", title, nothing, since, behind="observed")
    lead = " ".join(_came(target, listed.value, everyone) for target, (listed, _, everyone) in found.items())
    bars = tuple((_bars(target, listed.value, everyone),) for target, (listed, _, everyone) in found.items())
    which = _which(run, min(n for _, n, _ in found.values()))
    return Section("past", title, lead, (Text(which), Beside(bars), *since), behind="observed")


def _per(*rates: float) -> int:
    """The number of users spoken of: 100, or 1,000 where something is rare."""
    return 1_000 if min(rates) < RARE else 100


def _came(target: str, listed: float, everyone: float) -> str:
    per, found = _per(listed, everyone), target_of(target)
    return found.say(found.came, per=count(per), listed=count(per * listed), everyone=count(per * everyone))


def _bars(target: str, listed: float, everyone: float) -> Bars:
    per = _per(listed, everyone)
    bars = (
        Bar(name, rate, say("{n} of {per}", n=count(per * rate), per=count(per)))
        for name, rate in ((GROUPS["priority"], listed), (GROUPS["all"], everyone))
    )
    found = target_of(target)
    return Bars(found.say(found.share), tuple(bars))


def _which(run: Run, users: int) -> str:
    """A sentence on which lists these are, and on whether they held enough users to tell."""
    if run.answered:
        said = say("All users have an answer, so the past list is the list of this page, drawn from the test part.")
    elif run.scattered:
        said = say(
            "The past list is what the same rule would have drawn from {unseen}, all at once; nobody was called "
            "because of it.",
            unseen=words(run).unseen,
        )
    else:
        said = say(
            "Past lists are what the same rule would have drawn {every} from {unseen}; nobody was called because of "
            "them.",
            every=every(run.windowing["stride_days"]),
            unseen=words(run).unseen,
        )
    few = say("They held {n} users, too few to tell.", n=count(users)) if users < FEW else ""
    return f"{said} {few}".strip()
