"""The page in the terminal, for a reader at 80 columns and for a program behind a pipe."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from churn.cli import main
from churn.data import example_frames

from .test_language import english

pytestmark = pytest.mark.slow

SECTIONS = ["Tables", "Rows", "Days", "Users", "Events by role", "Features", "Windows", "Warnings"]
HOSTILE = ["[red]alert[/red]", "\x1b[31mred\x1b[0m", ":boom:", "two\nlines", "x" * 300, "[/]", "한국어"]


@pytest.fixture
def config(tmp_path):
    """Writes data frames and a configuration of them; gives its path."""

    def write(frames, **data):
        for name, frame in frames.items():
            frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        path = tmp_path / "config.yaml"
        tables = {name: str(tmp_path / f"{name}.parquet") for name in frames}
        path.write_text(yaml.safe_dump({"data": tables | data}))
        return str(path)

    return write


@pytest.fixture
def page(config, capsys, monkeypatch):
    """What check prints at 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def printed(frames, **data):
        assert main(["check", "--config", config(frames, **data)]) == 0
        return capsys.readouterr().out

    return printed


def words(text):
    """The text without its line breaks and paddings."""
    return " ".join(text.split())


def test_sections_come_in_order_and_the_verdict_last(page):
    lines = page(example_frames()).splitlines()
    assert [line for line in lines if line in SECTIONS] == SECTIONS
    assert lines[-1].endswith("read them first.") and lines[-1][0].isdigit()


def test_the_page_speaks_the_language_of_the_configuration(config, capsys):
    path = config(example_frames())
    assert main(["check", "--config", path, "--language", "ko"]) == 0
    shown = words(capsys.readouterr().out)
    assert english(shown) == []
    assert "결과를 아는 윈도우" in shown and "먼저 읽어 보십시오" in shown


def test_columns_are_shown_with_type_and_use(page):
    frames = example_frames()
    frames["members"] = frames["members"].rename(columns={"user_id": "creator"}).assign(plan="free")
    out = words(page(frames, member_columns={"user_id": "creator"}))
    assert "members creator string user_id" in out
    assert "members plan string attribute" in out
    assert "stickers amount int64 amount" in out


def test_how_times_are_written_is_shown_with_one_as_read_and_the_ends(page):
    frames = example_frames()
    frames["events"]["timestamp"] = frames["events"].timestamp.dt.strftime("%d.%m.%Y %H:%M")
    out = words(page(frames))
    first = frames["stickers"].timestamp.min()
    assert "times of events: %d.%m.%Y %H:%M; '" in out and "' is read as 2024-" in out
    assert f"the first {first:%Y-%m-%d}" in out


def test_with_a_zone_it_is_said_how_local_times_are_read(page):
    said = "if they are local times, leave data.zone out"
    assert said in words(page(example_frames(), zone="Asia/Seoul"))
    assert said not in words(page(example_frames()))


def test_a_column_left_unused_is_shown_so(page):
    frames = {"events": example_frames()["events"].assign(extra=1)}
    out = words(page(frames, event_columns={"actor_id": None}))
    assert "events actor_id string –" in out
    assert "events extra int64 –" in out


def test_rejected_rows_stand_with_reason_and_share(page):
    frames = example_frames()
    lost = np.arange(len(frames["events"])) % 20 == 0
    frames["events"]["event"] = frames["events"].event.where(~lost)
    out = words(page(frames))
    assert f"rejected: null event {lost.sum():,} 5.0%" in out
    assert f"{lost.sum():,} of {len(lost):,} rows of events could not be used: null event ({lost.sum():,})." in out
    assert "→ Mend the rows" in out


def test_days_without_events_are_listed(page):
    frames = example_frames()
    day = frames["events"].timestamp.dt.normalize().astype(str)
    frames["events"] = frames["events"][~day.isin(["2024-01-20", "2024-01-21", "2024-02-02"])]
    out = words(page(frames))
    assert "days without any event: 3: 2024-01-20 to 2024-01-21, 2024-02-02" in out
    assert "days: 2024-01-01 to 2024-03-30, 90 of them" in out


def test_members_never_seen_are_counted(page):
    frames = example_frames()
    ghosts = pd.DataFrame({"user_id": ["ghost1", "ghost2"]})
    frames["members"] = pd.concat([frames["members"], ghosts], ignore_index=True)
    assert "82 on the member list, 2 of whom never appear" in words(page(frames))


