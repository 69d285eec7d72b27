"""Behaviour of the scored users: groups that behave alike, and users who depart from their own past."""

import pandas as pd

from churn import segments
from churn.artefacts import declared
from churn.data import Windows
from churn.scoring import newest_windows
from churn.stages.context import Context, Facts


def group_users(context: Context) -> Facts:
    """Groups of like behaviour; none of members who have no past yet."""
    if not _have_a_past(context):
        for artefact in (declared.GROUPS, declared.GROUP_COLUMNS, declared.GROUP_STABILITY, declared.GROUPED):
            context.write(artefact, artefact.empty())
        return {"groups": None}
    dataset, seed = context.dataset, context.config.seed
    newest, test = newest_windows(dataset), context.split.test
    learnt = segments.enough_to_group(newest, dataset.labelled, seed=seed)
    groups = segments.find_groups(learnt, context.config.segments.groups, seed=seed)
    columns, group = segments.group_columns(groups, learnt), groups.assign(newest)
    users = pd.DataFrame({"user_id": newest.user_ids, "cutoff": newest.dates})
    users["group"] = pd.Series(group if len(groups) > 1 else pd.NA, users.index, dtype="Int64")
    scored = context.scored()
    told = segments.group_table(len(groups), scored, group, test=test, of_test=groups.assign(test))
    context.write(declared.GROUPS, told)
    context.write(declared.GROUP_COLUMNS, columns)
    context.write(declared.GROUP_STABILITY, groups.search.table)
    context.write(declared.GROUPED, users)
    found = {"number": len(groups), "n_learnt": len(learnt), "learnt_from": _source(learnt, newest)}
    return {"groups": found | {"n_compared": groups.search.n_users, "n_columns": len(groups.features)}}


def _source(learnt: Windows, newest: Windows) -> str:
    return "scored users" if learnt is newest else "earlier days"


def find_anomalies(context: Context) -> Facts:
    """Users whose last week departs from their own past; none of members who have none yet."""
    if not _have_a_past(context):
        context.write(declared.ANOMALIES, declared.ANOMALIES.empty())
        context.write(declared.DEPARTURES, declared.DEPARTURES.empty())
        return {"anomalies": None}
    config, newest = context.config.segments.anomalies, newest_windows(context.dataset)
    found = segments.find_anomalies(newest, config, seed=context.config.seed)
    table = segments.beside_list(found.table, context.scored())
    context.write(declared.ANOMALIES, table)
    context.write(declared.DEPARTURES, found.departures)
    told = {"n_scored": len(newest), "n_examined": found.n_examined, "n_departed": found.n_departed}
    return {"anomalies": told | {"n_listed": len(table)}}


def _have_a_past(context: Context) -> bool:
    """Whether windows see counts of days and churn is asked about: an outcome is foretold before any behaviour."""
    return context.config.data.outcome is None and bool(context.dataset.windows.panel.features)
