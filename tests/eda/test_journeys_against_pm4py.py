"""Transitions and variants, equal to pm4py's on real and on simulated logs."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churn.data import DataConfig
from churn.data.sources.simulator import simulate
from churn.eda.coded_events import END, START
from churn.eda.journey_log import journeys
from churn.eda.opening import open_tables
from churn.eda.session_variants import variants
from churn.eda.transitions import directly_follows

GITTER = Path(__file__).parents[3] / "shared" / "data" / "gitter" / "events.parquet"
MAX_STEPS = 40  # sessions without a gap have thousands
KEYS = {"case_id_key": "case:concept:name", "activity_key": "concept:name", "timestamp_key": "time:timestamp"}

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # pm4py's own


@pytest.fixture(scope="module", params=["gitter", "simulator"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[DataConfig, pd.DataFrame]:
    """The configuration of a log, and its rows."""
    if request.param == "gitter":
        if not GITTER.exists():
            pytest.skip("the data of gitter are not at ../shared/data")
        columns = {"user_id": "owner_id"}
        rows = pd.read_parquet(GITTER).rename(columns={"owner_id": "user_id"})
        return DataConfig(events=str(GITTER), event_columns=columns), rows
    folder = tmp_path_factory.mktemp("simulated")
    simulate("small", seed=0, out=folder)
    path = folder / "events.parquet"
    return DataConfig(events=str(path)), pd.read_parquet(path)


@pytest.mark.parametrize(("actors", "gap"), [("own", None), ("own", 30), ("all", 30)])
def test_counts_and_variants_equal_those_of_pm4py(log: Any, actors: Any, gap: float | None) -> None:
    pm4py = pytest.importorskip("pm4py")
    config, rows = log
    events = cases(rows, gap=gap, roles=actors == "all")
    events = pm4py.format_dataframe(events, case_id="case", activity_key="label", timestamp_key="timestamp")
    graph, starts, ends = pm4py.discover_dfg(events, **KEYS)
    expected = dict(graph) | {(START, to): n for to, n in starts.items()} | {(at, END): n for at, n in ends.items()}
    with open_tables(config) as tables:
        walks = journeys(tables, actors=actors, gap_minutes=gap)
        found = directly_follows(walks).table
        sequences = variants(walks, top=None, max_steps=MAX_STEPS).table
    assert dict(zip(zip(found["from"], found["to"], strict=True), found["count"], strict=True)) == expected
    assert walks.n_events == len(events)
    theirs: Counter[Any] = Counter()
    for sequence, n in pm4py.get_variants(events, **KEYS).items():
        theirs[sequence[:MAX_STEPS], len(sequence) > MAX_STEPS] += n
    keys = zip(sequences["events"], sequences["cut"], strict=True)
    assert dict(zip(keys, sequences["sessions"], strict=True)) == theirs


def cases(rows: pd.DataFrame, *, gap: float | None, roles: bool) -> pd.DataFrame:
    """Rows with a label and a case, in the order that `churn` gives to events of one moment: pm4py keeps it."""
    own = rows["user_id"] == rows["actor_id"]
    label = own.map({True: "own ", False: "fan "}) + rows["event"] if roles else rows["event"]
    rows = rows.assign(label=label)[own | roles].sort_values(["user_id", "timestamp", "label"], ignore_index=True)
    silence = rows.groupby("user_id")["timestamp"].diff()
    new = silence.isna() | (silence > pd.Timedelta(minutes=gap) if gap is not None else False)
    return rows.assign(case=new.cumsum().astype(str))
