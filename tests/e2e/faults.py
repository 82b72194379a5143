"""Breaks eight sites in eight ways at one moment, and records what the daemon says about each.

    unshare --net --mount --pid --fork --kill-child python -m tests.e2e.faults FOLDER PROGRAMS

Like director.py, with the small internet of world.py below it. The monitor runs with the thresholds it
comes with; what an incident needs to be explained by, it has to ask for itself: registrations and
delegations are looked at once an hour.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e import programs, world
from tests.e2e.authority import MOVING_S, Authority
from tests.e2e.programs import Program, Site

Verdicts = dict[str, dict[str, Any]]
"""By domain: status, diagnosis, layer and whether something answers, as far as they are known."""

_SETTLED_S: Final = 40.0
"""So long the first looks may take until everything is known to be up."""
_BROKEN_S: Final = 90.0
"""So long the story goes on after the faults at most."""
_STEADY_S: Final = 3.0
_LOOK_S: Final = 0.5
_TAIL: Final = 40

BANNER: Final = world.page(
    "Notice", "This domain name has been seized by ICE - Homeland Security Investigations, by a warrant."
)
_BLOCK: Final = world.page("DNS resolution error | Cloudflare", "error code: 1018")
_SEIZURE: Final = {"ns1.seizedservers.com": "66.212.148.113", "ns2.seizedservers.com": "66.212.148.114"}
_SEIZED_AT: Final = "66.212.148.115"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A site with name servers and a web server of its own."""

    domain: str
    server: str
    """Address of its name server."""
    address: str
    """Of its web server. Whose these are by the AS table: Amazon's, and Cloudflare's (104.16)."""

    @property
    def servers(self) -> dict[str, str]:
        """Return its name servers."""
        return {f"ns1.{self.domain}": self.server}


HELD: Final = Party(domain="held.com", server="54.69.1.53", address="54.69.1.80")
DROPPED: Final = Party(domain="dropped.com", server="54.69.2.53", address="54.69.2.80")
REFUSING: Final = Party(domain="refusing.com", server="54.69.3.53", address="54.69.3.80")
EXPIRED: Final = Party(domain="expired.com", server="54.69.4.53", address="54.69.4.80")
BLOCKED: Final = Party(domain="blocked.com", server="54.69.5.53", address="104.16.5.80")
BANNERED: Final = Party(domain="bannered.com", server="54.69.6.53", address="54.69.6.80")
SEIZED: Final = Party(domain="seized.com", server="54.69.7.53", address="54.69.7.80")
STEADY: Final = Party(domain="steady.com", server="54.69.8.53", address="54.69.8.80")
PARTIES: Final = (HELD, DROPPED, REFUSING, EXPIRED, BLOCKED, BANNERED, SEIZED, STEADY)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs, and the ways to break it."""

    folder: Path
    paths: dict[str, Path]
    ca: trustme.CA
    authority: Authority
    running: dict[str, Program] = field(default_factory=dict)

    async def serve(self, site: Site) -> None:
        """Start a web server."""
        self.running[site.name] = await programs.nginx(self.paths["nginx"], self.folder, self.ca, site)

    def site(self, party: Party) -> Site:
        """Return the web site of a party."""
        return Site(
            name=party.domain, address=party.address, host=party.domain, root=self.folder / party.domain
        )

    def register(self, party: Party, hold: str = "") -> None:
        """Let the registry show a registration."""
        record = world.record_of(party.domain, "Epik, Inc.", 617, list(party.servers), hold)
        world.publish(self.folder / "rdap", record)

    async def hold(self) -> None:
        """Let the registrar put the registration on hold: the name leaves the zone of .com."""
        self.register(HELD, "client hold")
        self.authority.withdraw(f"{HELD.domain}.")

    async def drop(self) -> None:
        """Let the name servers refuse the zone that goes on to be delegated to them."""
        self.authority.drop(f"{DROPPED.domain}.")

    async def switch_off(self) -> None:
        """Let nobody listen at the address."""
        await self.running[REFUSING.domain].stop()

    async def expire(self) -> None:
        """Let the certificate be one that ended a minute ago."""
        now = datetime.now(UTC)
        old = self.ca.issue_cert(
            EXPIRED.domain, not_before=now - timedelta(days=90), not_after=now - timedelta(minutes=1)
        )
        old.private_key_and_cert_chain_pem.write_to_path(str(self.site(EXPIRED).pem(self.folder)))
        self.running[EXPIRED.domain].reload()

    async def block(self) -> None:
        """Let the CDN show its own block page: it does not serve this site any more."""
        site = self.site(BLOCKED)
        site.show(_BLOCK)
        site.rules(self.folder).write_text(
            "add_header CF-RAY 8f1c2d3e4a5b6c7d-FRA always;\n"
            "error_page 409 /index.html;\n"
            "location = / { return 409; }\nlocation = /index.html { internal; }\n"
        )
        self.running[BLOCKED.domain].reload()

    async def put_up_banner(self) -> None:
        """Let the page be a seizure's banner, and nothing else change."""
        self.site(BANNERED).show(BANNER)

    async def seize(self) -> None:
        """Let the name be served by name servers of a seizure, and lead to its banner."""
        records = {(f"{SEIZED.domain}.", "A"): [_SEIZED_AT]}
        self.authority.zone(f"{SEIZED.domain}.", _SEIZURE, records, MOVING_S)


FAULTS: Final[dict[str, Callable[[Stage], Awaitable[None]]]] = {
    HELD.domain: Stage.hold,
    DROPPED.domain: Stage.drop,
    REFUSING.domain: Stage.switch_off,
    EXPIRED.domain: Stage.expire,
    BLOCKED.domain: Stage.block,
    BANNERED.domain: Stage.put_up_banner,
    SEIZED.domain: Stage.seize,
}


