"""Pages as people meet them: what they say, what they keep, and what a folder or a database that goes away does."""

import json
import shutil

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from churn.artefacts import declared, read_json, write_json
from churn.serving import Catalogue, application, tokens
from churn.serving import desk as desks

from .conftest import HOSTS, browser, listed, made


def test_the_first_page_says_what_to_do_and_who_is_held_back(ada, desk):
    (held,), (user,) = listed(desk, "control"), listed(desk, "contact")
    text = ada.get("/").text
    assert "Call the 24 users on the list first" in text.replace("\n", " ") or "users on the list" in text
    assert f'value="0:{user}"' in text
    assert f'value="0:{held}"' not in text
    assert "Held back" in text
    assert "march (1 March 2024)</option>" in text


def test_a_mark_shows_at_once_and_a_viewer_has_no_boxes(app, ada, desk):
    (user,) = listed(desk, "contact")
    answer = ada.submit("/work", user=f"0:{user}", action="contacted", list="march", back="/?list=march")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?list=march")
    assert f'value="1:{user}"' in ada.get("/").text
    assert "Contacted" in ada.get(f"/user?id={user}").text
    viewer = browser(app, "vi", "viewer")
    assert 'name="user"' not in viewer.get("/").text
    assert "<textarea" not in viewer.get(f"/user?id={user}").text


def test_an_older_form_is_told_so_on_the_user_s_page_and_its_note_is_kept(app, ada, desk):
    (user,) = listed(desk, "contact")
    browser(app, "bob").submit("/work", user=f"0:{user}", action="contacted", list="march")
    fields = {"page": "user", "user": f"0:{user}", "list": "march", "note": "I rang\r\ntwice"}
    answer = ada.submit("/work", action="not_reached", **fields)
    assert answer.status_code == 409
    assert "bob changed this user" in answer.text
    assert "Your note was kept" in answer.text
    assert "I rang\ntwice" in answer.text
    assert f'value="1:{user}"' in answer.text


def test_a_note_alone_needs_no_version_and_shows_who_wrote_it(ada, desk):
    (held,) = listed(desk, "control")
    answer = ada.submit("/work", action="note", user=f"7:{held}", list="march", note="<b>fine</b>", back="/")
    assert answer.status_code == 303
    text = ada.get(f"/user?id={held}").text
    assert "&lt;b&gt;fine&lt;/b&gt;" in text
    assert "<strong>ada</strong> noted" in text


def test_a_user_s_page_has_reasons_earlier_lists_and_sources(ada, desk):
    (user,) = listed(desk, "contact")
    text = ada.get(f"/user?id={user}").text
    assert "own post" in text
    assert "From reasons.parquet of march." in text
    assert "24 February 2024" not in text and "23 February 2024" in text
    assert "<svg" in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "=1+1", "'; --", "a/b?c&d=e#f", '"><img src=x>'])
def test_hostile_ids_are_shown_searched_and_marked_as_text(tmp_path, light_store, hostile):
    made(tmp_path / "runs" / "night", users=14, ids=[hostile, *(f"u{n}" for n in range(13))])
    desk = desks.Desk(Catalogue(tmp_path / "runs"), light_store)
    ada = browser(application(desk, hosts=HOSTS), "ada")
    text = ada.get("/", params={"show": "everyone", "q": hostile}).text
    assert "<script>alert" not in text and "<img" not in text
    assert "1 user<" in text
    assert ada.get("/user", params={"id": hostile}).status_code == 200
    ada.submit("/work", user=f"0:{hostile}", action="stop", list="night")
    assert desk.states(desk.catalogue.named(""), [hostile])[hostile].stopped
    desk.lists.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?sort=nonsense", 422),
        ("/?status=nonsense", 422),
        ("/?segment=nonsense", 422),
        ("/?show=nonsense", 422),
        ("/?least=many", 422),
        ("/?at=nonsense", 422),
        ("/?list=nonsense", 404),
        ("/?list=../../etc", 404),
        ("/user?id=nonsense", 404),
        ("/user?id=%00", 404),
        ("/user", 404),
        ("/nonsense", 404),
        ("/work", 405),
        (f"/?q={'x' * 300}", 422),
    ],
)
def test_what_cannot_be_asked_for_is_a_clear_page(ada, path, status):
    answer = ada.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "expected" in answer.text
    assert answer.text.count("<h1>") == 1


