"""Planted leaks are named, each by its own name; honest columns are not."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.data import DataConfig, SplitConfig, WindowConfig, example_dataset, leak_alarms, prepare
from churn.data.sources.simulator import simulate

pytestmark = pytest.mark.slow

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
DAY = pd.Timedelta(days=1)


def simulated(seed, folder):
    """A small simulated log as data frames, by table."""
    simulate("small", seed=seed, out=folder)
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("events", "stickers", "members")}


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    return simulated(0, tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def dataset(prepared, frames):
    return prepared(frames)


@pytest.fixture(scope="module")
def last_active(dataset):
    """Each user's last day with activity, (u,)."""
    user, day = dataset.panel.days_where(np.asarray(dataset.panel.active))
    last = np.full(len(dataset.panel.users), -1)
    np.maximum.at(last, user, day)
    return last


def alarms(dataset, *, exempt=(), **attributes):
    members = None if dataset.members is None else dataset.members.assign(**attributes)
    return leak_alarms(dataset.split(), members, exempt=exempt)


def named(found):
    return {(alarm.column, alarm.kind, alarm.target) for alarm in found}


def with_events(frames, windows, event, *, days_before=1):
    """The log with an event of someone else's in the room of each window's user, so many days before the cutoff."""
    when = windows.dates - days_before * DAY + pd.Timedelta(hours=12)
    planted = pd.DataFrame(
        {"user_id": windows.user_ids, "actor_id": "system", "event": event, "timestamp": when.tz_localize("UTC")}
    )
    return frames | {"events": pd.concat([frames["events"], planted], ignore_index=True)}


# Silence ------------------------------------------------------------------------------------------------


def test_a_simulated_log_raises_no_alarm(dataset):
    assert {"category", "tier"} <= set(dataset.members)
    assert alarms(dataset) == ()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_simulated_logs_raise_none_either(seed, prepared, tmp_path):
    assert alarms(prepared(simulated(seed, tmp_path))) == ()


