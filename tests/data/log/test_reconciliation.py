"""Every row is used or accounted for, in every engine alike."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.data import DataConfig, WindowConfig, example_frames, prepare
from churn.data.log import counts

pytestmark = pytest.mark.slow

N = 1_000  # rows of every kind of dirt
WINDOWS = WindowConfig(history_days=2, horizon_days=2, at_risk_days=2)
STORES = ["duckdb", "postgres", "sail", "spark"]
ENGINES = ["frames", *STORES]


@pytest.fixture
def prepared_in(tmp_path, stored):
    """Prepares data frames that lie in an engine: `prepared_in("postgres", frames, zone="UTC")` is a dataset."""

    def dataset_of(where, frames, **config):
        folder, given = tmp_path / f"dataset-{len(list(tmp_path.iterdir()))}", None
        if where == "frames":
            sources, given = {name: name for name in frames}, frames
        else:
            sources = {name: stored(where, frame) for name, frame in frames.items()}
        return prepare(DataConfig(**sources | {"windows": WINDOWS} | config), folder, frames=given), folder

    return dataset_of


def planted(clean, changes):
    """Clean rows and, shuffled among them, N copies of the first one with each change."""
    first = clean.iloc[0].to_dict()
    rows = clean.to_dict("records") + [first | change for change in changes for _ in range(N)]
    return pd.DataFrame(rows).sample(frac=1, random_state=0).reset_index(drop=True)


def dirty_log():
    """The example's tables with text timestamps and N rows of every kind of dirt; and how many there are of each."""
    frames = example_frames(20, n_days=30)
    events = frames["events"].assign(event_id=np.arange(len(frames["events"])).astype(str))
    events["timestamp"] = events.timestamp.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    kinds = {
        "null user_id": {"user_id": None},
        "null actor_id": {"actor_id": None},
        "null event": {"event": None},
        "null event_id": {"event_id": None},
        "null or unreadable timestamp": {"timestamp": "30th of February"},
        "before the span": {"timestamp": "2023-12-31T23:59:59+00:00"},
        "after the span": {"timestamp": "2024-01-30T23:59:59-09:00"},
        "event not allowed": {"event": "spam"},
        "repeated event_id": {},
        "empty or unreadable row": dict.fromkeys(events.columns),
    }
    strangers = events.iloc[[0] * N].assign(
        user_id="nobody", actor_id="noone", event_id=[f"stranger{i}" for i in range(N)]
    )
    gifts = {
        "null amount": {"amount": None},
        "negative amount": {"amount": -0.01},
        "amount that is not a number": {"amount": float("inf")},
        "null user_id": {"user_id": None},
        "null or unreadable timestamp": {"timestamp": None},
        "before the span": {"timestamp": pd.Timestamp("2023-12-31")},
    }
    stickers = frames["stickers"].astype({"amount": float})
    tables = {
        "events": pd.concat([planted(events, kinds.values()), strangers], ignore_index=True),
        "stickers": planted(stickers, gifts.values()),
        "members": pd.concat([frames["members"]] + [frames["members"].iloc[[0]].assign(user_id=None)] * 3),
    }
    return tables, {"events": dict.fromkeys(kinds, N), "stickers": dict.fromkeys(gifts, N)}


SPELT = {
    "text of a column that a null made fractional": lambda ids: [f"{i}.0" for i in ids],
    "text of a decimal": lambda ids: [f"{i}.00" for i in ids],
    "fractions": lambda ids: ids.astype(float),
    "decimals": lambda ids: [Decimal(f"{i}.00") for i in ids],
    "integers of 32 bits": lambda ids: ids.astype("int32"),
}


def numbered_log():
    """The example's tables, of a few days, with whole numbers as ids."""
    frames = example_frames(10, n_days=20)
    number = {name: 12_000 + place for place, name in enumerate(frames["members"].user_id)}
    for table in frames.values():
        for column in {"user_id", "actor_id"} & set(table):
            table[column] = table[column].map(number).fillna(7).astype("int64")
    return frames


@pytest.fixture(scope="module")
def whole(prepared):
    """The log with whole numbers as ids."""
    return prepared(numbered_log(), windows=WINDOWS)


