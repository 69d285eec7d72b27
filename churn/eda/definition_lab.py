"""Definitions: what another history, horizon or rule of being at risk would make of the same log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from churn.charts import panels
from churn.data import Dataset, WindowConfig, Windows, slide
from churn.eda.arguments import check_count
from churn.eda.view import View
from churn.errors import UserError
from churn.language import say, say_many
from churn.statistics import FEW


@dataclass(frozen=True, repr=False, eq=False)
class Definitions(View):
    """The base rate and the false churners of each definition of churn.

    `table` has a row per definition: at_risk (the rule: active or member), at_risk_days, history_days, horizon_days,
    windows (labelled), users, churn (base rate), watched (churners for whom the log reaches `later_days` past the
    horizon), returned (the share of these churners who came back in these days: false churners).
    """

    later_days: int

    def _say(self) -> str:
        least = int(self.table["history_days"].min())
        known = self.table[(self.table["history_days"] == least) & (self.table["windows"] > 0)]
        lines = [
            f"{rule}: {'; '.join(_told(row) for row in rows.to_dict('records'))}" for rule, rows in _by_rule(known)
        ]
        said = say_many(
            "who come back: of the churners watched, those active within {n} day after the horizon",
            "who come back: of the churners watched, those active within {n} days after the horizon",
            self.later_days,
        )
        first = say_many(
            "{n} definition; here those with the shortest history (days: {days})",
            "{n} definitions; here those with the shortest history (days: {days})",
            len(self.table),
            days=least,
        )
        counted = say("n counts windows, of which a user has one on every day at risk; * fewer than {few}", few=FEW)
        return "\n".join([first, *lines, said, counted])

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        traces, captions = [], []
        for rule, group in _by_rule(self.table):
            traces += [[go.Heatmap(_heat(group, column))] for column in ("churn", "returned")]
            captions.append(say("base rate of churn, {rule}", rule=rule))
            captions.append(
                say_many(
                    "who come back in {n} day, {rule}", "who come back in {n} days, {rule}", self.later_days, rule=rule
                )
            )
        drawn = panels(traces, captions=captions, height=130)
        drawn.update_xaxes(type="category", showgrid=False, showticklabels=True)
        drawn.update_xaxes(title_text=say("horizon, days"), row=len(traces))
        return drawn.update_yaxes(title_text=say("history, days"), type="category", showgrid=False)


def definitions(
    dataset: Dataset,
    *,
    history_days: Sequence[int] = (7, 14, 28),
    horizon_days: Sequence[int] = (3, 7, 14, 28),
    at_risk_days: Sequence[int] = (7, 14),
    later_days: int = 28,
) -> Definitions:
    """Try every combination of history, horizon and days at risk on the same log.

    A long horizon has few false churners and leaves few windows and little time to act; a short one calls every
    holiday churn. `returned` is the share of called churners who were active again in the `later_days` after the
    horizon, among windows for which the log reaches so far.

    Args:
        dataset: What `prepare` made.
        history_days: Lengths to try.
        horizon_days: Lengths to try; shorter ones than `data.daily_activity` looks back on are left out.
        at_risk_days: Lengths to try; where the configuration says `at_risk: member`, that rule is tried too.
        later_days: Days after the horizon in which churners who come back are looked for.

    Raises:
        UserError: for lengths of which there are none, or that are less than a day.

    Example:
        >>> from churn.data import example_dataset
        >>> found = definitions(example_dataset(), history_days=[7], horizon_days=[3, 14], at_risk_days=[7]).table
        >>> bool(found.churn[0] > found.churn[1]), bool(found.returned[0] > found.returned[1])
        (True, True)
    """
    _check("history_days", history_days)
    _check("horizon_days", horizon_days)
    _check("at_risk_days", at_risk_days)
    check_count("later_days", later_days)
    own, least = dataset.config.windows, dataset.panel.over_days
    horizon_days, at_risk_days = (
        [days for days in lengths if days >= least] or [least] for lengths in (horizon_days, at_risk_days)
    )
    active = replace(own, at_risk="active", history_days=max(own.history_days, 1), after_days=[0])
    rules = [replace(active, at_risk_days=days) for days in at_risk_days]
    rules += [own] if own.at_risk == "member" else []
    table = pd.DataFrame(
        [
            _row(dataset, replace(rule, history_days=history, horizon_days=horizon), later_days=later_days)
            for rule, history, horizon in product(rules, history_days, horizon_days)
        ]
    )
    why = say_many(
        "The log's {n} day is too few for any of these.",
        "The log's {n} days are too few for any of these.",
        dataset.panel.n_days,
    )
    return Definitions(table, None if table["windows"].any() else why, later_days)


def _by_rule(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each rule of being at risk, with the rule in words."""
    for (rule, days), rows in table.groupby(["at_risk", "at_risk_days"], sort=False):
        active = say_many("active on the last day", "active in the last {n} days", int(str(days)))
        yield (say("every member") if rule == "member" else active), rows


