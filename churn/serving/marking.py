"""Marking: the one way in which pages change what is known of the work on users."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from churn.errors import UserError
from churn.serving import person
from churn.serving.access import Asking, Checked, Form, Team
from churn.serving.accounts import Visitor
from churn.serving.catalogue import Drawn
from churn.serving.desk import Desk
from churn.serving.page import local, page, speaking_to
from churn.serving.refusals import RefusedError
from churn.serving.work import Change, Done

router = APIRouter()


@router.post("/work", response_class=HTMLResponse)
def mark(request: Request, desk: Asking, visitor: Team, form: Checked) -> Response:
    """Mark the users that a form names, each with the version that was seen: `version:id`."""
    drawn, action, back = desk.catalogue.named(form.get("list")), form.get("action"), local(form.get("back"))
    users, note = _users(form), form.get("note")
    with speaking_to(request, drawn):
        if not users:
            raise RefusedError(422, UserError("expected users to mark", "none", "choose some, and mark them again"))
        if action == "note":
            return _noted(request, desk, visitor, drawn, *users, note=note, back=back)
        value = form.get({"assign": "assignee", "snooze": "until"}.get(action, ""))
        change = Change(visitor.name, action, drawn.id, drawn.name, value.strip())
        done = desk.mark(drawn, change, users, note=note)
        if len(done.changed) == len(users):
            return RedirectResponse(back, 303)
        if form.get("page") == "user" and len(users) == 1:
            return person.shown_again(request, desk, visitor, drawn, next(iter(users)), done)
        return page(request, "marked.html", status=409, done=done, drawn=drawn, back=back)


def _noted(
    request: Request, desk: Desk, visitor: Visitor, drawn: Drawn, user_id: str, *_: Any, note: str, back: str
) -> Response:
    if not desk.note(drawn, visitor.name, user_id, note):
        return page(request, "marked.html", status=409, done=Done(unknown=[user_id]), drawn=drawn, back=back)
    return RedirectResponse(back, 303)


def _users(form: Form) -> dict[str, int]:
    """The versions that were seen, by user.

    Raises:
        RefusedError: for one that is none.
    """
    found = {}
    for text in form.every("user"):
        version, apart, user_id = text.partition(":")
        if not (apart and version.isascii() and version.isdecimal() and len(version) <= 9):
            error = UserError("expected users as version:id", repr(text[:60]), "load the page again")
            raise RefusedError(422, error)
        found[user_id] = int(version)
    return found
