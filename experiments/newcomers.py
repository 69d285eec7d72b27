"""Newcomers and what is known about them, on the exact splits of earlier work: members of a chat, and video channels.

    python experiments/newcomers.py

The community's numbers are the verdict `newcomers` of a run; a newcomer returns by another visit one to eight days
after the first. The channels' are of *one* model that sees no day, three days or fourteen: it learns from each row
three times, its history cut short as often; models of no day and of fourteen alone stand beside it. Ten settings are
drawn and judged as `churn run` does, on two of seven training channels, and the best learns again from all. Trees with
five seeds; in brackets the lowest and the highest.
"""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import lightgbm
import numpy as np
import optuna
import pandas as pd
from arrivals import PLAIN, SEEDS
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from churn.data import DataConfig, Frame, SplitConfig, WindowConfig, Windows, prepare
from churn.evaluation import Contestant, VerdictConfig, reach_verdicts
from churn.models import LightGBM
from churn.statistics import metric_intervals

DATA = Path("../shared/data")
SHOWN = (0, 3, 14)  # days of history
STATIC = ("area", "company", "group", "name_script", "name_length")
DAILY = ("subscribers", "views_total", "views_median_7d", "views_top_7d", "views_median_30d", "views_top_30d")
FLAGS = ("published_7d", "published_30d", "sang_7d", "new_top_video")
MONDAYS = pd.Timestamp("2022-07-25"), pd.Timestamp("2023-10-16")
CHANNELS = DataConfig(
    events="events",
    members="members",
    outcomes="outcomes",
    attributes={
        **{name: {"known": "arrival"} for name in ("listed_at", *STATIC)},
        **{name: {"known": "daily", "from": "day"} for name in DAILY},
    },
    features=["listed_at", *STATIC, *DAILY],
    outcome={"column": "silent", "positive": [True], "name": "silent", "good": False},
    windows=WindowConfig(history_days=14, horizon_days=7),
    split=SplitConfig(kind="user"),
)


def main() -> None:
    community()
    channels()


def community() -> None:
    """The verdict on members of the community by their first visit: on arrival, one day and two days later.

    On arrival the answer goes by hours, later by calendar days. By these a first visit late in the evening returns more
    often, soon after midnight; so two days later, where the next day is history, are the fairer question.
    """
    frames = visitors()
    answer = {"column": "returned", "positive": [True], "from": "told"}
    arrival = WindowConfig(at_risk="arrival", history_days=0, horizon_days=9)
    later = [
        WindowConfig(at_risk="arrival", history_days=days, horizon_days=9 - days, after_days=[days]) for days in (1, 2)
    ]
    for told in (["room", "hour", "day_of_week"], ["kind"]):
        asked = DataConfig(
            members="members",
            attributes={name: {"known": "arrival"} for name in told},
            features=told,
            outcome=answer,
            windows=arrival,
            split=SplitConfig(val_share=0.1, test_from="2016-06-21"),
        )
        for config in (asked, *(replace(asked, events="events", outcome=None, windows=one) for one in later)):
            verdict_on(config, frames, told)


def visitors() -> dict[str, Frame]:
    """Members with facts of their first visit, whether another came one to eight days later, and all visits."""
    visits, rooms = (pd.read_parquet(DATA / f"rooms/{name}.parquet") for name in ("visits", "activities"))
    visits = visits.rename(columns={"member_id": "user_id"}).sort_values("timestamp").assign(event="visit")
    first = visits.drop_duplicates("user_id").merge(rooms, on="activity_id")
    days = (visits.timestamp - visits.user_id.map(first.set_index("user_id").timestamp)) / pd.Timedelta(days=1)
    members = pd.DataFrame({"user_id": first.user_id, "joined": first.timestamp, "kind": first.kind})
    members = members.assign(room=first.activity_id.astype(str), hour=first.timestamp.dt.hour)
    members["day_of_week"] = first.timestamp.dt.day_name()
    members["returned"] = first.user_id.isin(visits.user_id[days.between(1, 8)])
    members["told"] = first.timestamp + pd.Timedelta(days=9)
    return {"events": visits[["user_id", "timestamp", "event"]], "members": members}


def verdict_on(config: DataConfig, frames: dict[str, Frame], told: list[str]) -> None:
    with TemporaryDirectory() as folder:
        dataset = prepare(config, Path(folder) / "data", frames={name: frames[name] for name in config.sources})
        trees = Contestant(LightGBM, {"learning_rate": 0.03, "num_leaves": 15, "max_trees": 600, "patience": 50})
        asked = VerdictConfig(ask=["newcomers"], windows=100_000, seeds=SEEDS, repetitions=500)
        [verdict] = reach_verdicts(dataset, {dataset.windows.targets[0]: [trees]}, asked)
        rows = verdict.table[["variant", "n_windows", "base_rate", "roc_auc", "roc_auc_low", "roc_auc_high", "ap"]]
        print(", ".join(told), verdict.sentence, rows.round(3).to_string(index=False), "", sep="\n", flush=True)


