"""The configuration of `churn deliver`, delivery.yaml: the contract of a delivery, and where lists go."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal

from churn.data import without_passwords
from churn.errors import UserError
from churn.keys import Block, Days, Range

Grain = Literal["list", "user"]
Security = Literal["starttls", "tls", "none"]
_ADDRESS = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+")


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
class BrazeConfig(Block, key="braze"):
    """Braze: CSV of user attributes.

    Args:
        to: The folder to put files into; null delivers nothing to Braze.
        columns: Names of attributes with the columns of priority.csv behind them; by default every column under its
            own name.
    """

    to: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HubSpotConfig(Block, key="hubspot"):
    """HubSpot: CSV of contacts.

    Args:
        to: The folder to put files into; null delivers nothing to HubSpot.
        columns: Names of properties with the columns of priority.csv behind them; by default every column under its
            own name.
        property: The property that holds the key: Email, Record ID, or a property of your own with unique values.
    """

    to: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    property: str = "Email"


@dataclass(frozen=True)
class SalesforceConfig(Block, key="salesforce"):
    """Salesforce: CSV for an upsert by Bulk API 2.0.

    Args:
        to: The folder to put files into; null delivers nothing to Salesforce.
        columns: API names of fields with the columns of priority.csv behind them; by default every column, its name
            with __c behind it.
        external_id: The API name of the External ID field that holds the key.
    """

    to: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    external_id: str = "External_Id__c"


@dataclass(frozen=True)
class FolderConfig(Block, key="folder"):
    """A folder: CSV as priority.csv has it.

    Args:
        to: The folder to put files into; null delivers nothing there.
        columns: Names of columns with the columns of priority.csv behind them; by default every column under its own
            name.
    """

    to: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableConfig(Block, key="table"):
    """A table of a warehouse: SQLite, DuckDB or PostgreSQL.

    Args:
        to: An ibis URL of a database that is there, and a table that is made if it is not, such as
            postgresql://ada@db/shop::crm.churn; null delivers nothing there.
        columns: Names of columns with the columns of priority.csv behind them; by default every column under its own
            name.
    """

    to: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MailConfig(Block, key="mail"):
    """A mailbox: a mail with the list as CSV. The password stands in the environment alone, as CHURN_SMTP_PASSWORD.

    Args:
        to: The address; null sends no mail.
        columns: Names of columns with the columns of priority.csv behind them; by default every column under its own
            name.
        sender: The address that the mail comes from.
        host: The mail server.
        port: Its port.
        security: `starttls`; `tls` from the first byte, which is port 465; or `none`, for a server that needs no
            password.
        user: The name to log in with; null logs nobody in.
        most_mb: The largest attachment, in megabytes.
    """

    to: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    sender: str = ""
    host: str = ""
    port: Annotated[int, Range(1, 65_535)] = 587
    security: Security = "starttls"
    user: str | None = None
    most_mb: Annotated[float, Range(above=0, most=100)] = 10.0

    def __post_init__(self) -> None:
        """Raises UserError for addresses that are none, a mail without a server, and a password in the open."""
        super().__post_init__()
        if self.to is None:
            return
        for key, address in (("to", self.to), ("sender", self.sender)):
            if not _ADDRESS.fullmatch(address):
                raise UserError(f"expected an address in mail.{key}", repr(address), "write it as crm@example.org")
        if not self.host:
            raise UserError("expected a mail server in mail.host", "none", "name it")
        if self.user is not None and self.security == "none":
            remedy = "set mail.security to starttls or tls, or leave mail.user out"
            raise UserError("expected no mail.user with mail.security: none", repr(self.user), remedy)


Destination = (
    BrazeConfig | HubSpotConfig | SalesforceConfig | FolderConfig | TableConfig | MailConfig
)  # each with `to` and `columns`
KINDS = ("braze", "hubspot", "salesforce", "folder", "table", "mail")


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
