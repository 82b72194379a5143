"""Small scenarios for tests, and a way to look into their internet with the real clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from monitor.model import Check, Observation, Probe
from monitor.probe import open_io
from monitor.probe.io import Io
from monitor.probe.observe import observe
from monitor.replay.clock import VirtualClock
from monitor.replay.internet import Internet, open_internet
from monitor.replay.scenario import Scenario, read_scenario
from monitor.replay.tables import SetTable

HEAD = """
[scenario]
id = "test"
title = "A test"
start = 2021-01-01T00:00:00Z
end = 2021-01-02T00:00:00Z

[[targets]]
domain = "example.com"

[[networks]]
prefix = "54.69.0.0/16"
asn = 16509
name = "AMAZON-02"
synthetic = true

[[networks]]
prefix = "190.115.31.0/24"
asn = 262254
name = "DDOS-GUARD CORP."
synthetic = true

[[before]]
layer = "network"
what = "All is well."
synthetic = true
[before.set.dns."example.com"]
a = ["54.69.20.11"]
ns = ["ns-101.awsdns-12.com", "ns-813.awsdns-37.net"]
mx = ["10 mail.example.com"]
[before.set.http."example.com"]
title = "Example"
text_length = 3000
[before.set.registration."example.com"]
registrar = "Epik, Inc."
iana_id = 617
statuses = ["clientTransferProhibited", "ok"]
name_servers = ["ns-101.awsdns-12.com", "ns-813.awsdns-37.net"]
created = 2018-05-01T00:00:00Z
updated = 2020-05-01T00:00:00Z
expires = 2022-05-01T00:00:00Z
"""


def scenario(more: str = "", *, head: str = HEAD) -> Scenario:
    """Return a scenario in which all is well, and what `more` adds to it."""
    return read_scenario(f"{head}\n{more}", file="test.toml")


@dataclass(slots=True)
class Lab:
    """An internet, and what is needed to look into it."""

    scenario: Scenario
    internet: Internet
    clock: VirtualClock
    io: Io

    def set(self, **change: object) -> None:
        """Change the world as a fact's `set` would."""
        self.internet.world.apply(SetTable.model_validate(change))

    def check(self, probe: Probe) -> Check:
        """Return the only target's check of a kind."""
        return next(check for check in self.scenario.checks if check.probe is probe)

    async def look(self, probe: Probe) -> Observation:
        """Run the real probe once."""
        check = self.check(probe)
        self.clock.begin(self.clock.now(), check.timeout_s)
        return await observe(check, self.clock.now(), self.io)


@asynccontextmanager
async def open_lab(more: str = "", *, head: str = HEAD) -> AsyncIterator[Lab]:
    """Open the internet of a small scenario, and the real clients on it."""
    played = scenario(more, head=head)
    clock = VirtualClock(played.start)
    async with (
        open_internet(played, clock) as internet,
        open_io(
            clock=clock,
            route=internet.route,
            vantage=played.vantage,
            resolvers=internet.resolvers,
            trust=internet.trust,
            registries=internet.registries,
        ) as io,
    ):
        yield Lab(played, internet, clock, io)
