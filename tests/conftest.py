import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from glob import glob
from importlib.util import find_spec
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import settings

from churn.artefacts import read_json, write_json
from churn.data import DataConfig, Panel, prepare
from churn.errors import UserError

settings.register_profile("fixed", derandomize=True)  # the tests of a commit pass or fail alike on every machine;
settings.register_profile("searching")  # --hypothesis-profile=searching looks for what no commit has met
settings.load_profile("fixed")

PASSWORD = "s3cret"
LONGEST = {  # over 40 seconds each
    *("test_pipeline.py", "test_notebooks.py", "test_experiments.py", "test_browser.py"),
    *("test_cli.py", "test_storage.py", "test_families.py"),
}


def pytest_collection_modifyitems(items):
    """The longest files first, so that no worker ends with one of them while the other has nothing left."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Prepares data frames in a new folder: `prepared({"events": frame}, zone="UTC")` is a dataset."""

    def dataset_of(frames, *, vocabulary=None, **config):
        folder = tmp_path_factory.mktemp("data") / "dataset"
        names = {name: name for name in frames if name in DataConfig.__dataclass_fields__}
        return prepare(DataConfig(**names | config), folder, frames=frames, vocabulary=vocabulary)

    return dataset_of


@pytest.fixture(scope="session")
def unsealed():
    """Copies a run to a folder whose manifest does not say how its files were written, so that they can be changed."""

    def copy(run, to):
        folder = Path(shutil.copytree(run, to))
        manifest = read_json(folder / "manifest.json")
        manifest["segment"]["sha256"] = {}
        stages = [stage | {"files": {}} for stage in manifest.pop("stages")]
        kept = {name: value for name, value in manifest.items() if name not in ("files", "sha256")}
        write_json(kept | {"stages": stages}, folder / "manifest.json")
        return folder

    return copy


