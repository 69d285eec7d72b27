"""Lists followed up on the example's log: their counts, the inputs refused, and the ids that stay hidden."""

import csv
import gzip
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml

from churn.artefacts import Table, declared, harmless
from churn.cli import main
from churn.configuration import OutcomeConfig
from churn.errors import UserError
from churn.outcomes import follow_up, summary
from churn.outcomes.contacts import really_contacted
from churn.outcomes.earlier import read_earlier
from churn.runs import Run
from churn.scoring import score
from churn.segments import Pseudonyms, SegmentConfig

from .conftest import CUTOFF, HOSTILE

pytestmark = pytest.mark.slow

QUICK = OutcomeConfig(repetitions=20)
LISTED = {"scores.parquet", "scored_features.parquet", "priority.parquet", "control.csv"}
FILES = [
    ".churn",
    ".churn-written.json",
    "calibration_since.csv",
    "drift.csv",
    "effects.csv",
    "metrics.prom",
    "outcomes.csv",
    "outcomes.json",
    "stability.csv",
]


@pytest.fixture(scope="module")
def followed(controlled, data, frames, tmp_path_factory):
    return follow_up(controlled, data, config=QUICK, out=tmp_path_factory.mktemp("out"), frames=frames)


def groups_of(folder):
    with (folder / "control.csv").open(newline="", encoding="utf8") as file:
        return {row["user_id"]: row["group"] for row in csv.DictReader(file)}


def counted(frames, user_ids):
    """Retention, stickers and amount of some users by the tables themselves: CUTOFF and the six days after."""

    def inside(frame):
        day = pd.to_datetime(frame.timestamp).dt.tz_localize(None)
        return frame[(day >= CUTOFF) & (day < "2024-03-19")]

    events, stickers = inside(frames["events"]), inside(frames["stickers"])
    alive = set(events.user_id[events.user_id == events.actor_id])
    amounts = stickers.groupby("user_id").amount.sum()
    return (
        np.mean([user in alive for user in user_ids]),
        np.mean([user in amounts.index for user in user_ids]),
        np.mean([amounts.get(user, 0) for user in user_ids]),
    )


def test_every_table_is_written_and_the_folder_holds_nothing_else(followed):
    assert sorted(path.name for path in followed.folder.iterdir()) == FILES
    facts = json.loads((followed.folder / "outcomes.json").read_text())
    assert facts["cutoff"] == CUTOFF
    assert facts["last_horizon_day"] == "2024-03-18"
    assert facts["control"] + facts["contact"] == facts["listed"]


def test_rates_of_every_group_are_those_counted_in_the_tables(followed, controlled, frames):
    groups = groups_of(controlled)
    scored = pd.read_parquet(controlled / "scores.parquet")
    scored["group"] = [groups.get(harmless(user_id)) for user_id in scored.user_id]
    parts = {
        "contact": scored.user_id[scored.group == "contact"],
        "control": scored.user_id[scored.group == "control"],
        "all": scored.user_id,
    }
    table = followed.outcomes.set_index(["group", "target"])
    for group, users in parts.items():
        assert len(users) > 3
        rows = table.loc[group]
        assert rows.n.tolist() == [len(users)] * 3
        assert rows.rate.tolist() == pytest.approx(counted(frames, users))
        ends = rows.dropna(subset="low")
        assert (ends.low <= ends.rate).all()
        assert (ends.rate <= ends.high).all()


def test_the_effect_is_the_difference_of_the_two_rates_by_intention_to_treat(followed):
    rates = followed.outcomes.set_index(["group", "target"]).rate
    effects = followed.effects.set_index("target")
    assert set(effects.comparison) == {"contact vs control"}
    for target in ("retention", "sticker", "amount"):
        assert effects.difference[target] == pytest.approx(rates["contact", target] - rates["control", target])
    assert (effects.p_adjusted.dropna() >= effects.p.dropna()).all()
    assert any("intention to treat" in note for note in followed.facts["notes"])


