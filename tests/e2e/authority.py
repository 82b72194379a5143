"""The authoritative half of a small internet: root, top-level domains and zones on their real addresses.

One process answers on many addresses. Each address serves a set of zones and refuses the rest, as a
DNS provider does that has dropped a customer. Zones are changed from outside while it runs.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Records = Mapping[tuple[str, str], list[str]]
"""Values by (name, type)."""

# Infrastructure stands for the length of the test; what moves is asked for again every second.
LASTING_S = 3600
MOVING_S = 1


@dataclass(slots=True)
class Zone:
    """A zone: its records, its name servers with their addresses, and the child zones cut out of it."""

    name: dns.name.Name
    servers: Mapping[str, str]
    ttl: int
    records: dict[tuple[dns.name.Name, str], list[str]]
    cuts: dict[dns.name.Name, "Zone"] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, servers: Mapping[str, str], records: Records, ttl: int) -> Self:
        origin = dns.name.from_text(name)
        soa = f"{next(iter(servers))}. hostmaster.nic.net. 1 300 60 3600 {MOVING_S}"
        return cls(
            name=origin,
            servers=servers,
            ttl=ttl,
            records={
                (origin, "SOA"): [soa],
                (origin, "NS"): [f"{server}." for server in servers],
                **{(dns.name.from_text(host), rtype): values for (host, rtype), values in records.items()},
            },
        )

    def exists(self, name: dns.name.Name) -> bool:
        """Tell whether there is anything at the name or below it."""
        return any(known.is_subdomain(name) for known, _ in self.records)

    def rrset(self, name: dns.name.Name, rtype: str, values: list[str]) -> dns.rrset.RRset:
        return dns.rrset.from_text_list(name, self.ttl, dns.rdataclass.IN, rtype, values)

    def name_servers(self) -> dns.rrset.RRset:
        return self.rrset(self.name, "NS", [f"{server}." for server in self.servers])

    def glue(self) -> list[dns.rrset.RRset]:
        return [
            self.rrset(dns.name.from_text(server), "A", [address]) for server, address in self.servers.items()
        ]


@dataclass(slots=True)
class Authority:
    """What is delegated where, and which address serves what."""

    zones: dict[dns.name.Name, Zone] = field(default_factory=dict)
    served: dict[str, set[dns.name.Name]] = field(default_factory=dict)

    def zone(self, name: str, servers: Mapping[str, str], records: Records, ttl: int = LASTING_S) -> None:
        """Put a zone on its name servers ({name: address}), and delegate it from its parent."""
        zone = Zone.of(name, servers, records, ttl)
        before = self.zones.get(zone.name)
        if before is not None:
            zone.cuts = before.cuts
        self.zones[zone.name] = zone
        for address in servers.values():
            self.served.setdefault(address, set()).add(zone.name)
        if zone.name != dns.name.root:
            self._parent(zone.name).cuts[zone.name] = zone

    def drop(self, name: str) -> None:
        """Let the name servers of a zone refuse it from now on; the parent goes on to delegate it to them."""
        zone = self.zones[dns.name.from_text(name)]
        for address in zone.servers.values():
            self.served[address].discard(zone.name)

    def withdraw(self, name: str) -> None:
        """Take the delegation of a zone out of its parent; its servers go on to answer."""
        zone = dns.name.from_text(name)
        del self._parent(zone).cuts[zone]

    def _parent(self, name: dns.name.Name) -> Zone:
        parent = name.parent()
        while parent not in self.zones:
            parent = parent.parent()
        return self.zones[parent]

    def answer(self, address: str, wire: bytes) -> bytes:
        """Return the answer of one address to one query."""
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        question = query.question[0]
        serving = [zone for zone in self.served.get(address, ()) if question.name.is_subdomain(zone)]
        if not serving:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply.to_wire()
        zone = self.zones[max(serving, key=lambda name: len(name.labels))]
        _fill(reply, zone, question.name, dns.rdatatype.to_text(question.rdtype))
        return reply.to_wire()

    async def serve(self, addresses: Iterable[str]) -> list[asyncio.DatagramTransport]:
        """Answer on port 53 of these addresses."""
        loop = asyncio.get_running_loop()
        return [
            (
                await loop.create_datagram_endpoint(
                    lambda address=address: _Datagrams(self, address),  # type: ignore[misc]  # bound now
                    local_addr=(address, 53),
                )
            )[0]
            for address in addresses
        ]


def _fill(reply: dns.message.Message, zone: Zone, name: dns.name.Name, rtype: str) -> None:
    child = next((zone.cuts[cut] for cut in zone.cuts if name.is_subdomain(cut)), None)
    if child is not None:
        reply.authority.append(child.name_servers())
        reply.additional.extend(child.glue())
        return
    reply.flags |= dns.flags.AA
    values = zone.records.get((name, rtype))
    if values:
        reply.answer.append(zone.rrset(name, rtype, values))
        if rtype == "NS":
            reply.additional.extend(zone.glue())
        return
    if not zone.exists(name):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    reply.authority.append(zone.rrset(zone.name, "SOA", zone.records[zone.name, "SOA"]))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, authority: Authority, address: str) -> None:
        self._authority = authority
        self._address = address

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._authority.answer(self._address, data), addr)
