"""Posted rows: the chances of `churn score`, nothing kept, and a problem with its numbers for rows that are wrong."""

import json
import random

import pandas as pd
import pytest
import yaml

from churn.artefacts import read_json, write_json
from churn.data import DataConfig
from churn.scoring import score
from churn.serving import Catalogue, Desk, Store, application, tokens

from .conftest import HOSTS, browser

pytestmark = pytest.mark.slow
CUTOFF = "2023-03-10"


def rows(table):
    return json.loads(table.to_json(orient="records", date_format="iso"))


class Program:
    """A program with a token, at the server of a folder of runs."""

    def __init__(self, runs, place, role="team"):
        self.desk = Desk(Catalogue(runs), Store(f"sqlite:///{place / 'work.sqlite'}"))
        self.client = browser(application(self.desk, hosts=HOSTS))
        self.token = tokens.add_token(self.desk.store, "crm", role, by="test")

    def post(self, path, body, **given):
        return self.client.post(path, json=body, headers={"authorization": f"Bearer {self.token}"}, **given)


@pytest.fixture(scope="module")
def crm(creators, tmp_path_factory):
    found = Program(creators / "runs", tmp_path_factory.mktemp("store"))
    yield found
    found.desk.close()


@pytest.fixture(scope="module")
def tables(creators):
    return {name: pd.read_parquet(creators / "log" / f"{name}.parquet") for name in ("events", "stickers", "members")}


@pytest.fixture(scope="module")
def posted(tables):
    return {name: rows(table) for name, table in tables.items()}


def problem(answer, status=422):
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def everything(folder):
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))}


def test_posted_rows_have_the_chances_of_churn_score(crm, creators, posted, tmp_path):
    before = everything(creators / "runs")
    answer = crm.post("/api/v1/scores?run=creators", {"cutoff": CUTOFF, "tables": posted})
    assert answer.status_code == 200, answer.text[:300]
    assert everything(creators / "runs") == before
    sources = {name: str(creators / "log" / f"{name}.parquet") for name in posted}
    out = score(creators / "runs" / "creators", DataConfig(**sources), cutoff=CUTOFF, out=tmp_path / "scores")
    own, told = pd.read_parquet(out / "scores.parquet"), pd.DataFrame(answer.json()["scores"])
    both = own.merge(told, on="user_id", suffixes=("", "_posted"))
    assert len(both) == len(own) == len(told) > 100
    for name in ("p_churn", "p_sticker", "p_sticker_if_stays"):
        assert (both[name] - both[f"{name}_posted"]).abs().max() <= 1e-6
    assert answer.json()["rows"]["events"]["used"] == len(posted["events"])


def test_rows_in_another_order_have_the_same_chances(crm, posted):
    shuffled = {name: random.Random(0).sample(table, len(table)) for name, table in posted.items()}
    first, second = (crm.post("/api/v1/scores", {"cutoff": CUTOFF, "tables": one}) for one in (posted, shuffled))
    assert first.json()["scores"] == second.json()["scores"]


def test_wrong_rows_are_counted_by_table_and_reason_and_nothing_is_scored(crm, posted):
    wrong = posted["stickers"] + [{"user_id": None, "timestamp": "2023-01-01", "amount": 3}] * 2
    told = problem(crm.post("/api/v1/scores", {"cutoff": CUTOFF, "tables": {**posted, "stickers": wrong}}))
    assert "2 of stickers: null user_id" in told["found"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"cutoff": CUTOFF},
        {"cutoff": CUTOFF, "tables": {}},
        {"cutoff": "soon", "tables": {"events": [{"user_id": "a"}]}},
        {"cutoff": CUTOFF, "tables": {"events": []}},
        {"cutoff": CUTOFF, "tables": {"events": [{"user_id": {"a": 1}}]}},
        {"cutoff": CUTOFF, "tables": {"events": [{"user_id": "a"}]}},
        {"cutoff": CUTOFF, "tables": {"nothing": [{"user_id": "a"}]}},
        {"cutoff": CUTOFF, "tables": {"events": [{f"c{n}": 1 for n in range(500)}]}},
        {"cutoff": CUTOFF, "tables": {"events": [{"user_id": 2**70, "event": "view", "timestamp": "2023-03-09"}]}},
        {"cutoff": "9999-12-31", "tables": {"events": [{"user_id": "a", "event": "view", "timestamp": "0001-01-01"}]}},
    ],
)
def test_what_cannot_be_scored_is_a_problem_in_three_parts(crm, body):
    told = problem(crm.post("/api/v1/scores", body))
    assert told["expected"] and told["found"] and told["remedy"]


def test_text_of_half_signs_is_a_problem(crm):
    body = rb'{"cutoff": "2023-03-10", "tables": {"events": [{"user_id": "\ud800"}]}}'
    bearer = {"authorization": f"Bearer {crm.token}"}
    problem(crm.client.post("/api/v1/scores", content=body, headers=bearer))


def test_too_large_a_body_and_an_unknown_run_are_refused(crm):
    bearer = {"authorization": f"Bearer {crm.token}"}
    assert crm.client.post("/api/v1/scores", content=b" " * (33 << 20), headers=bearer).status_code == 413
    problem(crm.post("/api/v1/scores?run=nobody", {"cutoff": CUTOFF, "tables": {"events": [{}]}}), 404)


def test_a_session_and_a_viewer_may_not_score(crm, creators, tmp_path):
    reader = Program(creators / "runs", tmp_path, role="viewer")
    problem(reader.post("/api/v1/scores", {}), 403)
    ada = browser(reader.client.app, "ada")
    problem(ada.post("/api/v1/scores", json={}), 403)
    reader.desk.close()


def test_whoever_scores_while_another_does_is_told_when_to_come_again(crm):
    with crm.desk.helper._turn:
        answer = crm.post("/api/v1/scores", {"cutoff": CUTOFF, "tables": {"events": [{}]}})
    assert problem(answer, 503)["found"] == "another"
    assert int(answer.headers["retry-after"]) > 0


def test_a_model_of_a_class_outside_is_refused_and_nothing_is_imported(creators, posted, unsealed, tmp_path):
    run = unsealed(creators / "runs" / "creators", tmp_path / "runs" / "stranger")
    segment = read_json(creators / "runs" / "creators" / "manifest.json")["segment"]
    write_json(read_json(run / "manifest.json") | {"segment": segment}, run / "manifest.json")
    told = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(told | {"models": ["stranger.Model", *told["models"]]}))
    (tmp_path / "stranger.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    guest = Program(tmp_path / "runs", tmp_path)
    found = problem(guest.post("/api/v1/scores", {"cutoff": CUTOFF, "tables": posted}))
    assert "stranger.Model" in found["found"] and "nothing was imported" in found["remedy"]
    assert not (tmp_path / "imported").exists()
    guest.desk.close()
