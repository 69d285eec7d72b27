"""What the scored users are like: groups of like behaviour, and who departs from the own past."""

import numpy as np
import pandas as pd

from churn import segments
from churn.artefacts import read_table, write_table, write_with
from churn.data import Dataset, Windows
from churn.scoring import newest_windows
from churn.stages.context import Context, Facts

_ENOUGH = 300  # scored users to learn groups from


def group_users(context: Context) -> Facts:
    """Groups of like behaviour: groups.csv, group_columns.csv, group_stability.csv, groups.parquet."""
    dataset, seed, out = context.dataset, context.config.seed, context.folder
    newest, test = newest_windows(dataset), context.split.test
    learnt = newest if len(newest) >= _ENOUGH else one_per_user(dataset, seed=seed)
    groups = segments.find_groups(learnt, context.config.segments.groups, seed=seed)
    columns, group = segments.group_columns(groups, learnt), groups.assign(newest)
    names = segments.group_names(columns)
    scored = read_table(out / "scores.parquet")
    users = context.public(pd.DataFrame({"user_id": newest.user_ids, "cutoff": newest.dates}))
    users["group"] = pd.Series(group if len(groups) > 1 else pd.NA, users.index, dtype="Int64")
    scored = users[["user_id"]].merge(scored, on="user_id", validate="one_to_one")  # hashed ids stand in another order
    told = segments.group_table(names, scored, group, test=test, of_test=groups.assign(test))
    write_table(told, out / "groups.csv")
    write_table(columns, out / "group_columns.csv")
    write_table(groups.search.table, out / "group_stability.csv")
    write_table(users.sort_values("user_id", ignore_index=True), out / "groups.parquet")
    found = {"number": len(groups), "n_learnt": len(learnt), "learnt_from": _source(learnt, newest)}
    return {"groups": found | {"n_compared": groups.search.n_users, "n_columns": len(groups.features)}}


def one_per_user(dataset: Dataset, *, seed: int) -> Windows:
    """A window of each user whose label is known, drawn at random.

    A user's latest one would show most users in the week before they fell silent.
    """
    windows = dataset.labelled
    drawn = np.random.default_rng(seed).permutation(len(windows))
    _, first = np.unique(windows.user[drawn], return_index=True)
    return windows.take(np.sort(drawn[first]))


def _source(learnt: Windows, newest: Windows) -> str:
    return "scored users" if learnt is newest else "earlier days"


def find_anomalies(context: Context) -> Facts:
    """Users whose last week departs from their own past: anomalies.csv."""
    config, out = context.config.segments.anomalies, context.folder
    newest = newest_windows(context.dataset)
    found = segments.find_anomalies(newest, config, seed=context.config.seed)
    scored = read_table(out / "scores.parquet")
    table = context.public(found.table).merge(scored[["user_id", "p_churn", "segment"]], on="user_id", how="left")
    groups = read_table(out / "control.csv")
    held = set(groups.user_id[groups.group == segments.CONTROL])
    table["held_back"] = table.user_id.astype(str).isin(held)
    write_with(lambda path: segments.write_safely(table, path), out / "anomalies.csv")
    told = {"n_scored": len(newest), "n_examined": found.n_examined, "n_departed": found.n_departed}
    return {"anomalies": told | {"n_listed": len(table)}}
