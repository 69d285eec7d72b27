"""Work on users: nobody overwrites another unseen, and nobody who must be left alone is marked."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from churn.errors import UserError
from churn.serving import Store, history
from churn.serving.lists import Asked
from churn.serving.schema import metadata
from churn.serving.work import Change

from .conftest import desk_of, listed


@pytest.fixture
def desk(runs, store):
    with desk_of(runs, store) as found:
        yield found


def change(drawn, action="contacted", by="ada", value=""):
    return Change(by, action, drawn.id, drawn.name, value)


def contacts(desk):
    with desk.store.reading() as connection:
        return connection.exec_driver_sql("SELECT user_id, list_sha256, contacted_by FROM contacts").all()


def test_a_mark_is_kept_with_its_person_and_list(desk):
    drawn, (user,) = desk.catalogue.named("march"), listed(desk, "contact")
    assert desk.mark(drawn, change(drawn), {user: 0}).changed == [user]
    state = desk.states(drawn, [user])[user]
    assert (state.status, state.version, state.touched_by) == ("contacted", 1, "ada")
    assert contacts(desk) == [(user, drawn.id, "ada")]
    earlier = desk.catalogue.named("february")
    assert desk.states(earlier, [user])[user].status == "open"


def test_a_mark_that_is_taken_back_is_no_contact(desk):
    drawn, (user,) = desk.catalogue.named("march"), listed(desk, "contact")
    desk.mark(drawn, change(drawn), {user: 0})
    desk.mark(drawn, change(drawn, "open"), {user: 1})
    assert contacts(desk) == []
    desk.mark(drawn, change(drawn, "not_reached"), {user: 2})
    assert contacts(desk) == []


@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_second_person_s_older_form_changes_nothing_and_says_who_was_faster(desk, version):
    drawn, (user,) = desk.catalogue.named("march"), listed(desk, "contact")
    desk.mark(drawn, change(drawn, "assign", value="ada"), {user: 0})
    desk.mark(drawn, change(drawn), {user: 1})
    done = desk.mark(drawn, change(drawn, "not_reached", by="bob"), {user: version}, note="I called, too")
    assert (done.changed, [one.changed_by for one in done.stale]) == ([], ["ada"])
    assert desk.states(drawn, [user])[user].status == "contacted"
    with desk.store.reading() as connection:
        assert history.told(connection, user)[0]["detail"] == "I called, too"


def test_of_many_persons_at_once_one_is_first(desk):
    drawn, (user,) = desk.catalogue.named("march"), listed(desk, "contact")
    done, start = [], threading.Barrier(8)

    def mark(name):
        start.wait()
        done.append(desk.mark(drawn, change(drawn, "assign", by=name, value=name), {user: 0}))

    threads = [threading.Thread(target=mark, args=(f"person {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(one.changed) for one in done) == [0] * 7 + [1]
    assert sum(len(one.stale) for one in done) == 7


@pytest.mark.parametrize("action", ["contacted", "not_reached", "assign", "snooze"])
def test_users_who_are_held_back_are_never_marked_for_a_contact(desk, action):
    drawn, held = desk.catalogue.named("march"), listed(desk, "control", 3)
    value = {"assign": "ada", "snooze": "2999-01-01"}.get(action, "")
    done = desk.mark(drawn, change(drawn, action, value=value), dict.fromkeys(held, 0))
    assert (done.changed, done.held) == ([], sorted(held))
    assert contacts(desk) == []


def test_an_older_list_lets_nobody_past_the_newer_one_s_control(desk):
    drawn, (held,) = desk.catalogue.named("february"), listed(desk, "control")
    assert desk.mark(drawn, change(drawn), {held: 0}).held == [held]


def test_a_newer_list_may_contact_whom_an_older_one_held_back(desk):
    newer = listed(desk, "control", 9)
    old = [user for user in listed(desk, "control", 9, "february") if user not in newer]
    drawn = desk.catalogue.named("march")
    assert desk.mark(drawn, change(drawn), {old[0]: 0}).changed == [old[0]]


def test_whoever_is_not_to_be_contacted_is_marked_only_after_that_is_taken_back(desk):
    drawn, (user,) = desk.catalogue.named("march"), listed(desk, "contact")
    desk.mark(drawn, change(drawn, "stop"), {user: 0})
    assert desk.mark(drawn, change(drawn), {user: 1}).stopped == [user]
    desk.mark(drawn, change(drawn, "resume"), {user: 1})
    assert desk.mark(drawn, change(drawn), {user: 2}).changed == [user]


@pytest.mark.parametrize("user", ["nobody", "", "x" * 5_000, "u\0", "' OR 1=1 --"])
def test_a_user_who_was_not_scored_is_unknown(desk, user):
    drawn = desk.catalogue.named("march")
    assert desk.mark(drawn, change(drawn), {user: 0}, note="a word").unknown == [user]


@pytest.mark.parametrize(
    ("action", "value"),
    [("snooze", "2020-01-01"), ("snooze", "soon"), ("assign", ""), ("assign", "a\nb"), ("burn", "")],
)
def test_a_change_that_cannot_be_made_is_refused(desk, refused, action, value):
    with refused("expected", "", ""):
        change(desk.catalogue.named("march"), action, value=value)


def test_states_are_filtered_page_by_page(desk):
    drawn, users = desk.catalogue.named("march"), listed(desk, "contact", 5)
    days = {"snooze": "2999-01-01", "assign": "ada"}
    for user, action in zip(users, ["contacted", "not_reached", "stop", "snooze", "assign"], strict=True):
        desk.mark(drawn, change(drawn, action, value=days.get(action, "")), {user: 0})

    def found(status):
        return {user["user_id"] for user in desk.page(drawn, Asked(sort="rank"), status, "ada").users}

    for status, user in zip(["contacted", "not_reached", "stopped", "snoozed", "mine"], users, strict=True):
        assert found(status) == {user}
    assert found("open") == found("") - set(users[:4])


def test_a_store_starts_from_nothing_and_again_and_has_the_declared_tables(store):

    from churn.serving import Store

    again = Store(store.url)
    with again.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    again.close()


def test_a_store_of_a_newer_version_is_refused(store, refused):
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '999'")
    with refused("expected a store of this version", "999", "install"):
        Store(store.url)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mysql://a:s3cret@b/c", "mysql"),
        ("nonsense", "nonsense"),
        ("postgresql://ada:s3cret@127.0.0.1:1/x", "refused"),
        ("sqlite:////nowhere/at/all.db", "No such file"),
    ],
)
def test_a_store_that_cannot_be_had_is_one_line_without_a_password(url, found):
    with pytest.raises(UserError) as caught:
        Store(url)
    assert found in str(caught.value)
    assert "s3cret" not in str(caught.value)
