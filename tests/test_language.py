"""The catalogue is complete: every message of the code has a translation that says the same values."""

import ast
import json
import pickle
import re
import string
from copy import deepcopy
from datetime import date, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from churn.errors import UserError
from churn.language import (
    CATALOGUES,
    LANGUAGES,
    day_and_month,
    day_in_words,
    joined,
    kept,
    marked,
    retold,
    say,
    say_again,
    say_many,
    speaking,
    spoken,
)

PACKAGE = Path(__file__).parents[1] / "churn"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"say": None, "say_many": (1, 2), "marked": None}


@pytest.fixture(scope="module")
def messages() -> set[str | tuple[str, ...]]:
    """Every message that the code says."""
    found = extract_from_dir(PACKAGE, METHODS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (CATALOGUES / language / "LC_MESSAGES" / "churn.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(strings: str | tuple[str, ...]) -> tuple[str, ...]:
    return (strings,) if isinstance(strings, str) else tuple(strings)


def names(message: str) -> set[str]:
    """What is put into a message, by `str.format`'s own reading."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


FLOOR = 0.95  # of the messages that a catalogue translates
LITERAL = 25  # letters without a value in them, by which a message is found


def english(text: str) -> list[str]:
    """The messages whose longest stretch without a value stands in a text in English."""
    untold = []
    for message in catalogue("ko"):
        for said in texts(message.id) if message.id else ():
            longest = max((before for before, *_ in string.Formatter().parse(said)), key=len).strip()
            if len(longest) >= LITERAL and longest in text:
                untold.append(said)
    return untold


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_nearly_every_message_is_translated_and_nothing_else(language, messages) -> None:
    """A missing translation falls back to English, so one sentence more in the code is no error yet."""
    translated = {message.id for message in catalogue(language) if message.id and all(texts(message.string))}
    untold = sorted(map(str, messages - translated))
    assert len(untold) <= (1 - FLOOR) * len(messages), untold
    assert sorted(map(str, translated - messages)) == []
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_translation_is_a_guess(language) -> None:
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_translations_hold_the_values_of_their_messages(language) -> None:
    for message in catalogue(language):
        if message.id:
            wanted = names(texts(message.id)[-1])
            assert [names(text) for text in texts(message.string)] == [wanted] * len(texts(message.string)), message.id


def test_a_korean_question_ends_with_a_question_mark_and_scores_are_not_marks_of_an_exam() -> None:
    said = {text for message in catalogue("ko") if message.id for text in texts(message.string)}
    assert sorted(text for text in said if re.search("[는은한른린인]가$|니까$", text)) == []
    assert sorted(text for text in said if "채점" in text) == []


def test_a_korean_percent_sign_follows_its_number_and_each_term_has_one_word() -> None:
    said = {text for message in catalogue("ko") if message.id for text in texts(message.string)}
    assert sorted(text for text in said if re.search(r"[\d}]\s%", text)) == []
    assert sorted(text for text in said if re.search("모델|타깃|사용자에 대한 95%|마세요", text)) == []


def test_messages_are_known_to_the_check(messages) -> None:
    assert "All users" in messages
    assert len(messages) > 100


def test_a_message_that_has_no_translation_stays_english() -> None:
    with speaking("ko"):
        assert say("{n} of a kind that nobody translated", n=3) == "3 of a kind that nobody translated"


def test_values_are_put_in_as_they_are() -> None:
    assert say("{name}: {size:.1f}", name="{size} <b>", size=2) == "{size} <b>: 2.0"


def test_the_language_is_spoken_inside_the_block_only() -> None:
    with speaking("ko"):
        assert spoken() == "ko"
        assert say("All users") == "전체 사용자"
    assert spoken() == "en"
    assert say("All users") == "All users"


def test_the_language_is_forgotten_after_an_error() -> None:
    with pytest.raises(RuntimeError), speaking("ko"):
        raise RuntimeError
    assert spoken() == "en"


def test_one_thing_and_several_have_words_of_their_own() -> None:
    said = [say_many("{n} apple", "{n} apples", n) for n in (0, 1, 2_000)]
    assert said == ["0 apples", "1 apple", "2,000 apples"]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UserError, match="expected a language out of en, ko, got 'kr'"), speaking("kr"):
        pass


def test_a_marked_message_is_itself() -> None:
    assert marked("All users") == "All users"


def test_days_are_written_as_each_language_does() -> None:
    with speaking("ko"):
        assert day_in_words(date(2016, 2, 5)) == "2016년 2월 5일"
    assert day_in_words(date(2016, 2, 5)) == "5 February 2016"


def literals() -> list[tuple[str, ...]]:
    """What stands as a literal in each call that says something, by Python's own parser."""
    trees = [ast.parse(path.read_text(encoding="utf8")) for path in PACKAGE.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    said = [call.args for call in calls if getattr(call.func, "id", "") in KEYWORDS]
    return [tuple(arg.value for arg in args if isinstance(arg, ast.Constant)) for args in said]


def test_no_message_hides_where_the_catalogue_s_tools_do_not_look(messages) -> None:
    said = {literal[0] if len(literal) == 1 else literal[:2] for literal in literals() if literal}
    assert sorted(map(str, said - messages)) == []


def test_a_value_may_have_any_name() -> None:
    assert say("{message} of {one}", message="a word", one="two") == "a word of two"


def test_a_text_is_said_again_in_the_language_of_whoever_reads_it() -> None:
    day, moment = date(2024, 3, 1), datetime(2024, 3, 4)
    who = say_many("{n} user", "{n} users", 1_200)
    text = joined([say("{most} and {last}", most=who, last="x"), say("{day:%Y-%m-%d}", day=moment)], "; ")
    text = joined([text, day_in_words(day), day_and_month(day), say_again("(other)"), "", "=1+1"], " | ")
    facts = json.loads(json.dumps(kept({"text": text})))["text"]
    assert retold(facts) == text == "1,200 users and x; 2024-03-04 | 1 March 2024 | 1 March | (other) | =1+1"
    with speaking("ko"):
        assert retold(facts) == "사용자 1,200명, x; 2024-03-04 | 2024년 3월 1일 | 3월 1일 | (기타) | =1+1"


def test_a_number_that_is_none_is_kept_in_a_message() -> None:
    text = say("{share:.1%} of {n:,}", share=float("nan"), n=3)
    assert retold(json.loads(json.dumps(kept(text), allow_nan=False))) == "nan% of 3"


def test_copies_of_a_text_know_their_message() -> None:
    text = say_many("{n} user", "{n} users", 2)
    assert kept(deepcopy(text)) == kept(pickle.loads(pickle.dumps(text))) == kept(text)


@pytest.mark.parametrize("message", ["{a.__class__}", "{a[0]}", "{0}", "{a:>99999999}", "{a:{b}}"])
def test_a_message_of_a_file_shows_values_and_does_nothing_else(message) -> None:
    with pytest.raises(ValueError, match="expected a message with plain values"):
        retold({"say": message, "values": {"a": ["x"], "b": "x"}})


@pytest.mark.parametrize("facts", [None, 3, {}, {"say": 3}, {"join": "ab", "by": " "}, [], {"many": "x"}])
def test_what_is_neither_text_nor_message_is_refused(facts) -> None:
    with pytest.raises(ValueError, match="expected a text or a message"):
        retold(facts)
