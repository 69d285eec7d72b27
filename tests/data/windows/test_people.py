"""The people around users, value by value against a slow reference, in every engine, and with no later day."""

import numpy as np
import pandas as pd
import pytest

from churn.data import FEATURES, DataConfig, WindowConfig, prepare

pytestmark = pytest.mark.slow

SHORT = WindowConfig(history_days=2, horizon_days=2, at_risk="member")
NAMES = ["fans", "fan_shares"]
COLUMNS = ("fans_recent", "fans_strongest", "fans_new", "fans_silent")
BEGIN, N_DAYS = pd.Timestamp("2024-01-01"), 90
BY_NAME = {feature.name: feature for feature in FEATURES}


def dirty_log(seed=0):
    """Users who visit each other, strangers who visit them and who have rooms of their own; repeats, and broken rows.

    Each person comes and goes for weeks, so that fans fall silent, return after long, and are new again.
    """
    rng = np.random.default_rng(seed)
    people = [*(f"u{k}" for k in range(6)), *(f"s{k}" for k in range(8))]
    rows = []
    for place, person in enumerate(people):
        away = np.zeros(N_DAYS, bool)
        for begin in rng.integers(0, N_DAYS, 3):
            away[begin : begin + rng.integers(6, 35)] = True
        rooms = rng.choice(people, 3, replace=False)
        for day in np.flatnonzero(~away & (rng.random(N_DAYS) < rng.choice([0.1, 0.3, 0.8]))):
            visited = rng.choice([*rooms, person], rng.integers(1, 4))
            rows += [
                (room, person, ["chat", "post"][place % 2], BEGIN + pd.Timedelta(int(day), "D")) for room in visited
            ]
    events = pd.DataFrame(rows, columns=["user_id", "actor_id", "event", "timestamp"])
    events["timestamp"] += pd.to_timedelta(rng.integers(0, 86_400, len(events)), unit="s")
    events.loc[len(events)] = ("u0", "u0", "chat", BEGIN)
    events.loc[len(events)] = ("u0", "u0", "chat", BEGIN + pd.Timedelta(N_DAYS - 1, "D"))
    broken = [events.sample(9, random_state=seed).assign(**{name: None}) for name in ("user_id", "actor_id")]
    unread = events.sample(5, random_state=1).assign(timestamp=pd.NaT)
    log = pd.concat([events, events.sample(40, random_state=2), *broken, unread])
    return log.sample(frac=1, random_state=seed).reset_index(drop=True)


MEMBERS = pd.DataFrame({"user_id": [f"u{k}" for k in range(7)], "joined": "2023-01-01"})  # u6 has no events


def slow(log, user, day):
    """The four values of one user at the end of a day, from the raw rows."""
    log = log.dropna(subset=["user_id", "actor_id", "timestamp"])
    ago = (day - log.timestamp.dt.normalize()).dt.days
    log = log.assign(ago=ago)[ago >= 0]
    visits = log[(log.user_id == user) & (log.actor_id != user) & (log.ago < 28)]
    if visits.empty:
        return [0, 0, 0, 0]
    events, first = visits.groupby("actor_id").size(), visits.groupby("actor_id").ago.max()
    last_anywhere = log.groupby("actor_id").ago.min()
    silent = [last_anywhere[fan] >= 7 for fan in events.index]
    return [len(events), events.max() / events.sum(), (first < 7).mean(), np.mean(silent)]


def found(panel):
    """The values of every user on every day, (u, d, 4)."""
    user = np.arange(len(panel.users), dtype=np.int32)
    days = np.tile(np.arange(panel.n_days, dtype=np.int32), (len(user), 1))
    return np.concatenate([BY_NAME[name].known_at(panel, user, days) for name in NAMES], axis=2)


@pytest.fixture(params=["frames", "duckdb", "postgres", "sail", "spark"])
def prepared_in(request, tmp_path, stored):
    """Prepares a log that lies in an engine."""

    def dataset_of(events, **config):
        given, source = {"members": MEMBERS}, "events"
        if request.param == "frames":
            given["events"] = events
        else:
            source = stored(request.param, events)
        block = DataConfig(events=source, members="members", windows=SHORT, features=NAMES, **config)
        return prepare(block, tmp_path / "dataset", frames=given)

    return dataset_of


