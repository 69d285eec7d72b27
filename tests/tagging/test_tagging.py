import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from churn.artefacts import declared
from churn.cli import main
from churn.data import DataConfig, prepare
from churn.tagging import Characters, CharactersAndWords, Items, Kept, TagConfig, Words, tag
from churn.tagging.config import ItemConfig, ItemSplit
from churn.tagging.items import divided, read_items
from churn.tagging.measures import log_loss
from churn.tagging.sets import Sets, cooled, temperature
from churn.tagging.taggers import Tagger, _weights, plain_words

pytestmark = pytest.mark.slow

TOPICS = {
    "shoes": ["sneaker", "boot", "sole", "lace"],
    "lamps": ["bulb", "shade", "watt", "glow"],
    "신발": ["운동화", "구두", "끈"],
}
COLOURS = dict(zip(TOPICS, ("red", "blue", "green"), strict=True))


def listed(n=600, *, seed=0, wrong=0.0):
    """Items whose titles come from planted topics, with typing errors; some have another category, some none."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(list(TOPICS), n)
    titles = [" ".join(rng.choice(TOPICS[one], 2)) + f" {place}" for place, one in enumerate(truth)]
    titles = [text[:3] + text[4:] if rng.random() < 0.2 else text for text in titles]
    others = np.array([rng.choice([name for name in TOPICS if name != one]) for one in truth], object)
    planted = rng.random(n) < wrong
    given = np.where(planted, others, truth).astype(object)
    given[-n // 10 :] = None
    table = pd.DataFrame({"sku": [f"i{place}" for place in range(n)], "title": titles, "kind": given})
    return table.assign(truth=truth, planted=planted)


MAPPED = {"item_id": "sku", "text": "title", "category": "kind"}


def configured(**keys):
    return TagConfig(data=ItemConfig(**{"items": "items", "item_columns": MAPPED} | keys))


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    items = listed(wrong=0.05)
    out = tag(configured(), tmp_path_factory.mktemp("tags") / "out", frames={"items": items})
    return out, items


def test_items_without_a_category_get_the_right_one_and_others_keep_theirs(tagged):
    out, items = tagged
    found = declared.ITEMS.read(out)
    assert found.item_id.tolist() == items.sku.tolist()
    known = items.kind.notna().to_numpy()
    assert (found.event[known] == items.kind[known]).all()
    assert (found.basis[known] == "given").all()
    said = found[~known & (found.basis == "predicted")]
    assert len(said) > 50
    assert (said.event == items.truth[said.index]).mean() > 0.95
    assert (found.p_1 >= found.p_2).all() and (found.p_2 >= found.p_3).all()


def test_planted_wrong_categories_are_found(tmp_path):
    items = listed(2_000, wrong=0.05)  # 600 have some thirty, of which five are a seventh
    out = tag(configured(), tmp_path / "out", frames={"items": items})
    found, known = declared.ITEMS.read(out), items.kind.notna().to_numpy()
    planted, said = items.planted[known], found.looks_wrong[known]
    assert (planted & said).sum() / planted.sum() >= 0.85
    assert (planted & said).sum() / said.sum() >= 0.85


def test_sets_hold_the_right_category_as_often_as_promised(tmp_path):
    rng = np.random.default_rng(1)
    k, n = 5, 4000
    logits = rng.normal(size=(n, k)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = np.array([rng.choice(k, p=row) for row in p])
    sets = Sets.fit(p[:2000], codes[:2000], coverage=0.9)
    inside = sets.of(p[2000:])
    assert abs(inside[np.arange(2000), codes[2000:]].mean() - 0.9) < 0.02


def test_a_temperature_makes_sharpened_chances_honest_again():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(4), 3000)
    codes = np.array([rng.choice(4, p=row) for row in p])
    assert temperature(cooled(p, 0.4), codes) == pytest.approx(2.5, rel=0.15)


def test_the_measures_are_of_items_that_no_tagger_has_seen(tagged):
    out, _ = tagged
    measures, told = declared.TAG_MEASURES.read(out), declared.TAGGING.read(out)
    chosen = measures[measures.chosen].set_index("metric").value
    assert 0.85 < chosen.top_1 <= chosen.top_3 <= 1
    assert set(measures.tagger) == {"Characters", "CharactersAndWords", "Words"}
    assert (measures.n == told["parts"]["test"]).all()
    assert told["items"] == {"read": 600, "used": 600}
    categories, confusion = declared.TAG_CATEGORIES.read(out), declared.TAG_CONFUSION.read(out)
    assert categories.n.sum() == confusion.n.sum() == told["parts"]["test"]


def test_equal_titles_stand_in_one_part():
    items = listed(300)
    items["title"] = np.resize(items.title[:40], 300)
    config = ItemConfig(items="items", item_columns=MAPPED)
    read, _ = read_items(config, kept=None, frames={"items": items})
    parts = divided(read, config, seed=0)
    texts = [set(part.table.text) for part in parts.values()]
    assert not (texts[0] & texts[1] or texts[0] & texts[2] or texts[1] & texts[2])


def test_items_of_a_group_are_not_judged_by_each_other(tmp_path):
    """Titles say nothing, and each tells its twin's category by heart: with twins apart nobody's is foretold."""
    rng = np.random.default_rng(0)
    twins = pd.DataFrame(
        {
            "sku": [f"i{place}" for place in range(400)],
            "title": [
                f"{word}{end}" for word in (f"q{n:03d}x{n * 7919 % 997}" for n in range(200)) for end in ("", " b")
            ],
            "kind": np.repeat(rng.choice(["one", "two"], 200), 2),
            "pair": np.repeat(np.arange(200), 2),
        }
    )
    together = replace(configured(), data=ItemConfig("items", MAPPED, split=ItemSplit(group="pair")))
    known = [
        (declared.ITEMS.read(tag(config, tmp_path / name, frames={"items": twins})).p_given > 0.5).mean()
        for name, config in {"together": together, "apart": configured()}.items()
    ]
    assert known[0] < 0.6 < 0.7 < known[1]


def test_by_time_the_newest_items_are_tested_on():
    items = listed(300).assign(made=pd.date_range("2024-01-01", periods=300))
    config = ItemConfig(items="items", item_columns=MAPPED | {"timestamp": "made"}, split=ItemSplit(kind="time"))
    read, _ = read_items(config, kept=None, frames={"items": items})
    parts = divided(read, config, seed=0)
    assert parts["train"].table.timestamp.max() < parts["val"].table.timestamp.min()
    assert parts["val"].table.timestamp.max() < parts["test"].table.timestamp.min()


def test_rows_that_cannot_be_used_are_counted():
    items = listed(20)
    items.loc[3, "sku"] = None
    items.loc[4, "sku"] = "i5"
    items.loc[6, "title"] = "  "
    read, counts = read_items(ItemConfig(items="items", item_columns=MAPPED), kept=None, frames={"items": items})
    expected = {"no item_id": 1, "repeated item_id": 1, "neither text nor picture": 1}
    assert counts["items"] == {"read": 20, "used": 17} | expected
    assert len(read) == 17


@pytest.mark.parametrize("kind", [Words, Characters, CharactersAndWords])
def test_taggers_give_probabilities_of_all_categories_also_of_ones_that_they_have_not_seen(kind):
    items = listed(200)
    read = Items(items.assign(item_id=items.sku, text=items.title, category=items.truth))
    codes = np.array([sorted(TOPICS).index(one) for one in items.truth])
    p = kind().fit(read, codes, k=5).predict_proba(read)
    assert p.shape == (200, 5)
    assert p.sum(axis=1) == pytest.approx(np.ones(200), abs=1e-4)
    assert (p[:, :3].argmax(axis=1) == codes).mean() > 0.9


def test_pictures_are_read_and_fused_with_titles(tmp_path):
    (tmp_path / "photos").mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (30, 30), colour).save(tmp_path / "photos" / f"{name}.png")
    items = listed(400)
    items["photo"] = items.truth + ".png"
    items.loc[items.index % 2 == 0, "title"] = "thing"
    items.loc[items.index % 5 == 1, "photo"] = None
    config = configured(
        pictures=str(tmp_path / "photos"), item_columns=MAPPED | {"picture": "photo"}, split=ItemSplit(kind="random")
    )
    out = tag(config, tmp_path / "out", frames={"items": items})
    top = declared.TAG_MEASURES.read(out).query("metric == 'top_1'").set_index("tagger").value
    assert top["Fused"] > max(top["Characters"], top["Pictures"]) + 0.03
    assert not (out / "vectors").exists()


def test_text_and_picture_are_weighed_by_what_they_say():
    """The first says the right category in nine of ten items, the second is drawn at random."""
    rng, every = np.random.default_rng(0), np.arange(4000)
    codes = rng.integers(5, size=4000)
    said = np.where(rng.random(4000) < 0.9, codes, rng.integers(5, size=4000))
    telling, noise = np.full((4000, 5), 0.05, np.float32), rng.dirichlet(np.ones(5), 4000).astype(np.float32)
    telling[every, said] = 0.8
    first, second = _weights([telling, noise], codes)
    assert first > 1 and second < 0.1


def test_the_command_prints_what_it_found_and_runs_again_alike(tmp_path, capsys):
    listed(300).to_csv(tmp_path / "items.csv", index=False)
    told = {"data": {"items": str(tmp_path / "items.csv"), "item_columns": MAPPED}}
    (tmp_path / "tag.yaml").write_text(yaml.safe_dump(told, allow_unicode=True))
    made = []
    for name in ("a", "b"):
        assert main(["tag", "--config", str(tmp_path / "tag.yaml"), "--out", str(tmp_path / name)]) == 0
        made.append((tmp_path / name / "items.parquet").read_bytes())
    assert made[0] == made[1]
    said = capsys.readouterr().out
    assert "300 items, 300 used, 3 categories" in said
    assert "items.parquet" in said


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda items: items.assign(kind="one"), "expected at least two categories"),
        (lambda items: items.assign(kind=None), "expected at least two categories"),
        (lambda items: items.assign(title=None), "expected items with a text or a picture"),
        (lambda items: items.drop(columns="kind"), "expected data.item_columns out of the table's columns"),
    ],
)
def test_items_that_nothing_can_be_made_of_are_one_line(change, expected, tmp_path, refused):
    with refused(expected.removeprefix("expected "), "", ""):
        tag(configured(), tmp_path / "out", frames={"items": change(listed(100))})
    assert not (tmp_path / "out" / "items.parquet").exists()


class Constant(Tagger):
    """A tagger of a user's own."""

    def fit(self, items, codes, *, k, seed=0):
        self.k = k
        return self

    def predict_proba(self, items):
        return np.full((len(items), self.k), 1 / self.k, np.float32)


