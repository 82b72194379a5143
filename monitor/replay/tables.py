"""The shape of a scenario file: one pydantic model per table (docs/scenarios.md).

The same values are the state of the small internet: a fact's `set` holds the keys that it changes,
and is laid over what was there before.
"""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor.config.durations import parse_duration
from monitor.config.moments import parse_moment
from monitor.config.names import parse_host
from monitor.config.values import one_of, parse_flag, parse_header_name, parse_word, plain, text_of, whole
from monitor.model import BEHIND, EventType, Layer, Status
from monitor.replay.values import (
    addresses,
    host_or_none,
    hosts,
    lines,
    mail_servers,
    parse_address,
    parse_line,
    parse_listing,
    parse_soa,
    parse_sources,
    parse_synthetic,
    parse_ttl,
    spelt,
    whole_event_name,
    words,
)

# What a chronicle tells of: the layers that are watched, and what only explains them.
TOLD_LAYERS: Final = (*BEHIND, "content", "listing", "vendor", "announcement", "legal", "monitor")

# How a registration server behaves (docs/scenarios.md).
REGISTRY_SAYS: Final = (
    *("answers", "limited", "unreachable", "garbage", "silent"),
    *("partial", "cut", "denies", "forgets"),
)

_DNS_SAYS: Final = ("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "silence")

# For what an authority may revoke a certificate (RFC 5280, 5.3.1).
REASONS: Final = (
    *("unspecified", "keyCompromise", "cACompromise", "affiliationChanged"),
    *("superseded", "cessationOfOperation", "certificateHold", "privilegeWithdrawn"),
)

Text = Annotated[str, BeforeValidator(text_of(lambda text: plain(" ".join(text.split()), 4_000)))]
Raw = Annotated[str, BeforeValidator(text_of(lambda text: text))]
Line = Annotated[str, BeforeValidator(text_of(parse_line))]
Word = Annotated[str, BeforeValidator(text_of(parse_word))]
Moment = Annotated[datetime, BeforeValidator(parse_moment)]
Duration = Annotated[float, BeforeValidator(parse_duration)]
Host = Annotated[str, BeforeValidator(text_of(parse_host))]
Address = Annotated[str, BeforeValidator(text_of(parse_address))]
ListingKey = Annotated[str, BeforeValidator(text_of(parse_listing))]
HeaderName = Annotated[str, BeforeValidator(text_of(parse_header_name))]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
LayerName = Annotated[str, BeforeValidator(one_of(*Layer))]
StatusName = Annotated[str, BeforeValidator(one_of(*Status))]
EventName = Annotated[
    str,
    BeforeValidator(one_of(*(t.value for t in EventType if t is not EventType.TEST))),
    BeforeValidator(whole_event_name),
]
RegistrySays = Annotated[str, BeforeValidator(one_of(*REGISTRY_SAYS))]

DnsSays = Annotated[str, BeforeValidator(one_of(*_DNS_SAYS)), BeforeValidator(spelt(*_DNS_SAYS))]


class Table(BaseModel):
    """A table of the file: an unknown key is a mistake, and so is a value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NameTable(Table):
    """What DNS says about a name. `answer` other than NOERROR takes everything below the name with it."""

    answer: Annotated[str, BeforeValidator(one_of(*_DNS_SAYS)), BeforeValidator(spelt(*_DNS_SAYS))] = (
        "NOERROR"
    )
    a: Annotated[tuple[str, ...], BeforeValidator(addresses(4))] = ()
    aaaa: Annotated[tuple[str, ...], BeforeValidator(addresses(6))] = ()
    cname: Annotated[str, BeforeValidator(host_or_none)] = ""
    ns: Annotated[tuple[str, ...], BeforeValidator(hosts)] = ()
    mx: Annotated[tuple[str, ...], BeforeValidator(mail_servers)] = ()
    soa: Annotated[str, BeforeValidator(text_of(parse_soa))] = ""
    ttl: Annotated[float, BeforeValidator(parse_ttl)] = 300.0
    delegation: Annotated[tuple[str, ...], BeforeValidator(hosts)] | None = None
    refused: Flag = False
    dnssec: Annotated[str, BeforeValidator(one_of("unsigned", "signed", "broken"))] = "unsigned"


class CertificateTable(Table):
    """The certificate that a site shows."""

    issuer: Text = "Replay Certificate Authority"
    not_before: Moment | None = None
    not_after: Moment | None = None
    names: Annotated[tuple[str, ...], BeforeValidator(hosts)] = ()
    trusted: Flag = True
    revocation: Annotated[str, BeforeValidator(one_of("none", "ocsp", "crl"))] | None = None
    revoked: Moment | None = None
    reason: Annotated[str, BeforeValidator(one_of(*REASONS))] | None = None

    @property
    def way(self) -> str:
        """Return how its authority can be asked about it; one that will be revoked names somebody to ask."""
        return self.revocation or ("none" if self.revoked is None else "ocsp")


class PageTable(Table):
    """One answer over HTTP."""

    answer: Annotated[str, BeforeValidator(one_of("page", "hang", "disconnect", "garbage"))] = "page"
    status: Annotated[int, BeforeValidator(whole(200, 599))] = 200
    title: Line = ""
    text: Raw = ""
    text_length: Annotated[int, BeforeValidator(whole(0, 1_000_000))] = 0
    markup: Raw = ""
    body: Raw = ""
    content_type: Line = "text/html; charset=utf-8"
    location: Line = ""
    headers: dict[HeaderName, Line] = {}
    cookies: Annotated[tuple[str, ...], BeforeValidator(lines)] = ()


class OtherPageTable(PageTable):
    """What a site answers to every so-many-th request instead; 0: never."""

    every: Annotated[int, BeforeValidator(whole(0, 1_000_000))]


class SiteTable(PageTable):
    """What a web server answers for a host name, at whatever address."""

    now_and_then: OtherPageTable = OtherPageTable(every=0)
    certificate: CertificateTable = CertificateTable()


class RegisteredTable(Table):
    """What the registry says about a domain, and how its two servers behave."""

    registered: Flag = True
    registrar: Line = ""
    iana_id: Annotated[int, BeforeValidator(whole(1, 9_999_999))] | None = None
    statuses: Words = ()
    name_servers: Annotated[tuple[str, ...], BeforeValidator(hosts)] = ()
    created: Moment | None = None
    updated: Moment | None = None
    expires: Moment | None = None
    signed: Flag | None = None
    rdap: RegistrySays = "answers"
    whois: RegistrySays = "answers"


class RowTable(Table):
    """Who announces a block."""

    prefix: Raw
    asn: Annotated[int, BeforeValidator(whole(1, 4_294_967_295))]
    name: Text


class EditionTable(Table):
    """`set.networks`: another edition of the table of who announces what, in place of the one before."""

    edition: Word
    rows: list[RowTable] = []


ResolverSays = Annotated[
    str, BeforeValidator(one_of("answers", "silent", "servfail", "refuses", "denies", "unreachable"))
]
ServerSays = Annotated[str, BeforeValidator(one_of("answers", "silent", "servfail", "refuses"))]


class ListingTable(Table):
    """What a store says about an app."""

    answer: Annotated[str, BeforeValidator(one_of("listed", "gone", "limited", "error", "garbage"))] = (
        "listed"
    )
    name: Text | None = None
    developer: Text | None = None
    version: Text | None = None


class SetTable(Table):
    """How a fact changes the world."""

    dns: dict[Host, NameTable] = {}
    http: dict[Host, SiteTable] = {}
    registration: dict[Host, RegisteredTable] = {}
    address: dict[
        Address, Annotated[str, BeforeValidator(one_of("serves", "drops", "refuses", "resets", "hangs"))]
    ] = {}
    servers: dict[Host, ServerSays] = {}
    listing: dict[ListingKey, ListingTable] = {}
    resolver: ResolverSays | None = None
    resolvers: list[ResolverSays] | None = None
    lies: dict[Host, NameTable] | None = None
    monitor: Annotated[str, BeforeValidator(one_of("online", "offline"))] | None = None
    networks: EditionTable | None = None


class CircumstanceTable(Table):
    """`[[before]]`: how things were when the scenario begins."""

    layer: Annotated[str, BeforeValidator(one_of(*TOLD_LAYERS))]
    what: Text
    source: Annotated[tuple[str, ...], BeforeValidator(parse_sources)] = ()
    synthetic: Annotated[bool | str, BeforeValidator(parse_synthetic)] = False
    confidence: (
        Annotated[str, BeforeValidator(one_of("high", "medium", "low", "inferred", "background"))] | None
    ) = None
    set: SetTable = SetTable()


class FactTable(CircumstanceTable):
    """`[[facts]]`: what happened, when, and how that is known."""

    at: Moment
    id: Word | None = None
    precision: Text | None = None


class ScenarioTable(Table):
    """`[scenario]`."""

    id: Word
    title: Text
    description: Text = ""
    start: Moment
    end: Moment
    vantage: Word = "replay"
    resolvers: Annotated[int, BeforeValidator(whole(1, 3))] = 1
    strict: Flag = True


class NetworkTable(RowTable):
    """`[[networks]]`: who announces which addresses, in the days of the scenario."""

    source: Annotated[tuple[str, ...], BeforeValidator(parse_sources)] = ()
    synthetic: Annotated[bool | str, BeforeValidator(parse_synthetic)] = False


class ConditionTable(Table):
    """What an event must say to be the one that is meant; what is left out may be anything."""

    event: EventName
    target: Text | None = None
    subject: Text | None = None
    layer: LayerName | None = None
    from_: Words | None = Field(default=None, alias="from")
    to: Words | None = None
    status: StatusName | None = None
    diagnosis: Text | None = None
    reachable: Flag | None = None
    fields: Words | None = None
    data: dict[str, Any] = {}
    of: Word | None = None
    within: Duration | None = None
    after: Moment | None = None
    before: Moment | None = None
    why: Text | None = None


class ExpectTable(ConditionTable):
    """`[[expect]]`: an event that has to be told once."""


class ExpectNoneTable(ConditionTable):
    """`[[expect_none]]`: an event that must not be told."""


class ExpectCountTable(ConditionTable):
    """`[[expect_count]]`: how many such events may be told, and how many must be."""

    at_least: Annotated[int, BeforeValidator(whole(0, 1_000_000))] = 0
    at_most: Annotated[int, BeforeValidator(whole(0, 1_000_000))] | None = None


class ExpectStateTable(Table):
    """`[[expect_state]]`: what is believed at a moment."""

    at: Moment
    target: Text | None = None
    status: StatusName | None = None
    reachable: Flag | None = None
    diagnosis: Raw | None = None
    layer: LayerName | None = None
    providers: dict[LayerName, Words] = {}
    why: Text | None = None


class Document(Table):
    """The whole file, but for the tables that it has in common with a configuration."""

    scenario: ScenarioTable
    networks: list[NetworkTable] = []
    before: list[CircumstanceTable] = []
    facts: list[FactTable] = []
    expect: list[ExpectTable] = []
    expect_none: list[ExpectNoneTable] = []
    expect_count: list[ExpectCountTable] = []
    expect_state: list[ExpectStateTable] = []
