"""Desired state: a breach is told when it is confirmed, once, and what is not known is none."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from judge.world import START, World, behind, records, registration

from monitor import wire
from monitor.failure import Failure
from monitor.model import (
    DelegationFacts,
    DesiredRule,
    EventType,
    Layer,
    Policy,
    PolicyRuled,
    Probe,
    RegistrationFacts,
    Ruling,
    Severity,
    Wish,
)

REGISTRAR = Wish(rule=DesiredRule.REGISTRAR, wanted=("epik",), allowed=("epik",))
DNS = Wish(rule=DesiredRule.DNS, wanted=("epik", "amazon"), allowed=("amazon", "epik"))
NETWORK = Wish(rule=DesiredRule.NETWORK, wanted=("amazon",), allowed=("amazon",))
EDGE = Wish(rule=DesiredRule.EDGE, wanted=("cloudflare",), allowed=("cloudflare",))
LOCK = Wish(rule=DesiredRule.TRANSFER_LOCK, wanted=("on",))
SIGNED = Wish(rule=DesiredRule.DNSSEC, wanted=("signed",))

BREACHED, RESTORED = EventType.POLICY_BREACHED, EventType.POLICY_RESTORED
LOCKED = ("clientTransferProhibited",)


def wishing(*wishes: Wish) -> World:
    return World(Policy(desired=wishes, delegation_watched=True))


def register(world: World, who: str, *statuses: str, **more: object) -> None:
    world.feed(Probe.REGISTRATION, replace(registration(*statuses), **more), behind(Layer.REGISTRATION, who))


def delegated(*, signed: bool | None) -> DelegationFacts:
    return DelegationFacts(zone="parler.com", parent="com", heard=True, delegated=("ns1.x",), signed=signed)


def policy_events(world: World) -> list[EventType]:
    return [event.type for event in world.events if event.type in {BREACHED, RESTORED}]


def ruling(world: World, rule: DesiredRule) -> Ruling:
    return next(one for one in world.state.memory.rulings if one.rule is rule)


def test_a_registrar_that_was_always_another_takes_two_looks_and_is_told_once() -> None:
    world = wishing(REGISTRAR)
    register(world, "amazon")
    assert policy_events(world) == []
    assert ruling(world, DesiredRule.REGISTRAR).kept is None
    for _ in range(4):
        register(world, "amazon")
    assert policy_events(world) == [BREACHED]
    (told,) = world.events
    assert told.severity is Severity.WARNING
    assert told.data == PolicyRuled(
        rule=DesiredRule.REGISTRAR,
        layer=Layer.REGISTRATION,
        wanted=("epik",),
        found=("amazon",),
        since=START + timedelta(minutes=1),
    )
    assert told.text == "parler.com: policy breached: registrar is amazon; it should be epik."


def test_the_first_look_at_a_breach_asks_for_another_one() -> None:
    world = wishing(REGISTRAR)
    register(world, "amazon")
    assert [(ask.probe, ask.reason) for ask in world.follow_ups] == [
        (Probe.REGISTRATION, "a breach of policy suspected")
    ]


def test_a_confirmed_change_is_a_breach_at_once_and_the_way_back_restores() -> None:
    world = wishing(REGISTRAR)
    for who in ("epik", "epik", "amazon", "amazon"):
        register(world, who)
    assert [event.type for event in world.events] == [EventType.PROVIDER_CHANGED, BREACHED]
    for who in ("epik",) * 5:
        register(world, who)
    assert policy_events(world) == [BREACHED, RESTORED]
    assert world.events[-1].severity is Severity.INFO
    assert ruling(world, DesiredRule.REGISTRAR).kept is True


def test_a_registrar_that_is_seen_once_is_no_breach() -> None:
    world = wishing(REGISTRAR)
    for who in ("epik", "amazon", "epik", "amazon", "epik"):
        register(world, who)
    assert policy_events(world) == []


def test_one_of_two_operators_that_may_not_be_is_a_breach() -> None:
    world = wishing(DNS)
    for _ in range(2):
        world.feed(Probe.DNS, records(), behind(Layer.DNS, "epik", "amazon"))
    assert ruling(world, DesiredRule.DNS).kept is True
    mixed = wishing(DNS)
    for _ in range(2):
        mixed.feed(Probe.DNS, records(), behind(Layer.DNS, "epik", "godaddy"))
    assert policy_events(mixed) == [BREACHED]


def test_a_limited_look_up_is_neither_a_breach_nor_its_end() -> None:
    world = wishing(REGISTRAR, LOCK)
    for _ in range(10):
        world.feed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED)
    assert policy_events(world) == []
    assert [one.kept for one in world.state.memory.rulings] == [None, None]
    for _ in range(2):
        register(world, "amazon", "ok")
    assert policy_events(world) == [BREACHED, BREACHED]
    for _ in range(10):
        world.feed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED)
    assert [(one.kept, one.breached) for one in world.state.memory.rulings] == [(None, True)] * 2
    for _ in range(3):
        register(world, "amazon", "ok")
    assert policy_events(world) == [BREACHED, BREACHED], "it is the same breach, and was told"
    assert [one.kept for one in world.state.memory.rulings] == [False, False]


def test_a_breach_is_not_told_again_after_a_restart() -> None:
    world = wishing(REGISTRAR)
    for _ in range(3):
        register(world, "amazon")
    stored = wire.load_memory(wire.dump_memory(world.state.memory))
    again = wishing(REGISTRAR)
    again.state = replace(world.state, memory=stored)
    for _ in range(3):
        register(again, "amazon")
    assert policy_events(again) == []


def test_another_wish_is_judged_anew_and_one_taken_back_goes_without_a_word() -> None:
    world = wishing(REGISTRAR)
    for _ in range(3):
        register(world, "amazon")
    world.policy = Policy(
        desired=(Wish(rule=DesiredRule.REGISTRAR, wanted=("tucows",), allowed=("tucows",)),)
    )
    for _ in range(3):
        register(world, "amazon")
    assert policy_events(world) == [BREACHED, BREACHED]
    world.policy = Policy(
        desired=(Wish(rule=DesiredRule.REGISTRAR, wanted=("amazon",), allowed=("amazon",)),)
    )
    register(world, "amazon")
    assert ruling(world, DesiredRule.REGISTRAR).kept is True
    world.policy = Policy()
    register(world, "amazon")
    assert world.state.memory.rulings == ()
    assert policy_events(world) == [BREACHED, BREACHED]


@pytest.mark.parametrize(
    ("statuses", "source", "kept"),
    [
        (("clientTransferProhibited",), "rdap", True),
        (("ok", "serverTransferProhibited"), "rdap", True),
        (("ok",), "rdap", False),
        (("active",), "rdap", False),
        (("ok",), "whois", False),
        (("clientHold",), "whois", False),
        (("active",), "whois", None),
        (("REGISTERED", "DELEGATED"), "whois", None),
        (("connect",), "whois", None),
        ((), "rdap", None),
    ],
)
def test_the_transfer_lock(statuses: tuple[str, ...], source: str, *, kept: bool | None) -> None:
    """A registry that publishes no status codes of EPP says nothing of a lock: that is no breach."""
    world = wishing(LOCK)
    for _ in range(3):
        register(world, "epik", *statuses, source=source)
    assert ruling(world, DesiredRule.TRANSFER_LOCK).kept is kept
    assert policy_events(world) == ([BREACHED] if kept is False else [])


def test_a_lock_that_goes_is_a_breach_when_the_registration_is_confirmed() -> None:
    world = wishing(LOCK)
    register(world, "epik", *LOCKED)
    register(world, "epik", "ok")
    assert policy_events(world) == []
    assert ruling(world, DesiredRule.TRANSFER_LOCK).kept is True
    register(world, "epik", "ok")
    assert policy_events(world) == [BREACHED]
    assert "parler.com: policy breached: the transfer lock is off." in [event.text for event in world.events]


def test_another_source_is_no_confirmation() -> None:
    """WHOIS may show fewer codes than RDAP did: its first word is one look, no change that was confirmed."""
    world = wishing(LOCK)
    for _ in range(3):
        register(world, "epik", *LOCKED)
    register(world, "epik", "ok", source="whois")
    assert policy_events(world) == []
    register(world, "epik", *LOCKED)
    assert policy_events(world) == []


def test_a_record_that_has_lost_its_status_codes_is_no_breach() -> None:
    """Under a rate limit fields vanish; that is no word on the lock."""
    world = wishing(LOCK)
    register(world, "epik", *LOCKED)
    for _ in range(5):
        register(world, "epik")
    assert policy_events(world) == []
    assert ruling(world, DesiredRule.TRANSFER_LOCK).kept is True


def test_the_parent_zone_is_believed_on_the_signature_before_the_registry() -> None:
    world = wishing(SIGNED)
    for _ in range(3):
        register(world, "epik", dnssec=True)
    assert ruling(world, DesiredRule.DNSSEC).kept is True
    for _ in range(2):
        world.feed(Probe.DELEGATION, delegated(signed=False))
    assert policy_events(world) == [BREACHED]
    assert world.events[-1].text == "parler.com: policy breached: the delegation is unsigned."
    for _ in range(5):
        world.feed(Probe.DELEGATION, Failure.DNS_TIMEOUT)
        world.feed(Probe.DELEGATION, delegated(signed=None))
    for _ in range(2):
        world.feed(Probe.DELEGATION, delegated(signed=True))
    assert policy_events(world) == [BREACHED, RESTORED]


def test_a_network_with_an_address_that_nobody_can_name_is_not_known() -> None:
    world = wishing(NETWORK)
    partial = replace(behind(Layer.NETWORK, "amazon"), partial=True)
    for _ in range(3):
        world.feed(Probe.DNS, records(), partial)
    assert ruling(world, DesiredRule.NETWORK).kept is None
    assert policy_events(world) == []


def test_a_proxy_that_is_gone_is_a_breach_once_that_is_known() -> None:
    world = wishing(EDGE)
    front = (behind(Layer.NETWORK, "cloudflare"), behind(Layer.EDGE, "cloudflare"))
    for _ in range(3):
        world.feed(Probe.DNS, records(), *front)
    assert ruling(world, DesiredRule.EDGE).kept is True
    for _ in range(2):
        world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "amazon"))
    assert policy_events(world) == []
    for _ in range(3):
        world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "amazon"))
    assert policy_events(world) == [BREACHED]
    assert ruling(world, DesiredRule.EDGE).found == ()
    assert "edge is nobody" in world.events[-1].text


def test_a_target_that_nothing_is_wished_of_keeps_its_memory() -> None:
    world = World()
    for _ in range(3):
        register(world, "epik", *LOCKED)
    before = world.state.memory
    register(world, "epik", *LOCKED)
    assert world.state.memory is before
    assert before.rulings == ()


def test_an_uneventful_look_keeps_the_memory_with_wishes_too() -> None:
    world = wishing(REGISTRAR, LOCK, SIGNED, NETWORK)
    for _ in range(4):
        register(world, "amazon", *LOCKED)
    before = world.state.memory
    register(world, "amazon", *LOCKED)
    assert world.state.memory is before


def test_a_memory_that_was_stored_before_wishes_were_known_is_read() -> None:
    assert wire.load_memory('{"v":1,"is":{"incidents":2}}').rulings == ()


def test_nothing_is_wished_of_a_domain_that_is_not_registered() -> None:
    """Not registered is an incident of its own; of the lock it says nothing."""
    world = wishing(LOCK)
    gone = RegistrationFacts(domain="parler.com", source="rdap", server="s", registered=False)
    for _ in range(4):
        world.feed(Probe.REGISTRATION, gone)
    assert policy_events(world) == []


def test_moments_are_those_of_the_observations() -> None:
    world = wishing(LOCK)
    world.now = datetime(2030, 1, 1, tzinfo=START.tzinfo)
    for _ in range(3):
        register(world, "epik", "ok")
    (told,) = world.events
    assert told.at.year == 2030
