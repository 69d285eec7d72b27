"""Access: who asks, what a role may do, and forms that only the own pages can send."""

import hmac
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from churn.errors import UserError
from churn.serving import accounts
from churn.serving.accounts import Visitor
from churn.serving.desk import Desk
from churn.serving.proxy import PEER, Proxy
from churn.serving.refusals import NotLetInError, RefusedError
from churn.serving.tokens import of_token

SESSION, LANGUAGE, KEY = "churn_session", "churn_language", "form_key"
_FIELDS, _FILES = 2_000, 20  # of a form


@dataclass
class Link:
    """The link that lets whoever started the server in, once.

    Example:
        >>> link = Link()
        >>> link.used(link.key), link.used(link.key)
        (True, False)
    """

    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def used(self, key: str) -> bool:
        """Use the link, if it is the right one and was not used before."""
        with self._lock:
            right = bool(self.key) and hmac.compare_digest(key.encode(), self.key.encode())
            self.key = "" if right else self.key
            return right


def desk(request: Request) -> Desk:
    """The desk of the server."""
    found: Desk = request.app.state.desk
    return found


def visitor(request: Request) -> Visitor:
    """Whoever asks, by a token, a session or what a trusted proxy says.

    Raises:
        NotLetInError: if it is nobody.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = of_token(desk(request).store, token.strip())
    else:
        secret = request.cookies.get(SESSION, "")
        found = accounts.of_session(desk(request).store, secret) if secret else _by_proxy(request)
    if found is None:
        raise NotLetInError
    request.state.visitor = found
    return found


def _by_proxy(request: Request) -> Visitor | None:
    """The account that the trusted proxy names in its header; nobody else's header is believed."""
    trusted: Proxy | None = request.app.state.proxy
    if trusted is None or request.scope.get(PEER) not in trusted.addresses:
        return None
    names = request.headers.getlist(trusted.header)
    return accounts.of_header(desk(request).store, names[0], trusted.secret) if len(names) == 1 else None


def at_least(role: str, scope: str = "read") -> Callable[[Visitor], Visitor]:
    """A visitor whose role reaches as far as one, and whose token, if it is one, was made for this."""

    def allowed(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
        if not found.may(role):
            raise RefusedError(403, UserError(f"expected the role {role}", found.role, "ask an admin"))
        if scope not in found.scopes:
            error = UserError(f"expected a token with the scope {scope}", ", ".join(found.scopes), "ask an admin")
            raise RefusedError(403, error)
        return found

    return allowed


def by_token(scope: str) -> Callable[[Visitor], Visitor]:
    """A program of the team, whose requests no strange page can make a browser send."""

    def allowed(found: Annotated[Visitor, Depends(at_least("team", scope))]) -> Visitor:
        if found.form_key:
            raise RefusedError(403, UserError("expected a token", "a session", "send Authorization: Bearer"))
        return found

    return allowed


async def body(request: Request, _: Annotated[Visitor, Depends(by_token("score"))]) -> bytes:
    """The body that a program sent, which is read once the program is known."""
    return await request.body()


@dataclass(frozen=True)
class Form:
    """A form that was sent."""

    fields: Sequence[tuple[str, str]]
    files: Mapping[str, bytes] = field(default_factory=dict)  # the contents, by the field's name

    def get(self, name: str) -> str:
        """The last value of a field; empty where it was not sent."""
        return next((value for found, value in reversed(self.fields) if found == name), "")

    def every(self, name: str) -> list[str]:
        """All values of a field."""
        return [value for found, value in self.fields if found == name]


async def sent(request: Request) -> Form:
    """The form of a request, of whoever is logged in or not.

    Raises:
        RefusedError: if another site sent it, or it is too large.
    """
    _of_this_site(request)
    async with request.form(max_files=0, max_fields=_FIELDS) as parts:
        return _read(parts)


def checked(form: Annotated[Form, Depends(sent)], found: Annotated[Visitor, Depends(visitor)]) -> Form:
    """The form of a session, which carries the session's key.

    Raises:
        RefusedError: if it carries another, or none.
    """
    if not found.form_key or not hmac.compare_digest(form.get(KEY).encode(), found.form_key.encode()):
        remedy = "load the page again, and send the form from there"
        raise RefusedError(403, UserError("expected a form of this session", "another or an old one", remedy))
    return form


async def uploaded(request: Request, found: Annotated[Visitor, Depends(at_least("team"))]) -> Form:
    """The form of a session with the files in it, which are read once the visitor is known.

    Raises:
        RefusedError: as `sent` and `checked`.
    """
    _of_this_site(request)
    async with request.form(max_files=_FILES, max_fields=_FIELDS) as parts:
        files = {name: await part.read() for name, part in parts.multi_items() if isinstance(part, UploadFile)}
        form = replace(_read(parts), files={name: content for name, content in files.items() if content})
    return checked(form, found)


def _of_this_site(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise RefusedError(403, UserError("expected a form of this site", f"one of {origin[:100]}", "open the page"))


def _read(parts: FormData) -> Form:
    return Form([(name, value) for name, value in parts.multi_items() if isinstance(value, str)])


def cookie(request: Request, response: Any, name: str, value: str, *, hours: int | None = None) -> None:
    """Keep a value in the browser, out of any script's reach."""
    seconds = None if hours is None else hours * 3600
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


Asking = Annotated[Desk, Depends(desk)]
Viewer = Annotated[Visitor, Depends(at_least("viewer"))]
Team = Annotated[Visitor, Depends(at_least("team"))]
Admin = Annotated[Visitor, Depends(at_least("admin"))]
Marker = Annotated[Visitor, Depends(by_token("mark"))]
Scorer = Annotated[Visitor, Depends(by_token("score"))]
Body = Annotated[bytes, Depends(body)]
Sent = Annotated[Form, Depends(sent)]
Checked = Annotated[Form, Depends(checked)]
Uploaded = Annotated[Form, Depends(uploaded)]
