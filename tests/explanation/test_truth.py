"""Every reason is true of the raw log, in one unit, and its direction is right."""

import numpy as np
import pandas as pd
import pytest

from churn.data import WindowConfig, example_frames
from churn.explanation import beside, others, reasons, worded

from .recomputed import FANS, SHARES, Log, check

pytestmark = pytest.mark.slow

COLUMNS = ["days_since_activity", "tenure", "tenure_capped", "totals", "averages"]
AT_CUTOFF = ["month", "trend", "active_weeks", "gaps", "rates", "fans", "fan_shares"]


@pytest.fixture(scope="module")
def frames():
    """The example's tables, half of whose users join in the last weeks and many of whom fall silent in the end."""
    tables = example_frames(90, n_days=70, seed=1)
    place = np.arange(90)
    late = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.array([0, 0, 55, 66])[place % 4], unit="D")
    over = pd.Timestamp("2024-03-11") - pd.to_timedelta(np.array([0, 3, 5])[place % 3], unit="D")
    members = tables["members"].sort_values("user_id")
    begin, end = (pd.Series(days, index=members.user_id) for days in (late, over))
    for name in ("events", "stickers"):
        table = tables[name]
        inside = (table.timestamp >= table.user_id.map(begin)) & (table.timestamp < table.user_id.map(end))
        tables[name] = table[inside]
    tables["members"] = members.assign(joined=np.where(place % 4 < 2, members.joined, late))
    return tables


@pytest.mark.parametrize("history_days", [3, 7, 28])
def test_every_reason_holds_when_it_is_recomputed_from_the_raw_log(prepared, frames, history_days):
    dataset = prepared(frames, windows=WindowConfig(history_days=history_days), features=COLUMNS)
    newest = dataset.windows.take(dataset.windows.cutoff == dataset.panel.n_days)
    log = Log(frames, newest.dates[0], history_days=history_days)
    assert sorted(newest.user_ids) == sorted(log.at_risk)
    shap = np.random.default_rng(0).normal(0.2, 1, newest.history().shape)
    found = reasons(newest, shap, others=beside(others(newest), newest), top=20)
    told = worded(found, range(len(newest)), top=20)
    pairs = [(user, reason) for user, row in zip(newest.user_ids, told.to_numpy(), strict=True) for reason in row]
    kinds = [check(log, user, reason) for user, reason in pairs if reason]
    assert len(kinds) > 400
    since = {"since"} if history_days > 3 else set()  # three days are too few to tell since when there are fewer
    assert set(kinds) == {"silence", "known", "last", "last day"} | since


def test_every_reason_of_what_is_known_at_the_cutoff_holds_too(prepared, frames):
    dataset = prepared(frames, features=AT_CUTOFF)
    newest = dataset.windows.take(dataset.windows.cutoff == dataset.panel.n_days)
    log = Log(frames, newest.dates[0], history_days=7)
    shap = np.random.default_rng(0).normal(0.2, 1, newest.history().shape)
    found = reasons(newest, shap, others=beside(others(newest), newest), top=40)
    told = worded(found, range(len(newest)), top=40)
    pairs = [(user, reason) for user, row in zip(newest.user_ids, told.to_numpy(), strict=True) for reason in row]
    for user, reason in pairs:
        assert not reason or check(log, user, reason)
    names = {reason.partition(":")[0] for _, reason in pairs}
    assert {FANS, *SHARES} <= names
