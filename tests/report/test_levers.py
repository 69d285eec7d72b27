"""Levers of a finished run: their files, the columns of the list, the section of the page, and new scores."""

import shutil

import pandas as pd
import pytest

from churn.artefacts import declared
from churn.cli import main
from churn.language import speaking
from churn.report import write_report
from churn.runs import Run
from churn.segments import Order, write_contacts

from .parsed_page import ParsedPage

pytestmark = pytest.mark.slow
COLUMNS = ["lever_1"]


@pytest.fixture(scope="module")
def run(outcome_runs):
    return Run.open(outcome_runs["to score"])


def test_a_run_tells_the_chance_of_every_scored_lead_at_other_values(run) -> None:
    levers = run.levers
    known = pd.read_parquet(run.config.data.members).set_index("user_id").visits
    visits = levers.user_id.map(known)
    assert {*levers.attribute} == {"visits"} and (levers.value_from == visits).all()
    assert {*levers.user_id} == {*run.scores.user_id[run.scores.user_id.map(known).notna()]}
    scored = run.scores.set_index("user_id").p_deal_won
    assert (levers.chance - levers.change).to_numpy() == pytest.approx(levers.user_id.map(scored).to_numpy())
    assert {*run.lever_curves.attribute} == {"visits"} and (run.lever_curves.n == len(run.scores)).all()
    assert run.lever_curves.chance.iloc[-1] > run.lever_curves.chance.iloc[0]  # visits raise the chance


def test_the_list_has_a_column_of_moves_in_words_and_says_what_it_holds(run) -> None:
    contacts = pd.read_csv(run.folder / "priority.csv")
    assert [name for name in contacts if name.startswith("lever_")] == COLUMNS
    best = run.levers[run.levers.place == 1].set_index("user_id")
    moved = contacts[contacts.lever_1.notna()]
    assert {*moved.user_id} == {*contacts.user_id} & {*best.index}
    for user, told in zip(moved.user_id, moved.lever_1, strict=True):
        assert told.startswith(f"visits: from {best.value_from[user]:.0f} to {best.value_to[user]:.0f} (+")
    about = pd.read_excel(run.folder / "priority.xlsx", sheet_name=1, header=None).set_index(0)[1]
    assert "no promise that a change brings this about" in about["lever_1, …"]


def test_moves_of_the_list_are_said_in_the_language_spoken(run, tmp_path) -> None:
    copy = shutil.copytree(run.folder, tmp_path / "run")
    levers = declared.LEVERS.read(copy)
    first = run.to_contact.user_id.iloc[0]
    one = levers[levers.user_id != first]
    row = {"attribute": "visits", "kind": "number", "place": 1, "value_from": 2.0, "value_to": 5.0, "chance": 0.5}
    row |= {"user_id": first, "level_from": None, "level_to": None, "change": 0.2, "low": 0.1, "high": 0.3}
    declared.LEVERS.write(pd.DataFrame([*one.to_dict("records"), row])[list(levers)], copy)
    with speaking("ko", run.labels):
        write_contacts(copy, Order.load(copy / "models"), run.segments)
    assert pd.read_csv(copy / "priority.csv").lever_1.iloc[0] == "visits: 2에서 5(으)로 (+20%p)"


def test_the_evidence_has_a_section_of_levers_where_there_are_any(run, outcome_runs) -> None:
    page = ParsedPage(write_report(run.folder).with_name("evidence.html"))
    assert "What leads control" in [text for level, text in page.headings if level == "h2"]
    assert "It does not say that a change of the value changes the outcome" in page.text
    without = ParsedPage(outcome_runs["answered"] / "evidence.html")
    assert "What leads control" not in [text for level, text in without.headings if level == "h2"]


def test_a_run_without_controllable_attributes_has_none_of_it(outcome_runs, refused) -> None:
    run = Run.open(outcome_runs["answered"])
    assert not [path for path in run.folder.rglob("*") if "lever" in path.name]
    assert run.levers.empty and not [name for name in pd.read_csv(run.folder / "priority.csv") if "lever" in name]
    with refused("expected a view out of", "'levers'", "correct the name"):
        run.view("levers")


def test_new_scores_come_with_levers(run, tmp_path) -> None:
    data = run.config.data
    arguments = ["score", "--run", str(run.folder), "--config", str(run.folder.parent / "config.yaml")]
    assert main([*arguments, "--cutoff", "2024-04-30", "--out", str(tmp_path / "scores"), "--quiet"]) == 0, data
    levers = declared.LEVERS.read(tmp_path / "scores")
    assert {*levers.user_id} <= {*declared.SCORES.read(tmp_path / "scores").user_id}
    assert len(levers) and (tmp_path / "scores" / declared.LEVER_CURVES.file).exists()
    assert [name for name in pd.read_csv(tmp_path / "scores" / "priority.csv") if name.startswith("lever_")] == COLUMNS
