import datetime
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn.data import (
    DataConfig,
    SplitConfig,
    WindowConfig,
    digest,
    example_dataset,
    example_frames,
    open_dataset,
    prepare,
    training_users,
)
from churn.data.audit.findings import lost_rows
from churn.segments import expected_amounts

pytestmark = pytest.mark.slow

SHORT = WindowConfig(history_days=2, horizon_days=2, at_risk_days=2)
DAYS = pd.date_range("2024-01-01", periods=20)
GITTER = Path(__file__).resolve().parents[3] / "shared" / "data" / "gitter"


def log(**columns):
    """A user who acts at noon of 20 days; further columns replace or add to this."""
    return pd.DataFrame({"user_id": "ada", "timestamp": DAYS + pd.Timedelta(hours=12)} | columns, index=range(20))


def same(one, other):
    """Whether two data sets have the same days, windows and rows."""
    return (
        one.windows.table().equals(other.windows.table())
        and np.array_equal(one.panel.counts, other.panel.counts)
        and np.array_equal(one.panel.amounts, other.panel.amounts)
        and one.panel.features == other.panel.features
        and one.reconciliation == other.reconciliation
    )


# By configuration alone -----------------------------------------------------------------------------


def test_a_log_with_users_and_times_alone_is_enough(prepared):
    dataset = prepared({"events": log()}, windows=SHORT)
    assert dataset.panel.features == ("own_event",)
    assert dataset.windows.targets == ("churn",)
    assert dataset.members is None
    assert dataset.reconciliation["events"] == {"read": 20, "used": 20, "non_members": 0, "rejected": {}}
    assert list(dataset.reconciliation) == ["events"]


def test_columns_of_any_name_give_the_same_data_when_they_are_mapped(prepared):
    frames = example_frames(20)
    own = {"user_id": "creator", "actor_id": "who", "timestamp": "at"}
    renamed = {name: frame.rename(columns=own) for name, frame in frames.items()}
    renamed["events"] = renamed["events"].rename(columns={"event": "kind"})
    renamed["members"]["user_id"] = "not this one"
    mapped = prepared(
        renamed,
        event_columns=own | {"event": "kind"},
        sticker_columns=own,
        member_columns={"user_id": "creator"},
    )
    assert same(mapped, prepared(frames))
    assert mapped.members.columns.tolist() == ["user_id", "joined"]


def test_a_null_mapping_leaves_a_column_unused(prepared):
    events = log(actor_id="fan", event="post")
    dataset = prepared({"events": events}, event_columns={"actor_id": None, "event": None}, windows=SHORT)
    assert dataset.panel.features == ("own_event",)


def test_activity_events_decide_who_is_alive_and_not_what_is_counted(prepared):
    events = log(event=["login"] * 10 + ["post"] * 2 + ["login"] * 8)
    dataset = prepared({"events": events}, activity_events=["post"], windows=SHORT)
    assert dataset.windows.cutoff.tolist() == [11, 12, 13]
    assert dataset.panel.counts.sum(axis=0).tolist() == [18, 2]


def test_an_activity_event_that_nobody_did_is_refused(prepared, refused):
    with refused("data.activity_events out of the users' own events", "dance", "correct the names"):
        prepared({"events": log()}, activity_events=["dance"], windows=SHORT)


def test_the_day_begins_in_the_configured_zone(prepared):
    events = log(timestamp=DAYS + pd.Timedelta(hours=20))
    assert prepared({"events": events}, windows=SHORT).panel.date(0) == pd.Timestamp("2024-01-01")
    seoul = prepared({"events": events}, zone="Asia/Seoul", windows=SHORT)
    assert seoul.panel.date(0) == pd.Timestamp("2024-01-02")


def test_days_outside_the_stated_span_are_rejected_and_counted(prepared):
    frames = {"events": log(), "stickers": log(amount=1.0)}
    dataset = prepared(frames, first_day="2024-01-03", last_day="2024-01-19", windows=SHORT)
    assert (dataset.panel.date(0), dataset.panel.n_days) == (pd.Timestamp("2024-01-03"), 17)
    for rows in dataset.reconciliation.values():
        assert (rows["read"], rows["used"]) == (20, 17)
        assert rows["rejected"] == {"before the span": 2, "after the span": 1}


