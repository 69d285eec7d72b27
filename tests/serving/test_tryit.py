"""Trying it: a launch before it begins, by page and by program, with a picture; and files that are none."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from churn.runs import Run
from churn.serving import tokens

from .conftest import browser
from .test_answers import Program, everything, problem

pytestmark = pytest.mark.slow
KNOWN = {
    **{"kind": "film", "goal": 9000, "has_video": False, "deadline": "2024-06-30"},
    "title": "serious sober notes",
}


def picture(colour=(220, 180, 40), form="PNG", size=(300, 400), **more):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form, **more)
    return file.getvalue()


def supposed(**known):
    sent = {name: base64.b64encode(one).decode() if isinstance(one, bytes) else one for name, one in known.items()}
    return {"day": "2024-05-01", "known": sent}


@pytest.fixture(scope="module")
def crm(launches, tmp_path_factory):
    found = Program(launches / "runs", tmp_path_factory.mktemp("store"))
    yield found
    found.desk.close()


@pytest.fixture(scope="module")
def ada(crm):
    return browser(crm.client.app, "ada")


def asked(crm, **known):
    answer = crm.post("/api/v1/what-if?run=launches", supposed(**KNOWN | known))
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


def test_a_launch_has_the_chance_that_churn_score_gives_it(crm, launches, tmp_path):
    run = Run.open(launches / "runs" / "launches")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(picture())
    row = KNOWN | {"project": "a", "launched": pd.Timestamp("2024-05-01"), "photo": "a.png"}
    row["deadline"] = pd.Timestamp(KNOWN["deadline"])
    pd.DataFrame([row]).to_parquet(tmp_path / "one.parquet")
    attributes = run.config.data.attributes
    attributes = attributes | {"photo": attributes["photo"] | {"from": str(tmp_path / "photos")}}
    old = run.config.data
    data = replace(old, members=str(tmp_path / "one.parquet"), attributes=attributes)
    own = run.score(data, cutoff="2024-05-02")
    assert abs(own["p_carried"].iloc[0] - asked(crm, photo=picture())["chance"]) <= 1e-6


def test_what_would_move_it_is_said_and_holds(crm):
    told = asked(crm)
    assert any(one.startswith("has video: from no to yes (+") for one in told["moves"])
    moved = next(one for one in told["values"] if one["attribute"] == "has_video")
    assert moved["low"] < moved["change"] < moved["high"]
    assert asked(crm, has_video=True)["chance"] > told["chance"]
    assert asked(crm, photo=picture())["chance"] > asked(crm, photo=picture((20, 20, 60)))["chance"]
    assert told["reasons"] and "like this one" in told["told"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_any_usual_format_is_read(crm, form):
    assert asked(crm, photo=picture(form=form))["chance"] > asked(crm, photo=picture((20, 20, 60), form=form))["chance"]


def bomb(side):
    """The file of a black square."""
    return picture((0, 0, 0), size=(side, side), compress_level=1)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"photo": b"GIF89a but no picture"}, "expected a picture"),
        ({"photo": b"<svg onload=alert(1)>"}, "expected a picture"),
        ({"photo": picture(form="TIFF")}, "expected a picture"),
        ({"photo": picture()[:-200]}, "expected a picture"),
        ({"photo": "../../../etc/passwd"}, "base64"),
        ({"goal": "much"}, "a number in goal"),
        ({"goal": "nan"}, "a number in goal"),
        ({"goal": None}, "a value of goal"),
        ({"kind": "opera"}, "film"),
        ({"deadline": "soon"}, "a date in deadline"),
        ({"has_video": 7}, "has_video"),
        ({"title": "a" * 10_001}, "a text in title"),
        ({"state": "successful"}, "expected values of kind"),
        ({"title": {"a": 1}}, "as described"),
    ],
)
def test_a_value_that_cannot_be_is_a_problem(crm, known, expected):
    told = problem(crm.post("/api/v1/what-if", supposed(**KNOWN | known)))
    assert expected in told["expected"] and told["remedy"]


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(crm):
    crm.post("/api/v1/what-if", supposed(**KNOWN))
    status = Path(f"/proc/{crm.desk.helper._process.pid}/status")

    def peak():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))

    before = peak()
    for side, found in ((5_000, "25,000,000 pixels"), (10_000, "very many pixels"), (14_000, "very many pixels")):
        told = problem(crm.post("/api/v1/what-if", supposed(**KNOWN | {"photo": bomb(side)})))
        assert found in told["found"]
    assert peak() - before < 50_000  # KiB; the pixels would take 2.7 GB


def test_text_of_any_script_is_a_title(crm):
    for title in ("고양이 춤", "<script>alert(1)</script>", "=cmd()", "\u202e\U0001f600", "a\x00b"):
        asked(crm, title=title)


def test_the_page_answers_with_the_form_still_filled_in_and_nothing_is_kept(ada, launches):
    page = ada.get("/try").text
    assert "/try/launch?run=launches" in page
    page = ada.get("/try/launch?run=launches").text
    for name in ("kind", "goal", "has_video", "deadline", "title", "photo"):
        assert f'name="of_{name}"' in page
    before = everything(launches)
    fields = {f"of_{name}": str(value) for name, value in KNOWN.items()} | {"of_has_video": "no"}
    sent = {"form_key": ada.key(), "run": "launches", "day": "2024-05-01", **fields}
    answer = ada.post("/try/launch", data=sent, files={"of_photo": ("a.png", picture(), "image/png")})
    assert answer.status_code == 200
    assert "Of 100 launches like this one, about" in answer.text
    assert "has video: from no to yes" in answer.text
    assert 'value="9000"' in answer.text and "serious sober notes" in answer.text
    assert everything(launches) == before
    korean = ada.post("/try/launch?lang=ko", data=sent)
    assert "영상" in korean.text or "has video" in korean.text


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"of_goal": "<b>much</b>"}, 422), ({"day": "never"}, 422), ({"form_key": "0"}, 403), ({"run": "nobody"}, 404)],
)
def test_a_wrong_form_says_what_is_wrong(ada, changed, status):
    fields = {f"of_{name}": str(value) for name, value in KNOWN.items()}
    sent = {"form_key": ada.key(), "run": "launches", "day": "2024-05-01", **fields, **changed}
    answer = ada.post("/try/launch", data=sent, files={"of_photo": ("a.png", b"", "image/png")})
    assert answer.status_code == status
    assert "<b>much" not in answer.text


def test_a_viewer_sees_no_form_and_sends_none(crm):
    eve = browser(crm.client.app, "eve", "viewer")
    assert "of_goal" not in eve.get("/try/launch").text
    assert eve.post("/try/launch", data={"form_key": eve.key()}).status_code == 403
    assert browser(crm.client.app).post("/try/launch", follow_redirects=False).status_code == 303


def test_a_folder_without_such_a_run_says_so(app):
    ada = browser(app, "ada")
    assert "No folder here answers yet" in ada.get("/try").text
    assert ada.get("/try/launch").status_code == 404
    token = tokens.add_token(app.state.desk.store, "crm", "team", by="test")
    answer = ada.post("/api/v1/what-if", json={}, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 404
