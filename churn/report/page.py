"""The pages of a run as HTML: one file each that needs no network."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

from churn.artefacts import write_text
from churn.errors import UserError
from churn.folder import MARKER, claimed
from churn.language import say, speaking
from churn.report.document import document
from churn.report.pages import REPORT, Build, Page, evidence_with
from churn.report.parts.blocks import Section
from churn.report.parts.splits import words
from churn.report.parts.wording import day
from churn.runs import Run
from churn.segments import Order, write_contacts


def write_report(run: Path | str, language: str | None = None, *, sections: Sequence[str] = ()) -> Path:
    """Write `report.html` and `evidence.html`, priority.csv and .xlsx in the language of the pages into a run's folder.

    Args:
        run: the folder that `churn run` wrote.
        language: of the pages; the run's own by default.
        sections: as `report.sections`, import paths of sections of your own, which stand in the evidence. The run's
            own are never used, for a folder may be anybody's, and importing a module runs it.

    Returns:
        The report's path; the evidence lies beside it. Each page holds everything it shows: it opens without a network.

    Raises:
        UserError: if an artefact of the run is missing or lacks a column, or the language is unknown.
    """
    run, evidence = Path(run), evidence_with(sections)
    with claimed(run, "a run") if (run / MARKER).exists() else nullcontext():  # a copy may have lost its marker
        found = Run.open(run)
        with found.answering(), speaking(language or found.language, found.labels, fans=found.fans):
            made = {page.file: rendered(found, page) for page in (evidence, REPORT)}  # both, before either is replaced
            for file, text in made.items():
                write_text(text, run / file)
            write_contacts(run, Order.of(found.manifest["order"]), found.segments, answered=found.answered)
    return run / REPORT.file


def rendered(run: Run, page: Page) -> str:
    """A page as HTML in the language spoken."""
    page = page.of(run)
    groups = [
        (group.title and say(group.title), [_section(build, run) for build in group.builds.values()])
        for group in page.groups
    ]
    title = run.first.say(page.asked) if run.first.outcome else say(page.title)
    return document(page, groups, title=title, subtitle=_subtitle(run), warning=words(run).warning)


def _section(build: Build, run: Run) -> tuple[Section, list[str]]:
    """A section, and the files of the tables that it was made from."""
    with run.noting() as tables:
        found = build(run)
    if not isinstance(found, Section):
        expected = f"expected a churn.report.Section from {build.__module__}.{build.__qualname__}"
        raise UserError(expected, f"a {type(found).__name__}", "return one")
    return found, list(tables)


def _subtitle(run: Run) -> str:
    if run.scattered:
        made, last_day = day(run.manifest["created"]), day(run.manifest["audit"]["last_day"])
        return say("Made on {made} · data up to {day}", made=made, day=last_day)
    cutoff = date.fromisoformat(str(run.manifest["segment"]["cutoff"])[:10])
    first = cutoff + timedelta(days=run.windowing["lead_days"])
    last, made = first + timedelta(days=run.windowing["horizon_days"] - 1), str(run.manifest["created"])[:10]
    valid = say(
        "Valid from {first} to {last} · made on {made} · data up to {day}",
        first=day(first),
        last=day(last),
        made=day(made),
        day=day(run.manifest["audit"]["last_day"]),
    )
    over = say("these days were over when it was made") if date.fromisoformat(made) > last else ""
    return " · ".join(filter(None, (valid, over)))
