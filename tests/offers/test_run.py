"""Offers of a run: in the list, in the scores, on the pages, in new scores, and in the outcomes of a list."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import churn
from churn.artefacts import declared
from churn.configuration import EvaluationConfig, ExplanationConfig, ExploreConfig, OutcomeConfig, RunConfig
from churn.data import DataConfig, example_frames
from churn.data.sources.simulator import accepted
from churn.evaluation import VerdictConfig
from churn.language import speaking
from churn.offers import OfferConfig
from churn.outcomes import follow_up, summary
from churn.pipeline import run
from churn.report import write_report
from churn.scoring import score
from churn.segments import ControlConfig, Order, SegmentConfig, write_contacts
from churn.training import TuningConfig

pytestmark = pytest.mark.slow
NAMES = {"events": "events", "stickers": "stickers", "members": "members"}
OFFERS = OfferConfig(visits="visits", activities="activities", excluded="excluded")
CUTOFF = "2024-03-12"
CLUBS = [f"club{place}" for place in range(12)]


def visits_of(members):
    """Members with tastes, who join a club every nine days or so; some visitors have no id."""
    rng, rows = np.random.default_rng(1), []
    for place, member in enumerate(members):
        for day in np.cumsum(rng.geometric(1 / 9, 12)):
            half = rng.integers(2) if rng.random() < 0.1 else place % 2
            if day < 90:
                rows.append((member, CLUBS[2 * rng.integers(6) + half], int(day)))
    rows += [(None, "club3", day) for day in range(60, 90)] + [("stranger", "no club", 3)]
    table = pd.DataFrame(rows, columns=["user_id", "activity_id", "day"])
    return table.assign(timestamp=pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(table.pop("day"), unit="D"))


@pytest.fixture(scope="module")
def frames():
    made = example_frames(160)
    activities = pd.DataFrame({"activity_id": [*CLUBS, "empty"], "title": [f"=Club {n}" for n in range(13)]})
    excluded = pd.DataFrame({"activity_id": ["club0"]})
    return made | {"visits": visits_of(made["members"].user_id), "activities": activities, "excluded": excluded}


def config_of(offers=OFFERS, **segments):
    return RunConfig(
        data=DataConfig(**NAMES, last_day="2024-03-11"),
        models=["churn.models.Logistic", "churn.models.Majority"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=[]),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
        explore=ExploreConfig(journeys=False),
        segments=SegmentConfig(quantile=0.5, control=ControlConfig(share=0.4, seed=2), offers=offers, **segments),
    )


@pytest.fixture(scope="module")
def finished(frames, tmp_path_factory):
    return run(config_of(), tmp_path_factory.mktemp("runs") / "run", frames=frames)


@pytest.fixture(scope="module")
def followed(finished, frames, tmp_path_factory):
    out = tmp_path_factory.mktemp("outcomes") / "out"
    data = DataConfig(**NAMES)
    return follow_up(finished.folder, data, config=OutcomeConfig(), out=out, frames=frames, offered=OFFERS)


def test_every_scored_user_is_offered_new_clubs_with_a_chance_and_a_basis(finished, frames) -> None:
    offers, scores = finished.offers, finished.scores
    assert {*offers.user_id} == {*scores.user_id} and offers.place.between(1, 3).all()
    assert offers.chance.between(0, 1).all() and {*offers.basis} <= {"popular", "like_yours"}
    before = frames["visits"][frames["visits"].timestamp < CUTOFF]
    joined = {*zip(before.user_id, before.activity_id, strict=True)}
    assert not joined & {*zip(offers.user_id, offers.activity, strict=True)}
    assert "club0" not in {*offers.activity} and "no club" not in {*offers.activity}
    first = offers[offers.place == 1].set_index("user_id")
    assert (scores.set_index("user_id").offer_1 == first.activity).all()
    assert (scores.set_index("user_id").offer_basis == first.basis).all()


def test_the_list_names_what_to_offer_and_says_what_the_columns_hold(finished) -> None:
    contacts = pd.read_csv(finished.folder / "priority.csv")
    assert [name for name in contacts if name.startswith("offer_")] == ["offer_1", "offer_2", "offer_3", "offer_basis"]
    title = finished.offers[finished.offers.place == 1].set_index("user_id").title
    assert (contacts.offer_1 == "'" + contacts.user_id.map(title)).all()  # no formula
    words = {"popular lately", "like the user's own activities, and popular lately"}
    assert {*contacts.offer_basis} <= words
    about = pd.read_excel(finished.folder / "priority.xlsx", sheet_name=1, header=None).set_index(0)[1]
    assert "has not joined and may like" in about["offer_1, …"] and about["offer_basis"] == "How the offers are known"


def test_the_manifest_accounts_for_every_visit(finished, frames) -> None:
    told = finished.manifest["offers"]
    rows, late = told["rows"]["visits"], int((frames["visits"].timestamp >= CUTOFF).sum())
    assert rows["read"] == len(frames["visits"]) == rows["used"] + rows["unknown activity"] + rows["from the cutoff on"]
    assert rows["unknown activity"] == 1 and rows["from the cutoff on"] == late and rows["without user_id"] == 11
    assert told["without_visits"] == 1 and told["cutoffs"] == 6 and told["horizon_days"] == 7


def test_the_pages_show_offers_in_both_languages(finished, tmp_path) -> None:
    evidence = (finished.folder / "evidence.html").read_text(encoding="utf8")
    assert 'id="offers"' in evidence and "Hits of offers at earlier cutoffs" in evidence
    assert "1 of activities that are not listed" in evidence
    report = (finished.folder / "report.html").read_text(encoding="utf8")
    assert "To offer" in report and "=Club" in report
    copy = shutil.copytree(finished.folder, tmp_path / "run")
    write_report(copy, "ko")
    korean = (copy / "evidence.html").read_text(encoding="utf8")
    assert "무엇을 추천할까" in korean and "Hits of offers" not in korean
    with speaking("ko"):
        write_contacts(copy, Order.load(copy / "models"), finished.segments)
    assert "popular" not in {*pd.read_csv(copy / "priority.csv").offer_basis.str[:7]}


def test_new_scores_have_offers_of_the_new_visits_by_what_the_run_learnt(finished, frames, tmp_path) -> None:
    again = score(
        finished.folder, DataConfig(**NAMES), cutoff=CUTOFF, out=tmp_path / "s", frames=frames, offered=OFFERS
    )
    same = declared.OFFERS.read(again).merge(finished.offers, on=["user_id", "place"], suffixes=("", "_run"))
    assert len(same) == len(finished.offers) and (same.activity == same.activity_run).all()
    assert same.chance.to_numpy() == pytest.approx(same.chance_run.to_numpy())
    assert "offer_1" in pd.read_csv(again / "priority.csv")
    early = score(
        finished.folder, DataConfig(**NAMES), cutoff="2024-03-05", out=tmp_path / "e", frames=frames, offered=OFFERS
    )
    known = frames["visits"][frames["visits"].timestamp < "2024-03-05"]
    newer = known[known.timestamp >= "2024-02-06"].groupby("activity_id").user_id.nunique()
    base = declared.POPULAR.read(early).set_index("activity").members.drop(["club3", "empty"])
    assert (base == newer.reindex(base.index)).all()


def test_scores_without_visits_have_no_offers_and_a_warning(finished, frames, tmp_path) -> None:
    out = score(finished.folder, DataConfig(**NAMES), cutoff=CUTOFF, out=tmp_path / "s", frames=frames)
    assert not (out / declared.OFFERS.file).exists() and "offer_1" not in pd.read_csv(out / "priority.csv")
    warnings = [str(one) for one in json.loads((out / "scoring.json").read_text())["warnings"]]
    assert any("segments.offers.visits" in one for one in warnings)


def test_outcomes_tell_who_took_an_offer_in_the_list_and_in_the_control(finished, followed, frames) -> None:
    visits = frames["visits"]
    since = visits[(visits.timestamp >= CUTOFF) & (visits.timestamp < "2024-03-19")]
    joined = {*zip(since.user_id, since.activity_id, strict=True)}
    offers = finished.offers
    took = {u for u, a in zip(offers.user_id, offers.activity, strict=True) if (u, a) in joined}
    rows = followed.outcomes[followed.outcomes.target == "offer"].set_index("group")
    groups = finished.table("priority.parquet").set_index("user_id").group
    for name in ("contact", "control"):
        users = groups.index[groups == name]
        assert rows.rate[name] == pytest.approx(np.mean([user in took for user in users])) and rows.n[name] == len(
            users
        )
    assert rows.rate["all"] > 0 and 0 < rows.forecast["all"] < 1
    effect = followed.effects[followed.effects.target == "offer"].iloc[0]
    assert effect.difference == pytest.approx(rows.rate["contact"] - rows.rate["control"])
    assert effect.low <= effect.difference <= effect.high


def test_outcomes_find_what_offers_have_caused(finished, frames, tmp_path) -> None:
    listed, chance = finished.table("priority.parquet"), 0.6
    told = pd.Index(listed.user_id[listed.group == "contact"])
    cutoff = pd.Timestamp(CUTOFF)
    caused = accepted(finished.offers, told, chance=chance, cutoff=cutoff, days=7, seed=0)
    before = frames["visits"][frames["visits"].timestamp < CUTOFF]  # so that nobody goes without having been told
    last = before.tail(1).assign(timestamp=cutoff + pd.Timedelta(days=6, hours=20))
    since = frames | {"visits": pd.concat([before, caused, last], ignore_index=True)}
    asked = {"config": OutcomeConfig(), "frames": since, "offered": OFFERS}
    found = follow_up(finished.folder, DataConfig(**NAMES), out=tmp_path / "out", **asked)
    effect = found.effects[found.effects.target == "offer"].iloc[0]
    assert effect.low < chance < effect.high and effect.low > 0 and effect.b == 0


def test_outcomes_are_told_in_words(followed, capsys) -> None:
    summary(followed)
    assert "offer" in capsys.readouterr().out


def test_outcomes_without_visits_say_so(finished, frames, tmp_path) -> None:
    data = DataConfig(**NAMES)
    found = follow_up(finished.folder, data, config=OutcomeConfig(), out=tmp_path / "o", frames=frames)
    assert "offer" not in {*found.outcomes.target}
    assert any("whether offers were taken cannot be told" in note for note in found.facts["notes"])
    short = frames | {"visits": frames["visits"][frames["visits"].timestamp < "2024-03-15"]}
    found = follow_up(finished.folder, data, config=OutcomeConfig(), out=tmp_path / "s", frames=short, offered=OFFERS)
    assert any("The visits end on 2024-03-14" in note for note in found.facts["notes"])


def test_other_offers_and_other_visits_are_learnt_without_training_again(finished, frames, tmp_path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    model = (folder / "models" / "churn").stat().st_mtime_ns
    other = run(config_of(replace(OFFERS, excluded=None)), folder, frames=frames)
    assert "club0" in {*other.offers.activity} and (folder / "models" / "churn").stat().st_mtime_ns == model
    changed = frames | {"visits": frames["visits"].iloc[::2]}
    again = run(config_of(replace(OFFERS, excluded=None)), folder, frames=changed)
    assert (folder / "models" / "churn").stat().st_mtime_ns == model
    assert not again.offers.equals(other.offers)
    without = run(config_of(OfferConfig()), folder, frames=frames)
    assert without.offers.empty and "offer_1" not in pd.read_csv(folder / "priority.csv")
    assert not (folder / "models" / "offers").exists() and "To offer" not in (folder / "report.html").read_text("utf8")


def test_hidden_ids_stay_hidden_in_offers_and_are_followed_up(frames, tmp_path) -> None:
    key = tmp_path / "apart" / "key"
    made = run(config_of(id_key=str(key)), tmp_path / "run", frames=frames)
    assert {*made.offers.user_id} == {*made.scores.user_id} and made.offers.user_id.str.len().eq(64).all()
    assert made.offers.user_id.is_monotonic_increasing  # the own order would tell whose they are
    contacts = pd.read_csv(made.folder / "priority.csv")
    title = made.offers[made.offers.place == 1].set_index("user_id").title
    assert (contacts.offer_1 == "'" + contacts.user_id.map(title)).all()
    asked = {"config": OutcomeConfig(), "frames": frames, "offered": OFFERS, "id_key": str(key)}
    found = follow_up(made.folder, DataConfig(**NAMES), out=tmp_path / "out", **asked)
    rows = found.outcomes[found.outcomes.target == "offer"].set_index("group")
    assert rows.rate["all"] > 0 and isinstance(made, churn.Run)
