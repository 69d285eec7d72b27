"""Guard: what stands before every answer, the names of the server, the largest body, and the headers."""

import time
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churn.serving.metrics import Metrics

LARGEST = 1 << 20  # bytes of what is sent to the server, except
_LARGER = {
    "/api/v1/scores": 32 << 20,
    **dict.fromkeys(("/api/v1/what-if", "/api/v1/tags"), 12 << 20),
    **dict.fromkeys(("/try/launch", "/try/item"), 8 << 20),
}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class Guard:
    """The first to hear a request: it knows the names of the server, and the largest body; it adds the headers.

    Args:
        app: The application.
        hosts: The names by which the server may be called; None for any.
        metrics: Where answers are counted.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] | None, metrics: Metrics) -> None:
        self._app, self._hosts, self._metrics = app, hosts, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answered = self._answering(send)
        largest = _LARGER.get(scope["path"], LARGEST)
        name = headers.get("host", "").rsplit(":", 1)[0].lower()
        if self._hosts is not None and name not in self._hosts:  # a strange page's name that leads here
            await PlainTextResponse("unknown host", 421)(scope, receive, answered)
        elif not headers.get("content-length", "0").isdecimal() or int(headers.get("content-length", "0")) > largest:
            await PlainTextResponse("too large", 413)(scope, receive, answered)
        elif "chunked" in headers.get("transfer-encoding", "").lower():
            await PlainTextResponse("a length is required", 411)(scope, receive, answered)
        else:
            await self._app(scope, receive, answered)

    def _answering(self, send: Send) -> Send:
        """A sender that counts the answer, and adds headers where it has none of their names."""
        begun = time.perf_counter()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    own.setdefault(name, value)
                self._metrics.count(message["status"], time.perf_counter() - begun)
            await send(message)

        return answered