@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("where", ENGINES)
def test_a_number_is_one_id_however_it_is_written(where, spelt, prepared_in, whole):
    """In one column alone, and, which is tried in one engine, in columns of two tables."""
    frames, write = numbered_log(), SPELT[spelt]
    other = frames | {"stickers": frames["stickers"].assign(user_id=write(frames["stickers"].user_id))}
    mixed = other | {"events": frames["events"].assign(actor_id=write(frames["events"].actor_id))}
    for tables in (mixed, other) if where == "frames" else (mixed,):
        found, _ = prepared_in(where, tables)
        assert found.panel.users.tolist() == whole.panel.users.astype(str).tolist()
        assert found.reconciliation == whole.reconciliation
        assert np.array_equal(found.panel.counts, whole.panel.counts)


def test_ids_of_one_table_meet_without_a_member_list(tmp_path):
    months = tmp_path / "log"
    months.mkdir()
    events = numbered_log()["events"]
    early = events.timestamp < "2024-01-11"
    events[early].to_csv(months / "january.csv", index=False)
    events[~early].astype({"user_id": float, "actor_id": float}).to_csv(months / "february.csv", index=False)
    found = prepare(DataConfig(events=str(months), windows=WINDOWS), tmp_path / "dataset")
    assert found.panel.users.tolist() == sorted(events.user_id[events.user_id == events.actor_id].astype(str).unique())
    again = prepare(DataConfig(events="log", windows=WINDOWS), tmp_path / "again", frames={"log": events})
    assert found.windows.table().astype(str).equals(again.windows.table().astype(str))


@pytest.mark.parametrize("where", ENGINES)
def test_an_event_id_is_repeated_however_its_number_is_written(where, prepared_in):
    days = pd.date_range("2024-01-01", periods=20)
    log = pd.DataFrame({"user_id": "ada", "timestamp": days, "event_id": [str(k) for k in range(20)]})
    twice = pd.concat([log, log.assign(event_id=log.event_id + ".0")])
    found, _ = prepared_in(where, {"events": twice})
    assert found.reconciliation["events"]["rejected"] == {"repeated event_id": 20}


SPAN = {"first_day": "2024-01-01", "last_day": "2024-01-30", "allowed_events": ["post", "comment"]}


@pytest.mark.parametrize("where", ENGINES)
def test_each_kind_of_dirt_is_counted_exactly_and_the_clean_rows_are_used(where, prepared_in):
    clean = example_frames(20, n_days=30)
    tables, counts = dirty_log()
    found, folder = prepared_in(where, tables, **SPAN)
    pure, _ = prepared_in("frames", clean, **SPAN)
    for name in ("events", "stickers"):
        rows = found.reconciliation[name]
        assert rows["rejected"] == counts[name]
        assert rows["used"] == pure.reconciliation[name]["used"]
        assert rows["non_members"] == (N if name == "events" else 0)
        assert rows["read"] == len(tables[name]) == rows["used"] + rows["non_members"] + N * len(counts[name])
    assert found.reconciliation["members"]["rejected"] == {"null user_id": 3}
    assert found.windows.table().equals(pure.windows.table())
    assert np.array_equal(found.windows.history(), pure.windows.history())
    quarantine = pq.read_table(folder / "quarantine.parquet").to_pandas()
    sizes = quarantine.groupby(["table", "reason"]).size()
    assert all(sizes[name].to_dict() == counts[name] for name in counts)
    unread = quarantine[(quarantine.table == "events") & (quarantine.reason == "null or unreadable timestamp")]
    assert unread.timestamp.unique().tolist() == ["30th of February"]


def days_of(n_users=12, n_days=30):
    """A table of days with a count, a level that is not always known, and yes and no."""
    rng = np.random.default_rng(0)
    days = pd.MultiIndex.from_product([range(n_users), pd.date_range("2024-01-01", periods=n_days)])
    table = pd.DataFrame(list(days), columns=["shop", "day"])
    table["shop"] = "s" + table.shop.astype(str)
    table["sales"] = rng.poisson(0.5, len(table)) * 0.5
    table["stock"] = np.where(rng.random(len(table)) < 0.8, rng.uniform(10, 20, len(table)), None)
    return table.assign(stock=table.stock.astype(float), open=rng.random(len(table)) < 0.5)


