import re
import runpy
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from churn.serving import Catalogue, Desk, Link, Store, accounts, application

BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "experiments/benchmarks/serve.py"))
made = BENCHMARK["made"]
PASSWORD = "correct horse battery"
HOSTS = ("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """A folder with two lists of 200 users, the newer called march; a copy is a test's own."""
    root = tmp_path_factory.mktemp("pristine")
    made(root / "february", users=200, cutoff="2024-02-23", seed=1)
    made(root / "march", users=200, cutoff="2024-03-01", seed=0)
    return root


@pytest.fixture
def runs(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "runs")


def postgres(request):
    """The URL of an empty schema of the session's PostgreSQL, whose tables other tests do not meet."""
    import psycopg

    url = request.getfixturevalue("postgres_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS serving CASCADE")
        connection.execute("CREATE SCHEMA serving")
    return f"{url}?options=-csearch_path%3Dserving"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'work.sqlite'}" if request.param == "sqlite" else postgres(request)
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def light_store(tmp_path):
    opened = Store(f"sqlite:///{tmp_path / 'work.sqlite'}")
    yield opened
    opened.close()


@contextmanager
def desk_of(runs, store):
    desk = Desk(Catalogue(runs), store)
    yield desk
    desk.lists.close()


@pytest.fixture
def desk(runs, light_store):
    with desk_of(runs, light_store) as found:
        yield found


@pytest.fixture
def app(desk):
    return application(desk, hosts=HOSTS)


class Browser(TestClient):
    """A browser that knows the key of its forms."""

    def key(self):
        return re.search(r'name="form_key" value="(\w+)"', self.get("/lists").text)[1]

    def submit(self, path, **fields):
        return self.post(path, data={"form_key": self.key(), **fields}, follow_redirects=False)


def browser(app, name=None, role="team"):
    """A browser in which somebody is logged in."""
    client = Browser(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    if name is not None:
        accounts.add_user(app.state.desk.store, name, role, PASSWORD, by="test")
        answer = client.post("/login", data={"name": name, "password": PASSWORD, "next": "/"}, follow_redirects=False)
        assert answer.status_code == 303
    return client


@pytest.fixture
def ada(app):
    return browser(app, "ada")


@pytest.fixture
def linked(desk):
    """The application with its one-time link."""
    link = Link()
    return application(desk, link=link, owner="root", hosts=HOSTS), link


def listed(desk, group, n=1, name="march"):
    """Some users of a list's group, best first."""
    drawn = desk.catalogue.named(name)
    found = desk.lists._tables.frame(
        f"SELECT * FROM {desk.lists._tables.of(drawn, BENCHMARK['declared'].PRIORITY)} ORDER BY rank", {}
    )
    return found.user_id[found.group == group].tolist()[:n]
