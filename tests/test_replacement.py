"""Replacement: files replace others all together, wherever the process ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from churn.folder import claimed
from churn.replacement import complete, together
from churn.stopping import StoppedError, stoppable

FILES = ["control.csv", "priority.csv", "told.json"]
REPLACE = """  # old files with new ones, until it is killed at one of its moves
import os, sys
from pathlib import Path
from churn.replacement import together
left = int(sys.argv[2])

def count(event, _):
    global left
    left -= event in ("os.remove", "os.rename", "os.rmdir")
    if left < 0:
        os._exit(9)

with together(Path(sys.argv[1]), ["control.csv", "priority.csv", "told.json"]) as scratch:
    for name in ("priority.csv", "told.json"):
        (scratch / name).write_text("new")
    (scratch / "dataset").mkdir()
    (scratch / "dataset" / "panel.npy").write_text("much")
    sys.addaudithook(count)
"""


def texts(folder):
    return {path.name: path.read_text() for path in folder.glob("[!.]*") if path.is_file()}


def old_list(folder):
    with together(folder, FILES) as scratch:
        for name in FILES:
            (scratch / name).write_text("old")
    (folder / "mine.csv").write_text("old")
    return folder


@pytest.mark.slow
def test_files_of_two_times_never_lie_side_by_side_wherever_the_process_is_killed(tmp_path):
    seen = []
    for moves in range(18):
        folder = old_list(tmp_path / str(moves))
        command = [sys.executable, "-c", REPLACE, folder, str(moves)]
        ended = subprocess.run(command, check=False, cwd=Path.cwd()).returncode
        left = texts(folder)
        assert left.pop("mine.csv") == "old"
        assert len(set(left.values())) <= 1
        assert "told.json" not in left or left in (dict.fromkeys(FILES, "old"), dict.fromkeys(FILES[1:], "new"))
        complete(folder)
        after = texts(folder)
        assert after.pop("mine.csv") == "old"
        assert after in (dict.fromkeys(FILES, "old"), dict.fromkeys(FILES[1:], "new"))
        seen.append((ended, len(left), set(after.values()).pop()))
        with together(folder, FILES) as scratch:
            (scratch / "told.json").write_text("newest")
        assert texts(folder) == {"told.json": "newest", "mine.csv": "old"}
    assert seen[0] == (9, 3, "old")  # before the new ones were known to be complete
    assert (9, 0, "new") in seen and (9, 1, "new") in seen
    assert seen[-1] == (0, 2, "new")


def test_the_next_command_in_the_folder_completes_what_was_left(tmp_path):
    with claimed(tmp_path / "list", "scores") as folder, together(folder, FILES) as scratch:
        (scratch / "told.json").write_text("old")
    subprocess.run([sys.executable, "-c", REPLACE, folder, "5"], check=False, cwd=Path.cwd())
    assert texts(folder) == {}
    with claimed(folder, "scores"):
        assert texts(folder) == dict.fromkeys(FILES[1:], "new")


def test_a_signal_in_the_middle_of_it_loses_nothing(tmp_path):
    folder = old_list(tmp_path / "list")
    moves = []

    def interrupt(event, arguments):
        if event == "os.remove" and os.fspath(arguments[0]) == str(folder / "priority.csv") and not moves:
            moves.append(event)
            signal.raise_signal(signal.SIGTERM)

    sys.addaudithook(interrupt)
    with stoppable(), pytest.raises(StoppedError), together(folder, FILES) as scratch:
        (scratch / "told.json").write_text("new")
    assert moves
    complete(folder)
    assert texts(folder) == {"told.json": "new", "mine.csv": "old"}


def test_an_error_leaves_the_old_files_as_they_were(tmp_path):
    folder = old_list(tmp_path / "list")
    with pytest.raises(RuntimeError), together(folder, FILES) as scratch:
        (scratch / "told.json").write_text("new")
        raise RuntimeError
    assert texts(folder) == dict.fromkeys((*FILES, "mine.csv"), "old")
    assert {path.name for path in folder.iterdir()} == {*FILES, "mine.csv", ".churn-written.json"}


def test_a_folder_in_a_file_s_place_is_refused_before_the_work(tmp_path, refused):
    (tmp_path / "priority.csv").mkdir()
    with refused(f"no other's file at {tmp_path}/priority.csv", "a folder", "move it"), together(tmp_path, FILES):
        raise AssertionError


def test_a_user_s_file_with_the_name_of_one_that_was_never_written_is_refused_before_the_work(tmp_path, refused):
    with together(tmp_path, FILES) as scratch:
        (scratch / "told.json").write_text("old")
    (tmp_path / "control.csv").write_text("mine")
    found = "a file that this program did not write"
    with refused(f"{tmp_path}/control.csv", found, "move it"), together(tmp_path, FILES):
        raise AssertionError
    assert texts(tmp_path) == {"told.json": "old", "control.csv": "mine"}


def test_what_else_was_in_the_scratch_folder_keeps_nothing_waiting(tmp_path):
    for n in ("old", "new"):
        with together(tmp_path, FILES) as scratch:
            (scratch / "dataset").mkdir()
            (scratch / "dataset" / "panel.npy").write_text("much")
            (scratch / "told.json").write_text(n)
    assert texts(tmp_path) == {"told.json": "new"}
    assert {path.name for path in tmp_path.iterdir()} == {"told.json", ".churn-written.json"}


@pytest.mark.parametrize(
    "order",
    [
        "",
        "[]",
        '{"files": ["told.json"]}',
        '{"files": [1], "new": []}',
        '{"files": ["..", "told.json"], "new": []}',
        '{"files": ["notes/../told.json"], "new": []}',
        '{"files": [".churn"], "new": [".churn"]}',
        '{"files": ["told.json"], "new": ["mine.csv"]}',
    ],
)
def test_an_order_that_this_program_cannot_have_written_moves_nothing(tmp_path, refused, order):
    folder = old_list(tmp_path / "list")
    (folder / ".churn-next").mkdir()
    (folder / ".churn-next" / ".order.json").write_text(order)
    with refused(f"{folder}/.churn-next/.order.json", "something else", "by hand"):
        complete(folder)
    assert texts(folder) == dict.fromkeys((*FILES, "mine.csv"), "old")


def test_a_folder_that_stands_where_new_files_wait_is_refused_before_the_work(tmp_path, refused):
    (tmp_path / ".churn-next" / "mine").mkdir(parents=True)
    with refused(f"{tmp_path}/.churn-next", "a folder", "move it"), together(tmp_path, FILES):
        raise AssertionError
