"""A table with one row per user and day in place of an event log."""

import numpy as np
import pandas as pd
import pytest

from churn.data import AMOUNT, CHURN, STICKER, UNKNOWN, DataConfig, SplitConfig, WindowConfig, examine, prepare
from churn.eda.spells import silences

FIRST = pd.Timestamp("2024-01-01")
DAYS, USERS, OVER = 90, 25, 7
ABSENT = (20, 41, 42)  # days on which the whole platform has no row
WEEK = WindowConfig(history_days=10, horizon_days=OVER)
STATE = {"daily_activity": {"column": "posted_7d", "over_days": OVER}, "daily_levels": ["fans"], "windows": WEEK}
COUNTS = {"daily_levels": ["fans"], "activity_events": ["posts"], "windows": WEEK}


def made_up(*, seed=0):
    """Rows of users who post less and less often, some of which are missing, with fans whose number is not always
    known: user_id, timestamp, posts, likes, posted_7d, fans."""
    rng, rows = np.random.default_rng(seed), []
    for place in range(USERS):
        posts = rng.poisson(np.linspace(rng.uniform(0.1, 1.5), 0.02, DAYS + OVER))
        for day in range(int(rng.integers(0, 12)), DAYS - int(rng.integers(0, 12))):
            if day not in ABSENT and rng.random() < 0.9:
                lately = bool(posts[day + 1 : day + OVER + 1].any())  # the first OVER days lie before the table
                fans = None if day < 15 or rng.random() < 0.2 else 1_000.5 + 10 * day + place
                likes = float(rng.poisson(3)) / 4
                rows.append((f"u{place:02d}", FIRST + pd.Timedelta(days=day), posts[day + OVER], likes, lately, fans))
    return pd.DataFrame(rows, columns=["user_id", "timestamp", "posts", "likes", "posted_7d", "fans"])


def reference(table, windows, *, state):
    """The label of each window, found row by row by the definition: 1, 0, or -1 for no answer."""
    rows = {(row.user_id, row.timestamp): row for row in table.itertuples()}
    days, last = set(table.timestamp), table.timestamp.max()
    labels = []
    for user, cutoff in zip(windows.user_ids, windows.dates, strict=True):
        horizon = [cutoff + pd.Timedelta(days=n) for n in range(windows.lead_days, windows.reach_days)]
        if horizon[-1] > last:
            labels.append(UNKNOWN)
        elif state:
            row = rows.get((user, horizon[-1]))
            labels.append(UNKNOWN if row is None else int(not row.posted_7d))
        elif not days.issuperset(horizon):
            labels.append(UNKNOWN)
        else:
            labels.append(int(not any((user, day) in rows and rows[user, day].posts > 0 for day in horizon)))
    return labels


def at_risk(table, *, state, first_cutoff, last):
    """The (user, cutoff) pairs at risk, by the definition."""
    if state:
        days = {(row.user_id, row.timestamp + pd.Timedelta(days=1)) for row in table.itertuples() if row.posted_7d}
    else:
        active = [row for row in table.itertuples() if row.posts > 0]
        days = {(row.user_id, row.timestamp + pd.Timedelta(days=n)) for row in active for n in range(1, OVER + 1)}
    return {(user, day) for user, day in days if first_cutoff <= day <= last + pd.Timedelta(days=1)}


@pytest.mark.parametrize("lead", [0, 3])
@pytest.mark.parametrize("kind", ["state", "counts"])
def test_windows_and_labels_are_the_definitions_own_row_by_row(prepared, kind, lead):
    table, state = made_up(), kind == "state"
    keys = (STATE if state else COUNTS) | {"windows": WindowConfig(history_days=10, horizon_days=OVER, lead_days=lead)}
    windows = prepared({"daily": table}, **keys, split=SplitConfig(kind="user")).windows
    assert windows.label(CHURN).tolist() == reference(table, windows, state=state)
    assert set(windows.label(CHURN)) == {0, 1, UNKNOWN}
    begin = FIRST + pd.Timedelta(days=10)
    wanted = at_risk(table, state=state, first_cutoff=begin, last=table.timestamp.max())
    assert set(zip(windows.user_ids, windows.dates, strict=True)) == wanted


