"""The seconds of the daily table on a Spark Connect server beside SQL that a person would write for it there.

The log of `daily.py`, which the server has to reach at the same path. Both leave a table of (user, day, feature, value)
with the executors; the memory is that of the process here.

    python experiments/benchmarks/daily_on_spark.py sc://127.0.0.1:15002 --rows 50000000 --rounds 3
"""

import argparse
import statistics
import tempfile
from functools import partial
from pathlib import Path

from alone import measured
from daily import MEMBERS, WRITE, _duckdb

from churn.data import DataConfig
from churn.data.log.counts import aggregate
from churn.data.log.tables import read_tables
from churn.data.sources import Engines
from churn.data.windows import panel

BY_HAND = """
WITH log AS (
    SELECT user_id, actor_id, event, datediff(to_date(timestamp), DATE'1970-01-01') AS day FROM parquet.`{events}`
), members AS (SELECT user_id FROM parquet.`{members}`),
rooms AS (
    SELECT user_id, day, CASE WHEN user_id = actor_id THEN 'own_' ELSE 'fan_' END || event AS feature, count(*) AS value
    FROM log WHERE user_id IN (SELECT user_id FROM members) GROUP BY 1, 2, 3
), visits AS (
    SELECT actor_id AS user_id, day, 'away_' || event AS feature, count(*) AS value
    FROM log WHERE user_id <> actor_id AND actor_id IN (SELECT user_id FROM members) GROUP BY 1, 2, 3
)
SELECT * FROM rooms UNION ALL SELECT * FROM visits
"""


def by_hand(url: str, folder: Path) -> int:
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(url).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    daily = session.sql(BY_HAND.format(events=folder / "events.parquet", members=folder / "members.parquet")).persist()
    total = daily.selectExpr("sum(value)").first()[0]
    daily.unpersist()
    session.stop()
    return int(total)


def by_churn(url: str, folder: Path, *, with_panel: bool = False) -> int:
    sources = {name: f"{url}::{folder}/{name}.parquet" for name in ("events", "members")}
    with Engines(folder / "spilled") as engines:
        tables = read_tables(DataConfig(**sources), engines=engines, frames={})
        daily = aggregate(tables, training_end=lambda _first, last: last - 30)
        counts = tables.engine.create_table("daily", daily.counts, temp=True)
        assert daily.reconciliation["events"].balanced
        total = int(counts.value.sum().execute())
        if with_panel:
            panel.build(daily, Path(tempfile.mkdtemp(dir=folder)) / "panel")
        return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--fans", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--panel", action="store_true", help="the panel, too, which the SQL has not")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="churn-") as name:
        folder = Path(name)
        sizes = {"rows": options.rows, "users": options.users, "fans": options.fans}
        _duckdb().execute(WRITE.format(path=folder / "events.parquet", **sizes))
        _duckdb().execute(MEMBERS.format(path=folder / "members.parquet", users=options.users))
        ours = partial(by_churn, options.url, with_panel=options.panel)
        ratios = []
        for _ in range(options.rounds):
            (hand, _, expected), (churn, peak, found) = (
                measured(way, folder, uses="churn.data") for way in (partial(by_hand, options.url), ours)
            )
            assert expected == found, (expected, found)
            ratios.append(churn / hand)
            print(f"SQL {hand:.1f} s; churn {churn:.1f} s, {peak:,.0f} MiB; {churn / hand:.2f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.2f} over {options.rows:,} events")


if __name__ == "__main__":
    main()