def test_stickers_make_a_second_target(prepared):
    stickers = pd.DataFrame({"user_id": "ada", "timestamp": DAYS[[5]], "amount": 2.5})
    found = prepared({"events": log(), "stickers": stickers}, windows=SHORT).windows
    assert found.cutoff[found.label("sticker") == 1].tolist() == [4, 5]
    assert found.take(found.cutoff == 6).history()[0, -1].tolist() == [1, 1, 2.5]


# Members ------------------------------------------------------------------------------------------


def test_members_from_joining_on_are_windows_and_without_a_date_from_the_first_day_on(prepared):
    members = pd.DataFrame(
        {"user_id": ["ada", "ben", "cleo", "dora"], "joined": ["2023-06-01", "2024-01-11", None, "2025-01-01"]}
    )
    windows = prepared({"events": log(), "members": members}, windows=WindowConfig(2, 2, at_risk="member")).windows
    first = pd.Series(windows.dates).groupby(windows.user_ids).min()
    assert first.astype(str).to_dict() == {"ada": "2024-01-03", "ben": "2024-01-11", "cleo": "2024-01-03"}


def test_the_panel_knows_of_whom_a_list_says_when_they_arrived(prepared):
    members = pd.DataFrame({"user_id": ["ada", "ben", "cleo"], "joined": ["2024-01-01", None, "2024-01-11"]})
    frames = {"events": log(), "members": members}
    assert prepared(frames, windows=SHORT).panel.listed.tolist() == [True, False, True]
    assert prepared(frames, member_columns={"joined": None}, windows=SHORT).panel.listed is None
    assert prepared({"events": log()}, windows=SHORT).panel.listed is None


@pytest.mark.parametrize("kind", ["text", "dates", "zoned", "times", "digits", "serial", "named"])
def test_joining_is_read_from_text_dates_and_times(prepared, kind):
    joined = {
        "text": "2024-01-11",
        "dates": datetime.date(2024, 1, 11),
        "zoned": pd.Timestamp("2024-01-11 01:00", tz="Asia/Seoul") + pd.Timedelta(hours=9),
        "times": pd.Timestamp("2024-01-11 18:00"),
        "digits": 20240111,
        "serial": 45302.75,
        "named": "11 Jan 2024",
    }[kind]
    members = pd.DataFrame({"user_id": ["ada"], "joined": [joined]})
    windows = prepared({"events": log(), "members": members}, windows=WindowConfig(2, 2, at_risk="member")).windows
    assert windows.dates.min() == pd.Timestamp("2024-01-11")


@pytest.mark.parametrize("joined", ["soon", 7, "9999-12-31"])
def test_joining_that_is_no_date_is_refused_and_nothing_is_kept(tmp_path, refused, joined):
    frames = {"events": log(), "members": pd.DataFrame({"user_id": ["ada"], "joined": [joined]})}
    config = DataConfig(events="events", members="members", windows=SHORT)
    with refused("s in members.joined", "", "member_columns.joined"):
        prepare(config, tmp_path / "dataset", frames=frames)
    assert list(tmp_path.iterdir()) == []


def test_attributes_stand_in_the_panels_order_whatever_the_lists(prepared):
    members = pd.DataFrame({"user_id": ["cleo", "ada", "ben", "ada"], "country": ["KR", "US", None, "XX"]})
    dataset = prepared({"events": log(), "members": members}, windows=SHORT)
    assert dataset.members.user_id.tolist() == dataset.panel.users.tolist() == ["ada", "ben", "cleo"]
    assert dataset.members.country.tolist() == ["US", None, "KR"]
    assert dataset.reconciliation["members"]["rejected"] == {"repeated user_id": 1}


# Ids ----------------------------------------------------------------------------------------------


def test_ids_that_are_integers_everywhere_stay_integers(prepared):
    frames = {
        "events": log(user_id=np.repeat([10, 9], 10), actor_id=np.repeat([10, 9], 10)),
        "stickers": log(user_id=9, actor_id=3, amount=1),
        "members": pd.DataFrame({"user_id": [9, 10]}),
    }
    dataset = prepared(frames, windows=SHORT)
    assert dataset.panel.users.tolist() == [9, 10]
    assert dataset.windows.table().user_id.dtype == np.int64
    assert dataset.members.user_id.tolist() == [9, 10]