def test_history_holds_counts_as_written_and_levels_as_last_known(prepared):
    table = made_up()
    windows = prepared({"daily": table}, **STATE).windows.sample(60)
    assert windows.features == ("posts", "likes", "posted_7d", "fans", "fans_missing")
    history, rows = windows.history(), table.set_index(["user_id", "timestamp"])
    for user, cutoff, days in zip(windows.user_ids, windows.dates, history, strict=True):
        own = rows.loc[user]
        for before, seen in zip(range(-10, 0), days, strict=True):
            day = cutoff + pd.Timedelta(days=before)
            counts = own.loc[day, ["posts", "likes", "posted_7d"]] if day in own.index else [0, 0, 0]
            known = own.fans[:day].dropna()
            level = [known.iloc[-1], 0] if len(known) else [0, 1]
            assert seen.tolist() == pytest.approx([*map(float, counts), *level])


def test_level_is_carried_beyond_the_last_row_and_never_to_another_user(prepared):
    days = pd.date_range(FIRST, periods=80)
    full = pd.DataFrame({"user_id": "b", "timestamp": days, "posts": 1, "fans": np.nan})
    short = pd.DataFrame({"user_id": "a", "timestamp": days[:30], "posts": 1, "fans": 7.0})
    dataset = prepared({"daily": pd.concat([short, full])}, daily_levels=["fans"], windows=WEEK)
    level = next(feature for feature in dataset.windows.derived if feature.name == "fans")
    told = level.values(dataset.panel, np.array([0, 1], np.int32), np.array([[79], [79]], np.int32))
    assert told[:, 0, 0].tolist() == [7, 0]


def test_day_that_the_whole_platform_lacks_makes_nobody_churn(prepared):
    days = [day for day in pd.date_range(FIRST, periods=80) if day.day != 15]
    posts = [int(day.day % 15 == 0) if day > FIRST + pd.Timedelta(days=20) else 1 for day in days]
    table = pd.DataFrame({"user_id": "a", "timestamp": days, "posts": posts, "likes": 1}).sort_values("timestamp")
    windows = prepared(
        {"daily": table}, activity_events=["posts"], windows=WEEK, split=SplitConfig(kind="user")
    ).windows
    reached = [any((cutoff + pd.Timedelta(days=n)).day == 15 for n in range(OVER)) for cutoff in windows.dates]
    over = windows.answered <= windows.panel.n_days
    assert (windows.censored == (np.array(reached) & over)).all() and windows.censored.any()


def test_day_without_a_row_is_no_inactivity_while_the_state_may_look_back_on_it(prepared):
    days = pd.date_range(FIRST, periods=80)
    table = pd.DataFrame({"user_id": "a", "timestamp": days, "posted_7d": True, "fans": 1.0})
    absent = [*range(30, 34), *range(50, 60)]
    panel = prepared({"daily": table.drop(absent)}, **STATE).panel
    quiet = [day for user, day in zip(*panel.days_where(~panel.active), strict=True) if user == 0]
    assert quiet == list(range(49 + OVER, 60))


def test_silence_seen_by_a_state_began_as_many_days_before(prepared):
    days = pd.date_range(FIRST, periods=80)
    lately = [not 30 <= day < 35 and day < 70 for day in range(80)]  # last acts on the days 23 and 63
    table = pd.DataFrame({"user_id": "a", "timestamp": days, "posted_7d": lately, "fans": 1.0})
    found = silences(prepared({"daily": table}, **STATE).panel)
    assert (found.days.tolist(), found.ended.tolist()) == ([35 - 23 - 1, 80 - 63 - 1], [True, False])


def test_days_ahead_are_unknown_from_one_on_that_nobody_reported(prepared):
    windows = prepared({"daily": made_up()}, **COUNTS, split=SplitConfig(kind="user")).windows
    day = int(windows.cutoff[windows.cutoff < ABSENT[1]].max())
    ahead = windows.take(windows.cutoff == day).ahead(10)[:, :, 0]
    assert np.isnan(ahead[:, ABSENT[1] - day :]).all() and not np.isnan(ahead[:, : ABSENT[1] - day]).any()


def test_censored_windows_are_in_no_part_and_counted(prepared):
    dataset = prepared({"daily": made_up()}, **STATE, split=SplitConfig(kind="user"))
    windows, split, audit = dataset.windows, dataset.split(), dataset.audit()
    n = int((windows.label(CHURN) == UNKNOWN).sum())
    assert audit["windows_censored"] == windows.censored.sum() > 0
    assert len(split.score) == n - windows.censored.sum() == (windows.answered > windows.panel.n_days).sum()
    for part in (split.train, split.val, split.test):
        assert not part.censored.any()