def test_every_value_is_that_of_the_slow_reference_in_every_engine(prepared_in):
    log = dirty_log()
    dataset = prepared_in(log)
    panel = dataset.panel
    assert panel.n_days == N_DAYS
    assert [name for name in dataset.windows.features if name.startswith("fans_")] == list(COLUMNS)
    truth = [[slow(log, user, day) for day in panel.dates] for user in panel.users]
    np.testing.assert_allclose(found(panel), np.array(truth, float), rtol=1e-6)
    shares = found(panel)[:, :, 1:]
    assert all(0 < (part := shares[:, :, place]).mean() < part.max() <= 1 for place in range(3))


def test_repeated_rows_that_are_rejected_are_no_events_of_a_fan(prepared):
    log = dirty_log()
    panel = prepared({"events": log, "members": MEMBERS}, windows=SHORT, features=NAMES, deduplicate=True).panel
    once = log.drop_duplicates()
    truth = [[slow(once, user, day) for day in panel.dates[::7]] for user in panel.users]
    np.testing.assert_allclose(found(panel)[:, ::7], np.array(truth, float), rtol=1e-6)


def test_a_window_has_one_value_on_all_its_days_which_is_that_of_the_day_before_the_cutoff(prepared):
    windows = prepared({"events": dirty_log(), "members": MEMBERS}, windows=SHORT, features=NAMES).windows
    place = [windows.features.index(name) for name in COLUMNS]
    history = windows.history()[:, :, place]
    assert (history == history[:, -1:]).all()
    assert np.array_equal(history[:, -1], found(windows.panel)[windows.user, windows.cutoff - 1])


def test_no_later_day_is_known(prepared):
    """The log up to a day, and the same with other days after it, agree on all days up to that one."""
    one, other = dirty_log(), dirty_log(seed=5)
    end = BEGIN + pd.Timedelta(50, "D")
    early, late = one[~(one.timestamp >= end)], other[other.timestamp >= end]
    panels = [
        prepared({"events": log, "members": MEMBERS}, windows=SHORT, features=NAMES).panel
        for log in (one, pd.concat([early, late]))
    ]
    first, second = (found(panel) for panel in panels)
    assert np.array_equal(first[:, :50], second[:, :50])
    assert not np.array_equal(first[:, 50:], second[:, 50:])


def test_four_weeks_are_enough_for_the_values_at_the_cutoff(prepared):
    log = dirty_log()
    whole = prepared({"events": log, "members": MEMBERS}, windows=SHORT, features=NAMES)
    late = log[~(log.timestamp < BEGIN + pd.Timedelta(N_DAYS - 28, "D"))]
    new = prepared({"events": late, "members": MEMBERS}, windows=SHORT, features=NAMES, vocabulary=whole.vocabulary)
    assert new.panel.n_days == 28 < whole.panel.n_days
    assert np.array_equal(found(new.panel)[:, -1], found(whole.panel)[:, -1])


def test_new_data_without_any_visit_have_the_columns_and_no_fans(prepared):
    log = dirty_log()
    whole = prepared({"events": log, "members": MEMBERS}, windows=SHORT, features=NAMES)
    alone = log[log.user_id == log.actor_id]
    for events in (alone, alone.drop(columns="actor_id")):
        frames = {"events": events, "members": MEMBERS}
        new = prepared(frames, windows=SHORT, features=NAMES, vocabulary=whole.vocabulary)
        assert new.windows.features == whole.windows.features
        assert not found(new.panel).any()


def test_nothing_is_counted_that_nobody_asks_for(prepared, monkeypatch):
    frames = {"events": dirty_log(), "members": MEMBERS}
    assert prepared(frames, windows=SHORT, features=["month"]).panel.people is None
    assert prepared(frames, windows=SHORT).panel.people is not None  # auto tries them
    monkeypatch.setattr("churn.data.windows.people._MOST", 100)  # too many for that
    assert prepared(frames, windows=SHORT).panel.people is None
    assert prepared(frames, windows=SHORT, features=["fans"]).panel.people is not None


def test_a_log_without_visits_has_no_fans_to_see(prepared, refused):
    log = dirty_log()
    frames = {"events": log[log.user_id == log.actor_id], "members": MEMBERS}
    dataset = prepared(frames, windows=SHORT)
    assert dataset.panel.people is None and not BY_NAME["fans"].columns(dataset.panel)
    with refused("for fan_shares, fans in data.features", "none", "map actor_id"):
        prepared(frames, windows=SHORT, features=NAMES)