@pytest.fixture(scope="session")
def refused():
    """A block that must end in a UserError of one line, with a passage in each of its three parts."""

    @contextmanager
    def block(expected, found, remedy):
        with pytest.raises(UserError) as caught:
            yield
        error = caught.value
        assert expected in error.expected
        assert found in str(error.found)
        assert remedy in error.remedy
        assert "\n" not in str(error)

    return block


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    """Directories of tiny networks with random weights: one that reads texts, one that reads pictures."""
    import torch
    import transformers

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    text, picture = (tmp_path_factory.mktemp(name) for name in ("text", "picture"))
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (text / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(str(text / "vocab.txt")).save_pretrained(text)
    config = transformers.BertConfig(vocab_size=len(words), max_position_embeddings=32, **sizes)
    transformers.BertModel(config).save_pretrained(text)
    config = transformers.ViTConfig(image_size=32, patch_size=8, **sizes)
    transformers.ViTModel(config).save_pretrained(picture)
    transformers.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(picture)
    return {"text": text, "picture": picture}


@pytest.fixture(scope="session")
def panel_of():
    """A panel drawn as one line per user and one sign per day.

    `.` nothing, `x` one own post, a digit so many of them, `o` a sticker, `b` a post and a sticker.
    """

    def panel(*pictures):
        first, last, start, values = [], [], [], [(0, 0)]
        for picture in pictures:
            seen = [day for day, sign in enumerate(picture) if sign != "."] or [0, -1]
            first.append(seen[0])
            last.append(seen[-1])
            start.append(len(values))
            values += [_drawn(sign) for sign in picture[seen[0] : seen[-1] + 1]]
        days = np.array(values, np.uint8)
        first, last = np.array(first, np.int32), np.array(last, np.int32)
        return Panel(
            users=pd.Index([f"user{position}" for position in range(len(pictures))]),
            features=("own_post", "stickers_received"),
            first_day=19723,  # 2024-01-01
            n_days=len(pictures[0]),
            first=first,
            last=last,
            start=np.array(start, np.int64),
            arrived=np.where(first <= last, first, np.int32(len(pictures[0]))),
            counts=days,
            amounts=None,
            active=days[:, 0] > 0,
        )

    return panel


def _drawn(sign):
    return int(sign) if sign.isdigit() else int(sign in "xb"), int(sign in "ob")


def _program(name):
    """A program of PostgreSQL's server, which Debian keeps off the path."""
    return shutil.which(name) or next(iter(sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)


@pytest.fixture(scope="session")
def postgres_url():
    """The URL of a PostgreSQL that this session starts on loopback, in a temporary data folder."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if not (initdb and pg_ctl):
        pytest.skip("PostgreSQL's server is not installed; Debian's package is postgresql")
    folder = Path(tempfile.mkdtemp(prefix="churn-postgres-"))
    as_server = {"cwd": folder, "check": True, "capture_output": True}
    if os.getuid() == 0:  # the server refuses to run as root; the package brings a user for it
        shutil.chown(folder, "postgres")
        as_server |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    (folder / "password").write_text(PASSWORD)
    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    access = ["-U", "churn", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}"]
    try:
        subprocess.run([initdb, "-D", folder / "data", "-E", "UTF8", "--locale=C.UTF-8", *access], **as_server)
        start = [pg_ctl, "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start"]
        subprocess.run(start, **as_server)
        yield f"postgresql://churn:{PASSWORD}@127.0.0.1:{port}/postgres"
        subprocess.run([pg_ctl, "-D", folder / "data", "-m", "immediate", "stop"], **as_server)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(postgres_url):
    """A connection to the session's PostgreSQL."""
    engine = ibis.connect(postgres_url)
    yield engine
    engine.disconnect()


@contextmanager
def _served(command, port, **options):
    """A server that this session starts on loopback, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="churn-cluster-"))
    try:
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True, **options)
        try:
            _wait_for(port, server, folder / "log")
            yield f"sc://127.0.0.1:{port}", server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port, server, log, seconds=120):
    for _ in range(10 * seconds):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"no server: {log.read_text(errors='replace')[-2000:]}")


def _sail():
    for package in ("pyspark", "pysail"):
        if not find_spec(package):
            pytest.skip(f"{package} is not installed; `make test-cluster` runs these tests where it is")
    port = _free_port()
    return _served([sys.executable, "-m", "pysail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)], port)


@pytest.fixture(scope="session")
def sail_url():
    """The URL of Sail, which speaks Spark Connect without a JVM."""
    with _sail() as (url, _):
        yield url


@pytest.fixture
def lonely_sail():
    """The URL of a Sail of the test's own, and its process."""
    with _sail() as found:
        yield found


@pytest.fixture(scope="session")
def spark_url():
    """The URL of Spark itself on this machine; its own package has it, the client alone has not."""
    found = find_spec("pyspark")
    home = Path(found.origin).parent if found else None
    if home is None or not (home / "jars").is_dir():
        pytest.skip("Spark itself is not installed; `make test-cluster` runs these tests where it is")
    if not shutil.which("java"):
        pytest.skip("Java is not installed; Debian's package is openjdk-17-jre-headless")
    port, server = _free_port(), "org.apache.spark.sql.connect.service.SparkConnectServer"
    places = {"port": port, "address": "127.0.0.1"}
    settings = {f"spark.connect.grpc.binding.{name}": value for name, value in places.items()}
    settings |= {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": 2, "spark.driver.memory": "2g"}
    options = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    command = [home / "bin" / "spark-submit", "--master", "local[2]", "--class", server, *options, "spark-internal"]
    with _served(command, port, env=os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}) as (url, _):
        yield url


@pytest.fixture
def stored(tmp_path, request):
    """Puts a frame where an engine reads it: `stored("postgres", frame)` is its source."""

    def source(where, frame):
        name = ibis.util.gen_name("stored")
        table = pa.Table.from_pandas(frame, preserve_index=False) if isinstance(frame, pd.DataFrame) else frame
        if where == "duckdb":
            with duckdb.connect(tmp_path / "stored.db") as con:
                con.execute(f"CREATE TABLE {name} AS FROM frame")
            return f"duckdb:///{tmp_path}/stored.db::{name}"
        url = request.getfixturevalue(f"{where}_url")
        if where == "postgres":
            maker = ibis.connect(url)
            maker.create_table(name, frame)
            maker.disconnect()
            return f"{url}::{name}"
        pq.write_table(table, tmp_path / f"{name}.parquet", coerce_timestamps="us", allow_truncated_timestamps=True)
        return f"{url}::{tmp_path}/{name}.parquet"

    return source


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def leads(n=400):
    """A made-up member list: leads who convert more often from some origins, and of whom a tenth has no answer yet."""
    rng = np.random.default_rng(3)
    origin, visits = rng.choice(["web", "fair", "friend"], n), rng.poisson(4, n).astype(float)
    chance = 1 / (1 + np.exp(2 - 2.5 * (origin == "friend") - 0.3 * visits))
    state = np.where(rng.random(n) < chance, "won", "lost").astype(object)
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 120, n), unit="D")
    state[joined > "2024-04-15"] = None
    visits[::9] = np.nan
    user_id = [f"lead{position}" for position in range(n)]
    return pd.DataFrame({"user_id": user_id, "joined": joined, "origin": origin, "visits": visits, "state": state})


