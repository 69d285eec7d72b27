"""Docstrings and comments are plain English: a docstring names its subject first, and every word is common."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
FILES = [path for folder in ("churn", "experiments", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
# A docstring with such a beginning does not name the thing that it describes.
NO_SUBJECT = re.compile(
    r"(What|Whatever|How|Why|Where|When|Who|Whom|Whose|Which|By|In|Of|To|From|On|At|With|Told|Those|As|So)\b"
)
# `the same` before a noun is plain English; in place of a noun it is not.
OBSCURE = re.compile(
    r"\b(those|what it|of them|lest|by lot|told apart|so many|as many as one likes|anew"
    r"|the same(?= (?:as|at|for|from|in|is|of|on|to|with|without)\b|[.,:;)]|$))\b",
    re.IGNORECASE,
)
HOUSE_WORDS = re.compile(r"\b(lest|the lot|by lot|told apart|anew|walks?|walked|breathes?)\b", re.IGNORECASE)
CATALOGUE = read_po(
    (ROOT / "churn/language/catalogues/ko/LC_MESSAGES/churn.po").read_text(encoding="utf8").splitlines()
)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def documented(path: Path) -> Iterator[tuple[Documented, str]]:
    """The docstrings of a file; of a test only the module's, since the names of tests are sentences."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    for node in [tree] if is_test(path) else ast.walk(tree):
        if isinstance(node, Documented) and (said := ast.get_docstring(node)):
            yield node, said


def is_test(path: Path) -> bool:
    return ROOT / "tests" in path.parents


def is_predicate(node: Documented) -> bool:
    """Whether a function returns yes or no, alone, in an array or in a column: `Whether …` then names its result."""
    returns = getattr(node, "returns", None)
    return returns is not None and re.search("[Bb]ool|Value|Series", ast.unparse(returns)) is not None


def comments(path: Path) -> Iterator[str]:
    if is_test(path):
        return
    with path.open("rb") as file:
        yield from (token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)


def prose(said: str) -> str:
    """A docstring in one line, without its example."""
    return " ".join(said.split("Example:\n")[0].split())


def test_docstrings_name_their_subject_first() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.body[0].lineno} {said.splitlines()[0]}"
        for path in FILES
        for node, said in documented(path)
        if NO_SUBJECT.match(said) or (said.startswith("Whether") and not is_predicate(node))
    ]
    assert found == []


def test_docstrings_and_comments_use_plain_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()!r} in {text[max(hit.start() - 40, 0) : hit.end() + 20]}"
        for path in FILES
        for text in (*(prose(said) for _, said in documented(path)), *comments(path))
        for hit in OBSCURE.finditer(text)
    ]
    assert found == []


def test_messages_use_plain_words() -> None:
    found = [
        f"{hit.group()!r} in {text}"
        for message in CATALOGUE
        for text in ([message.id] if isinstance(message.id, str) else message.id)
        for hit in HOUSE_WORDS.finditer(text)
    ]
    assert found == []
