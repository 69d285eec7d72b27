"""The blocks of delivery.yaml for the destinations, one for each kind; one without `to` is not delivered to."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

from churn.errors import UserError
from churn.keys import Block, Range

Security = Literal["starttls", "tls", "none"]
_ADDRESS = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+")


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
