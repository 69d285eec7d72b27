import os
import shutil
import socket
import subprocess
import tempfile
from glob import glob
from pathlib import Path

import ibis
import pytest

PASSWORD = "s3cret"


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


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
