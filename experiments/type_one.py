"""The error rate of the comparisons of segments where there are no differences: python experiments/type_one.py

Each repetition draws users who differ in their activity and their numbers of windows, and scores independent of both;
forms the groups and compares them as a run does, by `segments.prioritise`, `loyal_earners` and `compare` on each
user's latest window. Beside it the naive test: Welch's on all windows. Prints each test's error rate, as a table with
95 % intervals over repetitions, and the seconds of a repetition.
"""

import argparse
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pandas as pd
from scipy.stats import binomtest, ttest_ind

from churn.segments import SegmentConfig, compare, loyal_earners, prioritise
from churn.statistics import holm

LEVEL = 0.05
VARIABLES = ("trait", "posts", "replies", "amount", "weekend_share", "returned")


@dataclass(frozen=True)
class Draw:
    """Windows of users, and scores of the users."""

    user: np.ndarray  # the user of each window (n,), rising
    measured: np.ndarray  # (n, 6), the columns as in VARIABLES
    scored: pd.DataFrame  # user_id, p_churn, p_sticker: a row per user


def main() -> None:
    options = _options()
    rng, started = np.random.default_rng(options.seed), perf_counter()
    found = [repetition(draw(rng, options.users)) for _ in range(options.repetitions)]
    seconds = perf_counter() - started
    errors = pd.concat(found, keys=range(len(found)), names=["repetition"]).reset_index()
    print(table(errors))
    print(f"\n{options.repetitions:,} repetitions of {options.users} users, {1000 * seconds / len(found):.1f} ms each")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def draw(rng: np.random.Generator, users: int) -> Draw:
    """Users from rare to busy: rates of counts are gamma, amounts log-normal, and the busy have more windows."""
    busy = rng.gamma(1.5, 1.0, users)
    windows = 1 + rng.poisson(4 * busy)
    user = np.repeat(np.arange(users), windows)
    rates = busy[:, None] * rng.gamma(2.0, 1.0, (users, 2))
    trait, night, back = rng.normal(size=users), rng.beta(2, 5, users), rng.beta(1, 1, users)
    n = user.size
    measured = np.column_stack(
        [
            trait[user] + rng.normal(size=n),
            rng.poisson(rates[user]),
            np.exp(0.8 * trait[user] + 0.8 * rng.normal(size=n)),
            rng.binomial(7, night[user]) / 7,
            rng.random(n) < back[user],
        ]
    )
    ids = np.arange(users).astype(str)
    scores = {"user_id": ids, "p_churn": rng.beta(2, 2, users), "p_sticker": rng.beta(1, 4, users)}
    return Draw(user, measured, pd.DataFrame(scores))


def repetition(drawn: Draw) -> pd.DataFrame:
    """Every test's p-values: comparison, feature, p, p_adjusted, p_bh, p_rank, p_finding; of the test on all windows,
    naive, and by Holm over these, naive_adjusted.
    """
    config = SegmentConfig(rank_by="priority")
    scored = prioritise(drawn.scored, config)
    loyal = loyal_earners(scored, config)
    latest = np.append(drawn.user[1:] != drawn.user[:-1], True)
    variables = pd.DataFrame(drawn.measured[latest], columns=list(VARIABLES))
    tests = compare(variables, scored.segment, circular=[], loyal=loyal, minimum_cell=config.minimum_cell)
    listed, likely = (scored.segment == "priority"), (scored.segment == "likely churner")
    pairs = [(listed, ~listed), (listed, likely), (loyal, ~loyal)]
    naive = [_on_windows(drawn, a.to_numpy(), b.to_numpy()) for a, b in pairs]
    names = ["comparison", "feature", "p", "p_adjusted", "p_bh", "p_rank", "p_finding"]
    adjusted = np.concatenate([holm(p) for p in naive])
    return tests[names].assign(naive=np.concatenate(naive), naive_adjusted=adjusted)


def _on_windows(drawn: Draw, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inside, outside = drawn.measured[a[drawn.user]], drawn.measured[b[drawn.user]]
    return np.asarray(ttest_ind(inside, outside, equal_var=False).pvalue)


def table(tests: pd.DataFrame) -> str:
    """The rates as Markdown: single tests by variable and in all, then families of tests, a column per comparison."""
    names = list(tests["comparison"].unique())
    lines = [f"| share under {LEVEL} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for feature in (*VARIABLES, None):
        some = tests if feature is None else tests[tests["feature"] == feature]
        for column, said in (("p", "Welch, one row per user"), ("p_rank", "Mann–Whitney where skewed")):
            if some[column].notna().any():
                lines.append(_line(f"{feature or 'all variables'}: {said}", some, column, names))
    due = tests.assign(due=tests["p_rank"].fillna(tests["p"]))
    lines.append(_line("all variables: the test that is due", due, "due", names))
    lines.append(_line("all variables: Welch on all windows (naive)", tests, "naive", names))
    said = {
        "p": "unadjusted",
        "p_finding": "a finding (Holm, ranks where skewed)",
        "p_adjusted": "Holm on Welch",
        "p_bh": "Benjamini–Hochberg on Welch",
        "naive_adjusted": "Holm on the naive test",
    }
    families = tests.groupby(["repetition", "comparison"], sort=False)[list(said)].min().reset_index()
    for column, words in said.items():
        lines.append(_line(f"any of {len(VARIABLES)} variables, {words}", families, column, names))
    return "\n".join(lines)


def _line(title: str, tests: pd.DataFrame, column: str, names: list[str]) -> str:
    return f"| {title} | {' | '.join(_rate(tests[tests['comparison'] == name], column) for name in names)} |"


def _rate(tests: pd.DataFrame, column: str) -> str:
    """Share of p-values under the level, with an interval over repetitions, in which tests are dependent."""
    known = tests[tests[column].notna()]
    if known.empty:
        return "–"
    false = known[column] < LEVEL
    by_repetition = false.groupby(known["repetition"]).agg(["sum", "size"])
    rate = float(false.mean())
    if (by_repetition["size"] == 1).all():
        low, high = binomtest(int(false.sum()), len(false)).proportion_ci(method="wilson")
        return f"{rate:.4f} [{low:.4f}, {high:.4f}]"
    residual = by_repetition["sum"] - rate * by_repetition["size"]
    half = 1.96 * float(np.sqrt((residual**2).sum())) / len(known)
    return f"{rate:.4f} [{rate - half:.4f}, {rate + half:.4f}]"


if __name__ == "__main__":
    main()
