"""Questions of programs that a helper answers: the chances of posted rows or a launch, tags of items, and offers."""

from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from pydantic import BaseModel

from churn.serving.access import Asking, Body, Scorer, Viewer
from churn.serving.answers import scores, what_if
from churn.serving.api import PROBLEMS, plain
from churn.serving.bodies import Posted, Supposed, Untagged
from churn.serving.launches import chosen, in_words
from churn.serving.page import speaking_to
from churn.serving.tagged import tags
from churn.serving.tryit import likeliest, offered, offering_of, tagger_of

router = APIRouter()


def _described(model: type[BaseModel]) -> dict[str, Any]:
    """The body of a request in the OpenAPI description: a helper alone reads it."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/api/v1/scores", responses=PROBLEMS, openapi_extra=_described(Posted))
def score(desk: Asking, visitor: Scorer, body: Body, run: str = "") -> dict[str, Any]:
    """The chances of everybody at risk at a cutoff, by a run's models and the posted rows alone; nothing is kept.

    `run` is the name of a list, whose run scores; the newest by default. `rows` counts the posted rows of each table.
    """
    drawn = desk.catalogue.named(run)
    found = desk.helper.ask(scores, drawn.run.folder, body)
    return {"run": drawn.name, "rows": found.rows, "scores": _rows(found.table)}


@router.post("/api/v1/what-if", responses=PROBLEMS, openapi_extra=_described(Supposed))
def foresee(request: Request, desk: Asking, visitor: Scorer, body: Body, run: str = "") -> dict[str, Any]:
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


@router.post("/api/v1/tags", responses=PROBLEMS, openapi_extra=_described(Untagged))
def tag(desk: Asking, visitor: Scorer, body: Body, tagger: str = "") -> dict[str, Any]:
    """The three likeliest categories of each item, and the set that holds the right one as often as was asked for.

    `tagger` is the name of a folder of `churn tag`; the first by default. `none` says that an item is like no category.
    """
    name, folder = tagger_of(desk, tagger)
    return {"tagger": name, "items": likeliest(desk.helper.ask(tags, folder, body))}


@router.get("/api/v1/offers", responses=PROBLEMS)
def offer(desk: Asking, visitor: Viewer, list: str = "", id: str = "") -> dict[str, Any]:
    """The activities that a list offers a member; popular ones for whoever it does not know, such as a visitor."""
    drawn = offering_of(desk, list)
    return {"list": drawn.name, **offered(desk, drawn, id)}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).to_dict("records")
    return [{str(name): plain(value) for name, value in row.items()} for row in rows]
