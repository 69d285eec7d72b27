"""What the scored users are like: groups of like behaviour, and who departs from the own past."""

import pandas as pd

from churn import segments
from churn.artefacts import read_table, write_table, write_with
from churn.data import Windows
from churn.scoring import newest_windows
from churn.stages.context import Context, Facts


def group_users(context: Context) -> Facts:
    """Groups of like behaviour: groups.csv, group_columns.csv, group_stability.csv, groups.parquet."""
    dataset, seed, out = context.dataset, context.config.seed, context.folder
    newest, test = newest_windows(dataset), context.split.test
    learnt = segments.enough_to_group(newest, dataset.labelled, seed=seed)
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


def _source(learnt: Windows, newest: Windows) -> str:
    return "scored users" if learnt is newest else "earlier days"


def find_anomalies(context: Context) -> Facts:
    """Users whose last week departs from their own past: anomalies.csv."""
    config, out = context.config.segments.anomalies, context.folder
    newest = newest_windows(context.dataset)
    found = segments.find_anomalies(newest, config, seed=context.config.seed)
    groups = read_table(out / "control.csv")
    held = set(groups.user_id[groups.group == segments.CONTROL].astype(str))
    table = segments.beside_list(context.public(found.table), read_table(out / "scores.parquet"), held)
    write_with(lambda path: segments.write_safely(table, path), out / "anomalies.csv")
    told = {"n_scored": len(newest), "n_examined": found.n_examined, "n_departed": found.n_departed}
    return {"anomalies": told | {"n_listed": len(table)}}
