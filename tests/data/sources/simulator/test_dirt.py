from dataclasses import astuple, replace
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.cli import main
from churn.data import DataConfig, prepare
from churn.data.sources.simulator import Dirt, Preset, simulate, simulate_platform
from churn.data.sources.simulator.dirt import KINDS
from churn.data.sources.simulator.latent import Rates
from churn.errors import UserError

pytestmark = pytest.mark.slow

GENEROUS = Rates(sticker_active=(0.05, 0.2, 0.5))  # so that there are stickers on every day
PLATFORM = Preset(n_creators=150, n_residents=120, n_fans=400, n_days=60, rates=GENEROUS)
FIRST, LAST = pd.Timestamp("2022-11-10", tz="UTC"), pd.Timestamp("2023-01-08", tz="UTC")
# a number of its own for every kind, so that none can pass for another
DIRT = Dirt(41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, late=22, foreign_zone=33)
REJECTED = [name for name in KINDS.values() if name not in ("late", "foreign zone")]


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The same platform clean and dirty."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("clean", "dirty")}
    simulate_platform(PLATFORM, seed=3, out=folders["clean"])
    simulate_platform(PLATFORM, seed=3, out=folders["dirty"], dirt=DIRT)
    return SimpleNamespace(**folders)


@pytest.fixture(scope="module", params=["events", "stickers"])
def table(request, logs):
    """One table: clean, dirty in the order of the file, what is wrong with each dirty row, and the ledger."""
    clean, dirty = (pd.read_parquet(folder / f"{request.param}.parquet") for folder in (logs.clean, logs.dirty))
    members = set(pd.read_parquet(logs.dirty / "members.parquet").user_id)
    ledger = pd.read_csv(logs.dirty / "ledger.csv").query("table == @request.param").set_index("dirt").rows
    dirty["moment"] = [moment(text) for text in dirty.timestamp]
    wrong = wrongs(dirty, members)
    return SimpleNamespace(name=request.param, clean=clean, dirty=dirty, wrong=wrong, ledger=ledger)


def moment(text):
    """A timestamp as Python reads it, row by row: the slow reference."""
    try:
        return pd.NaT if text is None else pd.Timestamp(datetime.fromisoformat(text)).tz_convert("UTC")
    except ValueError:
        return pd.NaT


def wrongs(rows, members):
    """Each reason to reject a row, and whether it holds, rows × reasons: all that hold, not the first."""
    moments = pd.to_datetime(rows.moment, utc=True)
    wrong = {f"null {column}": rows[column].isna() for column in rows if column not in ("timestamp", "moment")}
    wrong["null or unreadable timestamp"] = moments.isna()
    wrong["before the span"] = moments < FIRST
    wrong["after the span"] = moments >= LAST + pd.Timedelta(days=1)
    wrong["repeated event_id"] = rows.event_id.notna() & rows.event_id.duplicated()
    if "amount" in rows:
        wrong["negative amount"] = rows.amount < 0
    # without a room or an actor nobody can tell
    known = rows.user_id.isin(members) | rows.actor_id.isin(members) | rows.user_id.isna() | rows.actor_id.isna()
    return pd.DataFrame(wrong | {"non-member": ~known})


def usable(table):
    return table.dirty[~table.wrong.any(axis=1)]


def test_every_planted_row_has_one_reason_and_the_ledger_counts_them(table):
    assert table.wrong.sum(axis=1).max() == 1
    found = table.wrong.sum()
    assert found.to_dict() == table.ledger[found.index].to_dict()
    asked = dict(zip(KINDS.values(), astuple(DIRT), strict=True))
    assert table.ledger.to_dict() == {name: asked[name] for name in table.ledger.index}


def test_the_ledger_names_what_a_table_can_have(logs):
    ledger = pd.read_csv(logs.dirty / "ledger.csv")
    assert list(ledger) == ["table", "dirt", "rows"]
    kinds = {name: set(part.dirt) for name, part in ledger.groupby("table")}
    assert set(KINDS.values()) - kinds["events"] == {"null amount", "negative amount"}
    assert set(KINDS.values()) - kinds["stickers"] == {"null event"}


def test_usable_rows_are_those_of_the_log_without_dirt(table):
    kept = usable(table).assign(timestamp=lambda rows: pd.to_datetime(rows.moment, utc=True).astype("M8[us, UTC]"))
    columns = list(table.clean)
    expected, found = (rows[columns].sort_values(columns, ignore_index=True) for rows in (table.clean, kept))
    pd.testing.assert_frame_equal(found, expected)
    assert len(table.dirty) == len(table.clean) + table.ledger[table.ledger.index.isin(REJECTED)].sum()


