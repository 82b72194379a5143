"""One look at every layer, at a small internet: what one look is enough for, and what it is not."""

from typing import Any

import pytest
from servers.scenario_lab import HEAD, Lab, open_lab

from monitor.attribute import Attributor, Catalog
from monitor.config import control_checks
from monitor.look import cut_off, look, withheld
from monitor.model import REGULAR, Layer, Policy, Probe, Status, TargetState

SEIZABLE = f"""{HEAD}
[[facts]]
at = 2021-01-01T12:00:00Z
layer = "dns"
what = "Name servers that have an address only because something names them."
synthetic = true
[facts.set.dns."seized.example"]
ns = ["ns1.fbi.seized.gov"]
"""
REVOKED = """
[[before]]
layer = "certificate"
what = "It was revoked before anybody looked."
synthetic = true
[before.set.http."example.com".certificate]
issuer = "Let's Encrypt"
revoked = 2020-12-31T00:00:00Z
"""


async def seen(lab: Lab, *probes: Probe, policy: Policy | None = None) -> TargetState:
    attributor = Attributor(Catalog.bundled(), lab.scenario.networks)
    lab.clock.begin(lab.clock.now(), 30.0)
    return await look(
        [lab.check(probe) for probe in probes or REGULAR], policy or Policy(), lab.io, attributor
    )


async def test_one_look_shows_every_layer() -> None:
    async with open_lab() as lab:
        state = await seen(lab)
    assert state.memory.verdict.status is Status.UP
    assert {layer.layer: layer.confirmed.ids for layer in state.memory.layers}.items() >= {
        (Layer.REGISTRATION, ("epik",)),
        (Layer.DNS, ("amazon",)),
        (Layer.NETWORK, ("amazon",)),
    }
    assert [run.probe for run in state.pulse.runs] == list(REGULAR)


async def test_one_look_is_enough_to_say_that_it_is_down_and_why() -> None:
    """The registration and the records are in view when the page is judged."""
    async with open_lab() as lab:
        lab.set(dns={"example.com": {"answer": "NXDOMAIN"}})
        lab.set(registration={"example.com": {"statuses": ["clientHold"]}})
        state = await seen(lab)
    verdict = state.memory.verdict
    assert (verdict.status, verdict.diagnosis) == (Status.DOWN, "registrar.hold")
    assert len(verdict.based_on) == 4


@pytest.mark.parametrize(
    ("sets", "diagnosis"),
    [
        ({"dns": {"example.com": {"refused": True}}}, "dns.provider_dropped"),
        ({"dns": {"example.com": {"dnssec": "broken"}}}, "dns.dnssec_broken"),
        ({"dns": {"example.com": {"ns": ["ns1.fbi.seized.gov"]}}}, "dns.seized"),
        ({"dns": {"example.com": {"answer": "NXDOMAIN"}}}, "dns.delegation_removed"),
        ({"resolver": "denies"}, "undetermined"),
        ({"lies": {"example.com": {"answer": "NXDOMAIN"}}}, "undetermined"),
    ],
    ids=["refused", "bogus", "seized", "gone", "a resolver that denies", "a resolver that lies"],
)
async def test_the_parents_and_the_servers_word_is_in_view_too(sets: dict[str, Any], diagnosis: str) -> None:
    async with open_lab("", head=SEIZABLE) as lab:
        lab.set(**sets)
        state = await seen(lab, policy=Policy(delegation_watched=True))
    assert state.memory.verdict.diagnosis == diagnosis


async def test_who_refuses_a_stranger_is_not_called_down() -> None:
    async with open_lab() as lab:
        lab.set(http={"example.com": {"status": 403}})
        state = await seen(lab)
    assert (state.memory.verdict.status, state.memory.verdict.diagnosis) == (Status.UNKNOWN, "challenge")


async def test_a_registration_alone_never_says_up() -> None:
    async with open_lab() as lab:
        state = await seen(lab, Probe.REGISTRATION, policy=Policy(lead=Probe.REGISTRATION))
    assert state.memory.verdict.status is Status.UNKNOWN


async def test_a_look_asks_the_authority_of_the_certificate_too() -> None:
    async with open_lab(REVOKED) as lab:
        state = await seen(lab)
    verdict = state.memory.verdict
    assert (verdict.status, verdict.diagnosis, verdict.reachable) == (Status.DOWN, "tls.revoked", True)


async def test_one_look_does_not_blame_a_target_for_a_connection_of_ours() -> None:
    async with open_lab() as lab:
        controls = control_checks(lab.scenario.controls)
        lab.set(address={"54.69.20.11": "refuses"})
        refused = await seen(lab)
        assert not await cut_off(controls, [refused], lab.io)
        lab.set(monitor="offline")
        away = await seen(lab)
        assert await cut_off(controls, [away], lab.io)
        assert not await cut_off((), [away], lab.io)
    verdict = withheld(away).memory.verdict
    assert (verdict.status, verdict.diagnosis) == (Status.UNKNOWN, "monitor.offline")
    assert withheld(away).memory.incident is None


async def test_what_a_broken_connection_cannot_do_is_the_targets_own() -> None:
    async with open_lab() as lab:
        lab.set(http={"example.com": {"status": 503}})
        failing = await seen(lab)
        lab.set(monitor="offline")
        assert not await cut_off(control_checks(lab.scenario.controls), [failing], lab.io)
    assert withheld(failing) is failing
