import re
import runpy
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from fastapi.testclient import TestClient

from churn.configuration import parse, run_config, run_parser
from churn.data import simulate
from churn.pipeline import run
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
    desk.helper.close()
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


FAST = {  # a whole run in seconds
    **{"models": ["churn.models.LightGBM", "churn.models.Logistic"], "tuning": {"trials": 1}, "training": {"seeds": 1}},
    "evaluation": {"repetitions": 50},
    "explanation": {"trees": 20, "rounds": 3, "seeds": 1},
}


def finished(settings, out):
    """A finished run of some settings."""
    out.parent.mkdir(parents=True, exist_ok=True)
    (path := out.with_suffix(".yaml")).write_text(yaml.safe_dump(settings | FAST))
    return run(run_config(parse(["--config", str(path)], parser=run_parser())), out).folder


@pytest.fixture(scope="session")
def creators(tmp_path_factory):
    """A folder with the run `runs/creators` on a simulated log, which lies in `log`."""
    root = tmp_path_factory.mktemp("creators")
    simulate("small", seed=0, out=root / "log")
    data = {name: str(root / "log" / f"{name}.parquet") for name in ("events", "stickers", "members")}
    finished({"data": data}, root / "runs" / "creators")
    return root


def projects(folder, n=400):
    """Made-up launches, which succeed more often with a bright picture, a merry title, a video and a low goal."""
    from PIL import Image

    rng = np.random.default_rng(5)
    goal, kind = np.exp(rng.normal(8, 1, n)).round(), rng.choice(["film", "games", "music"], n)
    bright, merry, video = (rng.random(n) < 0.5 for _ in range(3))
    logit = 1.5 * bright + 1.2 * merry + 1.2 * video - 0.9 * (np.log(goal) - 8) - 1.6
    state = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "successful", "failed").astype(object)
    launched = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 120, n), unit="D")
    state[launched > "2024-04-15"] = None
    (folder / "photos").mkdir(parents=True)
    for place in range(n):
        colour = (220, 180, 40) if bright[place] else (20, 20, 60)
        Image.new("RGB", (30, 40), colour).save(folder / "photos" / f"{place}.png")
    words = ["happy dancing cats" if one else "serious sober notes" for one in merry]
    return pd.DataFrame(
        {
            **{"project": [f"p{place}" for place in range(n)], "launched": launched, "state": state},
            **{"kind": kind, "goal": goal, "has_video": video, "deadline": launched + pd.Timedelta(days=30)},
            **{"title": [f"{word} {place}" for place, word in enumerate(words)]},
            **{"photo": [f"{place}.png" if place % 10 else None for place in range(n)]},
        }
    )


@pytest.fixture(scope="session")
def launches(tmp_path_factory):
    """A folder with the run `runs/launches`, on a table with texts, pictures and columns that can be changed."""
    root = tmp_path_factory.mktemp("launches")
    projects(root).to_parquet(root / "projects.parquet")
    arrival = {"known": "arrival"}
    data = {
        **{"members": str(root / "projects.parquet"), "split": {"kind": "user"}},
        "member_columns": {"user_id": "project", "joined": "launched"},
        "outcome": {"column": "state", "positive": ["successful"], "of": ["successful", "failed"], "name": "carried"},
        "attributes": {
            **{name: arrival | {"controllable": True} for name in ("kind", "goal", "has_video")},
            **{"deadline": arrival, "title": arrival | {"as": "text"}},
            "photo": arrival | {"as": "picture", "from": str(root / "photos")},
        },
        "features": ["kind", "goal", "has_video", "deadline", "title", "photo"],
        "windows": {"at_risk": "arrival", "history_days": 0, "horizon_days": 30},
    }
    finished({"data": data, "labels": {"user": "launch"}}, root / "runs" / "launches")
    return root
