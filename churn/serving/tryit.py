"""Pages to try things on: what the folders below the one of runs answer, an item's category, and offers."""

import base64
import json
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from churn.artefacts import declared
from churn.errors import UserError
from churn.segments import BASES
from churn.serving import words
from churn.serving.access import Asking, Team, Uploaded, Viewer
from churn.serving.catalogue import Drawn
from churn.serving.desk import Desk
from churn.serving.launches import foreseeing
from churn.serving.page import page, speaking_to
from churn.serving.refusals import picked
from churn.serving.tagged import tags

router = APIRouter()
_POPULAR = 10  # activities that a visitor is shown


@router.get("/try", response_class=HTMLResponse)
def choices(request: Request, desk: Asking, visitor: Viewer) -> HTMLResponse:
    """Everything that a folder below the one of runs answers."""
    with speaking_to(request):
        taggers = sorted(desk.catalogue.taggers())
        return page(request, "try.html", launches=foreseeing(desk), taggers=taggers, offering=offering(desk))


@router.get("/try/item", response_class=HTMLResponse)
def item(request: Request, desk: Asking, visitor: Viewer, tagger: str = "") -> HTMLResponse:
    """The form of an item."""
    name, _ = tagger_of(desk, tagger)
    with speaking_to(request):
        return page(request, "item.html", tagger=name, text="", wrong="", found=None)


@router.post("/try/item", response_class=HTMLResponse)
def tagged(request: Request, desk: Asking, visitor: Team, form: Uploaded) -> HTMLResponse:
    """The form as it was sent, with the item's categories, or with what is wrong with it."""
    name, folder = tagger_of(desk, form.get("tagger"))
    sent: dict[str, Any] = {"text": form.get("text")}
    if picture := form.files.get("picture"):
        sent["picture"] = base64.b64encode(picture).decode()
    with speaking_to(request):
        around: dict[str, Any] = {"tagger": name, "text": form.get("text")}
        try:
            found = desk.helper.ask(tags, folder, json.dumps({"items": [sent]}).encode())
        except UserError as error:
            return page(request, "item.html", status=422, wrong=str(error), found=None, **around)
        return page(request, "item.html", wrong="", found=likeliest(found)[0], **around)


@router.get("/try/offers", response_class=HTMLResponse)
def offers(request: Request, desk: Asking, visitor: Viewer, list: str = "", id: str = "") -> HTMLResponse:
    """The activities that a member, or a visitor without an id, is offered."""
    drawn = offering_of(desk, list)
    with speaking_to(request, drawn):
        found = offered(desk, drawn, id)
        rows = [(one["title"], words.value("p_", one["chance"]), BASES[one["basis"]]) for one in found["offers"]]
        return page(request, "offers.html", drawn=drawn, id=id.strip(), known=found["known"], rows=rows)


def tagger_of(desk: Desk, name: str) -> tuple[str, Path]:
    """A folder with a kept tagger, by its name; the first if none is given.

    Raises:
        RefusedError: if there is none.
    """
    known = dict(sorted(desk.catalogue.taggers().items()))
    return picked(
        known, name, expected="expected a folder of churn tag with its tagger", remedy="make one below --runs"
    )


def likeliest(tagged: pd.DataFrame) -> list[dict[str, Any]]:
    """Up to three categories of each item with their probabilities, the set, and whether it is like no category."""
    numbers = [n for n in (1, 2, 3) if f"category_{n}" in tagged]
    return [
        {
            "categories": [(str(row[f"category_{n}"]), float(row[f"p_{n}"])) for n in numbers],
            "set": [one for one in str(row["set"]).split("|") if one],
            "none": bool(row["basis"] != "predicted"),
        }
        for row in tagged.to_dict("records")
    ]


def offering(desk: Desk) -> list[Drawn]:
    """The lists with offers, the newest first."""
    return [one for one in desk.catalogue.lists() if (one.folder / declared.POPULAR.file).is_file()]


def offering_of(desk: Desk, name: str) -> Drawn:
    """A list with offers, by its name; the newest if none is given.

    Raises:
        RefusedError: if there is none.
    """
    known = {one.name: one for one in offering(desk)}
    return picked(known, name, expected="expected a list with offers", remedy="set segments.offers in a run")[1]


def offered(desk: Desk, drawn: Drawn, user_id: str) -> dict[str, Any]:
    """The offers of a member, or, of whoever was not scored, what visitors are offered: popular activities."""
    wanted = user_id.strip()
    own = desk.lists.of_users(drawn, declared.OFFERS, [wanted]) if wanted and "\0" not in wanted else pd.DataFrame()
    if len(own):
        rows = own.sort_values("place")
    else:
        rows = declared.POPULAR.read(drawn.folder).head(_POPULAR).assign(chance=None, basis="popular")
    told = rows[["activity", "title", "chance", "basis"]].astype(object).where(rows.notna(), None)
    return {"known": bool(len(own)), "offers": told.to_dict("records")}
