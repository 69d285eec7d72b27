"""A command that is killed at any moment: the next one leaves exactly one whole delivery and one receipt of it."""

import multiprocessing
import random
import signal
import sqlite3
import time

import pytest
import yaml

from churn.cli import main
from churn.disk import PARTIAL

from .conftest import drawn, parcels

MOMENTS = 40
CONTEXT = multiprocessing.get_context("forkserver")


def started(asked):
    child = CONTEXT.Process(target=main, args=(asked,))
    child.start()
    return child


@pytest.mark.slow
def test_whatever_the_moment_of_a_kill_the_next_command_leaves_one_whole_delivery(tmp_path, capsys):
    CONTEXT.set_forkserver_preload(["churn.delivery.delivering", "churn.delivery.config", "churn.configuration"])
    users = {f"u{place:04}": "control" if place % 10 == 0 else "contact" for place in range(1_500)}
    begun = kept = 0
    longest = None
    for moment in range(-2, MOMENTS):
        place = tmp_path / f"moment{moment}"
        may = drawn(place / "runs" / "may", users)
        sqlite3.connect(place / "shop.db").close()
        config = {
            **{"owner": "crm", "fresh_days": 10_000, "folder": {"to": str(place / "out")}},
            "table": {"to": f"sqlite:///{place / 'shop.db'}::churn"},
        }
        (place / "delivery.yaml").write_text(yaml.safe_dump(config))
        asked = ["deliver", "--run", str(may), "--config", str(place / "delivery.yaml"), "--quiet"]
        start, child = time.monotonic(), started(asked)
        if moment < 0:  # how long a command takes that nobody kills, the second time with all loaded
            child.join()
            longest = time.monotonic() - start
            assert child.exitcode == 0
        else:
            child.join(random.Random(moment).uniform(0, longest))
            child.kill()
            child.join()
            kept += child.exitcode == -signal.SIGKILL
        begun += any('"begun"' in path.read_text() for path in (place / "runs" / "deliveries").glob("*/receipt.json"))
        assert main(asked) == 0
        assert main(asked) == 0
        (rows,) = parcels(place / "out").values()
        assert rows.user_id.tolist() == [user for user, group in users.items() if group == "contact"]
        with sqlite3.connect(place / "shop.db") as database:
            there = database.execute("SELECT user_id FROM churn ORDER BY rank").fetchall()
        database.close()
        assert [user for (user,) in there] == rows.user_id.tolist()
        receipts = sorted((place / "runs" / "deliveries").glob("*/receipt.json"))
        assert [yaml.safe_load(path.read_text())["state"] for path in receipts] == ["delivered", "delivered"]
        assert not [path for path in place.rglob("*") if path.name.startswith(PARTIAL)]
    out = capsys.readouterr().out
    assert kept > MOMENTS / 4, "many commands have to be killed at work"
    print(f"killed {kept} of {MOMENTS}, {begun} with a receipt begun, {out.count('had been cut off')} settled")
