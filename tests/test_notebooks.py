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
EXECUTE = [sys.executable, "-c", "from nbclient.cli import main; main()", "--inplace"]  # as `make notebooks` does


def code(path: Path) -> list[Any]:
    """The cells of code."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]


def copy_without_outputs(path: Path, folder: Path) -> Path:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
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
