"""A run on the first 70 of 90 days, whose users have hostile ids and a control, and the continued log."""

from pathlib import Path

import pytest

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, ExploreConfig, RunConfig
from churn.data import DataConfig, example_frames
from churn.evaluation import VerdictConfig
from churn.segments import ControlConfig, SegmentConfig
from churn.training import TuningConfig

HOSTILE = ["<script>alert(1)</script>", "=1+1", '"quoted", comma', "two\nlines", "007", "\r=1+1"]
NAMES = {"events": "events", "stickers": "stickers", "members": "members"}
CUTOFF = "2024-03-12"  # 71 days after the log's first


@pytest.fixture(scope="session")
def frames():
    frames = example_frames(160)
    ids = dict(zip(sorted(frames["members"].user_id)[: len(HOSTILE)], HOSTILE, strict=True))
    for frame in frames.values():
        for column in ("user_id", "actor_id"):
            if column in frame:
                frame[column] = frame[column].replace(ids)
    return frames


@pytest.fixture(scope="session")
def data():
    return DataConfig(**NAMES)


@pytest.fixture(scope="session")
def run_of(frames, tmp_path_factory):
    """Runs two quick models up to the day before CUTOFF with a `segments` block."""

    def finished(segments: SegmentConfig, folder: Path | None = None) -> Path:
        config = RunConfig(
            data=DataConfig(**NAMES, last_day="2024-03-11"),
            models=["churn.models.Logistic", "churn.models.Majority"],
            tuning=TuningConfig(trials=1),
            evaluation=EvaluationConfig(repetitions=20),
            verdicts=VerdictConfig(ask=[]),
            explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
            segments=segments,
            explore=ExploreConfig(journeys=False),
        )
        out = tmp_path_factory.mktemp("runs") / "run" if folder is None else folder
        return churn.run(config, out, frames=frames).folder

    return finished


@pytest.fixture(scope="session")
def controlled(run_of):
    return run_of(SegmentConfig(quantile=0.5, control=ControlConfig(share=0.4, seed=2)))


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    return tmp_path_factory.mktemp("apart") / "key"


@pytest.fixture(scope="session")
def hashed(run_of, key):
    return run_of(SegmentConfig(quantile=0.5, control=ControlConfig(share=0.4, seed=2), id_key=str(key)))