def test_a_folder_deleted_while_shown_is_a_clear_page_and_then_gone(ada, runs, desk):
    assert ada.get("/?list=march").status_code == 200
    shutil.rmtree(runs / "march")
    answer = ada.get("/?list=march")
    assert answer.status_code in (404, 422)
    assert "choose a list again" in answer.text or "choose one of the lists" in answer.text
    desk.catalogue._looked = 0
    assert "february" in ada.get("/").text


def test_a_new_list_is_there_without_a_restart(ada, runs, desk):
    ada.get("/")
    made(runs / "team" / "april", users=70, cutoff="2024-04-01")
    desk.catalogue._looked = float("-inf")
    assert "team/april" in ada.get("/").text


def test_without_a_list_the_page_says_where_it_looks(tmp_path, light_store):
    (tmp_path / "runs").mkdir()
    desk = desks.Desk(Catalogue(tmp_path / "runs"), light_store)
    text = browser(application(desk, hosts=HOSTS), "ada").get("/").text
    assert "No list yet" in text and str(tmp_path / "runs") in text
    desk.lists.close()


@pytest.mark.parametrize("broken", ["cut", "other", "outside"])
def test_a_folder_that_cannot_be_shown_is_named_with_the_reason(ada, runs, desk, broken, tmp_path):
    place = runs / "march" / "manifest.json"
    if broken == "cut":
        place.write_text(place.read_text()[:100])
    elif broken == "other":
        write_json({**read_json(place), "segment": {"cutoff": 3}}, place)
    else:
        shutil.copytree(runs / "february", tmp_path / "elsewhere")
        segment = read_json(place)["segment"]
        place.unlink()
        told = {"run": str(tmp_path / "elsewhere"), "segment": segment, "warnings": [], "drift": None}
        declared.SCORING.write(told, runs / "march")
    desk.catalogue._looked = float("-inf")
    text = ada.get("/lists").text
    assert "cannot be shown" in text and "<strong>march</strong>: expected" in text
    assert ada.get("/").status_code == 200


def test_a_scoring_shows_the_run_behind_it(ada, runs, desk):
    place = runs / "march"
    segment = read_json(place / "manifest.json")["segment"]
    (place / "manifest.json").unlink()
    (place / "config.yaml").unlink()
    (place / "report.html").unlink()
    declared.SCORING.write({"run": "../february", "segment": segment, "warnings": [], "drift": None}, place)
    desk.catalogue._looked = float("-inf")
    text = ada.get("/?list=march").text
    assert "1 March 2024" in text
    assert "/folder/march/report.html" not in text


def test_a_database_that_goes_away_is_a_clear_page(ada, desk, monkeypatch):
    def gone(*_):
        raise OperationalError("SELECT 1", {}, Exception("could not connect to postgresql://ada:s3cret@db"))

    monkeypatch.setattr(desk.store, "reading", gone)
    answer = ada.get("/")
    assert answer.status_code == 503
    assert "expected to reach the store" in answer.text
    assert "s3cret" not in answer.text
    assert ada.get("/health").status_code == 503


def test_pages_speak_the_language_that_is_asked_for(ada):
    assert '<html lang="en">' in ada.get("/", headers={"accept-language": "fr"}).text
    korean = ada.get("/", headers={"accept-language": "ko-KR,ko;q=0.9"}).text
    assert '<html lang="ko">' in korean and "오늘" in korean
    assert '<html lang="ko">' in ada.get("/?lang=ko").text
    assert '<html lang="ko">' in ada.get("/").text
    assert '<html lang="en">' in ada.get("/?lang=en").text


def test_a_run_s_language_is_spoken_where_nobody_asks_for_another(tmp_path, light_store):
    made(tmp_path / "runs" / "night", users=14, language="ko")
    desk = desks.Desk(Catalogue(tmp_path / "runs"), light_store)
    assert '<html lang="ko">' in browser(application(desk, hosts=HOSTS), "ada").get("/").text
    desk.lists.close()


