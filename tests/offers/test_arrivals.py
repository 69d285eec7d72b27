"""Offers to leads, who are asked about on arrival and may have visited nothing yet."""

import numpy as np
import pandas as pd
import pytest

from churn.configuration import EvaluationConfig, ExplanationConfig, RunConfig
from churn.data import DataConfig
from churn.offers import OfferConfig
from churn.pipeline import run
from churn.segments import SegmentConfig
from churn.training import TrainingConfig, TuningConfig

from ..conftest import LEADS, leads

pytestmark = pytest.mark.slow


def test_leads_are_offered_what_is_popular_and_never_what_they_visited(tmp_path) -> None:
    members, rng = leads(), np.random.default_rng(2)
    few = members[members.index % 2 == 0].loc[lambda rows: rows.index.repeat(2)]
    late = pd.to_timedelta(rng.integers(0, 20, len(few)), unit="D")
    visits = pd.DataFrame({"user_id": few.user_id, "timestamp": few.joined + late})
    visits["activity_id"] = rng.choice(["tour", "trial", "talk", "chat", "call"], len(few))
    config = RunConfig(
        data=DataConfig(**{key: value for key, value in LEADS.items() if key not in ("windows", "split")}, **blocks()),
        models=["churn.models.Logistic", "churn.models.Majority"],
        tuning=TuningConfig(trials=1),
        training=TrainingConfig(seeds=1),
        evaluation=EvaluationConfig(repetitions=20),
        explanation=ExplanationConfig(trees=20, rounds=2, seeds=1),
        segments=SegmentConfig(offers=OfferConfig(visits="visits")),
    )
    found = run(config, tmp_path / "run", frames={"members": members, "visits": visits})
    offers = found.offers
    assert {*offers.user_id} == {*found.scores.user_id} and offers.chance.between(0, 1).all()
    known = visits[visits.timestamp < found.scores.cutoff.max()]
    joined = {*zip(known.user_id, known.activity_id, strict=True)}
    assert not joined & {*zip(offers.user_id, offers.activity, strict=True)}
    assert {"offer_1", "offer_basis"} <= {*pd.read_csv(found.folder / "priority.csv")}
    assert 'id="offers"' in (found.folder / "evidence.html").read_text(encoding="utf8")


def blocks():
    from churn.data import SplitConfig, WindowConfig

    return {"windows": WindowConfig(**LEADS["windows"]), "split": SplitConfig(**LEADS["split"])}
