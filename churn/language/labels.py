"""Labels: the platform's own words, which its pages and lists say in place of user, churn and sticker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from churn.errors import UserError
from churn.keys import Block

LONGEST = 40  # letters of a label
_FORBIDDEN = set('<>{}"\\')  # what a page, a chart or a message would take for its own sign


@dataclass(frozen=True)
class Label:
    """A text that stands in the middle of a sentence: one line, without signs that a page would read.

    Example:
        >>> Label().check("labels.currency", "<b>")
        Traceback (most recent call last):
        churn.errors.UserError: expected labels.currency of one line, at most 40 letters and none of " < > \\ { },
        got '<b>'; correct it
    """

    def check(self, key: str, value: str) -> None:
        """Raises UserError for any other text."""
        if not value.isprintable() or value.strip() != value or not 0 < len(value) <= LONGEST or _FORBIDDEN & {*value}:
            expected = (
                f"expected {key} of one line, at most {LONGEST} letters and none of {' '.join(sorted(_FORBIDDEN))}"
            )
            raise UserError(expected, repr(value), "correct it")


@dataclass(frozen=True)
class Word:
    """A noun, whose plural is regular, or its two forms: {one: person, many: people}.

    Example:
        >>> Word().check("labels.user", {"one": "person"})
        Traceback (most recent call last):
        churn.errors.UserError: expected one and many in labels.user, got one; name both forms, or write one word
    """

    def check(self, key: str, value: str | Mapping[str, str]) -> None:
        """Raises UserError for any other text or mapping."""
        forms = {"one": value, "many": value} if isinstance(value, str) else value
        if forms.keys() != {"one", "many"}:
            found = ", ".join(map(str, forms)) or "neither"
            raise UserError(f"expected one and many in {key}", found, "name both forms, or write one word")
        for text in forms.values():
            Label().check(key, text)


Noun = Annotated[str | dict[str, str], Word()]


@dataclass(frozen=True)
class LabelConfig(Block, key="labels"):
    """The platform's own words on its pages and lists. Files, their columns and the configuration keep theirs.

    Args:
        user: What a user is called, such as customer; a noun, or its forms as {one: person, many: people}.
        churn: What churn is called, such as lapse.
        sticker: What a sticker is called, such as purchase or donation.
        currency: Of amounts: an ISO 4217 code, such as EUR, or any other unit, such as coins.
        events: What types of events are called, by their names in the log, such as {tip_sent: tip}.
    """

    user: Noun | None = None
    churn: Noun | None = None
    sticker: Noun | None = None
    currency: Annotated[str, Label()] | None = None
    events: dict[str, Annotated[str, Label()]] = field(default_factory=dict)
