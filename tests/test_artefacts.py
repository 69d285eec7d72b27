import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import (
    PARTIAL,
    atomic,
    prepare_folder,
    read_json,
    read_table,
    write_json,
    write_table,
    write_text,
    write_with,
)


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    with atomic(tmp_path / "note.txt") as scratch:
        scratch.write_text("half")
        assert not (tmp_path / "note.txt").exists()
        scratch.write_text("whole")
    assert names(tmp_path) == ["note.txt"]
    assert (tmp_path / "note.txt").read_text() == "whole"


def test_an_error_leaves_neither_a_file_nor_a_scratch(tmp_path):
    with pytest.raises(RuntimeError, match="half-way"), atomic(tmp_path / "note.txt") as scratch:
        scratch.write_text("half")
        raise RuntimeError("half-way")
    assert names(tmp_path) == []


def test_an_error_leaves_neither_a_folder_nor_a_scratch(tmp_path):
    with pytest.raises(RuntimeError, match="half-way"), atomic(tmp_path / "panel") as scratch:
        (scratch / "deep").mkdir(parents=True)
        (scratch / "deep" / "values").touch()
        raise RuntimeError("half-way")
    assert names(tmp_path) == []


def test_an_error_leaves_what_was_there_before(tmp_path):
    write_text("old", tmp_path / "note.txt")
    write_with(lambda path: path.mkdir(), tmp_path / "panel")
    for name in ("note.txt", "panel"):
        with pytest.raises(KeyboardInterrupt), atomic(tmp_path / name) as scratch:
            scratch.write_text("new")
            raise KeyboardInterrupt
    assert names(tmp_path) == ["note.txt", "panel"]
    assert (tmp_path / "note.txt").read_text() == "old"


def test_a_file_and_a_folder_replace_what_was_there(tmp_path):
    for turn in ("first", "second"):
        write_text(turn, tmp_path / "note.txt")
        with atomic(tmp_path / "panel") as scratch:
            scratch.mkdir()
            (scratch / turn).touch()
    assert (tmp_path / "note.txt").read_text() == "second"
    assert names(tmp_path) == ["note.txt", "panel", "second"]


def test_missing_folders_above_are_made(tmp_path):
    write_text("deep", tmp_path / "a" / "b" / "note.txt")
    assert (tmp_path / "a" / "b" / "note.txt").read_text() == "deep"


def test_a_process_that_is_killed_leaves_only_a_scratch_that_the_next_run_clears(tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom churn.artefacts import atomic\n"
        "with atomic(Path(sys.argv[1])) as scratch:\n    scratch.write_text('half')\n    os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, tmp_path / "note.txt"], check=False, cwd=Path.cwd())
    assert ended.returncode == 9
    assert len(names(tmp_path)) == 1
    assert names(tmp_path)[0].startswith(PARTIAL)
    assert names(prepare_folder(tmp_path)) == []


# Folders ------------------------------------------------------------------------------------------


def test_half_written_files_and_folders_of_any_depth_are_cleared_and_the_rest_is_kept(tmp_path):
    for path in (f"{PARTIAL}1-models/{PARTIAL}2-trees.txt", f"stages/{PARTIAL}3-note.txt", f"stages/{PARTIAL}4/deep"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "stages" / "note.txt").touch()
    assert prepare_folder(tmp_path) == tmp_path
    assert names(tmp_path) == ["note.txt", "stages"]


def test_a_new_folder_is_made_with_those_above_it(tmp_path):
    assert prepare_folder(tmp_path / "runs" / "one").is_dir()
    assert names(tmp_path) == ["one", "runs"]


def test_a_folder_below_a_regular_file_is_refused(tmp_path, refused):
    (tmp_path / "file").touch()
    with refused(f"a folder that can be written to at {tmp_path}/file/run", "Not a directory", "--out"):
        prepare_folder(tmp_path / "file" / "run")


def test_a_regular_file_in_place_of_the_folder_is_refused(tmp_path, refused):
    (tmp_path / "file").touch()
    with refused("a folder that can be written to", "File exists", "--out"):
        prepare_folder(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_without_permission_is_refused(tmp_path, refused):
    tmp_path.chmod(0o500)
    with refused("a folder that can be written to", "Permission denied", "--out"):
        prepare_folder(tmp_path)


# Tables, JSON and text ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_a_table_is_read_as_it_was_written(tmp_path, name):
    table = pd.DataFrame({"user_id": ["ada", "=1+1"], "p": [0.1, 1 / 3], "n": [1, 2]})
    write_table(table, tmp_path / name)
    assert read_table(tmp_path / name).equals(table)
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_every_number_is_read_to_its_last_bit(tmp_path, name):
    table = pd.DataFrame({"threshold": np.random.default_rng(0).uniform(size=200)})
    write_table(table, tmp_path / name)
    assert (read_table(tmp_path / name).threshold == table.threshold).all()


def test_json_has_plain_numbers_and_iso_dates_and_keeps_every_letter(tmp_path):
    value = {
        "n": np.int64(3),
        "p": np.float32(0.5),
        "yes": np.bool_(True),
        "day": date(2024, 3, 1),
        "name": "Jürgen 김",
    }
    write_json(value | {"path": Path("a/b")}, tmp_path / "facts.json")
    text = (tmp_path / "facts.json").read_text(encoding="utf8")
    assert json.loads(text) == {
        "n": 3,
        "p": 0.5,
        "yes": True,
        "day": "2024-03-01",
        "name": "Jürgen 김",
        "path": "a/b",
    }
    assert "Jürgen 김" in text
    assert read_json(tmp_path / "facts.json")["n"] == 3


def test_json_refuses_what_other_readers_could_not_read(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"p": float("nan")}, tmp_path / "facts.json")
    assert names(tmp_path) == []
