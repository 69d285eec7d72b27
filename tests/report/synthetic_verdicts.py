"""Made-up answers to the questions that a run may be asked beside its task."""

from itertools import product

import numpy as np

from .synthetic_models import table_of

QUESTIONS = {
    "order": "Does the order of the days matter?",
    "split": "What would a random split have pretended?",
    "history": "How many days of history are enough?",
    "horizon": "Does the horizon fit?",
    "architecture": "Do scaling, layers and the kind of network matter?",
}
VARIANTS = {  # the first is the reference
    "order": ["days in order", "days permuted", "last day only", "sums only"],
    "split": ["time", "user_time", "user", "random"],
    "history": ["7 days", "14 days", "28 days", "1 day", "3 days"],
    "horizon": ["7 days", "14 days", "28 days"],
    "architecture": [
        f"{scaling} × {layers} layer{'s' if layers > 1 else ''}"
        for scaling, layers in product(["log_standard", "none", "standard", "robust", "min_max"], [1, 2])
    ],
}
NETWORKS = ["GRU", "BiLSTM", "GRUBiLSTM"]
HOSTILE_SENTENCE = "No: <img src=x onerror=alert(7)> shuffled days cost nothing."


def questions(targets):
    return [
        {
            "verdict": verdict,
            "target": target,
            "question": question,
            "sentence": HOSTILE_SENTENCE if (verdict, target) == ("order", "churn") else _sentence(verdict),
            "note": "Each learned from the same 20,000 windows and was measured on the same 10,743. Probabilities are "
            "the models' own, not calibrated; brackets hold 95% intervals over users.",
        }
        for (verdict, question), target in product(QUESTIONS.items(), targets)
    ]


def _sentence(verdict):
    if verdict == "horizon":
        return "With 7 days, 31% of those called lost come back within four weeks; with 28 days 12% do."
    return "A little: GRU's log loss differs by +0.012 [0.004, 0.019], which is clear of zero but small."


def verdicts(rng, targets):
    rows = []
    for verdict, target in product(QUESTIONS, targets):
        models = NETWORKS if verdict == "architecture" else ["GRU", "LightGBM"]
        for model, (place, variant) in product(models, enumerate(VARIANTS[verdict])):
            rows.append(_row(rng, verdict, target, model, variant, place))
    ends = " ".join(f"{name} {name}_low {name}_high" for name in ("ap", "roc_auc", "log_loss", "difference"))
    return table_of(f"verdict target model variant reference n_windows n_users base_rate returned {ends}", rows)


def _row(rng, verdict, target, model, variant, place):
    few = 21 if variant == "28 days" and verdict == "history" else 1_438
    base = 0.598 if target == "churn" else 0.101
    returned = 0.31 / (place + 1) if verdict == "horizon" and target == "churn" else np.nan
    gap = rng.normal(0.004 * place, 0.006)
    loss = (0.59 if target == "churn" else 0.28) + gap
    told = np.nan if place == 0 or verdict == "horizon" else 1
    difference = [told * value for value in (gap, gap - 0.006, gap + 0.006)]
    measures = [value + shift for value in (base + 0.15, 0.72, loss) for shift in (0, -0.02, 0.02)]
    return (verdict, target, model, variant, place == 0, 10_743, few, base, returned, *measures, *difference)