def test_ids_that_the_run_hashed_stay_hashed(tmp_path, light_store):
    def hide(ids):
        return ids.map(lambda one: f"h{hash(('key', one)) & 0xFFFFFFFF:08x}")

    made(tmp_path / "runs" / "night", users=14, hide=hide)
    desk = desks.Desk(Catalogue(tmp_path / "runs"), light_store)
    ada = browser(application(desk, hosts=HOSTS), "ada")
    for path in ("/", "/?show=everyone", "/api/v1/users", "/?show=everyone&q=u00000"):
        text = ada.get(path).text
        assert "u0000000" not in text.replace("q=u00000", "")
    assert ada.get("/user?id=u0000001").status_code == 404
    desk.lists.close()


def test_the_history_shows_all_that_was_done_to_admins(app, ada, desk):
    (user,) = listed(desk, "contact")
    ada.submit("/work", user=f"0:{user}", action="snooze", until="2999-01-01", list="march")
    text = browser(app, "root", "admin").get("/people").text
    assert "<strong>ada</strong> put off until 1 January 2999" in text
    assert user in text


def test_an_admin_makes_and_revokes_a_token_and_shuts_an_account(app, ada, desk):
    root = browser(app, "root", "admin")
    answer = root.submit("/people", action="token", scope="read", name="crm", role="viewer")
    token = answer.text.split("<code>")[1].split("</code>")[0]
    bearer = {"authorization": f"Bearer {token}"}
    assert browser(app).get("/api/v1/lists", headers=bearer).status_code == 200
    root.submit("/people", action="revoke", name="crm")
    assert browser(app).get("/api/v1/lists", headers=bearer).status_code == 401
    root.submit("/people", action="shut", name="ada")
    assert ada.get("/", follow_redirects=False).status_code == 303
    assert token not in root.get("/people").text


def test_the_api_pages_through_a_list_with_etags(ada, desk):
    seen, at = [], ""
    while at is not None:
        answer = ada.get("/api/v1/users", params={"show": "everyone", "at": at})
        seen += [user["user_id"] for user in answer.json()["users"]]
        at = answer.json()["next"]
    assert len(set(seen)) == len(seen) == answer.json()["found"] == 200
    tag = {"if-none-match": answer.headers["etag"]}
    same = ada.get(answer.request.url, headers=tag)
    assert (same.status_code, same.content) == (304, b"")


def test_the_api_marks_as_pages_do_and_problems_say_three_things(app, desk):

    token = tokens.add_token(desk.store, "crm", "team", by="test")
    client, (user,), (held,) = browser(app), listed(desk, "contact"), listed(desk, "control")
    client.headers["authorization"] = f"Bearer {token}"
    marking = {"action": "contacted", "users": {user: 0, held: 0, "nobody": 0}}
    answer = client.post("/api/v1/contacts?list=march", json=marking).json()
    assert answer == {"changed": [user], "stale": {}, "held_back": [held], "do_not_contact": [], "unknown": ["nobody"]}
    assert client.post("/api/v1/contacts?list=march", json=marking).json()["stale"] == {user: 1}
    found = client.get("/api/v1/contacts?list=march").json()["contacts"]
    assert [(one["user_id"], one["result"], one["touched_by"]) for one in found] == [(user, "contacted", "crm")]
    for path, body in (
        ("?list=no", marking),
        ("?list=march", {"action": "burn", "users": {user: 1}}),
        ("", {"users": 3}),
    ):
        problem = client.post(f"/api/v1/contacts{path}", json=body)
        assert problem.headers["content-type"] == "application/problem+json"
        assert {"title", "status", "detail", "expected", "found", "remedy"} <= set(problem.json())
        assert problem.status_code in (404, 422)


def test_the_description_of_the_api_names_what_there_is(ada):
    told = ada.get("/api/v1/openapi.json").json()
    assert set(told["paths"]) == {
        "/health",
        "/metrics",
        *(f"/api/v1/{name}" for name in ("lists", "users", "user", "contacts", "scores", "what-if", "tags", "offers")),
    }
    assert "<script" not in json.dumps(told)


def test_metrics_count_answers(ada):
    ada.get("/")
    ada.get("/nonsense")
    families = text_string_to_metric_families(ada.get("/metrics").text)
    told = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    assert told["churn_requests_total", "404"] == 1
    assert told[("churn_lists",)] == 2
    assert told["churn_request_seconds_bucket", "+Inf"] == told[("churn_request_seconds_count",)] > 1
