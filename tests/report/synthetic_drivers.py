"""Made-up explanations: which columns move the scores, how faithfully, and by whose word."""

from itertools import product

import numpy as np
import pandas as pd

from .synthetic_models import FEATURES, HOSTILE_FEATURE, table_of

EXPLAINED = {"churn": "GRU", "sticker": "LightGBM"}
NETWORK = {"churn": "GRU", "sticker": "BiLSTM"}  # whose attributions the run holds
WINDOWS = 600
SLOPES = {HOSTILE_FEATURE: -0.5, "own_reply": -0.35, "fan_reply": -0.25, "stickers_received": 0.2, "weekday_sin": 0.1}
SLOPES |= {"own_post": -0.15, "away_reply": 0.12}


def features(rng, targets):
    rows = []
    for target, feature in product(targets, [*FEATURES, HOSTILE_FEATURE]):
        vif = np.inf if feature == "fan_code_block" else rng.uniform(1, 14)
        verdict = rng.choice(["confirmed", "tentative", "rejected"])
        kept = vif < 10 and verdict == "confirmed"
        reason = "" if kept else "collinear with own_post" if vif >= 10 else "no better than its shuffled copy"
        duplicates = "own_post; fan_reply" if vif >= 10 else ""
        stability = rng.choice([5, 7, 9]) / 9 if feature.startswith("away") else 1.0
        rows.append((target, feature, vif, duplicates, verdict, stability, kept, reason))
    return table_of("target feature vif duplicates boruta stability kept reason", rows)


def explanations(single):
    """Drivers by the SHAP values of single windows."""
    rows = []
    for target, table in single.groupby("target", sort=False):
        strength = table["shap"].abs().groupby(table["feature"]).mean().sort_values(ascending=False)
        for rank, (feature, size) in enumerate(strength.items(), start=1):
            of_one = table[table["feature"] == feature]
            rho = of_one["value"].corr(of_one["shap"], method="spearman")
            rows.append((target, feature, size, "raises" if rho > 0.5 else "lowers" if rho < -0.5 else "mixed", rank))
    return table_of("target feature mean_abs_shap direction rank", rows)


def by_day(rng, targets):
    rows = []
    for target, (place, feature), day in product(targets, enumerate(FEATURES), range(-7, 0)):
        rows.append(
            (target, feature, day, 0.2 / (place + 1) / abs(day) ** 0.6 * rng.uniform(0.7, 1.3), "mixed", place + 1)
        )
    return table_of("target feature day mean_abs_shap direction rank", rows)


def surrogates(targets):
    rows = [
        ("churn", "GRU", 0.91, 0.95, 0.84, 812, 4_960, -0.4, True),
        ("churn", "LightGBM", 0.62, 0.8, 0.5, 812, 4_960, -0.4, False),
    ]
    rows += [("sticker", "LightGBM", 0.93, 0.86, 0.69, 812, 4_960, -0.4, True)]
    columns = "target model r2 spearman top_tenth n_users n_windows base explained"
    return table_of(columns, [row for row in rows if row[0] in targets])


def fidelity(targets):
    rows = [
        (target, EXPLAINED[target], segment, 0.84 if segment == "priority" else 0.92, 0.9, n, 6 * n)
        for target, (segment, n) in product(targets, [("priority", 88), ("other", 724)])
    ]
    return table_of("target model segment r2 spearman n_users n_windows", rows)


def shap(rng, targets):
    """Counts are skewed as real ones are: most users have none of most things."""
    names = [HOSTILE_FEATURE, *FEATURES]
    tables = []
    for target, feature in product(targets, names):
        signed = feature == "weekday_sin"
        value = rng.uniform(-1, 1, WINDOWS) if signed else np.floor(rng.lognormal(0.3, 1.6, WINDOWS))
        slope = SLOPES.get(feature, 0.02) * (1 if target == "churn" or feature == "stickers_received" else -0.7)
        effect = slope * (value if signed else np.log1p(value) - 1) + rng.normal(0, 0.04, WINDOWS)
        users = [f"user-{place % 190:04d}" for place in range(WINDOWS)]
        cutoffs = pd.Timestamp("2016-03-01") + pd.to_timedelta(np.arange(WINDOWS) // 190, "D")
        tables.append(
            pd.DataFrame(
                {
                    "target": target,
                    "user_id": users,
                    "cutoff": cutoffs,
                    "feature": feature,
                    "value": value,
                    "shap": effect,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def attributions(rng, targets):
    rows = []
    for target, (place, feature), day in product(targets, enumerate([HOSTILE_FEATURE, *FEATURES]), range(-7, 0)):
        strength = 0.2 / (place + 1) / abs(day) ** 0.8 * rng.uniform(0.7, 1.3)
        lean = (-0.8, 0.7, 0.05)[place % 3]
        way = ("lowers", "raises", "mixed")[place % 3]
        rows.append((target, NETWORK[target], feature, day, lean * strength, strength, way, place * 7 + day + 8))
    return table_of("target model feature day attribution mean_abs direction rank", rows)


def completeness(targets):
    return {target: {"model": NETWORK[target], "max_gap": 0.0031, "n_windows": 200} for target in targets}
