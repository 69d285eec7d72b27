"""Bad tables: generated logs, each spoilt at random, and whether `churn check` and `churn init` answer for each.

    python experiments/reliability/tables.py --cases 1000 --seed 0

A case is answered if it ends within a limit with exit code 0 and every row accounted for, or with exit code 2 and one
line. Any other end is printed with what was spoilt, and its files are kept.
"""

import argparse
import contextlib
import gzip
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from churn import DataConfig
from churn.cli import main as churn
from churn.data import prepare
from churn.errors import UserError

LIMIT_S = 20  # of a case, of processor time; machines are shared
Frame, Draw = pd.DataFrame, np.random.Generator
NAMES = (
    *("", " ", "  padded ", "=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "<script>alert(1)</script>", "'; DROP TABLE x;--"),
    *("\u202egnp.exe", "\u200b", "a\u200db", "é", "e\u0301", "사용자", "😀" * 30, "x" * 5_000, "null", "NaN", "None"),
    *("1", "01", "1.0", "1e3", "-0", "true", "a\nb", 'a"b', "a,b", "a;b", "a\tb", "\ufeff", "\\", "%", "_", "0x1F"),
)
TIMES = (
    *("2024-02-30", "2024-13-01", "31/12/2024", "12/31/2024", "2024-01-01T25:00", "now", "", "0", "1704067200"),
    *("1704067200000", "0001-01-01", "9999-12-31 23:59:59", "10000-01-01", "2024-02-29", "2023-02-29", "2024-W05-2"),
    *("2024-03-31T02:30:00+01:00", "2024-01-05 10:00:00Z", "2024-01-05 10:00:00 Asia/Seoul", "5 Jan 2024", "１２"),
)
AMOUNTS = (
    "1,000",
    "1.000,50",
    "₩5000",
    "-3",
    "1e308",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "",
    "five",
    "0x10",
    "１２",
    "1_000",
)


def log(rng: Draw) -> dict[str, Frame]:
    """A small healthy log: 30 users over 60 days."""
    users = [f"u{n:02d}" for n in range(30)]
    moments = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.uniform(0, 60 * 86_400, 900)).round(), "s")
    events = Frame({"user_id": rng.choice(users, 900), "event": rng.choice(["post", "view", "chat"], 900)})
    events.insert(1, "actor_id", np.where(rng.random(900) < 0.6, events.user_id, rng.choice(users, 900)))
    given = {"user_id": rng.choice(users, 150), "actor_id": rng.choice(users, 150), "amount": rng.integers(1, 50, 150)}
    stickers = Frame(given).assign(timestamp=rng.choice(moments, 150))
    members = Frame({"user_id": users, "plan": rng.choice(["free", "paid"], 30), "age": rng.integers(18, 70, 30)})
    return {"events": events.assign(timestamp=moments), "stickers": stickers, "members": members}


def spoil(table: Frame, rng: Draw) -> tuple[Frame, str]:
    """A table with one thing wrong with it, and what that is."""
    way = SPOILS[rng.integers(len(SPOILS))]
    column = str(rng.choice(table.columns)) if len(table.columns) else ""
    try:
        return way(table.copy(), column, rng), f"{way.__name__}({column})"
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError):  # already spoilt beyond it
        return table, "nothing"


def _some(table: Frame, rng: Draw) -> np.ndarray:
    """Some rows, by their positions."""
    return np.flatnonzero(rng.random(len(table)) < rng.choice([0.01, 0.3, 1.0]))


def _put(table: Frame, column: str, rng: Draw, values: object) -> Frame:
    table[column] = table[column].astype(object)
    rows = _some(table, rng)
    drawn = rng.integers(len(values), size=len(rows))
    table.iloc[rows, table.columns.get_loc(column)] = pd.Series([values[i] for i in drawn], dtype=object).to_numpy()
    return table


def names(t: Frame, c: str, rng: Draw) -> Frame:
    return _put(t, c, rng, NAMES)


def times(t: Frame, c: str, rng: Draw) -> Frame:
    return _put(t, "timestamp", rng, TIMES)


def amounts(t: Frame, c: str, rng: Draw) -> Frame:
    return _put(t, "amount", rng, AMOUNTS)


def nulls(t: Frame, c: str, rng: Draw) -> Frame:
    return _put(t, c, rng, (None, np.nan))


def numbers(t: Frame, c: str, rng: Draw) -> Frame:
    return _put(t, c, rng, (0, -1, 2**63, -(2**63), 1e308, 5e-324, float("inf"), float("-inf"), 2**100, True))


def kinds(t: Frame, c: str, rng: Draw) -> Frame:
    return _put(t, c, rng, (1, "1", 1.0, None, True, b"bytes", Decimal("1.50"), pd.Timestamp("2024-01-02")))


