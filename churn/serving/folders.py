"""Pages about lists: which there are, a run's own two pages as they are, and what came of a list."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, HTMLResponse

from churn.artefacts import declared
from churn.errors import UserError
from churn.language import retold
from churn.outcomes import about, sentences, tables
from churn.serving import shown
from churn.serving.access import Asking, Viewer
from churn.serving.page import page, speaking_to
from churn.serving.refusals import RefusedError
from churn.statistics import FEW

router = APIRouter()
# A folder may be anybody's: its pages run their scripts, but like a stranger's, which reach nothing of this site.
_STRANGER = {
    "content-security-policy": "sandbox allow-scripts allow-downloads allow-modals; default-src 'none'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "cross-origin-opener-policy": "unsafe-none",  # a page in a sandbox may not ask for another
}


@router.get("/lists", response_class=HTMLResponse)
def lists(request: Request, desk: Asking, visitor: Viewer) -> HTMLResponse:
    """Every list of the folder, and the folders that cannot be shown."""
    with speaking_to(request):
        found = desk.catalogue.lists()
        days = {one.name: shown.about(one) for one in found}
        return page(request, "lists.html", lists=found, days=days, refused=desk.catalogue.refused())


@router.get("/folder/{name:path}/{file}")
def own_page(desk: Asking, visitor: Viewer, name: Annotated[str, Path()], file: Annotated[str, Path()]) -> FileResponse:
    """A run's report or evidence."""
    drawn = desk.catalogue.named(name) if name else None
    if drawn is None or file not in drawn.pages:
        raise RefusedError(404, UserError("expected a page of a run", repr(file[:60]), "choose one of the lists"))
    return FileResponse(drawn.folder / file, media_type="text/html; charset=utf-8", headers=_STRANGER)


@router.get("/outcomes", response_class=HTMLResponse)
def outcomes(request: Request, desk: Asking, visitor: Viewer, list: str = "") -> HTMLResponse:
    """The outcome of a list, as `churn outcomes` found it."""
    drawn = desk.catalogue.named(list)
    folder = drawn.outcomes
    if folder is None:
        remedy = f"churn outcomes --run {drawn.folder} --config FILE"
        raise RefusedError(404, UserError(f"expected outcomes of {drawn.name}", "none yet", remedy))
    with speaking_to(request, drawn):
        facts = declared.FOLLOW_UP.read(folder)
        effects, stability = declared.EFFECTS.read(folder), declared.STABILITY.read(folder)
        calibration, drift = declared.CALIBRATION_SINCE.read(folder), declared.DRIFT.read(folder)
        return page(
            request,
            "outcomes.html",
            drawn=drawn,
            about=about(facts, asked=drawn.run.first.outcome),
            alarms=[retold(alarm) for alarm in facts["alarms"]],
            tables=tables(declared.OUTCOMES.read(folder), effects, calibration),
            few=FEW,
            lines=[line.removeprefix("· ") for line in sentences(stability, drift, facts["notes"])],
        )
