"""Containerfile and compose.yaml: their steps, read as they stand, since no container is built by the tests."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from churn.commands import COMMANDS

ROOT = Path(__file__).parents[1]
STEPS = [
    (found[1], found[2])
    for found in re.finditer(r"^([A-Z]+) (.+)$", (ROOT / "Containerfile").read_text(encoding="utf8"), re.MULTILINE)
]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf8"))


def steps(name):
    """The arguments of every step of a name, in their order."""
    return [argument for step, argument in STEPS if step == name]


def test_what_is_copied_is_there_and_let_through_by_the_ignore_file():
    let_through = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    for argument in steps("COPY"):
        *sources, _ = shlex.split(argument)
        assert all((ROOT / source).exists() for source in sources)
        assert {*sources} <= let_through


def test_what_is_installed_is_an_extra_of_the_package_by_the_tested_set():
    (install,) = [step for step in steps("RUN") if step.startswith("pip install")]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = re.search(r"\.\[([\w,]+)\]", install)[1].split(",")
    assert {*asked} <= {*extras} and "serve" in asked
    assert "--constraint constraints.txt" in install


def test_it_runs_as_an_ordinary_user_that_owns_its_folder_alone():
    names = [name for name, _ in STEPS]
    assert steps("USER") == ["churn"]
    assert names.index("USER") < names.index("ENTRYPOINT") and "RUN" not in names[names.index("USER") :]


def test_its_check_tells_a_server_that_answers_from_one_that_does_not():
    command = json.loads(steps("HEALTHCHECK")[0].partition("CMD ")[2])

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = command[-1].replace(":8000/", f":{server.server_port}/")
        assert code != command[-1]
        assert subprocess.run([sys.executable, *command[1:-1], code], check=False).returncode == 0
        wrong = code.replace("/health", "/elsewhere")
        assert subprocess.run([sys.executable, *command[1:-1], wrong], stderr=-3, check=False).returncode != 0
        server.shutdown()


@pytest.mark.parametrize("name", ["server", "nightly"])
def test_a_service_runs_a_command_of_churn_with_a_read_only_root(name):
    service = COMPOSE["services"][name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["command"][0] in COMMANDS
    written = [volume.split(":") for volume in service["volumes"]]
    assert [place for _, place, *how in written if how != ["ro"]] == ["/work/runs"]
    assert service["build"]["dockerfile"] == "Containerfile"


def test_no_password_stands_in_the_files():
    text = (ROOT / "compose.yaml").read_text() + (ROOT / "Containerfile").read_text()
    assert set(re.findall(r"(?i)password[^\n]*?(\$\{?\w+)", text)) == {"${CHURN_DB_PASSWORD"}


@pytest.mark.slow
def test_the_served_command_asks_for_accounts(tmp_path):
    (tmp_path / "runs").mkdir()
    words = [sys.executable, "-m", *json.loads(steps("ENTRYPOINT")[0]), *json.loads(steps("CMD")[0])]
    given = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=given, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2 and "add-user" in done.stderr