def _authority() -> Authority:
    known = world.registries()
    known.zone("seizedservers.com.", _SEIZURE, world.hosts_of(_SEIZURE))
    for party in PARTIES:
        records = {(f"{party.domain}.", "A"): [party.address], **world.hosts_of(party.servers)}
        known.zone(f"{party.domain}.", party.servers, records, MOVING_S)
    return known


def configure(folder: Path) -> Path:
    """Write the monitor's configuration: its own thresholds, looks every twenty seconds."""
    targets = "".join(f'\n[[targets]]\ndomain = "{party.domain}"\n' for party in PARTIES)
    config = folder / "config.toml"
    config.write_text(f"""[monitor]
data_dir = "{folder}/data"
log_format = "json"

[http]
interval = "20s"
timeout = "5s"

[dns]
interval = "20s"
timeout = "5s"

[registration]
interval = "1h"

[delegation]
interval = "1h"
{targets}""")
    return config


async def play(stage: Stage, record: dict[str, Any]) -> None:
    """Wait until all is well, break it, and wait until the monitor has nothing more to say."""
    config = configure(stage.folder)
    trust = {"SSL_CERT_FILE": str(stage.folder / "ca.pem")}
    stage.running["monitor"] = await programs.monitor(stage.folder, config, trust)

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5.0)) as session:
        ask = partial(_verdicts, session)
        record["before"] = await _until(
            ask,
            lambda said: [one.get("status") for one in said.values()] == ["up"] * len(PARTIES),
            _SETTLED_S,
        )
        record["broken_at"] = time.time()
        for fault in FAULTS.values():
            await fault(stage)
        wanted: dict[str, str] = json.loads((stage.folder / "wanted.json").read_text())
        record["after"] = await _until(
            ask,
            lambda said: all(said[domain].get("diagnosis") == wanted[domain] for domain in wanted),
            _BROKEN_S,
        )
        await asyncio.sleep(_STEADY_S)  # whatever else is said, it would be by now
    asked = [programs.ask_monitor(stage.folder, config, "history", party.domain) for party in PARTIES]
    record["history"] = {
        party.domain: json.loads(text) if code == 0 else {"error": text}
        for party, (code, text) in zip(PARTIES, await asyncio.gather(*asked), strict=True)
    }


async def _verdicts(session: aiohttp.ClientSession) -> Verdicts:
    """Return what the monitor's metrics say of each site."""
    said: Verdicts = {party.domain: {} for party in PARTIES}
    try:
        async with session.get(f"{programs.MONITOR_URL}/metrics") as response:
            text = await response.text()
    except aiohttp.ClientConnectionError:
        return said  # it does not listen yet
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            verdict = said.get(sample.labels.get("target", ""))
            if verdict is None or (sample.value != 1.0 and sample.name != "platform_reachable"):
                continue
            if sample.name == "platform_status":
                verdict["status"] = sample.labels["status"]
            elif sample.name == "platform_incident_active":
                verdict.update(diagnosis=sample.labels["diagnosis"], layer=sample.labels["layer"])
            elif sample.name == "platform_reachable":
                verdict["reachable"] = sample.value == 1.0
    return said


async def _until(
    ask: Callable[[], Awaitable[Verdicts]], done: Callable[[Verdicts], bool], limit_s: float
) -> Verdicts:
    """Ask until the answer will do, or the time is over; return the last one."""
    end = time.monotonic() + limit_s
    said = await ask()
    while not done(said) and time.monotonic() < end:
        await asyncio.sleep(_LOOK_S)
        said = await ask()
    return said


async def direct(folder: Path, paths: dict[str, Path]) -> dict[str, Any]:
    """Play the story; return the record, whatever happens."""
    record: dict[str, Any] = {"error": None, "began": time.time()}
    sites = [party.address for party in PARTIES]
    authority = _authority()
    programs.put_up_network(
        folder, [*authority.served, world.RDAP_ADDRESS, world.WHOIS_ADDRESS, _SEIZED_AT, *sites]
    )
    ca = trustme.CA(organization_name="Small Internet Trust Services")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    stage = Stage(folder=folder, paths=paths, ca=ca, authority=authority)
    async with AsyncExitStack() as stack:
        for transport in await authority.serve(authority.served):
            stack.callback(transport.close)
        try:
            await _start(stage)
            await play(stage, record)
        except Exception as error:  # noqa: BLE001 - what went wrong is the test's to tell
            record["error"] = repr(error)
        ends = {name: await program.stop() for name, program in reversed(stage.running.items())}
        record["exit_code"] = ends.get("monitor")
    record["took_s"] = time.time() - record["began"]
    return record


async def _start(stage: Stage) -> None:
    stage.running["unbound"] = await programs.unbound(stage.paths["unbound"], stage.folder)
    for party in PARTIES:
        stage.register(party)
    await stage.serve(
        Site(name="rdap", address=world.RDAP_ADDRESS, host=world.RDAP, root=stage.folder / "rdap")
    )
    for party in PARTIES:
        site = stage.site(party)
        site.show(world.whole_page(party.domain))
        await stage.serve(site)
    seized = Site(name="banner", address=_SEIZED_AT, host=SEIZED.domain, root=stage.folder / "banner")
    seized.show(BANNER)
    await stage.serve(seized)


def main(folder: Path, paths: dict[str, Path]) -> None:
    """Write the record, with the ends of all logs."""
    record = asyncio.run(direct(folder, paths))
    record["logs"] = {
        path.stem: "\n".join(path.read_text(errors="replace").splitlines()[-_TAIL:])
        for path in sorted(folder.glob("*.log"))
    }
    (folder / "record.json").write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), {name: Path(path) for name, path in json.loads(sys.argv[2]).items()})
