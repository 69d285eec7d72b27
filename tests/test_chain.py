"""The whole chain on a made-up platform: items are tagged, a run counts them, offers what suits, and outcomes tell what
an offer caused; everything planted is found."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import declared
from churn.configuration import EvaluationConfig, ExplanationConfig, OutcomeConfig, RunConfig
from churn.data import DataConfig
from churn.data.sources.simulator import Makings, Preset, accepted, simulate_platform
from churn.data.sources.simulator.makings import SUBJECTS
from churn.evaluation import VerdictConfig
from churn.offers import OfferConfig
from churn.outcomes import follow_up
from churn.pipeline import run
from churn.segments import ControlConfig, GroupConfig, SegmentConfig
from churn.tagging import ItemConfig, TagConfig, tag
from churn.training import TuningConfig

pytestmark = pytest.mark.slow

PLATFORM = Preset(n_creators=900, n_residents=800, n_fans=500, n_days=150)
CUTOFF, HORIZON, CHANCE = pd.Timestamp("2023-04-02"), 7, 0.5  # a week before the last day
MAPPED = {"item_id": "item_id", "text": "title", "category": "category", "user_id": "user_id", "timestamp": "timestamp"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A platform with items, visits and their truth, and the tags of its items."""
    home: Path = tmp_path_factory.mktemp("chain")
    simulate_platform(PLATFORM, seed=5, out=home / "log", items=Makings())
    config = TagConfig(
        data=ItemConfig(str(home / "log" / "items.parquet"), MAPPED), taggers=["churn.tagging.Characters"]
    )
    tag(config, home / "tags")
    return home


def data_of(home):
    items = {"source": str(home / "tags" / "items.parquet"), "name": "items", "makes": True}
    return DataConfig(
        events=[str(home / "log" / "events.parquet"), items], members=str(home / "log" / "members.parquet")
    )


def offers_of(visits, home):
    return OfferConfig(visits=str(visits), activities=str(home / "log" / "activities.parquet"))


@pytest.fixture(scope="module")
def finished(home):
    config = RunConfig(
        data=DataConfig(**vars(data_of(home)) | {"last_day": str((CUTOFF - pd.Timedelta(days=1)).date())}),
        models=["churn.models.Logistic"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=[]),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
        segments=SegmentConfig(
            quantile=0.1,
            groups=GroupConfig(max=1),
            control=ControlConfig(share=0.5, seed=1),
            offers=offers_of(home / "log" / "visits.parquet", home),
        ),
    )
    return run(config, home / "run")


def truth(home, name):
    return pd.read_parquet(home / "log" / f"{name}.parquet")


def test_items_without_a_category_get_the_true_one_and_wrong_ones_are_doubted(home):
    found = declared.ITEMS.read(home / "tags").merge(truth(home, "items_truth"), on="item_id")
    said = found[found.basis == "predicted"]
    assert len(said) > 500 and (said.event == said.subject).mean() > 0.97
    given = found[found.basis == "given"]
    assert given.looks_wrong[given.wrong].mean() > 0.9 and given.wrong[given.looks_wrong].mean() > 0.9


def test_items_are_counted_beside_what_users_do_and_the_list_says_what_each_makes(home, finished):
    assert {f"own_{subject}" for subject in SUBJECTS} <= set(finished.features.feature)
    rows = finished.manifest["reconciliation"]
    assert rows["items"]["read"] == rows["items"]["used"] + sum(rows["items"]["rejected"].values())
    listed = pd.read_csv(finished.folder / "priority.csv").merge(truth(home, "tastes"), on="user_id")
    made = listed[listed.makes.notna()]
    assert len(made) > 10
    assert [text.split(" (")[0] for text in made.makes] == [
        finished.makes[finished.makes.user_id == user].event.iloc[0] for user in made.user_id
    ]
    several = finished.makes[(finished.makes.place == 1) & (finished.makes.n >= 5)].merge(truth(home, "tastes"))
    assert (several.event == several.subject).mean() > 0.8
    before = declared.ITEMS.read(home / "tags")
    counted = before[pd.to_datetime(before.timestamp, utc=True) < CUTOFF.tz_localize("UTC")]
    user, event, n = finished.makes[["user_id", "event", "n"]].iloc[0]
    assert n == ((counted.user_id == user) & (counted.event == event)).sum()


def test_offers_follow_the_planted_tastes_once_this_has_proved_better(home, finished):
    known = finished.offer_measures.query("known == '1+' and k == 3").set_index("basis")
    assert known.gain_low["like_yours"] > 0
    assert known.hit_rate["like_yours"] > 1.3 * known.hit_rate["popular"]
    activities, tastes = truth(home, "activities"), truth(home, "tastes")
    activities["subject"] = np.resize(list(SUBJECTS), len(activities))
    liked = finished.offers[(finished.offers.place == 1) & (finished.offers.basis == "like_yours")].merge(tastes)
    visits = truth(home, "visits")[["user_id", "activity_id"]].drop_duplicates()
    open_ = activities[activities.opened < CUTOFF].merge(tastes, on="subject")
    left = open_.merge(visits, how="left", on=["user_id", "activity_id"], indicator=True).query("_merge == 'left_only'")
    own = left.groupby("user_id").size()
    choice = liked[liked.user_id.map(own).fillna(0) >= 3]  # of whose taste there is something left to offer
    assert len(choice) > 30
    subject = choice.activity.map(activities.set_index("activity_id").subject)
    assert (subject == choice.subject).mean() > 0.7


def test_outcomes_tell_how_many_more_go_where_offers_are_made(home, finished, tmp_path):
    groups = finished.table("priority.parquet").set_index("user_id").group
    told = groups.index[groups == "contact"]
    caused = accepted(finished.offers, told, chance=CHANCE, cutoff=CUTOFF, days=HORIZON, seed=0)
    visits = truth(home, "visits").assign(timestamp=lambda table: table.timestamp.dt.tz_localize(None))
    pd.concat([visits, caused]).to_parquet(tmp_path / "visits.parquet")
    offered = offers_of(tmp_path / "visits.parquet", home)
    data, out = DataConfig(**vars(data_of(home)) | {"last_day": "2023-04-08"}), tmp_path / "out"
    found = follow_up(finished.folder, data, config=OutcomeConfig(), out=out, offered=offered)
    effect = found.effects[found.effects.target == "offer"].iloc[0]
    base = found.outcomes.query("target == 'offer' and group == 'control'").rate.iloc[0]
    assert effect.low <= CHANCE * (1 - base) <= effect.high
    assert effect.low > 0