def test_horizon_of_other_days_than_the_state_looks_back_on_is_refused(refused):
    for key in ("horizon_days", "at_risk_days"):
        with refused(f"data.windows.{key}: 14", "7", "set it"):
            windows = WindowConfig(**{"horizon_days": 14, "at_risk_days": 14} | {key: 7})
            DataConfig(daily="days", daily_activity={"column": "posted", "over_days": 14}, windows=windows)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"events": "log"}, ("data.events or data.daily", "both", "leave one")),
        ({"allowed_events": ["post"]}, ("no data.allowed_events", "post", "data.daily_columns")),
        (STATE | {"activity_events": ["posts"]}, ("data.activity_events or data.daily_activity", "both", "leave one")),
        ({"daily_activity": {"column": "posted", "over_days": 1}}, ("at least 2 days", "1", "data.activity_events")),
        ({"daily_activity": {"column": "posted"}}, ("data.daily_activity as", "posted", "correct")),
    ],
)
def test_keys_that_contradict_a_table_of_days_are_refused(refused, keys, words):
    with refused(*words):
        DataConfig(daily="days", **keys)


def test_columns_are_channels_unless_null_leaves_them_out_or_others_are_listed(prepared):
    table = made_up().assign(note="text")
    every = prepared({"daily": table}, activity_events=["posts"], daily_columns={"fans": None}, windows=WEEK)
    assert every.vocabulary.features == ("posts", "likes", "posted_7d")
    listed = prepared({"daily": table}, daily_columns={"written": "posts", "fans": "fans"}, daily_levels=["fans"])
    assert (listed.vocabulary.features, listed.vocabulary.levels) == (("written",), ("fans",))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"daily_levels": ["fan"]}, ("data.daily_levels out of posts", "fan", "correct")),
        ({"daily_columns": {"posts": "note"}}, ("numbers in the channels", "note, of type string", "leave it out")),
        ({"daily_columns": {"posts": "post"}}, ("the column 'post'", "posts", "data.daily_columns")),
        ({"daily_columns": {"post": None}}, ("the column 'post'", "posts", "data.daily_columns")),
        ({"daily_columns": {"stickers_received": "posts"}}, ("called stickers_received", "one", "another name")),
        ({"activity_events": ["shares"]}, ("shares among the channels", "posts", "correct")),
        ({"daily_levels": ["posts", "likes", "posted_7d", "fans"]}, ("tells of activity", "none", "activity_events")),
    ],
)
def test_channels_that_are_not_there_are_refused(prepared, refused, keys, words):
    with refused(*words):
        prepared({"daily": made_up().assign(note="text")}, **keys, windows=WEEK)


def test_stickers_may_come_from_the_table_of_days_itself(tmp_path):
    table = made_up()
    table.loc[:9, "likes"] = None
    table.to_parquet(source := tmp_path / "days.parquet")
    config = DataConfig(daily=str(source), stickers=str(source), sticker_columns={"amount": "likes"}, **COUNTS)
    dataset = prepare(config, tmp_path / "dataset")
    assert dataset.windows.targets == (CHURN, STICKER)
    given = table[table.likes > 0]
    rows = dataset.reconciliation["stickers"]
    assert (rows["used"], rows["rejected"]) == (len(given), {"a day without stickers": len(table) - len(given)})
    amount = dataset.panel.gather(np.arange(len(dataset.panel.counts)))[:, dataset.panel.features.index(AMOUNT)]
    assert amount.sum() == given.likes.sum()


def test_new_days_are_read_with_the_channels_of_training(prepared, refused):
    table = made_up()
    trained = prepared({"daily": table}, **STATE)
    again = prepared({"daily": table.assign(extra=1)}, **STATE, vocabulary=trained.vocabulary)
    assert again.windows.features == trained.windows.features
    with refused("likes among data.daily, as in training", "posts", "correct"):
        prepared({"daily": table.drop(columns="likes")}, **STATE, vocabulary=trained.vocabulary)


def test_findings_name_absent_days_and_channels_that_look_like_levels(prepared):
    table = made_up()
    table["fans"] = 1_000.0 + 10 * (table.timestamp - FIRST).dt.days
    dataset = prepared({"daily": table}, activity_events=["posts"], windows=WEEK, split=SplitConfig(kind="user"))
    told = " ".join(finding.text for finding in examine(dataset, None).findings)
    assert "3 days have no row in the table of days: on 2024-01-21, from 2024-02-11 to 2024-02-12." in told
    assert "Channels that hardly change from a day to the next: fans." in told


def test_table_without_a_usable_row_is_refused_with_its_reasons(prepared, refused):
    table = made_up().assign(timestamp=pd.NaT)
    with refused("table of days with at least one usable row", "null or unreadable timestamp", "data.daily"):
        prepared({"daily": table}, windows=WEEK)