@pytest.mark.parametrize("where", ENGINES)
def test_each_kind_of_dirt_in_a_table_of_days_is_counted_and_the_clean_rows_are_used(where, prepared_in):
    clean = days_of()
    names = {"daily_columns": {"user_id": "shop", "timestamp": "day"}, "daily_levels": ["stock"]}
    span = {"first_day": "2024-01-01", "last_day": "2024-01-30", "activity_events": ["sales"]}
    changes = {
        "null user_id": {"shop": None},
        "null or unreadable timestamp": {"day": pd.NaT},
        "before the span": {"day": pd.Timestamp("2023-12-31")},
        "after the span": {"day": pd.Timestamp("2024-01-31")},
        "repeated user_id and day": {"sales": 99.0},
        "channel that is not a number": {"sales": np.inf},
        "empty or unreadable row": dict.fromkeys(clean),
    }
    table = planted(clean, changes.values()).astype({"open": "boolean"})
    members = pd.DataFrame({"user_id": sorted(set(clean.shop))[1:]})
    found, _ = prepared_in(where, {"daily": table, "members": members}, **names, **span)
    pure, _ = prepared_in("frames", {"daily": clean, "members": members}, **names, **span)
    rows = found.reconciliation["daily"]
    assert rows["rejected"] == dict.fromkeys(changes, N)
    assert rows["read"] == len(table) == rows["used"] + rows["non_members"] + N * len(changes)
    assert rows["non_members"] == (clean.shop == "s0").sum()
    assert found.windows.table().equals(pure.windows.table())
    assert np.array_equal(found.windows.history(), pure.windows.history())


@pytest.mark.parametrize("sample", [200, 1 << 16])
@pytest.mark.parametrize("where", ENGINES)
def test_rows_that_are_equal_in_every_column_are_rejected_only_where_asked_for(where, sample, prepared_in, monkeypatch):
    monkeypatch.setattr("churn.data.log.repeats._SAMPLE", sample)
    frames = example_frames(10, n_days=20)
    twice = frames | {"events": pd.concat([frames["events"]] * 2)}
    n = len(frames["events"])
    kept, _ = prepared_in(where, twice)
    assert kept.reconciliation["events"]["used"] == 2 * n
    found = kept.repeats["events"]
    assert (found.usable, len(found.days), found.in_part) == (2 * n, 20, False)
    once, _ = prepared_in(where, twice, deduplicate=True)
    repeats = int(twice["events"].duplicated().sum())
    assert once.reconciliation["events"]["rejected"] == {"repeated row": repeats} == {"repeated row": found.rows}
    assert once.repeats == {}
    assert once.reconciliation["events"]["used"] == 2 * n - repeats


@pytest.mark.parametrize("where", ENGINES)
def test_of_rows_with_one_id_the_earliest_is_used(where, prepared_in):
    days = pd.date_range("2024-01-01", periods=20)
    log = pd.DataFrame({"user_id": "ada", "timestamp": days, "event_id": range(20)})
    again = log.assign(timestamp=days + pd.Timedelta(days=5), user_id="ben")
    found, _ = prepared_in(where, {"events": pd.concat([again, log])})
    assert found.panel.users.tolist() == ["ada"]
    assert found.reconciliation["events"]["rejected"] == {"repeated event_id": 20}


@pytest.mark.parametrize("where", ENGINES)
def test_amounts_may_be_decimals_or_text(where, prepared_in):
    frames = example_frames(10, n_days=20)
    gifts = frames["stickers"]
    exact = frames | {"stickers": gifts.assign(amount=[Decimal(f"{a}.10") for a in gifts.amount])}
    text = frames | {"stickers": gifts.assign(amount=[f" {a}.10" for a in gifts.amount])}
    text["stickers"].loc[0, "amount"] = "some"
    found, _ = prepared_in(where, exact)
    total = float(found.panel.amounts.sum(dtype=float))
    assert total == pytest.approx(float(gifts.amount.sum()) + 0.1 * len(gifts), rel=1e-6)
    found, _ = prepared_in(where, text)
    assert found.reconciliation["stickers"]["rejected"] == {"amount that is not a number": 1}


