"""Made-up numbers of models."""

from itertools import product

import numpy as np
import pandas as pd

MODELS = ["GRU", "BiLSTM", "GRUBiLSTM", "LightGBM", "Logistic", "Persistence", "Majority"]
METRICS = {  # best and worst value on each target
    "log_loss": {"churn": (0.585, 0.678), "sticker": (0.288, 0.331)},
    "ap": {"churn": (0.799, 0.598), "sticker": (0.417, 0.101)},
    "roc_auc": {"churn": (0.758, 0.5), "sticker": (0.828, 0.5)},
    "micro_ap": {"churn": (0.775, 0.56), "sticker": (0.948, 0.86)},
    "accuracy": {"churn": (0.702, 0.598), "sticker": (0.909, 0.899)},
    "brier": {"churn": (0.198, 0.241), "sticker": (0.079, 0.091)},
    "ece": {"churn": (0.021, 0.052), "sticker": (0.031, 0.044)},
    "ece_band": {"churn": (0.018, 0.018), "sticker": (0.012, 0.012)},
    "lift_10": {"churn": (1.52, 1.0), "sticker": (4.4, 1.0)},
    "precision": {"churn": (0.731, 0.598), "sticker": (0.402, 0.101)},
    "recall": {"churn": (0.842, 1.0), "sticker": (0.477, 1.0)},
    "f1": {"churn": (0.782, 0.748), "sticker": (0.436, 0.183)},
}
EVENTS = ["post", "reply", "mention", "question", "code_block"]
FEATURES = [f"{role}_{event}" for role in ("own", "fan", "away") for event in EVENTS]
FEATURES += ["stickers_received", "sticker_amount", "weekday_sin"]
HOSTILE_FEATURE = "own_<b>shout</b>&<script>alert(3)</script>"


def table_of(columns, rows):
    return pd.DataFrame(rows, columns=columns.split())


def leaderboard(targets):
    rows = []
    for target, part, (place, model), metric in product(targets, ["val", "test"], enumerate(MODELS), METRICS):
        best, worst = METRICS[metric][target]
        value = best + (worst - best) * (place / 6) ** 1.5
        spread = 0 if (model == "Majority" and metric in ("roc_auc", "lift_10")) else 0.03 * value
        low, high = (0.006, 0.031) if metric == "ece_band" else (value - spread, value + spread)
        rows.append((target, model, part, metric, value, low, high, model == chosen_model(target)))
    return table_of("target model part metric value low high chosen", rows)


def chosen_model(target):
    return {"churn": "GRU", "sticker": "LightGBM"}[target]


def differences(rng, targets):
    rows = []
    for target, reference, metric in product(targets, ["LightGBM", "Majority"], ["log_loss", "ap"]):
        for place, model in enumerate(model for model in MODELS if model != reference):
            value = -0.012 + 0.009 * place - (0.05 if reference == "Majority" else 0)
            half = rng.uniform(0.004, 0.012)
            rows.append(
                (
                    target,
                    model,
                    reference,
                    metric,
                    value if metric == "log_loss" else -value,
                    value - half,
                    value + half,
                )
            )
    return table_of("target model reference metric value low high", rows)


def calibration(rng, targets):
    rows = []
    for target, model, place in product(targets, MODELS[:5], range(15)):
        x = (0.12 + 0.055 * place) if target == "churn" else 0.004 + 0.55 * (place / 14) ** 3
        y = np.clip(x + rng.normal(0, 0.025 * (x + 0.2)), 0, 1)
        n = 12 if place == 14 and target == "sticker" else 716
        rows.append((target, model, place, n, x, y, max(0, y - 0.02 - 0.05 * x), min(1, y + 0.02 + 0.05 * x)))
    return table_of("target model bin n mean_predicted observed low high", rows)


def calibrators(targets):
    rows = [
        (target, model, "isotonic" if model == "LightGBM" else "none", 0.6, 0.59, 0.612, 0.604 if place else 0.615)
        for target, (place, model) in product(targets, enumerate(MODELS[:5]))
    ]
    return table_of("target model kind log_loss_none log_loss_chosen test_log_loss_raw test_log_loss", rows)


def thresholds(targets):
    rows = [
        (target, model, (0.42 if target == "churn" else 0.17) + place / 50, 0.7 - place / 30, 0.61 - place / 25)
        for target, (place, model) in product(targets, enumerate(MODELS))
    ]
    return table_of("target model threshold f1 share", rows)


def gains(targets):
    rows = []
    for target, (place, model), step in product(targets, enumerate(MODELS), range(1, 21)):
        share = step / 20
        bend = (1.5 if target == "churn" else 4.4) - (0.5 if target == "churn" else 3.4) * place / 6
        gain = 1 - (1 - share) ** bend
        rows.append((target, model, share, gain, max(0, gain - 0.03 * (1 - share)), min(1, gain + 0.03 * (1 - share))))
    return table_of("target model share gain low high", rows)


def seeds(rng, targets):
    rows = []
    for target, model, seed, part in product(targets, MODELS[:3], range(7, 12), ["val", "test"]):
        for metric in ("ap", "roc_auc", "log_loss"):
            best, _ = METRICS[metric][target]
            worse = 0.004 if metric == "log_loss" else -0.004
            rows.append((target, model, seed, part, metric, best + worse + rng.normal(0, 0.002)))
    return table_of("target model seed part metric value", rows)
