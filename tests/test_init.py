"""`churn init`: a configuration that runs without an edit, from files as users have them."""

import numpy as np
import pandas as pd
import pytest
import yaml

from churn.cli import main

pytestmark = pytest.mark.slow

NAMES = {"user_id": "customer_id", "event": "action", "timestamp": "created_at"}


@pytest.fixture(scope="module")
def log():
    """150 users who post, view and like on a random share of the days between their first and last, of 60."""
    rng = np.random.default_rng(0)
    first, last = np.sort(rng.integers(0, 60, (2, 150)), axis=0)
    day = np.arange(60)
    there = (day >= first[:, None]) & (day <= last[:, None]) & (rng.random((150, 60)) < rng.uniform(0.1, 0.9, (150, 1)))
    user, day = np.repeat(np.argwhere(there), rng.poisson(3, there.sum()), axis=0).T
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(day * 86_400 + rng.integers(0, 86_400, len(day)), unit="s")
    kind = rng.choice(["post", "view", "like"], len(day))
    rows = pd.DataFrame({"customer_id": [f"c{u}" for u in user], "action": kind, "created_at": when})
    return rows.sort_values("created_at", ignore_index=True)


@pytest.fixture(scope="module")
def purchases(log):
    return log.sample(600, random_state=1)[["customer_id", "created_at"]].assign(amount=np.arange(600) / 2 + 1)


@pytest.fixture
def started(tmp_path, monkeypatch, capsys):
    """Runs `churn init` on files in the working folder, then `churn check`; the `data:` block and what both said."""
    monkeypatch.chdir(tmp_path)

    def run(*files):
        assert main(["init", *files]) == 0
        said = capsys.readouterr().out
        assert main(["check", "--config", "churn.yaml"]) == 0
        return yaml.safe_load((tmp_path / "churn.yaml").read_text())["data"], said + capsys.readouterr().out

    return run


def test_a_log_with_other_names_needs_no_edit(log, started, tmp_path):
    log.to_csv(tmp_path / "log.csv", index=False)
    data, said = started("log.csv")
    assert (data["events"], data["event_columns"]) == ("log.csv", NAMES)
    assert "user_id: customer_id  # by its name" in said and "churn check --config churn.yaml" in said


def test_ids_that_are_empty_text_beside_numbers_are_no_times(log, started, tmp_path):
    rows = log.assign(customer_id=log.customer_id.str.removeprefix("c"))
    rows.loc[::9, "customer_id"] = ""
    rows.to_json(tmp_path / "log.jsonl", orient="records", lines=True, date_format="iso")
    assert started("log.jsonl")[0]["event_columns"] == NAMES


def test_a_table_with_a_row_per_user_and_day_is_one_of_days(log, purchases, started, tmp_path):
    days = log.groupby(["customer_id", log.created_at.dt.date]).size().rename("posts").reset_index()
    days.assign(fans=1_000, plan="free").to_csv(tmp_path / "days.csv", index=False)
    data, said = started("days.csv")
    assert (data["daily"], data["daily_columns"]) == ("days.csv", {"user_id": "customer_id", "timestamp": "created_at"})
    assert "levels such as subscribers or a balance belong in daily_levels: posts, fans" in said
    purchases.to_csv(tmp_path / "log.csv", index=False)  # a number, too, but at any moment of a day
    (tmp_path / "churn.yaml").unlink()
    assert "events" in started("log.csv")[0]


def test_purchases_and_members_are_told_from_the_log_in_any_order(log, purchases, started, tmp_path):
    members = pd.DataFrame({"customer_id": log.customer_id.unique(), "signed_up": "2023-12-01", "plan": "free"})
    for name, frame in {"a": members, "b": purchases, "c": log}.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    data, said = started("a.csv", "b.csv", "c.csv")
    assert (data["members"], data["stickers"], data["events"]) == ("a.csv", "b.csv", "c.csv")
    assert data["member_columns"] == {"user_id": "customer_id", "joined": "signed_up"}
    assert data["sticker_columns"]["amount"] == "amount"
    assert "sticker 0." in said


def test_ids_that_could_be_days_of_a_spreadsheet_are_ids(log, started, tmp_path):
    numbered = log.assign(customer_id=log.customer_id.str[1:].astype(int) + 12_000)
    members = pd.DataFrame({"customer_id": numbered.customer_id.unique(), "plan": "free"})
    for name, frame in {"log": numbered, "members": members}.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    data, _ = started("members.csv", "log.csv")
    assert data["member_columns"] == {"user_id": "customer_id"} and data["event_columns"] == NAMES


def test_what_a_spreadsheet_saves_in_german_is_read(log, purchases, started, tmp_path):
    names = {"customer_id": "Kundennummer", "action": "Aktion", "created_at": "Zeitpunkt", "amount": "Betrag"}
    euros = purchases.amount.map("{:.2f} €".format).str.replace(".", ",")
    for name, frame in {"log": log, "kauf": purchases.assign(amount=euros)}.items():
        frame = frame.assign(created_at=frame.created_at.dt.strftime("%d.%m.%Y %H:%M")).rename(columns=names)
        frame.to_csv(tmp_path / f"{name}.csv", sep=";", index=False, encoding="cp1252")
    data, said = started("log.csv", "kauf.csv")
    assert data["event_columns"]["time_format"] == "%d.%m.%Y %H:%M"
    assert data["sticker_columns"]["amount"] == "Betrag" and data["csv"] == {"encoding": "cp1252"}
    assert f"{len(log):,}" in said and "rejected" not in said