@pytest.mark.parametrize("where", STORES)
@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_every_engine_gives_the_same_days_windows_and_order_of_users(zone, where, prepared_in):
    rng = np.random.default_rng(0)
    frames = example_frames(20, n_days=40)
    events = frames["events"]
    names = dict(zip(sorted(set(events.user_id)), ["Zoë", "ada", "Ada", "김", "_x", "10", "9"], strict=False))
    for table in frames.values():
        table["user_id"] = table.user_id.replace(names)
    events["actor_id"] = events.actor_id.replace(names)
    # around the change to daylight saving time, in every hour
    events["timestamp"] += pd.Timestamp("2024-03-01") - events.timestamp.min().normalize()
    events["timestamp"] += pd.to_timedelta(rng.integers(0, 86_400, len(events)), unit="s")
    frames["stickers"]["timestamp"] = events.timestamp.sample(len(frames["stickers"]), random_state=0).to_numpy()
    one, other = (prepared_in(place, frames, zone=zone)[0] for place in ("frames", where))
    assert other.panel.users.tolist() == one.panel.users.tolist()
    assert other.windows.table().equals(one.windows.table())
    assert np.array_equal(other.panel.counts, one.panel.counts)
    assert np.array_equal(other.panel.amounts, one.panel.amounts)
    assert np.array_equal(other.rhythm.rows, one.rhythm.rows) and other.rhythm.clock == one.rhythm.clock
    assert other.reconciliation == one.reconciliation
    local = events.timestamp.dt.tz_localize("UTC").dt.tz_convert(zone).dt.date
    own = events.user_id == events.actor_id
    assert int(one.panel.active.sum()) == pd.MultiIndex.from_arrays([events.user_id[own], local[own]]).nunique()


def test_a_member_list_in_a_file_serves_events_in_a_database(prepared_in, postgres, postgres_url, tmp_path):
    frames = example_frames(10, n_days=20)
    pure, _ = prepared_in("frames", frames)
    postgres.create_table("only_events", frames["events"], overwrite=True)
    postgres.con.commit()
    for name in ("stickers", "members"):
        frames[name].to_csv(tmp_path / f"{name}.csv", index=False)
    config = {name: str(tmp_path / f"{name}.csv") for name in ("stickers", "members")}
    mixed = prepare(DataConfig(events=f"{postgres_url}::only_events", windows=WINDOWS, **config), tmp_path / "mixed")
    assert mixed.windows.table().equals(pure.windows.table())
    assert mixed.reconciliation == pure.reconciliation


def test_a_query_that_fails_is_said_in_one_line_and_nothing_is_kept(postgres, postgres_url, tmp_path, refused):
    postgres.create_table("zeros", pa.table({"user_id": ["ada"], "day": [0]}), overwrite=True)
    postgres.raw_sql("CREATE OR REPLACE VIEW broken AS SELECT user_id, to_timestamp(1 / day) AS timestamp FROM zeros")
    postgres.con.commit()
    with refused("tables that can be read to the last row", "division by zero", "the database"):
        prepare(DataConfig(events=f"{postgres_url}::broken"), tmp_path / "dataset")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_may_not_be_written_to_is_streamed_from(postgres, postgres_url, prepared_in, tmp_path):
    frames = example_frames(10, n_days=20)
    pure, _ = prepared_in("frames", frames)
    for name, frame in frames.items():
        postgres.create_table(f"standby_{name}", frame, overwrite=True)
    postgres.con.commit()
    url = f"{postgres_url}?options=-c%20default_transaction_read_only%3Don"
    config = DataConfig(**{name: f"{url}::standby_{name}" for name in frames}, windows=WINDOWS)
    found = prepare(config, tmp_path / "standby")
    assert found.windows.table().equals(pure.windows.table())
    assert found.reconciliation == pure.reconciliation


def test_rows_that_come_while_a_database_is_read_are_not_seen_by_half(postgres, postgres_url, tmp_path, monkeypatch):
    frames = example_frames(10, n_days=20)
    postgres.create_table("busy", frames["events"], overwrite=True)
    postgres.con.commit()

    def placed_late(rooms, away):
        postgres.raw_sql("INSERT INTO busy SELECT * FROM busy")
        postgres.con.commit()
        return original(rooms, away)

    original = counts._placed
    monkeypatch.setattr(counts, "_placed", placed_late)
    found = prepare(DataConfig(events=f"{postgres_url}::busy", windows=WINDOWS), tmp_path / "dataset")
    assert found.reconciliation["events"]["read"] == len(frames["events"])


