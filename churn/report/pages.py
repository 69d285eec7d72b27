"""The two pages: which sections each has, in which order, and under which titles they stand in the contents."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Self

from churn.artefacts import declared
from churn.keys import imported
from churn.language import marked
from churn.report import method
from churn.report.data import health, views
from churn.report.models import ahead, beyond_history, gains, leaderboard, reliability, search, verdicts
from churn.report.parts.blocks import Section
from churn.report.since import observed, past
from churn.report.trust import checks, trusted
from churn.report.users import anomalies, behaviour, differences
from churn.report.whom import line, offers, shortlist, summary
from churn.report.why import drivers, features, levers, why
from churn.report.worth import budget, returning, worth
from churn.runs import Run

Build = Callable[[Run], Section]


@dataclass(frozen=True)
class Group:
    """Sections that answer questions of one kind."""

    title: str  # a message; empty where the page has this group alone
    builds: Mapping[str, Build]  # by the section's anchor; a section of a user's own by its import path

    def without(self, anchors: Collection[str]) -> Self:
        """The group without some sections."""
        return replace(self, builds={name: build for name, build in self.builds.items() if name not in anchors})


@dataclass(frozen=True)
class Page:
    """A page: its file, its titles as messages, and its sections in groups."""

    file: str
    title: str
    asked: str = ""  # the title in a run on an outcome
    other: str = ""  # the file of the other page, if there is one
    link: str = ""  # leads to the other page
    behind: str = ""  # leads to a section of the other page
    groups: tuple[Group, ...] = ()
    files_named: bool = False  # whether each section ends with the files that hold its numbers

    @property
    def builds(self) -> Mapping[str, Build]:
        """The builders of all sections, in their order."""
        return {anchor: build for group in self.groups for anchor, build in group.builds.items()}

    def of(self, run: Run) -> Self:
        """The page with the sections that a run can fill: of arrivals there is no past, of an outcome no budget, of
        a table of days no order within a day."""
        left = _OF_CHURN if run.first.outcome else set() if run.manifest["groups"] else _OF_A_PAST
        left = left if run.settings["data"].get("daily") is None else left | _OF_AN_ORDER
        made = {
            "levers": declared.LEVER_CURVES,
            "offers": declared.POPULAR,
            "context": declared.CONTEXT,
            "ahead": declared.FORETOLD,
        }
        left = left | {name for name, artefact in made.items() if not (run.folder / artefact.file).exists()}
        return replace(self, groups=tuple(group.without(left) for group in self.groups)) if left else self


_OF_A_PAST = {"behaviour", "anomalies"}
_OF_AN_ORDER = {"journeys"}  # within a day, which a table of days does not tell
_OF_CHURN = _OF_A_PAST | {"worth", "returning", "budget", "seasons", "journeys", "cohorts"}
_ACTING = Group(
    "",
    {
        "glance": summary.build,
        "list": shortlist.build,
        "why": why.build,
        "worth": worth.build,
        "trust": trusted.build,
        "returning": returning.build,
        "past": past.build,
    },
)
REPORT = Page(
    declared.REPORT,
    marked("Churn report"),
    marked("“{outcome}”: the report"),
    declared.EVIDENCE,
    marked("The evidence: all numbers, charts and methods"),
    marked("The numbers behind this"),
    (_ACTING,),
)
EVIDENCE = Page(
    declared.EVIDENCE,
    marked("Churn report: the evidence"),
    marked("“{outcome}”: the evidence"),
    declared.REPORT,
    marked("The report: what to do, in plain words"),
    marked("In plain words"),
    (
        Group(
            marked("The list"),
            {
                "checks": checks.build,
                "observed": observed.build,
                "reading": shortlist.reading,
                "offers": offers.build,
                "budget": budget.build,
                "line": line.build,
            },
        ),
        Group(
            marked("What drives it"),
            {"drivers": drivers.build, "levers": levers.build, "features": features.build},
        ),
        Group(
            marked("How users differ"),
            {"differences": differences.build, "behaviour": behaviour.build, "anomalies": anomalies.build},
        ),
        Group(
            marked("The models"),
            {
                "models": leaderboard.build,
                "gains": gains.build,
                "calibration": reliability.build,
                "ahead": ahead.build,
                "verdicts": verdicts.build,
                "context": beyond_history.build,
                "search": search.build,
            },
        ),
        Group(
            marked("The data"),
            {"seasons": views.seasons, "journeys": views.journeys, "cohorts": views.cohorts, "health": health.build},
        ),
        Group(marked("How it was made"), {"method": method.build}),
    ),
    files_named=True,
)


def evidence_with(own: Sequence[str]) -> Page:
    """The evidence, with a user's own sections, given by import path, before its last.

    The report has none: it keeps to what whoever acts can read in some minutes.

    Raises:
        UserError: for a path at which no function stands.

    Example:
        >>> len(evidence_with(["churn.report.whom.summary.build"]).builds) - len(EVIDENCE.builds)
        1
    """
    expected, like = "a function from a run to a section, in report.sections", "shop.sections.refunds"
    found = {path: imported(path, FunctionType, expected=expected, like=like) for path in own}
    *groups, made = EVIDENCE.groups
    return replace(EVIDENCE, groups=(*groups, replace(made, builds={**found, **made.builds})))
