"""DNS messages: the bytes of a question, and what an answer says.

The framing (RFC 1035, section 4) is walked here, because building a whole message object costs ten
times what a question and its answer are worth; names, and all record data but addresses, are
decoded by dnspython, whose types do not leave this file.

Everything that arrives is hostile until it fits: an answer belongs to a question when it is a
response, repeats the question, and, for the transport, carries its id. It is read to its last byte;
one byte too many or too few and it is no answer at all.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Final, NamedTuple

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from monitor.failure import Failure

UDP_PAYLOAD: Final = 1232
"""Bytes we accept in one datagram: fits every path without fragments (DNS Flag Day 2020)."""
MAX_ALIASES: Final = 16
"""Length of the longest alias chain that is followed; resolvers give up at 8 to 16."""
MAX_VALUES: Final = 100
"""Values kept of one answer."""
MAX_DECODED: Final = 128
"""Records of one answer that are decoded at all: bounds the time a hostile answer can take."""

_RECURSION_DESIRED: Final = b"\x01\x00"
_NO_RECURSION: Final = b"\x00\x00"
_UNCHECKED: Final = b"\x01\x10"
_COUNTS: Final = b"\x00\x01\x00\x00\x00\x00\x00\x01"
_OPT: Final = b"\x00\x00\x29" + struct.pack("!HIH", UDP_PAYLOAD, 0, 0)
_CLASS_IN: Final = 1
_A, _NS, _CNAME, _SOA, _MX, _AAAA, _OPT_TYPE = 1, 2, 5, 6, 15, 28, 41
_TYPES: Final = {"A": _A, "NS": _NS, "CNAME": _CNAME, "SOA": _SOA, "MX": _MX, "AAAA": _AAAA}
_NOERROR, _NXDOMAIN, _REFUSED = 0, 3, 5
_RCODES: Final = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
_ERRORS_WITHOUT_QUESTION: Final = frozenset({1, 2, 4, 5})
"""FORMERR, SERVFAIL, NOTIMP, REFUSED: servers that cannot read a question do not repeat it."""

_PLAIN_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_MAX_NAME: Final = 253
_MAX_TTL: Final = 0x7FFFFFFF
_FIXED: Final = struct.Struct("!HHIH")
HEADER: Final = struct.Struct("!HHHHH")
_SOA_NUMBERS: Final = struct.Struct("!IIIII")
_POINTER: Final = 0xC0


class BadNameError(ValueError):
    """The name cannot be asked for: an empty or too long label, too long as a whole."""


class MalformedError(ValueError):
    """The bytes are not one well-formed message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A name and a type, as text and as the bytes of a question section."""

    name: str
    """Lower case, no trailing dot, dnspython's escapes for what is not printable."""
    rtype: str
    number: int
    wire: bytes
    recursion: bool = True
    """Whether the server is to look things up for us, or to say only what it knows itself."""
    unchecked: bool = False
    """Whether a resolver is to answer what does not validate, too (RFC 4035, section 3.2.2: CD)."""

    def message(self, message_id: bytes) -> bytes:
        """Return the query, with EDNS0 (RFC 6891)."""
        flags = _RECURSION_DESIRED if self.recursion else _NO_RECURSION
        flags = _UNCHECKED if self.unchecked else flags
        return message_id + flags + _COUNTS + self.wire + _OPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one server said to one question; `failure` set and no `rcode`: it did not answer."""

    rcode: str | None
    failure: Failure | None = None
    values: tuple[str, ...] = ()
    ttl: int | None = None
    chain: tuple[str, ...] = ()
    """Names that the question's name is an alias of, in order."""
    unfinished: bool = False
    """The chain ends in a name that the server says nothing about."""
    truncated: bool = False


class Record(NamedTuple):
    """One record, not decoded."""

    owner: int
    """Where in the message the owner's name begins."""
    number: int
    rclass: int
    ttl: int
    at: int
    length: int


def question(name: str, rtype: str, *, recursion: bool = True, unchecked: bool = False) -> Question:
    """Return the question for `name` and `rtype` (`A`, `MX`, …); raises BadNameError."""
    number = _TYPES.get(rtype) or int(dns.rdatatype.from_text(rtype))
    text = name.removesuffix(".").lower()
    if len(text) <= _MAX_NAME and _PLAIN_NAME.fullmatch(text):
        labels = [len(label).to_bytes() + label for label in text.encode().split(b".")]
        wire = b"".join(labels) + b"\x00"
    else:
        text, wire = _unusual_name(name)
    wire += struct.pack("!HH", number, _CLASS_IN)
    return Question(
        name=text, rtype=rtype, number=number, wire=wire, recursion=recursion, unchecked=unchecked
    )


