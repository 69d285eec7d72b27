"""Measures of outcomes foretold on the day of arrival, on the exact splits of earlier work: leads and launches.

    python experiments/launches/tables.py ../shared/data/launches --out build/launches
    python experiments/arrivals.py

Trees as `churn run` fits them, with five seeds each; every number is the mean of the seeds, and in brackets the lowest
and the highest. On the launches' splits a model stops early on the validation part and learns again, in as many steps,
from all that lies before the test; on the leads' five folds there is no validation part, and 250 trees are made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from churn.configuration import stored_block
from churn.data import DataConfig, Split, Windows, prepare
from churn.models import LightGBM
from churn.strict_yaml import load

HERE, SEEDS = Path(__file__).parent, 5
PLAIN = {"objective": "binary", "learning_rate": 0.05, "feature_fraction": 0.8, "verbosity": -1, "num_threads": 1}
MARKET = {"search_popularity", "unemployment_rate", "sp500_change"}
VISITS = {"TotalVisits", "Total Time Spent on Website", "Page Views Per Visit"}
LATE = ("Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity", "Asymmetrique Activity Index",
    "Asymmetrique Profile Index", "Asymmetrique Activity Score", "Asymmetrique Profile Score")  # fmt: skip


def main() -> None:
    print("| data | columns | AUC | accuracy | Brier | mean chance | came true |")
    print("| --- " * 7 + "|")
    for row in (*us2018(), *projects15k(), *leads()):
        print(f"| {' | '.join(row)} |", flush=True)


def us2018() -> Iterator[tuple[str, ...]]:
    """Rows of the projects of 2018: the published validation part, and the later projects, by trees of two sizes."""
    config = block("launches/us2018.yaml")
    for told, columns in {"all": config.features, "without the three market columns": without(config, MARKET)}.items():
        with TemporaryDirectory() as folder:
            dataset = prepare(replace(config, features=columns), Path(folder) / "data")
            test = dataset.split().test
            late = test.cutoff == test.cutoff.max()
            for rate, leaves in ((0.03, 63), (0.05, 31)):
                models = trees(dataset.windows, dataset.split(), rate=rate, leaves=leaves)
                for part, inside in (("validation", ~late), ("later", late)):
                    yield measured(f"us2018 {part}, {leaves} leaves", told, models, test.take(inside))


def projects15k() -> Iterator[tuple[str, ...]]:
    """Rows of the projects of seven years: the last fifth by launch."""
    config, flags = block("launches/projects15k.yaml"), ("video", "show_feature_image")
    table = without(config, set(flags))
    variants = {"table": table, "table, video": [*table, "video"], "table, both flags": [*table, *flags]}
    variants |= {"table, title": [*table, "title"], "table, both flags, title": [*table, *flags, "title"]}
    variants |= {"title alone": ["title"]}
    for told, columns in variants.items():
        with TemporaryDirectory() as folder:
            dataset = prepare(replace(config, features=columns), Path(folder) / "data")
            split = dataset.split()
            yield measured("projects15k", told, trees(dataset.windows, split, rate=0.05, leaves=31), split.test)


def leads() -> Iterator[tuple[str, ...]]:
    """Rows of the leads: five folds."""
    config = block("leads/leads.yaml")
    known = {name: {"known": "arrival"} for name in (*config.features, *LATE)}
    variants = {
        "all (a trap: nine are written later)": [*config.features, *LATE],
        "all but Tags": [*config.features, *LATE[1:]],
        "known on arrival": config.features,
        "the form alone": without(config, VISITS),
    }
    for told, columns in variants.items():
        with TemporaryDirectory() as folder:
            asked = replace(config, features=columns, attributes=known)
            windows = prepare(asked, Path(folder) / "data").labelled
            yield row("leads", told, [across_folds(windows, seed) for seed in range(SEEDS)])


def block(file: str) -> DataConfig:
    found: DataConfig = stored_block(DataConfig, load((HERE / file).read_text())["data"])
    return found


def without(config: DataConfig, columns: set[str]) -> list[str]:
    return [name for name in config.features if name not in columns]


def trees(windows: Windows, split: Split, *, rate: float, leaves: int) -> list[LightGBM]:
    """A model per seed, learnt again from every window whose answer was known before the test part."""
    [target] = windows.targets
    before = windows.take(windows.known & (windows.answered <= split.test.cutoff.min()))
    models = [
        LightGBM(learning_rate=rate, num_leaves=leaves, max_trees=600, min_child_samples=20, patience=100)
        for _ in range(SEEDS)
    ]
    return [
        model.fit(split, target=target, seed=seed).refit(before, target=target, seed=seed)
        for seed, model in enumerate(models)
    ]


def measured(data: str, told: str, models: Sequence[LightGBM], test: Windows) -> tuple[str, ...]:
    return row(data, told, [measures(test.answers, model.predict_proba(test)) for model in models])


def across_folds(windows: Windows, seed: int) -> NDArray[np.float64]:
    """The measures on five stratified folds, on average."""
    found = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(windows.answers, windows.answers):
        (x, levels), (unseen, _) = windows.take(train).coded(), windows.take(test).coded()
        known = lightgbm.Dataset(x, windows.answers[train], categorical_feature=levels)
        p = lightgbm.train(PLAIN | {"seed": seed}, known, num_boost_round=250).predict(unseen)
        found.append(measures(windows.answers[test], np.asarray(p)))
    return np.mean(found, axis=0)


def measures(y: NDArray[np.int8], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([roc_auc_score(y, p), accuracy_score(y, p > 0.5), brier_score_loss(y, p), p.mean(), y.mean()])


def row(data: str, told: str, found: Sequence[NDArray[np.float64]]) -> tuple[str, ...]:
    table = np.array(found)
    spans = [
        f"{m:.4f} [{low:.4f}, {high:.4f}]"
        for m, low, high in zip(table.mean(0), table.min(0), table.max(0), strict=True)
    ]
    return data, told, *spans[:3], *(f"{mean:.3f}" for mean in table.mean(0)[3:])


if __name__ == "__main__":
    main()