@pytest.mark.parametrize(
    "own", [["7", "10"], [7.0, 10.0], pa.array([7, 10], pa.int32())], ids=["text", "fractional", "32 bits"]
)
def test_ids_of_different_types_are_compared_as_text(prepared, own):
    frames = {
        "events": log(user_id=np.repeat([7, 10], 10)),
        "members": pa.table({"user_id": own if isinstance(own, pa.Array) else pa.array(own)}),
    }
    dataset = prepared(frames, windows=SHORT)
    assert dataset.panel.users.tolist() == ["10", "7"]
    assert dataset.reconciliation["events"]["used"] == 20


def test_integers_that_nulls_have_made_fractional_still_match_their_members(prepared):
    events = log(user_id=[7.0, None] * 10)
    frames = {"events": events, "members": pd.DataFrame({"user_id": [7]})}
    rows = prepared(frames, windows=SHORT).reconciliation["events"]
    assert (rows["used"], rows["non_members"], rows["rejected"]) == (10, 0, {"null user_id": 10})


HOSTILE = ["<script>alert(1)</script>", "=1+1", "x" * 1000, "'; DROP TABLE log; --", "", "NULL", "\n", "김", "a,b"]


def test_hostile_ids_and_event_names_are_only_names(prepared):
    events = pd.concat([log(user_id=name, event=name) for name in HOSTILE], ignore_index=True)
    dataset = prepared({"events": events}, windows=SHORT)
    assert set(dataset.panel.users) == set(HOSTILE)
    assert set(dataset.panel.features) == {f"own_{name}" for name in HOSTILE}
    assert dataset.reconciliation["events"]["used"] == 20 * len(HOSTILE)
    assert (dataset.panel.counts[1:].sum(axis=1) == 1).all()


def test_ids_that_cannot_stand_in_one_column_are_refused(prepared, refused):
    with refused("tables that can be read to the last row", "user_id", "mend the row"):
        prepared({"events": log(user_id=[1, "ada"] * 10)}, windows=SHORT)


# Rows ---------------------------------------------------------------------------------------------


def test_identical_rows_are_kept(prepared):
    dataset = prepared({"events": pd.concat([log(), log()])}, windows=SHORT)
    assert dataset.reconciliation["events"]["used"] == 40
    assert set(dataset.panel.counts[1:, 0].tolist()) == {2}


def test_the_order_of_rows_changes_nothing(prepared):
    frames = example_frames(20)
    shuffled = {name: frame.sample(frac=1, random_state=0) for name, frame in frames.items()}
    assert same(prepared(shuffled), prepared(frames))


def test_every_row_of_every_table_is_used_or_accounted_for(prepared):
    post = {"user_id": "ada", "actor_id": "ada", "event": "post"}
    kinds = [({}, 20), ({"user_id": "stranger", "actor_id": "stranger"}, 4), ({"user_id": None}, 1)]
    kinds += [({"actor_id": None}, 2), ({"event": None}, 3), ({"timestamp": pd.NaT}, 5)]
    records = log(**post).to_dict("records")
    events = pd.DataFrame([row | change for change, n in kinds for row in records[:n]])
    gift = {"user_id": "ada", "amount": 3.0}
    kinds = [({}, 6), ({"amount": -1.0}, 2), ({"amount": None}, 1), ({"user_id": "stranger"}, 1)]
    stickers = [row | change for change, n in kinds for row in log(**gift).to_dict("records")[:n]]
    late = log(**gift, timestamp=DAYS + pd.Timedelta(days=18)).to_dict("records")  # the first two lie within the log
    stickers = pd.DataFrame(stickers + late)
    members = pd.DataFrame({"user_id": ["ada", "ada", None, "ben"]})
    found = prepared({"events": events, "stickers": stickers, "members": members}, windows=SHORT).reconciliation
    assert found["events"] == {
        "read": 35,
        "used": 20,
        "non_members": 4,
        "rejected": {"null actor_id": 2, "null event": 3, "null or unreadable timestamp": 5, "null user_id": 1},
    }
    assert found["stickers"] == {
        "read": 30,
        "used": 8,
        "non_members": 1,
        "rejected": {"after the last event": 18, "negative amount": 2, "null amount": 1},
    }
    assert found["members"] == {
        "read": 4,
        "used": 2,
        "non_members": 0,
        "rejected": {"null user_id": 1, "repeated user_id": 1},
    }