def _unusual_name(name: str) -> tuple[str, bytes]:
    try:
        parsed = dns.name.from_text(name)
        return _text(parsed), parsed.canonicalize().to_wire() or b""
    except (dns.exception.DNSException, UnicodeError) as error:
        raise BadNameError(str(error)) from error


def belongs(wire: bytes, asked: Question) -> bool:
    """Tell whether the bytes are a response to the question; letter case is the server's choice."""
    if len(wire) < 12 or not wire[2] & 0x80 or wire[2] & 0x78:  # noqa: PLR2004 - header, QR, opcode
        return False
    if wire[4:6] == b"\x00\x00":
        return wire[3] & 0x0F in _ERRORS_WITHOUT_QUESTION
    repeated = wire[12 : 12 + len(asked.wire)]
    if repeated == asked.wire:
        return wire[4:6] == b"\x00\x01"
    same_type = repeated[-4:] == asked.wire[-4:]
    return wire[4:6] == b"\x00\x01" and same_type and repeated[:-4].lower() == asked.wire[:-4]


def parse(wire: bytes, asked: Question, *, datagram: bool) -> Message:
    """Return what a message that `belongs` says; raises MalformedError.

    A truncated datagram is not read further than its header (RFC 2181, section 9): ask over TCP.
    """
    if datagram and wire[2] & 0x02:
        return Message(rcode=None, truncated=True)
    try:
        return _parse(wire, asked)
    except (dns.exception.DNSException, IndexError, struct.error, ValueError) as error:
        raise MalformedError(str(error)) from error


def _parse(wire: bytes, asked: Question) -> Message:
    flags, questions, answers, authorities, additional = HEADER.unpack_from(wire, 2)
    records = list(records_of(wire, 12 + len(asked.wire) * questions, answers + authorities + additional))
    authority = [record.number for record in records[answers : answers + authorities]]
    rcode = _full_rcode(flags & 0x0F, records[answers + authorities :])
    rcode_text = _RCODES.get(rcode) or dns.rcode.to_text(dns.rcode.Rcode.make(rcode))
    failure = _failure(rcode)
    if failure not in (None, Failure.DNS_NXDOMAIN):
        return Message(rcode=rcode_text, failure=failure)
    names = {12: asked.name}
    answer = [record for record in records[:answers] if record.rclass == _CLASS_IN]
    chain, ttls, looped = _chain(wire, asked, answer, names)
    if looped:
        return Message(rcode=rcode_text, failure=Failure.DNS_LOOP, chain=chain)
    if failure is not None:
        return Message(rcode=rcode_text, failure=failure, chain=chain)
    last = chain[-1] if chain else asked.name
    found = _found(wire, asked.number, answer, last, names)
    if found:
        values = tuple(sorted({value for value, _ in found})[: 1 if asked.number == _SOA else MAX_VALUES])
        smallest = min(*ttls, *(ttl for _, ttl in found), _MAX_TTL)
        return Message(rcode=rcode_text, values=values, ttl=smallest, chain=chain)
    if not answer and _is_referral(flags, authority):
        return Message(rcode=rcode_text, failure=Failure.DNS_REFUSED)
    # A SOA record in the authority section says that the absence is meant (RFC 2308, section 2.2).
    unfinished = bool(chain) and _SOA not in authority
    ttl = min(ttls) if unfinished else None
    return Message(rcode=rcode_text, failure=Failure.DNS_NODATA, ttl=ttl, chain=chain, unfinished=unfinished)


def records_of(wire: bytes, at: int, count: int) -> Iterator[Record]:
    """Walk `count` records; what they hold must end where the message ends."""
    for _ in range(count):
        owner = at
        at = _after_name(wire, at)
        number, rclass, ttl, length = _FIXED.unpack_from(wire, at)
        at += 10
        # A TTL with the highest bit set means zero (RFC 2181, section 8); OPT keeps its flags there.
        seen_ttl = 0 if ttl > _MAX_TTL and number != _OPT_TYPE else ttl
        yield Record(owner, number, rclass, seen_ttl, at, length)
        at += length
    if at != len(wire):
        message = f"{len(wire)} bytes, of which {at} are accounted for"
        raise MalformedError(message)


def _after_name(wire: bytes, at: int) -> int:
    while True:
        length = wire[at]
        if length == 0:
            return at + 1
        if length >= _POINTER:
            return at + 2
        if length > 63:  # noqa: PLR2004 - the two other label types were never put to use
            message = "unknown label type"
            raise MalformedError(message)
        at += length + 1


