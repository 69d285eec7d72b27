"""Health: each fault of the data is found, and a sound log has none."""

import numpy as np
import pandas as pd
import pytest

from churn.data import SplitConfig, WindowConfig, examine, example_frames

pytestmark = pytest.mark.slow

FIRST = pd.Timestamp("2024-01-01")
N_USERS, N_DAYS = 200, 90


def sound(n_days=N_DAYS, seed=0):
    """A log without trends: users act now and then, fans come, a few stickers."""
    rng = np.random.default_rng(seed)
    chance = 0.05 + rng.beta(1.2, 6, N_USERS)
    user, day = np.nonzero(rng.random((N_USERS, n_days)) < chance[:, None])
    when = FIRST + pd.to_timedelta(day, unit="D") + pd.Timedelta(hours=12)
    ids = pd.Index([f"u{k:03d}" for k in range(N_USERS)])
    own = pd.DataFrame({"user_id": ids[user], "actor_id": ids[user], "event": "post", "timestamp": when})
    fan = own.sample(frac=0.6, random_state=1).assign(actor_id="fan", event="like")
    stickers = own.sample(frac=0.15, random_state=2)[["user_id", "timestamp"]].assign(actor_id="fan", amount=2.5)
    return {
        "events": pd.concat([own, fan], ignore_index=True),
        "stickers": stickers,
        "members": pd.DataFrame({"user_id": ids}),
    }


@pytest.fixture(scope="module")
def examined(prepared):
    def health(frames, **config):
        dataset = prepared(frames, **config)
        return examine(dataset, dataset.split())

    return health


def sentences(health):
    return [finding.sentence for finding in health.findings]


def on(frame, first, last=None):
    """The rows from one day of the log to another."""
    day = (frame.timestamp - FIRST).dt.days
    return (day >= first) & (day <= (first if last is None else last))


def changed(table="events", **rows):
    """The sound log, with rows of one table changed by a function of the frame."""
    frames = sound()
    return frames | {table: rows["by"](frames[table])}


def test_a_sound_log_has_no_trouble(examined):
    health = examined(sound())
    assert health.findings == ()
    assert (health.gaps, health.unseen, health.constant, health.duplicates, health.alarms) == ((), 0, (), (), ())


def test_events_are_counted_by_day_type_and_role(examined):
    frames = sound()
    events = frames["events"]
    health = examined(frames)
    per_day = (events.timestamp - FIRST).dt.days.value_counts().sort_index()
    assert health.events_per_day.tolist() == per_day.tolist()
    assert health.events.to_dict("index") == {
        "post": {"own": (events.event == "post").sum(), "fan": 0, "away": 0},
        "like": {"own": 0, "fan": (events.event == "like").sum(), "away": 0},
    }


def test_what_users_do_elsewhere_is_counted_once_per_day(examined):
    frames = sound()
    visits = frames["events"].iloc[:50].assign(actor_id="u000", user_id="u001", event="visit")
    health = examined(frames | {"events": pd.concat([frames["events"], visits])})
    assert health.events.loc["visit"].to_dict() == {"own": 0, "fan": 50, "away": 50}
    assert health.events_per_day.sum() == len(frames["events"]) + 50


def test_the_panel_is_read_in_chunks_with_the_same_result(examined, monkeypatch):
    whole = examined(sound())
    monkeypatch.setattr("churn.data.audit.health._CHUNK", 97)
    parts = examined(sound())
    assert np.array_equal(whole.events_per_day, parts.events_per_day)
    pd.testing.assert_frame_equal(whole.events, parts.events)
    assert (whole.constant, whole.duplicates) == (parts.constant, parts.duplicates)