def test_the_vocabulary_is_frozen_before_validation_and_later_types_are_reported(prepared):
    events = log(event=["post"] * 12 + ["quiz"] * 8)
    split = SplitConfig(val_from="2024-01-13", test_from="2024-01-16")
    dataset = prepared({"events": events}, windows=SHORT, split=split)
    assert dataset.vocabulary.features == ("own_post",)
    assert dataset.vocabulary.last_day == 19723 + 11  # 2024-01-12, the last day of a training horizon
    assert dataset.unknown_events == {"own_quiz": 8}
    later = prepared(
        {"events": events}, windows=SHORT, split=SplitConfig(val_from="2024-01-14", test_from="2024-01-16")
    )
    assert later.vocabulary.features == ("own_post", "own_quiz")


def test_the_vocabulary_of_a_split_by_users_comes_from_the_training_users(prepared):
    users = pd.Index([f"user{i}" for i in range(40)])
    split = SplitConfig(kind="user")
    trained = training_users(users, split)
    later, earlier = users[~trained][0], users[trained][0]
    log_of = {user: log(user_id=user, event=["post", "rest"] * 10) for user in users}
    log_of[later] = log(user_id=later, event=["poll", "rest"] * 10)
    log_of[earlier] = log(user_id=earlier, event=["quiz", "rest"] * 10)
    events = pd.concat(log_of.values())
    events = events[(events.event != "rest") & ~((events.user_id.str[-1] == "7") & (events.timestamp > DAYS[9]))]
    found = prepared({"events": events}, windows=SHORT, split=split)
    assert found.vocabulary.features == ("own_post", "own_quiz")
    assert found.unknown_events == {"own_poll": 10}


def test_rare_types_are_lumped_as_other(prepared):
    events = log(event=["post"] * 5 + ["like"] * 4 + ["quiz", "poll"] + ["post"] * 9)
    dataset = prepared({"events": events}, max_event_types=2, windows=SHORT)
    assert dataset.panel.features == ("own_post", "own_like", "own_other")
    assert dataset.panel.counts.sum(axis=0).tolist() == [14, 4, 2]
    also = pd.concat([events, events[events.event == "quiz"].assign(event="poll")]).replace(
        {"event": {"like": "other"}}
    )
    named = prepared({"events": also}, max_event_types=2, windows=SHORT)
    assert named.panel.features == ("own_post", "own_other", "own_rest")
    assert named.panel.counts.sum(axis=0).tolist() == [14, 4, 3]


# Files --------------------------------------------------------------------------------------------


def test_csv_files_compressed_or_not_give_the_same_as_parquet_files(tmp_path):
    found = {}
    for ending in ("parquet", "csv", "csv.gz"):
        paths = {name: tmp_path / f"{name}.{ending}" for name in example_frames()}
        for name, frame in example_frames(20).items():
            write = frame.to_parquet if ending == "parquet" else frame.to_csv
            write(paths[name], index=False)
        config = DataConfig(**{name: str(path) for name, path in paths.items()})
        found[ending] = prepare(config, tmp_path / ending)
    assert same(found["csv"], found["parquet"])
    assert same(found["csv.gz"], found["parquet"])


def test_a_folder_that_is_prepared_already_is_only_opened(tmp_path):
    config = DataConfig(events="events", windows=SHORT)
    first = prepare(config, tmp_path / "dataset", frames={"events": log()})
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "dataset").rglob("*")}
    again = prepare(config, tmp_path / "dataset")
    assert same(first, again)
    assert again.vocabulary == first.vocabulary
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "dataset").rglob("*")} == stamps


def test_windows_may_change_on_a_folder_that_is_prepared(tmp_path):
    prepare(DataConfig(events="events", windows=SHORT), tmp_path / "dataset", frames={"events": log()})
    wider = DataConfig(events="events", windows=WindowConfig(5, 2, at_risk_days=2))
    assert open_dataset(wider, tmp_path / "dataset").windows.cutoff.min() == 5


def test_a_build_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("the disk is full")

    monkeypatch.setattr("churn.data.windows.panel._fill", fail)
    with pytest.raises(OSError, match="disk is full"):
        prepare(DataConfig(events="events", windows=SHORT), tmp_path / "dataset", frames={"events": log()})
    assert list(tmp_path.iterdir()) == []


