"""Any input at all: no address, form or body makes the server fail."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.serving import Catalogue, Desk, Store, application, tokens
from churn.serving.lists import sortable
from churn.serving.work import ACTIONS

from .conftest import HOSTS, browser

pytestmark = pytest.mark.slow
NAMES = ["list", "show", "q", "least", "segment", "status", "sort", "order", "at", "id", "after", "lang", "key", "next"]
KNOWN = [
    "march",
    "everyone",
    "contact",
    "open",
    "down",
    "u0000001",
    "50",
    "ko",
    *ACTIONS,
    *sortable(["rank", "p_churn"]),
]
TEXT = st.one_of(st.sampled_from(KNOWN), st.text(max_size=60))
PATHS = ["/", "/user", "/lists", "/outcomes", "/people", "/login", "/enter", "/metrics", "/health"]
PATHS += [f"/api/v1/{name}" for name in ("lists", "users", "user", "contacts")]
FEW = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def root(pristine, tmp_path_factory):
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('any') / 'work.sqlite'}")
    desk = Desk(Catalogue(pristine), store)
    app = application(desk, hosts=HOSTS)
    client = browser(app, "root", "admin")
    client.token = tokens.add_token(store, "crm", "team", by="test")
    yield client
    desk.close()


def is_an_answer(answer):
    assert answer.status_code < 500, (answer.request.url, answer.text[:500])
    assert "content-security-policy" in answer.headers


@FEW
@given(st.sampled_from(PATHS), st.dictionaries(st.sampled_from(NAMES), TEXT, max_size=6))
def test_any_address_has_an_answer(root, path, asked):
    is_an_answer(root.get(path, params=asked, follow_redirects=False))


@FEW
@given(st.sampled_from(["/work", "/people", "/login"]), st.lists(st.tuples(TEXT, TEXT), max_size=6), st.data())
def test_any_form_has_an_answer(root, path, fields, data):
    named = st.sampled_from(["user", "action", "list", "value", "note", "back", "until", "assignee", "name", "role"])
    fields = [*fields, *data.draw(st.lists(st.tuples(named, TEXT), max_size=6)), ("form_key", root.key())]
    form = {name: [value for known, value in fields if known == name] for name, _ in fields}
    is_an_answer(root.post(path, data=form, follow_redirects=False))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@FEW
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "action": TEXT,
            "value": TEXT,
            "note": TEXT,
            "users": st.dictionaries(TEXT, st.integers(-1, 2**40), max_size=3) | ANYTHING,
            "more": ANYTHING,
        },
    )
    | ANYTHING
)
def test_any_body_has_an_answer(root, body):
    bearer = {"authorization": f"Bearer {root.token}", "content-type": "application/json"}
    sent = json.dumps(body)  # the client refuses to write NaN and Infinity; Python's reader of JSON takes them
    is_an_answer(root.post("/api/v1/contacts", content=sent, headers=bearer))


@pytest.mark.parametrize(
    "body",
    [
        b"Infinity",
        b"[NaN]",
        b'{"action":"open","users":{"a":-Infinity}}',
        rb'{"action":"open","users":{"\ud800":0}}',
        rb'{"action":"\ud800","users":{"a":0}}',
        b"\xff",
    ],
)
def test_text_that_is_none_is_a_problem(root, body):
    bearer = {"authorization": f"Bearer {root.token}", "content-type": "application/json"}
    answer = root.post("/api/v1/contacts", content=body, headers=bearer)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
