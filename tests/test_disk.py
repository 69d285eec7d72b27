import errno
import os
import subprocess
import sys
import tempfile
from functools import partial

import numpy as np
import psycopg
import pytest
from optuna.pruners import NopPruner
from sqlalchemy.exc import OperationalError

from churn.artefacts import atomic, write_text
from churn.check import check
from churn.cli import main
from churn.data import DataConfig, example_dataset, example_frames, example_split
from churn.data.windows.mapped import mapped, mapped_without_name
from churn.disk import DiskError, temporary_folder, writing
from churn.errors import UserError
from churn.evaluation import Contestant, VerdictConfig, reach_verdicts
from churn.folder import claimed
from churn.models import GRU, LightGBM
from churn.training import TuningConfig, search
from churn.training.storage import open_study

pytestmark = pytest.mark.slow

FULL, READ_ONLY, REMEDY = "a full disk", "a read-only file system", "choose another folder"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def log(tmp_path):
    """The example's events as a file of more than 1 MiB, and its `data:` block."""
    events = example_frames()["events"]
    events.to_csv(tmp_path / "events.csv", index=False)
    return DataConfig(events=str(tmp_path / "events.csv"), features=["totals"])


def fill(disk, *, leave=0):
    """Take all space but so many bytes."""
    found = os.statvfs(disk)
    (disk / "full").write_bytes(bytes(found.f_bavail * found.f_frsize - leave))


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_map_takes_its_space_before_it_is_filled(small_disk, monkeypatch, refused):
    monkeypatch.setenv("TMPDIR", str(small_disk))
    for make in (partial(mapped, small_disk / "days.npy"), mapped_without_name):
        with refused(f"space to write {small_disk}", FULL, REMEDY):
            make(np.uint8, (2 << 20,))  # to fill it would end the process by a signal


def test_a_map_takes_its_space_where_none_can_be_reserved(small_disk, monkeypatch, refused):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert not mapped(small_disk / "days.npy", np.uint8, (1 << 19,)).any()
    assert (small_disk / "days.npy").stat().st_blocks * 512 > 1 << 19
    with refused(f"space to write {small_disk / 'more.npy'}", FULL, REMEDY):
        mapped(small_disk / "more.npy", np.uint8, (1 << 20,))


def test_a_full_disk_leaves_what_was_there_and_is_named_with_the_file(small_disk, refused):
    write_text("old", small_disk / "note.txt")
    fill(small_disk, leave=1 << 16)
    with refused(f"space to write {small_disk / 'note.txt'}", FULL, REMEDY):
        write_text("new" * (1 << 16), small_disk / "note.txt")
    assert names(small_disk) == ["full", "note.txt"]
    assert (small_disk / "note.txt").read_text() == "old"


def test_a_folder_without_space_for_its_marker_is_not_made(small_disk, refused):
    fill(small_disk)
    with refused(f"space to write {small_disk}", FULL, REMEDY), claimed(small_disk / "deep" / "run", "a run"):
        pass
    assert names(small_disk) == ["full"]


def test_a_read_only_disk_is_named(small_disk, refused):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with refused(f"space to write {small_disk / 'run'}", READ_ONLY, REMEDY), claimed(small_disk / "run", "a run"):
        pass


def test_check_on_a_full_folder_for_temporary_files_is_one_line_and_leaves_nothing(
    small_disk, log, monkeypatch, capsys
):
    monkeypatch.setenv("TMPDIR", str(small_disk))
    fill(small_disk, leave=1 << 16)
    assert main(["check", "--quiet", "--data.events", log.events]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"churn: expected space to write {small_disk}")
    assert names(small_disk) == ["full"]
    (small_disk / "full").unlink()
    check(log)


def test_a_page_that_standard_output_has_no_space_for_is_one_line(small_disk):
    fill(small_disk)
    with (small_disk / "page.txt").open("w") as page:
        command, buffered = [sys.executable, "-m", "churn", "--help"], os.environ | {"PYTHONUNBUFFERED": ""}
        ended = subprocess.run(command, stdout=page, stderr=subprocess.PIPE, text=True, env=buffered)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"churn: expected space to write {small_disk / 'page.txt'}, got {FULL}; free some or {REMEDY}"
    ]


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (OSError(errno.EROFS, "Read-only file system"), READ_ONLY),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota"),
        (RuntimeError("database or disk is full"), FULL),
        (RuntimeError("IO Error: Could not write file: No space left on device"), FULL),
        (RuntimeError("failed to offload data block; the 'max_temp_directory_size' setting"), FULL),
    ],
)
def test_an_error_of_a_disk_is_found_behind_what_was_made_of_it(error, found, tmp_path, refused):
    def translate():
        try:
            raise error
        except type(error) as cause:
            raise ValueError("expected tables that can be read") from cause

    with refused(f"space to write {tmp_path}", found, REMEDY), writing(tmp_path):
        translate()