def _full_rcode(low: int, additional: list[Record]) -> int:
    """Return the rcode with the upper eight bits that EDNS adds (RFC 6891, section 6.1.3)."""
    return next((low | (r.ttl >> 24) << 4 for r in additional if r.number == _OPT_TYPE), low)


def _failure(rcode: int) -> Failure | None:
    if rcode == _NOERROR:
        return None
    if rcode == _NXDOMAIN:
        return Failure.DNS_NXDOMAIN
    return Failure.DNS_REFUSED if rcode == _REFUSED else Failure.DNS_SERVFAIL


def _is_referral(flags: int, authority: list[int]) -> bool:
    """Tell whether a server that does not look things up for us points elsewhere.

    It is no statement about the name: taking it for "no such record" would call every target dead.
    """
    authoritative, recursion_available = flags & 0x0400, flags & 0x0080
    return not authoritative and not recursion_available and _NS in authority and _SOA not in authority


def _chain(
    wire: bytes, asked: Question, answer: list[Record], names: dict[int, str]
) -> tuple[tuple[str, ...], list[int], bool]:
    """Return the alias chain from the question's name, its TTLs, and whether it loops or is too long."""
    if asked.number == _CNAME:
        return (), [], False
    aliases: dict[str, tuple[str, int]] = {}
    for record in [r for r in answer if r.number == _CNAME][:MAX_DECODED]:
        aliases.setdefault(
            name_at(wire, record.owner, names), (target_of(wire, record, 0, names), record.ttl)
        )
    chain: list[str] = []
    ttls: list[int] = []
    name = asked.name
    while alias := aliases.get(name):
        name = alias[0]
        if name == asked.name or name in chain or len(chain) == MAX_ALIASES:
            return tuple(chain), ttls, True
        chain.append(name)
        ttls.append(alias[1])
    return tuple(chain), ttls, False


def _found(
    wire: bytes, number: int, answer: list[Record], name: str, names: dict[int, str]
) -> list[tuple[str, int]]:
    """Return value and TTL of each record of the type that belongs to `name`, and to nothing else."""
    wanted = [record for record in answer if record.number == number][:MAX_DECODED]
    return [
        (_value(wire, record, names), record.ttl)
        for record in wanted
        if name_at(wire, record.owner, names) == name
    ]


def _value(wire: bytes, record: Record, names: dict[int, str]) -> str:
    """Return the record's data in presentation form, names in lower case without trailing dots."""
    at, length = record.at, record.length
    if record.number == _A:
        return inet_ntop(AF_INET, wire[at : at + length])
    if record.number == _AAAA:
        return inet_ntop(AF_INET6, wire[at : at + length])
    if record.number in (_NS, _CNAME):
        return target_of(wire, record, 0, names)
    if record.number == _MX:
        return f"{int.from_bytes(wire[at : at + 2])} {target_of(wire, record, 2, names)}"
    if record.number == _SOA:
        return _soa(wire, record, names)
    rdtype = dns.rdatatype.RdataType.make(record.number)
    return dns.rdata.from_wire(dns.rdataclass.IN, rdtype, wire, at, length).to_text()


def _soa(wire: bytes, record: Record, names: dict[int, str]) -> str:
    """Return `mname rname serial refresh retry expire minimum` (RFC 1035, section 3.3.13)."""
    rname = _after_name(wire, record.at)
    numbers = _after_name(wire, rname)
    if numbers + _SOA_NUMBERS.size != record.at + record.length:
        message = "a SOA record of the wrong size"
        raise MalformedError(message)
    said = " ".join(map(str, _SOA_NUMBERS.unpack_from(wire, numbers)))
    return f"{name_at(wire, record.at, names)} {name_at(wire, rname, names)} {said}"


def name_at(wire: bytes, at: int, names: dict[int, str]) -> str:
    """Return the name at `at`; owners mostly point at a name that was read before."""
    if wire[at] >= _POINTER:
        target = (wire[at] & 0x3F) << 8 | wire[at + 1]
        if target >= at:
            message = "a compression pointer points forward"
            raise MalformedError(message)
        at = target
    known = names.get(at)
    if known is None:
        known = names[at] = _text(dns.name.from_wire(wire, at)[0])
    return known


def target_of(wire: bytes, record: Record, skip: int, names: dict[int, str]) -> str:
    """Return the name that fills the record's data after `skip` bytes."""
    at = record.at + skip
    if _after_name(wire, at) != record.at + record.length:
        message = "a name does not fill its record"
        raise MalformedError(message)
    return name_at(wire, at, names)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
