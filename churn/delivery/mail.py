"""A mailbox: a mail with the list attached, sent at most once."""

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

from churn.delivery.destinations import MailConfig
from churn.delivery.formats import Form, write_parts
from churn.delivery.places import Parcel, Put, UndeliveredError
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.language import say, say_many

PASSWORD = "CHURN_SMTP_PASSWORD"
_PATIENCE = 60  # seconds for an answer
# Nothing was sent after any of these.
_REFUSALS = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError)


@dataclass(frozen=True)
class Mailbox:
    """A mailbox, by the server that takes mails to it."""

    config: MailConfig
    form: Form

    @contextmanager
    def ready(self) -> Iterator[Put]:
        """Connect to the server and log in.

        Raises:
            UserError: if it cannot be reached, or refuses to.
        """
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            where = f"expected to reach the mail server {self.config.host}:{self.config.port}"
            remedy = f"check mail.host, mail.port, mail.security, mail.user and {PASSWORD}"
            raise UserError(where, _reason(error), remedy) from error
        try:
            yield partial(self._put, server)
        finally:
            server.close()

    def arrived(self, parcel_id: str, name: str) -> None:
        """Nobody can know; a mail is never sent twice."""

    def _connected(self) -> smtplib.SMTP:
        config = self.config
        if config.security == "tls":
            encrypted = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(config.host, config.port, timeout=_PATIENCE, context=encrypted)
        else:
            server = smtplib.SMTP(config.host, config.port, timeout=_PATIENCE)
        try:
            if config.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if config.user is not None:
                server.login(config.user, _password())
            server.ehlo_or_helo_if_needed()  # before a receipt is begun: whoever does not greet has taken nothing
        except BaseException:
            server.close()
            raise
        return server

    def _put(self, server: smtplib.SMTP, parcel: Parcel) -> list[str]:
        mail = self._written(parcel)
        try:
            server.send_message(mail)
        except _REFUSALS as error:
            remedy = "check mail.sender, mail.to and the size that the server takes"
            raise UndeliveredError(f"expected {self.config.host} to take the mail", _reason(error), remedy) from error
        except (OSError, smtplib.SMTPException) as error:
            remedy = "ask the owner of the mailbox; the next command does not send it again"
            raise UserError(f"expected an answer of {self.config.host} to the mail", _reason(error), remedy) from error
        return [f"{parcel.name}.csv"]

    def _written(self, parcel: Parcel) -> EmailMessage:
        with temporary_folder() as folder:
            file, *_ = write_parts(parcel.rows, folder, name=parcel.name, form=self.form)
            content = file.read_bytes()
        if len(content) > (most := self.config.most_mb * 1_000_000):
            remedy = "raise mail.most_mb, name fewer mail.columns, or deliver to a folder"
            raise UndeliveredError(f"expected an attachment of at most {most:,.0f} bytes", f"{len(content):,}", remedy)
        mail = EmailMessage()
        mail["Subject"] = say("List of {cutoff} (delivery {id})", cutoff=parcel.cutoff, id=parcel.id)
        mail["From"], mail["To"], mail["Date"] = self.config.sender, self.config.to, format_datetime(parcel.at)
        mail["Message-ID"] = f"<{parcel.id}@{self.config.sender.partition('@')[2]}>"
        mail.set_content(_text(parcel))
        mail.add_attachment(content, maintype="text", subtype="csv", filename=f"{parcel.name}.csv")
        return mail


def _text(parcel: Parcel) -> str:
    listed = say_many(
        "{n} user of the list of {cutoff} is attached. Users who are held back or must not be contacted are not in it.",
        "{n} users of the list of {cutoff} are attached. Users who are held back or must not be contacted are not in "
        "it.",
        len(parcel.rows),
        cutoff=parcel.cutoff,
    )
    whose = say("Who answers for this list: {owner}", owner=parcel.owner)
    return f"{listed}\n\n{whose}\n"


def _password() -> str:
    if (found := os.environ.get(PASSWORD)) is None:
        raise UserError(f"expected the password of mail.user in the environment, {PASSWORD}", "none", "set it")
    return found


def _reason(error: Exception) -> str:
    """A server's complaint in one line, without the addresses' mapping."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return " ".join(f"{code} {text.decode('utf8', 'replace')}" for code, text in error.recipients.values())
    return str(error) or type(error).__name__
