"""The API: lists, users, contacts and health for programs, page by page."""

from hashlib import sha256
from json import dumps
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from churn.artefacts import declared
from churn.errors import UserError
from churn.serving import history, shown, work
from churn.serving.access import Asking, Marker, Viewer
from churn.serving.catalogue import Drawn
from churn.serving.lists import first_of
from churn.serving.refusals import RefusedError
from churn.serving.today import Wanted
from churn.serving.work import Change, State

router = APIRouter()
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, "content": {"application/problem+json": {}}}
    for status, said in {
        400: "A body that is none",
        401: "Nobody that the server knows",
        403: "The role does not reach as far",
        404: "No such list or user",
        411: "A body without a length",
        413: "A body that is too large",
        422: "Something that cannot be asked for",
        503: "The store cannot be reached, or another request is scored",
    }.items()
}


class Marking(BaseModel):
    """A change for some users of a list.

    Args:
        action: contacted, not_reached, open, stop, resume, assign, unassign, snooze or wake.
        value: The person of assign, the day of snooze.
        note: Words that are kept for each user.
        users: The version of each user that was seen, by id; 0 for one of whom nothing was decided.
    """

    action: str
    value: str = Field("", max_length=200)
    note: str = Field("", max_length=history.LONGEST_NOTE)
    users: dict[str, Annotated[int, Field(ge=0, lt=2**31 - 1)]] = Field(min_length=1, max_length=1_000)


@router.get("/health")
def health(desk: Asking) -> dict[str, Any]:
    """The state of the server: ok if it can read its folder and its store, else a problem."""
    if not desk.catalogue.root.is_dir():
        remedy = "bring it back, or start the server with another --runs"
        raise RefusedError(503, UserError(f"expected a folder at {desk.catalogue.root}", "none", remedy))
    with desk.store.reading() as connection:
        history.told(connection, most=1)
    return {"status": "ok"}


@router.get("/metrics", responses=PROBLEMS, response_class=PlainTextResponse)
def metrics(request: Request, desk: Asking, visitor: Viewer) -> PlainTextResponse:
    """Answers by status and time, and the lists that are shown, for Prometheus."""
    gauges = {"churn_lists": len(desk.catalogue.lists()), "churn_folders_refused": len(desk.catalogue.refused())}
    return PlainTextResponse(request.app.state.metrics.text(gauges), media_type="text/plain; version=0.0.4")


@router.get("/api/v1/lists", responses=PROBLEMS)
def lists(desk: Asking, visitor: Viewer) -> dict[str, Any]:
    """The lists, the newest first."""
    return {"lists": [_list(one) for one in desk.catalogue.lists()]}


@router.get("/api/v1/users", responses=PROBLEMS)
def users(request: Request, desk: Asking, visitor: Viewer, wanted: Annotated[Wanted, Depends()]) -> Response:
    """A page of a list's users; `next` is the value of `at` for the following one."""
    drawn = desk.catalogue.named(wanted.list)
    found = desk.page(drawn, wanted.asked(drawn), wanted.status, visitor.name)
    states = desk.states(drawn, [user["user_id"] for user in found.users])
    rows = [_user(user, states[user["user_id"]]) for user in found.users]
    told = {"list": _list(drawn), "found": found.found, "users": rows, "next": found.following}
    return _tagged(request, told)


@router.get("/api/v1/user", responses=PROBLEMS)
def user(request: Request, desk: Asking, visitor: Viewer, id: str, list: str = "") -> Response:
    """A user: the scores, the reasons in words, whether the list holds the user back, and the work."""
    drawn = desk.catalogue.named(list)
    scored = desk.lists.of_users(drawn, declared.SCORES, [id]) if "\0" not in id else None
    if scored is None or scored.empty:
        raise RefusedError(404, UserError(f"expected a user of {drawn.name}", repr(id[:100]), "search for the user"))
    listed = first_of(desk.lists.of_users(drawn, declared.PRIORITY, [id]))
    facts = _user({**first_of(scored), **listed}, desk.states(drawn, [id])[id])
    reasons = shown.reasons(desk.lists, drawn, [id]).get(id, [])
    held = bool(desk.held_back(drawn, [id]))
    return _tagged(request, {"list": _list(drawn), **facts, "held_back": held, "reasons": reasons})


@router.get("/api/v1/contacts", responses=PROBLEMS)
def contacts(
    desk: Asking, visitor: Viewer, list: str = "", after: Annotated[str, Query(max_length=600)] = ""
) -> dict[str, Any]:
    """The users who were contacted or not reached by a list, by id; `next` is the value of `after` for the next."""
    drawn = desk.catalogue.named(list)
    with desk.store.reading() as connection:
        rows = work.touched(connection, drawn.id, after=after.replace("\0", ""))
    return {"list": _list(drawn), "contacts": rows, "next": rows[-1]["user_id"] if len(rows) == work.ROWS else None}


@router.post("/api/v1/contacts", responses=PROBLEMS)
def mark(desk: Asking, visitor: Marker, marking: Marking, list: str = "") -> dict[str, Any]:
    """Mark users as pages do: held-back users are refused, and so is whoever was changed since the version seen."""
    for user_id in marking.users:
        if any("\ud800" <= sign <= "\udfff" for sign in user_id):  # halves of signs, which no file can hold
            raise RefusedError(422, UserError("expected ids of whole signs", repr(user_id[:60]), "correct the text"))
    drawn = desk.catalogue.named(list)
    change = Change(visitor.name, marking.action, drawn.id, drawn.name, marking.value.strip())
    done = desk.mark(drawn, change, marking.users, note=marking.note)
    return {
        "changed": done.changed,
        "stale": {one.user_id: one.version for one in done.stale},
        "held_back": done.held,
        "do_not_contact": done.stopped,
        "unknown": done.unknown,
    }


def _list(drawn: Drawn) -> dict[str, Any]:
    numbers = {name: int(drawn.segment[name]) for name in ("scored", "listed")}
    held = int(drawn.segment["control"]["held_back"])
    return {"name": drawn.name, "id": drawn.id, "cutoff": str(drawn.cutoff), **numbers, "held_back": held}


def _user(row: dict[str, Any], state: State) -> dict[str, Any]:
    """A row of a list as JSON, and the work on the user."""
    facts = {name: plain(value) for name, value in row.items() if name not in ("key", "row", "file_row_number")}
    return {**facts, "status": state.status, "assignee": state.assignee, "version": state.version}


def plain(value: Any) -> Any:
    """A value as JSON has it: null for what is not known, a day as 2024-03-01."""
    if value is None or value != value:
        return None
    return value if isinstance(value, str | int | float) else str(value)[:10]


def _tagged(request: Request, told: dict[str, Any]) -> Response:
    """An answer with its ETag; empty where the asker has it already."""
    body = dumps(told, ensure_ascii=False).encode()
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
