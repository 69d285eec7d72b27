"""The platform's own words: a shop's run speaks of customers, lapses and purchases, and of nothing that it has not."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import yaml
from babel.messages.pofile import read_po

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, OutcomeConfig, RunConfig, parse, run_parser
from churn.data import DataConfig
from churn.errors import UserError
from churn.evaluation import VerdictConfig
from churn.explanation import readable
from churn.language import CATALOGUES, LabelConfig, event_in_words, say, say_many, speaking
from churn.language.dialect import Dialect
from churn.outcomes import follow_up, summary
from churn.report import write_report
from churn.scoring import score
from churn.segments import BudgetConfig, SegmentConfig
from churn.training import TuningConfig

from .report.parsed_page import ParsedPage

WORDS = {"user": "customer", "churn": "lapse", "sticker": "purchase"}
EVENTS = {"order_placed": "order", "product_view": "page view"}
SHOP = LabelConfig(**WORDS, currency="EUR", events=EVENTS)
NEVER = re.compile(  # what no page of a shop says; “방” is a room, and begins many other words
    r"\b(rooms?|fans?|stickers?|users?|churn\w*|elsewhere|receiv\w*)\b"
    r"|(?<![가-힣])방(?![가-힣])|(자기|다른|그) 방(?![법향식])|팬|스티커|사용자|이탈",
    re.IGNORECASE,
)
PROGRAM = re.compile(r"\bchurn (outcomes|[\d.]+)")  # has a name
NAMES = re.compile(r"[\w=/]*[_./]\w[\w.=/]*")  # of columns, files and keys


def shop_log() -> dict[str, pd.DataFrame]:
    """Customers who look, fill a basket and order, fewer and fewer of them; nobody else acts."""
    rng = np.random.default_rng(0)
    rate, leaves = rng.gamma(2, 0.6, 50), rng.integers(25, 150, 50)
    user, day = (place.ravel() for place in np.meshgrid(np.arange(50), np.arange(75), indexing="ij"))
    seen = rng.poisson(np.where(day < leaves[user], rate[user], 0))
    user, day = np.repeat(user, seen), np.repeat(day, seen)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(day * 1440 + rng.integers(480, 1300, len(day)), unit="min")
    views = pd.DataFrame({"user_id": np.char.add("c", user.astype(str)), "event": "product_view", "timestamp": at})
    baskets = views[rng.random(len(views)) < 0.5].assign(event="basket", timestamp=lambda rows: rows.timestamp + MINUTE)
    orders = baskets[rng.random(len(baskets)) < 0.4].assign(event="order_placed")
    orders["timestamp"] += MINUTE
    paid = orders.drop(columns="event").assign(amount=rng.gamma(2, 20, len(orders)).round(2))
    return {"log": pd.concat([views, baskets, orders], ignore_index=True), "orders": paid}


MINUTE = pd.Timedelta(minutes=1)


def config(labels: LabelConfig, *, rank_by: str = "priority", **data: str) -> RunConfig:
    return RunConfig(
        data=DataConfig(events="log", **data),
        models=["churn.models.LightGBM", "churn.models.Majority"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=[]),
        explanation=ExplanationConfig(windows=300, sample=60, trees=20, rounds=3, seeds=1),
        segments=SegmentConfig(rank_by=rank_by, budget=BudgetConfig(contact_cost=0.5, save_rate=0.3)),
        labels=labels,
    )


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return shop_log()


@pytest.fixture(scope="module")
def sells(frames, tmp_path_factory) -> churn.Run:
    """A shop whose purchases are what users are worth."""
    told = config(SHOP, rank_by="expected_loss", stickers="orders")
    return churn.run(told, tmp_path_factory.mktemp("sells") / "run", frames=frames)


@pytest.fixture(scope="module")
def counts(frames, tmp_path_factory) -> churn.Run:
    """A shop that has told of no purchases, and so needs no word for them."""
    labels = replace(SHOP, sticker=None)
    return churn.run(config(labels), tmp_path_factory.mktemp("counts") / "run", frames=frames)


def said_by(page: Path) -> list[str]:
    """What a reader sees: texts, the words of charts and what a screen reader says; not the configuration."""
    found = ParsedPage(re.sub(r"<(pre|code)\b.*?</\1>", "", page.read_text(encoding="utf8"), flags=re.DOTALL))
    charts = [json.loads(script) for script in found.scripts if script.lstrip().startswith("{")]
    seen = [value for _, attributes in found.elements for name, value in attributes.items() if name in SEEN and value]
    return [" ".join(text.split()) for text in (*found.texts, *seen, *strings(charts))]


SEEN = {"title", "aria-label", "placeholder", "alt"}


def strings(found: object):
    if isinstance(found, str):
        yield found
    for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from strings(inner)


def foreign(texts: list[str]) -> set[str]:
    return {text for text in texts if NEVER.search(NAMES.sub("", PROGRAM.sub("", text)))}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("shop", ["sells", "counts"])
def test_a_shop_s_pages_speak_of_nothing_that_it_has_not(shop, language, request):
    run = request.getfixturevalue(shop)
    write_report(run.folder, language)
    pages = sorted(run.folder.glob("*.html"))
    texts = [text for page in pages for text in said_by(page)]
    assert foreign(texts) == set()
    assert any("customer" in text for text in texts)
    assert any("lapse" in text for text in texts)
    assert any("page view" in text for text in texts)
    assert any("purchase" in text for text in texts) == (shop == "sells")
    assert not any("product_view" in text or "order placed" in text for text in texts)


@pytest.mark.slow
def test_amounts_of_a_page_have_their_unit(sells):
    write_report(sells.folder, "en")
    text = " ".join(text for page in sells.folder.glob("*.html") for text in said_by(page))
    assert re.search(r"A call costs €0\.50", text)
    assert re.search(r"[Pp]urchase amount \(EUR\)", text)
    assert re.search(r"€[\d,.]+ in all", text)
    assert "expected profit (EUR)" in text


@pytest.fixture(scope="module")
def scores(sells, frames, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("scores") / "scores"
    return score(sells.folder, sells.config.data, cutoff="2024-03-05", out=out, frames=frames)


@pytest.mark.slow
def test_a_list_of_new_data_has_the_run_s_words_and_the_unit_of_its_amounts(scores):
    reasons = pd.read_csv(scores / "priority.csv").filter(like="reason_").to_csv(header=False)
    assert "order: " in reasons
    assert foreign([reasons]) == set()
    with ZipFile(scores / "priority.xlsx") as book:
        sheets = "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/"))
    assert "Customers scored" in sheets
    assert "&quot;€&quot;#,##0.00" in sheets


@pytest.mark.slow
def test_what_came_of_a_list_is_told_in_the_run_s_words(scores, sells, frames, tmp_path, capsys):
    asked = OutcomeConfig(repetitions=20)
    found = follow_up(scores, sells.config.data, config=asked, out=tmp_path / "out", frames=frames)
    summary(found)
    printed = capsys.readouterr().out.replace(str(tmp_path), "")
    assert "customers scored" in printed
    assert foreign([*printed.splitlines(), *found.facts["notes"]]) == set()


def trained(folder: Path) -> list[object]:
    """What the journal notes of each stage that reads the log or learns; done again, its seconds differ."""
    stages = json.loads((folder / "manifest.json").read_text(encoding="utf8"))["stages"]
    return [stage for stage in stages if re.match("prepare|fit|screen|retrain|evaluate|explain|refit", stage["name"])]


@pytest.mark.slow
def test_other_labels_train_nothing_again(counts, frames, tmp_path):
    folder = shutil.copytree(counts.folder, tmp_path / "run")
    before = trained(folder)
    churn.run(replace(counts.config, labels=replace(SHOP, user="guest")), folder, frames=frames)
    assert trained(folder) == before
    texts = said_by(folder / "report.html")
    assert any("guests" in text for text in texts)
    assert not any("customer" in text for text in texts)


@pytest.mark.slow
def test_words_of_a_folder_are_checked_before_they_are_said(counts, tmp_path, unsealed):
    path = unsealed(counts.folder, tmp_path / "run") / "config.yaml"
    kept = path.read_text(encoding="utf8")
    for labels, says in (
        ({"user": "<b>"}, "labels.user"),
        ({"room": "shop"}, "'room'"),
        ("customer", "'customer'"),
    ):
        path.write_text(yaml.safe_dump(yaml.safe_load(kept) | {"labels": labels}), encoding="utf8")
        with pytest.raises(UserError, match=says):
            write_report(path.parent)


def messages(language: str) -> list[str]:
    with (CATALOGUES / "ko" / "LC_MESSAGES" / "churn.po").open("rb") as file:
        found = [message for message in read_po(file, locale="ko") if message.id]
    texts = [message.id if language == "en" else message.string for message in found]
    return [text for one in texts for text in ((one,) if isinstance(one, str) else one)]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_message_takes_labels_and_without_any_stays_as_it_is(language):
    labels = LabelConfig(user="account", churn="lapse", sticker="order")
    dialect, house = (Dialect.of(one, language, fans=True) for one in (labels, LabelConfig()))
    kept = re.compile(rf"\{{[^{{}}]*\}}|churn \{{version|{NAMES.pattern}")
    words = re.compile(r"\b(user|churn|sticker)(?!\s*outcomes)\w*\b|receiv|사용자|이탈|스티커|수령", re.IGNORECASE)
    assert [text for text in messages(language) if house.put(text) != text] == []
    assert [text for text in messages(language) if words.search(kept.sub("", dialect.put(text)))] == []
    assert [text for text in map(dialect.put, messages(language)) if re.search(r"\ba (account|order)", text)] == []


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("A user’s churn, of {users} users’ stickers", "An account’s lapse, of {users} people’s orders"),
        ("user_id, users.csv and p_churn of data.stickers", "user_id, users.csv and p_churn of data.stickers"),
        ("Made by churn {version}; the command churn outcomes", "Made by churn {version}; the command churn outcomes"),
        ("Likely churners who received a sticker", "Likely silent people who had an order"),
        ("more stickers received; whoever receives one", "more orders; whoever has one"),
    ],
)
def test_english_words_are_exchanged_whole_with_their_articles_genitives_and_verbs(message, said):
    labels = LabelConfig(user={"one": "account", "many": "people"}, churn="lapse", sticker="order")
    assert Dialect.of(labels, "en", fans=True).put(message) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("사용자가 스티커를 받은 비율과 사용자의 이탈", "고객이 구매를 기록한 비율과 고객의 해지"),
        ("이탈을 막은 사용자와 사용자로, 이탈이 있는", "해지를 막은 고객과 고객으로, 해지가 있는"),
        ("예상 이탈자는 {사용자}", "예상 해지 고객은 {사용자}"),
        ("사용자들이 이탈하는 확률을 받은 날", "고객들이 해지하는 확률을 받은 날"),
    ],
)
def test_korean_words_are_exchanged_with_the_particle_that_follows_them(message, said):
    assert Dialect.of(LabelConfig(user="고객", churn="해지", sticker="구매"), "ko", fans=True).put(message) == said


def test_values_are_never_exchanged():
    with speaking("en", SHOP):
        assert say("{user}: {name}", user="user 7", name="sticker of users") == "user 7: sticker of users"
        assert say_many("{n} user of {whole}", "{n} users of {whole}", 2, whole="users") == "2 customers of users"
    assert say("A user") == "A user"


def test_no_plural_is_made_of_a_foreign_name():
    with speaking("en", LabelConfig(user="고객")):
        assert say("{n} users", n=3) == "3 고객"
    with speaking("ko", LabelConfig(user="customer")):
        assert say("All users") == "전체 customer"
    with speaking("en", LabelConfig(user={"one": "person", "many": "people"})):
        assert say("a user of all users") == "a person of all people"


def test_an_event_has_its_label_and_whose_it_is_where_others_act():
    with speaking("en", SHOP):
        assert [readable(name) for name in ("own_order_placed", "fan_basket")] == ["own order", "fan basket"]
    with speaking("en", SHOP, fans=False):
        assert [readable(name) for name in ("own_order_placed", "total_own_basket")] == ["order", "total basket"]
        assert readable("sticker_amount") == "purchase amount (EUR)"
        assert event_in_words("product_view") == "page view"
    assert readable("own_order_placed") == "own order placed"


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ({"user": "two\nlines"}, "expected labels.user of one line"),
        ({"user": {"one": "person"}}, "expected one and many in labels.user, got one"),
        ({"sticker": "{amount}"}, "expected labels.sticker of one line"),
        ({"currency": "x" * 41}, "expected labels.currency of one line, at most 40 letters"),
        ({"events": {"tip": "<script>"}}, "expected labels.events of one line"),
        ({"events": {"tip": ["a"]}}, "expected text in labels.events"),
    ],
)
def test_a_label_that_cannot_stand_in_a_sentence_is_refused(labels, says):
    with pytest.raises(UserError) as caught:
        LabelConfig(**labels)
    assert says in str(caught.value)


def test_labels_are_read_from_yaml_and_an_unknown_one_is_named(tmp_path):
    path = tmp_path / "shop.yaml"
    told = {"data": {"events": "log.csv"}, "labels": {**WORDS, "user": {"one": "person", "many": "people"}}}
    path.write_text(yaml.safe_dump(told), encoding="utf8")
    assert RunConfig.load(path).labels == LabelConfig(**told["labels"])
    path.write_text(yaml.safe_dump(told | {"labels": {"room": "shop"}}), encoding="utf8")
    with pytest.raises(UserError, match=r"room"):
        parse(["--config", str(path)], parser=run_parser())
