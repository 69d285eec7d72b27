"""Measures of levers against a planted truth: do intervals of other values hold it, and do offered moves lead to it?

    python experiments/levers.py

Launches of `churn simulate --arrivals`, whose goal and video have an effect and whose rewards have none; "beginners"
adds an effect of the goal for launches without an earlier one, which no product of straight lines describes. Trees
score, as `churn run` fits them by default. Each row is the mean over draws of the launches: every other value of every
launch that waits for its answer, and the moves among these. "One effect for all" is the same regression without
products, "trees" the mean of 30 fits to resampled launches, with two standard deviations.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Arrivals, DataConfig, Dataset, Feature, WindowConfig, Windows, prepare
from churn.data.sources.simulator import draw_arrivals, true_chances
from churn.explanation import Levers, levers, moves
from churn.models import LightGBM

CONTROLLED, SEEN = ("goal", "rewards", "video"), ("category", "experience", "goal", "rewards", "video")
OUTCOME = {"column": "state", "positive": ["carried"], "of": ["carried", "lost"], "from": "decided", "name": "carried"}
MADE = {"plain": Arrivals(), "beginners": Arrivals(goal=-0.2, beginners=-1.0)}
DRAWS = {1_500: 20, 4_000: 20, 12_000: 8}
FITS = 30


def main() -> None:
    print(
        "| launches | effects | how | inside | width | goal offered | right | inside | said | true | rewards offered |"
    )
    print("| --- " * 11 + "|")
    for n, draws in DRAWS.items():
        for name, made in MADE.items():
            found = [table for seed in range(draws) for table in trial(replace(made, n=n), seed)]
            for how, rows in pd.concat(found).groupby("how", sort=False):
                print(f"| {n:,} | {name} | {how} | {' | '.join(measured(rows))} |", flush=True)


def trial(made: Arrivals, seed: int) -> Iterator[pd.DataFrame]:
    """Every other value of the waiting launches of a draw, by each way to tell its effect, beside the truth."""
    members, _ = draw_arrivals(made, seed=seed)
    with TemporaryDirectory() as folder:
        dataset = prepare(block(), Path(folder) / "data", frames={"members": members})
        split = dataset.split()
        model = LightGBM().fit(split, target="carried", seed=seed)
        p = model.predict_proba(split.score)
        found = learnt(dataset, p)
        truth = true_changes(made, members, split.score.user_ids[found.window], found)
        yield found.assign(how="levers", truth=truth, seed=seed)
        usual, levers._VARIES = levers._VARIES, 1e-6
        yield learnt(dataset, p).assign(how="one effect for all", truth=truth, seed=seed)
        levers._VARIES = usual
        yield by_trees(dataset, model, found, seed=seed).assign(how="trees", truth=truth, seed=seed)


def block() -> DataConfig:
    attributes = {name: {"known": "arrival", "controllable": name in CONTROLLED} for name in SEEN}
    windows = WindowConfig(at_risk="arrival", history_days=0, horizon_days=60)
    return DataConfig(members="members", attributes=attributes, features=list(SEEN), outcome=OUTCOME, windows=windows)


def learnt(dataset: Dataset, p: NDArray[np.float64]) -> pd.DataFrame:
    split = dataset.split()
    return moves(Levers.learn(dataset.controllable, split.train, target="carried"), split.score, p, good=True)


def true_changes(made: Arrivals, members: pd.DataFrame, users: NDArray[np.object_], found: pd.DataFrame) -> pd.Series:
    before = members.set_index("user_id").loc[users].reset_index()
    after = before.copy()
    for name in CONTROLLED:
        at = (found.attribute == name).to_numpy()
        after.loc[at, name] = found.value_to[at].to_numpy().astype(before[name].dtype)
    return true_chances(made, after, text=False) - true_chances(made, before, text=False)


def by_trees(dataset: Dataset, model: LightGBM, found: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The values of `found` by the spread of fits to resampled launches, the best offered as `moves` does."""
    split, rng = dataset.split(), np.random.default_rng(seed)
    changes = np.zeros((FITS, len(found)))
    for fit in range(FITS):
        drawn = split.train.take(np.sort(rng.integers(0, len(split.train), len(split.train))))
        model.refit(drawn, target="carried", seed=fit)
        before = model.predict_proba(split.score)
        for (name, value), rows in found.reset_index(drop=True).groupby(["attribute", "value_to"]):
            after = model.predict_proba(moved(split.score, name, value))
            changes[fit, rows.index] = (after - before)[rows.window]
    change, margin = changes.mean(axis=0), 1.96 * changes.std(axis=0, ddof=1)
    told = found.assign(change=change, low=change - margin, high=change + margin)
    best = told[told.low > 0].sort_values("change").drop_duplicates(["window", "attribute"], keep="last").index
    return told.assign(place=told.index.isin(best).astype(int))


def moved(windows: Windows, name: str, value: float) -> Windows:
    def values(panel: object, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        return np.full((*day.shape, 1), value, np.float32)

    def changed(feature: Feature) -> Feature:
        return replace(feature, values=values) if feature.name == name else feature

    return replace(windows, derived=tuple(map(changed, windows.derived)))


def measured(rows: pd.DataFrame) -> list[str]:
    """Inside, width; of the goal how many launches are offered a move, whether it is right, inside, said and true; and
    how many are offered one of the rewards."""
    inside = (rows.low <= rows.truth) & (rows.truth <= rows.high)
    best = rows[(rows.place > 0) & (rows.attribute == "goal")]
    offered = rows.assign(offered=rows.place > 0).groupby(["attribute", "seed", "window"]).offered.max()
    held = (best.low <= best.truth) & (best.truth <= best.high)
    shares = [inside.mean(), (rows.high - rows.low).mean(), offered["goal"].mean(), (best.truth > 0).mean()]
    shares += [held.mean(), best.change.mean(), best.truth.mean(), offered["rewards"].mean()]
    return [f"{share:.3f}" for share in shares]


if __name__ == "__main__":
    main()
