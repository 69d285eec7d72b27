"""The door: the one-time link, the login and the way out."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from churn.errors import UserError
from churn.language import say
from churn.serving import accounts
from churn.serving.access import SESSION, Asking, Checked, Sent, Viewer, cookie
from churn.serving.page import local, page, speaking_to
from churn.serving.refusals import RefusedError

router = APIRouter()


@router.get("/enter", response_class=HTMLResponse)
def enter(request: Request, desk: Asking, key: str = "") -> Response:
    """Let in whoever started the server, by the link that it printed."""
    link = request.app.state.link
    if link is None or not link.used(key):
        error = UserError("expected the link that the server printed", "one that was used or is none", "start it again")
        raise RefusedError(403, error)
    response = RedirectResponse("/", 303)
    cookie(request, response, SESSION, accounts.begin(desk.store, request.app.state.owner))
    return response


@router.get("/login", response_class=HTMLResponse)
def login(request: Request, next: str = "/") -> HTMLResponse:
    """The form of the login."""
    with speaking_to(request):
        return page(request, "login.html", next=local(next), wrong="", name="", linked=request.app.state.link)


@router.post("/login", response_class=HTMLResponse)
def log_in(request: Request, desk: Asking, form: Sent) -> Response:
    """Let somebody in by name and password."""
    name, back = form.get("name").strip(), local(form.get("next"))
    keys = (f"name {name[:200]}", f"address {request.client.host if request.client else ''}")
    with speaking_to(request):
        wait = desk.throttle.waits(*keys)
        secret = None if wait else accounts.log_in(desk.store, name, form.get("password"))
        if secret is not None:
            response = RedirectResponse(back, 303)
            cookie(request, response, SESSION, secret)
            return response
        if not wait:
            desk.throttle.failed(*keys)
        minutes = int(wait // 60) + 1
        wrong = (
            say("Too many tries: wait {minutes} min.", minutes=minutes)
            if wait
            else say("The name or the password is wrong.")
        )
        values = {"next": back, "wrong": wrong, "name": name[:200], "linked": request.app.state.link}
        return page(request, "login.html", status=429 if wait else 403, **values)


@router.post("/logout")
def log_out(request: Request, desk: Asking, visitor: Viewer, form: Checked) -> Response:
    """End the session."""
    accounts.end(desk.store, request.cookies.get(SESSION, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION)
    return response
