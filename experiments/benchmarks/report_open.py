"""The opening time of the report of a run with 100,000 scored users, and the sizes of it and of its evidence.

A finished run (of `make demo`) is copied and enlarged: its scored users are drawn again and again under new ids until
there are 100,000, a tenth on the list with the demo's reasons. The page is then opened in headless
Chromium, without a network, in a fresh browser every time: until the first paint, until the load event, and until the
page answers, which is when the last task of more than 50 ms has ended. Then the list is searched, filtered and sorted.

    python experiments/benchmarks/report_open.py --run runs/demo --rounds 5
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from churn.artefacts import declared, read_json, read_table, write_json, write_table
from churn.report import write_report

WATCH = """
window.busyUntil = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.busyUntil = Math.max(window.busyUntil, task.startTime + task.duration);
}).observe({ type: "longtask", buffered: true });
"""
TIMES = """() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { paint: paint.startTime, load: navigation.loadEventEnd,
           answers: Math.max(navigation.loadEventEnd, window.busyUntil) };
}"""
# The time from a click or a key until the next frame is drawn.
SORT = """() => new Promise((done) => {
  const start = performance.now();
  document.querySelector("#list th:nth-child(4) button").click();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""
SEARCH = """() => new Promise((done) => {
  const start = performance.now(), input = document.querySelector("#list input[type=search]");
  input.value = "post";
  input.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def blown_up(run: Path, folder: Path, *, scored: int, listed: int) -> Path:
    """A copy of a run with the given numbers of users scored and listed."""
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns("models", "trials", "dataset", "*.html"))
    rng = np.random.default_rng(0)
    old, users = read_table(folder / "scores.parquet"), read_table(folder / "priority.parquet")
    scores = old.sample(scored, replace=True, random_state=0).sort_values("priority", ascending=False)
    scores = scores.assign(user_id=[f"user-{n:08x}" for n in rng.permutation(scored)])
    likely = np.where(scores.p_churn >= 0.5, "likely churner", "other")
    scores["segment"] = np.where(np.arange(scored) < listed, "priority", likely)
    first = scores.head(listed).reset_index(drop=True)
    rows = users.sample(listed, replace=True, random_state=0).reset_index(drop=True)
    told, names = read_table(folder / "reasons.parquet"), pd.DataFrame({"old": rows.user_id, "new": first.user_id})
    reasons = names.merge(told, left_on="old", right_on="user_id").assign(user_id=lambda table: table["new"])
    write_table(reasons[told.columns], folder / "reasons.parquet")
    rows = rows.assign(rank=np.arange(1, listed + 1), **{name: first[name] for name in rows if name in first})
    windows = read_table(folder / "windows.parquet")
    now = scores[["user_id", "cutoff"]].assign(part="score")
    manifest = read_json(folder / "manifest.json")
    share = {"quantile": 1 - listed / scored, "threshold": float(first.priority.iloc[-1])}
    manifest["segment"] |= share | {"scored": scored, "listed": listed}
    write_table(scores, folder / "scores.parquet")
    write_table(rows, folder / "priority.parquet")
    write_table(pd.concat([windows[windows.part != "score"], now]), folder / "windows.parquet")
    write_json(manifest, folder / "manifest.json")
    return folder


def opened(page: Page, address: str) -> dict[str, float]:
    """Milliseconds until the page was painted, was loaded and answers, and of operations on its list."""
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_timeout(2_000)  # quiet from here on
    return page.evaluate(TIMES) | {"sort": page.evaluate(SORT), "search": page.evaluate(SEARCH)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--scored", type=int, default=100_000)
    parser.add_argument("--listed", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="churn-") as name, sync_playwright() as playwright:
        folder = blown_up(options.run, Path(name) / "run", scored=options.scored, listed=options.listed)
        page = write_report(folder)
        evidence = page.with_name(declared.EVIDENCE)
        rounds = []
        for _ in range(options.rounds):
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
            rounds.append(opened(context.new_page(), page.as_uri()))
            browser.close()
        print(
            f"{options.scored:,} scored, {options.listed:,} listed: {page.stat().st_size / 1e6:.2f} MB, "
            f"the evidence {evidence.stat().st_size / 1e6:.2f} MB"
        )
        for step in rounds[0]:
            times = [one[step] for one in rounds]
            print(f"{step}: {statistics.median(times):,.0f} ms (median of {len(times)}, most {max(times):,.0f})")


if __name__ == "__main__":
    main()