def test_columns_that_are_equal_or_constant_on_the_training_days_are_named(examined):
    frames = sound()
    twins = frames["events"][frames["events"].event == "like"].assign(event="heart")
    stickers = frames["stickers"].assign(amount=1.0)
    health = examined(frames | {"events": pd.concat([frames["events"], twins]), "stickers": stickers})
    assert health.duplicates == (("fan_heart", "fan_like"), ("stickers_received", "sticker_amount"))
    until_val = pd.concat([frames["events"], twins[on(twins, 0, 65)]])
    assert examined(frames | {"events": until_val}).duplicates == (("fan_heart", "fan_like"),)
    in_part = pd.concat([frames["events"], twins[on(twins, 20, N_DAYS)]])
    assert examined(frames | {"events": in_part}).duplicates == ()
    free = examined(frames | {"stickers": frames["stickers"].assign(amount=0.0)})
    assert (free.constant, free.duplicates) == (("sticker_amount",), ())


def test_members_without_an_event_are_counted_and_named_where_they_are_nearly_all(examined):
    frames = sound()
    extra = pd.DataFrame({"user_id": [f"ghost{k}" for k in range(20)]})
    health = examined(frames | {"members": pd.concat([frames["members"], extra])})
    assert (health.unseen, health.findings) == (20, ())
    many = pd.DataFrame({"user_id": [f"ghost{k}" for k in range(2_500)]})
    found = sentences(examined(frames | {"members": pd.concat([frames["members"], many])}))
    assert found == ["2,500 of 2,700 members never appear in the events."]


def test_a_partial_last_day_is_found(examined):
    cut = changed(by=lambda events: events[~on(events, N_DAYS - 1) | (np.arange(len(events)) % 30 == 0)])
    (finding,) = examined(cut).findings
    assert "The last day, 2024-03-30, has" in finding.sentence
    assert "data.last_day to 2024-03-29" in finding.remedy


def test_a_quiet_weekday_at_the_end_is_no_partial_day(examined):
    def weekends(events):
        weekend = events.timestamp.dt.dayofweek >= 5
        return events[~weekend | (np.arange(len(events)) % 2 == 0)]

    assert FIRST + pd.Timedelta(days=N_DAYS - 1) == pd.Timestamp("2024-03-30")  # a Saturday
    assert examined(changed(by=weekends)).findings == ()


def test_days_with_hardly_any_event_are_found(examined):
    thin = changed(by=lambda events: events[~on(events, 20, 21) | (np.arange(len(events)) % 30 == 0)])
    (found,) = sentences(examined(thin))
    assert "2 days with under a tenth of the events" in found and "from 2024-01-21 to 2024-01-22" in found


def test_a_platform_that_shrinks_for_good_has_no_thin_days(examined):
    shrunk = changed(by=lambda events: pd.concat([events, *[events[on(events, 0, 59)]] * 19]))
    health = examined(shrunk)
    assert health.events_per_day[60:].max() < 0.1 * np.median(health.events_per_day)
    assert not [s for s in sentences(health) if "under a tenth" in s]


def test_days_without_any_event_are_listed_and_a_long_gap_is_found(examined):
    health = examined(changed(by=lambda events: events[~on(events, 10)]))
    assert health.gaps == ((10, 10),)
    stray = changed(by=lambda e: pd.concat([e, e.iloc[:1].assign(timestamp=FIRST - pd.Timedelta(days=40))]))
    health = examined(stray)
    assert health.gaps == ((1, 39),)
    (finding,) = [f for f in health.findings if "far from all others" in f.sentence]
    assert "on 2023-11-22" in finding.sentence and "data.first_day: 2024-01-01:" in finding.remedy
    two_seasons = changed(by=lambda events: events[~on(events, 10, 30)])
    (finding,) = [f for f in examined(two_seasons).findings if "no event at all" in f.sentence]
    assert "from 2024-01-11 to 2024-01-31" in finding.sentence and "data.first_day" in finding.remedy


@pytest.mark.parametrize(("broken", "trouble"), [(100, 0), (101, 1)])
def test_more_than_a_hundredth_of_the_rows_lost_is_trouble(broken, trouble, examined):
    frames = sound()
    events = frames["events"]
    bad = events.iloc[:broken].assign(event=None)
    whole = pd.concat([events.iloc[: 10_000 - broken], bad], ignore_index=True)
    rows = pd.concat([events.sample(10_000 - broken, replace=True, random_state=0), bad], ignore_index=True)
    found = sentences(examined(frames | {"events": rows}))
    assert len(whole) <= len(rows) == 10_000
    expected = [f"{broken} of 10,000 rows of events could not be used: null event ({broken})."]
    assert [s for s in found if "could not be used" in s] == expected * trouble