def test_a_planted_effect_is_the_one_that_is_reported(controlled, data, frames, followed, tmp_path):
    """Everyone who was to be contacted acts once in the horizon; nobody else does anything new."""
    contacts = pd.read_parquet(controlled / "scores.parquet").user_id
    contacts = [user for user in contacts if groups_of(controlled).get(harmless(user)) == "contact"]
    like = frames["events"].iloc[[0] * len(contacts)]
    added = like.assign(user_id=contacts, actor_id=contacts, event="post", timestamp=pd.Timestamp("2024-03-15 12:00"))
    planted = frames | {"events": pd.concat([frames["events"], added.astype(like.dtypes.to_dict())])}
    found = follow_up(controlled, data, config=QUICK, out=tmp_path, frames=planted)
    after, before = (table.outcomes.set_index(["group", "target"]).rate for table in (found, followed))
    assert after["contact", "retention"] == 1
    assert after["control", "retention"] == before["control", "retention"] < 1
    effect = found.effects.set_index("target").loc["retention"]
    assert effect.difference == pytest.approx(1 - before["control", "retention"])
    assert effect.low > 0


def test_calibration_leaves_out_whom_somebody_contacted(followed):
    table, facts = followed.calibration, followed.facts
    n = table.groupby("group").n.unique()
    assert n["all"].tolist() == [facts["scored"]]
    assert n["not contacted"].tolist() == [facts["scored"] - facts["contact"]]
    assert set(table.metric) == {"forecast", "rate", "rate_band", "log_loss", "brier", "ece", "ece_band"}
    assert table.set_index("metric").test["log_loss"].notna().all()


def test_drift_and_stability_have_every_feature_and_score(followed, controlled):
    features = pd.read_parquet(controlled / "scored_features.parquet")
    assert len(features) == followed.facts["scored"]
    assert set(followed.drift.name[followed.drift.kind == "feature"]) == set(features.columns)
    assert {"p_churn", "p_sticker", "priority"} <= set(followed.drift.name)
    (row,) = followed.stability.to_dict("records")
    assert row["days"] == 7
    assert row["n_list"] == followed.facts["listed"]
    assert row["n_both"] + row["left_list"] + row["left_risk"] == row["n_list"]


def test_a_folder_compared_with_itself_is_stable(controlled, data, frames, tmp_path):
    config = OutcomeConfig(repetitions=5, previous=str(controlled))
    (row,) = follow_up(controlled, data, config=config, out=tmp_path, frames=frames).stability.to_dict("records")
    assert (row["jaccard"], row["stayed"], row["kendall"], row["days"]) == (1, 1, 1, 0)


def test_a_scoring_is_followed_up_like_a_run(controlled, data, frames, followed, tmp_path):
    score(controlled, data, cutoff=CUTOFF, out=tmp_path / "list", frames=frames)
    assert groups_of(tmp_path / "list") == groups_of(controlled)
    assert set(json.loads((tmp_path / "list" / "scoring.json").read_text())["segment"]["sha256"]) == LISTED
    assert json.loads((tmp_path / "list" / "scoring.json").read_text())["segment"]["control"]["held_back"] > 0
    again = follow_up(tmp_path / "list", data, config=QUICK, out=tmp_path / "out", frames=frames)
    pd.testing.assert_frame_equal(again.outcomes, followed.outcomes)
    pd.testing.assert_frame_equal(again.drift, followed.drift)


def test_a_contact_whose_number_a_null_has_made_fractional_is_known_all_the_same(tmp_path):
    earlier = SimpleNamespace(scored=pd.DataFrame({"user_id": ["7", "u1", "8"]}), names=None)
    pd.DataFrame({"user_id": [8.0, 9.0]}).to_parquet(tmp_path / "called.parquet")
    (tmp_path / "called.csv").write_text("user_id\n7.0\nu1\n")
    for file, reached, unknown in (("called.parquet", [False, False, True], 1), ("called.csv", [True, True, False], 0)):
        found = really_contacted(str(tmp_path / file), earlier)
        assert (found.reached.tolist(), found.unknown) == (reached, unknown)


