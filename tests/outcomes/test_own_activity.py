"""A log of own activity alone, whose ids are numbers: no fans, no stickers, no member list."""

import pandas as pd
import pytest

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, OutcomeConfig, RunConfig
from churn.data import DataConfig, example_frames
from churn.evaluation import VerdictConfig
from churn.outcomes import follow_up, summary
from churn.segments import ControlConfig, SegmentConfig
from churn.training import TuningConfig

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frames():
    events = example_frames(160)["events"]
    events = events[events.user_id == events.actor_id].drop(columns="actor_id")
    return {"events": events.assign(user_id=pd.factorize(events.user_id)[0] + 2**60)}


def test_retention_alone_is_followed_up_and_numbers_are_recognised(frames, tmp_path, capsys):
    config = RunConfig(
        data=DataConfig(events="events", last_day="2024-03-11"),
        models=["churn.models.Majority"],  # whose scores are all the same
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=[]),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
        segments=SegmentConfig(quantile=0.5, control=ControlConfig(share=0.3), id_key=str(tmp_path / "apart" / "key")),
    )
    run = churn.run(config, tmp_path / "run", frames=frames).folder
    called = frames["events"].user_id.iloc[:1]
    called.to_frame().to_parquet(tmp_path / "called.parquet")
    asked = OutcomeConfig(repetitions=20, contacted=str(tmp_path / "called.parquet"))
    key = config.segments.id_key
    found = follow_up(run, DataConfig(events="events"), config=asked, out=tmp_path / "out", id_key=key, frames=frames)
    assert set(found.outcomes.target) == {"retention"}
    assert found.facts["absent"] == 0
    assert found.facts["contacts_never_scored"] == 0
    assert found.stability.kendall.isna().all()
    summary(found)
    assert "What a contact changed" in capsys.readouterr().out