def test_a_full_disk_of_a_database_server_is_none_of_this_computer_s(tmp_path):
    full = psycopg.errors.DiskFull('could not extend file "base/1/2": No space left on device')
    failed, told = OperationalError("INSERT", {}, full), UserError("expected to reach it", full, "check the server")
    failed.__cause__ = full  # as SQLAlchemy raises it
    with pytest.raises(UserError) as caught, writing(tmp_path):
        raise told from failed
    assert caught.value is told


def test_a_database_that_may_not_be_written_is_no_disk_that_is_full(tmp_path, refused):
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    open_study(url, name="churn", facts={}, seed=0, pruner=NopPruner())
    with refused("to reach tuning.storage", "attempt to write a readonly database", "check the URL"):
        open_study(
            f"sqlite:///file:{tmp_path / 'trials.db'}?mode=ro&uri=true",
            name="another",
            facts={},
            seed=0,
            pruner=NopPruner(),
        )


def test_a_full_disk_that_did_not_matter_is_not_told(tmp_path):
    def choose_another():
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise ValueError("expected another value") from None

    with pytest.raises(ValueError, match="another value"), writing(tmp_path):
        choose_another()


def test_other_errors_stay_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path):
        (tmp_path / "none").read_text()


def test_of_a_copy_the_target_is_named_and_never_the_name_of_a_half_written_file(tmp_path, refused):
    error = OSError(errno.ENOSPC, "No space left on device", "source", None, str(tmp_path / ".churn-partial-7-target"))
    with refused(f"space to write {tmp_path / 'target'}", FULL, REMEDY), atomic(tmp_path / "folder"):
        raise error


def test_of_several_places_the_fullest_is_named(small_disk, tmp_path, refused):
    fill(small_disk)
    with refused(f"space to write {small_disk}", FULL, REMEDY), writing(small_disk), writing(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_temporary_files_never_leave_a_full_folder_in_silence(small_disk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(small_disk))
    monkeypatch.setattr(tempfile, "tempdir", None)
    fill(small_disk)
    assert not tempfile.gettempdir().startswith(str(small_disk))
    with pytest.raises(DiskError, match=str(small_disk)), temporary_folder() as folder:
        (folder / "note.txt").write_bytes(bytes(1 << 13))


def test_a_full_disk_ends_a_search_and_a_verdict_and_is_no_fault_of_a_model_s(small_disk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(small_disk))
    tiny = {"hidden_size": 2, "max_epochs": 1}
    dataset = example_dataset()
    fill(small_disk)
    with pytest.raises(DiskError, match=str(small_disk)):
        search(GRU, [dataset.split()], target="churn", tuning=TuningConfig(1), fixed=tiny)
    with pytest.raises(DiskError, match=str(small_disk)):
        list(reach_verdicts(dataset, {"churn": [Contestant(GRU, tiny)]}, VerdictConfig(ask=["order"], windows=100)))
    assert names(small_disk) == ["full"]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_storage_on_a_full_disk_is_named(kind, small_disk, refused):
    fill(small_disk)
    with refused(f"space to write {small_disk / 'trials'}", FULL, REMEDY):
        open_study(f"{kind}:///{small_disk / 'trials'}", name="churn", facts={}, seed=0, pruner=NopPruner())


def test_models_without_space_are_refused_by_name(small_disk, refused):
    split = example_split()
    models = LightGBM(), GRU(hidden_size=64, max_epochs=1)
    fitted = [model.fit(split, target="churn") for model in models]
    fill(small_disk, leave=1 << 13)
    for model in fitted:
        with refused(f"space to write {small_disk / 'model'}", FULL, REMEDY):
            model.save(small_disk / "model")
    assert names(small_disk) == ["full"]


@pytest.mark.parametrize("path", ["{private}/log.parquet", "{private}/*.parquet", "{private}/deep/log.csv"])
def test_a_path_that_this_user_may_not_use_is_one_line(path, tmp_path):
    private = tmp_path / "private"
    (private / "deep").mkdir(parents=True)
    private.chmod(0)
    ended = unprivileged("check", "--data.events", path.format(private=private))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("churn: expected") and str(private) in ended.stderr


def test_a_name_that_is_too_long_is_one_line(capsys):
    assert main(["check", "--data.events", f"{'a' * 300}.parquet"]) == 2
    assert "File name too long" in capsys.readouterr().err


def test_standard_output_may_be_a_file_whose_folder_this_user_may_not_enter(tmp_path):
    private = tmp_path / "private"
    private.mkdir()
    with (private / "page.txt").open("w") as page:
        private.chmod(0)
        assert unprivileged("--version", stdout=page).returncode == 0
    private.chmod(0o700)
    assert (private / "page.txt").read_text().startswith("churn ")


def unprivileged(*arguments, stdout=subprocess.PIPE):
    """A command of a user whom the modes of files bind, as they do not bind root."""
    rights = "-dac_override,-dac_read_search"
    bound = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.getuid() == 0 else []
    command = [*bound, sys.executable, "-m", "churn", *arguments]
    return subprocess.run(command, check=False, stdout=stdout, stderr=subprocess.PIPE, text=True)