def test_items_are_events_of_a_run(tmp_path):
    items = listed(600).assign(
        maker=[f"u{place % 20}" for place in range(600)], made=pd.date_range("2024-01-01", periods=600, freq="3h")
    )
    mapped = MAPPED | {"user_id": "maker", "timestamp": "made"}
    out = tag(configured(item_columns=mapped), tmp_path / "out", frames={"items": items})
    dataset = prepare(DataConfig(events=str(out / "items.parquet")), tmp_path / "dataset")
    assert {"own_shoes", "own_lamps", "own_신발"} <= set(dataset.panel.features)
    assert dataset.reconciliation["events"]["used"] + (declared.ITEMS.read(out).event.isna().sum()) == 600


def test_a_tagger_of_a_user_s_own_is_named_by_its_import_path(tmp_path):
    config = replace(configured(), taggers=["churn.tagging.Characters", f"{__name__}.Constant"])
    measures = declared.TAG_MEASURES.read(tag(config, tmp_path / "out", frames={"items": listed(200)}))
    assert set(measures.tagger) == {"Characters", "Constant"}


def test_the_reference_s_text_has_letters_and_digits_alone():
    assert plain_words('<i>Blue &amp; "RED"</i> 신발-3!') == "blue red 신발 3"


def test_numbers_that_are_categories_have_no_decimals_beside_a_null():
    number = pd.Series([1.0, 2.0, np.nan, 1.0])
    table = pd.DataFrame({"item_id": ["a", "b", "c", "d"], "text": "boot", "category": number})
    found, _counts = read_items(ItemConfig("items"), kept=Path("unused"), frames={"items": table})
    assert found.table.category.tolist() == ["1", "2", None, "1"]