def test_who_was_really_contacted_stands_beside_and_users_never_scored_are_counted(
    controlled, data, frames, followed, tmp_path
):
    groups = groups_of(controlled)
    contacts = [user for user, group in groups.items() if group == "contact"]
    control = [user for user, group in groups.items() if group == "control"]
    file = tmp_path / "called.csv"
    called = [*contacts[:-2], control[0], "nobody", "=cmd|' /C calc'!A0", "<b>"]
    pd.DataFrame({"user_id": called}).to_csv(file, index=False, quoting=csv.QUOTE_ALL)
    config = OutcomeConfig(repetitions=5, contacted=str(file))
    found = follow_up(controlled, data, config=config, out=tmp_path / "out", frames=frames)
    assert found.facts["contacts_never_scored"] == 3
    assert any("3 users in the file of contacts were never scored" in note for note in found.facts["notes"])
    n = found.outcomes.set_index(["group", "target"]).n
    assert n["list, reached", "retention"] == len(contacts) - 1
    effects = found.effects.set_index(["comparison", "target"])
    before = followed.effects.set_index(["comparison", "target"])
    pd.testing.assert_frame_equal(effects.loc[["contact vs control"]], before)  # it stays the headline
    share = (len(contacts) - 2) / len(contacts) - 1 / len(control)
    assert effects.difference["per user reached", "retention"] == pytest.approx(
        effects.difference["contact vs control", "retention"] / share
    )
    alone = found.calibration.set_index("group").n["not contacted"].iloc[0]
    assert alone == found.facts["scored"] - len(contacts) - 1


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("called.csv", b"", "outcomes.contacted"),
        ("called.csv", b"id\nx\n", "column user_id"),
        ("called.csv", None, "outcomes.contacted"),
        ("called.csv.gz", gzip.compress(b"user_id\nx\n", mtime=0)[:-4], "outcomes.contacted"),  # cut
    ],
)
def test_a_file_of_contacts_without_users_is_refused(
    name, content, expected, controlled, data, frames, tmp_path, refused
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    config = OutcomeConfig(contacted=str(tmp_path / name))
    with refused(expected, "", ""):
        follow_up(controlled, data, config=config, out=tmp_path / "out", frames=frames)


def test_a_log_that_ends_before_the_horizon_does_is_refused_with_the_day_that_is_needed(
    controlled, frames, tmp_path, refused, data
):
    events = frames["events"]
    short = frames | {"events": events[pd.to_datetime(events.timestamp).dt.tz_localize(None) < "2024-03-18"]}
    with refused("events up to 2024-03-18", "none after 2024-03-17", "wait"):
        follow_up(controlled, data, config=QUICK, out=tmp_path, frames=short)
    assert not list(tmp_path.iterdir())


def test_a_log_that_begins_after_the_cutoff_is_refused(controlled, frames, tmp_path, refused, data):
    late = {
        name: frame[pd.to_datetime(frame.timestamp).dt.tz_localize(None) >= "2024-03-13"]
        if "timestamp" in frame
        else frame
        for name, frame in frames.items()
    }
    with refused("from 2024-03-12 on", "none before 2024-03-13", "load"):
        follow_up(controlled, data, config=QUICK, out=tmp_path, frames=late)


def test_scored_users_who_left_the_log_count_as_churned_and_are_told(controlled, frames, tmp_path, data, followed):
    """The log alone says who is a user where there is no member list; the run knew one, so the list is cut here."""
    gone = pd.read_parquet(controlled / "scores.parquet").user_id[:9].tolist()
    cut = {name: frame[~frame.user_id.isin(gone)] for name, frame in frames.items()}
    found = follow_up(controlled, data, config=QUICK, out=tmp_path, frames=cut)
    assert found.facts["absent"] == 9
    assert any("9 scored users do not occur" in note for note in found.facts["notes"])
    n, rates = (
        found.facts["scored"],
        (table.outcomes.set_index(["group", "target"]).rate for table in (found, followed)),
    )
    after, before = (round(rate["all", "retention"] * n) for rate in rates)
    assert before - 9 <= after < before


def test_a_log_of_other_users_is_refused(controlled, frames, tmp_path, data, refused):
    other = {
        name: frame.assign(**{column: "x" + frame[column] for column in ("user_id", "actor_id") if column in frame})
        for name, frame in frames.items()
    }
    with refused("users of", "none of", "id_key"):
        follow_up(controlled, data, config=QUICK, out=tmp_path, frames=other)


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_list_of_which_a_file_is_gone_is_refused(name, controlled, tmp_path, refused):
    shutil.copytree(controlled, tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    with refused("", "no s", ""):
        read_earlier(tmp_path / "run")


@pytest.mark.parametrize("listed", [0, 1])
def test_an_empty_list_and_a_list_of_one_are_followed_up(listed, controlled, frames, tmp_path, data, capsys, unsealed):
    unsealed(controlled, tmp_path / "run")
    scores = pd.read_parquet(controlled / "scores.parquet")
    keep = (scores.segment != "priority") | (scores.index == scores.index[scores.segment == "priority"][0])
    scores.loc[~keep if listed else scores.segment == "priority", "segment"] = "other"
    scores.to_parquet(tmp_path / "run" / "scores.parquet")
    users = declared.PRIORITY.read(tmp_path / "run")
    declared.PRIORITY.write(users[users.user_id.isin(scores.user_id[scores.segment == "priority"])], tmp_path / "run")
    found = follow_up(tmp_path / "run", data, config=QUICK, out=tmp_path / "out", frames=frames)
    assert found.facts["listed"] == listed
    assert found.effects.empty
    summary(found)
    assert ("Nobody was on the list." in " ".join(found.facts["notes"])) == (listed == 0)


def test_hashes_are_recognised_with_the_key_alone_and_raw_ids_stay_out(
    hashed, key, frames, data, tmp_path, followed, refused
):
    scores = pd.read_parquet(hashed / "scores.parquet")
    names = Pseudonyms.open(key, outside=hashed)
    ids = sorted(frames["members"].user_id)
    assert set(scores.user_id) <= set(names(ids))
    kept = pd.read_csv(key.with_name("ids.csv"), dtype=str)
    assert set(kept.hash) >= set(scores.user_id) and not set(kept.hash) & set(kept.user_id)
    for name in ("priority.csv", "control.csv", "report.html", "evidence.html"):
        text = (hashed / name).read_text(encoding="utf8")
        assert not [user_id for user_id in ids if user_id.startswith("user") and f'"{user_id}"' in text], name
        assert not [user_id for user_id in ids if f">{user_id}<" in text], name
    (tmp_path / "called.csv").write_text("\n".join(["user_id", *ids[20:60], scores.user_id[0]]))
    config = OutcomeConfig(repetitions=20, contacted=str(tmp_path / "called.csv"))
    found = follow_up(hashed, data, config=config, out=tmp_path / "out", id_key=str(key), frames=frames)
    windows = pd.read_parquet(hashed / "windows.parquet")  # never scored: members who were not at risk at the cutoff
    at_risk = set(windows.user_id[windows.cutoff == CUTOFF])
    assert found.facts["contacts_never_scored"] == len(set(names(ids[20:60])) - at_risk)
    rates = (table.outcomes.set_index(["group", "target"]).rate for table in (found, followed))
    hidden, plain = (rate.loc["all"] for rate in rates)
    assert hidden.tolist() == pytest.approx(plain.tolist())
    moved = tmp_path / "moved"
    key.rename(moved)
    try:
        with refused("segments.id_key", "key", "bring it back"):
            follow_up(hashed, data, config=QUICK, out=tmp_path / "again", id_key=str(key), frames=frames)
    finally:
        moved.rename(key)


def test_with_a_key_no_table_of_the_run_holds_an_id_of_the_log(hashed, frames):
    ids = {user_id for user_id in frames["members"].user_id if user_id.startswith("user")}
    tables = [one for one in vars(declared).values() if isinstance(one, Table) and (hashed / one.file).exists()]
    looked_at = [one for one in tables if one is not declared.QUARANTINE]
    assert sum(one.holds_users for one in looked_at) >= 8
    for one in looked_at:
        text = one.read(hashed).select_dtypes(object)
        assert not [name for name in text if text[name].isin(ids).any()], one.file


def test_no_id_stands_in_what_a_run_with_a_key_says_of_groups_anomalies_and_the_first_user(hashed, controlled, key):
    names = Pseudonyms.open(key, outside=hashed)
    raw = pd.read_parquet(controlled / "groups.parquet").user_id.tolist()
    assert sorted(pd.read_parquet(hashed / "groups.parquet").user_id) == sorted(names(raw))
    table, hidden = (pd.read_csv(folder / "groups.csv") for folder in (controlled, hashed))
    pd.testing.assert_frame_equal(table, hidden)
    pages = (hashed / "report.html", hashed / "evidence.html")
    for path in (hashed / "anomalies.csv", hashed / "views" / "views.json", *pages):
        text = path.read_text(encoding="utf8")
        assert not [user_id for user_id in raw if f"{user_id}" in text and len(user_id) > 3], path.name
    assert pd.read_csv(hashed / "anomalies.csv").p_churn.notna().all()
    first = next(view for _, name, view in Run.open(hashed).views() if name == "anatomy").user_id
    assert first in names(raw)


def test_hashing_changes_nobody_s_lot_and_nobody_s_place_and_the_sheet_holds_hashes_too(hashed, controlled, key):
    names = Pseudonyms.open(key, outside=hashed)
    plain, hidden = (pd.read_parquet(folder / "scores.parquet") for folder in (controlled, hashed))
    groups = {harmless(user_id): name for user_id, name in zip(plain.user_id, names(plain.user_id), strict=True)}
    assert {groups[user_id]: group for user_id, group in groups_of(controlled).items()} == groups_of(hashed)
    assert hidden.user_id.is_monotonic_increasing  # the order of the log's ids would tell of them
    cells = [cell.value for cell in openpyxl.load_workbook(hashed / "priority.xlsx")["priority"]["B"]][1:]
    assert cells == [user_id for user_id, group in groups_of(hashed).items() if group == "contact"]


def test_a_key_inside_the_run_s_folder_is_refused_before_anything_is_read(run_of, tmp_path, refused):
    folder = tmp_path / "run"
    with refused("segments.id_key outside", "key", "apart"):
        run_of(SegmentConfig(id_key=str(folder / "key")), folder)
    assert not (folder / "dataset").exists()


def test_the_key_is_the_caller_s_alone(hashed, key, data, frames, tmp_path, refused, unsealed):
    run, theirs = unsealed(hashed, tmp_path / "run"), tmp_path / "theirs" / "file"
    theirs.parent.mkdir()
    theirs.write_text("a file that could pass for a key")
    config = run / "config.yaml"
    config.write_text(config.read_text().replace(str(key), str(theirs)))
    asked = {"cutoff": CUTOFF, "out": tmp_path / "list", "frames": frames}
    with refused("segments.id_key in your configuration", "none", "name the file"):
        score(run, data, **asked)
    with refused("segments.id_key in your configuration", "none", "name the file"):
        follow_up(run, data, config=QUICK, out=tmp_path / "list", frames=frames)
    with refused("outside the folder", "mine", "apart"):
        score(run, data, **asked, id_key=str(tmp_path / "list" / "mine"))
    assert not (tmp_path / "list").exists()
    score(run, data, **asked, id_key=str(key))
    assert groups_of(tmp_path / "list") == groups_of(hashed)
    assert [path.name for path in theirs.parent.iterdir()] == ["file"]


def test_lists_of_a_run_without_a_key_hold_hashes_where_the_caller_names_one(controlled, key, data, frames, tmp_path):
    mine = Pseudonyms.make(tmp_path / "apart" / "mine", outside=controlled).path
    out = score(controlled, data, cutoff=CUTOFF, out=tmp_path / "list", id_key=str(mine), frames=frames)
    scored, plain = (pd.read_parquet(folder / "scores.parquet") for folder in (out, controlled))
    assert set(scored.user_id) == set(Pseudonyms.open(mine, outside=out)(plain.user_id))
    about = openpyxl.load_workbook(out / "priority.xlsx")["about"]
    assert "hashes; ids.csv beside the key tells whose" in [cell.value for cell in about["B"]]
    with pytest.raises(UserError, match=r"segments\.id_key in your configuration"):
        read_earlier(out).with_key(None)
    assert read_earlier(out).with_key(str(mine)).names(["007"])[0] in set(scored.user_id)


def flipped(control):
    """The groups the other way round."""
    swap = {"contact": "control", "control": "contact"}
    return control.assign(group=control.group.map(swap))


@pytest.mark.parametrize("edit", [flipped, lambda t: t.iloc[1:], lambda t: t.assign(user_id=t.user_id.str.lstrip("0"))])
def test_a_list_whose_control_was_edited_is_refused(edit, controlled, tmp_path, refused):
    shutil.copytree(controlled, tmp_path / "run")
    path = tmp_path / "run" / "control.csv"
    edit(pd.read_csv(path, dtype=str)).to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)
    with refused("control.csv as it was written", "another content", "bring it back"):
        read_earlier(tmp_path / "run")


def test_scoring_says_how_many_are_held_back_and_the_manifest_does(controlled, files, capsys, tmp_path):
    asked = ["--run", str(controlled), "--config", files(), "--cutoff", CUTOFF, "--out", str(tmp_path / "list")]
    assert main(["score", *asked]) == 0
    held = [user for user, group in groups_of(tmp_path / "list").items() if group == "control"]
    assert f"held back, not to be contacted: {len(held)} users, named in" in capsys.readouterr().out
    control = json.loads((controlled / "manifest.json").read_text())["segment"]["control"]
    assert control == {
        "share": 0.4,
        "seed": 2,
        "held_back": len(held),
        "contacted": len(groups_of(controlled)) - len(held),
    }


def test_the_run_s_own_folder_is_no_place_for_outcomes(controlled, data, frames, refused):
    with refused("another folder", "run", "--out"):
        follow_up(controlled, data, config=QUICK, out=controlled, frames=frames)


def test_a_folder_that_holds_no_run_is_refused(data, tmp_path, refused):
    with refused("run's folder", "no manifest.json", "--run"):
        follow_up(tmp_path, data, config=QUICK, out=tmp_path / "out")


@pytest.fixture
def files(frames, tmp_path):
    """The tables as files, and a function that writes a configuration with an `outcomes:` block."""
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)

    def write(**outcomes):
        blocks = {"data": {name: str(tmp_path / f"{name}.parquet") for name in frames}, "outcomes": outcomes}
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(blocks | {"models": ["churn.models.Majority"], "seed": 3}))
        return str(path)

    return write


