"""Journeys: planted paths, a slow count of the same sessions, and logs with nothing to show."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn.data import DataConfig
from churn.data.log.tables import read_tables
from churn.data.sources import Engines
from churn.eda import process_map
from churn.eda.beginnings import FirstSteps, first_steps
from churn.eda.coded_events import END, OTHER, START
from churn.eda.journey_log import journeys
from churn.eda.opening import open_tables
from churn.eda.session_variants import variants
from churn.eda.transitions import directly_follows

pytestmark = pytest.mark.slow

DAY = pd.Timestamp("2024-03-01")
CONFIG = DataConfig(events="events")


def log_of(*rows: tuple[str, str, str]) -> dict[str, pd.DataFrame]:
    """A log of (user, time after the first day's midnight, event)."""
    frame = pd.DataFrame(rows, columns=["user_id", "timestamp", "event"])
    return {"events": frame.assign(timestamp=DAY + pd.to_timedelta(frame["timestamp"]))}


PLANTED = log_of(
    ("ann", "09:00:00", "view"),
    ("ann", "09:10:00", "like"),
    ("ann", "09:40:00", "view"),  # 30 minutes: still the same session
    ("ann", "10:10:01", "view"),  # a second more than 30 minutes
    ("bob", "09:00:00", "view"),
    ("bob", "09:20:00", "like"),
)


def chance_log(seed: int = 0, n: int = 3000) -> dict[str, pd.DataFrame]:
    """Events at whole minutes, so that many tie, with rooms, actors and names that engines may sort differently."""
    rng = np.random.default_rng(seed)
    user, actor = rng.integers(0, 25, n), rng.integers(0, 40, n)
    actor = np.where(rng.random(n) < 0.6, user, actor)
    names = np.array(["view", "View", "Ärger", "a b", "zap"])
    frame = pd.DataFrame({"user_id": user, "actor_id": actor, "event": names[rng.integers(0, 5, n) ** 2 // 4]})
    for column in ("user_id", "actor_id"):
        frame[column] = "u" + frame[column].astype(str)
    return {"events": frame.assign(timestamp=DAY + pd.to_timedelta(rng.integers(0, 900, n), unit="min"))}


def slow(frame: pd.DataFrame, *, gap: float | None, roles: bool) -> tuple[Counter[Any], Counter[Any]]:
    """Transitions and whole sequences, counted in a loop."""
    own = frame["user_id"] == frame["actor_id"]
    frame = frame if roles else frame[own]
    label = own.map({True: "own ", False: "fan "}) + frame["event"] if roles else frame["event"]
    frame = frame.assign(label=label, key=label.str.encode("utf8")).sort_values(["user_id", "timestamp", "key"])
    graph: Counter[Any] = Counter()
    sequences: Counter[Any] = Counter()
    for _, rows in frame.groupby("user_id"):
        new = rows["timestamp"].diff().isna()
        if gap is not None:
            new |= rows["timestamp"].diff() > pd.Timedelta(minutes=gap)
        for _, session in rows.groupby(new.cumsum()):
            events = tuple(session["label"])
            sequences[events] += 1
            graph.update(zip((START, *events), (*events, END), strict=True))
    return graph, sequences


def counted(walks: Any) -> tuple[dict[Any, int], dict[Any, int]]:
    graph, found = directly_follows(walks).table, variants(walks, top=None, max_steps=400).table
    return (
        {(row["from"], row["to"]): row["count"] for row in graph.to_dict("records")},
        dict(zip(found["events"], found["sessions"], strict=True)),
    )


@pytest.fixture(params=["duckdb", "postgres", "sail", "spark"])
def engines(request: pytest.FixtureRequest, stored: Any) -> Iterator[tuple[Engines, Any]]:
    """Engines, and a way to put a frame into the one that is tried: it gives the source."""
    with Engines() as opened:
        yield opened, None if request.param == "duckdb" else lambda frame: stored(request.param, frame)


def test_planted_paths_are_counted_with_their_times() -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables:
        walks = journeys(tables)
        graph = directly_follows(walks)
    assert (walks.n_users, walks.n_sessions, walks.n_events, walks.n_ties) == (2, 3, 6, 0)
    rows = graph.table.set_index(["from", "to"])
    assert rows["count"].to_dict() == {
        (START, "view"): 3,
        ("view", "like"): 2,
        ("view", END): 2,
        ("like", "view"): 1,
        ("like", END): 1,
    }
    assert rows.loc[("view", "like"), "median_minutes"] == 15
    assert rows.loc[("view", "like"), ["share", "users", "n"]].tolist() == [0.5, 2, 2]
    assert rows.loc[("view", END), "n"] == 0
    assert np.isnan(rows.loc[("view", END), "median_minutes"])
    assert "n = 3 sessions of 2 users" in graph.figure().layout.title.text


def test_variants_tell_sequences_users_and_time() -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables:
        found = variants(journeys(tables))
    rows = found.table.set_index("variant")
    assert rows["sessions"].to_dict() == {"view": 1, "view → like": 1, "view → like → view": 1}
    assert rows["median_minutes"].tolist() == [0, 20, 40]
    assert rows["share"].sum() == pytest.approx(1)


def test_long_variants_are_cut_and_counted_as_cut() -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables:
        found = variants(journeys(tables), max_steps=2)
    assert dict(zip(found.table["variant"], found.table["sessions"], strict=True)) == {
        "view": 1,
        "view → like": 1,
        "view → like → …": 1,
    }
    assert found.n_cut == 1
    assert "Longer sessions, cut (events: 2) and ending in …: 1" in str(found)


@pytest.mark.parametrize("gap", [5, 30.5, None])
@pytest.mark.parametrize("actors", ["own", "all"])
def test_counts_equal_a_slow_count_in_every_engine(engines: Any, gap: float | None, actors: Any) -> None:
    opened, store = engines
    frames = chance_log()
    source = "events" if store is None else store(frames["events"])
    with_tables = read_tables(DataConfig(events=source), engines=opened, frames=frames)
    walks = journeys(with_tables, gap_minutes=gap, actors=actors)
    assert (with_tables.engine.name == "duckdb") == (store is None)
    assert walks.n_ties > 50
    graph, sequences = counted(walks)
    expected = slow(frames["events"], gap=gap, roles=actors == "all")
    assert graph == expected[0]
    assert sequences == expected[1]


def test_the_order_of_rows_changes_nothing() -> None:
    frames = chance_log()
    found = []
    for seed in (0, 1):
        mixed = {"events": frames["events"].sample(frac=1, random_state=seed)}
        with open_tables(CONFIG, frames=mixed) as tables:
            walks = journeys(tables, actors="all")
            found.append([view(walks).table for view in (directly_follows, variants, first_steps)])
    for one, other in zip(*found, strict=True):
        pd.testing.assert_frame_equal(one, other)


MOMENTS = [DAY + pd.Timedelta(microseconds=us) for us in (0, 200, 400)]
SHAPES = {
    "naive": pa.array(MOMENTS, pa.timestamp("us")),
    "naive nanoseconds": pa.array(MOMENTS, pa.timestamp("ns")),
    "zoned": pa.array([t.tz_localize("UTC") for t in MOMENTS], pa.timestamp("us", "Asia/Seoul")),
    "text": pa.array([str(t) for t in MOMENTS]),
    "microseconds": pa.array([t.value // 1000 for t in MOMENTS]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_events_within_a_millisecond_keep_their_order_in_every_shape(engines: Any, shape: str) -> None:
    opened, store = engines
    table = pa.table({"user_id": ["ann"] * 3, "event": ["c", "b", "a"], "timestamp": SHAPES[shape]})
    source = "events" if store is None else store(table.to_pandas())
    tables = read_tables(DataConfig(events=source), engines=opened, frames={"events": table})
    walks = journeys(tables)
    assert variants(walks).table["events"].tolist() == [("c", "b", "a")]
    assert walks.n_ties == 0


def test_only_members_walk_and_only_before_the_cutoff() -> None:
    frames = PLANTED | {"members": pd.DataFrame({"user_id": ["ann", "cid"]})}
    late = log_of(("ann", "33:00:00", "late"))["events"]
    with open_tables(DataConfig(events="events", members="members"), frames=frames) as tables:
        before = journeys(tables, cutoff="2024-03-02")
        expected = directly_follows(before).table
    frames["events"] = pd.concat([frames["events"], late])
    with open_tables(DataConfig(events="events", members="members"), frames=frames) as tables:
        after = journeys(tables, cutoff="2024-03-02")
        pd.testing.assert_frame_equal(directly_follows(after).table, expected)
        assert journeys(tables).events == ("late", "like", "view")
    assert (before.n_users, before.n_events) == (1, 4) == (after.n_users, after.n_events)


def test_rare_types_are_lumped_and_named_so() -> None:
    frames = log_of(*[("ann", f"09:{i:02}:00", name) for i, name in enumerate("aaabbbcd")])
    with open_tables(CONFIG, frames=frames) as tables:
        walks = journeys(tables, max_event_types=2)
        graph = directly_follows(walks).table.set_index(["from", "to"])["count"]
    assert walks.events == ("a", "b", OTHER)
    assert graph["b", OTHER] == graph[OTHER, OTHER] == graph[OTHER, END] == 1
    assert "2 rarer types of event are counted as (other)" in str(walks)


def test_as_many_sessions_leave_a_step_as_enter_it() -> None:
    with open_tables(CONFIG, frames=chance_log()) as tables:
        walks = journeys(tables, gap_minutes=20, actors="all")
        found = first_steps(walks, k=3, top=2)
    table = found.table
    assert found.n_lumped > 0 and OTHER in set(table["to"])
    assert table.loc[table["step"] == 1, "sessions"].sum() == walks.n_sessions
    leaves = table["to"].isin([END, "(goes on)"])
    assert table.loc[leaves, "sessions"].sum() == walks.n_sessions
    into = table[~leaves].groupby(["step", "to"])["sessions"].sum()
    out = table[table["from"] != START].assign(step=table["step"] - 1).groupby(["step", "from"])["sessions"].sum()
    assert into.to_dict() == out.to_dict()
    assert set(table.loc[table["to"] == "(goes on)", "step"]) == {4}


def test_the_map_says_what_it_leaves_out() -> None:
    with open_tables(CONFIG, frames=chance_log()) as tables:
        graph = directly_follows(journeys(tables, actors="all"))
    kept = graph.table["count"].head(4).sum() / graph.table["count"].sum()
    title = graph.map(edges=4).layout.title.text
    assert f"{len(graph.table) - 4:,} rarer transitions, {1 - kept:.1%} of all, are left out." in title
    assert "left out" not in graph.map(edges=1000).layout.title.text


def test_no_label_of_the_map_covers_another_and_no_arrow_strikes_one() -> None:
    with open_tables(CONFIG, frames=chance_log()) as tables:
        drawn = directly_follows(journeys(tables, actors="all")).map(edges=10)
    words = drawn.layout.annotations  # which lie over every trace
    assert {one.bgcolor for one in words} == {"rgba(255,255,255,0.85)"}
    assert not [trace for trace in drawn.data if trace.text]
    places = np.array([(one.x, one.y) for one in words if one.hovertext])
    assert len(places) == 10
    apart = np.abs(places[:, None] - places) >= (0.28, 0.13)
    assert (apart.any(axis=2) | np.eye(10, dtype=bool)).all()


def test_no_arrow_runs_through_an_event_that_it_does_not_visit() -> None:
    names = [f"event {i}" for i in range(6)]
    events = [("u", f"{i // 60:02}:{i % 60:02}:00", names[i % 6]) for i in range(60)]
    starts = [("v", f"{24 * day}:00:00", names[day]) for day in range(6) for _ in range(5)]
    with open_tables(CONFIG, frames=log_of(*events, *starts)) as tables:
        drawn = directly_follows(journeys(tables)).map(edges=30)
    dots = np.column_stack([drawn.data[-1].x, drawn.data[-1].y])
    arrows = [np.column_stack([trace.x, trace.y]) for trace in drawn.data if trace.mode == "lines+markers"]
    assert len(arrows) > 12
    for arrow in arrows:
        distance = np.linalg.norm(dots[:, None] - arrow, axis=2)
        visited = np.minimum(distance[:, 0], distance[:, -1]) < 0.2
        assert (visited | (distance.min(axis=1) > 0.09)).all()


def test_no_line_of_a_title_is_too_long_for_a_phone() -> None:
    with open_tables(CONFIG, frames=chance_log()) as tables:
        title = directly_follows(journeys(tables, actors="all")).map(edges=4).layout.title.text
    lines = [re.sub("<.*?>", "", line) for line in title.split("<br>")]
    assert len(lines) >= 4 and max(map(len, lines)) <= 60


def test_names_are_no_tags_on_any_chart() -> None:
    frames = {"events": PLANTED["events"].replace({"event": {"view": "<b>view"}})}
    with open_tables(CONFIG, frames=frames) as tables:
        walks = journeys(tables)
        for view in (directly_follows, variants, first_steps):
            drawn = str(view(walks).figure().to_json()).replace("\\u003c", "<")
            assert "<b>view" not in drawn
            assert "&lt;b" in drawn


MINUTE_BY_MINUTE = [f"09:{i:02}:00" for i in range(4)]
NOTHING = {
    "one type": (log_of(*[(user, time, "a") for user in "xy" for time in MINUTE_BY_MINUTE]), "of one type, a"),
    "one user": (
        log_of(*[("x", time, event) for time, event in zip(MINUTE_BY_MINUTE, "abab", strict=True)]),
        "one user",
    ),
    "days alone": (log_of(*[(user, "24:00:00", event) for user in "xy" for event in "ab"]), "no finer than a day"),
    "days alone, over a change of clocks": (
        {
            "events": pd.DataFrame(
                {
                    "user_id": list("xxxxyyyy"),
                    "event": list("abab") * 2,
                    "timestamp": pd.to_datetime(["2024-03-30", "2024-03-31", "2024-04-01", "2024-04-01"] * 2),
                }
            ).assign(timestamp=lambda log: log["timestamp"].dt.tz_localize("Europe/Berlin"))
        },
        "no finer than a day",
    ),
    "gaps of weeks": (
        log_of(*[(user, f"{24 * 21 * i + i}:00:00", "ab"[i]) for user in "xy" for i in (0, 1)]),
        "No two events of a user are within 30 minutes",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_log_without_paths_gets_a_sentence_in_place_of_each_chart(case: str) -> None:
    frames, passage = NOTHING[case]
    with open_tables(CONFIG, frames=frames) as tables:
        walks = journeys(tables)
        for view in (directly_follows, variants, first_steps):
            made = view(walks)
            assert passage in str(made)
            assert passage in made.figure().layout.annotations[0].text
            assert not made.figure().data
            assert len(made.table) > 0
            assert repr(made) == str(made)


def test_a_log_without_any_usable_event_gets_a_sentence() -> None:
    frames = {"events": PLANTED["events"].assign(actor_id="fan")}
    with open_tables(CONFIG, frames=frames) as tables:
        nothing = "No event can be used"
        others = f'{len(PLANTED["events"])} events there are of others: with actors="all"'
        for walks, passage in (
            (journeys(tables), others),
            (journeys(tables, cutoff="2020-01-01"), nothing),
            (journeys(tables, actors="all", cutoff="2020-01-01"), nothing),
        ):
            for view in (directly_follows, variants, first_steps):
                assert passage in str(view(walks))
                assert view(walks).figure().layout.annotations


def test_days_without_ties_are_paths_where_the_gap_allows() -> None:
    frames = log_of(*[(user, f"{24 * i}:00:00", "ab"[i]) for user in "xy" for i in (0, 1)])
    with open_tables(CONFIG, frames=frames) as tables:
        assert journeys(tables, gap_minutes=None).empty is None


def test_a_gap_of_nothing_is_refused(refused: Any) -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables:
        with refused("gap_minutes above 0", "0", "30"):
            journeys(tables, gap_minutes=0)
        with refused("expected a day", "soon", "2024-03-01"):
            journeys(tables, cutoff="soon")


USERS = pd.DataFrame({"user_id": ["ann", "bob"], "cutoff": ["2024-03-05", None]})


@pytest.mark.parametrize(
    ("users", "expected", "found"),
    [
        (USERS, "a day", "none"),
        (USERS.rename(columns={"user_id": "id"}), "a column user_id", "id, cutoff"),
        (USERS.assign(user_id="ann"), "each user once", "'ann' twice"),
    ],
)
def test_users_who_cannot_be_followed_are_refused(users: pd.DataFrame, expected: str, found: str, refused: Any) -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables, refused(expected, found, ""):
        journeys(tables, users=users)


@pytest.mark.parametrize("gap", [0, -1, "30", True, float("nan"), 1e300])
def test_gaps_that_are_none_are_refused(gap: Any, refused: Any) -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables, refused("gap_minutes above 0", repr(gap), "30 is usual"):
        journeys(tables, gap_minutes=gap)


def test_ids_of_another_kind_are_refused(refused: Any) -> None:
    frames = {"events": PLANTED["events"].assign(user_id=7)}
    with open_tables(CONFIG, frames=frames) as tables:
        assert journeys(tables, users=pd.DataFrame({"user_id": ["7"]})).n_users == 1
        with refused("user_id as in the log, whole numbers", "'ann'", "own ids"):
            journeys(tables, users=pd.DataFrame({"user_id": ["7", "ann"]}))
        with refused("a data frame of users", "list", "user_id"):
            journeys(tables, users=[7])


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_journeys_of_closed_tables_say_so(engine: str, tmp_path: Path, refused: Any) -> None:
    frames, config = PLANTED, CONFIG
    if engine == "sqlite":
        store = ibis.sqlite.connect(tmp_path / "log.db")
        store.create_table("events", PLANTED["events"])
        store.disconnect()
        frames, config = {}, DataConfig(events=f"sqlite://{tmp_path}/log.db::events")
    with open_tables(config, frames=frames) as tables:
        walks = journeys(tables)
    for view in (directly_follows, variants, first_steps):
        with refused("tables are open", "closed", "inside the block of open_tables"):
            view(walks)


def test_users_whom_the_log_does_not_have_are_a_sentence() -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables:
        found = directly_follows(journeys(tables, users=pd.DataFrame({"user_id": ["nobody", "noone"]})))
    assert "None of the 2 users asked for has a usable event" in str(found)


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3", 10**20])
def test_counts_that_are_no_whole_numbers_are_refused(value: Any, refused: Any) -> None:
    with open_tables(CONFIG, frames=PLANTED) as tables:
        walks = journeys(tables)
        for name, ask in (
            ("k", lambda: first_steps(walks, k=value)),
            ("top", lambda: first_steps(walks, top=value)),
            ("top", lambda: variants(walks, top=value)),
            ("max_steps", lambda: variants(walks, max_steps=value)),
            ("max_event_types", lambda: journeys(tables, max_event_types=value)),
        ):
            with refused(f"expected {name} of at", str(value), "give"):
                ask()


def test_users_whose_number_a_null_has_made_fractional_are_followed_all_the_same() -> None:
    with open_tables(CONFIG, frames=log_of(("7", "09:00:00", "view"), ("8", "09:00:00", "view"))) as tables:
        assert journeys(tables, users=pd.DataFrame({"user_id": [7.0]})).n_users == 1


def test_a_label_of_the_map_stands_where_no_other_arrow_strikes_it() -> None:
    along = np.linspace(-1, 1, 61)
    level, upright = np.column_stack([along, 0 * along]), np.column_stack([0 * along, along])
    first, _ = process_map._apart([level, upright], taken=[np.array([5.0, 5.0])])
    assert not process_map._inside(first, upright)


def test_a_thin_node_of_the_first_steps_is_named_where_it_is_pointed_at() -> None:
    flows = [(1, "(start)", "a", 98), (1, "(start)", "b", 2), (2, "a", "(end)", 98), (2, "b", "(end)", 2)]
    table = pd.DataFrame(flows, columns=["step", "from", "to", "sessions"]).eval("share = sessions / 100")
    node = FirstSteps(table.assign(users=1), None, "n = 100", (), 5, 0).figure().data[0].node
    assert list(node.label) == ["(start)", "a", "", "(end)"]
    assert list(node.customdata) == ["(start)", "a", "b", "(end)"] and "%{customdata}" in node.hovertemplate
