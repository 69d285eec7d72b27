"""Signals: each lets a command clean up, and appears in the exit code and in a line."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from churn.stopping import StoppedError, stoppable

ENDING = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU", "SIGVTALRM", "SIGPROF"]
STOPPED = """  # a command of the door that is stopped in its middle
import os, signal, sys, tempfile
from churn import cli

def stopped(arguments):
    with tempfile.TemporaryDirectory(dir=arguments[1]):
        try:
            os.kill(os.getpid(), getattr(signal, arguments[0]))
            signal.pause()
        except BaseException:
            {then}

cli.COMMANDS["run"] = cli.COMMANDS["report"] = (stopped, "")
signal.signal(getattr(signal, sys.argv[2]), signal.SIG_DFL)  # which a process in the background may have to ignore
sys.exit(cli.main(sys.argv[1:]))
"""


def ended(*arguments, then="raise"):
    command = [sys.executable, "-c", STOPPED.format(then=then), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path.cwd(), timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDING)
def test_every_signal_ends_a_command_with_its_number_and_one_line_once_it_has_cleaned_up(name, tmp_path):
    done = ended("report", name, tmp_path)
    assert done.returncode == 128 + getattr(signal, name)
    assert (done.stdout, done.stderr) == ("", f"churn: stopped by {name}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_goes_on_when_it_is_given_again_says_so(tmp_path):
    assert ended("run", "SIGTERM", tmp_path).stderr == (
        "churn: stopped by SIGTERM; the same command goes on from here\n"
    )


@pytest.mark.parametrize("then", ["sys.exit()", "raise RuntimeError", "pass"])
def test_a_library_that_makes_something_else_of_a_signal_does_not_make_it_look_like_a_success(then, tmp_path):
    done = ended("report", "SIGTERM", tmp_path, then=then)
    assert (done.returncode, done.stderr) == (143, "churn: stopped by SIGTERM\n")


def test_a_second_signal_does_not_cut_the_cleaning_up_short():
    cleaned = []
    with stoppable() as stop:
        try:
            signal.raise_signal(signal.SIGTERM)
        except StoppedError:
            signal.raise_signal(signal.SIGINT)
            cleaned.append(stop.name)
    assert cleaned == ["SIGTERM"]


def test_a_signal_that_is_ignored_stays_so_and_handlers_are_put_back():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            signal.raise_signal(signal.SIGHUP)
        assert stop.number is None
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_other_threads_are_left_alone():
    seen = []

    def enter():
        with stoppable() as stop:
            seen.append(stop.number)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [None]


@pytest.mark.parametrize("closed", ["1", "2", "12"])
def test_a_reader_who_has_gone_is_not_complained_of(closed, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    streams = {{"1": "stdout", "2": "stderr"}[one]: writer for one in closed}
    command = [sys.executable, "-m", "churn", "--help" if "1" in closed else "nonsense"]
    done = subprocess.run(command, **{"stdout": -1, "stderr": -1} | streams, cwd=Path.cwd())
    os.close(writer)
    assert done.returncode == (141 if "1" in closed else 2)
    assert not done.stderr


def test_a_page_that_nobody_reads_ends_as_other_commands_do(tmp_path):
    script = (
        "from churn.progress import page; import sys; from churn import cli; "
        "cli.COMMANDS['check'] = (lambda _: page(80).print('x' * 10**6), ''); sys.exit(cli.main(['check']))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", script], stdout=writer, stderr=-1, cwd=Path.cwd())
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.slow
def test_a_closed_standard_error_takes_no_command_its_place(tmp_path):
    command = f"{sys.executable} -m churn simulate --out {tmp_path / 'log'} 2>&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=Path.cwd())
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "log" / "events.parquet").exists()


@pytest.mark.parametrize(("closing", "code"), [(">&-", 0), ("2>&-", 0), (">/dev/full", 2)])
def test_a_closed_or_full_standard_output_is_no_fault_of_the_program(closing, code):
    command = f"{sys.executable} -m churn --help {closing}"
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=Path.cwd(), env=buffered)
    assert done.returncode == code
    said = "churn: expected space to write standard output, got a full disk; free some or choose another folder\n"
    assert done.stderr == (said if code else "")
