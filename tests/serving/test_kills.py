"""Kills: the server is ended at any moment while several people mark; an acknowledged mark stays, and stays once."""

import json
import multiprocessing
import random
import socket
import sqlite3
import threading
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException

import pytest

from churn.artefacts import declared
from churn.serving import Store, serve, tokens

from .conftest import made

pytestmark = pytest.mark.slow
FORKS = multiprocessing.get_context("forkserver")  # whose servers have imported all and start at once
FORKS.set_forkserver_preload(["churn.serving.server"])
CLIENTS, MOMENTS, EACH = 4, 20, 12  # marks of a client between two kills; by hand 200 moments


class Client(threading.Thread):
    """Somebody who marks one user after the other until the server is gone."""

    def __init__(self, port, token, users, begun):
        super().__init__()
        self.begun = begun
        self.port, self.token, self.users = port, token, users
        self.acknowledged, self.asked = [], []

    def run(self):
        with closing(reached(self.port)) as connection, suppress(HTTPException, OSError):
            for user in self.users:
                self.asked.append(user)
                if marked(connection, self.token, user) == [user]:
                    self.acknowledged.append(user)
                self.begun.set()


def reached(port):
    """A connection to a server that may not listen yet."""
    for _ in range(2_000):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return connection
    raise TimeoutError("no server came")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def marked(connection, token, user):
    """The users whom the server says it has marked."""
    body = json.dumps({"action": "contacted", "note": f"rang {user}", "users": {user: 0}})
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection.request("POST", "/api/v1/contacts?list=march", body, headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 200, told
    return told["changed"]


def kept(runs):
    """How often the store says of each user that the user was contacted: by the marks, and by the history."""
    with closing(sqlite3.connect(runs / "work.sqlite")) as connection:
        contacts = connection.execute("SELECT user_id FROM contacts").fetchall()
        told = connection.execute("SELECT user_id, count(*) FROM history WHERE action = 'contacted' GROUP BY 1")
        return {user for (user,) in contacts}, dict(told.fetchall())


def killed(runs, moments, seed=0):
    """Kill the server so many times; the numbers of marks that were asked for and acknowledged."""
    rng, store = random.Random(seed), Store.of(runs, None)
    token = tokens.add_token(store, f"crm {seed}", "team", by="test")
    store.close()
    listed = declared.PRIORITY.read(runs / "march")
    users = listed.user_id[listed.group == "contact"].tolist()
    asked, acknowledged, open_ones, again = 0, set(), [], set()
    for _ in range(moments):
        port = free_port()
        server = FORKS.Process(target=serve, args=(runs,), kwargs={"port": port}, daemon=True)
        server.start()
        new, users = users[: CLIENTS * EACH], users[CLIENTS * EACH :]
        begun = threading.Event()
        clients = [Client(port, token, [*open_ones[n::CLIENTS], *new[n::CLIENTS]], begun) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        assert begun.wait(60)  # by the first answer the list has been read
        time.sleep(rng.uniform(0, 0.25))
        server.kill()
        server.join()
        for client in clients:
            client.join()
        asked += sum(len(client.asked) for client in clients)
        acknowledged |= {user for client in clients for user in client.acknowledged}
        contacts, told = kept(runs)
        assert acknowledged <= contacts, "an acknowledged mark was lost"
        assert contacts == told.keys() and set(told.values()) <= {1}, "a mark was made twice"
        seen = {user for client in clients for user in client.asked}
        users += [user for client in clients for user in client.users if user not in seen]
        open_ones = sorted(seen - acknowledged - again)  # which are asked for once more, with the version that was seen
        again |= {*open_ones}
    return asked, len(acknowledged)


def test_no_acknowledged_mark_is_lost_and_none_is_made_twice(tmp_path):
    made(tmp_path / "march", users=12_000, cutoff="2024-03-01")
    asked, acknowledged = killed(tmp_path, MOMENTS)
    assert asked > acknowledged > MOMENTS
