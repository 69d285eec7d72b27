"""Sessions, what follows what, and variants of a log of 5 million events: time and memory beside pm4py.

Both read the same parquet file, part each room's events into sessions by 30 minutes' silence, and count the
directly-follows graph with its starts and ends, and the variants. pm4py is given what its users do for sessions in
pandas: sort, compare with the row before, number. Its variants are cut as `churn` cuts them, after it has stopped its
clock; then all counts must be equal. Each runs in a process of its own, in turns; beside the ratio of the clocks
stands that of processor seconds, which other work on the machine changes little. Goal: 10 times as fast.

pm4py is licensed under the AGPL: it is a tool of this measurement and of the tests, and no part of `churn`.

    churn simulate --preset study --seed 0 --out runs/study-log
    python experiments/benchmarks/journeys.py runs/study-log
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from alone import measured

MAX_STEPS = 20
Answer = tuple[dict[tuple[str, str], int], dict[tuple[str, ...], int]]


def by_pm4py(log: Path) -> Answer:
    """Sessions by pandas, the rest by pm4py."""
    import pandas as pd
    import pm4py

    events = pd.read_parquet(log / "events.parquet")
    role = (events["user_id"] == events["actor_id"]).map({True: "own ", False: "fan "})
    events["label"] = role + events["event"]
    events = events.sort_values(["user_id", "timestamp", "label"], ignore_index=True)
    silence = events.groupby("user_id")["timestamp"].diff()
    events["session"] = (silence.isna() | (silence > pd.Timedelta(minutes=30))).cumsum().astype(str)
    events = pm4py.format_dataframe(events, case_id="session", activity_key="label", timestamp_key="timestamp")
    keys = {"case_id_key": "case:concept:name", "activity_key": "concept:name", "timestamp_key": "time:timestamp"}
    graph, starts, ends = pm4py.discover_dfg(events, **keys)
    sequences = pm4py.get_variants(events, **keys)
    graph = (
        dict(graph) | {("(start)", to): n for to, n in starts.items()} | {(at, "(end)"): n for at, n in ends.items()}
    )
    return graph, dict(sequences)


def by_churn(log: Path) -> Answer:
    """Sessions, transitions and variants in the engine."""
    from churn.data import DataConfig
    from churn.eda import directly_follows, journeys, open_tables, variants

    config = DataConfig(events=str(log / "events.parquet"))
    with open_tables(config) as tables:
        walks = journeys(tables, gap_minutes=30, actors="all")
        graph = directly_follows(walks).table
        sequences = variants(walks, top=None, max_steps=MAX_STEPS).table
    return (
        dict(zip(zip(graph["from"], graph["to"], strict=True), graph["count"], strict=True)),
        dict(zip(zip(sequences["events"], sequences["cut"], strict=True), sequences["sessions"], strict=True)),
    )


def cut(sequences: dict[tuple[str, ...], int]) -> dict[tuple[tuple[str, ...], bool], int]:
    """Variants as `churn` cuts them."""
    counts: Counter[tuple[tuple[str, ...], bool]] = Counter()
    for events, n in sequences.items():
        counts[events[:MAX_STEPS], len(events) > MAX_STEPS] += n
    return dict(counts)


def with_processor(log: Path, *, way: Callable[[Path], Answer]) -> tuple[Answer, float]:
    """The answer, and the processor seconds that it took, over all threads."""
    start = time.process_time()
    return way(log), time.process_time() - start


WAYS = ((by_pm4py, "pm4py"), (by_churn, "churn.eda.journeys"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    speed, processor, memory = [], [], []
    for _ in range(options.rounds):
        (theirs, their_peak, (expected, their_cpu)), (ours, our_peak, (found, our_cpu)) = (
            measured(partial(with_processor, way=way), options.log, uses=uses) for way, uses in WAYS
        )
        assert expected[0] == found[0], "the graphs differ"
        assert cut(expected[1]) == found[1], "the variants differ"
        speed.append(theirs / ours)
        processor.append(their_cpu / our_cpu)
        memory.append(our_peak / their_peak)
        print(f"pm4py {theirs:.1f} s ({their_cpu:.1f} of processor), {their_peak:,.0f} MiB", flush=True)
        print(f"churn {ours:.1f} s ({our_cpu:.1f} of processor), {our_peak:,.0f} MiB", flush=True)
    print(f"{sum(found[0].values()):,} transitions of {len(found[0])} kinds, {len(found[1]):,} variants: equal")
    print(
        f"median: {statistics.median(speed):.1f} times as fast by the clock, "
        f"{statistics.median(processor):.1f} by the processor, {statistics.median(memory):.2f} of the memory"
    )


if __name__ == "__main__":
    main()
