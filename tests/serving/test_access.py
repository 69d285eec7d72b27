"""Access: every role at every address, forms of strangers, wrong passwords, and what an answer carries."""

import re

import pytest
from fastapi.testclient import TestClient

from churn.serving import accounts, application, tokens
from churn.serving.app import ROOMS
from churn.serving.guard import HEADERS

from .conftest import HOSTS, PASSWORD, Browser, browser, listed

PAGES = {  # the least role, by address
    "/": "viewer",
    "/?show=everyone": "viewer",
    "/user?id={user}": "viewer",
    "/lists": "viewer",
    "/folder/march/report.html": "viewer",
    "/folder/march/evidence.html": "viewer",
    "/outcomes?list=march": "viewer",
    "/try": "viewer",
    **dict.fromkeys(("/try/launch", "/try/item", "/try/offers", "/api/v1/offers"), "viewer"),
    "/people": "admin",
    "/metrics": "viewer",
    "/api/v1/lists": "viewer",
    "/api/v1/users": "viewer",
    "/api/v1/user?id={user}": "viewer",
    "/api/v1/contacts": "viewer",
}
FORMS = {"/work": "team", "/people": "admin", "/try/launch": "team", "/try/item": "team"} | {
    f"/api/v1/{name}": "team" for name in ("contacts", "scores", "what-if", "tags")
}
ABSENT = (
    "/outcomes?list=march",
    "/try/launch",
    "/try/item",
    "/try/offers",
    "/api/v1/offers",
)  # which no list of these tests has
OPEN = {"/login", "/enter", "/health", "/logout", "/assets", "/api/v1/openapi.json"}


@pytest.fixture
def everyone(app):
    return {role: browser(app, role, role) for role in accounts.ROLES} | {None: browser(app)}


def test_every_address_has_its_role_in_this_test():
    known = {path.partition("?")[0] for path in (*PAGES, *FORMS)} | OPEN | {"/folder/{name:path}/{file}"}
    assert {route.path for room in ROOMS for route in room.router.routes} <= known


def test_every_role_reads_what_it_may_and_nothing_else(everyone, desk):
    (user,) = listed(desk, "contact")
    for path, least in PAGES.items():
        for role, client in everyone.items():
            answer = client.get(path.format(user=user), follow_redirects=False)
            allowed = role is not None and accounts.ROLES.index(role) >= accounts.ROLES.index(least)
            if role is None:
                assert answer.status_code == (401 if path.startswith(("/api", "/metrics")) else 303), path
            elif not allowed:
                assert answer.status_code == 403, path
            else:
                assert answer.status_code in (200, 404) and (answer.status_code == 200) == (path not in ABSENT), path


def test_every_role_sends_what_it_may_and_nothing_else(everyone, desk):
    (user,) = listed(desk, "contact")
    fields = {"/work": {"user": f"0:{user}", "action": "assign", "assignee": "ada"}, "/people": {"action": "nothing"}}
    for path, least in FORMS.items():
        for role, client in everyone.items():
            key = client.key() if role else ""
            answer = client.post(path, data={"form_key": key, **fields.get(path, {})}, follow_redirects=False)
            allowed = role is not None and accounts.ROLES.index(role) >= accounts.ROLES.index(least)
            if not allowed:
                assert answer.status_code in (303, 401, 403), (path, role)
                assert answer.headers.get("location", "/login").startswith("/login")
    assert desk.states(desk.catalogue.named("march"), [user])[user].version == 1


@pytest.mark.parametrize("key", ["", "0" * 64, None])
def test_a_form_without_the_session_s_key_changes_nothing(ada, desk, key):
    (user,) = listed(desk, "contact")
    fields = {"user": f"0:{user}", "action": "contacted", "list": "march"} | ({} if key is None else {"form_key": key})
    assert ada.post("/work", data=fields).status_code == 403
    assert desk.states(desk.catalogue.named("march"), [user])[user].version == 0


def test_a_form_of_another_session_or_site_changes_nothing(app, ada, desk):
    (user,) = listed(desk, "contact")
    fields = {"user": f"0:{user}", "action": "contacted", "list": "march"}
    other = browser(app, "bob").key()
    assert ada.post("/work", data={**fields, "form_key": other}).status_code == 403
    own = {**fields, "form_key": ada.key()}
    assert ada.post("/work", data=own, headers={"origin": "http://evil.example"}).status_code == 403
    assert ada.post("/work", data=own, headers={"origin": "null"}).status_code == 403
    assert desk.states(desk.catalogue.named("march"), [user])[user].version == 0
    assert (
        ada.post("/work", data=own, headers={"origin": "http://127.0.0.1:8000"}, follow_redirects=False).status_code
        == 303
    )


