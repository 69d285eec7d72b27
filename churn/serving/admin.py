"""The page of the admins: who may come in, and all that was done."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from churn.errors import UserError
from churn.serving import accounts, history
from churn.serving.access import Admin, Asking, Checked
from churn.serving.desk import Desk
from churn.serving.page import page, speaking_to
from churn.serving.refusals import RefusedError

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
        accounts.revoke_token(desk.store, name, by=visitor.name)
    elif action == "token":
        return _page(request, desk, token=accounts.add_token(desk.store, name, role, by=visitor.name))
    else:
        raise RefusedError(422, UserError("expected shut, revoke or token", repr(action[:60]), "load the page again"))
    return RedirectResponse("/people", 303)


def _page(request: Request, desk: Desk, *, token: str = "") -> HTMLResponse:
    named, given = accounts.everyone(desk.store)
    with desk.store.reading() as connection:
        told = history.told(connection)
    with speaking_to(request):
        around: dict[str, Any] = {"told": told, "roles": accounts.ROLES, "token": token}
        return page(request, "people.html", accounts=named, tokens=given, **around)
