import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import (
    Table,
    atomic,
    check_whole,
    discard,
    read_json,
    read_object,
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
    assert names(tmp_path) == [".contents.json", "note.txt", "panel"]
    assert (tmp_path / "note.txt").read_text() == "old"


def test_a_file_and_a_folder_replace_what_was_there(tmp_path):
    for turn in ("first", "second"):
        write_text(turn, tmp_path / "note.txt")
        with atomic(tmp_path / "panel") as scratch:
            scratch.mkdir()
            (scratch / turn).touch()
    assert (tmp_path / "note.txt").read_text() == "second"
    assert names(tmp_path) == [".contents.json", "note.txt", "panel", "second"]


def test_missing_folders_above_are_made(tmp_path):
    write_text("deep", tmp_path / "a" / "b" / "note.txt")
    assert (tmp_path / "a" / "b" / "note.txt").read_text() == "deep"


# Folders written at once ---------------------------------------------------------------------------


def written(folder, *files):
    """A folder as a stage writes it."""
    with atomic(folder) as scratch:
        for name in files:
            write_text(name, scratch / name)
    return folder


def test_what_lies_in_a_written_folder_and_was_not_written_there_is_never_removed(tmp_path, refused):
    panel = written(tmp_path / "panel", "deep/values")
    (panel / "deep" / "mine.csv").write_text("mine")
    for remove in (discard, lambda folder: written(folder, "values")):
        with refused(f"nothing but this program's files in {panel}", "deep/mine.csv", "move it"):
            remove(panel)
    assert (panel / "deep" / "mine.csv").read_text() == "mine"
    assert (panel / "deep" / "values").read_text() == "deep/values"


def test_a_folder_a_file_and_a_link_of_another_are_never_replaced(tmp_path, refused):
    (tmp_path / "home").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "home" / "mine.csv").touch()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(written(tmp_path / "elsewhere", "values"))
    for name in ("home", "empty", "file", "link"):
        with refused("nothing but this program's files", "", "move it"):
            written(tmp_path / name, "values")
    with refused("nothing but this program's files", "mine.csv", "move it"):
        write_text("leaderboard", tmp_path / "home")
    assert names(tmp_path) == sorted(
        [".contents.json", "elsewhere", "empty", "file", "home", "link", "mine.csv", "values"]
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_a_written_folder_is_removed_with_the_folders_that_were_written_into_it(tmp_path):
    with atomic(tmp_path / "dataset") as scratch:
        written(scratch / "panel", "values")
    check_whole(tmp_path / "dataset")
    discard(tmp_path / "dataset")
    discard(tmp_path / "dataset")
    assert names(tmp_path) == []


def test_a_changed_and_a_missing_file_of_a_written_folder_are_named(tmp_path, refused):
    model = written(tmp_path / "model", "trees.txt", "deep/weights")
    check_whole(model)
    (model / "deep" / "weights").write_text("deep/weightz")
    with refused(f"{model}/deep/weights as it was written", "another content", "bring it back"):
        check_whole(model)
    (model / "deep" / "weights").unlink()
    with refused(f"{model}/deep/weights", "no such file", "bring it back"):
        check_whole(model)


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


@pytest.mark.parametrize("name", ["table.csv", "table.parquet", "note.json"])
@pytest.mark.parametrize("damage", ["gone", "a folder", "empty", "cut"])
def test_a_file_that_cannot_be_read_is_named(name, damage, tmp_path, refused):
    path, read = tmp_path / name, read_json if name == "note.json" else read_table
    if read is read_json:
        write_json({"a": 1.5}, path)
    else:
        write_table(pd.DataFrame({"a": [1.5, 2.5]}), path)
    whole = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(b"" if damage == "empty" else whole[:-2])
    with refused(str(path), "", "bring it back"):
        read(path)


def test_names_that_look_like_numbers_or_like_nothing_come_back_as_names(tmp_path):
    names = ["None", "nan", "null", "007", "4", "true", None]
    pairs = Table("pairs.csv", "a pair", "category:text n:number")
    pairs.write(pd.DataFrame({"category": names, "n": [1, np.nan, 3, 4, 5, 6, 7]}), tmp_path)
    found = pairs.read(tmp_path)
    assert found.category.tolist()[:-1] == names[:-1] and pd.isna(found.category.iloc[-1])
    assert found.n.isna().tolist() == [False, True, *[False] * 5]


def test_a_table_without_columns_is_read_again(tmp_path):
    write_table(pd.DataFrame(), tmp_path / "table.csv")
    assert read_table(tmp_path / "table.csv").empty


@pytest.mark.parametrize("text", ["[]", "null", '{"other": 1}'])
def test_a_json_file_of_another_shape_is_named(text, tmp_path, refused):
    (tmp_path / "told.json").write_text(text)
    with refused(f"in {tmp_path / 'told.json'}", "none", "bring it back"):
        read_object(tmp_path / "told.json", "stages")


USERS = Table("users.parquet", "a user", "user_id:id p:number told:text?")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"user_id": ["a"]}, "users.parquet: no column p"),
        ({"user_id": ["a"], "p": [0.1], "more": [1]}, "users.parquet: more not declared"),
        ({"user_id": ["a"], "p": ["much"]}, "users.parquet: p is object, declared as number"),
        ({"user_id": ["a"], "p": [0.1], "told": [3]}, "users.parquet: told is int64, declared as text"),
    ],
)
def test_a_table_that_is_not_as_declared_is_not_written(table, says, tmp_path):
    with pytest.raises(TypeError, match=re.escape(says)):
        USERS.write(pd.DataFrame(table), tmp_path)
    assert not list(tmp_path.iterdir())


def test_ids_are_hidden_wherever_a_table_has_them_and_order_tells_nothing_of_them(tmp_path):
    table = pd.DataFrame({"user_id": ["a", "b", "c"], "p": [0.1, 0.2, 0.3]})
    secret = {"a": "z1", "b": "x2", "c": "y3"}
    USERS.write(table, tmp_path, lambda ids: ids.map(secret))
    assert USERS.read(tmp_path).to_dict("list") == {"user_id": ["x2", "y3", "z1"], "p": [0.2, 0.3, 0.1]}
    replace(USERS, ranked=True).write(table, tmp_path, lambda ids: ids.map(secret))
    assert USERS.read(tmp_path).user_id.tolist() == ["z1", "x2", "y3"]


def test_no_text_and_no_name_of_a_column_is_a_formula_and_both_come_back_as_they_were(tmp_path):
    table = pd.DataFrame({"=1+1": ["@x", "'y", "plain"], "n": [-1, 2, 3]})
    write_table(table, tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines == ['"\'=1+1","n"', '"\'@x",-1', "\"''y\",2", '"plain",3']
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.csv"), table)
