"""Follow-up of a list on an outcome, by the answers that the member list holds by now."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.configuration import OutcomeConfig
from churn.data import DataConfig
from churn.language import speaking
from churn.outcomes import follow_up
from churn.outcomes.printout import summary
from churn.report.since import follow_up as section
from churn.runs import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def followed(outcome_runs, tmp_path_factory):
    """The list of the run with leads to score, followed up when all but three have an answer."""
    run = Run(outcome_runs["to score"])
    scored, members = run.scores, pd.read_parquet(run.config.data.members)
    waiting = members.state.isna() & members.user_id.isin(scored.user_id)
    won = np.arange(waiting.sum()) % 3 == 0
    members.loc[waiting, "state"] = np.where(won, "won", "lost")
    left = scored.user_id[:3].tolist()
    members.loc[members.user_id.isin(left), "state"] = None
    out = tmp_path_factory.mktemp("followed") / "outcomes"
    data = DataConfig(members="members")
    found = follow_up(run.folder, data, config=OutcomeConfig(), out=out, frames={"members": members})
    return run, found, members.set_index("user_id"), left


def test_rates_are_of_the_users_whose_answers_are_known(followed) -> None:
    run, found, members, left = followed
    asked = run.targets[0]
    known = run.scores[~run.scores.user_id.isin(left)]
    rates = found.outcomes.set_index(["group", "target"])
    assert rates.n["all", asked] == len(known)
    assert rates.rate["all", asked] == pytest.approx((members.state[known.user_id] == "won").mean())
    assert rates.forecast["all", asked] == pytest.approx(known[f"p_{asked}"].mean())
    assert set(found.outcomes.target) == {asked}


def test_users_without_an_answer_are_counted_and_nothing_is_said_of_silence(followed, capsys) -> None:
    run, found, _, _ = followed
    with speaking("en", run.labels):
        summary(found)
    printed = " ".join(capsys.readouterr().out.split())
    assert "3 scored leads have no answer yet and are left out." in printed
    assert "whose answers are known" in printed
    assert not {"silent", "retention", "churn", "sticker"} & {*printed.lower().replace(":", " ").split()}


def test_the_page_of_the_run_tells_what_came_of_its_list(followed, tmp_path: Path) -> None:
    run, found, members, left = followed
    copy = shutil.copytree(run.folder, tmp_path / "run")
    shutil.copytree(found.folder, copy / section.FOLLOWED_UP)
    contacts = run.to_contact.user_id
    kept = round(100 * (members.state[contacts[~contacts.isin(left)]] == "won").mean())
    with speaking("en", run.labels):
        [_, text] = section.since(Run(copy))
    assert f"{kept} ended as “deal won”" in str(text)


def test_a_list_of_whom_nobody_has_an_answer_is_refused(followed, refused, tmp_path) -> None:
    run, _, members, _ = followed
    nobody = members.assign(state=None).reset_index()
    with refused("expected answers of users", "none of", "wait for them"):
        follow_up(run.folder, DataConfig(members="m"), config=OutcomeConfig(), out=tmp_path / "o", frames={"m": nobody})


def test_a_member_list_without_the_answers_is_refused(followed, refused, tmp_path) -> None:
    run, _, members, _ = followed
    bare = members.drop(columns="state").reset_index()
    with refused("expected answers of users", "none of", "load the table that holds them"):
        follow_up(run.folder, DataConfig(members="m"), config=OutcomeConfig(), out=tmp_path / "o", frames={"m": bare})
