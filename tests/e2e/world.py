"""The small internet as it was before anything happened, and what each party can do to it.

Names are those that the internet uses, addresses belong to whom the bundled AS table says. Nothing
of this reaches further than the network namespace it is put up in.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.e2e.authority import MOVING_S, Authority

PARLER: Final = "parler.com"
NEIGHBOUR: Final = "example.com"
"""Stays on the network that Parler has to leave."""
FAR: Final = "example.ru"
"""Lives where there is no RDAP, only WHOIS."""
TARGETS: Final = (PARLER, NEIGHBOUR, FAR)

HOOKS: Final = "hooks.example.net"
RDAP: Final = "rdap.verisign.com"

ROOT_ADDRESS: Final = "198.41.0.4"
RDAP_ADDRESS: Final = "192.34.234.30"
WHOIS_ADDRESS: Final = "193.232.156.50"
HOOKS_ADDRESS: Final = "44.217.143.6"

# Whose they are by the AS table: Amazon (16509, 14618), Yandex (13238), DDoS-Guard (57724).
PARLER_AT_AMAZON: Final = "54.69.20.11"
NEIGHBOUR_AT_AMAZON: Final = "44.192.10.1"
FAR_AT_YANDEX: Final = "5.255.255.70"
PARLER_AT_DDOS_GUARD: Final = "185.178.208.10"

_ROOT: Final = {"a.root-servers.net": ROOT_ADDRESS}
_GTLD: Final = {"a.gtld-servers.net": "192.5.6.30"}
_RIPN: Final = {"a.dns.ripn.net": "193.232.128.6"}
_VERISIGN: Final = {"a1.verisigndns.com": "209.112.113.33"}
_ROUTE_53: Final = {
    "ns-1234.awsdns-26.com": "205.251.196.210",
    "ns-567.awsdns-07.net": "205.251.194.55",
}
_EPIK: Final = {"ns3.epik.com": "66.223.12.3", "ns4.epik.com": "66.223.49.4"}
_FAR: Final = {"ns1.example.ru": "77.88.55.10"}

PROSE: Final = " ".join(
    f"Post number {number}: somebody has said something, and somebody else has answered at length."
    for number in range(60)
)


def page(title: str, text: str) -> str:
    """Return a page."""
    return f"<!doctype html><html><head><title>{title}</title></head><body><p>{text}</p></body></html>\n"


def whole_page(domain: str) -> str:
    """Return the page of a platform that is there."""
    return page(f"Welcome to {domain}", PROSE)


PLACEHOLDER: Final = page("Hello", "Hello world, is this thing on?")


class World:
    """DNS, WHOIS and RDAP; the web servers are programs of their own."""

    def __init__(self, folder: Path) -> None:
        self._rdap = folder
        self._authority = _authority()
        self._transports: list[asyncio.DatagramTransport] = []
        self._whois: asyncio.Server | None = None
        self.whois_questions: list[str] = []
        self.register(PARLER, "Amazon Registrar, Inc.", 468, _ROUTE_53)
        self.register(NEIGHBOUR, "Amazon Registrar, Inc.", 468, _ROUTE_53)

    async def open(self) -> None:
        """Begin to answer."""
        self._transports = await self._authority.serve(self._authority.served)
        self._whois = await asyncio.start_server(self._tell, WHOIS_ADDRESS, 43)

    def close(self) -> None:
        """Fall silent."""
        for transport in self._transports:
            transport.close()
        if self._whois is not None:
            self._whois.close()

    def register(self, domain: str, registrar: str, iana_id: int, servers: dict[str, str]) -> None:
        """Let the registry show another registrar and other name servers."""
        publish(self._rdap, record_of(domain, registrar, iana_id, list(servers)))

    def drop_parler(self) -> None:
        """Let Amazon's name servers refuse the zone; the registry goes on to delegate it to them."""
        self._authority.drop(PARLER)

    def transfer_parler(self) -> None:
        """Move the registration to Epik."""
        self.register(PARLER, "Epik, Inc.", 617, _EPIK)

    def delegate_parler(self) -> None:
        """Move the zone to Epik's name servers, and its address to a network of DDoS-Guard."""
        records = {(f"{PARLER}.", "A"): [PARLER_AT_DDOS_GUARD]}
        self._authority.zone(f"{PARLER}.", _EPIK, records, MOVING_S)

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one WHOIS question (RFC 3912)."""
        asked = (await reader.readline()).decode().strip().lower()
        self.whois_questions.append(asked)
        writer.write(_WHOIS if asked == FAR else b"No entries found for the selected source(s).\r\n")
        await writer.drain()
        writer.close()


def addresses() -> list[str]:
    """Return every address that somebody answers on."""
    servers = {**_ROOT, **_GTLD, **_RIPN, **_VERISIGN, **_ROUTE_53, **_EPIK, **_FAR}
    places = (RDAP_ADDRESS, WHOIS_ADDRESS, HOOKS_ADDRESS)
    sites = (PARLER_AT_AMAZON, NEIGHBOUR_AT_AMAZON, FAR_AT_YANDEX, PARLER_AT_DDOS_GUARD)
    return [*servers.values(), *places, *sites]


def registries() -> Authority:
    """Return the root, the zones below it, and the names of those who run them."""
    known = Authority()
    hosts = {(f"{name}.", "A"): [address] for name, address in (_ROOT | _GTLD | _RIPN).items()}
    known.zone(".", _ROOT, {})
    known.zone("com.", _GTLD, {})
    known.zone("net.", _GTLD, hosts)
    known.zone("ru.", _RIPN, {})
    known.zone("verisigndns.com.", _VERISIGN, hosts_of(_VERISIGN))
    known.zone("verisign.com.", _VERISIGN, {(f"{RDAP}.", "A"): [RDAP_ADDRESS]})
    return known


def _authority() -> Authority:
    known = registries()
    known.zone("tcinet.ru.", _RIPN, {("whois.tcinet.ru.", "A"): [WHOIS_ADDRESS]})
    known.zone("epik.com.", _EPIK, hosts_of(_EPIK))
    for server, address in _ROUTE_53.items():
        known.zone(f"{server.partition('.')[2]}.", {server: address}, hosts_of({server: address}))
    known.zone("example.net.", _ROUTE_53, {(f"{HOOKS}.", "A"): [HOOKS_ADDRESS]})
    known.zone(f"{PARLER}.", _ROUTE_53, {(f"{PARLER}.", "A"): [PARLER_AT_AMAZON]}, MOVING_S)
    known.zone(f"{NEIGHBOUR}.", _ROUTE_53, {(f"{NEIGHBOUR}.", "A"): [NEIGHBOUR_AT_AMAZON]}, MOVING_S)
    far = {(f"{FAR}.", "A"): [FAR_AT_YANDEX], (f"{FAR}.", "MX"): ["10 mx.yandex.net."]}
    known.zone(f"{FAR}.", _FAR, {**far, **hosts_of(_FAR)}, MOVING_S)
    return known


def publish(folder: Path, record: dict[str, object]) -> None:
    """Let the registry of .com answer with a record; `folder` is what its web server shows."""
    path = folder / "com" / "v1" / "domain" / str(record["ldhName"]).lower()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(record))
    beside.replace(path)


def hosts_of(servers: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """Return the addresses of name servers, as records."""
    return {(f"{name}.", "A"): [address] for name, address in servers.items()}


def record_of(
    domain: str, registrar: str, iana_id: int, servers: list[str], hold: str = ""
) -> dict[str, object]:
    """Return a registry's answer about a domain (RFC 9083)."""
    return {
        "objectClassName": "domain",
        "rdapConformance": ["rdap_level_0"],
        "ldhName": domain.upper(),
        "status": ["client transfer prohibited", *([hold] if hold else [])],
        "entities": [
            {
                "objectClassName": "entity",
                "roles": ["registrar"],
                "publicIds": [{"type": "IANA Registrar ID", "identifier": str(iana_id)}],
                "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", registrar]]],
            }
        ],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": name.upper()} for name in servers],
        "events": [
            {"eventAction": "registration", "eventDate": "2018-05-16T03:00:00Z"},
            {"eventAction": "expiration", "eventDate": "2031-05-16T03:00:00Z"},
        ],
    }


_WHOIS: Final = f"""% TCI Whois Service. Terms of use:
% https://tcinet.ru/documents/whois_ru_rf.pdf (in Russian)

domain:        {FAR.upper()}
nserver:       ns1.{FAR}. {_FAR["ns1.example.ru"]}
state:         REGISTERED, DELEGATED, VERIFIED
org:           Example Organization
registrar:     REGRU-RU
admin-contact: http://www.reg.ru/whois/admin_contact
created:       2001-04-05T20:00:00Z
paid-till:     2031-04-05T21:00:00Z
free-date:     2031-05-07
source:        TCI

Last updated on 2026-11-21T04:28:01Z
""".replace("\n", "\r\n").encode()
