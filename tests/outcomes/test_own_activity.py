"""A log of own activity alone, whose ids are numbers: no fans, no stickers, no member list."""

import pandas as pd
import pytest

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, OutcomeConfig, RunConfig
from churn.data import DataConfig, WindowConfig, example_frames
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


def test_a_list_with_days_to_act_in_is_followed_up_in_the_horizon_after_them(frames, tmp_path, refused):
    config = RunConfig(
        data=DataConfig(events="events", last_day="2024-03-11", windows=WindowConfig(lead_days=4, horizon_days=2)),
        models=["churn.models.Majority"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=[]),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
    )
    run, asked = churn.run(config, tmp_path / "run", frames=frames), OutcomeConfig(repetitions=20)
    found = follow_up(run.folder, DataConfig(events="events"), config=asked, out=tmp_path / "out", frames=frames)
    log = frames["events"]
    inside = log[(log.timestamp >= "2024-03-16") & (log.timestamp < "2024-03-18")]  # the cutoff is the 12th
    share = run.scores.user_id.astype(str).isin(inside.user_id.astype(str)).mean()
    rates = found.outcomes.set_index(["group", "target"]).rate
    assert rates["all", "retention"] == pytest.approx(share)
    assert found.facts["last_horizon_day"] == "2024-03-17"
    page = (run.folder / "report.html").read_text(encoding="utf8")
    assert "Valid from 16 March 2024 to 17 March 2024" in page
    short = DataConfig(events="events", last_day="2024-03-16")
    with refused("events up to 2024-03-17, the last day of the horizon", "none after 2024-03-16", "wait"):
        follow_up(run.folder, short, config=asked, out=tmp_path / "early", frames=frames)


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
