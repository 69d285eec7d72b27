"""A mailbox, on a mail server that listens on this machine: one mail, never a second one."""

import base64
import csv
import email
import email.policy
import multiprocessing
import os
import shutil
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from churn.cli import main
from churn.delivery import deliver, summary
from churn.errors import UserError

from .conftest import NOW, configured, drawn

CONTEXT = multiprocessing.get_context("forkserver")


class Server(socketserver.ThreadingTCPServer):
    """A mail server: keeps what it takes, refuses recipients or content, or does something at a command."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, *, refuse="", at=None, tls=None):
        super().__init__(("127.0.0.1", 0), _Session)
        self.tls = tls
        self.mails, self.logins, self.refuse, self.at = [], [], refuse, at or {}


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        while line := self.rfile.readline():
            word = line.split()[0].decode().upper()
            if act := self.server.at.get(word):
                act(self)
            if self.wfile.closed or word == "QUIT":
                return
            if word == self.server.refuse:
                self.say("550 not wanted")
            elif word == "DATA":
                self.say("354 go on")
                self.take()
            elif word == "EHLO":
                offered = "STARTTLS" if self.server.tls and not isinstance(self.connection, ssl.SSLSocket) else "HELP"
                self.say(f"250-here\r\n250-{offered}\r\n250 AUTH PLAIN")
            elif word == "STARTTLS":
                self.say("220 go on")
                for file in (self.rfile, self.wfile):
                    file.close()
                try:
                    self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
                except ssl.SSLError:  # the client does not know the certificate
                    return
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            elif word == "AUTH":
                self.server.logins.append(line)
                self.say("235 welcome")
            else:
                self.say("250 well")

    def finish(self):
        if not self.wfile.closed:
            super().finish()
        self.connection.close()

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def take(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if not line:
            return
        self.server.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
        if act := self.server.at.get("TAKEN"):
            act(self)
        if not self.wfile.closed:
            self.say("250 taken")


@contextmanager
def serving(**behaviour):
    with Server(**behaviour) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def mail_to(server, **keys):
    own = {"to": "crm@example.org", "sender": "churn@example.org", "host": "127.0.0.1", "security": "none"}
    return {"mail": own | {"port": server.server_address[1]} | keys}


def hang_up(session):
    session.connection.shutdown(socket.SHUT_RDWR)
    session.wfile.close()


def test_a_mail_has_the_list_attached_and_is_sent_once(runs, delivered):
    with serving() as server:
        first = delivered(**mail_to(server))
        again = delivered(now=NOW + timedelta(days=2), **mail_to(server))
    (mail,) = server.mails
    assert (first.receipt["state"], again.fresh) == ("delivered", False)
    assert (mail["To"], mail["From"]) == ("crm@example.org", "churn@example.org")
    assert "2024-03-01" in mail["Subject"] and first.receipt["id"] in mail["Message-ID"]
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == first.receipt["files"][0]
    rows = [*csv.DictReader(attached.get_content().splitlines())]
    assert [row["user_id"] for row in rows] == ["ann", "cat", "dan"]
    assert "3 users" in mail.get_body().get_content() and "bob" not in mail.as_string()


@pytest.mark.parametrize("refuse", ["RCPT", "MAIL"])
def test_a_mail_that_the_server_refuses_is_undone_and_may_be_sent_later(runs, delivered, refused, refuse):
    with serving(refuse=refuse) as server, refused("to take the mail", "550", "mail.to"):
        delivered(**mail_to(server))
    assert not list((runs / "deliveries").glob("*/receipt.json"))
    with serving() as server:
        assert delivered(**mail_to(server)).fresh
    assert len(server.mails) == 1


def test_a_server_that_hangs_up_leaves_the_mail_unknown_and_it_is_not_sent_again(runs, delivered, refused, capsys):
    with serving(at={"TAKEN": hang_up}) as server:
        with refused("an answer of 127.0.0.1", "closed", "does not send it again"):
            delivered(**mail_to(server))
        server.at.clear()
        found = delivered(**mail_to(server))
    assert len(server.mails) == 1
    assert (found.fresh, found.receipt["state"]) == (False, "not known")
    summary(found)
    assert "nobody can know" in (out := capsys.readouterr().out) and "not sent again" in out
    (folder,) = (path.parent for path in (runs / "deliveries").glob("*/receipt.json"))
    assert folder.name in out


def test_a_mail_whose_end_is_unknown_counts_for_the_fatigue_and_not_as_what_the_mailbox_has(runs, delivered):
    with serving(at={"TAKEN": hang_up}) as server:
        with pytest.raises(UserError, match="closed"):
            delivered(**mail_to(server))
        server.at.clear()
        drawn(runs / "june", {"ann": "contact", "eve": "contact"}, cutoff="2024-03-08")
        later = {"now": NOW + timedelta(days=7), **mail_to(server)}
        assert delivered("june", dry_run=True, **later).receipt["stay"] == {"lately": 1}
        found = delivered("june", fatigue_days=0, **later)
    assert found.receipt["counts"]["new"] == 2 and len(server.mails) == 2


def test_an_attachment_that_is_too_large_is_refused_before_anything_is_sent(runs, delivered, refused):
    with serving() as server, refused("at most 100 bytes", "", "mail.most_mb"):
        delivered(**mail_to(server, most_mb=0.0001))
    assert server.mails == [] and not list((runs / "deliveries").glob("*/receipt.json"))


def test_a_password_comes_from_the_environment_and_never_goes_in_the_open(runs, delivered, refused, monkeypatch):
    with refused("no mail.user with mail.security: none", "'ada'", "starttls"), serving() as server:
        delivered(**mail_to(server, user="ada"))
    with serving(refuse="STARTTLS") as server, refused("to reach the mail server", "STARTTLS", "CHURN_SMTP_PASSWORD"):
        delivered(**mail_to(server, user="ada", security="starttls"))
    assert server.logins == []
    with refused("to reach the mail server", "", "mail.host"):
        delivered(**mail_to(server))


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes a certificate, is not installed")
def test_a_password_is_sent_to_a_server_with_a_certificate_alone(runs, delivered, refused, monkeypatch, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        "2",
    ]
    alone = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *alone], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    with serving(tls=tls) as server:
        mail = mail_to(server, user="ada", security="starttls")
        with refused("the password of mail.user in the environment", "none", "set it"):
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            delivered(**mail)
        monkeypatch.setenv("CHURN_SMTP_PASSWORD", "s3cret")
        monkeypatch.delenv("SSL_CERT_FILE")
        with refused("to reach the mail server", "certificate", "mail.security"):
            delivered(**mail)
        assert server.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert delivered(**mail).receipt["state"] == "delivered"
    assert len(server.mails) == 1
    assert [base64.b64decode(line.split()[2]) for line in server.logins] == [b"\0ada\0s3cret"]
    assert "s3cret" not in "".join(path.read_text() for path in (runs / "deliveries").rglob("*.json"))


def test_addresses_that_could_carry_a_second_header_are_refused(refused):
    for address in ("crm", "a@b\r\nBcc: x@y.org", "a@b.org, c@d.org"):
        with refused("an address in mail.to", repr(address), "crm@example.org"):
            configured(mail={"to": address, "sender": "a@b.org", "host": "h"})


@pytest.mark.slow
@pytest.mark.parametrize(("at", "mails", "state"), [("EHLO", 1, "delivered"), ("TAKEN", 1, "not known")])
def test_a_command_that_is_killed_while_it_sends_leaves_at_most_one_mail(runs, at, mails, state):
    """Killed before the mail, the next command sends it; killed after it, nobody sends it again."""
    killed = threading.Event()

    def kill(session):
        if not killed.is_set():
            killed.set()
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            hang_up(session)

    with serving(at={at: kill}) as server:
        config = {"owner": "crm", "fresh_days": 10_000, **mail_to(server)}
        Path("delivery.yaml").write_text(yaml.safe_dump(config))
        asked = ["deliver", "--run", str(runs / "may"), "--config", "delivery.yaml", "--quiet"]
        child = CONTEXT.Process(target=main, args=(asked,))
        child.start()
        child.join(60)
        assert killed.is_set() and child.exitcode == -signal.SIGKILL
        (found,) = deliver(runs / "may", configured(**config))
        assert len(server.mails) == mails and found.receipt["state"] == state
        (found,) = deliver(runs / "may", configured(**config))
        assert len(server.mails) == mails and not found.fresh
