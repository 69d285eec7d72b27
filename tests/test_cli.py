"""The command line, as users call it: real processes for the cost of starting, `main` for the rest."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import yaml

from churn import __version__, pipeline
from churn.artefacts import declared, read_json, write_text
from churn.cli import main
from churn.commands import COMMANDS
from churn.data import example_frames
from churn.folder import claimed
from churn.runs import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The example's tables as files, as a `data:` block."""
    folder = tmp_path_factory.mktemp("log")
    for name, frame in example_frames().items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return {name: str(folder / f"{name}.parquet") for name in ("events", "stickers", "members")}


@pytest.fixture
def config(log, tmp_path):
    """Writes a configuration with some keys of `data` changed, and gives its path."""

    def write(**data: object) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({"data": {k: v for k, v in (log | data).items() if v is not None}}))
        return str(path)

    return write


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refused command prints."""
    assert main([*arguments, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("churn: expected ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(option) -> None:
    script = f"import sys; from churn.cli import main; main([{option!r}]); print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = out.splitlines()[-1]
    assert not [name for name in ("torch", "shap", "pandas", "numpy", "optuna", "ibis") if f"'{name}'" in loaded]


@pytest.mark.parametrize(("given", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_asked_to_spin(given, policy) -> None:
    script = "import os; from churn.cli import main; main(['--version']); print(os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | given
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split()[-1] == policy


def test_reading_and_scoring_load_torch_only_for_a_network() -> None:
    script = "import sys, churn.pipeline, churn.runs, churn.scoring; print({'torch', 'lightning'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_names_every_command(capsys) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in (*COMMANDS, "fit", "validate", "test", "predict"):
        assert name in text


def test_version_is_the_package_s(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"churn {__version__}\n"


def test_module_and_script_are_the_same_door() -> None:
    module = [sys.executable, "-m", "churn", "--version"]
    script = [str(Path(sys.executable).with_name("churn")), "--version"]
    first, second = (subprocess.run(c, capture_output=True, text=True, check=True).stdout for c in (module, script))
    assert first == second == f"churn {__version__}\n"


@pytest.mark.parametrize("command", [*COMMANDS, "fit"])
def test_every_command_explains_itself(command) -> None:
    done = subprocess.run([sys.executable, "-m", "churn", command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "usage" in done.stdout.lower()


def test_an_unknown_command_is_refused(capsys) -> None:
    assert "'frobnicate'" in refusal(capsys, "frobnicate")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"events": "nowhere.parquet"}, "nowhere.parquet"),
        ({"evnts": "x"}, "evnts"),
        ({"event_columns": {"user_id": "owner"}}, "'owner'"),
        ({"event_columns": {"user": "user_id"}}, "user"),
        ({"event_columns": {"timestamp": "event"}}, "timestamp"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"windows": {"history_days": 0}}, "at least 1"),
        ({"windows": {"history_days": "week"}}, "week"),
        ({"split": {"val_from": "2024-03-01", "test_from": "2024-02-01"}}, "val_from < data.split.test_from"),
        ({"split": {"kind": "rnadom"}}, "rnadom"),
        ({"first_day": "2031-01-01"}, "at least one usable event"),
        ({"activity_events": ["never"]}, "never"),
    ],
)
def test_a_mistake_in_the_data_block_is_one_line_and_leaves_nothing(changes, says, config, capsys, tmp_path) -> None:
    assert says in refusal(capsys, "check", "--config", config(**changes))
    assert says in refusal(capsys, "run", "--config", config(**changes), "--out", str(tmp_path / "run"))
    left = {path.name for path in (tmp_path / "run").rglob("*")} if (tmp_path / "run").exists() else set()
    assert left <= {".churn", "config.yaml"}


def test_an_unknown_key_at_the_top_is_named(config, capsys, tmp_path) -> None:
    assert "colour" in refusal(capsys, "run", "--config", config(), "--out", str(tmp_path / "run"), "--colour", "red")


def test_an_unknown_language_is_refused_before_anything_is_read(config, capsys, tmp_path) -> None:
    said = refusal(capsys, "run", "--config", config(), "--language", "kr", "--out", str(tmp_path / "run"))
    assert "expected language out of en, ko, got 'kr'" in said


def test_an_unknown_model_is_refused_before_anything_is_read(config, capsys, tmp_path) -> None:
    arguments = [
        "run",
        "--config",
        config(events="nowhere"),
        "--out",
        str(tmp_path / "r"),
        "--models",
        "[churn.models.GPT]",
    ]
    assert "churn.models.GPT" in refusal(capsys, *arguments)


def test_an_empty_log_is_refused(config, capsys, tmp_path) -> None:
    example_frames(3, n_days=20)["events"].iloc[:0].to_parquet(tmp_path / "empty.parquet")
    assert "0 rows" in refusal(capsys, "check", "--config", config(events=str(tmp_path / "empty.parquet")))


def test_a_run_on_too_few_days_or_a_target_with_one_class_is_refused(config, capsys, tmp_path) -> None:
    one = example_frames()["stickers"].iloc[:1]
    one.to_parquet(tmp_path / "one.parquet")
    run = ["run", "--out", str(tmp_path / "run"), "--config"]
    assert "both classes of sticker" in refusal(capsys, *run, config(stickers=str(tmp_path / "one.parquet")))
    assert "at least 516 days" in refusal(capsys, *run, config(windows={"history_days": 60, "horizon_days": 60}))


def test_check_loads_nothing_that_trains(config) -> None:
    models = {"class_path": "churn.models.GRU", "init_args": {"hidden_size": 8}}
    script = "import sys; from churn.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    command = [sys.executable, "-c", script, "check", "--config", config(), "--models", f"[{json.dumps(models)}]"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split()
    assert "churn.check" in loaded
    assert not {"torch", "lightning", "pytorch_lightning", "lightgbm", "shap", "optuna", "sklearn"} & set(loaded)


def test_a_file_that_is_no_parquet_is_refused(config, capsys, tmp_path) -> None:
    (tmp_path / "bad.parquet").write_text("not parquet")
    assert "bad.parquet" in refusal(capsys, "check", "--config", config(events=str(tmp_path / "bad.parquet")))


def test_a_folder_that_cannot_be_written_is_refused(config, capsys, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "written to" in refusal(capsys, "run", "--config", config(), "--out", str(tmp_path / "file" / "run"))


@pytest.mark.parametrize("command", ["run", "tune", "score", "simulate", "check", "outcomes"])
def test_a_folder_of_the_user_s_own_is_refused_at_once_and_nothing_in_it_is_touched(
    command, log, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(Path(log["events"]).parent, "dataset")
    for name in ("leaderboard.csv/mine.txt", ".partial-mine", "mine.yaml"):
        write_text("data: {events: dataset/events.parquet}", tmp_path / name)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    asked = [] if command == "simulate" else ["--config", "mine.yaml"]
    asked += ["--run", "run"] if command in ("score", "outcomes") else []
    said = refusal(capsys, command, *asked, "--out", ".")
    assert "expected a new or empty folder or one that this program made at ., got one with .partial-mine" in said
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_second_command_in_a_folder_is_refused_before_anything_heavy_is_loaded(tmp_path) -> None:
    script = (
        "import sys; from churn.cli import main; code = main(sys.argv[1:]); "
        "assert not {'numpy', 'pandas', 'torch', 'jsonargparse'} & set(sys.modules); sys.exit(code)"
    )
    for out in (["--out", tmp_path / "run"], [f"--out={tmp_path / 'run'}"]):
        command = [sys.executable, "-c", script, "run", "--config", "none.yaml", *out]
        with claimed(tmp_path / "run", "a run"):
            done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"churn: expected {tmp_path / 'run'} to be free, got one in which process ")
        assert done.stderr.count("\n") == 1


def test_a_configuration_that_is_no_yaml_is_refused(capsys, tmp_path) -> None:
    (tmp_path / "bad.yaml").write_text("data: [")
    refusal(capsys, "run", "--config", str(tmp_path / "bad.yaml"), "--out", str(tmp_path / "run"))
    refusal(capsys, "run", "--config", str(tmp_path / "none.yaml"), "--out", str(tmp_path / "run"))


def test_reporting_on_a_folder_without_a_run_is_refused(capsys, tmp_path) -> None:
    refusal(capsys, "report", "--run", str(tmp_path))


def test_an_unknown_key_of_lightning_s_is_refused(capsys, config) -> None:
    assert "nonsense" in refusal(
        capsys, "fit", "-c", config(), "--model", "churn.models.GRU", "--trainer.nonsense", "1"
    )


def test_a_fault_of_the_program_shows_no_traceback(monkeypatch, capsys) -> None:
    def broken(_: list[str]) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setitem(COMMANDS, "check", (broken, ""))
    monkeypatch.delenv("CHURN_TRACEBACK", raising=False)
    monkeypatch.setattr("churn.keys._OWN", set())  # other tests import classes of this package by their paths
    assert main(["check"]) == 1
    err = capsys.readouterr().err
    assert "first second" in err
    assert "Traceback" not in err


def test_check_prints_the_counts_and_trains_nothing(config, capsys) -> None:
    assert main(["check", "--config", config()]) == 0
    out = capsys.readouterr().out
    assert f"{len(example_frames()['events']):,}" in out
    assert "base rates: churn" in out
    for part in ("train", "val", "test", "score"):
        assert part in out


@pytest.mark.parametrize(
    ("kind", "says"), [("random", "every measure is too good"), ("user", "nothing about later weeks"), ("time", None)]
)
def test_check_and_run_say_where_the_measures_say_less_than_they_seem_to(
    kind, says, config, capsys, tmp_path, monkeypatch
) -> None:
    def review_data(context):
        declared.PRIORITY.write(declared.PRIORITY.empty(), context.folder)  # which the command looks into at its end
        known = read_json(context.folder / "manifest.json")
        left = {key: None for key in declared.MANIFEST.keys.split() if key not in known}
        return left | {"warnings": known["audit"]["warnings"], "chosen": {}, "segment": {}}

    # the line is printed when the stages are done, of which none after the data says anything about the split
    monkeypatch.setattr(pipeline, "STAGES", (*pipeline.STAGES[:3], review_data))
    for arguments in (["check"], ["run", "--out", str(tmp_path / "run")], ["tune", "--out", str(tmp_path / "run")]):
        assert main([*arguments, "--config", config(split={"kind": kind})]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert says is None or out.count(says) == 1
        assert ("held apart" in out or "holds users apart" in out or "at random" in out) == (says is not None)


def test_run_prints_every_warning_and_score_those_about_the_probabilities(config, capsys, tmp_path) -> None:
    quick = ["--models", "[churn.models.Majority]", "--evaluation.repetitions", "20", "--explanation.rounds", "2"]
    quick += ["--explanation.seeds", "1", "--explanation.trees", "20", "--verdicts.ask", "[]"]
    asked = ["--config", config(), *quick, "--evaluation.calibrators", "[none]"]
    assert main(["run", *asked, "--out", str(tmp_path / "run")]) == 0
    report, evidence, *printed = capsys.readouterr().out.splitlines()
    assert (report, evidence) == tuple(f"{name}: {tmp_path / 'run' / name}.html" for name in ("report", "evidence"))
    assert printed == [f"warning: {warning}" for warning in Run.open(tmp_path / "run").warnings]
    assert "NOT CALIBRATED: priority multiplies" in printed[0]
    assert any("too few to learn from" in line for line in printed)
    predictions = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert (predictions.p == predictions.p_raw).all()

    cutoff = str(pd.read_parquet(tmp_path / "run" / "scores.parquet").cutoff[0].date())
    asked = ["--run", str(tmp_path / "run"), "--config", config(), "--cutoff", cutoff, "--out", str(tmp_path / "list")]
    sqlite3.connect(tmp_path / "shop.db").close()
    assert main(["score", *asked, "--to", f"sqlite:///{tmp_path / 'shop.db'}::scores"]) == 0
    listed, stored, *again = capsys.readouterr().out.splitlines()
    assert listed.startswith("list: ")
    scores = pd.read_parquet(tmp_path / "list" / "scores.parquet").set_index("user_id").p_churn
    there = pd.read_sql("SELECT user_id, p_churn FROM scores", f"sqlite:///{tmp_path / 'shop.db'}").set_index("user_id")
    assert stored == f"{len(scores)} scored users in scores" and there.p_churn.to_dict() == scores.to_dict()
    assert again == [line for line in printed if "NOT CALIBRATED" in line or "The probabilities of" in line]


@pytest.mark.parametrize("kinds", ["[beta]", "[none, Platt]"])
def test_calibrators_that_there_are_not_are_refused(kinds, config, capsys, tmp_path) -> None:
    arguments = ["--config", config(), "--out", str(tmp_path / "run"), "--evaluation.calibrators", kinds]
    said = refusal(capsys, "run", *arguments)
    assert "evaluation.calibrators out of none, temperature, platt, isotonic" in said
    assert kinds.strip("[]").split(", ")[-1] in said


@pytest.mark.parametrize("seasons", ["[]", "[1]", "[7, 7]"])
def test_seasons_that_cannot_be_told_apart_are_refused(seasons, config, capsys, tmp_path) -> None:
    said = refusal(capsys, "run", "--config", config(), "--out", str(tmp_path / "run"), "--explore.seasons", seasons)
    assert "explore.seasons" in said


@pytest.mark.parametrize("command", ["validate", "test"])
def test_lightning_s_measures_say_so_too(command, config, capsys) -> None:
    model = ["--model", "churn.models.GRU", "--model.init_args.hidden_size", "2"]
    options = ["--trainer.logger", "false", "--trainer.fast_dev_run", "1"]
    assert main([command, "-c", config(split={"kind": "random"}), *model, *options]) == 0
    assert "every measure is too good" in capsys.readouterr().out


def test_lightning_s_files_replace_none_of_the_user_s(config, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, model = Path(config()), ["--model", "churn.models.GRU", "--model.init_args.hidden_size", "2"]
    asked = ["-c", str(path), *model, "--trainer.logger", "false", "--trainer.enable_checkpointing", "false"]
    mine = path.read_text()
    assert main(["fit", *asked, "--trainer.max_epochs", "1"]) == 0
    assert path.read_text() == mine
    for _ in range(2):
        assert main(["predict", *asked, "--trainer.default_root_dir", "own"]) == 0
    capsys.readouterr()
    pd.DataFrame({"mine": [1]}).to_parquet("own/predictions.parquet")
    assert "no file of yours at" in refusal(capsys, "predict", *asked, "--trainer.default_root_dir", "own")
    assert list(pd.read_parquet("own/predictions.parquet")) == ["mine"]


@pytest.mark.parametrize(
    ("words", "lines"), [((), 1), (("--verbose",), 1), (("--quiet",), 0), (("--verbose", "--quiet"), 0)]
)
def test_a_line_says_how_long_it_took_where_there_is_no_terminal_unless_quiet_is_asked_for(
    words, lines, log, capsys
) -> None:
    assert main([*words, "check", "--data.events", log["events"]]) == 0
    out, err = capsys.readouterr()
    said = err.splitlines()
    assert len(said) == lines and all(re.fullmatch(r"read: [0-9.]+ s", line) for line in said)
    assert "labelled windows" in out


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What a command told in JSON."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_in_json_every_stage_tells_its_rows_and_the_end_its_exit_code(log, capsys) -> None:
    assert main(["check", "--log", "json", "--data.events", log["events"]]) == 0
    read, end = told(capsys)
    assert (read["stage"], end["command"], end["exit_code"], end["error"]) == ("read", "check", 0, None)
    assert read["rows"] == {"events": len(example_frames()["events"]), "non_members": 14, "rejected": 0}
    assert 0 < read["seconds"] <= end["seconds"] and 50 < read["peak_memory_mb"] <= end["peak_memory_mb"]
    assert {"time", "warnings"} <= {*read}


def test_in_json_a_mistake_is_an_object_without_a_password(capsys) -> None:
    assert main(["check", "--log=json", "--data.events", "postgresql://a:s3cret@127.0.0.1:1/b::c"]) == 2
    (end,) = told(capsys)
    assert end["exit_code"] == 2 and end["error"].startswith("expected ") and "s3cret" not in end["error"]


def test_a_log_of_another_kind_is_refused(capsys) -> None:
    assert "expected --log json, got --log=xml" in refusal(capsys, "check", "--log", "xml")


def test_the_program_is_a_process_whose_streams_are_as_told(log) -> None:
    command = [sys.executable, "-m", "churn", "check", "--data.events", log["events"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"read: [0-9.]+ s\n", done.stderr) and "labelled windows" in done.stdout


@pytest.mark.parametrize("command", [*COMMANDS, "fit"])
def test_every_command_s_help_tells_how_to_hear_more_or_less(command, capsys) -> None:
    with suppress(SystemExit):
        main([command, "--help"])
    assert "--quiet shows no progress" in " ".join(capsys.readouterr().out.split())


def test_options_override_the_file(config, capsys) -> None:
    assert main(["check", "--config", config(), "--data.windows.horizon_days", "3"]) == 0
    three = capsys.readouterr().out
    assert main(["check", "--config", config()]) == 0
    assert capsys.readouterr().out != three


def test_simulating_writes_the_four_tables(tmp_path, capsys) -> None:
    assert main(["simulate", "--quiet", "--preset", "small", "--seed", "4", "--out", str(tmp_path)]) == 0
    assert {p.stem for p in tmp_path.glob("[!.]*")} == {"events", "stickers", "members", "truth"}
    assert not pd.read_parquet(tmp_path / "truth.parquet").isna().any().any()
    assert "huge" in refusal(capsys, "simulate", "--preset", "huge", "--out", str(tmp_path))


@pytest.mark.skipif(os.environ.get("CI") == "true", reason="a shared machine's speed proves nothing; run it by hand")
def test_help_answers_in_under_a_second() -> None:
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "churn", "--help"], capture_output=True, check=True)
    assert time.monotonic() - start < 1
