"""A real validating resolver: unbound, and a zone whose signatures do not fit the key that it was told of."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from monitor.clock import SystemClock
from monitor.failure import Failure
from monitor.model import Check, DnsFacts, DnsSettings, Probe
from monitor.probe.dns_client import DnsClient
from monitor.probe.io import DirectRoute, Io
from monitor.probe.observe import observe
from tests.servers.delegation_lab import say
from tests.servers.dns_lab import Behaviour, DnsLab, rcode

pytestmark = [pytest.mark.full, pytest.mark.timeout(30)]

ZONE = "parler.example"
SOA = f"{ZONE} 60 SOA ns1.{ZONE}. hostmaster.{ZONE}. 1 2 3 4 60"
CHECK = Check(
    target="t", probe=Probe.DNS, interval_s=300, timeout_s=10.0, settings=DnsSettings(host=ZONE, zone=ZONE)
)


def unsigned(query: Any) -> list[bytes]:  # noqa: ANN401 - the lab's Query
    """Serve the zone as somebody would who has taken the signatures away and left the DS record."""
    known = {"A": "192.0.2.7", "NS": f"ns1.{ZONE}."}
    value = known.get(query.rtype)
    return [say(query, f"{ZONE} 60 {query.rtype} {value}") if value else say(query, authority=[SOA])]


def free_port() -> int:
    """Return a port that nobody listens on, by UDP or TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket() as streams:
            datagrams.bind(("127.0.0.1", 0))
            port: int = datagrams.getsockname()[1]
            try:
                streams.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@asynccontextmanager
async def resolver(
    program: Path, folder: Path, server: tuple[str, int], *, trusts: bool
) -> AsyncIterator[int]:
    """Run unbound with the zone's server behind it; `trusts`: it knows a key of the zone."""
    port = free_port()
    anchor = f'trust-anchor: "{ZONE}. DS 12345 13 2 {"0" * 64}"' if trusts else ""
    config = folder / "unbound.conf"
    config.write_text(f"""server:
  interface: 127.0.0.1
  port: {port}
  do-ip6: no
  do-daemonize: no
  do-not-query-localhost: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  module-config: "validator iterator"
  local-zone: "example." nodefault
  {anchor}
stub-zone:
  name: "{ZONE}"
  stub-addr: {server[0]}@{server[1]}
""")
    log = folder / "unbound.log"
    with log.open("wb") as out:
        running = await asyncio.create_subprocess_exec(program, "-d", "-c", config, stdout=out, stderr=out)
    try:
        yield port
    finally:
        assert running.returncode is None, log.read_text()
        running.terminate()
        await running.wait()


async def started(client: DnsClient) -> None:
    """Wait until the resolver answers."""
    for _ in range(200):
        if (await client.query("localhost", "A")).answer.failure is None:
            return
        await asyncio.sleep(0.05)
    pytest.fail("unbound does not answer")


async def looked(
    program: Path, folder: Path, behave: Behaviour, *, trusts: bool
) -> tuple[Failure | None, DnsFacts]:
    """Return what the probe sees through unbound, once that answers."""
    unused = cast("Any", None)
    async with DnsLab(behave) as lab, resolver(program, folder, lab.endpoint, trusts=trusts) as port:
        client = DnsClient(resolvers=[("127.0.0.1", port)], route=DirectRoute(), clock=SystemClock())
        io = Io(
            clock=SystemClock(),
            route=DirectRoute(),
            vantage="here",
            dns=client,
            name_servers=unused,
            server_domains=unused,
            http=unused,
            registries=unused,
            whois_parser=unused,
        )
        try:
            await started(client)
            seen = await observe(CHECK, SystemClock().now(), io)
        finally:
            await client.aclose()
    assert isinstance(seen.facts, DnsFacts)
    return seen.failure, seen.facts


async def test_signatures_that_do_not_fit_are_told_from_servers_that_fail(
    server: Callable[[str], Path], tmp_path: Path
) -> None:
    unbound = server("unbound")
    failure, facts = await looked(unbound, tmp_path, unsigned, trusts=True)
    assert failure is Failure.DNS_SERVFAIL
    assert facts.unchecked is not None
    assert facts.unchecked.values == ("192.0.2.7",)
    failure, facts = await looked(unbound, tmp_path, rcode("SERVFAIL"), trusts=True)
    assert failure is Failure.DNS_SERVFAIL
    assert facts.unchecked is not None
    assert facts.unchecked.failure is Failure.DNS_SERVFAIL
    failure, facts = await looked(unbound, tmp_path, unsigned, trusts=False)
    assert (failure, facts.a.values, facts.unchecked) == (None, ("192.0.2.7",), None)


async def test_a_zone_that_its_servers_refuse_is_servfail_both_ways(
    server: Callable[[str], Path], tmp_path: Path
) -> None:
    failure, facts = await looked(server("unbound"), tmp_path, rcode("REFUSED"), trusts=False)
    assert failure is Failure.DNS_SERVFAIL
    assert facts.unchecked is not None
    assert facts.unchecked.failure is Failure.DNS_SERVFAIL
