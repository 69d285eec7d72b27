"""Every YAML file under experiments/ is run, in a fast mode, through the command line."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import yaml

from churn.cli import main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXPERIMENTS = ROOT / "experiments"
REAL = ROOT.parent / "shared" / "data"
TRAINER = str(EXPERIMENTS / "trainer.yaml")
DATA = sorted(path.stem for path in (EXPERIMENTS / "data").glob("*.yaml"))
MODELS = sorted(path.stem for path in (EXPERIMENTS / "models").glob("*.yaml"))
RUNS = sorted(path.stem for path in EXPERIMENTS.glob("*.yaml") if path.stem != "trainer")
SIMULATED = {"demo": [], "study": [], "dirty": ["--dirt", "100"]}  # all of them small, for speed
FAST_RUN = [
    "--models",
    "[{class_path: churn.models.LightGBM, init_args: {max_trees: 10}}, churn.models.Majority]",
    *("--tuning.trials", "1", "--training.seeds", "1", "--evaluation.repetitions", "20"),
    *("--verdicts.ask", "[order]", "--verdicts.windows", "500"),
    *("--explanation.windows", "1000", "--explanation.trees", "20", "--explanation.rounds", "2"),
    *("--explanation.seeds", "1", "--explanation.sample", "200", "--segments.groups.max", "2"),
    *("--data.windows.stride_days", "7"),  # a seventh of the windows
]


def new_root(place: Path) -> Path:
    """A folder in which the files' relative paths hold."""
    (root := place / "main").mkdir()
    if REAL.exists():
        (place / "shared").symlink_to(REAL.parent)
    return root


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Run where the files' relative paths hold, with the demo's log made anew."""
    monkeypatch.chdir(new_root(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Runs a run file as `runs/fast` in a root of its own, once for all tests, and gives the root."""

    @cache
    def root_of(name: str) -> Path:
        root = new_root(tmp_path_factory.mktemp("project"))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(root)
            ready(name)
            assert main(["run", "--config", str(EXPERIMENTS / f"{name}.yaml"), "--out", "runs/fast", *FAST_RUN]) == 0
        return root

    return root_of


def ready(name: str) -> None:
    if name in SIMULATED:
        assert main(["simulate", "--preset", "small", "--out", f"runs/{name}-log", *SIMULATED[name]]) == 0
    elif not REAL.exists():
        pytest.skip(f"the data of {name} are not at ../shared/data")


def fit(data: str, model: str, *more: str) -> int:
    files = [TRAINER, str(EXPERIMENTS / "data" / f"{data}.yaml"), str(EXPERIMENTS / "models" / f"{model}.yaml")]
    options = [word for file in files for word in ("-c", file)]
    return main(["fit", *options, "--trainer.fast_dev_run", "true", "--trainer.logger", "false", *more])


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("model", MODELS)
def test_every_model_file_trains(model) -> None:
    ready("demo")
    assert fit("demo", model, "--model.init_args.target", "sticker") == 0


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("data", DATA)
def test_every_data_file_can_be_checked_and_trained_on(data, capsys) -> None:
    ready(data)
    assert main(["check", "--config", str(EXPERIMENTS / "data" / f"{data}.yaml")]) == 0
    assert "labelled windows" in capsys.readouterr().out
    assert fit(data, "gru", "--data.windows.stride_days", "7") == 0


@pytest.mark.parametrize("name", RUNS)
def test_every_run_file_runs_to_its_report(name, ran) -> None:
    assert (ran(name) / "runs" / "fast" / "evidence.html").stat().st_size > 100_000


def test_the_tables_of_results_are_made_from_a_run_s_folder(ran, monkeypatch) -> None:
    monkeypatch.chdir(ran("demo"))
    command = [sys.executable, str(EXPERIMENTS / "results.py"), "runs/fast", "--print"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    board = pd.read_csv("runs/fast/leaderboard.csv").query("part == 'test' and metric == 'roc_auc' and chosen")
    for target, value in zip(board.target, board.value, strict=True):
        (row,) = [line for line in text.split(f"| {target} |")[1].splitlines() if "✓" in line]
        assert f"{value:.3f}".lstrip("0") in row
    assert text.count("the truth, given the days seen |") == 2
    assert "Does the order of days matter? *churn*: " in text


def test_single_tests_hold_their_level_and_windows_taken_for_users_do_not() -> None:
    command = [sys.executable, str(EXPERIMENTS / "type_one.py"), "--repetitions", "40"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
    rows = {line.split(" | ")[0][2:]: line.split(" | ")[1:] for line in text.splitlines() if line.startswith("| ")}
    rates = {name: [float(cell.split()[0]) for cell in cells] for name, cells in rows.items() if "share" not in name}
    assert "loyal earners vs all others" in text and all(len(cells) == 3 for cells in rows.values())
    assert max(rates["all variables: Welch, one row per user"]) < 0.15
    assert min(rates["all variables: Welch on all windows (naive)"]) > 0.3
    families = "any of 6 variables, "
    found, naive = (
        rates[f"{families}{name}"] for name in ("a finding (Holm, ranks where skewed)", "Holm on the naive test")
    )
    assert max(found) < 0.3 < 0.7 < min(naive)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_file_reads_the_data_as_its_data_file_does(name) -> None:
    run = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
    data = yaml.safe_load((EXPERIMENTS / "data" / f"{name}.yaml").read_text())
    assert run["data"] == data["data"]


@pytest.mark.usefixtures("at_root")
def test_a_fit_can_be_validated_tested_and_predicted_from(capsys) -> None:
    ready("demo")
    files = [TRAINER, str(EXPERIMENTS / "data" / "demo.yaml"), str(EXPERIMENTS / "models" / "gru.yaml")]
    options = [word for file in files for word in ("-c", file)]
    short = ["--trainer.max_epochs", "1", "--trainer.default_root_dir", "runs/fit"]
    assert main(["fit", *options, *short]) == 0
    checkpoint = next(Path("runs/lightning").rglob("last.ckpt"))
    for command in ("validate", "test", "predict"):
        assert main([command, *options, *short, "--ckpt_path", str(checkpoint)]) == 0
    assert "log_loss" in capsys.readouterr().out
    assert Path("runs/fit/predictions.parquet").exists()
