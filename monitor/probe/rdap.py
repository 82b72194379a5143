"""Registration data over RDAP: HTTP and JSON (RFC 7480, 9082, 9083).

Asked before WHOIS: it is structured, encrypted, and the only service that most registries still
have to run. Every value of an answer may have any type and any size; what is not as the RFC says
is skipped, and an answer that does not name the domain that was asked is no answer.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from monitor.failure import Failure
from monitor.model import RegistrationFacts
from monitor.probe.epp import rdap_status, sorted_statuses
from monitor.probe.error import ProbeError
from monitor.probe.names import TEXT_LIMIT, host_name, is_same_domain, sorted_hosts
from monitor.probe.text import clean
from monitor.probe.whois_dates import read_date

ACCEPT: Final = "application/rdap+json, application/json;q=0.9"
BODY_LIMIT: Final = 1 << 20
_MAX_ENTITIES: Final = 300
_MAX_DEPTH: Final = 3
_MAX_ITEMS: Final = 200


class Answer(Protocol):
    """What this module needs of an HTTP exchange."""

    @property
    def url(self) -> str:
        """Return the address that answered, after redirects."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers as received."""

    @property
    def body(self) -> bytes:
        """Return the body, decompressed."""

    @property
    def truncated(self) -> bool:
        """Return True when the body is longer than the limit."""


def rdap_url(base: str, domain: str) -> str:
    """Return the address of the domain's record (RFC 9082 section 3.1.3); `base` ends in a slash."""
    return f"{base}domain/{quote(domain, safe='')}"


def read_rdap(domain: str, answer: Answer) -> RegistrationFacts:
    """Return what an RDAP server says about `domain`.

    Raises ProbeError: `registration_limited`, `registration_unreachable`, `registration_unparsable`.
    """
    document = _document(answer)
    failure = _failure(answer, document)
    if failure is not None:
        raise ProbeError(failure, f"{_server(answer)} answered HTTP {answer.status}")
    if _says_not_found(answer, document):
        return RegistrationFacts(
            domain=domain,
            source="rdap",
            server=_server(answer),
            registered=False,
            registry=urlsplit(answer.url).hostname,
        )
    if not _is_about(document, domain):
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, f"{_server(answer)} answered about another name")
    registrar = _registrar(document)
    dates = _dates(document)
    return RegistrationFacts(
        domain=domain,
        source="rdap",
        server=_server(answer),
        registered=True,
        registrar_name=registrar.name,
        registrar_iana_id=registrar.iana_id,
        statuses=sorted_statuses(rdap_status(text) for text in _strings(document.get("status"))),
        name_servers=sorted_hosts(_name_servers(document)),
        **{field: moment for field, (moment, _) in dates.items()},
        date_sources=tuple((field, whose) for field, (_, whose) in dates.items()),
        reseller=_reseller(document),
        registry=urlsplit(answer.url).hostname,
        dnssec=_delegation_signed(document),
    )


def _document(answer: Answer) -> dict[str, Any]:
    """Return the JSON object in the body; empty when there is none."""
    if answer.truncated:
        return {}
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):  # not JSON, not Unicode, an integer too long, or nested too deep
        return {}
    return document if isinstance(document, dict) else {}


def _failure(answer: Answer, document: dict[str, Any]) -> Failure | None:
    """Return why this answer tells nothing about the domain; None when it may."""
    status = _error_code(document) or answer.status
    if status in {401, 403, 429} or (status == 503 and _header(answer, "retry-after")):  # noqa: PLR2004 - HTTP
        return Failure.REGISTRATION_LIMITED
    if status >= 500:  # noqa: PLR2004 - HTTP
        return Failure.REGISTRATION_UNREACHABLE
    if status == 404 and _says_not_found(answer, document):  # noqa: PLR2004 - HTTP
        return None
    return None if answer.status == 200 and document else Failure.REGISTRATION_UNPARSABLE  # noqa: PLR2004 - HTTP


def _says_not_found(answer: Answer, document: dict[str, Any]) -> bool:
    """Tell RDAP's "no such domain" (RFC 7480 section 5.3) from a web server's "no such page".

    The body is optional there, and rdap.nic.ch sends none; a page of HTML means a wrong address.
    """
    if _error_code(document) == 404:  # noqa: PLR2004 - HTTP
        return True
    is_rdap = "rdap+json" in _header(answer, "content-type").lower()
    return answer.status == 404 and not answer.truncated and (is_rdap or not answer.body.strip())  # noqa: PLR2004 - HTTP


def _error_code(document: dict[str, Any]) -> int:
    """Return the errorCode (RFC 9083 section 6) of an error document, else 0."""
    code = document.get("errorCode")
    if "objectClassName" in document or isinstance(code, bool):
        return 0
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:  # noqa: PLR2004 - HTTP
        return int(code)
    return code if isinstance(code, int) and 400 <= code <= 599 else 0  # noqa: PLR2004 - HTTP