LEADS = {  # the `data:` block of `leads`
    **{"members": "members", "features": ["origin", "visits"], "split": {"kind": "user"}},
    "attributes": {"origin": {"known": "arrival"}, "visits": {"known": "arrival"}},
    "outcome": {"column": "state", "positive": ["won"], "name": "deal_won"},
    "windows": {"at_risk": "arrival", "history_days": 0, "horizon_days": 7},
}


@pytest.fixture(scope="session")
def outcome_runs(tmp_path_factory):
    """Finished runs on an outcome, which tests leave as they are: with leads to score, who control their
    visits, and with answers for all."""
    from churn.configuration import RunConfig, parse, run_config, run_parser
    from churn.pipeline import run

    def finished(members, **visits):
        folder = tmp_path_factory.mktemp("outcome")
        members.to_parquet(folder / "leads.parquet")
        settings = {
            "data": LEADS
            | {"members": str(folder / "leads.parquet")}
            | {"attributes": LEADS["attributes"] | {"visits": LEADS["attributes"]["visits"] | visits}},
            "models": ["churn.models.LightGBM", "churn.models.Logistic"],
            "tuning": {"trials": 1},
            "training": {"seeds": 1},
            "evaluation": {"repetitions": 50},
            "explanation": {"trees": 20, "rounds": 3, "seeds": 1},
            "labels": {"user": "lead"},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(settings))
        config: RunConfig = run_config(parse(["--config", str(folder / "config.yaml")], parser=run_parser()))
        return run(config, folder / "run").folder

    every = leads()
    return {"to score": finished(every, controllable=True), "answered": finished(every[every.state.notna()])}


@pytest.fixture(scope="session")
def contracts():
    """Makes events of customers, and a table of their contracts, one after the other: who acted lately renews more."""
    begin, days_of_log = pd.Timestamp("2024-01-01"), 366

    def tables(n=60, *, seed=0):
        rng, events, rows = np.random.default_rng(seed), [], []
        for place in range(n):
            customer, zeal = f"c{place:02d}", rng.uniform(0.05, 0.6)
            days = np.flatnonzero(rng.random(days_of_log) < zeal)
            events += [(customer, begin + pd.Timedelta(days=int(day), hours=9)) for day in days]
            for day in range(int(rng.integers(20, 50)), days_of_log, 45):
                lately = ((days >= day - 14) & (days < day)).sum()
                state = "renewed" if rng.random() < 1 / (1 + np.exp(3 - lately)) else "cancelled"
                decided = begin + pd.Timedelta(days=day + int(rng.integers(0, 25)))
                rows.append((customer, begin + pd.Timedelta(days=day), state, decided))
        log = pd.DataFrame(events, columns=["user_id", "timestamp"]).assign(event="post")
        return {"events": log, "renewals": pd.DataFrame(rows, columns=["customer", "renews_on", "state", "decided_on"])}

    return tables
