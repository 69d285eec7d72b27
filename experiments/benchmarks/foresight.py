"""One Foresight against a network for each horizon and target: log loss on equal test windows, and seconds of training.

python experiments/benchmarks/foresight.py --config experiments/gitter.yaml --seeds 3
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from churn.configuration import RunConfig, parse, run_config, run_parser
from churn.data import Dataset, Split, prepare, slide
from churn.data.splits.splitting import split_windows
from churn.models import Foresight, SequenceClassifier, classifier, foretell
from churn.statistics import log_loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--single", default="churn.models.GRU")
    parser.add_argument("--encoder", default="gru")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--horizons", type=int, nargs="+", default=[3, 7, 14, 28])
    options = parser.parse_args()
    config = run_config(parse(["--config", str(options.config)], parser=run_parser()))
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(config.data, Path(folder) / "dataset")
        rows = pd.DataFrame(measured(data, config, classifier(options.single), options))
    print(rows.groupby(["target", "days"])[["single", "foresight", "half_a", "seconds"]].mean().round(4).to_string())
    by_seed = rows.groupby("seed").agg(singles=("seconds", "sum"), one=("one", "first"))
    print(by_seed.round(1).to_string(), f"ratio {by_seed.one.sum() / by_seed.singles.sum():.2f}", sep="\n")
    print(
        f"{int(rows.rises.max())} windows whose chance of churn rises, {int(rows.apart.max())} whose chances do not fit"
    )


def measured(
    data: Dataset, config: RunConfig, single: type[SequenceClassifier], options: argparse.Namespace
) -> Iterator[dict[str, object]]:
    """A row per seed, target and horizon: test log loss of either, seconds, and half A's where the horizon is its own.

    Each network of one target has the split of its own horizon; all are measured on the test windows of the longest.
    """
    splits = {days: with_horizon(data, config, days) for days in sorted({*options.horizons, data.windows.horizon_days})}
    test, own = splits[max(splits)].test, data.windows.horizon_days
    for seed in range(options.seeds):
        begin = time.monotonic()
        one = Foresight(encoder=options.encoder).fit(splits[own], target="churn", seed=seed)
        took = time.monotonic() - begin
        future = foretell(one, test, days=range(1, one.days_ahead + 1))
        rises, apart = incoherent(future, one.days_ahead)
        half_a = splits[own].val_a
        for days in options.horizons:
            here = future[future.days == days]
            for target in test.targets:
                y = answers(test.ahead(days), target)
                begin = time.monotonic()
                model = single().fit(splits[days], target=target, seed=seed)
                seconds = time.monotonic() - begin
                losses = [log_loss(y, p) for p in (model.predict_proba(test), here[f"p_{target}"].to_numpy())]
                at_a = [log_loss(half_a.label(target), m.predict_proba(half_a)) for m in (model, one.about(target))]
                row = {"seed": seed, "target": target, "days": days, "single": losses[0], "foresight": losses[1]}
                more = {"half_a": at_a[1] - at_a[0] if days == own else np.nan, "rises": rises, "apart": apart}
                print(row, f"{seconds:.1f} s, {took:.1f} s", flush=True)
                yield row | more | {"seconds": seconds, "one": took}


def with_horizon(data: Dataset, config: RunConfig, days: int) -> Split:
    """The split with another horizon, purged by it."""
    windows = slide(data.panel, replace(config.data.windows, horizon_days=days), joined=data.joined)
    return split_windows(replace(windows, derived=data.windows.derived), config.data.split)


def answers(ahead: np.ndarray, target: str) -> np.ndarray:
    """The labels of a target by the outcomes of the horizon's days."""
    return ~(ahead[:, :, 0] > 0).any(axis=1) if target == "churn" else (ahead[:, :, 1] > 0).any(axis=1)


def incoherent(future: pd.DataFrame, days: int) -> tuple[int, int]:
    """The numbers of windows whose chance of churn rises with the horizon, and whose joint chances do not fit."""
    churn = future.p_churn.to_numpy().reshape(-1, days)
    rises = (np.diff(churn, axis=1) > 1e-9).any(axis=1).sum()
    if "p_both" not in future:
        return int(rises), 0
    both, sticker, if_stays = (future[name].to_numpy() for name in ("p_both", "p_sticker", "p_sticker_if_stays"))
    stays = 1 - future.p_churn
    apart = (both > np.minimum(future.p_churn, sticker) + 1e-9) | (abs(stays * if_stays + both - sticker) > 1e-5)
    return int(rises), int(apart.sum())


if __name__ == "__main__":
    main()