def test_honest_attributes_raise_no_alarm(dataset):
    rng, panel = np.random.default_rng(0), dataset.panel
    n = len(panel.users)
    seen = pd.Series(panel.dates[panel.first.clip(0)])
    assert (
        alarms(
            dataset,
            signed_up=dataset.members.joined,
            first_seen=seen,
            first_seen_in_words=seen.astype(str),
            height=rng.normal(170, 10, n),
            age=rng.integers(16, 70, n),
            balance=np.exp(rng.normal(8, 2, n)).astype(int),
            updated_at=1_700_000_000 + rng.permutation(n) * 1_000,
            country=rng.choice(list("abcdefghij"), n),
            town=rng.choice([f"town {k}" for k in range(n // 3)], n),
            referrer=np.where(rng.random(n) < 0.7, None, "friend"),
            nothing=None,
            always="yes",
        )
        == ()
    )


def test_members_who_were_silent_for_long_raise_no_alarm_though_silence_foretells_silence(prepared, frames):
    once = pd.DataFrame({"user_id": [f"once{k}" for k in range(1_000)]})
    first = frames["events"].timestamp.min()
    posts = once.assign(actor_id=once.user_id, event="post", timestamp=first)
    events = pd.concat([frames["events"], posts], ignore_index=True)
    members = pd.concat([frames["members"][["user_id", "joined"]], once.assign(joined=first)], ignore_index=True)
    dataset = prepared(frames | {"events": events, "members": members}, windows=WindowConfig(at_risk="member"))
    assert dataset.split().train.answers.mean() > 0.7
    assert alarms(dataset) == ()


def test_a_log_of_times_alone_raises_none(prepared, frames):
    own = frames["events"][frames["events"].user_id == frames["events"].actor_id]
    assert alarms(prepared({"events": own[["user_id", "timestamp"]]})) == ()


@pytest.mark.parametrize("name", ["gitter", "ucsocial"])
def test_the_real_logs_raise_none(name, tmp_path):
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the data are not in {folder}")
    config = {
        "gitter": DataConfig(
            events=str(folder / "events.parquet"),
            event_columns={"user_id": "owner_id"},
            stickers=str(folder / "stickers.parquet"),
            sticker_columns={"user_id": "creator_id", "actor_id": "sender_id"},
            members=str(folder / "creators.parquet"),
            member_columns={"user_id": "creator_id"},
            split=SplitConfig(val_from="2016-06-12", test_from="2016-09-07"),
        ),
        "ucsocial": DataConfig(
            events=str(folder / "out.opsahl-ucsocial"),
            event_columns={"user_id": "column0", "timestamp": "column3"},
            csv={"delim": " ", "header": False, "comment": "%"},
            zone="America/Los_Angeles",
        ),
    }[name]
    dataset = prepare(config, tmp_path / "dataset")
    assert alarms(dataset) == ()
    if name == "gitter":  # power on the same data: an outcome column is seen at once
        user, day = dataset.panel.days_where(np.asarray(dataset.panel.active))
        gone = ~np.isin(np.arange(len(dataset.panel.users)), user[day >= dataset.panel.n_days - 28])
        assert named(alarms(dataset, closed=gone)) == {("closed", "attribute", "churn")}


# Attributes that were filled in afterwards ----------------------------------------------------------------


@pytest.mark.parametrize("silent_days", [14, 21, 28])
@pytest.mark.parametrize("kind", ["text", "boolean", "date", "text of dates", "number"])
def test_an_attribute_filled_in_for_those_who_left_is_named(dataset, last_active, kind, silent_days):
    rng, panel = np.random.default_rng(1), dataset.panel
    gone = (last_active < panel.n_days - silent_days) & (rng.random(len(last_active)) > 0.1)
    when = pd.Series(panel.dates[last_active.clip(0)] + 3 * DAY)
    closed = {
        "text": np.where(gone, rng.choice(["moved on", "too dear"], len(gone)), None),
        "boolean": gone,
        "date": when.where(gone),
        "text of dates": when.astype(str).where(gone, None),
        "number": np.where(gone, rng.integers(1, 5, len(gone)), np.nan),
    }[kind]
    assert named(alarms(dataset, closed=closed)) == {("closed", "attribute", "churn")}


def test_the_day_last_seen_is_named(dataset, last_active):
    seen = dataset.panel.dates[last_active.clip(0)]
    assert named(alarms(dataset, last_login=seen)) == {("last_login", "attribute", "churn")}


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_a_target_s_rate_as_an_attribute_is_named(dataset, target):
    train = dataset.split().train
    n = len(dataset.panel.users)
    windows = np.bincount(train.user, minlength=n)
    rate = np.bincount(train.user, train.label(target), n) / np.where(windows, windows, np.nan)
    assert ("score", "attribute", target) in named(alarms(dataset, score=rate))


def test_whether_a_user_ever_received_a_sticker_is_named(dataset):
    panel = dataset.panel
    user, _ = panel.days_where(panel.sticker_rows())
    earns = np.isin(np.arange(len(panel.users)), user)
    assert named(alarms(dataset, supporter=earns)) == {("supporter", "attribute", "sticker")}


def test_an_attribute_that_is_known_to_be_filled_in_afterwards_is_exempt(dataset, last_active):
    gone = last_active < dataset.panel.n_days - 14
    assert alarms(dataset, closed=gone, exempt=["closed"]) == ()


def test_the_day_of_joining_is_no_attribute(dataset, last_active):
    assert alarms(dataset, joined=last_active) == ()


def test_dates_are_counted_from_the_cutoff(dataset):
    train = dataset.split().train
    last = np.append(train.user[1:] != train.user[:-1], True)
    day = np.zeros(len(dataset.panel.users))
    day[train.user[last]] = train.cutoff[last] + np.where(train.answers[last] == 1, -1, 1)
    found = alarms(dataset, pause_on=dataset.panel.date(0) + pd.to_timedelta(day, unit="D"))
    assert [(alarm.column, alarm.target, alarm.statistic) for alarm in found] == [("pause_on", "churn", 1)]
    assert "churn of each user's latest training window" in found[0].sentence


def test_the_test_part_s_labels_are_not_read(dataset, last_active):
    gone = last_active < dataset.panel.n_days - 14
    split, members = dataset.split(), dataset.members.assign(closed=gone)
    hidden = split.test.take(np.zeros(len(split.test), bool))
    blind = type(split)(split.train, split.val.take(np.zeros(len(split.val), bool)), hidden, split.score)
    assert leak_alarms(blind, members) == leak_alarms(split, members)


# Events that are a label -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_an_event_that_is_the_shifted_label_is_named(prepared, frames, dataset, target):
    labelled = dataset.windows.take(dataset.windows.label(target) == 1)
    planted = prepared(with_events(frames, labelled, "winback_mail"))
    assert named(alarms(planted)) == {("fan_winback_mail", "feature", target)}


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_a_shifted_label_that_is_there_for_a_third_of_the_cases_is_named(prepared, frames, dataset, target):
    labelled = np.flatnonzero(dataset.windows.label(target) == 1)
    third = np.random.default_rng(2).permutation(labelled)[::3]
    planted = prepared(with_events(frames, dataset.windows.take(np.sort(third)), "winback_mail"))
    assert ("fan_winback_mail", "feature", target) in named(alarms(planted))


def test_an_event_without_relation_is_not_named(prepared, frames, dataset):
    some = np.sort(np.random.default_rng(3).permutation(len(dataset.windows))[::5])
    assert alarms(prepared(with_events(frames, dataset.windows.take(some), "newsletter"))) == ()


# Identifiers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda n: np.arange(n) + 1_000,
        lambda n: np.random.default_rng(0).permutation(n) + 0.0,
        lambda n: np.random.default_rng(0).integers(10**8, 10**9, n),
        lambda n: [f"A-{k:05d}" for k in range(n)],
        lambda n: [f"{k:05d}" for k in range(n)],
        lambda n: [f"user{k}@example.org" if k % 5 else None for k in range(n)],
    ],
    ids=["in order", "fractions that are whole", "of nine digits", "text", "text of digits", "with gaps"],
)
def test_an_account_number_is_named_as_an_identifier(dataset, make):
    found = alarms(dataset, account=make(len(dataset.panel.users)))
    assert named(found) == {("account", "identifier", None)}
    assert found[0].statistic == 1


def test_a_user_id_that_was_mapped_to_the_event_is_named(prepared, frames):
    events = frames["events"].assign(event=[f"e{k}" for k in range(len(frames["events"]))])
    assert named(alarms(prepared(frames | {"events": events}))) == {("event", "identifier", None)}


# What an alarm says ------------------------------------------------------------------------------------------


def test_an_alarm_says_how_sure_it_is_and_over_how_many_users(dataset, last_active):
    gone = last_active < dataset.panel.n_days - 14
    (alarm,) = alarms(dataset, closed=gone)
    train = np.unique(dataset.split().train.user)
    assert (alarm.statistic, alarm.n_users) == (1, len(train))
    assert alarm.low == pytest.approx(1 - 3 / min(gone[train].sum(), (~gone[train]).sum()))
    assert "closed alone tells who was silent for the last 14 days of the log" in alarm.sentence
    assert f"{gone[train].sum():,} of whom" in alarm.sentence
    json.dumps([asdict(alarm)], allow_nan=False)


def test_under_thirty_users_of_a_class_say_nothing(prepared, frames):
    ids = sorted(frames["members"].user_id)[:60]
    dataset = prepared({name: frame[frame.user_id.isin(ids)] for name, frame in frames.items()})
    train = dataset.split().train
    user, day = dataset.panel.days_where(np.asarray(dataset.panel.active))
    gone = ~np.isin(np.arange(len(ids)), user[day >= dataset.panel.n_days - 14])
    assert 20 <= gone[np.unique(train.user)].sum() < 30
    assert alarms(dataset, closed=gone) == ()


def test_many_windows_are_looked_at_through_a_sample_of_users(dataset, last_active, monkeypatch):
    monkeypatch.setattr("churn.data.audit.leaks.WINDOWS", 5_000)
    gone = last_active < dataset.panel.n_days - 14
    (alarm,) = alarms(dataset, closed=gone)
    assert 30 < alarm.n_users < len(np.unique(dataset.split().train.user)) * 0.6


def test_the_example_raises_no_alarm():
    assert alarms(example_dataset()) == ()


# Honest columns of a platform on which nobody stays long ------------------------------------------------


def test_an_honest_date_of_signup_is_not_named_where_nobody_stays_long(prepared):
    rng = np.random.default_rng(0)
    n, n_days = 600, 150
    joined = rng.integers(0, n_days - 5, n)
    stays = np.minimum(joined + 1 + rng.exponential(14, n).astype(int), n_days)
    user = np.repeat(np.arange(n), stays - joined)
    day = np.concatenate([np.arange(a, b) for a, b in zip(joined, stays, strict=True)])
    acts = rng.random(len(user)) < 0.5
    ids = np.array([f"u{i:03}" for i in range(n)])
    start = pd.Timestamp("2024-01-01 12:00")
    events = pd.DataFrame({"user_id": ids[user[acts]], "timestamp": start + pd.to_timedelta(day[acts], unit="D")})
    signup = (start + pd.to_timedelta(joined, unit="D")).normalize()
    members = pd.DataFrame({"user_id": ids, "signup": signup, "cohort": signup.month, "number": joined + 7_000})
    found = prepared({"events": events, "members": members})
    assert [alarm.column for alarm in leak_alarms(found.split(), found.members) if alarm.kind != "identifier"] == []


def test_a_reason_that_was_asked_of_half_of_those_who_left_is_named_by_its_precision(dataset, last_active):
    gone = last_active < dataset.panel.n_days - 14
    asked = gone & (np.random.default_rng(1).random(len(gone)) < 0.5)
    (alarm,) = alarms(dataset, survey=np.where(asked, "too dear", None))
    assert (alarm.column, alarm.kind, alarm.target, alarm.measure) == ("survey", "attribute", "churn", "precision")


def test_bytes_are_read_as_text(dataset):
    (alarm,) = alarms(dataset, digest=[bytes([i // 256, i % 256, 255]) for i in range(len(dataset.members))])
    assert (alarm.column, alarm.kind) == ("digest", "identifier")
