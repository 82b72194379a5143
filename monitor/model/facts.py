"""What a probe saw: facts only, no conclusions.

Everything the judge may want later is here, bounded: what comes from the network is hostile, and
lives in memory and in the store for years.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.failure import Failure
from monitor.model.expect import Expected
from monitor.model.listing import ListingFacts
from monitor.model.sign import Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds spent in each phase of the last request of a redirect chain; None: the phase did not happen."""

    resolve_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None
    """From the request being sent to the first byte of the answer."""
    body_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """A certificate that the server sent above its own. Sent is not verified: a failure says if it is not."""

    sha256: str
    """Fingerprint of the certificate (DER), lower-case hex."""
    subject: str = ""
    """`CN` of the subject; empty when it has none, or when the certificate cannot be read."""
    issuer: str = ""
    """`CN` of the issuer: the next link should be called so."""
    organization: str | None = None
    """`O` of the subject."""
    not_after: datetime | None = None
    """None when the certificate cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """The certificate that was served, and how the session was protected."""

    version: str
    cipher: str
    subject: str
    issuer_organization: str | None
    """`O` of the issuer; what a certificate authority is recognised by."""
    issuer: str
    """`CN` of the issuer."""
    not_before: datetime
    not_after: datetime
    sha256: str
    """Fingerprint of the certificate (DER), lower-case hex."""
    names: tuple[str, ...] = ()
    """Subject alternative names, the first 20."""
    serial: str | None = None
    """Serial number, lower-case hex, 64 digits at most; None: not recorded."""
    key_type: str | None = None
    """`RSA`, `Ed25519`, or `EC` with its curve: `EC secp256r1`; None: not recorded, or of an unknown kind."""
    key_bits: int | None = None
    signature: str | None = None
    """Name of the algorithm that the issuer signed with, else its number; None: not recorded."""
    chain: tuple[ChainLink, ...] = ()
    """What the server sent above its own certificate, in the order sent, the first 6."""
    chain_sent: int = 0
    """How many certificates it sent, its own included; 0: not recorded."""


class RevocationState(StrEnum):
    """What the authority that issued a certificate says about it."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """Nothing that can be relied on: nobody to ask, no answer, or the authority does not know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The word of a certificate's authority about it (RFC 5280, RFC 6960), checked against its signature."""

    sha256: str
    """Fingerprint of the certificate (DER), lower-case hex."""
    state: RevocationState
    checked_at: datetime
    source: str = ""
    """`ocsp` or `crl`; empty: the certificate names neither."""
    server: str = ""
    """Address that was asked."""
    revoked_at: datetime | None = None
    reason: str | None = None
    """As the authority says it, in the spelling of RFC 5280 (`keyCompromise`); None: it gives none."""
    detail: str = ""
    """Why nothing is known, for people; never decided on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedAddress:
    """An address that gave no connection."""

    address: str
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """One hop of a redirect chain."""

    url: str
    status: int
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFacts:
    """One answer over HTTP, at the end of its redirect chain."""

    url: str
    """The last address asked, after redirects."""
    status: int
    """0 when no answer came; a failure then stands beside the facts, and they are what was seen before it."""
    redirects: tuple[Redirect, ...] = ()
    address: str | None = None
    """IP address that was connected to."""
    port: int | None = None
    timings: Timings = field(default_factory=Timings)
    tls: TlsFacts | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """The headers that tell who answered (lower-case names, bounded values), in the order received."""
    title: str | None = None
    text_length: int = 0
    """Characters of visible text in the bounded body."""
    body_bytes: int = 0
    """Bytes of the body after decompression, up to the limit."""
    body_truncated: bool = False
    """True when the body was longer than the limit, or could not be decompressed to its end."""
    body_sha256: str | None = None
    excerpt: str = ""
    """The beginning of the visible text, 2,000 characters at most."""
    shape: str | None = None
    """Fingerprint of the words in the visible text (see `monitor.probe.shape`); None: too few of them."""
    signs: tuple[Sign, ...] = ()
    """Signatures of pages of a known kind that the answer matches, 8 at most."""
    elsewhere: str | None = None
    """Host that redirects led to outside of the target's domain; None: they did not."""
    expected: Expected | None = None
    """What became of the user's conditions; None: there are none."""
    tried: tuple[TriedAddress, ...] = ()
    """Addresses of the last host that gave no connection, in the order tried; another one may have."""
    revocation: Revocation | None = None
    """What the authority last said about the certificate; None: it is not asked."""
    revocation_due: bool = False
    """Whether the authority is to be asked: never yet, or not for a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """What one question got."""

    name: str
    rtype: str
    rcode: str | None
    """As the resolver said it (`NOERROR`, `NXDOMAIN`, …); None when nothing valid came back."""
    failure: Failure | None = None
    """Set when the question was not answered with records: NODATA and NXDOMAIN are failures too."""
    values: tuple[str, ...] = ()
    """Sorted presentation forms, names in lower case without the trailing dot."""
    ttl: int | None = None
    """The smallest TTL of the records, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverWord:
    """What another resolver says about the same names."""

    resolver: str
    a: DnsAnswer
    aaaa: DnsAnswer
    ns: DnsAnswer
    mx: DnsAnswer
    cname_chain: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return every address of the host, IPv4 first."""
        return self.a.values + self.aaaa.values


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsFacts:
    """The records of a target as the configured resolvers tell them.

    `a`, `aaaa` and the alias chain are of the host; `ns`, `mx` and `soa` of the zone.
    """

    host: str
    zone: str
    resolver: str
    a: DnsAnswer
    aaaa: DnsAnswer
    ns: DnsAnswer
    mx: DnsAnswer
    soa: DnsAnswer
    cname_chain: tuple[str, ...] = ()
    """Names that the host is an alias of, in order."""
    alone: bool = True
    """Whether there is no other resolver that could have been asked."""
    others: tuple[ResolverWord, ...] = ()
    """What other resolvers said, when they were asked too, 2 at most."""
    disagreeing: tuple[str, ...] = ()
    """Record types that one resolver has records of where another says that there are none."""
    unchecked: DnsAnswer | None = None
    """What the resolvers say of the host's addresses with DNSSEC checking disabled; None: not asked, for
    they answered with it."""
    signs: tuple[Sign, ...] = ()
    """What is known of the name servers: those of seizures, suspensions and parking; 8 at most."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return every address of the host, IPv4 first."""
        return self.a.values + self.aaaa.values


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFacts:
    """What the registry, or a registrar, says about a domain."""

    domain: str
    source: str
    """`rdap` or `whois`."""
    server: str
    """Address (RDAP) or host name (WHOIS) of the server that answered."""
    registered: bool
    registrar_name: str | None = None
    registrar_iana_id: int | None = None
    statuses: tuple[str, ...] = ()
    """EPP status codes in their RFC 5731 spelling (`clientHold`), sorted; others as published."""
    name_servers: tuple[str, ...] = ()
    """Lower case, no trailing dot, sorted. Not the delegation: that is in the parent zone."""
    created: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None
    """None where the registry publishes none."""
    date_sources: tuple[tuple[str, str], ...] = ()
    """Whose word each date is: (`created` | `updated` | `expires`, `registry` | `registrar`). The registry's
    is preferred; the registrar's stands only where the registry gives none. Empty: not recorded."""
    reseller: str | None = None
    """Who sold the domain in the registrar's name; None: nobody is named."""
    registry: str | None = None
    """Who answered for the registry. RDAP: the host of the server that answered. WHOIS: the registry's own
    words (`source:`, `Registry:`), else the host of the server that was asked. None: not recorded."""
    dnssec: bool | None = None
    """Whether the registry says that the delegation is signed: RDAP's `secureDNS.delegationSigned`, WHOIS's
    `DNSSEC:`. None: not said. What the parent zone really holds is in the DNS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWord:
    """What one name server said when it was asked itself."""

    host: str
    address: str = ""
    """Empty when the host has no address, or none that may be asked."""
    rcode: str | None = None
    """None when nothing valid came back."""
    failure: Failure | None = None
    """Set when there was no answer about the zone."""
    authoritative: bool = False
    """Whether it answers for the zone itself (AA). An answer without it is a lame one."""
    serial: int | None = None
    """Of the zone, as this server has it."""
    name_servers: tuple[str, ...] = ()
    """Of the zone, as this server has it; for a server of the parent zone: those it delegates to."""
    ttl: int | None = None
    """Of those, in seconds, whole: a server of the zone does not count down. None: not recorded."""
    knows_host: bool | None = None
    """Whether it has an address for the host that is watched; None: not asked, not said, or an alias."""
    alias: str = ""
    """Where it says that the host leads, when that is elsewhere: others have to know the address then."""

    @property
    def refuses(self) -> bool:
        """Tell whether it says that the zone is none of its own: REFUSED, no such name, or a lame answer.

        SERVFAIL is a server in trouble with a zone that it has.
        """
        if self.authoritative or self.rcode is None:
            return False
        return self.failure in (None, Failure.DNS_REFUSED, Failure.DNS_NXDOMAIN, Failure.DNS_NODATA)

    @property
    def unaskable(self) -> bool:
        """Tell whether it could not even be asked from here: that says nothing of the zone."""
        if self.address:
            return self.failure is Failure.ADDRESS_FORBIDDEN
        return self.failure not in (Failure.DNS_NXDOMAIN, Failure.DNS_NODATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDomain:
    """The registration of a domain that name servers live in: when it goes, so does every zone on them."""

    domain: str
    registered: bool
    statuses: tuple[str, ...] = ()
    expires: datetime | None = None
    """None where the registry publishes none."""
    source: str = ""
    """`rdap` or `whois`."""

    @property
    def on_hold(self) -> bool:
        """Tell whether the domain is out of its zone."""
        return any(status in {"clientHold", "serverHold"} for status in self.statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationFacts:
    """A delegation as the parent zone's own servers tell it, and what became of it at the listed ones."""

    zone: str
    parent: str
    """The zone that delegates; `.` is the root."""
    asked: tuple[ServerWord, ...] = ()
    """Servers of the parent zone, in the order they were asked; the last one's word counts."""
    heard: bool = False
    """Whether a server of the parent zone said what it delegates."""
    delegated: tuple[str, ...] = ()
    """Name servers that the parent zone names, sorted; empty and `heard`: it delegates nothing."""
    signed: bool | None = None
    """Whether the parent zone has a DS record (RFC 4034) for it; None: not known."""
    servers: tuple[ServerWord, ...] = ()
    """The listed servers, one row for each address that was asked, sorted."""
    agree: bool | None = None
    """Whether the listed servers name the same ones as the parent; None: none of them could be heard."""
    domains: tuple[ServerDomain, ...] = ()
    """Registrations of the domains that the listed servers live in, as far as known, sorted."""
    host: str = ""
    """Whom the listed servers were asked for besides (`ServerWord.knows_host`); empty: nobody."""

    @property
    def served(self) -> tuple[str, ...]:
        """Return the name servers that the zone itself names, by all listed servers that answer for it."""
        return tuple(
            sorted({name for word in self.servers if word.authoritative for name in word.name_servers})
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAddressFacts:
    """What the address at which a target was last seen up says about it now, whatever DNS says."""

    asked_address: str
    last_good_at: datetime
    """When the target was last seen up."""
    answer: HttpFacts | None = None
    """What answered, or was seen before it failed (status 0); None: nothing did."""


Facts = (
    HttpFacts | DnsFacts | RegistrationFacts | DelegationFacts | LastAddressFacts | Revocation | ListingFacts
)
