"""The answering times and the memory of `churn serve` with a list of a million scored users, at 20 requests a second.

A made-up run's folder is written, the server is started on loopback in a process of its own, and pages are asked for at
a steady rate, whether or not earlier answers have come: the first page, further pages, searches, filters, sorts, users,
and marks. Printed are the median and the 95th percentile by kind, and the server's peak memory.

    python experiments/benchmarks/serve.py --users 1000000 --seconds 60 --rate 20
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import yaml

from churn.artefacts import declared, hashes_of, write_json, write_text

MANIFEST = {  # as much as the pages of lists read
    **{"version": "0", "seed": 0, "created": "2024-03-01T05:00:00+00:00", "stages": [{"name": "score_users"}]},
    **{"inputs": {}, "reconciliation": {}, "targets": ["churn", "sticker"], "split_kind": "time", "context": []},
    **{"audit": {"features": ["own_post", "fan_view"], "parts": []}, "drift": None, "seeds": 1, "retrained": {}},
    **{"blend": {}, "chosen": {}, "completeness": {}, "refit": {}, "budget": None, "clock": {}, "compared": {}},
    **{"earnings": None, "groups": {}, "anomalies": {}, "warnings": [], "list_warnings": []},
    "windows": {"history_days": 7, "horizon_days": 7, "lead_days": 0, "stride_days": 1, "at_risk": "active"},
    "order": {
        **{"rank_by": "p_churn", "asked": "best", "measure": "users", "horizon_days": 7, "lists": 9, "users": 90},
        **{"value": 12.0, "by_lot": 8.0, "low": 10.0, "high": 14.0},
        **{"excess": 4.0, "excess_low": 2.0, "excess_high": 6.0},
    },
}
REASON = {
    **{"kind": "count", "risky": "low", "total": 1.0, "history_days": 7, "known_days": 90, "usual": 3.0},
    **{"others": 2.0, "silent_days": 1, "long_silence": False, "fewer": False, "fell": pd.NaT, "fallen_days": 7},
    **{"since": 1.0, "amount": False},
}


def made(folder: Path, *, users: int, cutoff: str = "2024-03-01", seed: int = 0, hide=None, ids=None, language="en"):
    """A finished run's folder, as far as lists go: a seventh of the users is listed, and a tenth of these held back."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    names = np.array([f"u{n:07d}" for n in range(users)], object) if ids is None else np.array(ids, object)
    p = rng.beta(2, 5, users).round(4)  # with ties
    sticker = rng.beta(1, 9, users).round(4)
    listed = np.argsort(-p, kind="stable")[: max(users // 7, 1)]
    segment = np.full(users, "other", object)
    segment[p >= 0.5] = "likely churner"
    segment[listed] = "priority"
    back = pd.Series(pd.Timestamp(cutoff) + pd.to_timedelta(rng.integers(1, 28, users), unit="D"))
    about = {"p_churn": p, "p_sticker": sticker, "active_days": rng.integers(0, 8, users)}
    about |= {"back_by": back.where(rng.random(users) < 0.8)}
    scored = pd.DataFrame({"user_id": names, "cutoff": pd.Timestamp(cutoff), **about, "p_sticker_if_stays": sticker})
    scored = scored.assign(priority=p * sticker, value_at_risk=p * sticker, segment=segment)
    declared.SCORES.write(scored, folder, hide)
    of_list = scored.iloc[listed].reset_index(drop=True)
    held = rng.random(len(listed)) < 0.1
    held[:1], held[1:2] = False, True  # the best is to be contacted, the second held back
    group = np.where(held, "control", "contact")
    ranks = of_list.priority.rank(ascending=False, method="first").astype("int64")
    columns = {"rank": np.arange(1, len(listed) + 1), "user_id": of_list.user_id, "group": group}
    columns |= {name: of_list[name] for name in ("priority", "p_churn", "p_sticker", "active_days", "back_by")}
    declared.PRIORITY.write(pd.DataFrame({**columns, "priority_rank": ranks}), folder, hide)
    three = pd.DataFrame({"user_id": np.repeat(of_list.user_id.to_numpy(), 3), "place": [1, 2, 3] * len(listed)})
    reasons = three.assign(feature=np.tile(["own_post", "fan_view", "away_visit"], len(listed)), **REASON)
    declared.REASONS.write(reasons, folder, hide)
    write_text(yaml.safe_dump({"language": language, "labels": {}, "segments": {}, "data": {}}), folder / "config.yaml")
    numbers = {"rank_by": "p_churn", "rule": "quantile", "listed": len(listed), "scored": users, "cutoff": cutoff}
    control = {"share": 0.1, "seed": 0, "held_back": int(held.sum()), "contacted": int((~held).sum())}
    hashes = hashes_of(folder, [declared.SCORES.file, declared.PRIORITY.file])
    key = None if hide is None else "key"
    segment_facts = {**numbers, "control": control, "id_key": key, "sha256": hashes}
    write_json({**MANIFEST, "segment": segment_facts}, folder / "manifest.json")
    for page in (declared.REPORT, declared.EVIDENCE):
        write_text(f"<!DOCTYPE html><title>{page}</title><p>of {cutoff}</p>", folder / page)
    return folder


class Server:
    """`churn serve` in a process of its own, and a session with it."""

    def __init__(self, runs: Path, *more: str) -> None:
        command = [sys.executable, "-m", "churn", "serve", "--runs", str(runs), "--port", "0", *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
        found = re.search(r"http://([\d.]+):(\d+)(/enter\S+)", self.process.stdout.readline())
        self.host, self.port = found[1], int(found[2])
        self.cookie = self.ask(found[3])[2].partition(";")[0]

    def ask(self, path: str) -> tuple[int, bytes, str]:
        """The status, the body and the cookie that is set."""
        connection = HTTPConnection(self.host, self.port, timeout=60)
        connection.request("GET", path, headers={"cookie": getattr(self, "cookie", "")})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body, answer.headers.get("set-cookie", "")

    def stop(self) -> int:
        """The exit code, once the server has ended."""
        self.process.terminate()
        self.process.communicate()
        return self.process.returncode

    @property
    def peak_mb(self) -> float:
        """The peak resident memory, in MiB."""
        told = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf8")
        return int(re.search(r"VmHWM:\s+(\d+)", told)[1]) / 1024


def questions(server: Server, users: int) -> dict[str, list[str]]:
    """The addresses to ask for, by kind."""
    rng = np.random.default_rng(1)
    pick = [f"u{n:07d}" for n in rng.integers(0, users, 200)]
    everyone = {"show": "everyone"}
    following = {}
    for name, given in (("list", {}), ("everyone", everyone)):
        page = server.ask(f"/?{urlencode(given)}")[1].decode()
        following[name] = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    sorts = [{"sort": sort, "order": order} for sort in ("p_sticker", "active_days", "user_id") for order in ("up", "")]
    return {
        "first page": ["/", f"/?{urlencode(everyone)}"],
        "next page": list(following.values()),
        "search": [f"/?{urlencode({'q': user[1:6], **show})}" for user in pick for show in ({}, everyone)],
        "filter": [f"/?{urlencode({'least': n, **show})}" for n in range(20, 60) for show in ({}, everyone)],
        "sort": [f"/?{urlencode({**sort, **show})}" for sort in sorts for show in ({}, everyone)],
        "user": [f"/user?{urlencode({'id': user})}" for user in pick],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="requests a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        runs = Path(place)
        made(runs / "night", users=options.users)
        server = Server(runs)
        try:
            measure(server, options)
        finally:
            server.stop()


def measure(server: Server, options: argparse.Namespace) -> None:
    asked = {kind: cycle(paths) for kind, paths in questions(server, options.users).items()}
    taken, wrong, begun = defaultdict(list), [], server.peak_mb
    lock, threads, start = threading.Lock(), [], time.perf_counter()

    def ask(kind: str, path: str, due: float) -> None:
        status, _, _ = server.ask(path)
        with lock:
            taken[kind].append(time.perf_counter() - due)
            if status != 200:
                wrong.append((status, path))

    for place, kind in zip(range(int(options.seconds * options.rate)), cycle(asked), strict=False):
        due = start + place / options.rate
        time.sleep(max(due - time.perf_counter(), 0))
        thread = threading.Thread(target=ask, args=(kind, next(asked[kind]), due))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    for kind, seconds in taken.items():
        middle, p95 = 1e3 * statistics.median(seconds), 1e3 * statistics.quantiles(seconds, n=20)[-1]
        print(f"{kind:<11} n {len(seconds):>5}  median {middle:>6.0f} ms  p95 {p95:>6.0f} ms")
    print(f"answers that were not 200: {len(wrong)} {wrong[:3]}")
    print(f"peak memory: {begun:.0f} MiB before, {server.peak_mb:.0f} MiB after")


if __name__ == "__main__":
    main()
