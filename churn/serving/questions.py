"""Questions of programs that a helper answers: the chances of posted rows, and of a launch before it begins."""

from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from pydantic import BaseModel

from churn.serving.access import Asking, Body, Token
from churn.serving.answers import Posted, Supposed, scores, what_if
from churn.serving.api import PROBLEMS, plain
from churn.serving.page import speaking_to
from churn.serving.tryit import chosen, in_words

router = APIRouter()


def _described(model: type[BaseModel]) -> dict[str, Any]:
    """The body of a request in the OpenAPI description: a helper alone reads it."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/api/v1/scores", responses=PROBLEMS, openapi_extra=_described(Posted))
def score(desk: Asking, visitor: Token, body: Body, run: str = "") -> dict[str, Any]:
    """The chances of everybody at risk at a cutoff, by a run's models and the posted rows alone; nothing is kept.

    `run` is the name of a list, whose run scores; the newest by default. `rows` counts the posted rows of each table.
    """
    drawn = desk.catalogue.named(run)
    found = desk.helper.ask(scores, drawn.run.folder, body)
    return {"run": drawn.name, "rows": found.rows, "scores": _rows(found.table)}


@router.post("/api/v1/what-if", responses=PROBLEMS, openapi_extra=_described(Supposed))
def foresee(request: Request, desk: Asking, visitor: Token, body: Body, run: str = "") -> dict[str, Any]:
    """The chance of a launch or a lead before it begins, its reasons in words, and what would move it.

    `run` is the name of a run of first days; the newest by default. `moves` are the values of controllable columns that
    were clearly better, in words, and `values` all that were compared, each with its chance and the change's interval.
    """
    drawn = chosen(desk, run)
    found = desk.helper.ask(what_if, drawn.run.folder, body)
    with speaking_to(request, drawn):
        told = in_words(drawn, found)
    values = found.moves.drop(columns=["user_id", "place"])
    words = {name: told[name] for name in ("told", "reasons", "moves")}
    return {"run": drawn.name, "chance": found.chance, **words, "values": _rows(values)}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).to_dict("records")
    return [{str(name): plain(value) for name, value in row.items()} for row in rows]
