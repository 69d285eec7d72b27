"""Faults of a disk and kills, at each place where a command changes a file: the next command ends with the very files
of one that nothing has happened to, and what lay there before is as it was until then.

    python experiments/reliability/faults.py --kind kill --command score --cases 50

Needs gcc, which builds the library that stands between the command and the disk.
"""

import argparse
import contextlib
import ctypes
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from churn.replacement import is_waiting

HERE = Path(__file__).parent
KINDS = {"kill": "k", "full": "f", "eio": "e", "short": "s", "fsync": "y"}
COMMANDS = ("simulate", "run", "score", "outcomes", "tune")
_TIMES = re.compile(rb'"(created|since|seconds|peak_memory_mb|time|sha256|duration|rows_per_second)": [^,\n]*')
_DAY = "2023-02-20"  # of the list, in the middle of a small log's last month
_CONFIG = """
data:
  events: {log}/events.parquet
  stickers: {log}/stickers.parquet
  members: {log}/members.parquet
  windows: {{stride_days: 7}}
models: [churn.models.LightGBM]
tuning: {{trials: 2}}
training: {{seeds: 1}}
evaluation: {{repetitions: 30}}
explanation: {{trees: 20, rounds: 3, seeds: 1}}
verdicts: {{ask: []}}
segments: {{groups: {{max: 2}}}}
"""


def built(folder: Path) -> Path:
    """The library, built into a folder."""
    library = folder / "faults.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "faults.c", "-ldl"]
    subprocess.run(command, check=True)
    return library


def in_child(work: Callable[[], int]) -> tuple[int, str]:
    """The exit code and the standard error of work in a forked process; minus a signal's number for a killed one."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read)
        said, code = io.StringIO(), 70
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
                code = work()
        finally:
            os.write(write, said.getvalue().encode()[-60_000:])
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def files(folder: Path) -> dict[str, str]:
    """A hash of each file, without what differs between two equal commands: moments, seconds and memory."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.name not in (".churn", "metrics.prom", "trials.db"):
            found[name] = hashlib.sha256(_plain(path)).hexdigest()
    return found


def _plain(path: Path) -> bytes:
    if path.suffix == ".json":
        return _TIMES.sub(b"", path.read_bytes())
    if path.suffix == ".html":  # tells the stages' seconds
        return b""
    if path.suffix in (".xlsx", ".parquet") or path.name in ("trials.csv", "trial_curves.csv"):
        return b"" if path.suffix == ".xlsx" or path.name.startswith("trial") else path.read_bytes()
    return path.read_bytes()


class Scene:
    """A log, a finished run and its scores, copied for every case."""

    def __init__(self, folder: Path, command: str) -> None:
        from churn.cli import main

        self.folder, self.command, self.main = folder, command, main
        log, self.config = folder / "log", folder / "config.yaml"
        self.config.write_text(_CONFIG.format(log=log))
        self._make("simulate", "--preset", "small", "--out", str(log))
        if command in ("score", "outcomes"):
            self._make("run", "--config", str(self.config), "--out", str(folder / "run"))
            self._make(*self._score(folder / "scores"))

    def _make(self, *arguments: str) -> None:
        code, said = in_child(lambda: self.main([*arguments, "--quiet"]))
        if code:
            raise SystemExit(f"{arguments}: {code} {said}")

    def _score(self, out: Path, day: str = _DAY) -> list[str]:
        asked = ["--run", str(self.folder / "run"), "--config", str(self.config), "--cutoff", day]
        return ["score", *asked, "--out", str(out)]

    def before(self, out: Path) -> None:
        """Fill the output folder with an earlier list, where the command has one to replace."""
        if self.command == "score":
            earlier = self.folder / "earlier"
            if not earlier.exists():
                self._make(*self._score(earlier, "2023-02-10"))
            shutil.copytree(earlier, out)

    def arguments(self, out: Path) -> list[str]:
        """The command."""
        if self.command == "simulate":
            return ["simulate", "--preset", "small", "--seed", "3", "--out", str(out), "--quiet"]
        if self.command == "score":
            return [*self._score(out), "--quiet"]
        config = ["--config", str(self.config), "--out", str(out), "--quiet"]
        run = ["--run", str(self.folder / "scores")] if self.command == "outcomes" else []
        return [self.command, *run, *config]


