"""Items and offers: the category of what somebody shows, and what a member or a visitor is offered."""

import base64
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from churn.artefacts import declared
from churn.serving import tokens
from churn.tagging import ItemConfig, TagConfig, tag

from .conftest import browser, listed
from .test_answers import Program, everything, problem
from .test_tryit import picture

TOPICS = {"lamps": ("bulb", "shade", "watt"), "shoes": ("boot", "lace", "sole"), "신발": ("구두", "끈", "운동화")}
COLOURS = dict(zip(TOPICS, ((200, 30, 30), (30, 200, 30), (30, 30, 200)), strict=True))


@pytest.fixture(scope="module")
def crm(tmp_path_factory):
    """A program at a server with one tagger, which reads titles and pictures."""
    root, rng = tmp_path_factory.mktemp("tagging"), np.random.default_rng(0)
    truth = rng.choice(list(TOPICS), 240)
    for place, one in enumerate(truth):
        Image.new("RGB", (24, 32), COLOURS[one]).save(root / f"{place}.png")
    titles = [" ".join(rng.choice(TOPICS[one], 2)) for one in truth]
    photo = [f"{place}.png" if place % 4 else None for place in range(len(truth))]
    table = {"item_id": range(len(truth)), "text": titles, "picture": photo, "category": truth}
    config = TagConfig(data=ItemConfig("items", {}, pictures=str(root)), taggers=["churn.tagging.Fused"])
    tag(config, root / "runs" / "shop" / "tags", frames={"items": pd.DataFrame(table)})
    found = Program(root / "runs", root)
    yield found
    found.desk.close()


@pytest.mark.slow
def test_an_item_has_the_likeliest_categories_and_a_set(crm):
    red = base64.b64encode(picture(COLOURS["lamps"])).decode()
    items = [{"text": "boot lace"}, {"picture": red}, {"text": "구두 끈", "picture": None}]
    answer = crm.post("/api/v1/tags?tagger=shop/tags", {"items": items})
    assert answer.status_code == 200, answer.text[:300]
    found = answer.json()["items"]
    assert [one["categories"][0][0] for one in found] == ["shoes", "lamps", "신발"]
    assert all(one["categories"][0][0] in one["set"] and not one["none"] for one in found)
    assert all(
        p >= q for one in found for (_, p), (_, q) in zip(one["categories"], one["categories"][1:], strict=False)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [{}]},
        {"items": [{"text": "  "}]},
        {"items": [{"text": "boot", "picture": "none"}]},
        {"items": [{"text": "a" * 10_001}]},
        {"items": [{"text": "a"}] * 101},
        [],
    ],
)
def test_what_has_no_category_is_a_problem(crm, body):
    assert problem(crm.post("/api/v1/tags", body))["remedy"]


@pytest.mark.slow
def test_a_folder_that_was_changed_is_refused(crm, tmp_path):
    shutil.copytree(crm.desk.catalogue.root, tmp_path / "runs")
    (tmp_path / "runs" / "shop" / "tags" / "tagger.npz").write_bytes(b"PK")
    guest = Program(tmp_path / "runs", tmp_path)
    told = problem(guest.post("/api/v1/tags", {"items": [{"text": "boot"}]}))
    assert "as it was written" in told["expected"]
    guest.desk.close()


@pytest.mark.slow
def test_the_page_of_an_item_answers_and_keeps_nothing(crm):
    ada = browser(crm.client.app, "ada")
    assert "/try/item?tagger=shop/tags" in ada.get("/try").text.replace("%2F", "/")
    before = everything(crm.desk.catalogue.root)
    sent = {"form_key": ada.key(), "tagger": "shop/tags", "text": "boot <b>lace</b>"}
    answer = ada.post("/try/item", data=sent, files={"picture": ("a.png", picture(COLOURS["shoes"]), "image/png")})
    assert answer.status_code == 200 and "<strong>shoes</strong>" in answer.text
    assert "boot &lt;b&gt;" in answer.text
    assert everything(crm.desk.catalogue.root) == before
    wrong = ada.post("/try/item", data=sent, files={"picture": ("a.png", b"none", "image/png")})
    assert wrong.status_code == 422 and "expected a picture" in wrong.text
    assert ada.get("/try/item?tagger=nothing").status_code == 404


@pytest.fixture
def with_offers(runs):
    """A list whose first user is offered a choir; visitors are offered a club first."""
    user = declared.PRIORITY.read(runs / "march").user_id[0]
    rows = [(user, 1, "a1", "Choir <i>", 0.25, "like_yours"), (user, 2, "a2", "Club", None, "popular")]
    declared.OFFERS.write(pd.DataFrame(rows, columns=list(declared.OFFERS.types)), runs / "march")
    popular = [(1, "a2", "Club", 30, 5), (2, "a3", "Chess", 20, 0)]
    declared.POPULAR.write(pd.DataFrame(popular, columns=list(declared.POPULAR.types)), runs / "march")
    return user


def test_a_member_has_offers_of_the_own_and_a_visitor_popular_ones(with_offers, ada, desk):
    page = ada.get("/try/offers", params={"list": "march", "id": with_offers}).text
    assert "Choir &lt;i&gt;" in page and "25.0%" in page
    for visitor in ("", "nobody"):
        page = ada.get("/try/offers", params={"list": "march", "id": visitor}).text
        assert page.index("Club") < page.index("Chess") and "Choir" not in page
    token = tokens.add_token(desk.store, "crm", "viewer", by="test")
    asked = {"headers": {"authorization": f"Bearer {token}"}}
    own = ada.get("/api/v1/offers", params={"list": "march", "id": with_offers}, **asked).json()
    assert own["known"] and [one["activity"] for one in own["offers"]] == ["a1", "a2"]
    assert own["offers"][0]["chance"] == 0.25 and own["offers"][1]["chance"] is None
    assert not ada.get("/api/v1/offers", params={"id": "a\0b"}, **asked).json()["known"]


def test_lists_without_offers_answer_nothing(ada, desk):
    assert ada.get("/try/offers").status_code == 404
    assert listed(desk, "contact")
