import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from churn.configuration import parse, run_config, run_parser
from churn.data import SplitConfig, WindowConfig, examine
from churn.pipeline import run
from churn.runs import Run
from churn.scoring import score

pytestmark = pytest.mark.slow

WORDS = np.array(["amber", "birch", "cobalt", "dune", "ember", "fjord", "grove", "heath"])
COLOURS = ["red", "blue", "green", "yellow"]
BLOCK = {
    **{"members": "members", "features": ["visits", "note", "photo"], "split": {"kind": "user"}},
    "outcome": {"column": "state", "positive": ["won"], "name": "deal_won"},
    "windows": {"at_risk": "arrival", "history_days": 0, "horizon_days": 7},
}


def listed(n=700, *, seed=3):
    """Leads with a note and a photo that may speak for yes; a tenth has no note, and a broken photo."""
    rng = np.random.default_rng(seed)
    drawn, colour = rng.integers(0, len(WORDS), (n, 5)), rng.integers(0, len(COLOURS), n)
    chance = 1 / (1 + np.exp(3 - 3 * (drawn == 0).any(axis=1) - 3 * (colour == 0)))
    state = np.where(rng.random(n) < chance, "won", "lost").astype(object)
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 120, n), unit="D")
    state[joined > "2024-04-20"] = None
    note = np.array([" ".join(WORDS[row]) for row in drawn], object)
    note[::10] = ["  ", None] * (len(note[::10]) // 2) + [None] * (len(note[::10]) % 2)
    return pd.DataFrame(
        {
            "user_id": [f"lead{place}" for place in range(n)],
            "joined": joined,
            "visits": rng.poisson(4, n),
            "note": note,
            "photo": [f"{COLOURS[one]}.png" if place % 10 else "cut.png" for place, one in enumerate(colour)],
            "state": state,
        }
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for colour in COLOURS:
        Image.new("RGB", (40, 40), colour).save(folder / f"{colour}.png")
    (folder / "cut.png").write_bytes((folder / "red.png").read_bytes()[:60])
    return folder


def block(photos):
    known = {"known": "arrival"}
    note, photo = known | {"as": "text"}, known | {"as": "picture", "from": str(photos)}
    return BLOCK | {"attributes": {"visits": known, "note": note, "photo": photo}}


@pytest.fixture(scope="module")
def read(prepared, photos):
    """Prepares leads: `read(members, split=…)` is a dataset."""

    def dataset_of(members, **config):
        told = {name: value for name, value in (block(photos) | config).items() if name != "members"}
        windows, split = WindowConfig(**told.pop("windows")), SplitConfig(**told.pop("split"))
        return prepared({"members": members}, windows=windows, split=split, **told)

    return dataset_of


@pytest.fixture(scope="module")
def dataset(read):
    return read(listed())


def test_each_text_and_picture_is_one_column_and_one_that_says_where_it_is_missing(dataset):
    expected = ("visits", "note:deal_won", "note_missing", "photo:deal_won", "photo_missing")
    assert dataset.windows.features == expected
    assert dataset.windows.constant.all()
    flat = pd.DataFrame(dataset.windows.flat(), columns=list(expected))
    users = dataset.members.iloc[dataset.windows.user].reset_index(drop=True)
    assert (flat.note_missing == (users.note.str.strip().fillna("") == "")).all()
    assert (flat.photo_missing == (users.photo == "cut.png")).all()
    assert flat.groupby("note_missing")["note:deal_won"].nunique()[1] == 1
    assert dataset.unread == {"photo": 70}


def test_what_words_and_colours_say_is_known_of_members_who_did_not_teach_it(dataset):
    test = dataset.split().test
    flat = pd.DataFrame(test.flat(), columns=list(test.features))
    users = dataset.members.iloc[test.user].reset_index(drop=True)
    has = users.note.str.contains("amber", na=False)
    assert flat["note:deal_won"][has].median() > flat["note:deal_won"][~has].median() + 0.2
    red = users.photo == "red.png"
    assert flat["photo:deal_won"][red].median() > flat["photo:deal_won"][~red].median() + 0.2


def test_answers_after_the_training_span_teach_nothing(read):
    """The texts of members of later parts, and their answers, change no chance of the training part."""
    members, told = listed(), {"split": {"kind": "time"}, "features": ["visits", "note"]}
    first = read(members, **told)
    train, later = first.split().train, np.setdiff1d(np.arange(len(members)), first.split().train.user)
    ids = first.members.user_id.iloc[later]
    turned = members.copy()
    inside = turned.user_id.isin(ids) & turned.state.notna()
    turned.loc[inside, "state"] = np.where(turned.state[inside] == "won", "lost", "won")
    again = read(turned, **told).split().train
    assert (again.flat() == train.flat()).all()


def test_unreadable_pictures_and_words_that_give_the_answer_away_are_said(read):
    members = listed()
    lost = members.state == "lost"
    members.loc[lost, "note"] = members.note[lost].fillna("") + " (canceled)"
    dataset = read(members)
    said = [str(finding) for finding in examine(dataset, dataset.split()).findings]
    assert any("70 pictures of photo are absent, cut or no pictures" in text for text in said)
    assert any("“(canceled)”" in text and "hardly any has “deal won”" in text for text in said)
    assert any("of the texts of note in the test part stand in training" in text for text in said) is False


def test_texts_that_stand_in_two_parts_are_said(read):
    members = listed()
    members["note"] = [f"{text} again" for text in np.resize(members.note.dropna().unique()[:60], len(members))]
    dataset = read(members, features=["visits", "note"])
    said = [str(finding) for finding in examine(dataset, dataset.split()).findings]
    assert any("of the texts of note in the test part stand in training" in text for text in said)


@pytest.mark.parametrize(("shades", "said"), [(4, True), (700, False)])
def test_pictures_of_equal_bytes_that_stand_in_two_parts_are_said_whatever_their_names(read, tmp_path, shades, said):
    members = listed()
    members["photo"] = [f"{place}.png" for place in range(len(members))]
    for place, name in enumerate(members.photo):
        Image.new("RGB", (8, 8), (place % shades % 256, place % shades // 256, 90)).save(tmp_path / name)
    pictures = {"photo": {"known": "arrival", "as": "picture", "from": str(tmp_path)}}
    dataset = read(members, features=["photo"], attributes=pictures)
    told = [str(finding) for finding in examine(dataset, dataset.split()).findings]
    assert any("of the pictures of photo in the test part stand in training" in text for text in told) is said


def test_a_word_of_one_user_who_has_many_windows_gives_nothing_away(prepared):
    """Forty users, one of whom acts every day, never falls silent, and alone has a word."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=200)
    users = [f"u{place}" for place in range(40)]
    acts = rng.random((40, 200)) < 0.25
    acts[0] = True
    who, when = np.nonzero(acts)
    events = pd.DataFrame({"user_id": np.array(users)[who], "timestamp": days[when]})
    members = pd.DataFrame({"user_id": users, "note": ["zebra", *["amber birch"] * 39]})
    dataset = prepared(
        {"events": events, "members": members},
        features=["note"],
        attributes={"note": {"known": "arrival", "as": "text"}},
        windows=WindowConfig(history_days=7, horizon_days=5),
    )
    said = [str(finding) for finding in examine(dataset, dataset.split()).findings]
    assert not any("zebra" in text for text in said)


# A run ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photos):
    folder = tmp_path_factory.mktemp("modalities")
    listed().to_parquet(folder / "leads.parquet")
    settings = {
        "data": block(photos) | {"members": str(folder / "leads.parquet")},
        "models": ["churn.models.LightGBM", "churn.models.Logistic"],
        "tuning": {"trials": 1},
        "training": {"seeds": 1},
        "evaluation": {"repetitions": 50},
        "verdicts": {"ask": ["modalities"], "repetitions": 50},
        "explanation": {"trees": 20, "rounds": 3, "seeds": 1},
        "labels": {"user": "lead"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return run(run_config(parse(["--config", str(folder / "config.yaml")], parser=run_parser())), folder / "run").folder


def test_a_run_reasons_with_texts_and_pictures(finished):
    found = Run(finished)
    reasons = found.priority[[f"reason_{place}" for place in (1, 2, 3)]].to_numpy().ravel()
    assert any("“deal won” by note alone: " in text for text in reasons)
    assert any("“deal won” by photo alone: " in text for text in reasons)
    [answer] = found.answers
    assert answer["verdict"] == "modalities"
    assert "Beside the rest, photo adds: without it" in answer["sentence"]
    assert "What do texts, pictures and the table each add?" in (finished / "evidence.html").read_text()


def test_what_a_run_learnt_is_read_as_it_was_written_or_not_at_all(finished, photos, tmp_path, refused):
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    head = next((copy / "models" / "encoders").glob("*.npz"))
    head.write_bytes(head.read_bytes()[:-20])
    listed(60, seed=9).drop(columns="state").to_parquet(tmp_path / "new.parquet")
    asked = replace(Run(finished).config.data, members=str(tmp_path / "new.parquet"))
    with refused("as it was written", "", "bring it back"):
        score(copy, asked, cutoff="2024-05-01", out=tmp_path / "out")


def test_new_leads_are_read_with_what_the_run_learnt(finished, photos, tmp_path):
    new = listed(60, seed=9).drop(columns="state")
    new.to_parquet(tmp_path / "new.parquet")
    moved = tmp_path / "elsewhere"
    shutil.copytree(photos, moved)
    config = Run(finished).config.data
    asked = replace(config, members=str(tmp_path / "new.parquet"), attributes=block(moved)["attributes"], last_day=None)
    out = score(finished, asked, cutoff="2024-05-01", out=tmp_path / "out")
    scores = pd.read_parquet(out / "scores.parquet").merge(new, on="user_id")
    assert len(scores) == 60
    both = scores.note.str.contains("amber", na=False) & (scores.photo == "red.png")
    neither = ~scores.note.str.contains("amber", na=False) & (scores.photo != "red.png")
    assert scores.p_deal_won[both].mean() > scores.p_deal_won[neither].mean() + 0.3