def test_korean_text_of_windows_is_read(log, started, tmp_path):
    log = log.rename(columns={"customer_id": "회원번호", "action": "행동", "created_at": "일시"})
    log.to_csv(tmp_path / "log.csv", index=False, encoding="cp949")
    data, _ = started("log.csv")
    assert data["csv"] == {"encoding": "cp949"}
    assert data["event_columns"] == {"user_id": "회원번호", "event": "행동", "timestamp": "일시"}


def test_whoever_acts_is_the_user_where_nobody_acts_in_an_own_room(log, started, tmp_path):
    log.rename(columns={"customer_id": "sender"}).assign(room="r" + log.action).to_parquet(tmp_path / "log.parquet")
    data, _ = started("log.parquet")
    assert data["event_columns"]["user_id"] == "sender" and "actor_id" not in data["event_columns"]


def test_a_short_log_gets_windows_that_fit_it(log, started, tmp_path):
    log[log.created_at < "2024-01-31"].to_parquet(tmp_path / "log.parquet")
    assert started("log.parquet")[0]["windows"]["horizon_days"] == 3


def test_an_order_that_the_file_does_not_tell_is_marked(log, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    early = log[log.created_at.dt.day <= 12]
    early.assign(created_at=early.created_at.dt.strftime("%d/%m/%Y")).to_csv("log.csv", index=False)
    assert main(["init", "log.csv"]) == 0
    assert 'MAKE SURE: it may be "%m/%d/%Y"' in capsys.readouterr().out


def test_nothing_is_overwritten(log, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log.to_parquet("log.parquet")
    (tmp_path / "churn.yaml").write_text("mine")
    assert main(["init", "log.parquet"]) == 2
    assert "expected a new file at churn.yaml" in capsys.readouterr().err
    assert (tmp_path / "churn.yaml").read_text() == "mine"


def test_two_files_of_one_table_are_refused_with_the_way_to_name_both(log, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, part in {"may": log[::2], "june": log[1::2]}.items():
        part.to_parquet(f"{name}.parquet")
    assert main(["init", "may.parquet", "june.parquet"]) == 2
    assert "quoted glob" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("columns", "said"), [(["customer_id", "action"], "a column of times"), (["created_at"], "a column of users")]
)
def test_files_that_hold_no_log_are_refused(columns, said, log, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log[columns].to_parquet("log.parquet")
    assert main(["init", "log.parquet"]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "churn.yaml").exists()


# A list that stands alone ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leads():
    """400 leads with dates, whose answers are won, lost or open, and a column with few values that reads like users."""
    rng = np.random.default_rng(2)
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 200, 400)), unit="D")
    columns = {
        "Prospect ID": [f"{n:04d}-{n * 7919 % 997}" for n in range(400)],
        "launched_at": joined,
        "deadline": joined + pd.Timedelta(days=20),
        "What matters most to you": rng.choice(["price", "time"], 400),
        "pages": rng.poisson(3, 400),
        "note": [f"called on day {n}" for n in range(400)],
        "voucher": [f"V{n}" for n in range(400)],
        "state": rng.choice(["won", "lost", "open"], 400, p=[0.4, 0.5, 0.1]),
    }
    return pd.DataFrame(columns)


def test_a_list_whose_ids_stand_once_is_asked_about_its_answers(leads, started, tmp_path):
    leads.to_csv(tmp_path / "leads.csv", index=False)
    data, said = started("leads.csv")
    assert "events" not in data
    assert data["member_columns"] == {"user_id": "Prospect ID", "joined": "launched_at"}
    assert data["outcome"] == {"column": "state", "positive": ["won"], "of": ["won", "lost"], "from": "deadline"}
    assert data["features"] == ["What matters most to you", "pages", "note"]
    assert data["attributes"]["note"] == {"known": "arrival", "as": "text"}
    assert data["split"] == {"kind": "time"}
    assert "not used: voucher" in said
    assert "members without an answer are scored" in said


def test_a_list_without_dates_gets_the_day_on_which_it_was_drawn(leads, started, tmp_path):
    bare = leads[leads.state != "open"].drop(columns=["launched_at", "deadline"])
    bare.assign(state=(bare.state == "won").astype(int)).to_parquet(tmp_path / "leads.parquet")
    data, said = started("leads.parquet")
    assert data["member_columns"]["joined"] is None
    assert data["outcome"] == {"column": "state", "positive": ["1"]}
    assert data["split"] == {"kind": "user"}
    assert "MAKE SURE: the day on which the list was drawn" in said


def test_answers_that_do_not_say_what_yes_is_are_marked(leads, started, tmp_path):
    leads.assign(state=leads.state.map({"won": "blue", "lost": "green"})).to_csv(tmp_path / "leads.csv", index=False)
    data, said = started("leads.csv")
    assert data["outcome"]["positive"] == ["blue"]
    assert "MAKE SURE: which values mean yes" in said


def test_a_list_without_answers_is_refused_with_the_page_that_tells_more(leads, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    leads.drop(columns="state").to_csv("leads.csv", index=False)
    assert main(["init", "leads.csv"]) == 2
    said = capsys.readouterr().err
    assert "expected a column of answers" in said and "docs/recipes/arrivals.md" in said
