"""A made-up run's folder, for looking at the page without a pipeline."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from churn.artefacts import Table, declared, write_json, write_text
from churn.explanation import Story
from churn.segments import CONTACT, at_stake

from .synthetic_drivers import (
    attributions,
    by_day,
    completeness,
    explanations,
    features,
    fidelity,
    shap,
    surrogates,
)
from .synthetic_models import (
    FEATURES,
    HOSTILE_FEATURE,
    calibration,
    calibrators,
    chosen_model,
    differences,
    gains,
    leaderboard,
    seeds,
    table_of,
    thresholds,
)
from .synthetic_offers import MANIFEST, offer_tables
from .synthetic_search import importances, trial_curves, trials
from .synthetic_verdicts import questions, verdicts

HOSTILE = ["<script>alert(1)</script>", "=1+1", '"quoted"', "x" * 1_000, "</script><img src=x onerror=alert(2)>", "007"]
BY_FILE = {one.file: one for one in vars(declared).values() if isinstance(one, Table)}
# What `churn outcomes` writes
FOLLOWED_UP = {"outcomes.csv", "effects.csv", "calibration_since.csv", "stability.csv", "drift.csv"}
CONFIG = """data:
  events: events.parquet
  note: '</pre><script>alert(4)</script>'
explanation: {fidelity_floor: 0.9}
explore: {within_days: 28}
language: en
report: {sections: []}
"""


LIST = {  # what a manifest says that calling the 30 users of the list earns
    **{"listed": 30, "to_call": 30, "paying": 7, "past_users": 212, "stickers_each": None},
    "profit": {"value": -2.7, "low": -5.1, "high": -0.1},
    "as_past_lists": {"value": 3.75, "low": 1.3, "high": 6.2},
}


def build_run(folder: Path, stickers: bool = True, search: bool = False) -> Path:
    """Write every artefact of a finished run with plausible numbers; with `search`, all trials of every model."""
    targets = ["churn", "sticker"] if stickers else ["churn"]
    rng = np.random.default_rng(7)
    scores, searched = _scores(rng, stickers), trials(rng, targets)
    single = shap(np.random.default_rng(11), targets)
    tables = {
        "windows.parquet": _windows(rng, stickers),
        "leaderboard.csv": leaderboard(targets),
        "differences.csv": differences(rng, targets),
        "calibration.csv": calibration(rng, targets),
        "calibrators.csv": calibrators(targets),
        "thresholds.csv": thresholds(targets),
        "gains.csv": gains(targets),
        "seeds.csv": seeds(rng, targets),
        "verdicts.csv": verdicts(rng, targets),
        "trials.csv": searched,
        "trial_curves.csv": trial_curves(rng, searched),
        "importances.csv": importances(rng, searched),
        "features.csv": features(rng, targets),
        "explanations.csv": explanations(single),
        "explanations_by_day.csv": by_day(rng, targets),
        "surrogates.csv": surrogates(targets),
        "fidelity.csv": fidelity(targets),
        "shap.parquet": single,
        "attributions.csv": attributions(np.random.default_rng(12), targets),
        "scores.parquet": scores,
        "segment_rates.csv": _rates(targets),
        "segment_tests.csv": _tests(rng),
        "segment_categories.csv": _categories(),
        "agreement.csv": pd.DataFrame(_agreement(stickers), columns=["a", "b", "spearman", "kendall"]),
        "threshold.csv": _lines(),
        "score_distribution.csv": _distribution(scores),
        "orders.csv": _orders(),
        "segment_rules.csv": _otherwise(targets),
        "context.csv": _context(targets),
        "foretold.csv": _foretold(targets),
        "future.parquet": _future(scores),
        "priority.parquet": (listed := _priority(scores, stickers)),
        "reasons.parquet": _reasons(listed),
        "views/returns.csv": _returns(),
    }
    if stickers:
        tables |= {"levers.parquet": _levers(scores), "lever_curves.csv": _lever_curves()}
        titles = [text for text in HOSTILE if "quoted" not in text]  # which a search looks for among users
        tables |= offer_tables(scores, titles)
    if not search:  # a page spends a third of its time on the charts of all trials
        for name in ("trials.csv", "trial_curves.csv"):
            tables[name] = tables[name][(tables[name].model == "GRU") | (tables[name].trial < 3)]
    for one in BY_FILE.values():
        if one.file in tables or not (one.optional or one.file in FOLLOWED_UP):
            one.write(tables.get(one.file, one.empty()), folder)
    write_text(CONFIG, folder / "config.yaml")
    write_json(questions(targets), folder / "verdicts.json")
    write_json(_manifest(scores, targets) | MANIFEST, folder / "manifest.json")
    return folder


def _context(targets):
    """Two families that are taken, and one that is not."""
    families = {"trend": "month trend", "rhythm": "active_weeks gaps", "calendar": "weekday"}
    saved = {"trend": (0.031, 0.02, 0.042), "rhythm": (0.012, -0.002, 0.027), "calendar": (-0.001, -0.004, 0.002)}
    rows = [
        (target, family, names, family != "calendar", saved[family][0] + 0.002, *saved[family])
        for family, names in families.items()
        for target in targets
    ]
    both = "month trend active_weeks gaps"
    rows += [(target, "chosen", both, True, 0.041, 0.037, 0.026, 0.048) for target in targets]
    return declared.CONTEXT.of(rows)


def _foretold(targets):
    """Horizons of which one is foretold too high."""
    rates = {3: (0.72, 0.721), 7: (0.60, 0.598), 14: (0.52, 0.48), 28: (0.43, 0.432)}
    return declared.FORETOLD.of(
        (target, days, 9_000, 700, forecast, came, came - 0.02, came + 0.02, 0.55, 0.68)
        for target in targets
        for days, (forecast, came) in rates.items()
    )


def _future(scores):
    """The chances of silence until each horizon, of all scored users."""
    rows = scores[["user_id", "cutoff"]].loc[np.repeat(scores.index, 4)].reset_index(drop=True)
    return rows.assign(days=[3, 7, 14, 28] * len(scores), p_churn=[0.75, 0.5, 0.25, 0.1] * len(scores))


def _scores(rng, stickers):
    ids = HOSTILE + [f"user-{n:04d}" for n in range(294)]
    churn = np.clip(rng.beta(3, 2.2, 300), 0.02, 0.98)
    sticker = np.clip((1 - churn) * rng.beta(1, 3, 300), 0.003, 0.9)
    sticker[:6], churn[:6] = 0.6 - np.arange(6) / 50, 0.5
    table = pd.DataFrame({"user_id": ids, "cutoff": pd.Timestamp("2016-12-25"), "p_churn": churn, "p_sticker": sticker})
    table["priority"] = table["p_churn"] * (table["p_sticker"] if stickers else 1)
    listed = table["priority"] >= table["priority"].quantile(0.9)
    table["segment"] = np.where(listed, "priority", np.where(table["p_churn"] >= 0.5, "likely churner", "other"))
    return table if stickers else table.drop(columns="p_sticker")


def _priority(scores, stickers):
    listed = scores[scores["segment"] == "priority"].sort_values("priority", ascending=False).reset_index(drop=True)
    listed.insert(0, "rank", listed.index + 1)
    listed.insert(2, "group", CONTACT)
    listed["priority_rank"] = listed["rank"]
    return listed.drop(columns=["cutoff", "segment"])


def _reasons(listed):
    """Of everybody silence, and of most an own and another count, or the days since joining."""
    silent = Story(0, 7, known_days=90, usual=3.5, others=2.0, silent_days=5, long_silence=True)
    some, days = Story(1, 7, known_days=90, usual=3.1, others=2.0), Story(3, 7, known_days=90, usual=np.nan, others=60)
    rows = []
    for n, user in enumerate(listed["user_id"]):
        other = ("stickers_received", "count", "low", *some) if n % 3 else ("fan_reply", "count", "low", *silent)
        rows += [(user, 1, "own_post", "count", "low", *silent), (user, 2, *other)]
        rows += [(user, 3, "tenure", "last day", "low", *days)] if n % 4 else []
    return declared.REASONS.of(rows).astype({"fell": "datetime64[us]"})


def _levers(scores):
    """Of every user a lower goal, which is a move for a third, and another level."""
    rows = []
    for n, user in enumerate(scores["user_id"]):
        rows += [(user, "goal", "number", int(n % 3 == 0), 900.0, 300.0, None, None, 0.4, -0.1, -0.2, -0.01)]
        rows += [(user, "home", "level", 0, np.nan, np.nan, HOSTILE[0], "calm", 0.5, 0.02, -0.1, 0.2)]
    return declared.LEVERS.of(rows)


def _lever_curves():
    goal = [("goal", "number", v, None, 300, 0.3 + v / 9000, 0.25, 0.7) for v in (100.0, 300.0, 900.0, 2700.0)]
    home = [("home", "level", np.nan, level, 300, 0.5, 0.4, 0.6) for level in (HOSTILE[0], "calm")]
    return declared.LEVER_CURVES.of(goal + home)


def _windows(rng, stickers):
    cutoffs = pd.to_datetime(rng.choice(pd.date_range("2016-09-07", "2016-12-18"), 500))
    table = pd.DataFrame({"user_id": rng.choice([f"user-{n:04d}" for n in range(294)], 500), "cutoff": cutoffs})
    table["churn"] = (rng.random(500) < 0.6).astype(int)
    if stickers:
        table["sticker"] = (rng.random(500) < 0.1).astype(int)
    return table.assign(part="test")


def _rates(targets):
    numbers = {
        "priority": (212, 0.521, 0.264),
        "likely churner": (1204, 0.731, 0.031),
        "other": (22, 0.402, 0.151),
        "all": (1438, 0.598, 0.101),
    }
    rows = []
    for (segment, (n, *rates)), (place, target) in product(numbers.items(), enumerate(targets)):
        half = 1.96 * (rates[place] * (1 - rates[place]) / n) ** 0.5
        rows.append((segment, 9 * n, n, target, rates[place], max(0, rates[place] - half), rates[place] + half))
    return table_of("segment n n_users target rate low high", rows)


def _tests(rng):
    rows = []
    free = [
        "account_age_days",
        "home_room_size",
        "share_at_night",
        "share_at_weekends",
        "activity_before_history",
        "rooms_visited",
    ]
    for comparison, feature in product(
        ["priority vs everyone else", "priority vs other likely churners", "loyal earners vs all others"],
        free + FEATURES[:9] + [HOSTILE_FEATURE],
    ):
        g = 0.05 if feature == "share_at_night" else rng.normal(0.25, 0.4)
        p = float(np.exp(-0.717 * abs(g / 0.08) - 0.416 * (g / 0.08) ** 2))  # close to a normal's two tails
        n_other = 1226 if "else" in comparison else 1204
        loyal = comparison.startswith("loyal")
        n = 22 if loyal else 212
        ranks = p * 1.2 if p < 0.5 else None
        tested = (None,) * 7 if loyal else (g * 9, 260.4, p, min(1, p * 6), min(1, p * 3), ranks, min(1, p * 7))
        rest = (g, g - 0.16, g + 0.16, feature not in free, "loyal earners" if loyal else "priority")
        rows.append((comparison, feature, n, n_other, 3.1 + g, 3.1, *tested, *rest))
    columns = (
        "comparison feature n_priority n_other mean_priority mean_other t df p p_adjusted p_bh p_rank p_finding "
        "hedges_g low high circular group"
    )
    return table_of(columns, rows)


def _categories():
    columns = "comparison attribute n_priority n_other categories chi2 df p p_adjusted cramers_v pooled circular"
    rows = [
        ("priority vs everyone else", "plan", 212, 1226, 3, 19.4, 2, 6e-5, 1.2e-4, 0.116, 0, False),
        ("priority vs everyone else", "<img src=x onerror=alert(8)>", 200, 1226, 4, 2.6, 3, 0.46, 0.46, 0.043, 7, True),
        ("loyal earners vs all others", "plan", 22, 1226, 3, None, None, None, None, 0.02, 0, False),
    ]
    return table_of(columns, rows)


def _lines():
    rows = [("quantile", 30, 0.1217, 0.111, 0.137, 12, True), ("number", 50, 0.104, 0.096, 0.112, 17, False)]
    return table_of("rule size threshold low high near used", rows)


def _returns():
    return table_of("silent_days at_risk users within low high", [(7, 812, 306, 0.746, 0.71, 0.78)])


def _distribution(scores):
    tables = []
    for scale, values in (("raw", scores["priority"]), ("log10", np.log10(scores["priority"]))):
        n, edges = np.histogram(values, bins=20)
        tables.append(pd.DataFrame({"scale": scale, "low": edges[:-1], "high": edges[1:], "n": n}))
    return pd.concat(tables)


def _otherwise(targets):
    rows = []
    for (place, target), (score, n_users) in product(enumerate(targets), (("priority", 212), ("value_at_risk", 24))):
        rate = (0.521, 0.264)[place]
        numbers = (9 * n_users, n_users, target, rate, rate - 0.1, rate + 0.1, 0.3)
        rows.append((score, "quantile", score == "priority", *numbers))
    return table_of("rank_by rule used n n_users target rate low high base", rows)


def _orders():
    names = "part rank_by chosen lists n n_users value low high by_lot excess excess_low excess_high beaten_by"
    known = [("priority", True, 24.6, 13.2), ("p_churn", False, 21.0, 9.6)]
    return table_of(
        names,
        [
            (
                part,
                name,
                chosen,
                103,
                1030,
                212,
                value,
                value - 5,
                value + 5,
                value - more,
                more,
                more - 5,
                more + 5,
                "",
            )
            for part, (name, chosen, value, more) in product(("val", "test"), known)
        ],
    )


def _agreement(stickers):
    pairs = [
        ("priority", "p_churn", -0.5, -0.36),
        ("priority", "p_sticker", 0.82, 0.64),
        ("p_churn", "p_sticker", -0.86, -0.71),
    ]
    return pairs if stickers else []


def _manifest(scores, targets):
    rejected = {"null user_id": 12, "null timestamp": 3, "repeated event_id": 0}
    parts = [
        ("train", 61_204, 2_901, "2015-07-08", "2016-06-05", 0.579, 0.117),
        ("val", 18_455, 1_733, "2016-06-12", "2016-08-31", 0.591, 0.112),
    ]
    parts += [
        ("test", 10_743, 1_438, "2016-09-07", "2016-12-18", 0.598, 0.101),
        ("score", 300, 300, "2016-12-25", "2016-12-25", None, None),
    ]
    keys = ("part", "windows", "users", "first_cutoff", "last_cutoff", "churn_rate", "sticker_rate")
    return {
        "version": "0.1.0",
        "seed": 7,
        "seeds": 5,
        "refit": {"policy": "all", "targets": {target: {"windows": 95_840, "steps": 14} for target in targets}},
        "created": "2026-11-20 12:00",
        "stages": [
            {"name": name, "seconds": took, "peak_memory_mb": 812.5}
            for name, took in [("panel", 3.2), ("fit", 185.0), ("explain", 41.0)]
        ],
        "inputs": [{"name": "events", "path": "data/gitter/events.parquet", "rows": 238_342, "sha256": "9f" * 32}],
        "reconciliation": {
            "events": {"read": 238_342, "used": 230_115, "non_members": 8_212, "rejected": rejected},
            "stickers": {"read": 5_000, "used": 4_870, "non_members": 0, "rejected": {"negative amount": 130}},
        },
        "audit": {
            "first_day": "2015-07-01",
            "last_day": "2016-12-24",
            "parts": [dict(zip(keys, part, strict=True)) for part in parts],
            "windows_labelled": 95_840,
            "windows_in_gaps": 5_438,
            "overlaps": [],
            "unknown_events": {"<script>alert(5)</script>": 41, "poll": 7},
            "alarms": [
                {
                    "column": "closed_on",
                    "kind": "attribute",
                    "target": "churn",
                    "measure": "roc_auc",
                    "statistic": 0.951,
                    "low": 0.936,
                    "n_users": 2_901,
                    "sentence": "closed_on (filled in or empty) alone tells who was silent for the last 14 days.",
                },
                {
                    "column": "<img src=x onerror=alert(6)>",
                    "kind": "identifier",
                    "target": None,
                    "measure": "share",
                    "statistic": 1.0,
                    "low": None,
                    "n_users": 3_898,
                    "sentence": "<img src=x onerror=alert(6)> looks like an identifier.",
                },
            ],
            "warnings": [],
        },
        "windows": {
            "history_days": 7,
            "lead_days": 0,
            "horizon_days": 7,
            "stride_days": 1,
            "at_risk": "active",
            "at_risk_days": 7,
        },
        "split_kind": "time",
        "context": ["month", "trend", "active_weeks", "gaps"],
        "targets": targets,
        "chosen": {target: chosen_model(target) for target in targets},
        "retrained": {},
        "blend": {target: {"GRU": 0.62, "LightGBM": 0.38, "Logistic": 0.0} for target in targets},
        "drift": None,
        "budget": None,
        "earnings": None,
        "clock": {"actions": 230_115, "timed": 230_115, "dates": 0},
        "compared": {
            **{"users": 1_438, "listed": 212, "per_day": 104.3},
            "ties": {"listed": 0, "line": 1, "line_listed": 1},
        },
        "groups": {"number": 1, "n_learnt": 0, "n_compared": 0, "learnt_from": "scored users", "n_columns": 0},
        "anomalies": {"n_scored": 300, "n_examined": 0, "n_departed": 0, "n_listed": 0},
        "list_warnings": [],
        "warnings": [
            "The sticker probabilities are less well calibrated on test than chance allows: read them as high, "
            "middle and low."
        ],
        "completeness": completeness(targets),
        "order": {
            **{"rank_by": "priority", "asked": "priority", "measure": "amount", "horizon_days": 7, "seen": False},
            **{"lists": 103, "users": 212, "value": 24.6, "low": 19.1, "high": 30.2, "by_lot": 11.4},
            **{"excess": 13.2, "excess_low": 8.3, "excess_high": 18.1, "verdict": "better"},
        },
        "segment": {
            **{"rank_by": "priority", "rule": "quantile", "quantile": 0.9, "number": None, "listed": 30},
            **{"before_days": 28, "minimum_cell": 30, "anomalies": {"number": 20, "least": 3.0}},
            "control": {"share": 0.0, "seed": 0, "held_back": 0, "contacted": 30},
            "ties": {"listed": 0, "line": 1, "line_listed": 1},
            "threshold": 0.1217,
            "skewness": {"raw": 1.84, "log10": -0.91, "scored": len(scores), "zeros": 0},
            "likely_churn": 0.5,
            "likely": int((scores.p_churn >= 0.5).sum()),
            "at_stake": at_stake(scores.assign(value_at_risk=0.0)) | {"stickers": None},
            "scored": len(scores),
            "cutoff": "2016-12-25",
        },
        "stickers": {
            "churned": {"rate": 0.008, "low": 0.005, "high": 0.012, "n": 6_420, "n_users": 611, "forecast": 0.21},
            "stayed": {"rate": 0.265, "low": 0.22, "high": 0.31, "n": 4_323, "n_users": 402, "forecast": 0.251},
        },
    }