def channels() -> None:
    """Rows of one model for channels of which no day, three or fourteen are seen, and of models for one length."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with TemporaryDirectory() as folder:
        windows = prepare(CHANNELS, Path(folder) / "data", frames=of_channels()).labelled
        train, test, held_out = parts(windows)
        x, unseen, columns = windows.take(train).flat(), windows.take(test).flat(), windows.flat_features()
        y, judged, seen = windows.answers, held_out[train], {days: visible(columns, days) for days in SHOWN}
        for told in (SHOWN, SHOWN[:1], SHOWN[-1:]):
            every = np.concatenate([np.where(seen[days], x, np.nan) for days in told])
            fitted = learnt(every, np.tile(y[train], len(told)), np.tile(judged, len(told)))
            for days in (days for days in SHOWN if days <= max(told)):
                p = np.array([model.predict(np.where(seen[days], unseen, np.nan)) for model in fitted])
                print(f"| {told} | {days} | {row(y[test], p, users=windows.user[test])} |", flush=True)


def of_channels() -> dict[str, Frame]:
    """Events from the flags of a day, members with a row a day, and the state a week after each Monday at risk."""
    daily, listed = (pd.read_parquet(DATA / f"creators/{name}.parquet") for name in ("daily", "creators"))
    daily = daily.rename(columns={"creator_id": "user_id"}).assign(day=pd.to_datetime(daily.day))
    flags = [daily.loc[daily[flag].astype(bool), ["user_id", "day"]].assign(event=flag) for flag in FLAGS]
    events = pd.concat(flags).rename(columns={"day": "timestamp"})
    listed = listed.rename(columns={"creator_id": "user_id"})[["user_id", "listed_at", *STATIC]]
    members = daily[["user_id", "day", *DAILY]].merge(listed, on="user_id")
    later = daily[["user_id", "day", "published_7d"]].assign(day=daily.day - pd.Timedelta(days=7))
    asked = daily.merge(later, on=["user_id", "day"], suffixes=("", "_later"))
    asked = asked[(asked.day.dt.dayofweek == 0) & asked.day.between(*MONDAYS) & asked.published_7d]
    rows = {
        "user_id": asked.user_id,
        "timestamp": asked.day + pd.Timedelta(days=1),
        "silent": ~asked.published_7d_later,
    }
    return {"events": events, "members": members, "outcomes": pd.DataFrame(rows)}


def parts(windows: Windows) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """The training and the test windows, other channels on later Mondays, and windows by whose channels to choose."""
    bucket = np.array(
        [int(sha256(str(user).strip().lower().encode()).hexdigest()[:8], 16) % 10 for user in windows.user_ids]
    )
    monday = windows.dates - pd.Timedelta(days=1)
    return (bucket < 7) & (monday < "2023-04-24"), (bucket >= 7) & (monday >= "2023-05-01"), bucket >= 5


def visible(columns: list[tuple[str, int]], days: int) -> NDArray[np.bool_]:
    """Whether each column may be seen where so few days are known: facts, today's subscribers, and these days."""
    always = ("subscribers", "listed_at", *STATIC)
    return np.array([day >= -days or (day == -1 and name.startswith(always)) for name, day in columns])


def learnt(x: NDArray[np.float32], y: NDArray[np.int8], held_out: NDArray[np.bool_]) -> list[lightgbm.Booster]:
    """A model per seed, of the best of ten settings and as many trees as were best on the windows held out."""
    known = lightgbm.Dataset(x[~held_out], y[~held_out], params={"feature_pre_filter": False}, free_raw_data=False)
    judged = known.create_valid(x[held_out], y[held_out])

    def loss(trial: optuna.Trial) -> float:
        settings, stop = PLAIN | LightGBM.suggest(trial, x.shape[1]), lightgbm.early_stopping(50, verbose=False)
        model = lightgbm.train(settings, known, num_boost_round=1000, valid_sets=[judged], callbacks=[stop])
        trial.set_user_attr("trees", model.best_iteration)
        return float(model.best_score["valid_0"]["binary_logloss"])

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(loss, n_trials=10)
    settings, trees = PLAIN | study.best_params, study.best_trial.user_attrs["trees"]
    every = lightgbm.Dataset(x, y, params={"feature_pre_filter": False}, free_raw_data=False)
    return [lightgbm.train(settings | {"seed": seed}, every, num_boost_round=trees) for seed in range(SEEDS)]


def row(y: NDArray[np.int8], p: NDArray[np.float64], *, users: NDArray[np.int32]) -> str:
    """ROC-AUC and AP: the seeds' mean with the lowest and the highest, and the interval of their average by user."""
    aucs, aps = ([measure(y, each) for each in p] for measure in (roc_auc_score, average_precision_score))
    found = metric_intervals(y, p.mean(axis=0), users=users, repetitions=500)["roc_auc"]
    spans = [f"{np.mean(each):.4f} [{min(each):.4f}, {max(each):.4f}]" for each in (aucs, aps)]
    return " | ".join([str(len(y)), *spans, f"[{found.low:.3f}, {found.high:.3f}]"])


if __name__ == "__main__":
    main()
