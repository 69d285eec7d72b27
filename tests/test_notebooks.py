"""The notebooks: they run from nothing, define nothing, and are committed with what they print."""

import ast
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MOST_SECONDS = 600  # per cell, on a machine that does other things


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_five_questions() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_", "4_", "5_"]


def test_every_notebook_runs_from_a_clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, as a reader would: the later ones find the run of the earlier ones."""
    monkeypatch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
    home = tmp_path / "notebooks"
    home.mkdir()
    for path in NOTEBOOKS:
        shutil.copy(path, home)
        notebook = read(home / path.name)
        for cell in code(notebook):
            cell.outputs, cell.execution_count = [], None
        kernel = {"metadata": {"path": str(home)}}
        NotebookClient(notebook, timeout=MOST_SECONDS, kernel_name="python3", resources=kernel).execute()
        assert all(cell.execution_count for cell in code(notebook)), path.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_with_its_outputs(path: Path) -> None:
    cells = code(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell.outputs for cell in cells if cell.source.splitlines()[-1].endswith(("figure()", ")]", "]")))
    kinds = {kind for cell in cells for output in cell.outputs for kind in output.get("data", {})}
    assert "image/png" in kinds
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_defines_nothing_and_names_no_machine(path: Path) -> None:
    notebook = read(path)
    for cell in code(notebook):
        defined = [
            node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert not defined, cell.source
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert sys.prefix not in text
    assert "site-packages" not in text