def test_late_rows_come_two_days_to_two_weeks_after_their_time_and_all_others_in_order(table):
    # rows that were planted on their day tell the day too
    in_time = table.dirty[~table.wrong[["before the span", "after the span", "repeated event_id"]].any(axis=1)]
    day = (pd.to_datetime(in_time.moment, utc=True) - FIRST).dt.days
    delay = (day.cummax() - day)[day.notna() & ~table.wrong.loc[in_time.index].any(axis=1)]
    assert (delay > 0).sum() == table.ledger["late"]
    assert delay.max() <= 14 and delay.max() > 7
    assert usable(table).moment[delay == 0].is_monotonic_increasing


def test_foreign_zones_denote_the_right_instant_and_often_another_date(table):
    kept = usable(table)
    foreign = ~kept.timestamp.str.endswith("+00:00")
    assert foreign.sum() == table.ledger["foreign zone"]
    assert kept.timestamp[foreign].str[-6:].nunique() > 2
    other_date = kept.timestamp.str[:10] != kept.moment.map(lambda when: str(when.date()))
    assert 0 < other_date.sum() < foreign.sum()
    assert not other_date[~foreign].any()


def test_repeated_rows_are_whole_copies_and_come_a_day_to_two_weeks_later(table):
    twice = table.dirty[table.dirty.event_id.duplicated(keep=False) & table.dirty.event_id.notna()]
    assert (twice.groupby("event_id").nunique(dropna=False).max(axis=1) == 1).all()
    positions = pd.Series(twice.index, index=twice.event_id).groupby(level=0)
    assert (positions.max() - positions.min()).max() > 5 * len(table.dirty) / PLATFORM.n_days


def test_rows_of_non_members_concern_no_member(table, logs):
    members = set(pd.read_parquet(logs.dirty / "members.parquet").user_id)
    strange = table.dirty[table.wrong["non-member"]]
    assert not (set(strange.user_id) | set(strange.actor_id)) & members
    if table.name == "events":
        assert 0 < (strange.user_id == strange.actor_id).sum() < len(strange)


def test_dirt_lies_all_over_the_file_and_would_count_if_it_were_kept(table):
    places = np.flatnonzero(table.wrong.any(axis=1)) / len(table.dirty)
    assert np.percentile(places, [5, 50, 95]) == pytest.approx([0.05, 0.5, 0.95], abs=0.1)
    if table.name == "events":
        made_up = table.dirty[table.wrong.drop(columns=["repeated event_id", "non-member"]).any(axis=1)]
        assert 0.2 < (made_up.user_id == made_up.actor_id).mean() < 0.6


def test_timestamps_that_cannot_be_read_are_of_many_kinds(table):
    texts = table.dirty.timestamp[table.wrong["null or unreadable timestamp"]]
    assert texts.isna().any() and texts.nunique() == 4


def test_columns_of_a_dirty_table_are_the_clean_ones_and_an_id(table):
    assert list(table.dirty.drop(columns="moment")) == ["event_id", *table.clean]
    assert pa.Schema.from_pandas(table.dirty).field("timestamp").type == pa.string()


def test_truth_and_members_are_those_of_the_log_without_dirt(logs):
    for name in ("truth.parquet", "members.parquet"):
        assert (logs.clean / name).read_bytes() == (logs.dirty / name).read_bytes()


def test_same_seed_gives_the_same_dirt_and_another_seed_other_dirt(logs, tmp_path):
    for seed in (3, 4):
        simulate_platform(PLATFORM, seed=seed, out=tmp_path / str(seed), dirt=DIRT)
    for name in ("events.parquet", "stickers.parquet", "ledger.csv"):
        assert (tmp_path / "3" / name).read_bytes() == (logs.dirty / name).read_bytes()
    early = [moments_before(tmp_path / seed / f"{name}.parquet") for seed in "34" for name in ("events", "stickers")]
    assert len(set.union(*early)) == sum(map(len, early)) == 4 * DIRT.before_span


def moments_before(path):
    """The times before the span, all of which are made up."""
    return {when for when in map(moment, pd.read_parquet(path).timestamp) if when < FIRST}


def test_planted_rows_lie_among_the_rows_of_their_day(table):
    wrong = table.wrong.any(axis=1).to_numpy()
    assert wrong[:-1][~wrong[1:]].sum() > 0.6 * (~wrong).mean() * wrong.sum()


def test_dirt_of_one_table_and_kind_leaves_all_other_rows_as_they_are(tmp_path, logs):
    simulate_platform(PLATFORM, seed=3, out=tmp_path, dirt=Dirt())
    clean, dirty = (pd.read_parquet(folder / "events.parquet") for folder in (logs.clean, tmp_path))
    assert dirty.drop(columns=["event_id", "timestamp"]).equals(clean.drop(columns="timestamp"))
    assert pd.read_csv(tmp_path / "ledger.csv").rows.sum() == 0


