"""Views of the platform's activity and of users' journeys, which the run has kept, drawn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from churn.eda import View
from churn.language import Messages, marked, say
from churn.report.parts.blocks import Block, Figure, Heading, Items, Section, Text
from churn.report.worth.returning import returning
from churn.runs import Run

TITLES = Messages(
    {
        "seasons_active_users": marked("Active users, day by day"),
        "seasons_stickers_received": marked("Stickers, day by day"),
        "retention": marked("How many of each cohort are still active"),
        "survival": marked("How long users stay"),
        "returns": marked("After so many silent days, how many come back"),
        "definitions": marked("What another definition of churn would change"),
        "revenue": marked("What each cohort has earned"),
        "directly_follows": marked("What follows what in a session"),
        "first_steps": marked("How sessions begin"),
        "variants": marked("The most frequent sessions"),
        "journeys_of_the_list": marked("What the users of the list do, beside the others"),
        "journeys_of_churners": marked("What users did who then fell silent, beside those who stayed"),
        "anatomy": marked("The first user on the list, day by day"),
    }
)


def seasons(run: Run) -> Section:
    """Trend, week and remainder of the platform's days."""
    lead = say(
        "Each day, divided into a slow trend, a pattern that repeats, and what is left. Read it before comparing "
        "one day or week with another."
    )
    return _section(run, "seasons", say("Activity by day and week"), lead)


def journeys(run: Run) -> Section:
    """The order in which users do things."""
    lead = (
        say(
            "What users did in their own rooms, in its order, parted into sessions where they paused. Groups are "
            "compared by what they did before their cutoff alone."
        )
        if run.fans
        else say(
            "What users did, in its order, parted into sessions where they paused. Groups are compared by what they "
            "did before their cutoff alone."
        )
    )
    return _section(run, "journeys", say("What users do, in its order"), lead, "anatomy", first="variants")


def cohorts(run: Run) -> Section:
    """The lengths of users' stays, their returns, and the effect of another definition."""
    lead = say(
        "How long users stay and how many come back after a silence: the evidence for the days that define churn."
    )
    found = _section(run, "cohorts", say("Who stays, who returns"), lead)
    return replace(found, blocks=(*found.blocks, *returning(run)), behind="returning")


def _section(run: Run, anchor: str, title: str, lead: str, *others: str, first: str | None = None) -> Section:
    """The views of a section and of others, led by the finding of one; a sentence where there are none."""
    found = [(name, view) for group, name, view in run.views() if group in (anchor, *others)]
    if not found:
        return Section(anchor, title, say("The run has made no such view: it was switched off."), ())
    able = [(name, view) for name, view in found if view.empty is None]
    drawn = next((one for one in able if one[0] == first), able[0] if able else None)
    if drawn is None:
        return Section(anchor, title, " ".join(_lines(found)), ())
    name, view = drawn
    return Section(anchor, title, f"{TITLES[name]}: {view.finding.rstrip('.')}.", (Text(lead), *_blocks(found)))


def _blocks(found: Sequence[tuple[str, View]]) -> Iterator[Block]:
    for name, view in found:
        if view.empty is not None:
            continue
        first, *rest = str(view).splitlines()
        drawn = _untitled(view.figure())
        yield Heading(TITLES[name])
        yield Text(first)
        yield Figure("", " ".join([first, *rest]), "", drawn.to_json(), int(drawn.layout.height))
        yield Items(tuple(rest))
    if nothing := _lines(found):
        yield Items(nothing)


def _untitled(figure: Any) -> Any:
    """A chart without its title, and the room for it: the page has words of its own above."""
    title = figure.layout.title.text
    if title and not title.startswith("*"):  # a note on the cells with a star stays
        room = figure.layout.margin.t - 12
        figure.update_layout(title=None, margin_t=12, height=figure.layout.height - room)
    return figure


def _lines(views: Iterable[tuple[str, View]]) -> tuple[str, ...]:
    """A line for views that have nothing to show, all for one reason together."""
    reasons: dict[str, list[str]] = {}
    for name, view in views:
        if view.empty is not None:
            reasons.setdefault(view.empty, []).append(TITLES[name])
    return tuple(f"{' · '.join(titles)}: {why}" for why, titles in reasons.items())
