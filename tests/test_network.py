"""No command needs a network, or looks for one: each is run where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from churn.data import example_frames

pytestmark = pytest.mark.slow
QUIET = {"models": ["churn.models.Logistic"], "tuning": {"trials": 1}, "verdicts": {"ask": []}}
WATCHED = """  # the command line, ended at once where a socket is connected or a name looked up
import os, sys
sys.addaudithook(lambda event, _: os._exit(77) if event in ("socket.connect", "socket.getaddrinfo") else None)
from churn.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    for name, frame in example_frames().items():
        frame.to_parquet(folder / f"{name}.parquet")
    explanation = {"windows": 300, "sample": 20, "trees": 5, "rounds": 2, "seeds": 1}
    rest = {"explanation": explanation, "evaluation": {"repetitions": 20}, "segments": {"groups": {"max": 1}}}
    data = {"data": {name: f"{name}.parquet" for name in ("events", "stickers", "members")}}
    (folder / "churn.yaml").write_text(yaml.safe_dump(data | QUIET | rest))
    return folder


def test_a_run_its_scores_and_its_pages_are_made_without_a_network(place):
    cut_off = ["unshare", "--net"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*cut_off, "true"], capture_output=True, check=False).returncode
    ):
        cut_off = []  # the watch below is left
    given = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    config = ["--config", "churn.yaml", "--quiet"]
    for command in (
        ["check", *config],
        ["run", *config, "--out", "run"],
        ["score", *config, "--run", "run", "--cutoff", "2024-03-10", "--out", "scores"],
        ["outcomes", *config, "--run", "scores"],
        ["report", "--run", "run", "--quiet"],
    ):
        done = subprocess.run(
            [*cut_off, sys.executable, "-c", WATCHED, *command],
            cwd=place,
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 3), f"{command[0]}: {done.returncode} {done.stderr}"
