"""Proxies: a reverse proxy that has logged people in, and how nobody else is taken for it."""

import re
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Self

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from churn.errors import UserError

PEER = "churn.peer"  # of a request: the address from which it came, whatever headers say
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
_SITE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Proxy:
    """A reverse proxy that says in a header whom it has logged in.

    Args:
        header: The header's name.
        addresses: The proxy's own, from which alone the header is believed.
        site: The name by which browsers call it.
    """

    header: str
    addresses: tuple[str, ...]
    site: str
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)  # for the keys of forms

    @classmethod
    def of(cls, header: str | None, addresses: str | None, site: str | None) -> Self:
        """A proxy by the options of `churn serve`.

        Raises:
            UserError: for one without the others, or a value that cannot be one.

        Example:
            >>> Proxy.of("X-Remote-User", "10.0.0.2, 10.0.0.3", "lists.example").addresses
            ('10.0.0.2', '10.0.0.3')
        """
        named = {"--trust-header": header, "--trusted-proxy": addresses, "--site": site}
        if lacking := [name for name, value in named.items() if not value]:
            raise UserError(f"expected {', '.join(named)} together", f"no {lacking[0]}", "name all three, or none")
        if not _HEADER.fullmatch(header or ""):
            raise UserError("expected the name of a header in --trust-header", repr(header), "such as X-Remote-User")
        if not _SITE.fullmatch(site or ""):
            raise UserError("expected the name of a host in --site", repr(site), "such as lists.example")
        every = tuple(_address(one.strip()) for one in (addresses or "").split(","))
        return cls(header or "", every, (site or "").lower())


class Peer:
    """The outermost to hear a request: it keeps the address from which it came, before a header replaces it.

    Args:
        app: The application.
        proxies: The addresses whose X-Forwarded-For and X-Forwarded-Proto are believed.
    """

    def __init__(self, app: ASGIApp, proxies: tuple[str, ...]) -> None:
        self._app: Any = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type] # two names of one type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        client = scope.get("client") or ("",)
        await self._app({**scope, PEER: client[0]}, receive, send)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        expected = "expected addresses in --trusted-proxy"
        raise UserError(expected, repr(text), "write them as 10.0.0.2, with commas between") from error
