"""Bodies: what programs send to be scored, foreseen or tagged, which a helper alone reads."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from churn.errors import UserError

Body = TypeVar("Body", bound=BaseModel)
MOST_ITEMS = 100
_LARGEST = 2**53  # beyond it, a number of JSON is not the same everywhere
Value = (
    None | bool | Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)] | Annotated[float, Field(allow_inf_nan=False)] | str
)


class Posted(BaseModel):
    """Rows of the tables that a run reads.

    Args:
        cutoff: The first day that is not known, as 2024-03-01.
        tables: The rows by table: events (or daily, members, outcomes), stickers, members; as the run's own have them,
            column by column. A picture of members is the base64 of its file.
    """

    cutoff: str = Field(max_length=40)
    tables: dict[str, list[dict[str, Value]]] = Field(min_length=1, max_length=20)


class Supposed(BaseModel):
    """A launch, a lead or another first day, before it comes.

    Args:
        day: The day on which it begins, as 2024-03-01; some models see it.
        known: What is known of it, by column; a picture is the base64 of its file. What is left out is not known.
    """

    day: date
    known: dict[Annotated[str, Field(max_length=200)], Value] = Field(max_length=200)


class Item(BaseModel):
    """An item by its text, its picture (the base64 of its file), or both."""

    text: str = Field("", max_length=10_000)
    picture: str | None = None


class Untagged(BaseModel):
    """Items without a category."""

    items: list[Item] = Field(min_length=1, max_length=MOST_ITEMS)


def posted(kind: type[Body], body: bytes) -> Body:
    """A body as one of these.

    Raises:
        UserError: for any other.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise UserError(f"expected {where} as described", first["msg"], "correct it") from error
