import numpy as np
import pandas as pd
import pytest

from churn.data import WindowConfig, open_dataset
from churn.data.windows.rhythm import ELSEWHERE, QUARTERS, WEEKENDS, Rhythm

pytestmark = pytest.mark.slow

WINDOWS = WindowConfig(history_days=5, horizon_days=2, at_risk_days=5)
DAYS = 30


def log_of(n=3000, *, seed=0, users=12):
    """Own activity at any second and visits to other rooms; some actors are nobody's user."""
    rng = np.random.default_rng(seed)
    names = np.array([f"u{i:02}" for i in range(users)] + ["fan"])
    actor, room = rng.integers(0, users + 1, n), rng.integers(0, users, n)
    room = np.where((rng.random(n) < 0.6) & (actor < users), actor, room)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, DAYS * 86_400, n), unit="s")
    kinds = rng.choice(["post", "login"], n)
    return pd.DataFrame({"user_id": names[room], "actor_id": names[actor], "event": kinds, "timestamp": when})


def by_hand(events, user, begin, end, *, zone="UTC"):
    """The shares of one user over days from `begin` up to but not including `end`."""
    local = events.timestamp.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    acts = events.assign(local=local)[(events.actor_id == user) & (local >= begin) & (local < end)]
    own = acts[acts.user_id == user]
    quarter = (own.local.dt.hour // 6).value_counts(normalize=True).reindex(range(4), fill_value=0.0)
    share = dict(zip(QUARTERS, quarter, strict=True)) | {WEEKENDS: (own.local.dt.dayofweek >= 5).mean()}
    return pd.Series(share if len(own) else dict.fromkeys(share, np.nan)), len(acts) - len(own)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "Asia/Kolkata", "America/New_York"])
def test_shares_are_those_counted_by_hand_in_the_zone(prepared, zone):
    events = log_of()
    dataset = prepared({"events": events}, windows=WINDOWS, zone=zone)
    windows = dataset.windows.take(np.random.default_rng(1).choice(len(dataset.windows), 40, replace=False))
    for first, last in ((-5, -1), (-12, -6)):
        found = dataset.rhythm.shares(windows, first=first, last=last)
        for place, (user, cutoff) in enumerate(zip(windows.user_ids, windows.dates, strict=True)):
            days = (cutoff + pd.Timedelta(days=first), cutoff + pd.Timedelta(days=last + 1))
            share, elsewhere = by_hand(events, user, *days, zone=zone)
            assert found.loc[place, list(share.index)].to_numpy(float) == pytest.approx(share.to_numpy(), nan_ok=True)
            assert found.loc[place, ELSEWHERE] == elsewhere


def test_only_days_before_the_cutoff_are_counted(prepared):
    events = log_of()
    cutoff = pd.Timestamp("2024-01-20")
    late = events.timestamp >= cutoff
    # after the cutoff everything happens at night and elsewhere
    changed = events.assign(
        timestamp=events.timestamp.where(~late, events.timestamp.dt.normalize() + pd.Timedelta("3h"))
    )
    first, second = (prepared({"events": e}, windows=WINDOWS) for e in (events, changed))
    known = first.windows.dates <= cutoff
    shares = [d.rhythm.shares(d.windows.take(known), first=-5, last=-1) for d in (first, second)]
    pd.testing.assert_frame_equal(*shares)
    later = [d.rhythm.shares(d.windows.take(~known), first=-5, last=-1)[QUARTERS[0]].mean() for d in (first, second)]
    assert later[1] > 0.5 > later[0]
    with pytest.raises(ValueError, match="before the cutoff"):
        first.rhythm.shares(first.windows, first=-5, last=0)


@pytest.mark.parametrize("kind", ["date", "text", "midnight", "midnight here"])
def test_a_log_of_dates_makes_nobody_a_creature_of_the_night(prepared, kind):
    days = log_of().timestamp.dt.normalize()
    zoned = days.dt.tz_localize("Asia/Seoul")
    told = {"date": days.dt.date, "text": days.dt.strftime("%Y-%m-%d"), "midnight": days, "midnight here": zoned}
    dataset = prepared({"events": log_of().assign(timestamp=told[kind])}, windows=WINDOWS, zone="Asia/Seoul")
    found = dataset.rhythm.shares(dataset.windows, first=-5, last=-1)
    assert list(found.columns) == [WEEKENDS, ELSEWHERE] and found[WEEKENDS].notna().any()
    assert dataset.rhythm.clock.timed == 0


def test_rows_that_are_dates_among_others_have_no_hour_and_count_for_the_weekday(prepared):
    events, rng = log_of(), np.random.default_rng(3)
    dated = rng.random(len(events)) < 0.3
    mixed = events.assign(timestamp=events.timestamp.mask(dated, events.timestamp.dt.normalize()))
    dataset = prepared({"events": mixed}, windows=WINDOWS)
    whole = dataset.rhythm.shares(dataset.windows, first=-5, last=-1)
    assert 0.2 < whole[QUARTERS[0]].mean() < 0.3  # a night of six hours, as it is without them
    clock = dataset.rhythm.clock
    own = events.user_id == events.actor_id
    assert clock.actions == own.sum() and clock.dates == pytest.approx(0.3 * own.sum(), rel=0.1)
    assert clock.timed == clock.actions - clock.dates
    weekday = whole[WEEKENDS].mean()
    assert weekday == pytest.approx(2 / 7, abs=0.05)


def test_times_cut_to_the_hour_keep_their_midnight(prepared):
    events = log_of().assign(timestamp=lambda t: t.timestamp.dt.floor("h"))
    dataset = prepared({"events": events}, windows=WINDOWS)
    assert dataset.rhythm.clock.dates == 0
    assert dataset.rhythm.shares(dataset.windows, first=-5, last=-1)[QUARTERS[0]].mean() == pytest.approx(
        0.25, abs=0.03
    )


def test_own_actions_that_do_not_count_as_being_alive_are_left_out(prepared):
    events = log_of()
    logins = events.event == "login"
    events["timestamp"] = events.timestamp.where(~logins, events.timestamp.dt.normalize() + pd.Timedelta("3h1min"))
    dataset = prepared({"events": events}, windows=WINDOWS, activity_events=["post"])
    assert dataset.rhythm.shares(dataset.windows, first=-5, last=-1)[QUARTERS[0]].mean() < 0.3


def test_a_log_without_actors_is_own_activity_alone(prepared):
    dataset = prepared({"events": log_of().drop(columns=["actor_id", "event"])}, windows=WINDOWS)
    found = dataset.rhythm.shares(dataset.windows, first=-5, last=-1)
    assert (found[ELSEWHERE] == 0).all() and found[list(QUARTERS)].sum(axis=1).max() == pytest.approx(1)


def test_it_is_the_same_whatever_the_order_of_the_rows(prepared):
    events = log_of()
    first, second = (prepared({"events": e}, windows=WINDOWS) for e in (events, events.sample(frac=1, random_state=0)))
    assert np.array_equal(first.rhythm.rows, second.rhythm.rows)


def test_a_folder_of_an_older_version_has_no_rhythm(prepared, tmp_path):
    assert Rhythm.load(tmp_path) is None
    dataset = prepared({"events": log_of()}, windows=WINDOWS)
    assert open_dataset(dataset.config, dataset.quarantine.parent).rhythm.clock == dataset.rhythm.clock