def test_times_without_a_zone_are_utc_whatever_the_zone_of_the_machine(tmp_path):
    log(timestamp=(DAYS + pd.Timedelta(hours=20)).strftime("%Y-%m-%d %H:%M:%S")).to_parquet(tmp_path / "log.parquet")
    code = (
        "import sys\nfrom pathlib import Path\nfrom churn.data import DataConfig, prepare\n"
        "dataset = prepare(DataConfig(events=sys.argv[1]), Path(sys.argv[2]))\nprint(dataset.panel.date(0).date())\n"
    )
    arguments = [sys.executable, "-c", code, tmp_path / "log.parquet", tmp_path / "dataset"]
    environment = os.environ | {"TZ": "Asia/Seoul"}
    ended = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "2024-01-01"


def test_digest_follows_the_rows_of_frames_and_the_bytes_of_files(tmp_path):
    one, other = log(), log(user_id="ben")
    assert digest("log", {"log": one}) == digest("log", {"log": log()}) != digest("log", {"log": other})
    assert digest("log", {"log": pa.Table.from_pandas(one)}) == digest("log", {"log": one})
    (tmp_path / "1.csv").write_text("a")
    once = digest(f"{tmp_path}/*.csv", {})
    (tmp_path / "2.csv").write_text("a")
    assert digest(f"{tmp_path}/*.csv", {}) != once
    assert digest(f"{tmp_path}/1.csv", {}) == once


# What is refused, in one line -----------------------------------------------------------------------


def bad_amounts(values):
    return {"events": log(), "stickers": log(amount=values)}