@pytest.mark.parametrize("where", ["frames", "postgres"])
def test_days_that_stand_for_never_are_rejected_and_counted(where, prepared_in):
    frames = example_frames(10, n_days=20)
    events = frames["events"].astype({"timestamp": "datetime64[us]"})
    never = events.iloc[[0, 1]].assign(timestamp=np.array(["9999-12-31", "0001-01-01"], "datetime64[us]"))
    found, _ = prepared_in(where, frames | {"events": pd.concat([events, never])})
    assert found.reconciliation["events"]["rejected"] == {"not between the years 1900 and 2199": 2}
    assert found.panel.n_days == 20


def test_ids_that_are_not_a_number_are_null(prepared_in):
    log = pd.DataFrame({"timestamp": pd.date_range("2024-01-01", periods=20)})
    ids = pa.array([7.0] * 15 + [float("nan")] * 5)
    table = pa.table({"user_id": ids, "timestamp": pa.array(log.timestamp)})
    found, _ = prepared_in("frames", {"events": table})
    assert found.panel.users.tolist() == ["7"]
    assert found.reconciliation["events"]["rejected"] == {"null user_id": 5}


def test_json_ids_are_compared_without_their_quotes(tmp_path, postgres, postgres_url):
    days = pd.date_range("2024-01-01", periods=20).astype(str)
    lines = [f'{{"user_id": {who}, "timestamp": "{day}"}}' for day in days for who in ("3", '"3"', '"a"')]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    config = DataConfig(events=str(tmp_path / "log.jsonl"), windows=WINDOWS)
    assert prepare(config, tmp_path / "lines").panel.users.tolist() == ["3", "a"]
    postgres.raw_sql("DROP TABLE IF EXISTS documents; CREATE TABLE documents (user_id jsonb, timestamp timestamptz)")
    days = "generate_series(date '2024-01-01', '2024-01-20', '1 day') d"
    for value in ('"a"', '{"id": 7}', "[7]"):
        postgres.raw_sql(f"INSERT INTO documents SELECT '{value}', d FROM {days}")
    postgres.con.commit()
    config = DataConfig(events=f"{postgres_url}::documents", windows=WINDOWS)
    found = prepare(config, tmp_path / "documents")
    assert found.panel.users.tolist() == ["a"]
    assert found.reconciliation["events"]["rejected"] == {"null user_id": 40}


def test_seconds_and_milliseconds_of_one_log_are_told_apart_row_by_row(prepared_in):
    seconds = pd.date_range("2024-01-01 12:00", periods=20).astype("int64") // 10**9
    when = [moment * (1, 1_000, 1_000_000)[place % 3] for place, moment in enumerate(seconds)]
    found, _ = prepared_in("frames", {"events": pd.DataFrame({"user_id": "ada", "timestamp": when})})
    assert found.panel.counts[1:, 0].tolist() == [1] * 20


@pytest.mark.parametrize("text", ["epoch", "now", "2024-01-05 12:00+5", "2024-01-05 12:00 PM", "2024-01-05 23:59:60"])
@pytest.mark.parametrize("where", ENGINES)
def test_times_that_engines_read_differently_are_read_by_none(where, text, prepared_in):
    days = [str(day) for day in pd.date_range("2024-01-01 12:00", periods=20)]
    log = pd.DataFrame({"user_id": "ada", "timestamp": [*days, text]})
    found, _ = prepared_in(where, {"events": log})
    assert found.reconciliation["events"]["rejected"] == {"null or unreadable timestamp": 1}


def test_a_member_list_that_matches_nobody_is_refused(prepared_in, refused):
    frames = example_frames(10, n_days=20)
    frames["members"]["user_id"] = "stranger " + frames["members"].user_id
    with refused(
        "events of the members", "an id of the events is 'user000', of the list 'stranger user000'", "check the ids"
    ):
        prepared_in("frames", frames)


def test_ids_that_are_decimals_everywhere_are_whole_numbers_all_the_same(prepared_in):
    events = numbered_log()["events"].drop(columns="actor_id", errors="ignore")
    decimals = events.assign(user_id=SPELT["decimals"](events.user_id))
    whole, found = (prepared_in("frames", {"events": table})[0].panel.users for table in (events, decimals))
    assert found.tolist() == whole.astype(str).tolist()