def test_a_file_in_another_encoding_is_read_as_the_refusal_says_and_its_ids_stay_text(tmp_path, refused):
    place = tmp_path / "items.csv"
    table = pd.DataFrame({"item_id": ["007", "008"], "text": ["빨간 신발", "파란 구두"], "category": ["01", "신발"]})
    table.to_csv(place, index=False, encoding="cp949")
    with refused("text in UTF-8", "", "cp949"):
        read_items(ItemConfig(str(place)), kept=tmp_path)
    found, _counts = read_items(ItemConfig(str(place), csv={"encoding": "cp949", "delim": ","}), kept=tmp_path)
    assert found.table.item_id.tolist() == ["007", "008"] and found.table.category.tolist() == ["01", "신발"]
    with refused("data.csv", "'encodng'", ""):
        ItemConfig("items", csv={"encodng": "cp949"})


def test_a_perfect_tagger_has_a_log_loss_of_zero_without_a_sign():
    assert str(log_loss(np.array([[1.0, 0.0]]), np.array([0]))) == "0.0"


def test_a_category_of_one_item_and_hostile_titles_pass(tmp_path):
    items = listed(200)
    items.loc[0, "kind"] = "only one"
    items.loc[1:4, "title"] = ["مرحبا", "x" * 100_000, "<b>", "🎈"]
    found = declared.ITEMS.read(tag(configured(), tmp_path / "out", frames={"items": items}))
    assert len(found) == 200