def case(scene: Scene, kind: str, n: int, whole: dict[str, str], fault: Callable[[bytes, bytes, int], int]) -> str:
    """The fault of one case; empty for none."""
    out = scene.folder / "out" / "it"
    shutil.rmtree(out.parent, ignore_errors=True)
    out.parent.mkdir()
    scene.before(out)
    old = files(out)

    def work() -> int:
        fault(str(out.parent).encode(), KINDS[kind].encode(), n)
        return scene.main(scene.arguments(out))

    code, said = in_child(work)
    lines = said.splitlines()
    if kind == "kill":
        wrong = "" if code in (0, -signal.SIGKILL) else f"ended with {code}: {said[-300:]}"
    elif code == 2:
        wrong = "" if len(lines) == 1 and lines[0].startswith("churn: expected ") else f"not one line: {said[-500:]}"
    else:
        wrong = "" if code == 0 else f"exit code {code}: {said[-500:]}"
    now = files(out)
    if not wrong and kind != "kill" and scene.command == "score" and now not in (old, whole) and not is_waiting(out):
        wrong = f"neither the old list nor the new one, nor one that waits to be put there: {_differences(old, now)}"
    if not wrong and any(".churn-partial" in name for name in now) and kind != "kill":
        wrong = "half-written files left behind"
    again, said = in_child(lambda: scene.main(scene.arguments(out)))
    if not wrong and again:
        wrong = f"the next command ended with {again}: {said[-500:]}"
    if not wrong and (found := files(out)) != whole:
        wrong = f"the next command made other files: {_differences(whole, found)}"
    return wrong


def _differences(a: dict[str, str], b: dict[str, str]) -> list[str]:
    return [name for name in sorted({*a, *b}) if a.get(name) != b.get(name)][:8]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=KINDS, default="kill")
    parser.add_argument("--command", choices=COMMANDS, default="score")
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        folder = Path(place)
        if "faults.so" not in os.environ.get("LD_PRELOAD", ""):
            environment = {**os.environ, "LD_PRELOAD": str(built(folder)), "OMP_NUM_THREADS": "1"}
            return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode
        for room in ("outcomes", "pipeline"):  # loaded once, for all forks
            import_module(f"churn.{room}")

        fault = ctypes.CDLL(None).churn_fault
        fault.restype = ctypes.c_long
        fault.argtypes = [ctypes.c_char_p, ctypes.c_char, ctypes.c_long]
        scene = Scene(folder, options.command)
        counted, whole = count(scene, fault, options.kind)
        places = random.Random(options.seed).sample(range(1, counted + 1), min(options.cases, counted))
        wrong = 0
        for n in sorted(places):
            if said := case(scene, options.kind, n, whole, fault):
                wrong += 1
                print(f"{options.command}, {options.kind} at {n} of {counted}: {said}", flush=True)
        told = {"command": options.command, "kind": options.kind, "places": counted, "cases": len(places)}
        print(json.dumps(told | {"wrong": wrong}))
        return 1 if wrong else 0


def count(scene: Scene, fault: Callable[..., int], kind: str) -> tuple[int, dict[str, str]]:
    """The number of places of a whole command at which a fault may strike, and its files."""
    out, told = scene.folder / "out" / "it", scene.folder / "counted"
    out.parent.mkdir()
    scene.before(out)

    def work() -> int:
        fault(str(out.parent).encode(), {"kill": b"c", "fsync": b"y"}.get(kind, b"w"), 1 << 40)
        code = scene.main(scene.arguments(out))
        told.write_text(str(fault(None, b"c", 0)))
        return code

    code, said = in_child(work)
    if code:
        raise SystemExit(said)
    return int(told.read_text()), files(out)


if __name__ == "__main__":
    sys.exit(main())
