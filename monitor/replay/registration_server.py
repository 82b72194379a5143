"""The registries of the small internet: one record, told over RDAP (RFC 9083) and over WHOIS (RFC 3912)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from monitor.replay.connection import Connection, Desk
from monitor.replay.http_server import Reply, Trouble, answer, http_answer
from monitor.replay.tables import RegisteredTable

_RDAP: Final = "application/rdap+json"
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
# RFC 8056 section 2: where the RDAP word is not the EPP code with spaces.
_RDAP_WORDS: Final = {"ok": "active", "linked": "associated"}
_QUESTION_LIMIT: Final = 1024
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rdap_reply(domain: str, record: RegisteredTable | None) -> Reply:
    """Return what the RDAP server answers about a domain; None: nobody has it."""
    says = record.rdap if record else "answers"
    if says == "silent":
        return Trouble.HANG
    if says == "garbage":
        return http_answer(HTTPStatus.OK, b"<html>Welcome to nginx!</html>")
    if says in {"limited", "denies"}:
        return _rdap_error(HTTPStatus.TOO_MANY_REQUESTS)
    if says == "unreachable":
        return _rdap_error(HTTPStatus.INTERNAL_SERVER_ERROR)
    if record is None or not record.registered or says == "forgets":
        return _rdap_error(HTTPStatus.NOT_FOUND)
    body = json.dumps(_rdap_record(domain, _shown(record, says))).encode()
    return http_answer(HTTPStatus.OK, body[: len(body) // 2] if says == "cut" else body, kind=_RDAP)


def rdap_domain(path: str) -> str:
    """Return the domain that an RDAP path asks for."""
    return unquote(path.partition("?")[0].rpartition("/")[2]).lower()


def _rdap_error(status: HTTPStatus) -> bytes:
    body = {"errorCode": int(status), "title": status.phrase}
    return http_answer(status, json.dumps(body).encode(), kind=_RDAP)


def _rdap_record(domain: str, record: RegisteredTable) -> dict[str, Any]:
    dates = (
        ("registration", record.created),
        ("last changed", record.updated),
        ("expiration", record.expires),
    )
    document: dict[str, Any] = {
        "objectClassName": "domain",
        "ldhName": domain.upper(),
        "rdapConformance": ["rdap_level_0"],
        "status": [_RDAP_WORDS.get(code) or _CAMEL.sub(" ", code).lower() for code in record.statuses],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": ns} for ns in record.name_servers],
        "events": [{"eventAction": name, "eventDate": _date(date)} for name, date in dates if date],
        "entities": [],
        **({"secureDNS": {"delegationSigned": record.signed}} if record.signed is not None else {}),
    }
    if record.registrar or record.iana_id:
        registrar: dict[str, Any] = {"objectClassName": "entity", "roles": ["registrar"]}
        if record.iana_id:
            registrar["publicIds"] = [{"type": "IANA Registrar ID", "identifier": str(record.iana_id)}]
        card = [["version", {}, "text", "4.0"], ["fn", {}, "text", record.registrar]]
        registrar["vcardArray"] = ["vcard", card]
        document["entities"].append(registrar)
    return document


def whois_reply(question: str, registered: Callable[[str], RegisteredTable | None]) -> Reply:
    """Return what the WHOIS server answers to a line; the domain is its last word with a dot."""
    words = re.findall(r"[a-z0-9.-]*\.[a-z0-9-]+", question.lower())
    domain = words[-1] if words else ""
    record = registered(domain)
    says = record.whois if record else "answers"
    if says == "silent":
        return Trouble.HANG
    if says == "unreachable":
        return Trouble.RESET
    if says == "limited":
        return b"Your IP address has exceeded the query limit. Please try again later.\r\n"
    if says == "garbage":
        return b"\xff\xfe\x00 connection to backend lost\r\n"
    if record is None or not record.registered or says in {"denies", "forgets"}:
        notice = "" if says != "denies" else "% You have exceeded allowed connection rate\r\n"
        return f'No match for domain "{domain.upper()}".\r\n{notice}'.encode()
    lines = _whois_lines(domain, _shown(record, says))
    # As a server that ends the connection in the middle of the record.
    lines = lines[: len(lines) // 2] if says == "cut" else lines
    return "".join(f"{line}\r\n" for line in lines).encode()


def _shown(record: RegisteredTable, says: str) -> RegisteredTable:
    """Return the record as a server shows it: `partial` ones leave out what takes a second look-up."""
    if says != "partial":
        return record
    return record.model_copy(
        update={"registrar": "", "iana_id": None, "statuses": (), "updated": None, "expires": None}
    )


def _whois_lines(domain: str, record: RegisteredTable) -> list[str]:
    rows: list[tuple[str, str]] = [("Domain Name", domain.upper())]
    dates = (
        ("Updated Date", record.updated),
        ("Creation Date", record.created),
        ("Registry Expiry Date", record.expires),
    )
    rows += [(name, _date(date)) for name, date in dates if date]
    rows += [("Registrar", record.registrar)] if record.registrar else []
    rows += [("Registrar IANA ID", str(record.iana_id))] if record.iana_id else []
    rows += [("Domain Status", f"{code} https://icann.org/epp#{code}") for code in record.statuses]
    rows += [("Name Server", ns.upper()) for ns in record.name_servers]
    if record.signed is not None:
        rows.append(("DNSSEC", "signedDelegation" if record.signed else "unsigned"))
    # Replies in ICANN's format end with this line (2013 RAA, section 1.4.2); without it one was cut.
    told = record.updated or record.created or _NEVER
    return [*(f"   {name}: {value}" for name, value in rows), f">>> Last update of WHOIS: {_date(told)} <<<"]


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class WhoisServer(Connection):
    """One connection: one line, one reply, the end."""

    def __init__(self, desk: Desk, respond: Callable[[str], Reply]) -> None:
        super().__init__(desk)
        self._respond = respond
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the line is complete."""
        self._received += data
        if b"\n" in self._received:
            answer(self, self._respond(self._received.decode("latin-1").strip()))
        elif len(self._received) > _QUESTION_LIMIT:
            self.transport.abort()
