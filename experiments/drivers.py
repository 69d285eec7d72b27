"""The rate at which explanations find planted drivers, and only these: python experiments/drivers.py

Each seed simulates a log and keeps its users' windows; columns and labels are planted. Three drivers raise or lower
the logit of churn; every driver has a decoy, correlated with it at .5, .7 or .9 and independent of the label given the
drivers; the rest is irrelevant. All columns vary alike between users, weeks and days. A GRU learns the labels, and the
whole chain explains it: surrogate and SHAP, the network's own attribution, and Boruta-SHAP on the labels and on labels
in random order.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from churn.data import DataConfig, Split, Windows, prepare
from churn.data.sources.simulator import simulate
from churn.explanation import attribute, explain, judged_features
from churn.models import GRU
from churn.statistics import rate_interval

EFFECTS = {"driver_1": 1.0, "driver_2": -0.8, "driver_3": 0.6}  # logits per standard deviation of a week's sum
CORRELATIONS = (0.5, 0.7, 0.9)
IRRELEVANT = tuple(f"irrelevant_{number}" for number in range(1, 6))
SPREAD = {"user": 0.5, "week": 0.3, "day": 0.2}  # shares of a column's variance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(parser.parse_args().seeds)
    table = pd.concat([explained(seed) for seed in seeds], ignore_index=True)
    print(f"{len(seeds)} seeds, 95 % intervals over seeds\n")
    print(told(table))


def explained(seed: int) -> pd.DataFrame:
    """The verdict of each part of the chain on each column: seed, feature, kind, rho, and one column per part."""
    split, rho = planted(seed)
    train = split.train
    model = GRU(hidden_size=16, max_epochs=8).fit(split, target="churn", seed=seed)
    surrogate = explain(train, model.predict_proba(train), sample=500, trees=200, seed=seed)
    few = train.take(np.sort(np.random.default_rng(seed).permutation(len(train))[:100]))
    attributed = attribute(model, few, baseline=train, references=16)
    judged = judged_features(train, target="churn", seed=seed).set_index("feature")
    mixed = judged_features(_permuted(train, seed), target="churn", seed=seed).set_index("feature")
    shap, own = surrogate.by_feature().set_index("feature"), _by_feature(attributed.table(few))
    ways = attributed.by_day_and_feature().drop_duplicates("feature").set_index("feature").direction
    columns = {
        "kind": {name: name.split("_")[0] for name in train.features},
        "rho": rho,
        "shap_rank": shap["rank"],
        "shap_direction": shap.direction,
        "own_rank": own.rank(ascending=False),
        "own_direction": ways,
        "boruta": judged.boruta,
        "permuted": mixed.boruta,
    }
    print(f"seed {seed}: fidelity R² {surrogate.fidelity.r2:.3f}", flush=True)
    names = pd.Series(train.features)
    return pd.DataFrame({"feature": names, "seed": seed} | {name: names.map(each) for name, each in columns.items()})


def _by_feature(attributions: pd.DataFrame) -> pd.Series:
    """The mean absolute attribution of each column's whole history."""
    whole = attributions.groupby(["user_id", "cutoff", "feature"]).attribution.sum()
    return whole.abs().groupby("feature").mean()


def planted(seed: int) -> tuple[Split, dict[str, float]]:
    """A split whose columns and churn labels are planted, and each decoy's correlation with its driver."""
    with tempfile.TemporaryDirectory() as folder:
        simulate("small", seed=seed, out=Path(folder))
        data = DataConfig(events=f"{folder}/events.parquet")
        split = prepare(data, Path(folder) / "dataset").split()
        panel, rng = split.train.panel, np.random.default_rng(seed)
        rho = {f"decoy_{place + 1}": CORRELATIONS[(place + seed) % 3] for place in range(3)}
        columns = {name: _series(split.train, rng) for name in (*EFFECTS, *IRRELEVANT)}
        for name, correlation in rho.items():
            driver = columns[name.replace("decoy", "driver")]
            columns[name] = correlation * driver + np.sqrt(1 - correlation**2) * _series(split.train, rng)
        counts = np.column_stack(list(columns.values()))
        counts[0] = 0  # days on which nothing was seen
        panel = replace(panel, features=tuple(columns), counts=counts, active=np.array(panel.active), amounts=None)
    logits = dict(EFFECTS)
    return split.mapped(lambda windows: _labelled(replace(windows, panel=panel), logits, seed)), rho


