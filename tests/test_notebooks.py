"""The notebooks: they run from nothing, define nothing, and are committed with their output."""

import ast
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import churn

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
QUICK = {  # what a run's cell says: what the test says instead, since every run of the notebooks takes minutes
    '"churn.models.GRU"': '{"class_path": "churn.models.GRU", "init_args": {"hidden_size": 8, "max_epochs": 2}}',
    "trials=1),": "trials=1), explanation=ExplanationConfig(windows=2000, trees=50, rounds=2, seeds=1),",
    "windows=5_000": "windows=1_000, repetitions=20",
    "quantile=0.85,": "quantile=0.85, groups=GroupConfig(max=2),",
}
EXECUTE = [sys.executable, "-c", "from nbclient.cli import main; main()", "--inplace"]  # as `make notebooks` does


def code(path: Path) -> list[Any]:
    """The cells of code."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]


def quick(source: str) -> str:
    """A cell whose run, if it makes one, has a small network, few windows and few rounds."""
    if "churn.RunConfig(\n" not in source:
        return source
    for written, instead in QUICK.items():
        assert source.count(written) == 1, written
        source = source.replace(written, instead)
    return f"from churn.explanation import ExplanationConfig\nfrom churn.segments import GroupConfig\n{source}"


def copy_without_outputs(path: Path, folder: Path) -> Path:
    """A notebook that has not run yet, and that makes less of its run."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            cell |= {"source": quick(source), "outputs": [], "execution_count": None}
    copy = folder / path.name
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    return copy


def test_there_are_five_questions() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_", "4_", "5_"]


def test_every_notebook_runs_from_a_clean_folder(tmp_path: Path) -> None:
    """One after the other, as a reader would: the later ones find the run of the earlier ones."""
    home = tmp_path / "notebooks"
    home.mkdir()
    copies = [copy_without_outputs(path, home) for path in NOTEBOOKS]
    told = os.environ | {"PLOTLY_RENDERER": "plotly_mimetype"}
    done = subprocess.run([*EXECUTE, *map(str, copies)], cwd=home, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    for copy in copies:
        assert [cell["execution_count"] for cell in code(copy)] == list(range(1, len(code(copy)) + 1)), copy.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_with_its_outputs(path: Path) -> None:
    cells = code(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell["outputs"] for cell in cells if cell["source"].splitlines()[-1].endswith(("figure()", ")]", "]")))
    kinds = {kind for cell in cells for output in cell["outputs"] for kind in output.get("data", {})}
    assert "image/png" in kinds
    assert not any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_another_log_is_one_line_which_needs_no_further_import(path: Path) -> None:
    cell = code(path)[0]["source"]
    said, line = next(pair for pair in pairwise(cell.splitlines()) if pair[0].startswith("# the one line to change"))
    assert "import churn" in cell.splitlines()
    for instead in said.split("your own: ")[1].split(", or "):
        tree = ast.parse(cell.replace(line, f"data = {instead}"))
        call = next(node.value for node in ast.walk(tree) if isinstance(node, ast.Assign))
        names = [
            node for node in ast.walk(call) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ]
        assert [(node.value.id, hasattr(churn, node.attr)) for node in names] == [("churn", True)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_defines_nothing_and_names_no_machine(path: Path) -> None:
    for cell in code(path):
        defined = [
            node for node in ast.walk(ast.parse(cell["source"])) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert not defined, cell["source"]
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert sys.prefix not in text
    assert "site-packages" not in text