def test_numbers_of_windows_and_rates_are_those_of_the_data(page, prepared):
    frames = example_frames()
    audit = prepared(frames).audit()
    out = page(frames)
    assert f"labelled windows: {audit['windows_labelled']:,}" in out
    rates = ", ".join(f"{target} {rate:.4f}" for target, rate in audit["base_rates"].items())
    assert f"base rates: {rates}" in out
    for part in audit["parts"]:
        line = next(line for line in out.splitlines() if line.strip().startswith(part["part"] + " "))
        assert f"{part['windows']:,}" in line and part["first_cutoff"] in line
        assert "churn_rate" not in part or f"{part['churn_rate']:.4f}" in line


def test_a_planted_leak_is_named_and_the_code_stays_zero(page):
    frames = example_frames()
    frames["members"]["account"] = np.arange(len(frames["members"])) + 5_000
    out = words(page(frames))
    assert "Possible leak: account looks like an identifier" in out


def test_lines_fit_80_columns(page):
    frames = example_frames()
    frames["events"]["event"] = frames["events"].event.replace({"post": "p" * 200})
    assert max(map(len, page(frames).splitlines())) <= 80


def test_hostile_names_are_shown_as_they_are_and_obey_nobody(page):
    frames = example_frames()
    places = np.arange(len(frames["events"])) % len(HOSTILE)
    frames["events"]["event"] = np.array(HOSTILE, dtype=object)[places]
    out = page(frames)
    assert "[red]alert[/red]" in out and ":boom:" in out and "한국어" in out and "two\ufffdlines" in out
    assert "\x1b" not in out
    assert "".join(out.split()).count("x" * 20)


def test_a_hostile_name_in_a_warning_is_shown_as_it_is(page):
    frames = example_frames()
    frames["members"]["[bold]id[/bold]"] = [f"A-{k}" for k in range(len(frames["members"]))]
    assert "[bold]id[/bold] looks like an identifier" in words(page(frames))


def test_a_pipe_gets_no_colours(config):
    """In one process, with each environment: the console asks for it as it writes."""
    script = (
        "import os, sys; from churn.cli import main\n"
        "for given in ({}, {'COLUMNS': '200'}, {'TERM': 'dumb'}):\n"
        "    os.environ |= given; assert main(sys.argv[1:]) == 0; [os.environ.pop(name) for name in given]"
    )
    command = [sys.executable, "-c", script, "check", "--quiet", "--config", config(example_frames(60))]
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "\x1b" not in done.stdout and done.stderr == ""
    assert done.stdout.count("labelled windows: ") == 3


@pytest.fixture
def stopped(config, capsys):
    """What check prints of a log that no run can split: the page, and the error."""

    def printed(frames, **data):
        assert main(["check", "--quiet", "--config", config(frames, **data)]) == 2
        out, err = capsys.readouterr()
        assert [line for line in out.splitlines() if line in SECTIONS] == SECTIONS
        assert err.count("\n") == 1 and err.startswith("churn: expected ")
        assert words(out).endswith("A run would stop: " + words(err.removeprefix("churn: ")))
        return words(out), words(err)

    return printed


def small_log(n_days=60, **columns):
    """Posts of 20 users at noon, each on three of four days."""
    user, day = np.nonzero((np.arange(20)[:, None] + np.arange(n_days)) % 4 > 0)
    when = pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame({"user_id": [f"u{k}" for k in user], "timestamp": when} | columns)


def test_the_page_is_printed_of_a_log_that_cannot_be_split(stopped):
    frames = example_frames()
    frames["stickers"] = frames["stickers"].iloc[:1]
    _, err = stopped(frames)
    assert "both classes of sticker" in err


@pytest.mark.parametrize("when", ["2099-06-01", "2038-01-19", "1970-01-01"])
def test_a_stray_date_is_named_with_the_days_that_leave_it_out(when, stopped, page):
    log = small_log()
    sound = {"data.first_day": "2024-01-01"} if when < "2024" else {"data.last_day": "2024-02-29"}
    events = pd.concat([log, log.iloc[:1].assign(timestamp=pd.Timestamp(when))], ignore_index=True)
    out, err = stopped({"events": events})
    assert "nobody acts from " in err and "data.last_day" in err
    assert f"1 of {len(events):,} events lie far from all others, on {when}." in out
    ((key, day),) = sound.items()
    assert f"set {key}: {day}: rows beyond are set aside" in out
    assert "There is no event at all" not in out


@pytest.mark.parametrize("n_days", [3, 10, 30])
def test_too_few_days_are_shown_with_how_many_would_do(n_days, stopped):
    out, err = stopped({"events": small_log(n_days)})
    assert f"{n_days} of them" in out
    assert "57" in err and "days" in err


def test_dates_of_a_split_outside_the_log_leave_the_page(stopped):
    out, err = stopped({"events": small_log()}, split={"val_from": "2025-01-01", "test_from": "2025-02-01"})
    assert "days: 2024-01-01 to 2024-02-29" in out and "split.val_from" in err
