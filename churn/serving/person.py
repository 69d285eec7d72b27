"""The page of one user: the chance, its reasons and days ahead, where the user stood before, and what was done."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from churn.artefacts import declared
from churn.errors import UserError
from churn.explanation import worded_moves
from churn.language import say_many
from churn.segments import CONTROL, worded_makes
from churn.serving import history, shown, words, work
from churn.serving.access import Asking, Viewer
from churn.serving.accounts import Visitor
from churn.serving.catalogue import Drawn
from churn.serving.days import own_days
from churn.serving.desk import Desk
from churn.serving.drawing import Chart, chart
from churn.serving.lists import first_of
from churn.serving.page import page, speaking_to
from churn.serving.refusals import RefusedError
from churn.serving.work import Done

router = APIRouter()
EARLIER = 12  # lists in which the user is looked for


@router.get("/user", response_class=HTMLResponse)
def user(request: Request, desk: Asking, visitor: Viewer, id: str = "", list: str = "") -> HTMLResponse:
    """A user as a list saw them."""
    drawn = desk.catalogue.named(list)
    with speaking_to(request, drawn):
        return _page(request, desk, visitor, drawn, id, None)


def shown_again(request: Request, desk: Desk, visitor: Visitor, drawn: Drawn, user_id: str, done: Done) -> HTMLResponse:
    """The page after a mark that was not made, with the reason."""
    return _page(request, desk, visitor, drawn, user_id, done)


def _page(
    request: Request, desk: Desk, visitor: Visitor, drawn: Drawn, user_id: str, done: Done | None
) -> HTMLResponse:
    scored = desk.lists.of_users(drawn, declared.SCORES, [user_id]) if "\0" not in user_id else None
    if scored is None or scored.empty:
        error = UserError(f"expected a user of {drawn.name}", repr(user_id[:100]), "search for a part of the id")
        raise RefusedError(404, error)
    listed = first_of(desk.lists.of_users(drawn, declared.PRIORITY, [user_id]))
    known, facts = desk.lists.columns(drawn, declared.SCORES), first_of(scored)
    wanted = [*shown.columns(drawn, known), "active_days", "back_by"]
    targets = shown.targets(drawn)
    with desk.store.reading() as connection:
        state = work.states(connection, drawn.id, [user_id])[user_id]
        told = history.told(connection, user_id)
        persons = sorted({visitor.name, *work.assignees(connection)})
    before = _before(desk, drawn, user_id)
    return page(
        request,
        "user.html",
        status=409 if done else 200,
        drawn=drawn,
        user_id=user_id,
        about=shown.about(drawn),
        rank=words.value("rank", int(listed["rank"])) if listed else None,
        held=bool(desk.held_back(drawn, [user_id])),
        facts=[(words.head(name, targets), words.value(name, facts[name])) for name in wanted if name in facts],
        chance=words.head(shown.chance(drawn), targets),
        reasons=shown.reasons(desk.lists, drawn, [user_id]).get(user_id, []),
        days=own_days(drawn, user_id),
        ahead=_ahead(desk, drawn, user_id),
        before=before,
        over_time=_over_time(before),
        further=_further(desk, drawn, user_id),
        state=state,
        told=told,
        persons=persons,
        done=done,
        today=history.today(),
    )


def _ahead(desk: Desk, drawn: Drawn, user_id: str) -> Chart | None:
    """The chance of silence by the days ahead, where the run knows them."""
    found = desk.lists.of_users(drawn, declared.FUTURE, [user_id]).sort_values("days")
    if len(found) < 2:
        return None
    days = [int(day) for day in found["days"]]
    chances = [float(p) for p in found["p_churn"]]
    below = [say_many("{n} day", "{n} days", day) for day in days]
    labels = [f"{under}: {words.share(p)}" for under, p in zip(below, chances, strict=True)]
    return chart([float(day) for day in days], chances, labels, below)


def _before(desk: Desk, drawn: Drawn, user_id: str) -> list[dict[str, Any]]:
    """The places of the user in lists of one question, the newest first."""
    name, found = shown.chance(drawn), []
    alike = [one for one in desk.catalogue.lists() if one.run.first.name == drawn.run.first.name]
    for one in alike[:EARLIER]:
        with suppress(UserError):  # a list that is deleted at this moment
            scored = desk.lists.of_users(one, declared.SCORES, [user_id]) if desk.lists.is_ready(one) else None
            if scored is None or scored.empty or name not in scored:
                continue
            rank, group = scored[["rank", "group"]].iloc[-1]
            known = {"chance": float(scored[name].iloc[-1]), "rank": None if pd.isna(rank) else int(rank)}
            found.append({"list": one, **known, "held": group == CONTROL})
    return found


def _over_time(before: Sequence[dict[str, Any]]) -> Chart | None:
    """The chance by the day of each list; None for fewer than two days."""
    by_day = {one["list"].cutoff: one["chance"] for one in reversed(before)}
    if len(by_day) < 2:
        return None
    days, chances = sorted(by_day), [by_day[day] for day in sorted(by_day)]
    below = [words.day(day) for day in days]
    labels = [f"{under}: {words.share(p)}" for under, p in zip(below, chances, strict=True)]
    return chart([float(day.toordinal()) for day in days], chances, labels, below)


def _further(desk: Desk, drawn: Drawn, user_id: str) -> dict[str, Any]:
    """Activities to offer, categories of what the user makes, and moves, where the run knows any."""
    offers = desk.lists.of_users(drawn, declared.OFFERS, [user_id]).sort_values("place")
    moves = desk.lists.of_users(drawn, declared.LEVERS, [user_id])
    levers = worded_moves(moves, [user_id]).iloc[0].tolist() if len(moves) and (moves.place > 0).any() else []
    made = worded_makes(desk.lists.of_users(drawn, declared.MAKES, [user_id]))
    return {
        "makes": made.get(user_id, ""),
        "offers": [(str(title), words.share(p)) for title, p in zip(offers["title"], offers["chance"], strict=True)],
        "levers": [one for one in levers if one],
    }