def _series(windows: Windows, rng: np.random.Generator) -> NDArray[np.float64]:
    """A column of the panel of mean 0 and variance 1, (rows,): a user's level, a week's and a day's."""
    panel = windows.panel
    length = panel.last - panel.first + 1
    user = np.repeat(np.arange(len(length)), length)
    day = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + np.repeat(panel.first, length)
    week = rng.normal(size=(len(length), panel.n_days // 7 + 1))[user, day // 7]
    parts = {"user": rng.normal(size=len(length))[user], "week": week, "day": rng.normal(size=len(user))}
    return np.append(0.0, sum(np.sqrt(SPREAD[name]) * part for name, part in parts.items()))


def _labelled(windows: Windows, effects: dict[str, float], seed: int) -> Windows:
    """Labels drawn from a logit that is linear in the drivers' sums over the history; unknown ones stay so."""
    sums = pd.DataFrame(windows.summary(), columns=windows.features)
    logit = sum(effect * sums[name] / np.sqrt(7 * 4) for name, effect in effects.items())
    draw = np.random.default_rng([seed, len(windows)]).random(len(windows))
    churn = np.where(windows.answers < 0, windows.answers, (draw < expit(1.5 * logit)).astype(np.int8))
    return replace(windows, labels={"churn": churn.astype(np.int8)})


def _permuted(windows: Windows, seed: int) -> Windows:
    """The windows with the labels in random order."""
    return replace(
        windows, labels={**windows.labels, "churn": np.random.default_rng(seed).permutation(windows.answers)}
    )


def told(table: pd.DataFrame) -> str:
    """The shares of seeds, as a table in Markdown."""
    ranks = {kind: table.pivot(index="seed", columns="feature", values=kind) for kind in ("shap_rank", "own_rank")}
    lines = ["| | surrogate's SHAP | network's own attribution |", "|---|---|---|"]
    top = {kind: (rank[list(EFFECTS)] <= len(EFFECTS)).all(axis=1) for kind, rank in ranks.items()}
    firsts = " | ".join(_share(each) for each in top.values())
    lines.append(f"| all three drivers on the first three places | {firsts} |")
    decoys = table[table.kind == "decoy"]
    for rho in CORRELATIONS:
        some = decoys[decoys.rho == rho]
        below = [_below(rank, some) for rank in ranks.values()]
        lines.append(f"| decoy at ρ = {rho} below its driver | {' | '.join(map(_share, below))} |")
    lines += ["", "| confirmed by Boruta-SHAP | on the labels | on permuted labels |", "|---|---|---|"]
    groups = {"drivers": table.kind == "driver", "irrelevant columns": table.kind == "irrelevant"}
    groups |= {f"decoys at ρ = {rho}": (table.kind == "decoy") & (table.rho == rho) for rho in CORRELATIONS}
    for name, mask in groups.items():
        shares = [_share(table[mask][column] == "confirmed", table[mask].seed) for column in ("boruta", "permuted")]
        lines.append(f"| {name} | {' | '.join(shares)} |")
    drivers = table[table.kind == "driver"]
    right = drivers.feature.map({name: "raises" if effect > 0 else "lowers" for name, effect in EFFECTS.items()})
    shares = [_share(drivers[f"{kind}_direction"] == right, drivers.seed) for kind in ("shap", "own")]
    return "\n".join([*lines, "", f"Drivers with the right direction: {shares[0]} by SHAP, {shares[1]} by attribution"])


def _below(ranks: pd.DataFrame, decoys: pd.DataFrame) -> list[bool]:
    """Whether each decoy's rank, by seed and column, is a later one than its driver's."""
    return [
        bool(ranks.loc[seed, name] > ranks.loc[seed, name.replace("decoy", "driver")])
        for seed, name in zip(decoys.seed, decoys.feature, strict=True)
    ]


def _share(held: object, seeds: object = None) -> str:
    """A share of cases with its interval over seeds."""
    values = np.asarray(held, float)
    users = np.arange(len(values)) if seeds is None else np.asarray(seeds)
    found = rate_interval(values, users)
    return f"{found.value:.0%} of {len(values)} [{found.low:.0%}, {found.high:.0%}]"


if __name__ == "__main__":
    main()
