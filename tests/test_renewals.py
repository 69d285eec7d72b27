"""A run on renewals of contracts: asked about ten days before each date, scored, and followed up by the new table."""

import numpy as np
import pandas as pd
import pytest

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, OutcomeConfig, RunConfig
from churn.data import DataConfig, WindowConfig
from churn.evaluation import VerdictConfig
from churn.language import LabelConfig
from churn.outcomes import follow_up
from churn.runs import Run
from churn.scoring import score
from churn.segments import SegmentConfig
from churn.training import TuningConfig

pytestmark = pytest.mark.slow

LEAD = pd.Timedelta(days=10)
DATA = DataConfig(
    events="events",
    outcomes="renewals",
    outcome_columns={"user_id": "customer", "timestamp": "renews_on"},
    outcome={
        **{"column": "state", "positive": ["renewed"], "of": ["renewed", "cancelled"]},
        **{"from": "decided_on", "name": "renewed"},
    },
    windows=WindowConfig(history_days=14, lead_days=LEAD.days, horizon_days=30),
)


@pytest.fixture(scope="module")
def frames(contracts):
    """The tables as they stood on the last day of November, and at the end of the year."""
    late = contracts(120)
    rows, end = late["renewals"], pd.Timestamp("2024-12-01")
    state, decided = (rows[name].where(rows.decided_on < end) for name in ("state", "decided_on"))
    events = late["events"][late["events"].timestamp < end]
    return {"events": events, "renewals": rows.assign(state=state, decided_on=decided)}, late


@pytest.fixture(scope="module")
def finished(frames, tmp_path_factory) -> Run:
    config = RunConfig(
        data=DATA,
        models=["churn.models.LightGBM", "churn.models.Logistic"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=["newcomers"]),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
        segments=SegmentConfig(quantile=0.5),
        labels=LabelConfig(user="customer"),
    )
    return churn.run(config, tmp_path_factory.mktemp("renewals") / "run", frames=frames[0])


@pytest.fixture(scope="module")
def answers(frames):
    """The state of each contract by the year's end, by customer and the day on which it is asked about."""
    rows = frames[1]["renewals"]
    return rows.assign(cutoff=rows.renews_on - LEAD).set_index(["customer", "cutoff"]).state


def test_every_contract_is_a_window_and_each_customer_s_last_open_one_is_scored(finished, frames, answers) -> None:
    windows = finished.table("windows.parquet")
    assert windows.groupby("user_id").size().max() > 5
    open_rows = frames[0]["renewals"][frames[0]["renewals"].state.isna()]
    soon = open_rows[open_rows.renews_on - LEAD <= "2024-12-01"]
    last = soon.groupby("customer").renews_on.max() - LEAD
    scored = finished.scores.set_index("user_id").cutoff
    assert scored.to_dict() == last.to_dict()
    known = windows[windows.renewed.notna()]
    told = answers[list(zip(known.user_id, known.cutoff, strict=True))] == "renewed"
    assert (known.renewed.astype(int).to_numpy() == told.to_numpy()).all()


def test_models_tell_who_renews_by_the_days_before(finished) -> None:
    assert finished.metric("renewed", "roc_auc", "Logistic").low > 0.6


def test_the_pages_speak_of_rows_with_dates_and_not_of_arrivals(finished) -> None:
    for name in ("report.html", "evidence.html"):
        page = (finished.folder / name).read_text(encoding="utf8")
        assert not [told for told in ("on the day of arrival", "earlier arrivals", "First arrival") if told in page]
    evidence = (finished.folder / "evidence.html").read_text(encoding="utf8")
    assert "is asked about 10 days before its date" in evidence
    assert "of the table of outcomes holds renewed" in evidence
    assert "Known from the day in the column decided_on on." in evidence
    assert "Cannot be told here: expected data.windows.at_risk: arrival" in evidence


def test_new_rows_are_scored_as_the_run_scored_its_own(finished, frames, tmp_path) -> None:
    renewals = frames[0]["renewals"][["customer", "renews_on"]]  # nobody need know an answer
    named = {"events": frames[0]["events"], "renewals": renewals}
    out = score(finished.folder, DATA, cutoff="2024-12-01", out=tmp_path / "scores", frames=named)
    scored = pd.read_parquet(out / "scores.parquet").set_index("user_id")
    same = finished.scores.set_index("user_id")
    both = scored.index[scored.cutoff == same.cutoff.reindex(scored.index)]
    assert len(both) > 40
    assert np.allclose(scored.p_renewed[both], same.p_renewed[both])


def test_a_list_is_followed_up_by_customer_and_date(finished, frames, answers, tmp_path) -> None:
    found = follow_up(finished.folder, DATA, config=OutcomeConfig(repetitions=20), out=tmp_path / "o", frames=frames[1])
    scored = finished.scores
    came = answers[list(zip(scored.user_id, scored.cutoff, strict=True))] == "renewed"
    rates = found.outcomes.set_index(["group", "target"])
    assert rates.n["all", "renewed"] == len(scored)
    assert rates.rate["all", "renewed"] == pytest.approx(came.mean())
    oldest = frames[1]["renewals"].groupby("customer").state.first()
    assert came.mean() != pytest.approx((oldest[scored.user_id] == "renewed").mean())  # another row tells another


def test_a_configuration_without_the_table_of_outcomes_cannot_be_scored(finished, frames, refused, tmp_path) -> None:
    bare = DataConfig(events="events")
    with refused("expected data.outcomes, as in training", "none", "set it"):
        score(finished.folder, bare, cutoff="2024-12-01", out=tmp_path / "no", frames=frames[0])
