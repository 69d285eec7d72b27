"""The page of the admins: who may come in, and all that was done."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from churn.errors import UserError
from churn.serving import accounts, history, tokens
from churn.serving.access import Admin, Asking, Checked
from churn.serving.desk import Desk
from churn.serving.page import page, speaking_to
from churn.serving.refusals import RefusedError
from churn.serving.store import now

router = APIRouter()


@router.get("/people", response_class=HTMLResponse)
def people(request: Request, desk: Asking, visitor: Admin) -> HTMLResponse:
    """Accounts, tokens and the newest of the history."""
    return _page(request, desk)


@router.post("/people", response_class=HTMLResponse)
def change(request: Request, desk: Asking, visitor: Admin, form: Checked) -> Response:
    """Shut an account, or make or revoke a token, which is shown this once."""
    name, role, action = form.get("name").strip(), form.get("role"), form.get("action")
    if action == "shut":
        accounts.remove_user(desk.store, name, by=visitor.name)
    elif action == "revoke":
        tokens.revoke_token(desk.store, name, by=visitor.name)
    elif action == "token":
        days = _days(form.get("days").strip())
        token = tokens.add_token(desk.store, name, role, by=visitor.name, scopes=form.every("scope"), days=days)
        return _page(request, desk, token=token)
    else:
        raise RefusedError(422, UserError("expected shut, revoke or token", repr(action[:60]), "load the page again"))
    return RedirectResponse("/people", 303)


def _days(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise RefusedError(422, UserError("expected a number of days", repr(text[:60]), "leave it empty for no end"))
    return int(text) if text else None


def _page(request: Request, desk: Desk, *, token: str = "") -> HTMLResponse:
    named, given = accounts.everyone(desk.store)
    with desk.store.reading() as connection:
        told = history.told(connection)
    with speaking_to(request):
        around: dict[str, Any] = {
            "told": told,
            "roles": accounts.ROLES,
            "scopes": accounts.SCOPES,
            "now": now(),
            "token": token,
        }
        return page(request, "people.html", accounts=named, tokens=given, **around)
