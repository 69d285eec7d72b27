"""Folders from strangers: a run with one file changed at random, whose hashes say nothing, and whether `churn report`
and `churn score` answer with a result or with one line and exit code 2, and run nothing that the folder holds.

    python experiments/reliability/folders.py --cases 500 --seed 0

A stranger can compute hashes too, so these are removed: what is tried is what stands behind them.
"""

import argparse
import io
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from configurations import TEXTS, VALUES
from faults import in_child
from tables import fault

from churn.artefacts import read_json, write_json
from churn.cli import main as churn

LIMIT_S, MEMORY = 60, 12 << 30
CONFIG = {
    "models": [
        {"class_path": "churn.models.GRU", "init_args": {"hidden_size": 4, "max_epochs": 1}},
        {"class_path": "churn.models.Foresight", "init_args": {"hidden_size": 4, "max_epochs": 1}},
        *("churn.models.LightGBM", "churn.models.Logistic"),
    ],
    "tuning": {"trials": 1},
    "evaluation": {"repetitions": 20},
    "verdicts": {"ask": []},
    "explanation": {"windows": 300, "sample": 20, "trees": 5, "rounds": 2, "seeds": 1},
    "segments": {"groups": {"max": 1}},
}


class Planted:
    """A pickle that leaves a mark if it is loaded."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """The command that loading it would run."""
        return os.system, (f"touch {self.mark}",)


def unsealed(run: Path) -> None:
    """Remove the hashes, as a stranger would who has changed a file."""
    manifest = read_json(run / "manifest.json")
    manifest["segment"]["sha256"] = {}
    stages = [stage | {"files": {}} for stage in manifest.pop("stages")]
    kept = {name: value for name, value in manifest.items() if name not in ("files", "sha256")}
    write_json(kept | {"stages": stages}, run / "manifest.json")


def somewhere(value: object, rng: np.random.Generator) -> object:
    """JSON with one value, somewhere in it, replaced or gone."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = list(value)[rng.integers(len(value))]
        if rng.random() < 0.15:
            return {k: v for k, v in value.items() if k != name}
        return value | {name: somewhere(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = int(rng.integers(len(value)))
        return [*value[:place], somewhere(value[place], rng), *value[place + 1 :]]
    return VALUES[rng.integers(len(VALUES))]


def spoil(path: Path, mark: Path, rng: np.random.Generator) -> str:
    """Change a file, and tell how."""
    whole, way = path.read_bytes(), rng.random()
    path.unlink()
    if way < 0.05:
        return "gone"
    if way < 0.10:
        path.symlink_to(rng.choice(["/etc/passwd", "/dev/zero", "..", "nowhere"]))
        return f"a link to {path.readlink()}"
    if way < 0.13:
        path.mkdir()
        return "a folder"
    if way < 0.16:
        os.mkfifo(path)
        return "a pipe"
    if way < 0.22:
        path.write_bytes(pickle.dumps(Planted(str(mark))))
        return "a planted pickle"
    if way < 0.26:
        shutil.copyfile(mark.with_name("bomb"), path)
        return "a bomb"
    if way < 0.36:
        path.write_bytes(whole[: int(rng.integers(len(whole) + 1))])
        return "cut"
    if path.suffix == ".json" and way < 0.95:
        value = somewhere(json.loads(whole), rng)
        path.write_text(json.dumps(value))
        return "another value"
    if path.suffix == ".yaml":
        text = TEXTS[rng.integers(len(TEXTS))] if way < 0.6 else yaml.safe_dump(somewhere(yaml.safe_load(whole), rng))
        path.write_text(text, errors="surrogatepass")
        return "another text"
    if path.suffix in (".csv", ".parquet") and way < 0.9:
        return _table(path, whole, rng)
    changed = bytearray(whole)
    for place in rng.integers(max(len(changed), 1), size=int(rng.integers(1, 30)) if whole else 0):
        changed[place] = int(rng.integers(256))
    if path.suffix == ".txt" and way < 0.8:  # trees: numbers of a text
        for _ in range(4):
            found = [at for at, sign in enumerate(changed) if 48 <= sign < 58]
            changed[found[rng.integers(len(found))]] = int(rng.integers(48, 58))
    path.write_bytes(bytes(changed))
    return "other bytes"


def write_bomb(path: Path) -> None:
    """Write a file of some MB that unpacks to 8 GB, in the form of a network's weights."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("archive/data.pkl", "w", force_zip64=True) as inside,
    ):
        for _ in range(512):
            inside.write(bytes(1 << 24))


def _table(path: Path, whole: bytes, rng: np.random.Generator) -> str:
    read, write = (pd.read_csv, "to_csv") if path.suffix == ".csv" else (pd.read_parquet, "to_parquet")
    try:
        table = read(io.BytesIO(whole))
    except pd.errors.EmptyDataError:
        table = pd.DataFrame({"x": [1]})
    column = table.columns[rng.integers(len(table.columns))]
    way = rng.integers(5)
    if way == 0:
        table = table.drop(columns=column)
    elif way == 1:
        table = table.rename(columns={column: "other"})
    elif way == 2:
        table = table.iloc[:0]
    elif way == 3:
        table[column] = str(VALUES[rng.integers(len(VALUES))])
    else:
        table[column] = float(rng.choice([np.nan, np.inf, -1e308, 1e308, -1.0, 0.5]))
    getattr(table, write)(path, index=False)
    return f"{column}: way {way} of a table"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for room in ("pipeline", "report", "scoring"):  # loaded once, for all forks
        import_module(f"churn.{room}")

    ended, wrong = Counter(), 0
    with tempfile.TemporaryDirectory(prefix="folders-") as place:
        folder = Path(place)
        config = folder / "churn.yaml"
        log, sound, run, mark = (folder / name for name in ("log", "sound", "run", "mark"))
        data = {name: str(log / f"{name}.parquet") for name in ("events", "stickers", "members")}
        config.write_text(yaml.safe_dump({"data": data} | CONFIG))
        for made in (["simulate", "--out", str(log)], ["run", "--config", str(config), "--out", str(sound)]):
            code, said = in_child(lambda made=made: churn([*made, "--quiet"]))
            if code:
                raise SystemExit(said)
        unsealed(sound)
        write_bomb(mark.with_name("bomb"))
        for seed in range(options.seed, options.seed + options.cases):
            rng = np.random.default_rng(seed)
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(sound, run)
            scoring = bool(rng.random() < 0.6)
            inside = [
                path for path in sorted(run.rglob("*")) if path.is_file() and _is_read(path.relative_to(run), scoring)
            ]
            path = inside[rng.integers(len(inside))]
            told = f"{path.relative_to(run)}: {spoil(path, mark, rng)}"
            asked = ["--config", str(config), "--cutoff", "2023-02-20", "--out", str(folder / "scores")]
            command = ["score", "--run", str(run), *asked] if scoring else ["report", "--run", str(run)]

            def work(command: list[str] = command) -> int:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                signal.alarm(LIMIT_S)
                return churn([*command, "--quiet"])

            code, said = in_child(work)
            found = fault(code, said) or ("the planted code was run" if mark.exists() else "")
            mark.unlink(missing_ok=True)
            ended[f"{command[0]}: {code}"] += 1
            if found:
                wrong += 1
                print(f"seed {seed}, {command[0]}: {told}\n  {found}", flush=True)
    print(json.dumps({"cases": options.cases, "ended": ended, "wrong": wrong}))
    return 1 if wrong else 0


def _is_read(path: Path, scoring: bool) -> bool:
    """Whether a command reads a file of the run."""
    if scoring:
        return path.parts[0] in ("models", "config.yaml", "manifest.json")
    return path.parts[0] not in ("models", "dataset", "trials", "trials.db", ".churn") and path.suffix not in (
        ".html",
        ".xlsx",
    )


if __name__ == "__main__":
    sys.exit(main())
