"""The two pages: which sections each has, in which order, and under which titles they stand in the contents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FunctionType

from churn.artefacts import Table, declared
from churn.keys import imported
from churn.language import marked
from churn.report import (
    anomalies,
    behaviour,
    budget,
    checks,
    differences,
    drivers,
    features,
    gains,
    health,
    leaderboard,
    line,
    method,
    observed,
    past,
    reliability,
    returning,
    search,
    shortlist,
    summary,
    trusted,
    verdicts,
    views,
    why,
    worth,
)
from churn.report.blocks import Section
from churn.runs import Run

Build = Callable[[Run], Section]


@dataclass(frozen=True)
class Group:
    """Sections that answer questions of one kind."""

    title: str  # a message; empty where the page has this group alone
    builds: tuple[Build, ...]


@dataclass(frozen=True)
class Page:
    """A page of a run: its file, its titles as messages, and its sections in groups."""

    file: str
    title: str
    other: str  # the file of the other page
    link: str  # leads to the other page
    behind: str  # leads to a section of the other page
    groups: tuple[Group, ...]
    files_named: bool = False  # whether each section ends with the files that hold its numbers

    @property
    def builds(self) -> tuple[Build, ...]:
        """The builders of all sections, in their order."""
        return tuple(build for group in self.groups for build in group.builds)


_ACTING = Group(
    "",
    (summary.build, shortlist.build, why.build, worth.build, trusted.build, returning.build, past.build),
)
REPORT = Page(
    declared.REPORT,
    marked("Churn report"),
    declared.EVIDENCE,
    marked("The evidence: all numbers, charts and methods"),
    marked("The numbers behind this"),
    (_ACTING,),
)
EVIDENCE = Page(
    declared.EVIDENCE,
    marked("Churn report: the evidence"),
    declared.REPORT,
    marked("The report: what to do, in plain words"),
    marked("In plain words"),
    (
        Group(marked("The list"), (checks.build, observed.build, shortlist.reading, budget.build, line.build)),
        Group(marked("What drives it"), (drivers.build, features.build)),
        Group(marked("How users differ"), (differences.build, behaviour.build, anomalies.build)),
        Group(
            marked("The models"),
            (leaderboard.build, gains.build, reliability.build, verdicts.build, search.build),
        ),
        Group(marked("The data"), (views.seasons, views.journeys, views.cohorts, health.build)),
        Group(marked("How it was made"), (method.build,)),
    ),
    files_named=True,
)
NUMBERS: dict[str, tuple[Table, ...]] = {  # the tables that a section shows, the first before all others
    "list": (declared.PRIORITY, declared.REASONS),
    "why": (declared.REASONS,),
    "worth": (declared.BUDGET,),
    "returning": (declared.RETURNS,),
    "past": (declared.SEGMENT_RATES, declared.OUTCOMES, declared.EFFECTS),
    "checks": (declared.LEADERBOARD, declared.SEGMENT_RATES, declared.SURROGATES),
    "observed": (declared.SEGMENT_RATES,),
    "reading": (declared.AGREEMENT,),
    "budget": (declared.BUDGET,),
    "line": (
        declared.THRESHOLD,
        declared.SCORE_DISTRIBUTION,
        declared.ORDERS,
        declared.SEGMENT_RULES,
        declared.AGREEMENT,
    ),
    "drivers": (
        declared.EXPLANATIONS,
        declared.EXPLANATIONS_BY_DAY,
        declared.EXPLANATIONS_BY_MODEL,
        declared.SHAP,
        declared.SURROGATES,
        declared.FIDELITY,
        declared.ATTRIBUTIONS,
    ),
    "features": (declared.LEDGER,),
    "differences": (declared.SEGMENT_TESTS, declared.SEGMENT_CATEGORIES),
    "behaviour": (declared.GROUPS, declared.GROUP_COLUMNS, declared.GROUP_STABILITY, declared.GROUPED),
    "anomalies": (declared.ANOMALIES, declared.DEPARTURES),
    "models": (declared.LEADERBOARD, declared.DIFFERENCES, declared.SEEDS),
    "gains": (declared.GAINS, declared.THRESHOLDS),
    "calibration": (declared.CALIBRATION, declared.CALIBRATORS),
    "verdicts": (declared.VERDICTS,),
    "search": (declared.TRIALS, declared.TRIAL_CURVES, declared.IMPORTANCES),
}


def evidence_with(own: Sequence[str]) -> Page:
    """The evidence, with a user's own sections, given by import path, before its last.

    The report has none: it keeps to what whoever acts can read in some minutes.

    Raises:
        UserError: for a path at which no function stands.

    Example:
        >>> len(evidence_with(["churn.report.summary.build"]).builds) - len(EVIDENCE.builds)
        1
    """
    expected, like = "a function from a run to a section, in report.sections", "shop.sections.refunds"
    found = tuple(imported(path, FunctionType, expected=expected, like=like) for path in own)
    *groups, made = EVIDENCE.groups
    return replace(EVIDENCE, groups=(*groups, replace(made, builds=(*found, *made.builds))))
