from churn.data import Vocabulary


def test_features_stand_by_role_and_then_by_frequency():
    counts = {("own", "post"): 5, ("own", "like"): 9, ("fan", "post"): 7, ("away", "like"): 1}
    words = Vocabulary.of(counts, limit=30)
    assert words.events == ("post", "like")
    assert words.features == ("own_post", "own_like", "fan_post", "away_like")


def test_a_role_has_columns_only_for_what_was_seen_in_it():
    words = Vocabulary.of({("own", "post"): 2, ("fan", "wave"): 1}, limit=30)
    assert words.features == ("own_post", "fan_wave")


def test_types_beyond_the_limit_share_one_column_per_role_in_which_they_were_seen():
    counts = {("own", "post"): 9, ("own", "poll"): 2, ("own", "quiz"): 1, ("fan", "post"): 3, ("away", "poll"): 1}
    assert Vocabulary.of(counts, limit=1).features == ("own_post", "own_other", "fan_post", "away_other")


def test_ties_are_broken_by_name_so_that_the_vocabulary_is_stable():
    counts = {("own", name): 1 for name in ("c", "a", "b")}
    assert Vocabulary.of(counts, limit=2).events == ("a", "b")
    assert Vocabulary.of(dict(reversed(counts.items())), limit=2) == Vocabulary.of(counts, limit=2)


def test_an_event_called_other_is_one_like_any_other_and_the_rest_is_called_otherwise():
    counts = {("own", "other"): 9, ("own", "post"): 5, ("own", "rare"): 1, ("fan", "rare"): 1}
    words = Vocabulary.of(counts, limit=2)
    assert words.features == ("own_other", "own_post", "own_rest", "fan_rest")
    assert [words.column("own", event) for event in ("other", "post", "rare")] == ["own_other", "own_post", "own_rest"]
    assert words.column("fan", "other") is None
    assert Vocabulary.of(counts | {("own", "rest"): 7}, limit=3).features[-2:] == ("own_rest_", "fan_rest_")
    assert Vocabulary.of({("own", "other"): 9}, limit=2).features == ("own_other",)
    assert Vocabulary.of({("own", "post"): 9, ("own", "other"): 5}, limit=1).features == ("own_post", "own_other")


def test_stickers_add_their_number_and_amount_at_the_end():
    words = Vocabulary.of({("own", "post"): 1}, limit=1, stickers=True)
    assert words.features == ("own_post", "stickers_received", "sticker_amount")


def test_an_empty_log_has_no_columns():
    assert Vocabulary.of({}, limit=5).features == ()
