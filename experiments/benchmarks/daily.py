"""The seconds of the daily table beside SQL that a person would write for it, on a log of 50 million events.

Both read the same parquet file into a table of (user, day, feature, value) in DuckDB, own process each, in turns. The
SQL does nothing else: it trusts every row, and knows the event types beforehand. `churn` also names a reason for every
row that it can't use, reconciles the counts and freezes the vocabulary.

    python experiments/benchmarks/daily.py --rows 50000000 --rounds 3
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import duckdb
from alone import measured

from churn.data import DataConfig
from churn.data.log.counts import aggregate
from churn.data.log.tables import read_tables
from churn.data.sources import Engines

WRITE = """
SELECT setseed(0.5);
COPY (
    WITH drawn AS (
        SELECT (random() ** 2 * {users})::INT AS room, (random() ** 2 * {fans})::INT AS fan, random() AS role,
               (random() * 5)::INT AS kind, (random() * 180 * 86400)::BIGINT AS second
        FROM range({rows})
    )
    SELECT printf('c%06d', room) AS user_id,
           CASE WHEN role < 0.15 THEN printf('c%06d', room)
                WHEN role < 0.25 THEN printf('c%06d', (room * 7 + fan) % {users})
                ELSE printf('f%07d', fan) END AS actor_id,
           ['post', 'comment', 'like', 'view', 'share', 'visit'][kind + 1] AS event,
           TIMESTAMP '2024-01-01' + to_seconds(second) AS timestamp
    FROM drawn
) TO '{path}' (FORMAT parquet)
"""
MEMBERS = "COPY (SELECT printf('c%06d', i) AS user_id FROM range({users}) t(i)) TO '{path}' (FORMAT parquet)"
BY_HAND = """
CREATE TEMP TABLE daily AS
WITH log AS (
    SELECT user_id, actor_id, event, timestamp::DATE - DATE '1970-01-01' AS day FROM '{events}'
), members AS (SELECT user_id FROM '{members}'),
rooms AS (
    SELECT user_id, day, CASE WHEN user_id = actor_id THEN 'own_' ELSE 'fan_' END || event AS feature, count(*) AS value
    FROM log WHERE user_id IN (FROM members) GROUP BY ALL
), visits AS (
    SELECT actor_id AS user_id, day, 'away_' || event AS feature, count(*) AS value
    FROM log WHERE user_id <> actor_id AND actor_id IN (FROM members) GROUP BY ALL
)
FROM rooms UNION ALL FROM visits
"""


def _duckdb() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect()
    engine.execute("SET enable_progress_bar = false")
    return engine


def by_hand(folder: Path) -> int:
    engine = _duckdb()
    engine.execute(BY_HAND.format(events=folder / "events.parquet", members=folder / "members.parquet"))
    return engine.execute("SELECT sum(value) FROM daily").fetchone()[0]


def by_churn(folder: Path) -> int:
    config = DataConfig(events=str(folder / "events.parquet"), members=str(folder / "members.parquet"))
    with Engines(folder / "spilled") as engines:
        tables = read_tables(config, engines=engines, frames={})
        daily = aggregate(tables, training_end=lambda _first, last: last - 30)
        counts = tables.engine.create_table("daily", daily.counts, temp=True)
        assert daily.reconciliation["events"].balanced
        return int(counts.value.sum().execute())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--fans", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="churn-") as name:
        folder = Path(name)
        sizes = {"rows": options.rows, "users": options.users, "fans": options.fans}
        _duckdb().execute(WRITE.format(path=folder / "events.parquet", **sizes))
        _duckdb().execute(MEMBERS.format(path=folder / "members.parquet", users=options.users))
        ratios = []
        for _ in range(options.rounds):
            (hand, hand_peak, expected), (ours, our_peak, found) = (
                measured(way, folder, uses="churn.data") for way in (by_hand, by_churn)
            )
            assert expected == found, (expected, found)
            ratios.append(ours / hand)
            print(f"SQL {hand:.1f} s, {hand_peak:,.0f} MiB; churn {ours:.1f} s, {our_peak:,.0f} MiB; {ours / hand:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f} over {options.rows:,} events")


if __name__ == "__main__":
    main()
