"""Made-up numbers of a search."""

from itertools import product

import numpy as np

from .synthetic_models import MODELS, table_of

TRIALS = 20
LONGEST = {"GRU": 18, "BiLSTM": 15, "GRUBiLSTM": 22, "LightGBM": 41}
HOSTILE_SCALING = "<i>log</i>_standard"


def trials(rng, targets):
    rows = []
    for target, model, trial in product(targets, MODELS[:4], range(TRIALS)):
        failed = (model, trial) == ("BiLSTM", 7)
        state = "fail" if failed else "pruned" if trial % 5 == 4 else "complete"
        value = None if failed else 0.58 + 0.06 / (1 + trial / 4) * rng.uniform(0.4, 1.6) + 0.05 * (state == "pruned")
        tree = model == "LightGBM"
        network = [
            str(rng.choice(["none", "standard", HOSTILE_SCALING])),
            int(rng.choice([32, 64, 128])),
            rng.uniform(0, 0.5),
            10 ** rng.uniform(-4, -2),
            bool(rng.integers(2)) if model == "GRU" else None,
        ]
        trees = [10 ** rng.uniform(-2, -0.5), int(rng.integers(7, 128)), 10 ** rng.uniform(-3, 1)]
        settings = [None] * 5 + trees if tree else network + [None] * 3
        rows.append((target, model, trial, state, value, *settings))
    columns = "scaling hidden_size dropout lr bidirectional learning_rate num_leaves reg_lambda"
    return table_of(f"target model trial state value {columns}", rows)


def trial_curves(rng, trials):
    rows = []
    for trial in trials.itertuples():
        if trial.state == "fail":
            continue
        longest = LONGEST[trial.model]
        steps = 3 + trial.trial % 3 if trial.state == "pruned" else int(rng.integers(longest // 2, longest + 1))
        fall = 0.09 * np.exp(-np.arange(steps) / 4) + rng.normal(0, 0.002, steps)
        every = 10 if trial.model == "LightGBM" else 1
        rows += [(trial.target, trial.model, trial.trial, every * n, trial.value + drop) for n, drop in enumerate(fall)]
    return table_of("target model trial step log_loss", rows)


def importances(rng, trials):
    rows = []
    for (target, model), group in trials.groupby(["target", "model"], sort=False):
        if model == "GRUBiLSTM":
            continue  # too few trials ended well
        named = [name for name in group.columns[5:] if group[name].notna().any()]
        shares = rng.dirichlet(np.ones(len(named)))
        rows += [(target, model, name, share) for name, share in zip(named, shares, strict=True)]
    return table_of("target model parameter importance", rows)
