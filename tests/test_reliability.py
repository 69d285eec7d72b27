"""experiments/reliability: a few cases of each trial, so that the trials themselves keep working."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
TRIALS = ROOT / "experiments" / "reliability"


def tried(name, *options):
    """What a trial says of its cases."""
    command = [sys.executable, TRIALS / f"{name}.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("name", "seed"), [("tables", "1000"), ("configurations", "0")])
def test_bad_input_is_answered(name, seed):
    assert sum(tried(name, "--cases", "25", "--seed", seed)["ended"].values()) == 25


def test_what_changes_nothing_in_a_log_changes_nothing_in_its_windows():
    assert tried("metamorphic", "--cases", "2")["wrong"] == {}


@pytest.mark.parametrize("kind", ["kill", "full", "fsync"])
def test_a_command_that_a_disk_or_a_signal_ended_is_done_by_the_next(kind):
    if shutil.which("gcc") is None:
        pytest.skip("gcc, which builds the library that stands before the disk, is not here")
    assert tried("faults", "--kind", kind, "--command", "simulate", "--cases", "4")["wrong"] == 0
