"""Questions of programs that a helper answers: the chances of posted rows."""

from typing import Any

from fastapi import APIRouter

from churn.serving.access import Asking, Body, Token
from churn.serving.answers import Posted, scores
from churn.serving.api import PROBLEMS, plain

router = APIRouter()


def _described(model: type[Posted]) -> dict[str, Any]:
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
    rows = found.table.astype(object).to_dict("records")
    told = [{str(name): plain(value) for name, value in row.items()} for row in rows]
    return {"run": drawn.name, "rows": found.rows, "scores": told}
