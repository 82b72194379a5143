"""The resolvers and name servers of the small internet: UDP and TCP on loopback.

A resolver answers for the whole world at once, a name server for its own zones. Answers are kept as
bytes by the bytes of their question until the world changes, so that a question costs next to nothing.
"""

import asyncio
import struct
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from monitor.replay.connection import Connection, Desk
from monitor.replay.dns_authority import cut, glue, served
from monitor.replay.tables import NameTable
from monitor.replay.world import MOST_ALIASES, Resolved, World

_LEAST_DATAGRAM: Final = 512
_MOST: Final = 65_535
_LENGTH: Final = struct.Struct("!H")
_REMEMBERED: Final = 10_000
_DELEGATED_S: Final = 172_800.0
_RESOLVER: Final = {"servfail": "SERVFAIL", "refuses": "REFUSED", "denies": "NXDOMAIN"}
# Key tag, algorithm, digest type and a digest (RFC 4034, section 5.3) of no key that there is.
_DS: Final = f"12345 13 2 {'0' * 64}"


class Answers:
    """Turns questions into answers, as the `number`-th resolver does. None: silence. The first may lie."""

    def __init__(self, world: World, number: int = 0) -> None:
        self._world = world
        self._number = number
        self._edition = -1
        self._kept: dict[tuple[bytes, bool], bytes | None] = {}

    recursive = True

    def answer(self, wire: bytes, *, datagram: bool) -> bytes | None:
        """Return the answer to a message, ids and all; None: none is given."""
        if self._edition != self._world.edition or len(self._kept) > _REMEMBERED:
            self._edition = self._world.edition
            self._kept.clear()
        key = (wire[2:], datagram)
        if key in self._kept:
            kept = self._kept[key]
        else:
            kept = self._kept[key] = self._made(wire, datagram=datagram)
        return None if kept is None else wire[:2] + kept

    def _made(self, wire: bytes, *, datagram: bool) -> bytes | None:
        """Return the answer without its id."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if not query.question or query.flags & dns.flags.QR:
            return None
        response = dns.message.make_response(query, recursion_available=self.recursive)
        response.flags |= query.flags & dns.flags.CD
        if not self._fill(response):
            return None
        size = max(_LEAST_DATAGRAM, query.payload) if datagram else _MOST
        return response.to_wire(max_size=size, prefer_truncation=True)[2:]

    def _fill(self, response: dns.message.Message) -> bool:
        """Write the answer; False: there is none."""
        world, asked = self._world, response.question[0]
        behaves = world.resolvers[self._number]
        code = _RESOLVER.get(behaves)
        if code is None:
            name = asked.name.to_text(omit_final_dot=True).lower()
            checking = not response.flags & dns.flags.CD
            found = world.resolve(name, {} if self._number else world.lies, checking=checking)
            if found.answer == "silence" or behaves == "silent":
                return False
            code = "SERVFAIL" if len(found.chain) == MOST_ALIASES else found.answer
            if code in ("NOERROR", "NXDOMAIN"):
                self._write(response, found, dns.rdatatype.to_text(asked.rdtype))
        response.set_rcode(dns.rcode.from_text(code))
        return True

    def _write(self, response: dns.message.Message, found: Resolved, rtype: str) -> None:
        for name, records in found.chain:
            _add(response.answer, name, records.ttl, "CNAME", (f"{records.cname}.",))
        values = _values(found.name, found.records, rtype) if found.records else ()
        if found.records and values:
            _add(response.answer, found.name, found.records.ttl, rtype, values)
            return
        zone = self._world.authority(found.name)
        if zone is not None:
            _add(response.authority, zone[0], zone[1].ttl, "SOA", _values(*zone, "SOA"))


class OwnAnswers(Answers):
    """Turns questions into answers, as the name server `host` does: its own zones, and nothing else."""

    recursive = False

    def __init__(self, world: World, host: str) -> None:
        super().__init__(world)
        self._host = host

    def _fill(self, response: dns.message.Message) -> bool:
        behaves = self._world.says(self._host)
        if behaves != "answers":
            response.set_rcode(dns.rcode.from_text(_RESOLVER.get(behaves, "SERVFAIL")))
            return behaves != "silent"
        asked = response.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        rtype = dns.rdatatype.to_text(asked.rdtype)
        zone = served(self._world, self._host, name)
        if zone is None or zone[1].refused or zone[1].answer in ("REFUSED", "SERVFAIL", "silence"):
            code = zone[1].answer if zone and not zone[1].refused else "REFUSED"
            response.set_rcode(dns.rcode.from_text("SERVFAIL" if code == "silence" else code))
            return code != "silence"
        below = cut(self._world, zone[0], name)
        if below is not None and below[1] and (below[0], rtype) != (name, "DS"):
            self._refer(response, *below)
            return True
        response.flags |= dns.flags.AA
        records = self._world.records(name)
        values = _values(name, records, rtype) if records and below is None else ()
        if records and rtype == "DS" and below is not None and records.dnssec != "unsigned":
            values = (_DS,)
        if records and values:
            _add(response.answer, name, records.ttl, rtype, values)
            return True
        if records and records.cname and below is None and rtype in ("A", "AAAA"):
            _add(response.answer, name, records.ttl, "CNAME", (f"{records.cname}.",))
            return True
        if records is None or (below is not None and not below[1]):
            response.set_rcode(dns.rcode.NXDOMAIN)
        _add(response.authority, zone[0], zone[1].ttl, "SOA", _values(*zone, "SOA"))
        return True

    def _refer(self, response: dns.message.Message, zone: str, hosts: tuple[str, ...]) -> None:
        _add(response.authority, zone, _DELEGATED_S, "NS", tuple(f"{host}." for host in hosts))
        for host, records in glue(self._world, hosts, zone):
            for rtype in ("A", "AAAA"):
                _add(response.additional, host, records.ttl, rtype, _values(host, records, rtype))


def _values(name: str, records: NameTable, rtype: str) -> tuple[str, ...]:
    if rtype == "NS":
        return tuple(f"{host}." for host in records.ns)
    if rtype == "MX":
        return tuple(f"{server}." for server in records.mx)
    if rtype == "SOA" and not records.soa and records.ns:
        return (f"{records.ns[0]}. hostmaster.{name}. 1 7200 900 1209600 300",)
    if rtype == "SOA":
        return (records.soa,) if records.soa else ()
    return {"A": records.a, "AAAA": records.aaaa}.get(rtype, ())


def _add(section: list[dns.rrset.RRset], name: str, ttl: float, rtype: str, values: tuple[str, ...]) -> None:
    if values:
        section.append(dns.rrset.from_text(f"{name}.", int(ttl), "IN", rtype, *values))


class DatagramServer(asyncio.DatagramProtocol):
    """Answers over UDP."""

    def __init__(self, desk: Desk, answers: Answers) -> None:
        self._desk = desk
        self._answers = answers
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # asyncio's own
        """Keep the transport."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        answer = self._answers.answer(data, datagram=True)
        if answer is None:
            self._desk.in_vain() if self._answers.recursive else self._desk.unheard()
        else:
            self._transport.sendto(answer, addr)


class StreamServer(Connection):
    """Answers over TCP (RFC 7766), as many questions as a client likes."""

    def __init__(self, desk: Desk, answers: Answers) -> None:
        super().__init__(desk)
        self._answers = answers
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer every question that is complete."""
        self._received += data
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            question = self._received[_LENGTH.size :][:length]
            if len(question) < length:
                return
            self._received = self._received[_LENGTH.size + length :]
            answer = self._answers.answer(question, datagram=False)
            if answer is None:
                self.desk.in_vain() if self._answers.recursive else self.desk.unheard()
            else:
                self.transport.write(_LENGTH.pack(len(answer)) + answer)