def _is_about(document: dict[str, Any], domain: str) -> bool:
    names = (document.get("ldhName"), document.get("unicodeName"))
    kind = document.get("objectClassName", "domain")
    is_domain = isinstance(kind, str) and kind.lower() == "domain"
    return is_domain and any(isinstance(name, str) and is_same_domain(name, domain) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registrar:
    name: str | None = None
    iana_id: int | None = None


def _registrar(document: dict[str, Any]) -> _Registrar:
    """Return the first registrar that says anything about itself."""
    for entity in _with_role(document, "registrar"):
        registrar = _Registrar(name=_card_name(entity), iana_id=_iana_id(entity))
        if registrar != _Registrar():
            return registrar
    return _Registrar()


def _reseller(document: dict[str, Any]) -> str | None:
    """Return the name of the first reseller that has one (RFC 9083 section 10.2.4)."""
    return next((name for e in _with_role(document, "reseller") if (name := _card_name(e))), None)


def _with_role(document: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    for entity in _entities(document, _MAX_DEPTH):
        if role in [text.lower() for text in _strings(entity.get("roles"))]:
            yield entity


def _entities(document: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """Yield the entities of an object, outer ones first."""
    here = _objects(document.get("entities"))[:_MAX_ENTITIES]
    yield from here
    if depth:
        for entity in here[: _MAX_ENTITIES // 10]:
            yield from _entities(entity, depth - 1)


def _card_name(entity: dict[str, Any]) -> str | None:
    """Return `fn`, else `org`, of the jCard (RFC 7095): [name, parameters, type, value]."""
    card = entity.get("vcardArray")
    rows = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    found: dict[str, str] = {}
    for row in rows[:_MAX_ITEMS]:
        if not isinstance(row, list) or len(row) < 4 or not isinstance(row[0], str):  # noqa: PLR2004 - jCard
            continue
        value = row[3][0] if isinstance(row[3], list) and row[3] else row[3]
        if isinstance(value, str) and (text := clean(value, TEXT_LIMIT)):
            found.setdefault(row[0].lower(), text)
    return found.get("fn") or found.get("org")


def _iana_id(entity: dict[str, Any]) -> int | None:
    """Return the registrar's number; `handle` is the registry's own and is not taken for it."""
    for public in _objects(entity.get("publicIds"))[:_MAX_ITEMS]:
        kind, value = public.get("type"), public.get("identifier")
        if isinstance(kind, str) and kind.strip().lower() == "iana registrar id":
            return iana_number(value)
    return None


def iana_number(value: object) -> int | None:
    """Return an IANA registrar id, whether it came as a number or as text."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**7 else None


def _name_servers(document: dict[str, Any]) -> Iterator[str]:
    for server in _objects(document.get("nameservers"))[:_MAX_ITEMS]:
        for key in ("ldhName", "unicodeName"):
            name = server.get(key)
            if isinstance(name, str) and (host := host_name(name)):
                yield host
                break


# Registry and registrar can differ by weeks: the registry's date first.
_EVENTS: Final = (
    ("created", "registration", "registry"),
    ("updated", "last changed", "registry"),
    ("expires", "expiration", "registry"),
    ("expires", "registrar expiration", "registrar"),
)


def _dates(document: dict[str, Any]) -> dict[str, tuple[datetime, str]]:
    """Return each date that is there, and whose word it is."""
    found: dict[str, tuple[datetime, str]] = {}
    for field, action, whose in _EVENTS:
        if field not in found and (moment := _event(document, action)):
            found[field] = moment, whose
    return found


def _event(document: dict[str, Any], action: str) -> datetime | None:
    """Return the first readable date of an action (RFC 9083 section 4.5)."""
    for event in _objects(document.get("events"))[:_MAX_ITEMS]:
        name, date = event.get("eventAction"), event.get("eventDate")
        if isinstance(name, str) and isinstance(date, str) and name.strip().lower() == action:
            moment = read_date(date)
            if moment is not None:
                return moment
    return None


def _delegation_signed(document: dict[str, Any]) -> bool | None:
    """Return secureDNS.delegationSigned (RFC 9083 section 5.3); None when it is not said."""
    secure = document.get("secureDNS")
    signed = secure.get("delegationSigned") if isinstance(secure, dict) else None
    return signed if isinstance(signed, bool) else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values[:_MAX_ITEMS] if isinstance(item, str)]


def _header(answer: Answer, name: str) -> str:
    return next((value for key, value in answer.headers if key.lower() == name), "")


def _server(answer: Answer) -> str:
    """Return the base of the server that answered, without the query."""
    parts = urlsplit(answer.url)
    path = parts.path.partition("/domain/")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/"[:300]
