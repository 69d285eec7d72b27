"""The server: what `churn serve` starts, and the accounts and tokens that it makes."""

import getpass
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from churn.errors import UserError
from churn.serving import accounts
from churn.serving.access import Link
from churn.serving.app import application
from churn.serving.catalogue import Catalogue
from churn.serving.desk import Desk
from churn.serving.proxy import Peer, Proxy
from churn.serving.store import Store

LOCAL = ("127.0.0.1", "localhost")
_WAIT_SECONDS = 5  # for requests that are under way when the server is stopped


def serve(
    runs: Path, *, host: str = LOCAL[0], port: int = 8000, store: str | None = None, proxy: Proxy | None = None
) -> None:
    """Serve the lists of a folder until a signal asks to stop.

    Args:
        runs: The folder, in which runs and scorings lie.
        host: The address; any but this computer's own demands accounts.
        port: The port; 0 for any that is free.
        store: The URL of the store; by default a SQLite file in the folder.
        proxy: A reverse proxy that logs people in.

    Raises:
        UserError: if there is no such folder, the address cannot be had, or nobody has an account.
    """
    _check_folder(runs)
    opened = Store.of(runs, store)
    desk = Desk(Catalogue(runs), opened)
    try:
        link = Link() if host in LOCAL else None
        if link is None and not any(one.active for one in accounts.everyone(opened)[0]):
            remedy = f"churn serve add-user NAME --role admin --runs {runs}"
            raise UserError(f"expected an account, since {host} lets others in", "none", remedy)
        hosts = (*LOCAL, *([proxy.site] if proxy else [])) if link or proxy else None
        app = application(desk, link=link, owner=_owner(), hosts=hosts, proxy=proxy)
        with _bound(host, port) as bound:
            where = f"http://{host}:{bound.getsockname()[1]}"
            print(f"open: {where}/enter?key={link.key}" if link else f"open: {where}/login", flush=True)
            print("the link works once; stop with Ctrl-C" if link else "stop with Ctrl-C", file=sys.stderr, flush=True)
            _Server(uvicorn.Config(Peer(app, proxy.addresses if proxy else LOCAL[:1]), **_QUIET)).run(sockets=[bound])
    finally:
        desk.close()


_QUIET: dict[str, Any] = {
    "log_level": "warning",
    "access_log": False,  # addresses hold ids
    "server_header": False,
    "proxy_headers": False,  # they are read behind `Peer`
    "timeout_graceful_shutdown": _WAIT_SECONDS,
    "h11_max_incomplete_event_size": 1 << 15,  # bytes of a request's head
}


def add_user(runs: Path, name: str, role: str, *, store: str | None = None) -> None:
    """Make an account, or give one another role and password, which is asked for or read from a pipe.

    Raises:
        UserError: as `accounts.add_user`, or for two passwords that differ.
    """
    _check_folder(runs)
    opened = Store.of(runs, store)
    try:
        accounts.add_user(opened, name, role, _password(), by=_owner())
    finally:
        opened.close()


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first, again = getpass.getpass("password: "), getpass.getpass("again: ")
    if first != again:
        raise UserError("expected one password twice", "two", "type it again")
    return first


class _Server(uvicorn.Server):
    """A server for which a signal is the usual end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal, and let the program end as after any other command."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens already, so that whoever is faster than the server waits.

    Raises:
        UserError: for an address that cannot be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise _refused(host, port, error) from error
    with socket.socket(family, kind) as bound:
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen()
        except OSError as error:
            raise _refused(host, port, error) from error
        yield bound


def _refused(host: str, port: int, error: OSError) -> UserError:
    remedy = "choose another --host or --port"
    return UserError(f"expected to listen at {host}:{port}", error.strerror or error, remedy)


def _check_folder(runs: Path) -> None:
    if not runs.is_dir():
        raise UserError("expected a folder of runs in --runs", f"none at {runs}", "name the folder that holds them")


def _owner() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name in the environment, nor a user of that number
        return "admin"
