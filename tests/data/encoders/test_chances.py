import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from churn.data.encoders.chances import FOLDS, Chances
from churn.data.encoders.texts import LONGEST, Characters
from churn.data.encoders.vectors import Vectors

pytestmark = pytest.mark.slow

WORDS = np.array(["amber", "birch", "cobalt", "dune", "ember", "fjord", "grove", "heath", "iris", "jade"])


def titles(n, *, seed=0):
    """Made-up titles of four words, of which two speak for yes; and answers."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(WORDS), (n, 4))
    chance = 1 / (1 + np.exp(2 - 2.5 * (drawn < 2).sum(axis=1)))
    return np.array([" ".join(WORDS[row]) + f" {place}" for place, row in enumerate(drawn)], object), (
        rng.random(n) < chance
    ).astype(float)


def learnt(texts, answers):
    return Chances.fit(Characters(texts), np.arange(len(texts)), answers)


def test_words_of_the_answer_are_found_in_new_texts():
    texts, answers = titles(1200)
    new, told = titles(400, seed=1)
    found = learnt(texts, answers).of(Characters(new))
    assert roc_auc_score(told, found) > 0.8
    assert log_loss(told, found) < 0.5


def test_no_training_text_knows_its_own_answer():
    texts, _ = titles(1200)
    noise = np.random.default_rng(5).integers(0, 2, len(texts)).astype(float)
    own = learnt(texts, noise).of(Characters(texts))
    assert abs(roc_auc_score(noise, own) - 0.5) < 0.06


def test_equal_texts_have_one_chance_whatever_their_letters_and_never_teach_each_other():
    texts, _ = titles(400)
    twice = np.concatenate([texts, np.char.upper(texts.astype(str)).astype(object)])
    noise = np.random.default_rng(5).integers(0, 2, len(texts)).astype(float)
    found = learnt(twice, np.concatenate([noise, noise])).of(Characters(twice))
    assert found[:400] == pytest.approx(found[400:])
    assert abs(roc_auc_score(noise, found[:400]) - 0.5) < 0.1


def test_shares_of_yes_teach_as_their_answers_do():
    texts, answers = titles(600)
    as_shares = learnt(texts, 0.1 + 0.8 * answers).of(Characters(texts))
    assert roc_auc_score(answers, as_shares) > 0.8
    assert 0.1 < as_shares.mean() < 0.9


@pytest.mark.parametrize(
    ("texts", "answers"),
    [(["one title"] * 50, [0, 1] * 25), (["a", "b", "c", "d", "e", "f"], [1] * 6), (["a"], [0]), ([], [])],
    ids=["one text", "one answer", "one member", "nobody"],
)
def test_where_there_is_nothing_to_learn_everyone_has_the_base_rate(texts, answers):
    model = learnt(np.array(texts, object), np.array(answers, float))
    expected = np.mean(answers) if len(answers) else 0.5
    assert model.base == pytest.approx(expected)
    assert model.of(Characters(np.array(["new", "title"], object))) == pytest.approx([expected] * 2, abs=1e-4)


def test_hostile_texts_have_a_chance():
    texts, answers = titles(300)
    hostile = np.array(
        ["x" * 10_000_000, "مرحبا بالعالم", "빨간 신발", "\x00\x01", "🎈" * 50, "a" * (LONGEST + 1)], object
    )
    found = learnt(texts, answers).of(Characters(hostile))
    assert np.isfinite(found).all() and ((found > 0) & (found < 1)).all()


def test_vectors_that_bend_are_learnt():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 6)).astype(np.float16)
    answers = (np.abs(vectors[:, 0]) > 0.7).astype(float)
    source = Vectors(vectors)
    assert roc_auc_score(answers, Chances.fit(source, np.arange(2000), answers).of(source)) > 0.9


def test_what_was_learnt_is_read_as_it_was_written(tmp_path, refused):
    texts, answers = titles(200)
    model = learnt(texts, answers)
    model.save(tmp_path / "head.npz")
    again = Chances.load(tmp_path / "head.npz")
    assert (again.of(Characters(texts)) == model.of(Characters(texts))).all()
    assert again.weights[0].shape[0] == FOLDS
    (tmp_path / "head.npz").write_bytes(b"nothing")
    with refused("as it was written", "", "bring it back"):
        Chances.load(tmp_path / "head.npz")
