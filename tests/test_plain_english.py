"""Docstrings and comments are plain English: a docstring names its subject first, and every word is common."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_YET = ("eda", "report", "review.py", "segments", "stages", "language.py", "scoring.py", "pipeline.py")  # rooms
FILES = [
    *(
        path
        for path in sorted((ROOT / "churn").rglob("*.py"))
        if path.relative_to(ROOT / "churn").parts[0] not in NOT_YET
    ),
    *sorted((ROOT / "experiments").rglob("*.py")),
]
# A docstring that begins so says where or how something is before it says what it is.
NO_SUBJECT = re.compile(
    r"(What|Whatever|How|Why|Where|When|Who|Whom|Whose|Which|By|In|Of|To|From|On|At|With|Told|Those|As|So)\b(?! if )"
)
# `the same` before a noun is plain; it may not stand for one.
OBSCURE = re.compile(
    r"\b(those|what it|of them|lest|by lot|told apart|so many|as many as one likes|anew"
    r"|the same(?= (?:as|at|for|from|in|is|of|on|to|with|without)\b|[.,:;)]|$))(?!\w)",
    re.IGNORECASE,
)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def documented(path: Path) -> Iterator[tuple[Documented, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, Documented) and (said := ast.get_docstring(node)):
            yield node, said


def is_predicate(node: Documented) -> bool:
    """Whether a function returns yes or no, alone, in an array or in a column: `Whether …` then names its result."""
    returns = getattr(node, "returns", None)
    return returns is not None and re.search("[Bb]ool|Value|Series", ast.unparse(returns)) is not None


def comments(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from (token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)


def prose(said: str) -> str:
    """A docstring without its example, whose values and strings are no prose."""
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
