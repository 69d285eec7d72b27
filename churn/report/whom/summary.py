"""The first screen of the report: what to do, with the few numbers that it is about."""

from churn.language import say
from churn.report.parts.blocks import Section, Tile, Tiles
from churn.report.parts.listing import drawn, facts
from churn.report.parts.wording import count, day, percent
from churn.report.whom.advice import advice
from churn.report.worth import stake
from churn.runs import Run

SHOWN = 4  # numbers, so that the list stands on a phone's first two screens


def build(run: Run) -> Section:
    """The advice, how many are at risk and on the list, and what is at stake."""
    at_stake = stake.in_short(run)
    few = (at_stake[0], at_stake[-1]) if len(at_stake) > SHOWN - 2 else at_stake
    return Section("glance", say("What should I do?"), advice(run), (Tiles((*_tiles(run), *few)),), behind="checks")


def _who(run: Run) -> str:
    if run.answered:
        return say("of the test part, whose answers are known")
    if run.scattered:
        return say("without an answer on {day}", day=day(run.manifest["audit"]["last_day"]))
    cutoff = day(run.manifest["segment"]["cutoff"])
    if run.windowing["at_risk"] == "member":
        return say("members on {day}", day=cutoff)
    return say("active in the {days} days before {day}", days=run.windowing["at_risk_days"], day=cutoff)


def _tiles(run: Run) -> tuple[Tile, ...]:
    segment = facts(run)
    at_risk = Tile(
        say("Users considered"),
        count(segment["scored"]),
        run.first.say(
            run.first.likely,
            who=_who(run),
            likely=count(segment["likely"]),
            chance=percent(segment["likely_churn"], 0),
        ),
    )
    return at_risk, Tile(say("On the list"), count(segment["listed"]), f"{drawn(run)}.")
