"""The first page: what to do, and the list to work, searched, filtered, sorted and marked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from churn.artefacts import declared
from churn.errors import UserError
from churn.keys import OneOf
from churn.serving import shown, words, work
from churn.serving.access import Asking, Viewer
from churn.serving.catalogue import Drawn
from churn.serving.desk import STATUSES
from churn.serving.lists import Asked, Show, sortable
from churn.serving.page import link, page, speaking_to

router = APIRouter()
LONGEST = 200  # letters that are searched for
_SEGMENTS = {
    "list": ("contact", "control"),
    "everyone": ("priority", "likely churner", "likely", "other"),
}


class Wanted:
    """The question in an address, as FastAPI reads it.

    Args:
        list: The list's name; the newest by default.
        show: The list, or everyone who was scored.
        q: A part of a user's id.
        least: The least chance in percent.
        segment: A segment, or the users to contact or held back.
        status: A status of the work.
        sort: A column.
        order: Whether it falls or rises.
        at: The place of a page.
    """

    def __init__(
        self,
        list: str = "",
        show: Show = "list",
        q: Annotated[str, Query(max_length=LONGEST)] = "",
        least: str = "",
        segment: str = "",
        status: str = "",
        sort: str = "",
        order: str = "",
        at: Annotated[str, Query(max_length=4_000)] = "",
    ) -> None:
        self.list, self.show, self.q, self.least = list, show, q.strip(), least.strip().rstrip("%")
        self.segment, self.status, self.sort, self.order, self.at = segment, status, sort, order, at

    def asked(self, drawn: Drawn) -> Asked:
        """The question to the list.

        Raises:
            UserError: for a choice that there is not.
        """
        OneOf(("", *STATUSES)).check("status", self.status)
        OneOf(("", *_SEGMENTS[self.show])).check("segment", self.segment)
        OneOf(("", "up", "down")).check("order", self.order)
        usual = "rank" if self.show == "list" else shown.chance(drawn)
        sort = self.sort or usual
        falling = self.order == "down" if self.order else sort not in ("rank", "user_id")
        return Asked(self.show, self.q, self._share(), self.segment, None, (), sort, falling, self.at)

    def link(self, **changed: str) -> str:
        """The address of the same page with something else asked for; another question begins at its first page."""
        kept = {name: value for name, value in vars(self).items() if name != "at"}
        return link("/", **kept | changed)

    def _share(self) -> float | None:
        if not self.least:
            return None
        try:
            return float(self.least.replace(",", ".")) / 100
        except ValueError as error:
            raise UserError("expected a number of percent", repr(self.least[:20]), "write it as 50") from error


@router.get("/", response_class=HTMLResponse)
def today(request: Request, desk: Asking, visitor: Viewer, wanted: Annotated[Wanted, Depends()]) -> HTMLResponse:
    """The list as it is asked for."""
    if not desk.catalogue.lists():
        with speaking_to(request):
            return page(request, "none.html", root=desk.catalogue.root, refused=desk.catalogue.refused())
    drawn = desk.catalogue.named(wanted.list)
    wanted.list, asked = drawn.name, wanted.asked(drawn)
    with speaking_to(request, drawn):
        artefact = declared.PRIORITY if wanted.show == "list" else declared.SCORES
        known = desk.lists.columns(drawn, artefact)
        heads = shown.columns(drawn, known)
        found = desk.page(drawn, asked, wanted.status, visitor.name)
        states = desk.states(drawn, [user["user_id"] for user in found.users])
        with desk.store.reading() as connection:
            persons = sorted({visitor.name, *work.assignees(connection)})
        return page(
            request,
            "today.html",
            drawn=drawn,
            lists=desk.catalogue.lists(),
            advice=shown.advice(drawn),
            about=shown.about(drawn),
            warnings=shown.warnings(drawn),
            wanted=wanted,
            asked=asked,
            chance=words.head(shown.chance(drawn), shown.targets(drawn)),
            heads=[(name, words.head(name, shown.targets(drawn))) for name in heads],
            sorts=[(name, words.head(name, shown.targets(drawn))) for name in ("user_id", *sortable(known))],
            segments=_SEGMENTS[wanted.show],
            statuses=STATUSES,
            persons=persons,
            found=found,
            rows=shown.rows(desk.lists, drawn, found.users, heads, states),
        )
