"""The command: it starts, prints a link, ends at a signal, and refuses in one line what cannot be."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from churn.cli import main
from churn.serving import Catalogue, Desk, Store, accounts
from churn.serving.work import Change

from .conftest import listed

pytestmark = pytest.mark.slow


def started(runs, *more, **given):
    command = [sys.executable, "-m", "churn", "serve", "--runs", str(runs), "--port", "0", *more]
    pipes = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "env": {**os.environ, "OMP_NUM_THREADS": "1"},
    }
    return subprocess.Popen(command, **pipes, **given)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_prints_a_link_that_lets_in_and_ends_cleanly_at_a_signal(runs, number):
    server = started(runs)
    try:
        address = re.search(r"open: (http://127\.0\.0\.1:\d+/enter\?key=\S+)", server.stdout.readline())[1]
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert "march" in opener.open(address, timeout=30).read().decode()
        server.send_signal(number)
        said = server.communicate(timeout=30)
        assert (server.returncode, said[1]) == (0, "the link works once; stop with Ctrl-C\n")
    finally:
        server.kill()
        server.wait()


def test_marks_that_were_acknowledged_survive_a_kill(runs):
    desk = Desk(Catalogue(runs), Store.of(runs, None))
    users, drawn = listed(desk, "contact", 12), desk.catalogue.named("march")
    code = f"""
from pathlib import Path
from churn.serving import Catalogue, Desk, Store
from churn.serving.work import Change
runs = Path({str(runs)!r})
desk = Desk(Catalogue(runs), Store.of(runs, None))
drawn = desk.catalogue.named("march")
for user in {users!r}:
    done = desk.mark(drawn, Change("ada", "contacted", drawn.id, drawn.name), {{user: 0}})
    print(*done.changed, flush=True)
"""
    for kill_after in (1, 4, 9):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        told = [process.stdout.readline().strip() for _ in range(kill_after)]
        process.kill()
        told += process.communicate()[0].split()
        with desk.store.reading() as connection:
            kept = connection.exec_driver_sql("SELECT user_id FROM contacts").scalars().all()
            logged = (
                connection.exec_driver_sql("SELECT user_id FROM history WHERE action = 'contacted'").scalars().all()
            )
        assert {user for user in told if user} <= set(kept)
        assert sorted(kept) == sorted(logged)
    assert desk.mark(drawn, Change("bob", "open", drawn.id, drawn.name), {users[0]: 1}).changed == users[:1]
    desk.close()


def test_another_address_demands_an_account(runs, capsys):
    assert main(["serve", "--runs", str(runs), "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "churn serve add-user NAME --role admin" in capsys.readouterr().err


def test_an_account_is_made_by_a_pipe_and_the_server_then_listens_elsewhere(runs):
    add = [sys.executable, "-m", "churn", "serve", "add-user", "ada", "--role", "team", "--runs", str(runs)]
    short = subprocess.run(add, input="short\n", text=True, capture_output=True)
    assert (short.returncode, "expected a password of 10" in short.stderr) == (2, True)
    assert subprocess.run(add, input="a long enough one\n", text=True, check=False).returncode == 0
    store = Store.of(runs, None)
    assert [(one.name, one.role) for one in accounts.everyone(store)[0]] == [("ada", "team")]
    store.close()
    server = started(runs, "--host", "0.0.0.0")
    try:
        port = re.search(r"open: http://0\.0\.0\.0:(\d+)/login\n", server.stdout.readline())[1]
        assert "Log in" in urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).read().decode()
    finally:
        server.terminate()
        server.communicate()
        assert server.returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--runs", "nowhere"], "expected a folder of runs in --runs"),
        (["--port", "99999"], "expected --port"),
        (["--host", "nowhere.invalid"], "expected"),
        (["--store", "mysql://a:s3cret@b/c"], "expected --store of SQLite or PostgreSQL"),
        (["add-user", "ada", "--role", "queen"], "expected --role out of viewer, team, admin"),
    ],
)
def test_what_cannot_be_started_is_one_line(runs, capsys, options, said):
    first = ["serve", *(options[:2] if options[0] == "add-user" else [])]
    rest = options[2:] if options[0] == "add-user" else options
    assert main([*first, "--runs", str(runs), *rest]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and "s3cret" not in error


def test_a_port_that_is_taken_is_one_line(runs, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--runs", str(runs), "--port", str(taken.getsockname()[1])]) == 2
    assert "expected to listen at" in capsys.readouterr().err


def test_a_missing_extra_is_one_line(runs, capsys, monkeypatch):
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "argon2" else known(name))
    assert main(["serve", "--runs", str(runs)]) == 2
    error = capsys.readouterr().err
    assert error == "churn: expected the extra of churn serve, got no argon2; pip install 'churn[serve]'\n"
