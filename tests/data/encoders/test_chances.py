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


def shares(n, *, seed=7):
    return np.random.default_rng(seed).random(n)


def learnt(texts, answers):
    return Chances.fit(Characters(texts), np.arange(len(texts)), answers, share=shares(len(texts)))


def said(model, texts, *, seed=7):
    """The chances of the members who taught the model; with another seed, of others."""
    return model.of(Characters(texts), np.arange(len(texts)), share=shares(len(texts), seed=seed))


def test_words_of_the_answer_are_found_in_new_texts():
    texts, answers = titles(1200)
    new, told = titles(400, seed=1)
    found = said(learnt(texts, answers), new, seed=8)
    assert roc_auc_score(told, found) > 0.8
    assert log_loss(told, found) < 0.5


def test_no_training_text_knows_its_own_answer():
    texts, _ = titles(1200)
    noise = np.random.default_rng(5).integers(0, 2, len(texts)).astype(float)
    own = said(learnt(texts, noise), texts)
    assert abs(roc_auc_score(noise, own) - 0.5) < 0.06


def test_members_whom_the_split_holds_together_never_teach_each_other():
    texts, _ = titles(400)
    noise, twice = np.random.default_rng(5).integers(0, 2, 400).astype(float), np.tile(np.arange(400), 2)
    answers, groups, apart = np.tile(noise, 2), np.tile(shares(400), 2), shares(800)
    for share, knows in ((groups, False), (apart, True)):
        model = Chances.fit(Characters(texts), twice, answers, share=share)
        own = model.of(Characters(texts), twice, share=share)
        assert (roc_auc_score(answers, own) > 0.65) == knows


def test_letters_small_and_large_are_one_and_members_without_a_text_have_the_base_rate():
    texts, answers = titles(400)
    model, both = learnt(texts, answers), np.array([texts[0], texts[0].upper()], object)
    found = model.of(Characters(both), np.array([0, 1, -1]), share=np.array([0.1, 0.2, 0.3]))
    assert found[0] == pytest.approx(found[1])
    assert found[2] == answers.mean()


def test_shares_of_yes_teach_as_their_answers_do():
    texts, answers = titles(600)
    as_shares = said(learnt(texts, 0.1 + 0.8 * answers), texts)
    assert roc_auc_score(answers, as_shares) > 0.8
    assert 0.1 < as_shares.mean() < 0.9


@pytest.mark.parametrize(
    ("texts", "answers"),
    [(["a", "b", "c", "d", "e", "f"], [1] * 6), (["a"], [0]), ([], [])],
    ids=["one answer", "one member", "nobody"],
)
def test_where_there_is_nothing_to_learn_everyone_has_the_base_rate(texts, answers):
    model = learnt(np.array(texts, object), np.array(answers, float))
    expected = np.mean(answers) if len(answers) else 0.5
    assert model.base == pytest.approx(expected)
    assert said(model, np.array(["new", "title"], object)) == pytest.approx([expected] * 2, abs=1e-4)


def test_hostile_texts_have_a_chance():
    texts, answers = titles(300)
    hostile = np.array(
        ["x" * 10_000_000, "مرحبا بالعالم", "빨간 신발", "\x00\x01", "🎈" * 50, "a" * (LONGEST + 1)], object
    )
    found = said(learnt(texts, answers), hostile, seed=8)
    assert np.isfinite(found).all() and ((found > 0) & (found < 1)).all()


def test_vectors_that_bend_are_learnt():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 6)).astype(np.float16)
    answers = (np.abs(vectors[:, 0]) > 0.7).astype(float)
    source, members, share = Vectors(vectors), np.arange(2000), shares(2000)
    found = Chances.fit(source, members, answers, share=share).of(source, members, share=share)
    assert roc_auc_score(answers, found) > 0.9


def test_what_was_learnt_is_read_as_it_was_written(tmp_path, refused):
    texts, answers = titles(200)
    model = learnt(texts, answers)
    model.save(tmp_path / "head.npz")
    again = Chances.load(tmp_path / "head.npz")
    assert (said(again, texts) == said(model, texts)).all()
    assert again.weights[0].shape[0] == FOLDS
    (tmp_path / "head.npz").write_bytes(b"nothing")
    with refused("as it was written", "", "bring it back"):
        Chances.load(tmp_path / "head.npz")
