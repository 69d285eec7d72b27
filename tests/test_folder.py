"""Output folders: their owner, the command at work in them, and a user's files, which are not touched."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from churn.artefacts import write_text
from churn.errors import UserError
from churn.folder import MARKER, PARTIAL, claimed

HOLD = (  # takes a folder, says so, and stays in it until its standard input ends
    "import sys\nfrom pathlib import Path\nfrom churn.folder import claimed\n"
    "with claimed(Path(sys.argv[1]), 'a run') as folder:\n"
    "    (folder / 'held').touch()\n    print('in', flush=True)\n    sys.stdin.read()\n"
)


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_new_folder_is_made_with_those_above_it_and_signed(tmp_path):
    with claimed(tmp_path / "runs" / "one", "a run") as folder:
        (folder / "note").touch()
    assert names(tmp_path) == ["runs", "runs/one", f"runs/one/{MARKER}", "runs/one/note"]
    holder = json.loads((folder / MARKER).read_text())
    assert holder["holds"] == "a run"
    assert (holder["process"], holder["host"]) == (os.getpid(), os.uname().nodename)


def test_folders_in_which_nothing_was_written_are_gone_again(tmp_path):
    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "runs" / "one", "a run"):
        raise ZeroDivisionError
    assert names(tmp_path) == []
    (tmp_path / "empty").mkdir()
    with claimed(tmp_path / "empty", "a run"):
        pass
    assert names(tmp_path) == ["empty"]


@pytest.mark.parametrize(
    "name", ["dataset/log.parquet", ".partial-mine", "leaderboard.csv/note", ".git/config", MARKER]
)
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_was(name, tmp_path, refused):
    write_text("mine", tmp_path / name)
    first = name.partition("/")[0]
    with refused(f"or one that this program made at {tmp_path}", f"one with {first}", "choose another --out"):
        claimed(tmp_path, "a run").__enter__()
    assert (tmp_path / name).read_text() == "mine"
    assert names(tmp_path) == sorted({first, name})


def test_a_marker_that_is_no_file_is_not_read(tmp_path, refused):
    os.mkfifo(tmp_path / MARKER)
    with refused("or one that this program made", f"one with {MARKER}", "choose another --out"):
        claimed(tmp_path, "a run").__enter__()


def test_a_marker_that_was_signed_by_half_over_a_longer_one_is_read(tmp_path):
    with claimed(tmp_path, "a run") as folder:
        (folder / "note").touch()
    with (tmp_path / MARKER).open("a") as marker:  # as where the process was killed before the rest was cut off
        marker.write('01", "since": "2024-03-01"}\n')
    with claimed(tmp_path, "a run"):
        pass


def test_a_file_system_s_own_folder_is_nobody_s(tmp_path):
    (tmp_path / "lost+found").mkdir()
    with claimed(tmp_path, "a run"):
        pass


def test_a_folder_of_another_kind_is_refused(tmp_path, refused):
    with claimed(tmp_path / "out", "a run") as folder:
        (folder / "scores.parquet").touch()
    with refused("one with scores", "one with a run", "choose another --out"), claimed(folder, "scores"):
        pass
    with claimed(folder, "a run"):
        pass


def test_what_a_killed_command_left_is_swept_but_not_in_folders_that_are_claimed_by_themselves(tmp_path):
    with claimed(tmp_path, "a run"):
        with claimed(tmp_path / "outcomes", "outcomes") as below:
            (below / f"{PARTIAL}1-effects.csv").touch()
        for half in (f"{PARTIAL}1-models/{PARTIAL}2-trees.txt", f"stages/{PARTIAL}3-note", f"stages/{PARTIAL}4/deep"):
            write_text("half", tmp_path / half)
        write_text("mine", tmp_path / "stages" / ".partial-mine")
    with claimed(tmp_path, "a run"):
        assert names(tmp_path) == sorted(
            [
                MARKER,
                "outcomes",
                f"outcomes/{MARKER}",
                f"outcomes/{PARTIAL}1-effects.csv",
                "stages",
                "stages/.partial-mine",
            ]
        )


def test_a_folder_below_a_file_or_in_its_place_is_refused(tmp_path, refused):
    (tmp_path / "file").touch()
    for name, reason in (("file/run", "Not a directory"), ("file", "File exists")):
        with refused(f"a folder that can be written to at {tmp_path}/{name}", reason, "--out"):
            claimed(tmp_path / name, "a run").__enter__()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_without_permission_is_refused(tmp_path, refused):
    tmp_path.chmod(0o500)
    with refused("a folder that can be written to", "Permission denied", "--out"):
        claimed(tmp_path, "a run").__enter__()


# One command at a time ----------------------------------------------------------------------------


def holder_of(folder):
    """A process in which a folder is held."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdin=-1, stdout=-1, text=True, cwd=Path.cwd())
    assert process.stdout.readline() == "in\n"
    return process


def test_a_second_process_is_refused_and_told_whose_the_folder_is(tmp_path, refused):
    folder = tmp_path / "run"
    with holder_of(folder) as first:
        with refused(
            f"{folder} to be free", f"process {first.pid} on {os.uname().nodename}", "wait until it has ended"
        ):
            claimed(folder, "a run").__enter__()
        first.stdin.close()
    with claimed(folder, "a run"):
        assert names(folder) == [MARKER, "held"]


def test_a_folder_whose_holder_was_killed_is_taken_over(tmp_path):
    with holder_of(tmp_path / "run") as first:
        first.send_signal(signal.SIGKILL)
    with claimed(tmp_path / "run", "a run"):
        assert json.loads((tmp_path / "run" / MARKER).read_text())["process"] == os.getpid()


def test_a_thread_may_claim_its_folder_again_and_another_thread_may_not(tmp_path):
    caught = []

    def second():
        try:
            with claimed(tmp_path / "run", "a run"):
                caught.append("nothing")
        except UserError as error:
            caught.append(error.expected)

    with claimed(tmp_path / "run", "a run") as folder, claimed(tmp_path / "link" / ".." / "run", "a run"):
        (folder / "note").touch()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert caught == [f"expected {folder} to be free"]


@pytest.mark.slow
def test_a_folder_that_goes_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    mkdir, calls = Path.mkdir, []

    def gone_meanwhile(path, *args, **kwargs):
        calls.append(path)
        if len(calls) == 1:  # `mkdir` found the folder of another process, which then removed it
            raise FileExistsError(path)
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", gone_meanwhile)
    with claimed(tmp_path / "run", "a run") as folder:
        assert folder.is_dir()


def test_of_many_processes_that_begin_at_once_one_at_a_time_is_let_in(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom churn.errors import UserError\n"
        "from churn.folder import claimed\nlet_in = 0\nuntil = time.monotonic() + 0.5\n"
        "while time.monotonic() < until:\n    try:\n        with claimed(Path(sys.argv[1]), 'a run') as folder:\n"
        "            alone = folder / 'alone'\n            alone.touch(exist_ok=False)\n"
        "            alone.unlink()\n            let_in += 1\n    except UserError as error:\n"
        "        assert 'to be free' in str(error), error\nprint(let_in)\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "run"]
    running = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True, cwd=Path.cwd()) for _ in range(4)]
    said = [process.communicate() for process in running]
    assert [err for _, err in said] == [""] * 4
    assert sum(int(out) for out, _ in said) > 4
