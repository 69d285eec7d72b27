"""Launches and leads before they begin: what a run foresees of one by a form, and what would move it."""

import base64
import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from churn.errors import UserError
from churn.explanation import points, readable, value_words, worded, worded_moves
from churn.language import say
from churn.run_files import records
from churn.serving import forms, history, words
from churn.serving.access import Asking, Team, Uploaded, Viewer
from churn.serving.answers import Foreseen, what_if
from churn.serving.catalogue import Drawn
from churn.serving.desk import Desk
from churn.serving.page import page, speaking_to
from churn.serving.refusals import picked

router = APIRouter()
_CHANGES = ("change", "low", "high")


@router.get("/try/launch", response_class=HTMLResponse)
def launch(request: Request, desk: Asking, visitor: Viewer, run: str = "") -> HTMLResponse:
    """The form of a launch or a lead."""
    drawn = chosen(desk, run)
    with speaking_to(request, drawn):
        return _page(request, drawn, {}, history.today())


@router.post("/try/launch", response_class=HTMLResponse)
def foreseen(request: Request, desk: Asking, visitor: Team, form: Uploaded) -> HTMLResponse:
    """The form as it was sent, with its answer, or with what is wrong with it."""
    drawn = chosen(desk, form.get("run"))
    given = {name.removeprefix("of_"): value for name, value in form.fields if name.startswith("of_")}
    pictures = {name.removeprefix("of_"): base64.b64encode(sent).decode() for name, sent in form.files.items()}
    with speaking_to(request, drawn):
        try:
            body = json.dumps({"day": form.get("day"), "known": {**given, **pictures}}).encode()
            answer = desk.helper.ask(what_if, drawn.run.folder, body)
        except UserError as error:
            return _page(request, drawn, given, form.get("day"), wrong=str(error))
        return _page(request, drawn, given, form.get("day"), found=in_words(drawn, answer))


def foreseeing(desk: Desk) -> list[Drawn]:
    """The runs that answer for launches, the newest first; a scoring has the run's own answer."""
    return [one for one in desk.catalogue.lists() if one.is_run and forms.foresees(one.run)]


def chosen(desk: Desk, name: str) -> Drawn:
    """A run that answers for launches, by its name; the newest if none is given.

    Raises:
        RefusedError: if there is none.
    """
    known = {one.name: one for one in foreseeing(desk)}
    remedy = "run one on a list with windows.at_risk: arrival"
    return picked(known, name, expected="expected a run that answers for launches or leads", remedy=remedy)[1]


def in_words(drawn: Drawn, found: Foreseen) -> dict[str, Any]:
    """An answer in the language spoken: the chance, its reasons, moves, and every other value that was compared."""
    name = drawn.run.first.name
    reasons = worded(found.reasons, ["this"], by="user_id").iloc[0].tolist() if len(found.reasons) else []
    moves = worded_moves(found.moves, ["this"]).iloc[0].tolist() if (found.moves["place"] > 0).any() else []
    return {
        "chance": words.value(f"p_{name}", found.chance),
        "told": told(drawn, found.chance),
        "reasons": [one for one in reasons if one],
        "moves": [one for one in moves if one],
        "values": compared(found),
    }


def told(drawn: Drawn, chance: float) -> str:
    """A chance as a number of users."""
    first, n = drawn.run.first, f"{100 * chance:.0f}"
    if first.outcome:
        return first.say("Of 100 users like this one, about {n} end as “{outcome}”.", n=n)
    return say("Of 100 users like this one, about {n} fall silent.", n=n)


def compared(found: Foreseen) -> dict[str, list[tuple[str, str, str]]]:
    """The other values of each attribute that can be changed: the value, its chance, and the change in points."""
    by_attribute: dict[str, list[tuple[str, str, str]]] = {}
    for row in records(found.moves):
        between = say("{change} points, {low} to {high}", **{name: points(getattr(row, name)) for name in _CHANGES})
        value = value_words(row.kind, row.value_to, row.level_to)
        by_attribute.setdefault(readable(row.attribute), []).append((value, words.share(row.chance), between))
    return by_attribute


def _page(
    request: Request,
    drawn: Drawn,
    given: dict[str, str],
    day: str,
    *,
    wrong: str = "",
    found: dict[str, Any] | None = None,
) -> HTMLResponse:
    return page(
        request,
        "launch.html",
        status=422 if wrong else 200,
        drawn=drawn,
        target=drawn.run.first,
        fields=forms.fields_of(drawn.run),
        given=given,
        day=day,
        wrong=wrong,
        found=found,
    )
