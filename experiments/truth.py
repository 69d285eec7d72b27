"""The calibration of the simulator's truth, and its study preset beside the reference: python experiments/truth.py

For each seed: the size of the log, its base rates, and p-values of "the probabilities are calibrated" for the
probabilities by the state and by the days so far, with users as blocks; then the reliability of the latter over all
seeds, with the band in which 95 % of calibrated forecasts' observed rates lie. About ten seconds a seed.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy.stats import chi2

from churn.data import DataConfig, prepare
from churn.data.sources.simulator import simulate

NAMES = ("events", "stickers", "members")
TARGETS = ("churn", "sticker")
BINS = 10


def main() -> None:
    options = _options()
    rows, every = [], []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory(prefix="churn-truth-") as folder:
            row, windows = measure(options.preset, seed, Path(folder))
        rows.append(row)
        every.append(windows.assign(user_id=f"{seed}/" + windows.user_id))
    table = pd.DataFrame(rows)
    print(table.round(4).to_string(index=False))
    sizes = table.drop(columns=["seed", *[c for c in table if c.startswith("p:")]])
    print(f"\nmean over seeds, and the spread between them\n{sizes.agg(['mean', 'std']).round(4).to_string()}")
    for target in TARGETS:
        print(f"\n{target}, given the days so far\n{reliability(pd.concat(every), target).to_string(index=False)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="study", choices=["small", "study"])
    parser.add_argument("--seeds", type=int, default=10)
    return parser.parse_args()


def measure(preset: str, seed: int, folder: Path) -> tuple[dict[str, float], pd.DataFrame]:
    """One log's numbers, and its labelled windows beside their truth."""
    simulate(preset, seed=seed, out=folder)
    dataset = prepare(DataConfig(**{name: str(folder / f"{name}.parquet") for name in NAMES}), folder / "dataset")
    windows = dataset.windows.table()
    truth = pd.read_parquet(folder / "truth.parquet").astype({"cutoff": windows["cutoff"].dtype})
    windows = windows.merge(truth, on=["user_id", "cutoff"], validate="one_to_one").dropna()
    windows = windows.astype(dict.fromkeys(TARGETS, float))
    row = {
        "seed": seed,
        "events": pq.read_metadata(folder / "events.parquet").num_rows,
        "stickers": pq.read_metadata(folder / "stickers.parquet").num_rows,
        "windows": len(windows),
        "users": windows["user_id"].nunique(),
        **{target: windows[target].mean() for target in TARGETS},
    }
    for target in TARGETS:
        for ending in ("", "_observed"):
            row[f"p: {target}{ending}"] = wald(windows, target, f"p_{target}{ending}")
    return row, windows


def wald(windows: pd.DataFrame, target: str, p: str) -> float:
    """P-value of "outcome - p has mean zero in every bin of p"; a user's windows overlap, users are independent."""
    sums = _by_user_and_bin(windows, windows[target] - windows[p], windows[p])
    total = sums.sum(axis=0)
    return float(chi2.sf(total @ np.linalg.solve(sums.T @ sums, total), BINS))


def reliability(windows: pd.DataFrame, target: str) -> pd.DataFrame:
    """Predicted and observed rates by bin, and the band around the predicted ones."""
    p = windows[f"p_{target}_observed"]
    spread = np.sqrt((_by_user_and_bin(windows, windows[target] - p, p) ** 2).sum(axis=0))
    grouped = windows.assign(p=p).groupby(_bins(p))
    table = grouped.agg(windows=("p", "size"), users=("user_id", "nunique"), predicted=("p", "mean"))
    table["observed"] = grouped[target].mean()
    half = 1.96 * spread / table["windows"]
    inside = (table["observed"] - table["predicted"]).abs() <= half
    band = [
        f"[{low:.4f}, {high:.4f}]" for low, high in zip(table.predicted - half, table.predicted + half, strict=True)
    ]
    return table.round(4).assign(band=band, inside=inside.map({True: "yes", False: "no"}))


def _by_user_and_bin(windows: pd.DataFrame, residual: pd.Series, p: pd.Series) -> np.ndarray:
    """Sums of residuals, (users, BINS)."""
    table = pd.crosstab(windows["user_id"], _bins(p), values=residual, aggfunc="sum")
    return table.fillna(0).to_numpy()


def _bins(p: pd.Series) -> np.ndarray:
    """Bins of equal expected variance: one in which nothing is expected to happen would be far from normal."""
    order = np.argsort(p.to_numpy(), kind="stable")
    variance = (p * (1 - p)).to_numpy()[order].cumsum()
    bins = np.empty(len(p), int)
    bins[order] = np.minimum(variance / variance[-1] * BINS, BINS - 1)
    return bins


if __name__ == "__main__":
    main()
