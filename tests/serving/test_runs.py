"""Pages of real runs: on churn and on an outcome, with levers, in both languages; and no mark of anybody held back."""

import shutil
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.artefacts import declared
from churn.serving import Catalogue, Desk, Store, application
from churn.serving.days import own_days
from churn.serving.work import ACTIONS, ATTEMPTS, Change

from .conftest import HOSTS, browser, made


@pytest.mark.slow
@pytest.mark.parametrize("which", ["to score", "answered"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_of_a_run_on_an_outcome_opens(outcome_runs, tmp_path, light_store, which, language):
    shutil.copytree(outcome_runs[which], tmp_path / "runs" / "leads")
    desk = Desk(Catalogue(tmp_path / "runs"), light_store)
    ada = browser(application(desk, hosts=HOSTS), "ada")
    assert desk.catalogue.refused() == {}
    for path in ("/", "/?show=everyone", "/?show=everyone&least=50", "/lists", "/folder/leads/report.html"):
        assert ada.get(path, params={"lang": language}).status_code == 200, path
    drawn = desk.catalogue.named("")
    users = declared.PRIORITY.read(drawn.folder).user_id.tolist()[:3]
    for user in users:
        text = ada.get("/user", params={"id": user}).text
        assert ("lead" if language == "en" else "리드") in text or "lead" in text
        assert user in text
    if which == "to score" and language == "en":
        moved = declared.LEVERS.read(drawn.folder).query("place > 0").user_id
        assert "What goes with a better chance" in ada.get("/user", params={"id": moved.iloc[0]}).text
    desk.lists.close()


@pytest.mark.slow
def test_of_ten_thousand_generated_marks_none_of_a_user_held_back_or_suppressed_is_made(tmp_path):
    """Marks in any order, of any list, version and user: the store never holds a contact of whom to leave alone."""
    for place, cutoff in enumerate(("2024-02-01", "2024-02-08", "2024-02-15")):
        made(tmp_path / f"list{place}", users=60, cutoff=cutoff, seed=place)
    desk = Desk(Catalogue(tmp_path), Store(f"sqlite:///{tmp_path / 'work.sqlite'}"))
    lists = desk.catalogue.lists()
    held = {}
    for drawn in lists:
        table = declared.PRIORITY.read(drawn.folder)
        held[drawn.name] = set(table.user_id[table.group == "control"])
    users = [*declared.SCORES.read(lists[0].folder).user_id, "nobody"]
    marks = st.tuples(
        st.sampled_from(lists),
        st.sampled_from(ACTIONS),
        st.dictionaries(st.sampled_from(users), st.integers(0, 3), min_size=25, max_size=40),
    )
    tried = 0

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(marks, min_size=6, max_size=10))
    def check(several):
        nonlocal tried
        for drawn, action, versions in several:
            now = {user: state.version for user, state in desk.states(drawn, list(versions)).items()}
            given = {user: now[user] if version else 0 for user, version in versions.items()}
            stopped = {user for user, state in desk.states(drawn, list(versions)).items() if state.stopped}
            value = {"assign": "ada", "snooze": "2999-01-01"}.get(action, "")
            done = desk.mark(drawn, Change("ada", action, drawn.id, drawn.name, value), given)
            tried += len(given)
            newer = set().union(*(held[one.name] for one in lists if one.cutoff >= drawn.cutoff))
            if action in ATTEMPTS:
                assert not newer & set(done.changed)
                assert not stopped & set(done.changed)
            assert "nobody" not in done.changed

    check()
    names = {drawn.id: drawn.name for drawn in lists}
    with desk.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT user_id, list_sha256 FROM contacts").all()
    assert tried >= 10_000 and rows
    assert [user for user, of in rows if user in held[names[of]]] == []
    desk.close()


@pytest.mark.slow
def test_a_user_s_own_days_are_those_of_the_log(creators, tmp_path, light_store):
    shutil.copytree(creators / "runs", tmp_path / "runs")
    desk = Desk(Catalogue(tmp_path / "runs"), light_store)
    drawn = desk.catalogue.named("creators")
    log = pd.read_parquet(creators / "log" / "events.parquet").query("user_id == actor_id")
    day = log.timestamp.dt.tz_convert("UTC").dt.date
    for user in declared.SCORES.read(drawn.folder).user_id[:20]:
        counted = day[log.user_id == user].value_counts()
        days = [drawn.cutoff - timedelta(days=before) for before in range(28, 0, -1)]
        shown = own_days(drawn, user)
        told = [int(point.label.rsplit(": ", 1)[1].split()[0].replace(",", "")) for point in shown.points]
        assert told == [int(counted.get(one, 0)) for one in days]
    ada = browser(application(desk, hosts=HOSTS), "ada")
    assert "own events by the day" in ada.get("/user", params={"id": user}).text
    (drawn.folder / "dataset" / "panel" / "panel.json").write_text("{}")
    assert "own events by the day" not in ada.get("/user", params={"id": user}).text
    shutil.rmtree(drawn.folder / "dataset")
    assert ada.get("/user", params={"id": user}).status_code == 200
    assert own_days(drawn, "nobody") is None
    desk.lists.close()