def test_a_table_of_strangers_is_found(examined):
    strangers = changed(
        by=lambda e: pd.concat([e, e.assign(user_id="x", actor_id="x"), e.assign(user_id="y", actor_id="z")])
    )
    assert not any("concern nobody" in sentence for sentence in sentences(examined(sound())))
    assert any("concern nobody on the member list" in sentence for sentence in sentences(examined(strangers)))


def test_a_table_of_which_nothing_is_used_is_found(prepared):
    frames = sound()
    stickers = frames["stickers"].assign(timestamp=frames["stickers"].timestamp - pd.Timedelta(days=4_000))
    health = examine(prepared(frames | {"stickers": stickers}), None)
    assert f"No row of stickers was used, out of {len(stickers):,}." in sentences(health)


def test_rarer_types_counted_together_are_named_where_they_are_many(examined):
    frames = sound()
    events = frames["events"]
    kind = pd.Series(np.arange(len(events)) % 20, events.index).astype(str)
    sorts = events.assign(event=np.where(events.event == "like", "like_" + kind, events.event))
    likes = int((events.event == "like").sum())
    (found,) = sentences(examined(frames | {"events": sorts}, max_event_types=5))
    counted = int(found.split(" ")[0].replace(",", ""))
    assert counted == pytest.approx(likes * 16 / 20, rel=0.05)  # four of twenty have columns, by the training days
    assert f"of {len(events):,} events ({counted / len(events):.0%}) are of rarer types" in found
    assert sentences(examined(frames | {"events": sorts})) == []


def test_unknown_event_types_are_named_with_their_counts(examined):
    def with_poll(events):
        return pd.concat([events, events[on(events, 80, N_DAYS)].iloc[:7].assign(event="poll", actor_id="fan")])

    (found,) = sentences(examined(changed(by=with_poll)))
    assert found.startswith("7 events are of types") and found.endswith("fan_poll (7).")


def test_a_base_rate_near_zero_and_few_users_of_a_class_are_found(examined):
    frames = sound()
    early = on(frames["stickers"], 0, 55)
    rare = pd.concat([frames["stickers"][early].iloc[::90], frames["stickers"][~early].iloc[::4]])
    found = sentences(examined(frames | {"stickers": rare}))
    assert any(s.startswith("The base rate of sticker is 0.") for s in found)
    assert any(s.startswith("train has") and "users with sticker = 1: too few" in s for s in found)
    assert not [s for s in found if "churn" in s]


def test_a_test_part_unlike_the_training_part_is_found(examined):
    rng = np.random.default_rng(4)

    def fewer(events):
        kept = ~on(events, 70, N_DAYS) | (rng.random(len(events)) < 0.4)
        return events[kept]

    found = sentences(examined(changed(by=fewer)))
    (told,) = [s for s in found if "The rate of churn is" in s]  # not that of the newest days, too, which are the same
    assert "further apart than chance" in told


def test_an_alarm_of_a_leak_is_trouble_with_a_remedy(examined):
    frames = sound()
    account = [f"A-{k}" for k in range(N_USERS)]
    health = examined(frames | {"members": frames["members"].assign(account=account)})
    (finding,) = health.findings
    assert finding.sentence.startswith("Possible leak: account looks like an identifier")
    assert finding.remedy and str(finding) == f"{finding.sentence} {finding.remedy}"


def test_a_log_without_stickers_and_members_can_be_examined(examined):
    frames = example_frames()
    windows = WindowConfig(history_days=3, horizon_days=3)
    health = examined({"events": frames["events"]}, windows=windows, split=SplitConfig(test_share=0.3))
    assert health.unseen == 0 and health.alarms == ()


def test_stickers_that_end_long_before_the_log_are_found(examined):
    old = changed("stickers", by=lambda stickers: stickers[~on(stickers, N_DAYS - 14, N_DAYS)])
    assert any("The last sticker is of" in sentence for sentence in sentences(examined(old)))