REFUSED = {
    "missing column": (
        {"events": log().drop(columns="user_id")},
        {},
        "column 'user_id' in events",
        "timestamp",
        "map it",
    ),
    "unknown mapping key": (
        {"events": log()},
        {"event_columns": {"who": "x"}},
        "the keys user_id",
        "who",
        "correct the",
    ),
    "timestamps of another type": (
        {"events": log(timestamp=True)},
        {},
        "times in events",
        "boolean",
        "column of times",
    ),
    "timestamps that are no times": ({"events": log(timestamp="x")}, {}, "times in events", "'x'", "column of times"),
    "amounts that are no numbers": (
        bad_amounts("much"),
        {},
        "numbers in stickers.amount",
        "string",
        "column of numbers",
    ),
    "empty log": ({"events": log().head(0)}, {}, "at least one usable event", "0 rows", "check data.events"),
    "all rows rejected": (
        {"events": log(user_id=None)},
        {},
        "one usable event",
        "null user_id (20)",
        "check data.events",
    ),
    "no own events": ({"events": log(actor_id="fan")}, {}, "one user in the events", "none", "mapping of user_id"),
    "too few days": (
        {"events": log().head(3)},
        {},
        "at least 13 days",
        "3 (2024-01-01 to 2024-01-03)",
        "windows.history",
    ),
    "no file": ({}, {"events": "nowhere.parquet"}, "a file, a folder or a glob", "'nowhere.parquet'", "check the path"),
    "unknown zone": ({"events": log()}, {"zone": "Mars/Base"}, "a time zone in data.zone", "'Mars/Base'", "Asia/Seoul"),
    "empty zone": ({"events": log()}, {"zone": ""}, "a time zone in data.zone", "''", "Asia/Seoul"),
    "first day that is none": ({"events": log()}, {"first_day": "x"}, "a date for data.first_day", "'x'", "2024-03-01"),
    "last day before the log": (
        {"events": log()},
        {"last_day": "2023-01-01"},
        "usable",
        "after the span (20)",
        "check",
    ),
    "split dates outside the log": (
        {"events": log()},
        {"split": SplitConfig(val_from="2024-01-15", test_from="2024-02-10")},
        "data.split.val_from < data.split.test_from",
        "2024-01-15 and 2024-02-10",
        "move the dates",
    ),
    "members without joining": (
        {"events": log(), "members": log()},
        {"windows": WindowConfig(2, 2, at_risk="member")},
        "`joined`",
        "none",
        "map member_columns",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_line_that_says_what_to_do(prepared, refused, case):
    frames, config, expected, found, remedy = REFUSED[case]
    with refused(expected, found, remedy):
        prepared(frames, **{"windows": SHORT} | config)


def test_a_bad_value_late_in_a_text_file_is_one_rejected_row(tmp_path):
    days = "".join(f"7,{day.date()}\n" for day in DAYS)
    (tmp_path / "log.csv").write_text("user_id,timestamp\n" + days * 2_000 + "7,someday\n7,2024-01-20,8,9\n")
    rows = prepare(DataConfig(events=str(tmp_path / "log.csv"), windows=SHORT), tmp_path / "dataset").reconciliation
    rejected = {"null or unreadable timestamp": 1, "empty or unreadable row": 1}
    assert rows["events"] == {"read": 40_002, "used": 40_000, "non_members": 0, "rejected": rejected}


def test_a_file_that_is_damaged_within_is_refused_and_nothing_is_kept(tmp_path, refused):
    example_frames()["events"].to_parquet(tmp_path / "log.parquet", row_group_size=500)
    whole = bytearray((tmp_path / "log.parquet").read_bytes())
    whole[len(whole) // 4 : len(whole) // 2] = b"\xff" * (len(whole) // 2 - len(whole) // 4)
    (tmp_path / "log.parquet").write_bytes(whole)
    with refused("tables that can be read to the last row", "", "mend the row"):
        prepare(DataConfig(events=str(tmp_path / "log.parquet"), windows=SHORT), tmp_path / "dataset")
    assert [path.name for path in tmp_path.iterdir()] == ["log.parquet"]


def test_a_target_with_one_class_is_refused(prepared, refused):
    with refused("both classes of churn in train", "windows of class 0", "load more days"):
        prepared({"events": log()}, windows=SHORT).split()


# Audit --------------------------------------------------------------------------------------------


def test_audit_accounts_for_every_labelled_window():
    dataset = example_dataset()
    audit, split = dataset.audit(), dataset.split()
    labelled = dataset.windows.answers >= 0
    assert audit["windows_labelled"] == labelled.sum()
    assert audit["windows_in_gaps"] == labelled.sum() - len(split.train) - len(split.val) - len(split.test) > 0
    assert audit["base_rates"]["churn"] == dataset.windows.answers[labelled].mean()
    assert (audit["first_day"], audit["last_day"]) == ("2024-01-01", "2024-03-30")
    json.dumps(audit)


# Real data ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gitter(tmp_path_factory):
    if not GITTER.is_dir():
        pytest.skip(f"the gitter data are not in {GITTER}")
    config = DataConfig(
        events=str(GITTER / "events.parquet"),
        event_columns={"user_id": "owner_id"},
        stickers=str(GITTER / "stickers.parquet"),
        sticker_columns={"user_id": "creator_id", "actor_id": "sender_id"},
        members=str(GITTER / "creators.parquet"),
        member_columns={"user_id": "creator_id"},
        split=SplitConfig(val_from="2016-06-12", test_from="2016-09-07"),
    )
    return prepare(config, tmp_path_factory.mktemp("gitter") / "dataset")


def test_gitter_has_the_windows_and_base_rates_that_were_counted_independently(gitter):
    windows = gitter.windows
    known = windows.answers >= 0
    assert (gitter.panel.date(0), gitter.panel.n_days) == (pd.Timestamp("2015-07-01"), 543)
    assert len(gitter.panel.users) == 3898
    assert known.sum() == 95_840
    assert windows.answers[known].mean() == pytest.approx(0.5834, abs=5e-5)
    assert windows.label("sticker")[known].mean() == pytest.approx(0.1148, abs=5e-5)
    before_test = known & (windows.dates + pd.Timedelta(days=7) <= "2016-09-07")
    assert before_test.sum() == 84_195


def test_gitter_test_part_has_the_windows_and_rates_that_were_counted_independently(gitter):
    split = gitter.split()
    assert len(split.test) == 10_743
    assert split.test.answers.mean() == pytest.approx(0.598, abs=5e-4)
    assert split.test.label("sticker").mean() == pytest.approx(0.101, abs=5e-4)
    assert split.train.dates.max() + pd.Timedelta(days=7) <= split.val.dates.min() == pd.Timestamp("2016-06-12")
    assert split.val.dates.max() + pd.Timedelta(days=7) <= split.test.dates.min() == pd.Timestamp("2016-09-07")


def test_gitter_rows_are_all_accounted_for(gitter):
    read = {name: rows["read"] for name, rows in gitter.reconciliation.items()}
    assert read == {"events": 238_342, "stickers": 5_000, "members": 3_898}
    for rows in gitter.reconciliation.values():
        assert rows["read"] == rows["used"] + rows["non_members"] + sum(rows["rejected"].values())


def test_audit_holds_that_of_each_fold_the_newest_also_on_top(prepared):
    dataset = prepared(example_frames(), split=SplitConfig(val_share=0.2, folds=2))
    audit, folds = dataset.audit(), dataset.folds()
    assert audit["folds"] == [fold.audit() for fold in folds]
    assert len(folds) == 2
    assert {key: audit[key] for key in folds[-1].audit()} == folds[-1].audit()
    assert folds[-1].table().equals(dataset.split().table())


OTHERS = {
    "source": (lambda config, frames: (replace(config, events="log"), {"log": frames["events"]}), "another events"),
    "zone": (lambda config, frames: (replace(config, zone="Asia/Seoul"), frames), "another zone"),
    "rows": (lambda config, frames: (config, {"events": frames["events"].iloc[:-1]}), "another size of events"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_folder_is_not_opened_for_other_data(case, tmp_path, refused) -> None:
    config, frames = DataConfig(events="events"), {"events": example_frames()["events"]}
    prepare(config, tmp_path / "dataset", frames=frames)
    change, found = OTHERS[case]
    other, others = change(config, frames)
    with refused("a folder made of the same data", found, "choose another folder"):
        prepare(other, tmp_path / "dataset", frames=others)


def test_a_folder_is_opened_again_without_its_frames_and_for_other_windows(tmp_path) -> None:
    config, frames = DataConfig(events="events"), {"events": example_frames()["events"]}
    first = prepare(config, tmp_path / "dataset", frames=frames)
    shorter = replace(config, windows=WindowConfig(horizon_days=3))
    assert len(prepare(shorter, tmp_path / "dataset").windows) > 0 < len(first.windows)


def test_a_file_that_has_grown_is_not_taken_for_the_one_before(tmp_path, refused) -> None:
    events, file = example_frames()["events"], tmp_path / "events.parquet"
    events.iloc[:-50].to_parquet(file)
    prepare(DataConfig(events=str(file)), tmp_path / "dataset")
    events.to_parquet(file)
    with refused("a folder made of the same data", "another size of events", "delete this one"):
        prepare(DataConfig(events=str(file)), tmp_path / "dataset")


# Refunds ------------------------------------------------------------------------------------------


def refunded():
    """Stickers of 5 on days 0, 2, 4, … and a refund of 5 on the days 2 and 5; see `log`."""
    gifts = log(amount=5.0).iloc[::2]
    back = log(amount=-5.0).iloc[[2, 5]]
    return {"events": log(), "stickers": pd.concat([gifts, back], ignore_index=True)}


@pytest.mark.parametrize(("negative", "reason"), [("reject", "negative amount"), ("drop", "negative amount, left out")])
def test_refunds_are_left_out_and_counted_unless_they_are_kept(prepared, negative, reason):
    found = prepared(refunded(), windows=SHORT, negative=negative)
    assert found.reconciliation["stickers"]["rejected"] == {reason: 2}
    assert found.panel.amounts[1:].tolist() == [5.0, 0.0] * 10
    told = list(lost_rows(found.reconciliation))
    assert bool(told) == (negative == "reject")
    assert all("negative: keep" in one.remedy for one in told)


def test_kept_refunds_make_amounts_net_and_are_no_stickers(prepared):
    found = prepared(refunded(), windows=SHORT, negative="keep")
    assert found.reconciliation["stickers"] == {"read": 12, "used": 12, "non_members": 0, "rejected": {}}
    assert found.panel.amounts[1:].tolist() == [5.0, 0.0, 0.0, 0.0, 5.0, -5.0] + [5.0, 0.0] * 7
    assert found.panel.counts[1:, 1].tolist() == [1, 0] * 10
    windows = found.windows
    days = windows.history()[:, :, windows.features.index("sticker_amount")]
    expected = found.panel.amounts[1:][windows.cutoff[:, None] + np.arange(-2, 0)]
    assert (days == expected).all() and (expected < 0).any()
    plain = prepared(refunded(), windows=SHORT, negative="drop")
    assert np.array_equal(windows.label("sticker"), plain.windows.label("sticker"))
    assert expected_amounts(windows)[-1] == pytest.approx(40 / 10)
    assert expected_amounts(plain.windows)[-1] == pytest.approx(5)
