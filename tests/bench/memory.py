"""What a fleet takes in memory: the whole state of every target, as it is after a look at each layer.

Every target has values of its own, as read from the network: nothing is shared but what the program shares.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.model import (
    ChainLink,
    DelegationFacts,
    Facts,
    HttpFacts,
    Observation,
    Probe,
    ServerWord,
    Target,
    Timings,
    TlsFacts,
)
from tests.bench.rig import Rig, open_rig, records, registration, watched
from tests.bench.worker import Answer, Port, run

_BATCH = 500


def page(target: Target, now: datetime) -> HttpFacts:
    """Return the answer of an ordinary site behind a content delivery network."""
    name, digest = target.name, f"{hash(target.name) & (1 << 64) - 1:064x}"
    return HttpFacts(
        url=target.url,
        status=200,
        address="54.230.10.7",
        port=443,
        timings=Timings(connect_s=0.01, tls_s=0.02, first_byte_s=0.05, body_s=0.01),
        tls=TlsFacts(
            version="TLSv1.3",
            cipher="TLS_AES_128_GCM_SHA256",
            subject=name,
            issuer_organization="Let's Encrypt",
            issuer="E7",
            not_before=now - timedelta(days=30),
            not_after=now + timedelta(days=60),
            sha256=digest,
            names=(name, f"www.{name}"),
            serial=digest[:36],
            key_type="EC secp256r1",
            key_bits=256,
            signature="ecdsa-with-SHA384",
            chain=(
                ChainLink(
                    sha256=digest[::-1],
                    subject="E7",
                    issuer="ISRG Root X1",
                    organization="Let's Encrypt",
                    not_after=now + timedelta(days=900),
                ),
            ),
            chain_sent=2,
        ),
        headers=tuple((f"x-header-{n}", f"{name} {n}") for n in range(8)),
        title=f"Welcome to {name}",
        text_length=4_000,
        body_bytes=20_000,
        body_sha256=digest,
        excerpt=f"{name} " * 120,
    )


def delegation(target: Target) -> DelegationFacts:
    """Return the delegation of an ordinary zone."""
    servers = ("ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org", "ns-4.awsdns-04.co.uk")
    return DelegationFacts(
        zone=target.domain,
        parent="example",
        asked=(
            ServerWord(
                host="a.gtld-servers.net", address="192.5.6.30", rcode="NOERROR", name_servers=servers
            ),
        ),
        heard=True,
        delegated=servers,
        signed=False,
        servers=tuple(
            ServerWord(
                host=host,
                address=f"205.251.192.{n}",
                rcode="NOERROR",
                authoritative=True,
                serial=1,
                name_servers=servers,
            )
            for n, host in enumerate(servers)
        ),
        agree=True,
    )


async def _main(port: Port, settings: Answer) -> None:
    """Look at every layer of the targets twice, and be scraped; answer with the memory of the process."""
    count = int(settings["targets"])
    fleet = [watched(f"target-{n}.example", f"https://target-{n}.example/") for n in range(count)]
    targets = [each.target for each in fleet]
    now = datetime.now(UTC)
    kinds: tuple[tuple[Probe, Callable[[Target], Facts]], ...] = (
        (Probe.HTTP, lambda target: page(target, now)),
        (Probe.DNS, records),
        (Probe.REGISTRATION, lambda target: registration(target, now)),
        (Probe.DELEGATION, delegation),
    )
    async with open_rig(Path(settings["folder"]), None, fleet) as rig:
        for turn in range(2):
            for probe, facts in kinds:
                await _look(rig, targets, probe, facts, now + timedelta(minutes=turn))
        async for _ in rig.fleet.render():
            pass
        gc.collect()
        resident = _resident()
    await port.answering(_once({"bytes": resident}))


async def _look(
    rig: Rig, targets: list[Target], probe: Probe, facts: Callable[[Target], Facts], now: datetime
) -> None:
    for number, target in enumerate(targets):
        rig.pipeline.take(
            Observation(
                target=target.name,
                probe=probe,
                vantage="bench",
                scheduled_at=now,
                started_at=now,
                duration_s=0.05,
                interval_s=86_400.0,
                facts=facts(target),
            )
        )
        if number % _BATCH == 0:
            await rig.committer.flush()
            await asyncio.sleep(0)
    await rig.committer.flush()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _once(told: Answer) -> Callable[[Answer], Awaitable[Answer]]:
    async def answer(_question: Answer) -> Answer:
        return told

    return answer


if __name__ == "__main__":
    run(_main)