def test_a_login_from_another_site_is_refused(app):
    accounts.add_user(app.state.desk.store, "ada", "team", PASSWORD, by="test")
    answer = browser(app).post(
        "/login", data={"name": "ada", "password": PASSWORD}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403


def test_held_back_users_cannot_be_marked_by_any_forged_form(ada, desk):
    held, fine = listed(desk, "control"), listed(desk, "contact")
    for action, more in {
        "contacted": {},
        "not_reached": {},
        "assign": {"assignee": "ada"},
        "snooze": {"until": "2999-01-01"},
    }.items():
        for name in ("march", "february", ""):
            answer = ada.submit("/work", user=[f"0:{held[0]}"], action=action, list=name, **more)
            assert answer.status_code == 409
            assert "held back" in answer.text
    both = ada.submit("/work", user=[f"0:{held[0]}", f"0:{fine[0]}"], action="contacted", list="march")
    assert "1 user was marked" in both.text
    with desk.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT user_id FROM contacts").scalars().all() == fine


def test_the_link_lets_in_once(linked):
    app, link = linked
    client = browser(app)
    key = link.key
    assert client.get("/enter?key=wrong").status_code == 403
    assert client.get(f"/enter?key={key}").status_code == 200
    assert client.get("/people").status_code == 200
    assert browser(app).get(f"/enter?key={key}").status_code == 403
    assert browser(app).get("/enter?key=").status_code == 403


def test_a_few_wrong_passwords_make_the_next_ones_wait(app, ada):
    client = browser(app)
    for _ in range(5):
        assert client.post("/login", data={"name": "ada", "password": "wrong"}).status_code == 403
    answer = client.post("/login", data={"name": "ada", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many tries" in answer.text


def test_a_wrong_name_reads_like_a_wrong_password(app, ada):
    told = [
        re.sub("ada|nobody", "NAME", browser(app).post("/login", data={"name": name, "password": "wrong"}).text)
        for name in ("ada", "nobody")
    ]
    assert told[0] == told[1]


def test_sessions_end_with_the_logout_the_account_and_a_new_password(app, desk, ada):
    store = desk.store
    assert ada.submit("/logout").status_code == 303
    assert ada.get("/", follow_redirects=False).status_code == 303
    bob = browser(app, "bob")
    accounts.remove_user(store, "bob", by="test")
    assert bob.get("/", follow_redirects=False).status_code == 303
    assert bob.post("/login", data={"name": "bob", "password": PASSWORD}).status_code == 403
    cy = browser(app, "cy")
    accounts.add_user(store, "cy", "viewer", PASSWORD * 2, by="test")
    assert cy.get("/", follow_redirects=False).status_code == 303


def test_an_expired_session_leads_to_the_login_and_back(app, desk, ada):
    with desk.store.writing() as connection:
        connection.exec_driver_sql("UPDATE sessions SET expires_at = '2000-01-01T00:00:00+00:00'")
    answer = ada.get("/user?id=u0000001&list=march", follow_redirects=False)
    assert answer.headers["location"] == "/login?next=%2Fuser%3Fid%3Du0000001%26list%3Dmarch"
    again = ada.post(
        "/login", data={"name": "ada", "password": PASSWORD, "next": "//evil.example"}, follow_redirects=False
    )
    assert again.headers["location"] == "/"


def test_no_secret_stands_in_the_store(app, desk, ada):
    token = tokens.add_token(desk.store, "crm", "team", by="test")
    with desk.store.reading() as connection:
        rows = [
            str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            for table in ("accounts", "sessions", "tokens", "history")
        ]
    for secret in (PASSWORD, token, ada.cookies["churn_session"]):
        assert not any(secret in row for row in rows)


def test_a_token_lets_a_program_in_until_it_is_revoked(app, desk):
    token = tokens.add_token(desk.store, "crm", "viewer", by="test")
    client = TestClient(app, base_url="http://127.0.0.1:8000", headers={"authorization": f"Bearer {token}"})
    assert client.get("/api/v1/lists").status_code == 200
    assert client.post("/api/v1/contacts", json={"action": "open", "users": {"a": 0}}).status_code == 403
    tokens.revoke_token(desk.store, "crm", by="test")
    assert client.get("/api/v1/lists").status_code == 401


@pytest.mark.parametrize("path", ["/", "/login", "/assets/serve.css", "/nonsense", "/api/v1/lists", "/health"])
def test_every_answer_carries_the_headers_that_keep_a_browser_in(ada, path):
    answer = ada.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS | {
        "cache-control": answer.headers["cache-control"]
    }
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_fault_of_the_program_is_a_clear_page_with_the_headers_and_no_trace(ada, desk, monkeypatch):
    monkeypatch.setattr(desk.catalogue, "lists", lambda: 1 / 0)
    for path in ("/", "/api/v1/lists"):
        answer = ada.get(path)
        assert answer.status_code == 500
        assert "ZeroDivisionError" in answer.text and "line" not in answer.text.partition("main")[2]
        assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]


def test_a_run_s_own_page_is_a_stranger_to_this_site(ada):
    policy = ada.get("/folder/march/report.html").headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts allow-downloads")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_the_server_s_is_refused(app, ada, host):
    assert ada.get("/", headers={"host": host}).status_code == 421


def test_no_page_has_a_script_or_a_style_of_its_own(ada, desk):
    (user,) = listed(desk, "contact")
    for path in ("/", f"/user?id={user}", "/lists", "/login"):
        text = ada.get(path).text
        assert re.findall(r"<script[^>]*>", text) == ['<script src="/assets/serve.js" defer>']
        assert not re.search(r"<style|\sstyle=|\son\w+=", text)


def test_a_large_body_is_refused_before_it_is_read(app, ada):
    assert ada.post("/work", content=b"x" * (1 << 20 | 1)).status_code == 413
    assert ada.post("/work", content=iter([b"x"])).status_code == 411


@pytest.mark.parametrize(
    "path", ["/folder/../march/report.html", "/folder/march/manifest.json", "/folder/march/../../etc/passwd"]
)
def test_no_other_file_of_a_folder_is_to_be_had(ada, path):
    assert ada.get(path.replace("..", "%2e%2e")).status_code == 404


def test_the_server_s_name_is_anybody_s_where_no_names_are_given(desk):
    client = Browser(application(desk, hosts=None), base_url="http://churn.example")
    assert client.get("/login").status_code == 200
    assert HOSTS == ("127.0.0.1", "localhost")
