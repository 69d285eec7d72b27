"""The page: the sections in their order, in one file that needs no network."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from types import FunctionType

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from churn.artefacts import declared, write_text
from churn.errors import UserError
from churn.folder import MARKER, claimed
from churn.keys import imported
from churn.language import say, speaking, spoken
from churn.report import (
    anomalies,
    behaviour,
    budget,
    differences,
    drivers,
    features,
    gains,
    health,
    leaderboard,
    line,
    method,
    reliability,
    search,
    shortlist,
    summary,
    verdicts,
    views,
)
from churn.report.blocks import Section
from churn.report.splits import words
from churn.report.wording import day
from churn.runs import Run

SECTIONS: tuple[Callable[[Run], Section], ...] = (
    summary.build,
    shortlist.build,
    budget.build,
    line.build,
    drivers.build,
    differences.build,
    behaviour.build,
    anomalies.build,
    leaderboard.build,
    gains.build,
    reliability.build,
    verdicts.build,
    search.build,
    features.build,
    views.seasons,
    views.journeys,
    views.cohorts,
    health.build,
    method.build,
)


def sections_with(own: Sequence[str]) -> tuple[Callable[[Run], Section], ...]:
    """The page's sections, and before the last one those of a user's own, by import path.

    Raises:
        UserError: for a path at which no function stands.

    Example:
        >>> len(sections_with(["churn.report.summary.build"])) - len(SECTIONS)
        1
    """
    expected, like = "a function from a run to a section, in report.sections", "shop.sections.refunds"
    found = [imported(path, FunctionType, expected=expected, like=like) for path in own]
    return (*SECTIONS[:-1], *found, SECTIONS[-1])


def write_report(run: Path | str, language: str | None = None, *, sections: Sequence[str] = ()) -> Path:
    """Write `report.html` into the folder of a finished run.

    Args:
        run: the folder that `churn run` wrote.
        language: of the page; the run's own by default.
        sections: as `report.sections`, import paths of sections of your own. The run's own are never used, for a
            folder may be anybody's, and importing a module runs it.

    Returns:
        The page's path. The page holds everything it shows: it opens without a network.

    Raises:
        UserError: if an artefact of the run is missing or lacks a column, or the language is unknown.
    """
    run, builds = Path(run), sections_with(sections)
    page = run / declared.REPORT
    with claimed(run, "a run") if (run / MARKER).exists() else nullcontext():  # a copy may have lost its marker
        found = Run.open(run)
        with speaking(language or found.language, found.labels, fans=found.fans):
            write_text(rendered(found, builds), page)
    return page


def rendered(run: Run, builds: Sequence[Callable[[Run], Section]]) -> str:
    """The page of some sections, as HTML in the language spoken."""
    environment = Environment(
        loader=PackageLoader("churn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say}
    plotly, script = Markup(get_plotlyjs()), Markup(_asset(environment, "page.js"))
    return environment.get_template("page.html").render(
        sections=[_section(build, run) for build in builds],
        language=spoken(),
        subtitle=_subtitle(run),
        warning=words(run).warning,
        style=Markup(_asset(environment, "page.css")),
        scripts=(plotly, script),
        policy=_policy(plotly, script),
        as_json=_as_json,
    )


def _section(build: Callable[[Run], Section], run: Run) -> Section:
    found = build(run)
    if not isinstance(found, Section):
        expected = f"expected a churn.report.Section from {build.__module__}.{build.__qualname__}"
        raise UserError(expected, f"a {type(found).__name__}", "return one")
    return found


def _asset(environment: Environment, name: str) -> str:
    """A template's text as it stands."""
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def _policy(*scripts: str) -> str:
    """Let the browser run the page's own scripts, by their hashes, and load nothing at all."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts)
    rules = ("default-src 'none'", f"script-src {hashes}", "style-src 'unsafe-inline'", "img-src data:")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _as_json(spec: str) -> Markup:
    """JSON that cannot close the script element it stands in.

    Example:
        >>> print(_as_json('"</script>"'))
        "\\u003c/script>"
    """
    return Markup(spec.replace("<", "\\u003c"))


def _subtitle(run: Run) -> str:
    cutoff = date.fromisoformat(str(run.manifest["segment"]["cutoff"])[:10])
    return say(
        "Valid from {first} to {last} · made on {made} · data up to {day}",
        first=day(cutoff),
        last=day(cutoff + timedelta(days=run.windowing["horizon_days"] - 1)),
        made=day(run.manifest["created"]),
        day=day(run.manifest["audit"]["last_day"]),
    )
