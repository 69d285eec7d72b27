"""The configuration of `churn deliver`, delivery.yaml: the contract of a delivery, and where lists go."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal

from churn.data import without_passwords
from churn.delivery.destinations import (
    KINDS,
    BrazeConfig,
    Destination,
    FolderConfig,
    HubSpotConfig,
    MailConfig,
    SalesforceConfig,
    TableConfig,
)
from churn.errors import UserError
from churn.keys import Block, Days, Range

Grain = Literal["list", "user"]


@dataclass(frozen=True)
class MatchConfig(Block, key="match"):
    """The ids by which the destinations know the users.

    Args:
        table: A file, folder, glob, or an ibis URL and a table, with a row per user; by default destinations know users
            by their ids in the list.
        user_id: Its column with the ids of the log.
        key: Its column with the ids of the destinations, such as external_id or email.
    """

    table: str | None = None
    user_id: str = "user_id"
    key: str = "external_id"


@dataclass(frozen=True)
class SuppressionConfig(Block, key="suppressed"):
    """The people who must not be contacted, whatever a list says.

    Args:
        table: A file, folder, glob, or an ibis URL and a table, with a row per person; null suppresses nobody.
        column: Its column with ids of the log, or ids of the destinations; either stops a user.
    """

    table: str | None = None
    column: str = "user_id"


@dataclass(frozen=True)
class DeliveryConfig(Block):
    """The whole configuration of `churn deliver`.

    Args:
        owner: Who answers for the deliveries: a name or an address. It stands in each receipt.
        grain: The thing that a row of a warehouse's table is: `list`, a user of a list, so that the table keeps every
            list; `user`, a user, whose newest row replaces earlier ones. Elsewhere a row is a user.
        fresh_days: Days since a list's cutoff after which it is too old to be delivered.
        fatigue_days: Days in which nobody is delivered twice by different lists, to whatever destination; 0 switches
            it off.
        changed_only: Whether users whose row is as the destination has it from the last delivery stay.
        id_key: The file of the key of hashed ids, if the list holds any, as `segments.id_key`.
        receipts: The folder of the receipts, by which the next delivery knows the earlier ones; by default deliveries,
            beside the list's folder.
        match: The ids by which the destinations know the users.
        suppressed: The people who must not be contacted.
        braze: Braze's import.
        hubspot: HubSpot's import.
        salesforce: Salesforce's Bulk API 2.0.
        folder: A folder.
        table: A table of a warehouse.
        mail: A mailbox.
    """

    owner: str
    grain: Grain = "list"
    fresh_days: Days = 7
    fatigue_days: Annotated[int, Range(0, 10_000)] = 14
    changed_only: bool = True
    id_key: str | None = None
    receipts: str | None = None
    match: MatchConfig = field(default_factory=MatchConfig)
    suppressed: SuppressionConfig = field(default_factory=SuppressionConfig)
    braze: BrazeConfig = field(default_factory=BrazeConfig)
    hubspot: HubSpotConfig = field(default_factory=HubSpotConfig)
    salesforce: SalesforceConfig = field(default_factory=SalesforceConfig)
    folder: FolderConfig = field(default_factory=FolderConfig)
    table: TableConfig = field(default_factory=TableConfig)
    mail: MailConfig = field(default_factory=MailConfig)

    def __post_init__(self) -> None:
        """Raises UserError where nobody answers for the deliveries."""
        super().__post_init__()
        if not self.owner.strip():
            raise UserError("expected a name or an address in owner", repr(self.owner), "say who answers for the lists")

    def destinations(self, kind: str | None = None) -> Iterator[tuple[str, Destination]]:
        """The destinations that are configured, by their kinds.

        Args:
            kind: The only one to take.

        Raises:
            UserError: for a kind that is unknown or not configured, or where none is.
        """
        there = {name: one for name in KINDS if (one := getattr(self, name)).to is not None}
        if not there:
            remedy = f"set `to` of one of {', '.join(KINDS)}"
            raise UserError("expected a destination in the configuration", "none", remedy)
        if kind is not None and kind not in there:
            raise UserError(f"expected --to out of {', '.join(there)}", repr(kind), f"set {kind}.to, or leave --to out")
        yield from ((name, one) for name, one in there.items() if kind in (None, name))

    def public(self, kind: str) -> dict[str, Any]:
        """The contract of one destination as plain data, fit to be stored: passwords are left out."""
        values = asdict(self)
        return without_passwords({one.name: values[one.name] for one in fields(self) if one.name not in KINDS}) | {
            kind: without_passwords(values[kind])
        }
