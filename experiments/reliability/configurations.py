"""Bad configurations: a sound one with some keys set to values of other kinds, and whether `churn check` or `churn run`
answers for each within a limit, with a result or with one line and exit code 2.

    python experiments/reliability/configurations.py --cases 1000 --seed 0

`churn run` is tried on a configuration that it refuses before anything is read, since its tables are not there.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import numpy as np
import yaml
from tables import LIMIT_S, TooLongError, _too_long, answer, fault, log

from churn.configuration import RunConfig
from churn.keys import Block

VALUES = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        7,
        2**63,
        -(2**70),
        0.5,
        1e308,
        float("nan"),
        float("inf"),
        "",
        " ",
        "x",
        "7",
        "1e3",
    ),
    *(
        "2024-01-01",
        "2024-02-30",
        "9999-12-31",
        "UTC",
        "Asia/Seoul",
        "사용자",
        "a" * 5_000,
        "\u202e",
        "../..",
        "/etc/passwd",
    ),
    *(
        "=1+1",
        "<b>",
        "{}",
        "[]",
        "null",
        "churn.models.GRU",
        "os.system",
        "churn.models",
        "user_id",
        "%Y",
        "::",
        "sqlite:///x",
    ),
    *(
        [],
        [1],
        ["x"],
        [None],
        [[]],
        [{}],
        {},
        {"x": 1},
        {"class_path": "os.system"},
        {"class_path": "churn.models.GRU"},
    ),
    *({"class_path": "churn.models.GRU", "init_args": {"hidden_size": -1}}, {1: 2}, {"": ""}, [{"class_path": 3}]),
]
TEXTS = [  # whole files
    *(
        "",
        "data",
        "- 1",
        "data: [",
        "data: {events: !!python/object/apply:os.system [true]}",
        "a: &a [*a]",
        "\t- x",
        "%YAML 9",
    ),
    *(
        "data: &x {events: *x}",
        "a: b: c",
        "data: {events: e, events: f}",
        "!!binary aGk=",
        "\ufeffdata: 1",
        "data: \0",
        "--- 1\n--- 2",
    ),
]


def keys(kind: type[Block] = RunConfig, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key of a block, and of the blocks below it, as a path."""
    hints, found = get_type_hints(kind), []
    for one in fields(kind):
        hint, path = hints[one.name], (*prefix, one.name)
        found += [path, *(keys(hint, path) if isinstance(hint, type) and issubclass(hint, Block) else ())]
    return found


def spoilt(sound: dict[str, object], rng: np.random.Generator) -> tuple[str, str]:
    """A configuration's text, and its bad keys."""
    if rng.random() < 0.05:
        text = TEXTS[rng.integers(len(TEXTS))]
        return text, repr(text)
    config, done, every = json.loads(json.dumps(sound)), {}, keys()
    for _ in range(rng.integers(1, 4)):
        path = list(every[rng.integers(len(every))])
        if rng.random() < 0.1:
            path[-1] += "x"
        value, place = VALUES[rng.integers(len(VALUES))], config
        for name in path[:-1]:
            place = place[name] if isinstance(place.get(name), dict) else place.setdefault(name + "", {})
            if not isinstance(place, dict):
                break
        else:
            place[path[-1]] = value
            done[".".join(path)] = value
    return yaml.safe_dump(config, allow_unicode=True), repr(done)[:300]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, _too_long)
    ended, wrong, slowest = Counter(), 0, 0.0
    with tempfile.TemporaryDirectory(prefix="configurations-") as place:
        folder = Path(place)
        tables = log(np.random.default_rng(0))
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet")
        sound = {"data": {name: str(folder / f"{name}.parquet") for name in tables}}
        missing = {"data": {name: str(folder / "none.parquet") for name in tables}}
        for seed in range(options.seed, options.seed + options.cases):
            rng, start = np.random.default_rng(seed), time.monotonic()
            running = seed % 3 == 0
            text, told = spoilt(missing if running else sound, rng)
            path = folder / "churn.yaml"
            path.write_text(text, encoding="utf8", errors="surrogatepass")
            command = ["run", "--out", str(folder / "run")] if running else ["check"]
            signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
            try:
                code, said = answer([*command, "--config", str(path), "--quiet"])
                found = fault(code, said)
            except TooLongError:
                code, found = -1, f"over {LIMIT_S} s"
            except BaseException:
                code, found = -1, traceback.format_exc()[-1_500:]
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            slowest = max(slowest, time.monotonic() - start)
            ended[f"{command[0]}: {code}"] += 1
            if found:
                wrong += 1
                print(f"seed {seed}, {command[0]}: {told}\n  {found}", flush=True)
    print(json.dumps({"cases": options.cases, "ended": ended, "wrong": wrong, "slowest_s": round(slowest, 1)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
