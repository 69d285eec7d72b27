"""docs/operations: the files that run a night, as they stand."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from churn.artefacts.prometheus import HELP
from churn.cli import main
from churn.commands import COMMANDS
from churn.data import example_frames

FILES = Path(__file__).parents[1] / "docs" / "operations"
DAYS = pd.date_range("2024-03-10", "2024-03-18", freq="8D")  # of two nights whose second follows the first up
CONFIG = {
    "data": {"events": "events.parquet", "members": "members.parquet", "features": ["totals"]},
    "models": ["churn.models.Logistic"],
    "tuning": {"trials": 1},
    "evaluation": {"repetitions": 20},
    "verdicts": {"ask": []},
    "explanation": {"windows": 300, "sample": 20, "trees": 5, "rounds": 2, "seeds": 1},
    "segments": {"groups": {"max": 1}, "anomalies": {"number": 0}, "control": {"share": 0.2}},
    "explore": {"journeys": False},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder that the page describes, with a run that scores."""
    folder = tmp_path_factory.mktemp("churn")
    for name, frame in example_frames().items():
        frame.to_parquet(folder / f"{name}.parquet")
    (folder / "churn.yaml").write_text(yaml.safe_dump(CONFIG))
    (folder / "delivery.yaml").write_text("owner: crm\nfresh_days: 10000\nfolder: {to: out}\n")
    shutil.copy(FILES / "nightly.sh", folder)
    command = folder / "bin" / "churn"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m churn "$@"\n')
    command.chmod(0o755)
    here = Path.cwd()
    try:
        os.chdir(folder)
        assert main(["run", "--config", "churn.yaml", "--out", "runs/2024-03", "--quiet"]) == 0
    finally:
        os.chdir(here)
    (folder / "runs" / "current").symlink_to("2024-03")
    (folder / "metrics").mkdir()
    return folder


def night(place, day):
    """The exit code of a night."""
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    root = str(Path(__file__).parents[1])
    given = os.environ | {"PATH": path, "CHURN_METRICS": str(place / "metrics"), "PYTHONPATH": root}
    return subprocess.run(["./nightly.sh", day], cwd=place, env=given, check=False).returncode


@pytest.mark.slow
def test_two_nights_make_lists_deliver_them_and_follow_up_the_first(place):
    first, second = (str(day.date()) for day in DAYS)
    assert night(place, first) == 0
    assert night(place, second) in (0, 3)
    assert (place / "lists" / first / "outcomes" / "outcomes.json").exists()
    assert "churn_cutoff_timestamp_seconds" in (place / "metrics" / "churn.prom").read_text()
    told = [json.loads(line) for line in (place / "logs" / f"{second}.jsonl").read_text().splitlines()]
    ended = {one["command"]: one["exit_code"] for one in told if "command" in one}
    assert (ended["score"], ended["deliver"]) == (0, 0) and ended["outcomes"] in (0, 3)
    held = pd.read_csv(place / "lists" / second / "control.csv").query("group == 'control'").user_id
    newest = max((place / "out").rglob("*.csv"), key=lambda path: path.stat().st_mtime_ns)
    assert len(held) and not {*held} & {*pd.read_csv(newest).user_id}


@pytest.mark.slow
def test_a_night_that_is_run_again_is_what_it_was_and_one_past_the_log_ends_with_2(place):
    day = str(DAYS[0].date())
    night(place, day)
    before = (place / "lists" / day / "priority.csv").read_bytes(), sorted((place / "out").rglob("*.csv"))
    assert night(place, day) == 0
    assert ((place / "lists" / day / "priority.csv").read_bytes(), sorted((place / "out").rglob("*.csv"))) == before
    assert night(place, "2025-01-01") == 2
    last = json.loads((place / "logs" / "2025-01-01.jsonl").read_text().splitlines()[-1])
    assert last["command"] == "score" and last["exit_code"] == 2 and last["error"].startswith("expected")
    assert not (place / "lists" / "2025-01-01").exists()


def test_a_line_of_the_crontab_is_five_fields_and_a_command_whose_percent_signs_are_escaped():
    lines = [line for line in (FILES / "crontab").read_text().splitlines() if re.match(r"[\d*]", line)]
    assert lines
    for line in lines:
        *when, command = line.split(maxsplit=5)
        assert len(when) == 5 and all(re.fullmatch(r"[\d*,/-]+", one) for one in when)
        assert not re.search(r"(?<!\\)%", command)


def test_the_units_of_systemd_are_as_it_takes_them(tmp_path):
    for name in ("churn.service", "churn.timer"):
        unit = configparser.RawConfigParser(strict=False)
        unit.optionxform = str
        unit.read(FILES / name)
        assert "Unit" in unit
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze, which knows every key, is not here")
    for name in ("churn.service", "churn.timer"):
        text = (FILES / name).read_text().replace("/srv/churn/nightly.sh", "/bin/true")
        (tmp_path / name).write_text(text)
    units = [str(tmp_path / name) for name in ("churn.service", "churn.timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert "Unknown" not in done.stderr and "churn" not in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["nightly.sh", "airflow_dag.py", "dagster_job.py"])
def test_a_scheduler_s_commands_and_options_are_churn_s(name, capsys):
    text = (FILES / name).read_text()
    if name.endswith(".py"):
        compile(text, name, "exec")
    called = {word for word in re.findall(r'(?:churn|log|context,) "?(\w+)', text) if word in COMMANDS}
    assert called == {"score", "deliver", "outcomes"}
    options = set(re.findall(r"--(run|config|cutoff|out|log)\b", text))
    assert options == {"run", "config", "cutoff", "out", "log"}


def test_an_alert_asks_for_metrics_that_there_are():
    told = yaml.safe_load((FILES / "alerts.yml").read_text())
    rules = [rule for group in told["groups"] for rule in group["rules"]]
    assert rules and all(rule["annotations"]["summary"] for rule in rules)
    assert {name for rule in rules for name in re.findall(r"churn_\w+", rule["expr"])} <= {*HELP}
