"""Others who are let in: people whom a trusted proxy names, and programs by the scopes and the end of their tokens."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from churn.serving import Proxy, accounts, application, tokens
from churn.serving.proxy import Peer

from .conftest import PASSWORD, Browser, browser, listed

SITE = "lists.example"
PROXY = Proxy.of("X-Remote-User", "10.0.0.2", SITE)


@pytest.fixture
def behind(desk):
    """Calls of the server behind a proxy: from an address, with some headers."""
    for name, role in (("ada", "team"), ("eve", "viewer"), ("bob", "team")):
        accounts.add_user(desk.store, name, role, PASSWORD, by="test")
    accounts.remove_user(desk.store, "bob", by="test")
    app = application(desk, hosts=("127.0.0.1", SITE), proxy=PROXY)

    def calls(address="10.0.0.2", host=SITE, **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        peer = Peer(app, PROXY.addresses)
        return Browser(peer, base_url=f"http://{host}", headers=given, client=(address, 5), follow_redirects=False)

    return calls


def test_whom_the_proxy_names_is_let_in_with_the_role_of_the_account(behind, desk):
    (user,) = listed(desk, "contact")
    ada, eve = behind(x_remote_user="ada"), behind(x_remote_user="eve")
    assert ada.get("/").status_code == eve.get("/").status_code == 200
    marked = {"user": f"0:{user}", "action": "contacted", "list": "march"}
    assert ada.post("/work", data=marked).status_code == 403
    assert ada.submit("/work", **marked).status_code == 303
    assert eve.submit("/work", **marked).status_code == 403
    assert ada.post("/work", data=marked | {"form_key": eve.key()}).status_code == 403
    assert ada.get("/people").status_code == 403


@pytest.mark.parametrize("name", ["", "nobody", "bob", "ADA", "ada,eve", " "])
def test_whom_no_open_account_has_is_not_let_in(behind, name):
    assert behind(x_remote_user=name).get("/").status_code == 303


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("10.0.0.3", {}),
        ("127.0.0.1", {}),
        ("10.0.0.3", {"x_forwarded_for": "10.0.0.2"}),
        ("127.0.0.1", {"x_forwarded_for": "10.0.0.2"}),
        ("", {}),
    ],
)
def test_the_header_of_anybody_else_is_worth_nothing(behind, address, more):
    stranger = behind(address, x_remote_user="ada", **more)
    assert stranger.get("/").status_code == 303
    assert stranger.get("/api/v1/lists").status_code == 401


def test_a_header_that_is_there_twice_or_called_otherwise_is_worth_nothing(behind):
    twice = [("x-remote-user", "ada"), ("x-remote-user", "eve")]
    assert behind().get("/", headers=twice).status_code == 303
    assert behind().get("/", headers={"x_remote_user": "ada"}).status_code == 303


def test_a_page_under_another_name_of_the_proxy_s_address_gets_no_answer(behind):
    assert behind(host="evil.example", x_remote_user="ada").get("/").status_code == 421


def test_without_the_option_no_header_lets_in(app, desk):
    accounts.add_user(desk.store, "ada", "team", PASSWORD, by="test")
    client = TestClient(Peer(app, ("10.0.0.2",)), base_url="http://127.0.0.1", client=("10.0.0.2", 5))
    answer = client.get("/", headers={"x-remote-user": "ada"}, follow_redirects=False)
    assert answer.status_code == 303


def test_logins_are_throttled_by_the_browser_s_address_behind_a_proxy(behind):
    def tried(browser_s):
        client = behind(x_forwarded_for=browser_s)
        return client.post("/login", data={"name": f"n{browser_s}", "password": "wrong"}).status_code

    assert [tried("192.0.2.1") for _ in range(6)] == [403] * 5 + [429]
    assert tried("192.0.2.2") == 403


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("X-User", None, SITE), "no --trusted-proxy"),
        (("X-User", "10.0.0.2", None), "no --site"),
        ((None, "10.0.0.2", SITE), "no --trust-header"),
        (("X User", "10.0.0.2", SITE), "X User"),
        (("X_User", "10.0.0.2", SITE), "X_User"),
        (("X-User", "proxy", SITE), "proxy"),
        (("X-User", "10.0.0.0/8", SITE), "10.0.0.0/8"),
        (("X-User", "10.0.0.2", "https://a.example"), "https"),
    ],
)
def test_half_a_proxy_or_a_wrong_one_is_refused(told, expected, refused):
    with refused("--", expected, ""):
        Proxy.of(*told)


ADDRESSES = {"read": "/api/v1/lists", "mark": "/api/v1/contacts", "score": "/api/v1/scores"}


def answer(client, token, scope):
    bearer = {"authorization": f"Bearer {token}"}
    if scope == "read":
        return client.get(ADDRESSES[scope], headers=bearer).status_code
    return client.post(ADDRESSES[scope], json={"action": "open", "users": {"nobody": 0}}, headers=bearer).status_code


@pytest.mark.slow
@pytest.mark.parametrize("role", accounts.ROLES)
def test_a_token_may_what_its_role_and_its_scopes_both_allow(app, desk, role):
    client = browser(app)
    for n in (1, 2, 3):
        for scopes in itertools.combinations(accounts.SCOPES, n):
            token = tokens.add_token(desk.store, " ".join(scopes), role, by="test", scopes=scopes)
            for scope in accounts.SCOPES:
                allowed = scope in scopes and (scope == "read" or role != "viewer")
                assert (answer(client, token, scope) != 403) == allowed, (scopes, scope)


def test_a_token_ends_on_its_day(app, desk, monkeypatch):
    client, token = browser(app), tokens.add_token(desk.store, "crm", "team", by="test", days=30)
    for days, status in ((29, 200), (31, 401)):
        later = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
        monkeypatch.setattr(tokens, "now", lambda later=later: later)
        assert answer(client, token, "read") == status


def test_tokens_of_before_may_what_they_could(store):
    with store.writing() as connection:
        row = {"hash": accounts.hashed("old"), "name": "old", "role": "team", "created_at": "2024-01-01"}
        connection.execute(tokens.tokens.insert().values(**row))
    assert set(tokens.of_token(store, "old").scopes) == {"read", "mark"}


@pytest.mark.parametrize("more", [{"scopes": ()}, {"scopes": ("read", "all")}, {"days": 0}, {"days": 4_000}])
def test_a_token_without_a_scope_or_with_a_wrong_one_is_refused(light_store, more, refused):
    with refused("expected", "", ""):
        tokens.add_token(light_store, "crm", "team", by="test", **more)


def test_an_admin_makes_a_token_with_scopes_and_an_end(app):
    root = browser(app, "root", "admin")
    page = root.submit("/people", action="token", name="crm", role="team", scope=["read", "score"], days="7")
    assert page.status_code == 200 and "churn_" in page.text and "score and foresee" in page.text
    for wrong in ({"days": "soon"}, {"days": "-1"}, {"scope": []}, {"scope": ["all"]}):
        sent = {"action": "token", "name": "bi", "role": "team", "scope": ["read"], "days": "7", **wrong}
        assert root.submit("/people", **sent).status_code == 422
