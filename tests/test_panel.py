"""A whole run on a table with one row per user and day, whose state looks back over a week."""

import numpy as np
import pandas as pd
import pytest

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, OutcomeConfig, RunConfig
from churn.data import DataConfig, WindowConfig
from churn.evaluation import VerdictConfig
from churn.outcomes import follow_up
from churn.training import TuningConfig

from .report.parsed_page import ParsedPage

pytestmark = pytest.mark.slow

FIRST, DAYS, USERS = pd.Timestamp("2024-01-01"), 150, 120
ABSENT = (60, 61, 100)  # days on which the whole platform has no row


def days():
    """Rows of users whose zeal goes up and down, with fans that grow as they post; one in ten is missing."""
    rng, rows = np.random.default_rng(0), []
    for user in range(USERS):
        zeal = rng.uniform(0.02, 0.5) * (1 + np.sin(np.arange(DAYS + 7) / rng.uniform(8, 20) + rng.uniform(0, 6))) / 2
        uploads = rng.poisson(zeal)
        fans = 1_000 * user + 500 * uploads.cumsum()
        for day in range(DAYS):
            if day not in ABSENT and rng.random() < 0.9:
                lately = bool(uploads[day + 1 : day + 8].any())
                rows.append((f"u{user:03d}", FIRST + pd.Timedelta(days=day), uploads[day + 7], lately, fans[day + 7]))
    return pd.DataFrame(rows, columns=["user_id", "timestamp", "uploads", "uploaded_7d", "fans"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    table = days()
    config = RunConfig(
        data=DataConfig(
            daily="daily",
            daily_levels=["fans"],
            daily_activity={"column": "uploaded_7d", "over_days": 7},
            windows=WindowConfig(history_days=14, horizon_days=7),
            last_day="2024-05-20",
            features=["month", "gaps"],
        ),
        models=["churn.models.LightGBM", "churn.models.GRU"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=["horizon"], repetitions=20, horizons=[3, 9], windows=3_000),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
    )
    return churn.run(config, tmp_path_factory.mktemp("panel") / "run", frames={"daily": table})


def test_windows_without_an_answer_are_in_no_part_and_the_evidence_says_how_many(finished) -> None:
    n = finished.manifest["audit"]["windows_censored"]
    assert n > 0
    page = ParsedPage(finished.folder / "evidence.html")
    assert f"{n:,} further windows are in no part" in page.text
    windows = finished.table("windows.parquet")
    assert windows[windows.part != "score"].churn.notna().all()


def test_pages_and_list_speak_of_channels_and_of_no_events(finished) -> None:
    listed = pd.read_csv(finished.folder / "priority.csv")
    reasons = " ".join(listed.filter(like="reason_").fillna("").to_numpy().ravel())
    assert "uploads: " in reasons or "fans: " in reasons
    for name in ("report", "evidence"):
        words = ParsedPage(finished.folder / f"{name}.html").text.partition("Configuration")[0]
        assert "event" not in words.lower()
        assert "uploads" in words


def test_sums_of_a_channel_are_named_by_it(finished) -> None:
    assert {"month(uploads)", "month(uploaded_7d)"} <= {*finished.table("features.csv").feature}
    assert "uploads in four weeks" in ParsedPage(finished.folder / "evidence.html").text.lower()


def test_horizons_shorter_than_the_state_are_left_out_of_the_verdict(finished) -> None:
    variants = {*finished.table("verdicts.csv").query("verdict == 'horizon'").variant}
    assert variants == {"7 days", "9 days"}


def test_new_days_are_scored_and_followed_up_by_the_last_day_of_the_horizon(finished, tmp_path) -> None:
    table = days()
    scored = finished.score({"daily": table}, cutoff="2024-05-21")
    assert scored.user_id.is_unique and scored.p_churn.between(0, 1).all()
    found = follow_up(
        finished.folder,
        DataConfig(daily="daily"),
        config=OutcomeConfig(),
        out=tmp_path / "outcomes",
        frames={"daily": table},
    )
    last = table[table.timestamp == pd.Timestamp("2024-05-27")].set_index("user_id").uploaded_7d
    known = finished.scores[finished.scores.user_id.isin(last.index)]
    row = found.outcomes.query("group == 'all' and target == 'retention'").iloc[0]
    assert row.n == len(known) < len(finished.scores)
    assert row.rate == pytest.approx(last[known.user_id].mean())


def test_state_over_days_leaves_the_model_of_single_days_out(refused) -> None:
    data = DataConfig(daily="days", daily_activity={"column": "posted", "over_days": 7})
    assert "churn.models.Foresight" not in RunConfig(data=data).models
    with refused("models of an answer with data.daily_activity", "about days", "leave it out"):
        RunConfig(data=data, models=["churn.models.Foresight"])
