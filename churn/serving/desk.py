"""The desk: the lists and the store side by side, so that no way of marking passes by who is held back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from churn.artefacts import declared
from churn.serving import history, work
from churn.serving.catalogue import Catalogue, Drawn
from churn.serving.helper import Helper
from churn.serving.lists import Asked, Lists, Page
from churn.serving.store import Store
from churn.serving.throttle import Throttle
from churn.serving.work import Change, Done, State

STATUSES = ("open", "contacted", "not_reached", "snoozed", "stopped", "mine")


@dataclass(frozen=True)
class Desk:
    """The lists, the store, the counter of failed logins, and the process that scores."""

    catalogue: Catalogue
    store: Store
    lists: Lists = field(default_factory=Lists)
    throttle: Throttle = field(default_factory=Throttle)
    helper: Helper = field(default_factory=Helper)

    def close(self) -> None:
        """Close the store, end the helper, and remove what was made to read the lists."""
        self.helper.close()
        self.lists.close()
        self.store.close()

    def mark(self, drawn: Drawn, change: Change, users: Mapping[str, int], *, note: str = "") -> Done:
        """Make a change for some users; a note is kept even where somebody was faster.

        Args:
            drawn: The list at which the person looked.
            change: The change.
            users: The version that the person saw, by user.
            note: Words on each user.

        Raises:
            UserError: for a note that is too long.
        """
        known = self.known(drawn, users)
        held = self.held_back(drawn, users)
        with self.store.writing() as connection:
            for user_id in known if note.strip() else ():
                history.note(connection, change.by, user_id, note, of=change.of)
            return work.apply(connection, change, users, held=held, known=known)

    def note(self, drawn: Drawn, by: str, user_id: str, note: str) -> bool:
        """Keep a note alone; False if the user was not scored.

        Raises:
            UserError: for an empty note, or one that is too long.
        """
        if user_id not in self.known(drawn, [user_id]):
            return False
        with self.store.writing() as connection:
            history.note(connection, by, user_id, note, of=(drawn.id, drawn.name))
        return True

    def known(self, drawn: Drawn, users: Mapping[str, int] | list[str]) -> set[str]:
        """The users among some who were scored, and whose ids a database can hold."""
        wanted = [one for one in users if len(one) <= work.LONGEST_ID and "\0" not in one]
        return set(self.lists.of_users(drawn, declared.SCORES, wanted)["user_id"])

    def held_back(self, drawn: Drawn, users: Mapping[str, int] | list[str]) -> set[str]:
        """The users among some whom the list, or one as new, holds back: an older list lets nobody past it."""
        as_new = [one for one in self.catalogue.lists() if one.cutoff >= drawn.cutoff]
        return set[str]().union(*(self.lists.held_back(one, users) for one in (drawn, *as_new)))

    def states(self, drawn: Drawn, users: list[str]) -> dict[str, State]:
        """The work on each user."""
        with self.store.reading() as connection:
            return work.states(connection, drawn.id, users)

    def page(self, drawn: Drawn, asked: Asked, status: str, name: str) -> Page:
        """A page of the users with a status; `mine` are the users who are assigned to a name."""
        return self.lists.page(drawn, self._among(drawn, asked, status, name) if status else asked)

    def _among(self, drawn: Drawn, asked: Asked, status: str, name: str) -> Asked:
        with self.store.reading() as connection:
            if status == "mine":
                return replace(asked, only=work.users_with(connection, drawn.id, status, assignee=name))
            found = work.users_with(connection, drawn.id, "done" if status == "open" else status)
        return replace(asked, without=found) if status == "open" else replace(asked, only=found)