def test_texts_and_pictures_are_read_by_networks_from_local_directories(networks, tmp_path):
    (tmp_path / "photos").mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 40), colour).save(tmp_path / "photos" / f"{name}.png")
    items = listed(400)
    items["photo"] = items.truth + ".png"
    config = configured(
        pictures=str(tmp_path / "photos"),
        item_columns=MAPPED | {"picture": "photo"},
        encoders={name: str(folder) for name, folder in networks.items()},
        split=ItemSplit(kind="random"),
    )
    out = tag(
        replace(config, taggers=["churn.tagging.TextNetwork", "churn.tagging.Pictures"]),
        tmp_path / "out",
        frames={"items": items},
    )
    top = declared.TAG_MEASURES.read(out).query("metric == 'top_1'").set_index("tagger").value
    assert top["Pictures"] > 0.95  # three colours
    assert top["TextNetwork"] > 0.4 > 1 / 3  # random weights tell little
    assert not (out / "vectors").exists()


def test_a_directory_without_a_network_is_refused(tmp_path, refused):
    with refused("a text network in the directory", "no config.json", "leave the key out"):
        tag(configured(encoders={"text": str(tmp_path)}), tmp_path / "out", frames={"items": listed(50)})
    with refused("data.encoders", "sound", ""):
        configured(encoders={"sound": "x"})


def test_times_are_read_before_the_newest_are_tested_on(refused):
    """Days before months, which sort otherwise as text, and an item without a time, which is not among the newest."""
    days = pd.date_range("2024-01-15", periods=300)
    items = listed(300).assign(made=days.strftime("%d/%m/%Y"))
    items.loc[5, "made"] = None
    mapped = MAPPED | {"timestamp": "made"}
    config = ItemConfig(items="items", item_columns=mapped, split=ItemSplit(kind="time"))
    read, _ = read_items(config, kept=None, frames={"items": items})
    parts = divided(read, config, seed=0)
    assert parts["train"].table.timestamp.max() < parts["val"].table.timestamp.min()
    assert parts["val"].table.timestamp.max() < parts["test"].table.timestamp.min()
    assert "i5" in set(parts["train"].table.item_id)
    with refused("times in made written as %Y", "15/01/2024", "data.item_columns.time_format"):
        wrong = ItemConfig(items="items", item_columns=mapped | {"time_format": "%Y"}, split=ItemSplit(kind="time"))
        read_items(wrong, kept=None, frames={"items": items})


def test_a_refusal_of_items_names_the_key_to_change(tmp_path, refused):
    items = listed(100)
    with refused("data.split.group", "shop", "choose out of"):
        tag(configured(split=ItemSplit(group="shop")), tmp_path / "out", frames={"items": items})
    with refused("expected items in", "none", "data.split.kind: random"):
        tag(configured(), tmp_path / "out", frames={"items": items.assign(title="all alike")})
    with refused("pictures at data.pictures", "nothing at", "correct the path"):
        tag(configured(pictures=str(tmp_path / "none")), tmp_path / "out", frames={"items": items})
    with refused("at least two categories", "0, given of 0 of 100 items", "category"):
        tag(configured(), tmp_path / "out", frames={"items": items.assign(kind=None)})


