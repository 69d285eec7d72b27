"""Held-back and suppressed users never leave: thousands of made-up lists, and every destination read back."""

import json
import sqlite3

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.data import folded
from churn.delivery import deliver
from churn.delivery.leaving import LEAVES, REASONS, leaving

from .conftest import NOW, configured, drawn, parcels

NAMES = st.sampled_from(["ann", "Ann", " ann", "bob", "7", "007", "7.0", "=cmd()", "-1", "zoë", "zoe\u0308", "다영"])
KEYS = st.one_of(st.none(), st.sampled_from(["x@a.org", "X@A.org", "y@a.org", "z@a.org", "ann", "8", "8.0", "w"]))
USERS = st.lists(st.tuples(NAMES, KEYS, st.sampled_from(["contact", "contact", "control", "", "other"])), max_size=9)
STOPPED = st.sets(st.one_of(NAMES, KEYS.filter(bool)), max_size=3)


def listed(users):
    table = pd.DataFrame(users, columns=["user_id", "key", "group"], dtype=object)
    return table.assign(person=table["key"].map(folded, na_action="ignore").fillna(""), row="-")


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(users=USERS, stopped=STOPPED, lately=st.sets(KEYS.filter(bool), max_size=2))
def test_nobody_who_is_held_back_or_suppressed_leaves_under_whatever_name_or_key(users, stopped, lately):
    table, stopped, lately = listed(users), set(map(folded, stopped)), set(map(folded, lately))
    outcome = leaving(table, suppressed=stopped, lately=lately)
    assert set(outcome) <= {LEAVES, *REASONS}
    names, keys = table.user_id.map(folded).tolist(), table.key.map(folded, na_action="ignore").tolist()
    wrong = {place for place, group in enumerate(table.group) if group != "contact"}
    wrong |= {place for place in range(len(table)) if {names[place], keys[place]} & stopped}
    left = [place for place, one in enumerate(outcome) if one == LEAVES]
    for place in left:
        assert not connected(place, names, keys) & wrong
        assert isinstance(keys[place], str) and keys[place] not in lately
    assert len({names[place] for place in left}) == len({keys[place] for place in left}) == len(left)
    if not wrong and not lately:
        assert len(left) or not any(isinstance(key, str) for key in keys)


def connected(place, names, keys):
    """The rows that are one person's: those with a name or a key of it, and so on."""
    found = {place}
    while True:
        whose = {names[one] for one in found}, {keys[one] for one in found if isinstance(keys[one], str)}
        more = {one for one in range(len(names)) if names[one] in whose[0] or keys[one] in whose[1]}
        if more == found:
            return found
        found = more


def test_a_user_who_shares_a_key_with_one_who_is_held_back_stays_and_so_does_whoever_shares_a_name_with_that_one():
    users = [("a", "k", "control"), ("b", "K", "contact"), ("B", "l", "contact"), ("c", "L", "contact")]
    assert set(leaving(listed(users))) == {"held_back"}


def test_a_user_who_shares_a_key_with_one_who_is_suppressed_by_name_stays():
    users = [("a", "k", "contact"), ("b", "K", "contact"), ("c", "l", "contact")]
    assert leaving(listed(users), suppressed={"a"}).tolist() == ["suppressed", "suppressed", "leaves"]


def test_the_better_placed_of_two_rows_of_a_person_leaves():
    assert leaving(listed([("a", "k", "contact"), ("b", "K ", "contact")])).tolist() == ["leaves", "repeated"]


def test_whoever_has_no_key_had_another_list_lately_or_is_as_the_destination_has_it_stays_for_that_reason():
    users = listed([("a", None, "contact"), ("b", "b", "contact"), ("c", "c", "contact"), ("d", "d", "contact")])
    found = leaving(users, lately={"b"}, there={"c": "-", "d": "another row"})
    assert found.tolist() == ["unknown", "lately", "unchanged", "leaves"]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_destination_gets_a_sign_of_who_stays(data, tmp_path_factory):
    place = tmp_path_factory.mktemp("leaks")
    secret = {
        f"secret{n}x": data.draw(st.sampled_from(["contact", "control"])) for n in range(data.draw(st.integers(1, 8)))
    }
    stopped = data.draw(st.sets(st.sampled_from([*secret])))
    folder = drawn(place / "runs" / "may", secret)
    pd.DataFrame({"who": sorted(stopped)}, dtype=object).to_csv(place / "stop.csv", index=False)
    sqlite3.connect(place / "shop.db").close()
    everywhere = {kind: {"to": str(place / "out" / kind)} for kind in ("braze", "hubspot", "salesforce", "folder")}
    config = configured(
        suppressed={"table": str(place / "stop.csv"), "column": "who"},
        table={"to": f"sqlite:///{place / 'shop.db'}::churn"},
        **everywhere,
    )
    made = deliver(folder, config, now=NOW)
    may = {user for user, group in secret.items() if group == "contact" and user not in stopped}
    assert [one.receipt["counts"]["leave"] for one in made] == [len(may)] * 5
    content = "".join(path.read_text() for path in (place / "out").rglob("*") if path.is_file())
    with sqlite3.connect(place / "shop.db") as database:
        there = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'churn'").fetchone()
        content += json.dumps(database.execute("SELECT * FROM churn").fetchall() if there else [])
    database.close()
    assert {user for user in secret if user in content} == may


def test_every_user_who_stays_is_counted_by_the_reason(runs, delivered):
    pd.DataFrame({"user_id": ["dan"]}).to_csv("stop.csv", index=False)
    found = delivered(folder={"to": "out"}, suppressed={"table": "stop.csv"})
    assert found.receipt["stay"] == {"held_back": 1, "suppressed": 1}
    assert found.receipt["counts"]["leave"] + sum(found.receipt["stay"].values()) == found.receipt["counts"]["listed"]
    (rows,) = parcels(runs.parent / "out").values()
    assert rows.user_id.tolist() == ["ann", "cat"]
