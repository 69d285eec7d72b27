"""A delivery by its contract: once, fresh, not twice to a person, only what changed, with a receipt."""

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from churn.cli import main
from churn.delivery import deliver, summary
from churn.errors import UserError
from churn.folder import claimed
from churn.segments import Pseudonyms
from churn.serving import Store, work

from .conftest import NOW, configured, drawn, parcels

OUT = {"folder": {"to": "out"}}
EVERYONE = {"ann": "contact", "bob": "control", "cat": "contact", "dan": "contact"}


def files_of(folder):
    return {path: path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def test_a_delivery_that_is_repeated_changes_nothing_and_says_so(runs, delivered, capsys):
    first = delivered(**OUT)
    before = files_of(runs.parent)
    again = delivered(now=NOW + timedelta(days=3), **OUT)
    assert (first.fresh, again.fresh) == (True, False) and again.receipt == first.receipt
    changed = {path for path, content in files_of(runs.parent).items() if before.get(path) != content}
    assert {path.name for path in changed} <= {".churn"}
    summary(again)
    assert "delivered already" in capsys.readouterr().out


def test_a_dry_run_tells_the_difference_and_writes_nothing(runs, delivered, capsys):
    before = files_of(runs.parent)
    found = delivered(dry_run=True, **OUT)
    assert files_of(runs.parent) == before and not (runs / "deliveries").exists()
    summary(found)
    assert capsys.readouterr().out == (
        "folder: 3 users leave for out; the first delivery there; stay: held back 1; nothing is written (dry run)\n"
    )


def test_the_next_list_brings_what_is_new_or_changed_and_counts_what_is_gone(runs, delivered):
    columns = {"to": "out", "columns": {"why": "reason_1"}}
    delivered(folder=columns)
    drawn(runs / "june", {"ann": "contact", "eve": "contact", "dan": "control"}, cutoff="2024-03-08")
    later = {"list_of": "june", "now": NOW + timedelta(days=7), "folder": columns, "fatigue_days": 0}
    dry = delivered(dry_run=True, **later)
    found = delivered(**later)
    assert found.receipt["counts"] == dry.receipt["counts"]
    assert found.receipt["counts"] == {"listed": 3, "leave": 1, "new": 1, "changed": 0, "unchanged": 1, "gone": 1}
    assert found.receipt["stay"] == {"held_back": 1, "unchanged": 1}
    assert parcels(runs.parent / "out")[found.receipt["name"]].to_dict("records") == [
        {"user_id": "eve", "why": "reason 1, of eve"}
    ]
    assert delivered(**later | {"changed_only": False}).receipt["counts"]["leave"] == 2


def test_a_changed_row_is_delivered_again(runs, delivered):
    delivered(**OUT)
    drawn(runs / "june", {"cat": "contact", "ann": "contact"}, cutoff="2024-03-08")
    found = delivered("june", now=NOW + timedelta(days=7), fatigue_days=0, **OUT)
    assert {name: found.receipt["counts"][name] for name in ("changed", "unchanged", "gone")} == {
        "changed": 2,
        "unchanged": 0,
        "gone": 1,
    }


@pytest.mark.parametrize(("days", "leave"), [(13, 1), (14, 3)])
def test_nobody_is_delivered_twice_by_different_lists_within_the_days_of_fatigue(runs, delivered, days, leave):
    assert delivered(**OUT).receipt["counts"]["leave"] == 3
    assert delivered(braze={"to": "braze"}).receipt["counts"]["leave"] == 3  # one list may go to several places
    drawn(runs / "june", {"eve": "contact", "ann": "contact", "cat": "contact"}, cutoff="2024-03-14")
    now = NOW + timedelta(days=days)
    assert delivered("june", now=now, hubspot={"to": "hub"}).receipt["counts"]["leave"] == leave


def test_a_stale_list_is_refused(delivered, refused, runs):
    drawn(runs / "old", EVERYONE, cutoff="2024-02-24")
    assert delivered("old", fresh_days=7, dry_run=True, **OUT).receipt["counts"]["leave"] == 3
    with refused("at most 6 days old", "7 days since its cutoff, 2024-02-24", "churn score"):
        delivered("old", fresh_days=6, **OUT)
    assert not Path("out").exists()


def test_suppression_holds_for_users_and_for_keys_however_they_are_spelled(runs, delivered):
    keys = {"user_id": ["ann", "bob", "cat", "dan"], "email": ["Ann@a.org", "b@a.org", "c@a.org", "b@a.org "]}
    pd.DataFrame(keys).to_parquet("crm.parquet")
    match = {"table": "crm.parquet", "key": "email"}
    pd.DataFrame({"who": ["ann@A.org", None, "CAT"]}).to_csv("stop.csv", index=False)
    found = delivered(match=match, suppressed={"table": "stop.csv", "column": "who"}, **OUT)
    assert found.receipt["stay"] == {"held_back": 2, "suppressed": 2}  # dan has bob's address
    found = delivered(match=match, hubspot={"to": "hub"})
    assert parcels(Path("hub"))[found.receipt["name"]]["Email"].tolist() == ["Ann@a.org", "c@a.org"]


def test_users_without_a_key_or_with_several_stay(runs, delivered):
    pd.DataFrame({"user_id": ["ann", "ann", "cat"], "external_id": ["1", "2", ""]}).to_csv("crm.csv", index=False)
    assert delivered(match={"table": "crm.csv"}, **OUT).receipt["stay"] == {"held_back": 1, "unknown": 3}


def test_hashed_lists_are_matched_by_their_key_alone(runs, delivered, refused):
    names = Pseudonyms.make(Path("secret/key").absolute(), outside=runs)
    drawn(runs / "hidden", EVERYONE, names=names)
    pd.DataFrame({"user_id": ["cat"]}).to_csv("stop.csv", index=False)
    pd.DataFrame({"user_id": [*EVERYONE], "external_id": [*"1234"]}).to_csv("crm.csv", index=False)
    tables = {"suppressed": {"table": "stop.csv"}, "match": {"table": "crm.csv"}}
    with refused("segments.id_key in your configuration", "none", "name the file of their key"):
        delivered("hidden", **tables, **OUT)
    found = delivered("hidden", id_key=str(names.path), **tables, **OUT)
    assert found.receipt["stay"] == {"held_back": 1, "suppressed": 1}
    assert parcels(Path("out"))[found.receipt["name"]].external_id.tolist() == ["1", "4"]
    users = pd.read_parquet(next((runs / "deliveries").glob("*/delivered.parquet")))
    assert set(users.user_id) == set(names(EVERYONE)) and set(users.person) == set(names("1234"))


def test_what_is_wrong_with_tables_and_destinations_is_one_line(runs, delivered, refused):
    pd.DataFrame({"id": ["cat"]}).to_csv("stop.csv", index=False)
    with refused("the column 'user_id' in stop.csv", "the columns id", "suppressed"):
        delivered(suppressed={"table": "stop.csv"}, **OUT)
    with refused("a file", "none.csv", "check the path"):
        delivered(suppressed={"table": "none.csv"}, **OUT)
    with refused("a destination", "none", "braze"):
        delivered()
    with refused("--to out of folder", "'mail'", "mail.to"):
        delivered(to="mail", **OUT)
    with refused("the column 'mood' in the list", "reason_1", "columns"):
        delivered(folder={"to": "out", "columns": {"a": "mood"}})
    assert not Path("out").exists()


def test_a_list_that_was_changed_is_refused(runs, delivered, refused):
    priority = pd.read_parquet(runs / "may" / "priority.parquet")
    priority.assign(group="contact").to_parquet(runs / "may" / "priority.parquet")
    with refused("priority.parquet as it was written", "another content", "bring it back"):
        delivered(**OUT)


def test_a_list_for_spreadsheets_with_a_user_who_is_held_back_is_refused(runs, delivered, refused):
    contacts = pd.read_csv(runs / "may" / "priority.csv")
    contacts.assign(user_id=["ann", "bob", "dan"]).to_csv(runs / "may" / "priority.csv", index=False)
    with refused("the users to contact in", "others", "build the list again"):
        delivered(**OUT)


def test_the_command_delivers_tells_a_line_and_ends_with_two_where_the_list_is_stale(runs, capsys):
    Path("delivery.yaml").write_text("owner: crm@example.org\nfresh_days: 10000\nfolder: {to: out}\n")
    asked = ["deliver", "--run", str(runs / "may"), "--config", "delivery.yaml", "--quiet"]
    assert main([*asked, "--dry-run"]) == 0 and not Path("out").exists()
    assert main(asked) == 0
    assert (
        capsys.readouterr().out.count("folder: 3 users leave for out; the first delivery there; stay: held back 1") == 2
    )
    assert main([*asked, "--fresh_days", "7"]) == 2
    assert "at most 7 days old" in capsys.readouterr().err
    assert main([*asked, "--tired_days", "7"]) == 2


def test_a_korean_list_is_told_of_in_korean(runs, capsys):
    drawn(runs / "seoul", EVERYONE, language="ko")
    deliver(runs / "seoul", configured(**OUT), now=NOW, tell=summary)
    out = capsys.readouterr().out
    assert "3명" in out and "users" not in out


def test_a_receipt_says_who_answers_for_what_went_where(runs, delivered):
    found = delivered(**OUT)
    (path,) = (runs / "deliveries").glob("*/receipt.json")
    told = json.loads(path.read_text())
    assert told == found.receipt
    assert (told["owner"], told["to"], told["cutoff"], told["state"]) == (
        "crm@example.org",
        "out",
        "2024-03-01",
        "delivered",
    )
    assert told["contract"]["fatigue_days"] == 14 and "braze" not in told["contract"]
    assert pd.read_parquet(path.with_name("delivered.parquet")).outcome.tolist() == [
        *("leaves", "held_back"),
        *("leaves", "leaves"),
    ]


def test_receipts_that_another_command_holds_are_waited_for(runs, delivered, refused):
    with claimed(runs / "deliveries", "deliveries"):
        script = f"from churn.cli import main; raise SystemExit(main({['deliver', '--run', str(runs / 'may')]!r} + "
        script += "['--owner', 'crm', '--fresh_days', '10000', '--folder.to', 'out']))"
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and "to be free" in ended.stderr
    assert not Path("out").exists()


def test_a_failure_at_one_destination_keeps_what_others_have_got(runs):
    config = configured(folder={"to": "out"}, table={"to": "sqlite:///none.db::churn"})
    told = []
    with pytest.raises(UserError, match="a database file"):
        deliver(runs / "may", config, now=NOW, tell=told.append)
    assert [one.receipt["destination"] for one in told] == ["folder"]
    assert [path.name.split("-")[3] for path in (runs / "deliveries").iterdir() if path.is_dir()] == ["folder"]


def test_a_list_on_which_nobody_is_left_is_delivered_as_nobody(runs, delivered):
    drawn(runs / "none", {})
    drawn(runs / "held", {"bob": "control"})
    for name, stay in (("none", {}), ("held", {"held_back": 1})):
        found = delivered(name, **OUT)
        assert (found.receipt["counts"]["leave"], found.receipt["stay"]) == (0, stay)
        assert not delivered(name, **OUT).fresh
    assert not Path("out").exists()


def test_whoever_the_team_has_marked_as_not_to_be_contacted_stays(runs, delivered):
    store = Store("sqlite:///work.sqlite")
    for action, version in (("stop", 0), ("resume", 1), ("stop", 2)):
        with store.writing() as connection:
            work.apply(
                connection, work.Change("ada", action, "a list", "may"), {"cat": version}, held=(), known=["cat"]
            )
    store.close()
    found = delivered(suppressed={"table": "sqlite:///work.sqlite::do_not_contact"}, **OUT)
    assert found.receipt["stay"] == {"held_back": 1, "suppressed": 1}


def test_a_user_who_is_suppressed_after_a_delivery_is_neither_unchanged_nor_gone(runs, delivered):
    delivered(**OUT)
    pd.DataFrame({"user_id": ["dan"]}).to_csv("stop.csv", index=False)
    found = delivered(suppressed={"table": "stop.csv"}, **OUT)
    assert found.receipt["counts"] == {"listed": 4, "leave": 0, "new": 0, "changed": 0, "unchanged": 2, "gone": 0}
    assert found.receipt["stay"] == {"held_back": 1, "suppressed": 1, "unchanged": 2}


@pytest.mark.parametrize(("arrived", "files"), [(True, "all"), (False, "half"), (False, "none")])
def test_a_delivery_that_was_cut_off_is_finished_if_it_arrived_and_undone_if_not(
    runs, delivered, capsys, arrived, files
):
    first = delivered(**OUT).receipt
    (path,) = (runs / "deliveries").glob("*/receipt.json")
    path.write_text(path.read_text().replace('"delivered"', '"begun"'))
    if files == "half":
        Path("out", first["name"], first["files"][0]).unlink()
    if files == "none":
        shutil.move(Path("out", first["name"]), Path("out", f".churn-partial-7-{first['name']}"))
    dry = delivered(dry_run=True, **OUT)
    assert dry.fresh and '"begun"' in path.read_text()
    found = delivered(**OUT)
    assert found.settled == {first["id"]: "delivered" if arrived else "undone"}
    assert found.fresh is not arrived and found.receipt["state"] == "delivered"
    assert [path.name for path in Path("out").iterdir()] == [first["name"]]
    summary(found)
    told = "after it had arrived; it is finished." if arrived else "and had not arrived; it is undone."
    assert capsys.readouterr().out.startswith(f"Delivery {first['id']} had been cut off {told}")


def test_the_rest_of_a_receipt_that_was_never_begun_is_removed(runs, delivered):
    delivered(**OUT)
    shutil.copytree(next((runs / "deliveries").glob("*-folder-*")), runs / "deliveries" / "2024-03-01-folder-0")
    (runs / "deliveries" / "2024-03-01-folder-0" / "receipt.json").unlink()
    delivered(braze={"to": "braze"})
    assert not (runs / "deliveries" / "2024-03-01-folder-0").exists()


def test_suppression_from_a_table_of_a_database_finds_ids_that_are_numbers_there(runs, delivered):
    drawn(runs / "numbers", {"7": "contact", "8": "contact", "9": "contact"})
    with sqlite3.connect("shop.db") as database:
        database.execute("CREATE TABLE stop (id REAL)")
        database.execute("INSERT INTO stop VALUES (7), (NULL)")
    database.close()
    found = delivered("numbers", suppressed={"table": "sqlite:///shop.db::stop", "column": "id"}, **OUT)
    assert found.receipt["stay"] == {"suppressed": 1}
    assert parcels(Path("out"))[found.receipt["name"]].user_id.tolist() == ["8", "9"]
