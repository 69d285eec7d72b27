"""Folders of lists, made of a few lines: who is on the list, who is held back, and when it was drawn."""

import sqlite3
from datetime import UTC, datetime

import duckdb
import pandas as pd
import pytest
import yaml

from churn.artefacts import declared, hashes_of, write_json
from churn.delivery import DeliveryConfig, deliver

NOW = datetime(2024, 3, 2, 12, tzinfo=UTC)


def drawn(folder, users, *, cutoff="2024-03-01", language="en", names=None, others=(), **windows):
    """A run's folder with a list: `{"ann": "contact", "bob": "control"}`, best first, and one reason for each user;
    others are scored and not on it."""
    listed = pd.DataFrame({"user_id": [*users], "group": [*users.values()]})
    if names is not None:
        listed["user_id"] = names(listed["user_id"])
    listed.insert(0, "rank", range(1, len(listed) + 1))
    listed = listed.assign(priority=[1 / rank for rank in listed["rank"]], priority_rank=listed["rank"], p_churn=0.5)
    folder.mkdir(parents=True)
    declared.PRIORITY.write(listed, folder)
    reasons = {f"reason_{place}": [f"reason {place}, of {one}" for one in users] for place in (1, 2, 3)}
    contacts = listed.assign(**reasons)[listed.group == "contact"].drop(columns="group")
    declared.CONTACTS.write(contacts, folder)
    scored = pd.DataFrame({"user_id": [*listed.user_id, *others], "cutoff": pd.Timestamp(cutoff), "p_churn": 0.5})
    segments = ["priority"] * len(listed) + ["other"] * len(others)
    declared.SCORES.write(scored.assign(priority=0.5, segment=segments), folder)
    segment = {"cutoff": cutoff, "id_key": names and str(names.path)}
    segment["sha256"] = hashes_of(folder, [declared.SCORES.file, declared.PRIORITY.file])
    told = dict.fromkeys(declared.MANIFEST.keys.split()) | {"created": "2024-03-01T00:00:00+00:00", "segment": segment}
    stages = [{"name": "score_users", "seconds": 0, "files": []}]
    write_json(told | {"begun_with": {"seed": str(folder)}, "stages": stages}, folder / declared.MANIFEST.file)
    data = {"zone": "UTC", "outcome": None, "windows": {"at_risk": "seen"} | windows}
    (folder / "config.yaml").write_text(yaml.safe_dump({"language": language, "data": data}))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder to work in, with a list of four users, one of whom is held back."""
    monkeypatch.chdir(tmp_path)
    drawn(tmp_path / "runs" / "may", {"ann": "contact", "bob": "control", "cat": "contact", "dan": "contact"})
    return tmp_path / "runs"


@pytest.fixture
def delivered(runs):
    """Delivers the list: `delivered(folder={"to": "out"})` is what became of it."""

    def now(list_of="may", *, now=NOW, to=None, dry_run=False, **config):
        return deliver(runs / list_of, configured(**config), now=now, to=to, dry_run=dry_run)[0]

    return now


def configured(**config):
    """A configuration from plain values: blocks are mappings."""
    from churn.delivery import config as config_of
    from churn.delivery import destinations as blocks

    kinds = {
        "match": config_of.MatchConfig,
        "suppressed": config_of.SuppressionConfig,
        "braze": blocks.BrazeConfig,
        "hubspot": blocks.HubSpotConfig,
        "salesforce": blocks.SalesforceConfig,
        "folder": blocks.FolderConfig,
        "table": blocks.TableConfig,
        "mail": blocks.MailConfig,
    }
    made = {name: kinds[name](**value) if name in kinds else value for name, value in config.items()}
    return DeliveryConfig(**{"owner": "crm@example.org"} | made)


def parcels(folder):
    """The rows of each parcel in a folder, as text, by the parcel's name."""
    found = {}
    for parcel in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(parcel.glob("*.csv"))
        found[parcel.name] = pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])
    return found


@pytest.fixture(params=["sqlite", "duckdb", "postgres"])
def warehouse(request, tmp_path):
    """A database: the URL of a table in it, and what reads a query."""
    if request.param == "postgres":
        url, engine = request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres")

        def read(query):
            with engine.begin() as cursor:
                found = cursor.execute(query)
                return found.fetchall() if found.description else None

        read('DROP TABLE IF EXISTS public."churn list"')

        return f"{url}::public.churn list", read
    path = tmp_path / "shop.db"
    (sqlite3 if request.param == "sqlite" else duckdb).connect(path).close()

    def read_file(query):
        connection = (sqlite3 if request.param == "sqlite" else duckdb).connect(path)
        try:
            found = connection.execute(query).fetchall()
            connection.commit()
            return found
        finally:
            connection.close()

    return f"{request.param}:///{path}::churn list", read_file