def test_a_table_has_no_more_late_or_foreign_rows_than_usable_ones(tmp_path):
    simulate_platform(replace(PLATFORM, n_days=20), seed=0, out=tmp_path, dirt=Dirt(late=10_000, foreign_zone=10_000))
    rows = pd.read_parquet(tmp_path / "stickers.parquet")
    ledger = pd.read_csv(tmp_path / "ledger.csv").query("table == 'stickers'").set_index("dirt").rows
    assert 0 < (~rows.timestamp.str.endswith("+00:00")).sum() == ledger["foreign zone"] <= len(rows)
    assert 0 < ledger["late"] < len(rows)  # those of the last days have no day left to come


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def read(request, logs, tmp_path_factory):
    """The clean log, and one with 1,000 rows of every kind of dirt, as the toolkit reads them in an engine."""
    dirty = tmp_path_factory.mktemp("readable")
    simulate_platform(PLATFORM, seed=3, out=dirty, dirt=Dirt.of_every_kind(1_000))

    def read_from(folder):
        names = {name: str(folder / f"{name}.parquet") for name in ("events", "stickers", "members")}
        if request.param == "postgres":
            url, postgres = (request.getfixturevalue(name) for name in ("postgres_url", "postgres"))
            for name, path in names.items():
                postgres.create_table(f"simulated_{name}", pq.read_table(path), overwrite=True)
            postgres.con.commit()
            names = {name: f"{url}::simulated_{name}" for name in names}
        config = DataConfig(**names, first_day=str(FIRST.date()), last_day=str(LAST.date()))
        return prepare(config, tmp_path_factory.mktemp("prepared") / "dataset")

    return SimpleNamespace(clean=read_from(logs.clean), dirty=read_from(dirty), folder=dirty)


def test_the_reader_rejects_what_the_ledger_says(read):
    ledger = pd.read_csv(read.folder / "ledger.csv")
    for name, part in ledger.groupby("table"):
        counts, rows = read.dirty.reconciliation[name], part.set_index("dirt").rows
        rejected = rows.drop(["late", "foreign zone", "non-member"])
        assert {reason: n for reason, n in counts["rejected"].items() if n} == rejected[rejected > 0].to_dict()
        assert counts["non_members"] == rows["non-member"]
        assert counts["used"] == read.clean.reconciliation[name]["used"]


def test_the_reader_makes_the_same_windows_and_labels_of_both(read):
    clean, dirty = read.clean, read.dirty
    assert dirty.panel.features == clean.panel.features
    np.testing.assert_array_equal(dirty.panel.counts, clean.panel.counts)
    np.testing.assert_array_equal(dirty.panel.amounts, clean.panel.amounts)
    pd.testing.assert_frame_equal(dirty.windows.table(), clean.windows.table())
    assert dirty.audit()["base_rates"] == clean.audit()["base_rates"]


@pytest.mark.parametrize("kind", ["unreadable_timestamp", "before_span", "negative_amount", "foreign_zone", "late"])
def test_a_table_s_rows_as_they_stand_are_not_those_of_the_clean_log(tmp_path, logs, kind):
    """Dirt that a careless reader would not even notice would prove nothing."""
    simulate_platform(PLATFORM, seed=3, out=tmp_path, dirt=replace(Dirt(), **{kind: 30}))
    careless = [pd.read_parquet(folder / "stickers.parquet") for folder in (logs.clean, tmp_path)]
    first, second = (rows.timestamp.astype(str).str[:10].tolist() for rows in careless)
    assert first != second


def test_the_command_plants_so_many_rows_of_every_kind(tmp_path, capsys):
    assert main(["simulate", "--seed", "2", "--dirt", "7", "--out", str(tmp_path)]) == 0
    assert set(pd.read_csv(tmp_path / "ledger.csv").rows) == {7}
    assert str(tmp_path / "ledger.csv") in capsys.readouterr().out


def test_a_clean_log_takes_the_ledger_of_a_dirty_one_away(tmp_path):
    simulate("small", seed=0, out=tmp_path, dirt=3)
    simulate("small", seed=0, out=tmp_path)
    assert not (tmp_path / "ledger.csv").exists()


def test_less_than_no_dirt_is_a_mistake(tmp_path, capsys):
    with pytest.raises(UserError, match=r"at least 0 rows \(late\), got -1; raise it"):
        Dirt(late=-1)
    assert main(["simulate", "--dirt", "-1", "--out", str(tmp_path)]) == 2
    assert "expected --dirt of at least 0" in capsys.readouterr().err