def test_thousands_of_categories_are_left_to_taggers_that_can_learn_them(tmp_path, refused):
    places = np.repeat(np.arange(2_100), 4)
    items = pd.DataFrame({"sku": [f"i{n}" for n in range(len(places))], "kind": [f"kind {n}" for n in places]})
    items["title"] = [f"word{place} part{n % 4}" for n, place in enumerate(places)]
    config = configured(split=ItemSplit(kind="random"))
    measures = declared.TAG_MEASURES.read(tag(config, tmp_path / "out", frames={"items": items}))
    assert set(measures.tagger) == {"Words"}
    assert measures.set_index("metric").value["top_1"] > 100 / 2_100
    with refused("a tagger that reads what the items have", "Characters", "taggers"):
        only = replace(config, taggers=["churn.tagging.Characters"])
        tag(only, tmp_path / "none", frames={"items": items})


@pytest.mark.parametrize("kind", [Characters, CharactersAndWords, Words])
@pytest.mark.parametrize("k", [2, 3])
def test_a_tagger_of_texts_made_again_of_its_weights_says_the_same(kind, k):
    table = listed(300).query("truth in @names", local_dict={"names": list(TOPICS)[:k]})
    items = Items(pd.DataFrame({"item_id": table.sku, "text": table.title, "category": table.truth}))
    fitted = kind().fit(items, pd.factorize(table.truth)[0], k=k)
    assert np.abs(kind.of(fitted.weights()).predict_proba(items) - fitted.predict_proba(items)).max() < 1e-5


def test_the_kept_tagger_tags_further_items_as_the_folder_s_own(tagged):
    out, items = tagged
    kept, own = Kept.load(out), declared.ITEMS.read(out)
    without = own[own.basis != "given"].reset_index(drop=True)
    table = items[items.sku.isin(without.item_id)].set_index("sku").loc[without.item_id].reset_index()
    found = kept.tagged(Items(pd.DataFrame({"item_id": table.sku, "text": table.title, "category": None})))
    assert (found.set == without.set).all() and (found.category_1 == without.category_1).all()
    assert np.abs(found.p_1 - without.p_1).max() < 1e-5


def test_a_changed_tagger_and_a_folder_without_one_are_refused(tagged, tmp_path, refused):
    out = shutil.copytree(tagged[0], tmp_path / "copy")
    (out / "tagger.npz").write_bytes(b"PK")
    with refused("as it was written", "another content", ""):
        Kept.load(out)
    told = declared.TAGGING.read(out)
    declared.TAGGING.write(told | {"sha256": {}}, out)
    with refused("a tagger", "none that was kept", "churn tag"):
        Kept.load(out)
    kept = Kept.load(tagged[0])
    with refused("a text of each item", "1 without", "leave these out"):
        kept.tagged(Items(pd.DataFrame({"item_id": ["a"], "text": [None], "category": [None]})))


def test_a_tagger_of_pictures_and_texts_is_kept_whole(tmp_path):
    items = listed(300)
    for place, truth in enumerate(items.truth):
        Image.new("RGB", (24, 32), COLOURS[truth]).save(tmp_path / f"{place}.png")
    items["photo"] = [f"{place}.png" if place % 5 else None for place in range(len(items))]
    for tagger in ("Pictures", "Fused"):
        config = configured(item_columns=MAPPED | {"picture": "photo"}, pictures=str(tmp_path))
        out = tag(replace(config, taggers=[f"churn.tagging.{tagger}"]), tmp_path / tagger, frames={"items": items})
        own = declared.ITEMS.read(out).query("basis != 'given'").reset_index(drop=True)
        rows = items[items.sku.isin(own.item_id)].assign(kind=None)
        again, _ = read_items(config.data, kept=tmp_path / "kept", frames={"items": rows})
        kept = Kept.load(out)
        have = np.flatnonzero(again.has_picture)
        found = kept.tagged(again.take(have))
        assert np.abs(found.p_1.to_numpy() - own.p_1.to_numpy()[have]).max() < 1e-4
