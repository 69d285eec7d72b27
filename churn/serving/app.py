"""The application: its routes, what stands before them, and the pages and problems that tell of errors."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from churn import __version__
from churn.errors import UserError
from churn.language import say
from churn.serving import admin, api, entry, folders, launches, marking, person, questions, today, tryit
from churn.serving.access import Link, desk
from churn.serving.desk import Desk
from churn.serving.guard import HEADERS, Guard
from churn.serving.metrics import Metrics
from churn.serving.page import link as address
from churn.serving.page import page, speaking_to
from churn.serving.proxy import Proxy
from churn.serving.refusals import NotLetInError, RefusedError
from churn.serving.store import unreachable

_LOOK_SECONDS = 5  # between looks for new lists, of which the newest are made ready before anybody asks
_THREADS = 6  # requests at a time, which bounds the memory; further ones wait
ROOMS = (entry, today, person, marking, folders, admin, api, questions, launches, tryit)
_PROBLEM = "application/problem+json"


def application(
    desk: Desk,
    *,
    link: Link | None = None,
    owner: str = "admin",
    hosts: Sequence[str] | None = None,
    proxy: Proxy | None = None,
) -> FastAPI:
    """The web application.

    Args:
        desk: The lists and the store.
        link: The one-time link; None where accounts alone let in.
        owner: The name of whoever enters by the link.
        hosts: The names by which the server may be called; None for any.
        proxy: The reverse proxy that logs people in.
    """
    app = FastAPI(
        title="churn",
        version=__version__,
        lifespan=_bounded,
        docs_url=None,  # it would load scripts of others
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.proxy = proxy
    app.state.desk, app.state.link, app.state.owner, app.state.metrics = desk, link, owner, Metrics()
    for room in ROOMS:
        app.include_router(room.router, include_in_schema=room in (api, questions))
    app.mount("/assets", StaticFiles(directory=Path(__file__).parent / "assets"))
    app.add_middleware(Guard, hosts=hosts, metrics=app.state.metrics)
    app.add_exception_handler(NotLetInError, _not_let_in)
    for kind in (RefusedError, UserError, DBAPIError, PoolTimeout, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _told)
    return app


@asynccontextmanager
async def _bounded(app: FastAPI) -> AsyncIterator[None]:
    """Bound the requests at a time, and have the newest lists ready while the server runs."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    ended = threading.Event()
    warming = threading.Thread(target=_warm, args=(app.state.desk, ended), daemon=True)
    warming.start()
    yield
    ended.set()
    await anyio.to_thread.run_sync(warming.join)


def _warm(desk: Desk, ended: threading.Event) -> None:
    while not ended.wait(_LOOK_SECONDS):
        desk.lists.warm(desk.catalogue.lists()[: person.EARLIER])


def _not_let_in(request: Request, _: Exception) -> Response:
    error = UserError("expected a session or a token", "none that is known", "log in, or send Authorization: Bearer")
    if _is_api(request):
        return _problem(401, error)
    asked = f"{request.url.path}?{request.url.query}" if request.method == "GET" else "/"
    return RedirectResponse(address("/login", next=asked if asked != "/?" else ""), 303)


def _told(request: Request, error: Exception) -> Response:
    """A clear page, or a problem for a program, for any error."""
    status, said = _meaning(request, error)
    answer = _problem(status, said) if _is_api(request) else _page(request, status, said)
    for name, value in HEADERS.items():  # a fault of the program is answered outside of `Guard`
        answer.headers.setdefault(name, value)
    return answer


def _page(request: Request, status: int, said: UserError) -> Response:
    with speaking_to(request):
        titles = {403: say("Not allowed"), 404: say("Not found"), 409: say("Changed meanwhile")}
        title = titles.get(status, say("That did not work"))
        return page(request, "error.html", status=status, title=title, error=str(said))


def _meaning(request: Request, error: Exception) -> tuple[int, UserError]:
    """The status of an error, and what to tell of it."""
    if isinstance(error, RefusedError):
        return error.status, error.error
    if isinstance(error, UserError):
        return (404 if error.expected.startswith("expected a list in") else 422), error
    if isinstance(error, DBAPIError | PoolTimeout):
        return 503, unreachable(error, desk(request).store.url)
    if isinstance(error, RequestValidationError):
        first: Any = next(iter(error.errors()), {})
        where = ".".join(map(str, first.get("loc", ())))
        return 422, UserError(f"expected {where} as described", first.get("msg", "another"), "correct it")
    if isinstance(error, HTTPException):
        found = f"{request.method} {request.url.path[:200]}"
        return error.status_code, UserError("expected a page of this server", found, "begin at the first page")
    return 500, UserError("expected an answer", f"a fault of the program, {type(error).__name__}", "report it")


def _problem(status: int, error: UserError) -> JSONResponse:
    """An error as RFC 9457 has it, with the three parts of every error of this program."""
    told = {"type": "about:blank", "title": str(error.expected), "status": status, "detail": str(error)}
    parts = {"expected": error.expected, "found": str(error.found), "remedy": error.remedy}
    headers = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "5"}}.get(status)
    return JSONResponse({**told, **parts}, status, headers, _PROBLEM)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/") or request.url.path in ("/health", "/metrics")
