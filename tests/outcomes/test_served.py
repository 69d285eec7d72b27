"""Contacts that the team marked in the server, followed up: the store's own are read by list, and nobody else's."""

import shutil

import pytest

from churn.artefacts import declared
from churn.configuration import OutcomeConfig
from churn.outcomes import follow_up
from churn.serving import Catalogue, Desk, Store
from churn.serving.work import Change

PASSWORD = "s3cret"  # of tests/conftest.py


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'work.sqlite'}"
    postgres = request.getfixturevalue("postgres")
    postgres.raw_sql("DROP SCHEMA IF EXISTS team CASCADE; CREATE SCHEMA team").close()
    postgres.con.commit()
    return f"{request.getfixturevalue('postgres_url')}?options=-csearch_path%3Dteam"


def test_contacts_marked_in_the_server_are_the_ones_of_the_list_that_is_followed(
    controlled, data, frames, tmp_path, url
):
    shutil.copytree(controlled, tmp_path / "runs" / "night", ignore=shutil.ignore_patterns("outcomes"))
    desk = Desk(Catalogue(tmp_path / "runs"), Store(url))
    drawn, listed = desk.catalogue.named("night"), declared.PRIORITY.read(controlled)
    users, held = (listed.user_id[listed.group == group].tolist() for group in ("contact", "control"))
    done = desk.mark(drawn, Change("ada", "contacted", drawn.id, "night"), dict.fromkeys([*users[:9], held[0]], 0))
    assert (len(done.changed), done.held) == (9, held[:1])
    desk.mark(drawn, Change("ada", "contacted", "of another list", "other"), dict.fromkeys(users[9:11], 0))
    desk.close()
    table = f"{url}::{'contacts' if url.startswith('sqlite') else 'team.contacts'}"
    config = OutcomeConfig(repetitions=5, contacted=table)
    found = follow_up(controlled, data, config=config, out=tmp_path / "out", frames=frames)
    n = found.outcomes.set_index(["group", "target"]).n
    assert n["list, reached", "retention"] == 9
    assert found.facts["contacts_never_scored"] == 0
    assert any("2 contacts of other lists are left out" in note for note in found.facts["notes"])
    assert PASSWORD not in (tmp_path / "out" / declared.FOLLOW_UP.file).read_text(encoding="utf8")


@pytest.mark.parametrize("source", ["sqlite:///nowhere.db::contacts", "sqlite:///nowhere.db", "nonsense://a::b"])
def test_a_table_of_contacts_that_cannot_be_had_is_one_line(controlled, data, frames, tmp_path, refused, source):
    with refused("expected", "", ""):
        follow_up(controlled, data, config=OutcomeConfig(contacted=source), out=tmp_path / "out", frames=frames)
