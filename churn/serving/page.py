"""A page as HTML: its template, its language and the platform's words, and what stands around it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from churn.language import LANGUAGES, say, say_many, speaking, spoken
from churn.serving import words
from churn.serving.access import KEY, LANGUAGE, cookie
from churn.serving.catalogue import Drawn


@contextmanager
def speaking_to(request: Request, drawn: Drawn | None = None) -> Iterator[None]:
    """Speak the language that the reader asked for, or the browser's, or the run's; in the words of the list's run."""
    own = None if drawn is None else drawn.run
    language = _asked(request) or (own.language if own is not None and own.language in LANGUAGES else "en")
    with speaking(language, own.labels if own else None, fans=own.fans if own else True):
        yield


def page(request: Request, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the language spoken."""
    found = _environment().get_template(template)
    around = {"request": request, "visitor": getattr(request.state, "visitor", None), "language": spoken()}
    response = HTMLResponse(found.render(**around, languages=_languages(request), **values), status)
    if request.query_params.get("lang") in LANGUAGES:
        cookie(request, response, LANGUAGE, request.query_params["lang"], hours=24 * 365)
    return response


def link(path: str, **values: object) -> str:
    """A path of this server with values behind it; empty ones are left out.

    Example:
        >>> link("/user", id="a&b", list="")
        '/user?id=a%26b'
    """
    given = {name: value for name, value in values.items() if value not in (None, "", False)}
    return f"{quote(path)}?{urlencode(given)}" if given else quote(path)


def local(path: str) -> str:
    """A path of this server, to lead back to; the first page for anything else.

    Example:
        >>> local("/user?id=a"), local("//evil.example"), local("https://evil.example"), local("/\\\\evil.example")
        ('/user?id=a', '/', '/', '/')
    """
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe else "/"


def _asked(request: Request) -> str | None:
    """The language that the address, the cookie or the browser names first."""
    for named in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
        if named in LANGUAGES:
            return named
    preferred = (one.partition(";")[0].strip()[:2].lower() for one in _accepted(request))
    return next((one for one in preferred if one in LANGUAGES), None)


def _accepted(request: Request) -> list[str]:
    return request.headers.get("accept-language", "").split(",")[:10]


def _languages(request: Request) -> list[tuple[str, str, str]]:
    """The other languages: each with its own name and this page's address in it."""
    if request.method != "GET":
        return []
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return [
        (one, words.OWN_NAMES[one], f"{quote(request.url.path)}?{urlencode([*given, ('lang', one)])}")
        for one in LANGUAGES
        if one != spoken()
    ]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("churn.serving"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a server's pages stay what they were when it started
    )
    environment.globals |= {"say": say, "say_many": say_many, "words": words, "link": link, "KEY": KEY}
    return environment