def _check(name: str, lengths: Sequence[int]) -> None:
    if not len(lengths):
        raise UserError(f"expected one or more {name}", "none", "give the lengths to try")
    for days in lengths:
        check_count(name, days)


def _row(dataset: Dataset, config: WindowConfig, *, later_days: int) -> dict[str, Any]:
    row: dict[str, Any] = {"at_risk": config.at_risk, "at_risk_days": config.at_risk_days}
    row |= {"history_days": config.history_days, "horizon_days": config.horizon_days}
    needed = max(config.history_days, config.at_risk_days) + config.reach_days
    nothing = {"windows": 0, "users": 0, "churn": np.nan, "returned": np.nan, "watched": 0}
    if dataset.panel.n_days < needed:
        return row | nothing
    windows = slide(dataset.panel, config, joined=dataset.joined)
    windows = windows.take(windows.known)
    if not len(windows):
        return row | nothing
    returned, watched = _returned(windows, later_days)
    return row | {
        "windows": len(windows),
        "users": len(np.unique(windows.user)),
        "churn": float(windows.answers.mean()),
        "returned": returned / watched if watched else np.nan,
        "watched": watched,
    }


def _returned(windows: Windows, later_days: int) -> tuple[int, int]:
    """Numbers of churners who came back in the days after the horizon, and of churners who were watched for so long."""
    churners = windows.take((windows.answers == 1) & (windows.answered + later_days <= windows.panel.n_days))
    if not len(churners):
        return 0, 0
    panel = windows.panel
    user, day = panel.days_where(np.asarray(panel.active))
    span = np.int64(panel.n_days + later_days + 1)
    moment = user.astype(np.int64) * span + day
    start = churners.user.astype(np.int64) * span + churners.answered
    back = np.searchsorted(moment, start + later_days) > np.searchsorted(moment, start)
    return int(back.sum()), len(churners)


def _told(row: dict[Any, Any]) -> str:
    days, n, churn = row["horizon_days"], row["windows"], row["churn"]
    if not row["watched"]:
        return say_many(
            "{days}-day horizon, churn {churn:.1%} (n = {n} window), too late to see who comes back",
            "{days}-day horizon, churn {churn:.1%} (n = {n} windows), too late to see who comes back",
            n,
            days=days,
            churn=churn,
        )
    return say_many(
        "{days}-day horizon, churn {churn:.1%} (n = {n} window), {returned:.0%} of {watched:,} come back",
        "{days}-day horizon, churn {churn:.1%} (n = {n} windows), {returned:.0%} of {watched:,} come back",
        n,
        days=days,
        churn=churn,
        returned=row["returned"],
        watched=row["watched"],
    )


def _heat(group: pd.DataFrame, column: str) -> dict[str, Any]:
    def matrix(name: str) -> pd.DataFrame:
        return group.pivot_table(index="history_days", columns="horizon_days", values=name, dropna=False)

    def in_cell(share: float, size: int) -> str:
        return f"{share:.0%}{'*' if size < FEW else ''}<br>n = {size:,}" if np.isfinite(share) else "–"

    shares, n = matrix(column), matrix("windows" if column == "churn" else "watched").fillna(0).astype(int)
    shares = shares.reindex(index=n.index, columns=n.columns)
    text = [
        [in_cell(share, size) for share, size in zip(*pair, strict=True)]
        for pair in zip(shares.to_numpy(), n.to_numpy(), strict=True)
    ]
    return {
        "z": shares.to_numpy(),
        "x": [str(days) for days in shares.columns],
        "y": [str(days) for days in shares.index],
        "text": text,
        "texttemplate": "%{text}",
        "textfont": {"size": 11},
        "colorscale": [[0, "#f5f7fa"], [1, "#7fb2d3"]],  # light enough for dark text on all of it
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "hoverinfo": "skip",
        "xgap": 2,
        "ygap": 2,
    }