def to_the(unit, events):
    """Rows of the sound log at times that are kept to so many seconds, a tenth of them more than once by chance."""
    rng = np.random.default_rng(3)
    events = events.loc[events.index.repeat(1 + rng.poisson(0.3, len(events)))]
    when = events.timestamp + pd.to_timedelta(rng.integers(0, 7200, len(events)) // unit * unit, unit="s")
    return events.assign(timestamp=when)


ONCE = {"kept to the second": 1, "kept to the minute": 60, "kept to the day": 7200}


@pytest.mark.parametrize("unit", ONCE.values(), ids=ONCE)
def test_rows_that_are_equal_by_chance_are_no_trouble(unit, examined):
    assert not examined(changed(by=lambda events: to_the(unit, events))).findings


@pytest.mark.parametrize(
    ("again", "where"),
    [
        (lambda rows: rows, "Nearly every row is there more than once from 2024-01-01 to 2024-03-30."),
        (lambda rows: pd.concat([rows, rows]), "Nearly every row is there more than once from 2024-01-01 to"),
        (lambda rows: rows[on(rows, 30)], "Nearly every row is there more than once on 2024-01-31."),
        (lambda rows: rows[rows.user_id < "u020"], "Rows come in pairs, as if one of several files had been read"),
    ],
    ids=["log twice", "log thrice", "day twice", "file twice"],
)
@pytest.mark.parametrize("unit", [1, 60])
def test_rows_that_were_loaded_again_are_counted_and_their_days_named(unit, again, where, examined):
    events = to_the(unit, sound()["events"])
    loaded = pd.concat([events, again(events)])
    health = examined(sound() | {"events": loaded})
    n = loaded.duplicated().sum()
    told = (
        f"{n:,} of {len(loaded):,} usable rows of events ({n / len(loaded):.1%}) equal an earlier one in every column."
    )
    (finding,) = (each for each in health.findings if "equal an earlier one" in each.sentence)
    assert finding.sentence.startswith(f"{told} {where}")
    assert "deduplicate: true" in finding.remedy


def test_stickers_that_were_loaded_twice_are_found(examined):
    (finding,) = examined(changed("stickers", by=lambda rows: pd.concat([rows, rows]))).findings
    assert "usable rows of stickers (50.0%)" in finding.sentence


def test_rows_that_were_asked_to_be_left_out_are_no_fault(examined):
    frames = sound()
    twice = frames | {"events": pd.concat([frames["events"], frames["events"].iloc[::5]])}
    asked = {"first_day": "2024-01-08", "last_day": "2024-03-25", "deduplicate": True}
    health = examined(twice, **asked, allowed_events=["post", "like"])
    assert not [one for one in sentences(health) if "could not be used" in one]
    lost = pd.concat([frames["events"], frames["events"].iloc[::20].assign(event=None)])
    found = [one for one in sentences(examined(frames | {"events": lost}, **asked)) if "could not be used" in one]
    assert found and "null event" in found[0] and "span" not in found[0] and "repeated" not in found[0]


def test_an_event_called_other_is_no_lumped_one(examined):
    frames = sound()
    health = examined(frames | {"events": frames["events"].assign(event="other")})
    assert health.alarms == ()
    assert health.events.loc["other", "own"] == (frames["events"].actor_id != "fan").sum()
    lumped = examined(frames | {"events": frames["events"].assign(event=lambda e: e.index.astype(str))})
    assert [alarm.column for alarm in lumped.alarms] == ["event"]


@pytest.mark.parametrize(("kept", "told"), [(1.0, "100.0% of"), (0.97, "% of"), (0.5, None)])
def test_stickers_that_are_the_activity_itself_are_found(kept, told, examined):
    posts = sound()["events"].loc[lambda e: e.event == "post"]
    bought = posts.sample(frac=kept, random_state=0).drop(columns="event").assign(actor_id="shop", amount=5.0)
    found = [one for one in examined({"events": posts, "stickers": bought}).findings if "receives none" in one.sentence]
    if told is None:
        assert found == []
    else:
        assert told in found[0].sentence and "segments.rank_by: value_at_risk" in found[0].remedy
