"""Items and visits of the made-up platform: everything planted is found, and the log is equal without items."""

import numpy as np
import pandas as pd
import pytest

from churn.cli import main
from churn.data.sources.simulator import Makings, Preset, simulate_platform
from churn.data.sources.simulator.makings import SUBJECTS

pytestmark = pytest.mark.slow

PLATFORM = Preset(n_creators=250, n_residents=200, n_fans=500, n_days=90)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "out"
    simulate_platform(PLATFORM, seed=3, out=out, items=Makings())
    return {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}


def test_the_log_is_the_same_with_items_and_without(made, tmp_path):
    simulate_platform(PLATFORM, seed=3, out=tmp_path / "plain")
    for name in ("events", "stickers", "members", "truth"):
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "plain" / f"{name}.parquet"), made[name])


def test_each_post_is_an_item(made):
    events = made["events"]
    posts = events[(events.event == "post") & (events.user_id == events.actor_id)]
    assert posts.user_id.value_counts().sort_index().equals(made["items"].user_id.value_counts().sort_index())
    assert made["items"].item_id.is_unique and made["items"].item_id.equals(made["items_truth"].item_id)


def test_shares_of_wrong_and_missing_categories_and_of_typing_errors_are_as_planted(made):
    items, truth = made["items"], made["items_truth"]
    told = items.category.notna()
    assert (items.category[told] != truth.subject[told]).equals(truth.wrong[told])
    assert truth.wrong.mean() == pytest.approx(0.05, abs=0.015)
    assert (~told).mean() == pytest.approx(0.2, abs=0.03)
    known = {word for words in SUBJECTS.values() for word in words}
    own = items.title.str.split().explode()
    assert own.isin(known).mean() == pytest.approx(0.5 * 0.9, abs=0.04)


def test_tastes_drift_before_creators_fall_silent(made):
    items = made["items"].merge(made["items_truth"]).merge(made["tastes"], on="user_id", suffixes=("", "_own"))
    to_taste = items.assign(own=items.subject == items.subject_own)
    events = made["events"]
    own = events[events.user_id == events.actor_id]
    last = own.groupby("user_id").timestamp.max()
    silent = last[last < events.timestamp.max() - pd.Timedelta(days=21)].index
    ending = to_taste[to_taste.user_id.isin(silent)].sort_values("timestamp").groupby("user_id").tail(1)
    assert to_taste.own.mean() > ending.own.mean() + 0.1


def test_visits_follow_tastes_and_go_to_nothing_that_has_not_opened(made):
    visits = made["visits"].merge(made["activities"], on="activity_id").merge(made["tastes"], on="user_id")
    assert (visits.timestamp.dt.tz_localize(None) >= visits.opened).all()
    subject = dict(zip(made["activities"].activity_id, np.resize(list(SUBJECTS), 40), strict=True))
    assert (visits.activity_id.map(subject) == visits.subject).mean() > 0.8


def test_the_command_writes_items_where_it_is_asked_to(tmp_path):
    assert main(["simulate", "--out", str(tmp_path / "out"), "--items", "--quiet"]) == 0
    assert {"items.parquet", "visits.parquet", "activities.parquet"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