def test_the_command_prints_a_page_of_80_columns_and_exits_with_0_without_an_alarm(controlled, files, capsys, tmp_path):
    quiet = dict.fromkeys(("psi", "ece", "calibration_gap", "jaccard"))
    config = files(repetitions=20, alarms=quiet)
    asked = ["--run", str(controlled), "--config", config, "--out", str(tmp_path / "out"), "--quiet"]
    assert main(["outcomes", *asked]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    assert len(out.splitlines()) < 60
    for words in ("What happened", "What a contact changed", "Calibration since", "Stability:", "Drift", "held back"):
        assert words in out


def test_an_alarm_is_a_line_of_stderr_and_exit_code_3_after_everything_is_written(controlled, files, tmp_path):
    config = files(repetitions=20, alarms={"jaccard": 1.0, "calibration_gap": 1.0, "ece": 1.0, "psi": None})
    command = [sys.executable, "-m", "churn", "outcomes", "--run", str(controlled), "--config", config]
    done = subprocess.run([*command, "--out", str(tmp_path / "out"), "--quiet"], capture_output=True, text=True)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("alarm: jaccard: ")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    assert json.loads((tmp_path / "out" / "outcomes.json").read_text())["alarms"] == [line.removeprefix("alarm: ")]


@pytest.mark.parametrize(
    ("block", "says"),
    [({"alarms": {"psi": -1}}, "outcomes.alarms.psi"), ({"repetitions": 0}, "repetitions"), ({"colour": 1}, "colour")],
)
def test_a_mistake_in_the_block_is_one_line_and_exit_code_2(block, says, controlled, files, capsys):
    assert main(["outcomes", "--run", str(controlled), "--config", files(**block)]) == 2
    assert says in capsys.readouterr().err


def test_control_and_hostile_ids_are_told_apart_in_the_files(controlled):
    groups = groups_of(controlled)
    scored = pd.read_parquet(controlled / "scores.parquet")
    listed = scored.user_id[scored.segment == "priority"]
    assert {harmless(user_id) for user_id in listed} == set(groups)
    assert set(HOSTILE) & set(scored.user_id)


def test_days_of_the_horizon_without_any_event_are_refused_not_taken_for_silence(
    controlled, data, frames, tmp_path, refused
):
    day = pd.to_datetime(frames["events"].timestamp).dt.normalize()
    gap = frames | {"events": frames["events"][day != "2024-03-15"]}
    with refused("events on every day of the horizon", "none on 2024-03-15", "load the rows"):
        follow_up(controlled, data, config=QUICK, out=tmp_path / "out", frames=gap)


def test_stickers_that_stop_before_the_horizon_are_noted(controlled, data, frames, tmp_path):
    day = pd.to_datetime(frames["stickers"].timestamp)
    old = frames | {"stickers": frames["stickers"][day < CUTOFF]}
    found = follow_up(controlled, data, config=QUICK, out=tmp_path / "out", frames=old)
    (note,) = [note for note in found.facts["notes"] if "The last sticker is of" in note]
    assert "Load the stickers" in note


def test_a_list_that_cannot_be_held_against_this_one_is_refused(
    controlled, hashed, data, frames, tmp_path, refused, unsealed
):
    config = OutcomeConfig(repetitions=5, previous=str(hashed))
    with refused("users of this list in outcomes.previous", "none of", "the same key"):
        follow_up(controlled, data, config=config, out=tmp_path / "out", frames=frames)
    other = unsealed(hashed, tmp_path / "other")
    scores = pd.read_parquet(other / "scores.parquet")
    scores.drop(columns="priority").to_parquet(other / "scores.parquet", index=False)
    config = OutcomeConfig(repetitions=5, previous=str(other))
    with refused("expected priority in scores.parquet", "user_id, cutoff", "finish the run"):
        follow_up(controlled, data, config=config, out=tmp_path / "out", frames=frames)