def as_float(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = rng.choice([1.0, 2.5, np.nan, np.inf], len(t))
    return t


def as_whole(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = rng.integers(-3, 40, len(t)).astype(rng.choice(["int8", "int64", "uint8"]))
    return t


def as_bytes(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = [bytes([n % 256, 255]) for n in range(len(t))]
    return t


def as_lists(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = pd.Series([[1, 2]] * len(t), index=t.index, dtype=object)
    return t


def as_structs(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = pd.Series([{"a": 1}] * len(t), index=t.index, dtype=object)
    return t


def as_category(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = t[c].astype("category")
    return t


def as_dates(t: Frame, c: str, rng: Draw) -> Frame:
    t["timestamp"] = pd.to_datetime(t.timestamp).dt.date
    return t


def as_spans(t: Frame, c: str, rng: Draw) -> Frame:
    t[c] = pd.to_timedelta(np.arange(len(t)), "h")
    return t


def zoned(t: Frame, c: str, rng: Draw) -> Frame:
    zone = str(rng.choice(["UTC", "Asia/Seoul", "America/New_York", "Europe/Berlin"]))
    t["timestamp"] = pd.to_datetime(t.timestamp).dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    return t


def epochs(t: Frame, c: str, rng: Draw) -> Frame:
    t["timestamp"] = pd.to_datetime(t.timestamp).astype("int64") // int(rng.choice([1, 1_000, 10**6, 10**9]))
    return t


def far(t: Frame, c: str, rng: Draw) -> Frame:
    moments = pd.to_datetime(t.timestamp).astype("datetime64[us]").to_numpy().copy()
    far_off = np.array(["0001-01-01", "9999-12-31T23:59:59", "1969-12-31", "2262-04-12"], "datetime64[us]")
    moments[_some(t, rng)] = rng.choice(far_off)
    t["timestamp"] = moments
    return t


def empty(t: Frame, c: str, rng: Draw) -> Frame:
    return t.iloc[:0]


def one_row(t: Frame, c: str, rng: Draw) -> Frame:
    return t.iloc[:1]


def one_user(t: Frame, c: str, rng: Draw) -> Frame:
    return t.assign(user_id="u00")


def one_day(t: Frame, c: str, rng: Draw) -> Frame:
    return t.assign(timestamp=pd.Timestamp("2024-02-01 12:00"))


def many_events(t: Frame, c: str, rng: Draw) -> Frame:
    return t.assign(event=[f"type {n}" for n in range(len(t))])


def shuffled(t: Frame, c: str, rng: Draw) -> Frame:
    return t.sample(frac=1.0, random_state=int(rng.integers(1_000)))


def repeated(t: Frame, c: str, rng: Draw) -> Frame:
    return pd.concat([t] * 3, ignore_index=True)


def without(t: Frame, c: str, rng: Draw) -> Frame:
    return t.drop(columns=c)


def renamed(t: Frame, c: str, rng: Draw) -> Frame:
    return t.rename(columns={c: str(rng.choice([*NAMES, c.upper(), f" {c} ", "USER_ID", "timestamp", "user_id"]))})


def added(t: Frame, c: str, rng: Draw) -> Frame:
    return t.assign(**{str(rng.choice(["day", "fate", "reason", "row", "id", "written", "n", "user", "date"])): 1})


def nothing_left(t: Frame, c: str, rng: Draw) -> Frame:
    return t[[]]


SPOILS: list[Callable[[Frame, str, Draw], Frame]] = [
    *(names, times, amounts, nulls, numbers, kinds, as_float, as_whole, as_bytes, as_lists, as_structs, as_category),
    *(as_dates, as_spans, zoned, epochs, far, empty, one_row, one_user, one_day, many_events, shuffled, repeated),
    *(without, renamed, added, nothing_left, names, times, nulls, kinds),
]


def write(table: Frame, folder: Path, name: str, rng: Draw) -> tuple[Path, str]:
    """A table in a file of some form, perhaps damaged, and what was done to it."""
    form = str(rng.choice(["csv", "parquet", "csv.gz", "tsv", "jsonl"], p=[0.4, 0.35, 0.1, 0.05, 0.1]))
    path = folder / f"{name}.{form}"
    try:
        _as(form, table, path)
    except Exception:  # a table that Parquet or JSON cannot hold
        form, path = "csv", folder / f"{name}.csv"
        table.astype(object).to_csv(path, index=False, errors="replace", encoding="utf8")
    if rng.random() < 0.85:
        return path, form
    hurt = DAMAGE[rng.integers(len(DAMAGE))]
    return hurt(path, rng), f"{form} {hurt.__name__}"


def _as(form: str, table: Frame, path: Path) -> None:
    if form == "parquet":
        table.to_parquet(path, index=False)
    elif form == "jsonl":
        table.to_json(path, orient="records", lines=True, date_format="iso")
    else:
        table.to_csv(path, index=False, sep="\t" if form == "tsv" else ",")


def cut(path: Path, rng: Draw) -> Path:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(rng.integers(len(whole) + 1))])
    return path


def flipped(path: Path, rng: Draw) -> Path:
    whole = bytearray(path.read_bytes())
    for place in rng.integers(max(len(whole), 1), size=8 if whole else 0):
        whole[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(bytes(whole))
    return path


def misnamed(path: Path, rng: Draw) -> Path:
    return path.rename(path.with_suffix(str(rng.choice([".csv", ".parquet", ".xlsx", ".gz", ".json", ".txt", ""]))))


def noise(path: Path, rng: Draw) -> Path:
    path.write_bytes(rng.bytes(int(rng.choice([0, 1, 100, 5_000]))))
    return path


def recoded(path: Path, rng: Draw) -> Path:
    with contextlib.suppress(UnicodeError):
        code = str(rng.choice(["utf-16", "utf-8-sig", "cp949", "utf-32"]))
        path.write_bytes(path.read_bytes().decode("utf8").encode(code))
    return path


def inner(path: Path, rng: Draw) -> Path:
    """Bytes that text cannot hold, lines of other widths, quotes that nobody closes."""
    added = [b"\0\0\0", b'"', b"\n,,,,,,,,,,,\n", b"\xff\xfe\xfa", b"x" * 100_000, b"\r\r\n", b'\n"a\nb",1\n']
    whole, place = path.read_bytes(), int(rng.integers(path.stat().st_size + 1))
    path.write_bytes(whole[:place] + added[rng.integers(len(added))] + whole[place:])
    return path


def packed(path: Path, rng: Draw) -> Path:
    there = path.with_name(path.name + ".gz")
    there.write_bytes(gzip.compress(path.read_bytes()))
    return there


def a_folder(path: Path, rng: Draw) -> Path:
    path.unlink()
    path.mkdir()
    return path


DAMAGE: list[Callable[[Path, Draw], Path]] = [cut, flipped, misnamed, noise, recoded, inner, inner, packed, a_folder]


class TooLongError(Exception):
    """A case that took longer than its limit."""


def _too_long(*_: object) -> None:
    raise TooLongError


def answer(arguments: list[str]) -> tuple[int, str]:
    """The exit code and the standard error of a command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = churn(arguments)
    return code, err.getvalue()


def fault(code: int, said: str) -> str:
    """The fault of an answer; empty for none."""
    if code == 0:
        return ""
    lines = said.splitlines()
    if code == 2 and len(lines) == 1 and lines[0].startswith("churn: expected ") and ", got " in lines[0]:
        return "" if lines[0].isprintable() else f"signs that a terminal may obey: {lines[0][:300]!r}"
    return f"exit code {code}: {said[-600:]!r}"


def case(seed: int, folder: Path) -> tuple[str, str, str]:
    """One case: its spoilt tables, how it ended, and its fault."""
    rng = np.random.default_rng(seed)
    tables, done, paths = log(rng), [], {}
    for name in rng.choice(list(tables), size=rng.integers(1, 3)):
        tables[name], how = spoil(tables[name], rng)
        done.append(f"{name}: {how}")
    for name in tables:
        if name == "events" or rng.random() < 0.7:
            paths[name], how = write(tables[name], folder, name, rng)
            done.append(f"{name} as {how}")
    options = [f"--data.{name}={path}" for name, path in paths.items()]
    zone = str(rng.choice(["UTC", "Asia/Seoul", "America/New_York"]))
    told = "; ".join(done)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        if seed % 5 == 0:
            code, said = answer(["init", *map(str, paths.values()), "--out", str(folder / "churn.yaml")])
            if wrong := fault(code, said):
                return told, "init", wrong
        code, said = answer(["check", "--quiet", *options, f"--data.zone={zone}"])
        wrong = fault(code, said) or unbalanced(paths, zone, folder / "dataset")
    except TooLongError:
        return told, "too long", f"over {LIMIT_S} s"
    except BaseException:
        return told, "raised", traceback.format_exc()[-1_500:]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return told, f"exit {code}", wrong


def unbalanced(paths: dict[str, Path], zone: str, folder: Path) -> str:
    """The tables of which a row is not accounted for."""
    try:
        dataset = prepare(DataConfig(**{n: str(p) for n, p in paths.items()}, zone=zone), folder, unsplit=True)
    except UserError:
        return ""
    for name, told in dataset.reconciliation.items():
        if told["read"] != told["used"] + told["non_members"] + sum(told["rejected"].values()):
            return f"{name} does not add up: {told}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=None, help="folder for the files of cases without an answer")
    options = parser.parse_args()
    os.environ["CHURN_TRACEBACK"] = ""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, _too_long)
    ended, slowest, wrong = Counter(), 0.0, 0
    for seed in range(options.seed, options.seed + options.cases):
        folder, start = Path(tempfile.mkdtemp(prefix="bad-")), time.monotonic()
        told, how, fault_ = case(seed, folder)
        slowest = max(slowest, time.monotonic() - start)
        ended[how if not fault_ else "no answer"] += 1
        if fault_:
            wrong += 1
            print(f"seed {seed}: {told}\n  {how}: {fault_}", flush=True)
            if options.keep:
                shutil.copytree(folder, options.keep / str(seed), dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"cases": options.cases, "ended": ended, "slowest_s": round(slowest, 1)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
