"""Early signs: noticed when confirmed, told once, damped; and what is no sign."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from judge.world import LETTERS, World, behind, records, registration

import monitor
from monitor import wire
from monitor.failure import Failure
from monitor.judge import forget
from monitor.judge.early_signs import LAYER, noticed
from monitor.model import (
    DelegationFacts,
    DnsFacts,
    EarlySign,
    EventType,
    Layer,
    Policy,
    Probe,
    ServerWord,
    Severity,
    SignNoticed,
)

DAY_S = 86_400.0
LOCKED = registration("clientTransferProhibited")
OPEN = registration("ok")
DOCS = (Path(monitor.__file__).parents[1] / "docs" / "events.md").read_text(encoding="utf-8")


def watched(**more: object) -> World:
    world = World(replace(Policy(delegation_watched=True), **more))  # type: ignore[arg-type]
    world.http("..")
    world.feed(Probe.DNS, records(), interval_s=300.0)
    return world


def signs(world: World) -> list[EarlySign]:
    return [event.data.sign for event in world.events if isinstance(event.data, SignNoticed)]


def ttls(a: int, ns: int = 300) -> DnsFacts:
    facts = records()
    return replace(facts, a=replace(facts.a, ttl=a), ns=replace(facts.ns, ttl=ns))


def server(host: str, *, names: str = "ns1.x.example ns2.x.example", **more: object) -> ServerWord:
    fields = {"authoritative": True, "serial": 7, "name_servers": tuple(names.split()), "ttl": 86_400, **more}
    return ServerWord(host=host, address="192.0.2.53", rcode="NOERROR", **fields)  # type: ignore[arg-type]


def delegation(*servers: ServerWord, agree: bool | None = True) -> DelegationFacts:
    return DelegationFacts(
        zone="parler.com",
        parent="com",
        heard=True,
        delegated=("ns1.x.example", "ns2.x.example"),
        servers=servers or (server("ns1.x.example"), server("ns2.x.example")),
        agree=agree,
    )


# The transfer lock


def test_a_lock_that_goes_is_told_once_with_what_was_there() -> None:
    world = watched()
    for facts in (LOCKED, LOCKED, OPEN, OPEN, OPEN, OPEN):
        world.feed(Probe.REGISTRATION, facts)
    assert signs(world) == [EarlySign.TRANSFER_LOCK_GONE]
    told = next(event for event in world.events if event.type is EventType.SIGN_NOTICED)
    assert told.severity is Severity.INFO
    assert told.data == SignNoticed(
        sign=EarlySign.TRANSFER_LOCK_GONE,
        about="parler.com",
        layer=Layer.REGISTRATION,
        before="clientTransferProhibited",
        after="ok",
        first_seen_at=world.now - timedelta(minutes=3),
    )
    assert [state.sign for state in noticed(world.state.memory)] == [EarlySign.TRANSFER_LOCK_GONE]


def test_a_domain_that_is_being_deleted_has_lost_more_than_its_lock() -> None:
    world = watched()
    for facts in (LOCKED, LOCKED, *[registration("redemptionPeriod")] * 3):
        world.feed(Probe.REGISTRATION, facts)
    assert signs(world) == [EarlySign.DELETION_WHILE_RESOLVING]


@pytest.mark.parametrize(
    "looks",
    [
        (OPEN, OPEN, OPEN),
        (LOCKED, OPEN, LOCKED, OPEN, LOCKED),
        (LOCKED, registration(), registration(), registration()),
        (LOCKED, registration("serverTransferProhibited"), registration("serverTransferProhibited")),
        (LOCKED, *[Failure.REGISTRATION_LIMITED] * 4),
        (LOCKED, *[replace(OPEN, source="whois")] * 4),
        (LOCKED, *[replace(registration("registered"), source="whois")] * 3),
    ],
    ids=[
        "never there",
        "in doubt",
        "no codes published",
        "another lock",
        "limited",
        "other words",
        "no codes of EPP",
    ],
)
def test_what_is_no_lock_that_went(looks: tuple[object, ...]) -> None:
    world = watched()
    for got in looks:
        world.feed(Probe.REGISTRATION, got)  # type: ignore[arg-type]
    assert signs(world) == []


def test_a_lock_that_flaps_is_told_once_and_again_only_after_a_calm_week() -> None:
    world = watched()
    for _ in range(5):
        for facts in (LOCKED, LOCKED, LOCKED, OPEN, OPEN, OPEN):
            world.feed(Probe.REGISTRATION, facts)
    assert signs(world) == [EarlySign.TRANSFER_LOCK_GONE]
    for _ in range(12):
        world.feed(Probe.REGISTRATION, LOCKED, after_s=DAY_S)
    assert noticed(world.state.memory) == ()
    for _ in range(2):
        world.feed(Probe.REGISTRATION, OPEN)
    assert signs(world) == [EarlySign.TRANSFER_LOCK_GONE] * 2


def test_a_sign_is_not_told_again_after_a_restart() -> None:
    world = watched()
    for facts in (LOCKED, LOCKED, OPEN, OPEN):
        world.feed(Probe.REGISTRATION, facts)
    world.state = replace(world.state, memory=wire.load_memory(wire.dump_memory(world.state.memory)))
    for _ in range(3):
        world.feed(Probe.REGISTRATION, OPEN)
    assert signs(world) == [EarlySign.TRANSFER_LOCK_GONE]


# Holds


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("clientHold", EarlySign.HOLD_WHILE_RESOLVING),
        ("serverHold", EarlySign.HOLD_WHILE_RESOLVING),
        ("pendingDelete", EarlySign.DELETION_WHILE_RESOLVING),
        ("redemptionPeriod", EarlySign.DELETION_WHILE_RESOLVING),
    ],
)
def test_a_code_that_takes_a_name_out_is_a_sign_while_the_name_resolves(code: str, sign: EarlySign) -> None:
    world = watched()
    for _ in range(3):
        world.feed(Probe.REGISTRATION, registration(code))
    assert signs(world) == [sign]


def test_a_hold_that_is_felt_is_no_sign_but_a_diagnosis() -> None:
    world = watched()
    world.http("nnn")
    world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=records(bad=Failure.DNS_NXDOMAIN))
    for _ in range(3):
        world.feed(Probe.REGISTRATION, registration("clientHold"))
    assert signs(world) == []


def test_a_hold_where_nobody_knows_whether_the_name_resolves_is_none() -> None:
    world = World(Policy())
    for _ in range(3):
        world.feed(Probe.REGISTRATION, registration("clientHold"))
    assert signs(world) == []


# TTL


def look(world: World, ttl: int, times: int = 1) -> None:
    for _ in range(times):
        world.feed(Probe.DNS, ttls(ttl), after_s=300.0, interval_s=300.0)


def test_a_ttl_that_stays_at_a_tenth_for_as_long_as_it_was_is_told_once() -> None:
    world = watched()
    look(world, 3600, 5)
    look(world, 300, 12)
    assert signs(world) == []
    look(world, 300, 20)
    assert signs(world) == [EarlySign.TTL_DROPPED]
    (told,) = [event.data for event in world.events if isinstance(event.data, SignNoticed)]
    assert (told.about, told.before, told.after) == ("A", "3600", "300")


def test_a_cache_that_counts_down_is_no_drop_however_long_one_looks() -> None:
    world = watched()
    for minute in range(0, 3 * 1440, 5):
        left = 86_400 - (minute * 60) % 86_400
        world.feed(Probe.DNS, ttls(left), after_s=300.0, interval_s=300.0)
    assert signs(world) == []


def test_a_resolver_that_counts_down_keeps_the_memory_the_same() -> None:
    """Nearly every look is in the middle of a TTL: none of them may be written to the store."""
    world = watched()
    look(world, 3600)
    before = world.state.memory
    for left in (3500, 1800, 340, 35, 3590, 900, 120):
        look(world, left)
        assert world.state.memory is before


def test_what_is_served_beyond_its_time_is_no_drop() -> None:
    """A resolver puts 30 seconds on what it serves while a zone's servers are away (RFC 8767)."""
    world = watched()
    look(world, 3600, 3)
    look(world, 30, 500)
    assert signs(world) == []


def test_a_ttl_that_is_shorter_than_two_looks_is_not_judged() -> None:
    world = watched()
    world.feed(Probe.DNS, ttls(1200), after_s=1000.0, interval_s=1000.0)
    for _ in range(50):
        world.feed(Probe.DNS, ttls(100), after_s=1000.0, interval_s=1000.0)
    assert signs(world) == []


def test_a_move_brings_its_own_ttl() -> None:
    """A short TTL at the new host is no sign of a move that is over."""
    world = watched()
    amazon, guard = behind(Layer.NETWORK, "amazon"), behind(Layer.NETWORK, "ddos-guard")
    for _ in range(3):
        world.feed(Probe.DNS, ttls(86_400), amazon, after_s=300.0, interval_s=300.0)
    for _ in range(600):
        world.feed(Probe.DNS, ttls(300), guard, after_s=300.0, interval_s=300.0)
    assert EventType.PROVIDER_CHANGED in {event.type for event in world.events}
    assert signs(world) == []


def test_a_ttl_that_stays_low_for_a_week_is_the_usual_one() -> None:
    world = watched()
    look(world, 3600, 3)
    for _ in range(4 * 24 * 8):
        world.feed(Probe.DNS, ttls(300), after_s=900.0, interval_s=900.0)
    assert signs(world) == [EarlySign.TTL_DROPPED]
    assert noticed(world.state.memory) == ()
    assert world.state.pulse.low_ttls == ()


def test_the_servers_themselves_are_believed_on_ns_at_once() -> None:
    world = watched()
    world.feed(Probe.DELEGATION, delegation())
    low = delegation(*(server(host, ttl=300) for host in ("ns1.x.example", "ns2.x.example")))
    world.feed(Probe.DELEGATION, low)
    assert signs(world) == []
    assert world.follow_ups[-1].reason == "an early sign suspected"
    world.feed(Probe.DELEGATION, low)
    world.feed(Probe.DELEGATION, low)
    (told,) = [event.data for event in world.events if isinstance(event.data, SignNoticed)]
    assert (told.sign, told.about, told.before, told.after) == (EarlySign.TTL_DROPPED, "NS", "86400", "300")


def test_the_ttls_of_all_records_are_one_sign() -> None:
    world = watched()
    look(world, 3600, 3)
    look(world, 300, 40)
    world.feed(Probe.DELEGATION, delegation())
    low = delegation(*(server(host, ttl=300) for host in ("ns1.x.example", "ns2.x.example")))
    for _ in range(3):
        world.feed(Probe.DELEGATION, low)
    assert signs(world) == [EarlySign.TTL_DROPPED]
    assert [state.about for state in noticed(world.state.memory)] == ["A", "NS"]
    look(world, 3600, 3)
    assert [state.about for state in noticed(world.state.memory)] == ["NS"], "resolvers have no say in that"


def test_one_server_that_lags_behind_is_no_drop() -> None:
    world = watched()
    world.feed(Probe.DELEGATION, delegation())
    for _ in range(4):
        world.feed(
            Probe.DELEGATION, delegation(server("ns1.x.example"), server("ns2.x.example", ttl=60, serial=7))
        )
    assert signs(world) == []


# Name servers


def other(host: str) -> ServerWord:
    return server(host, names="ns1.y.example ns2.y.example")


@pytest.mark.parametrize(
    ("servers", "sign"),
    [
        ((other("ns1.x.example"), other("ns2.x.example")), EarlySign.DELEGATION_DISAGREES),
        ((server("ns1.x.example"), other("ns2.x.example")), EarlySign.NAME_SERVERS_DISAGREE),
    ],
)
def test_servers_that_disagreed_never_before_are_a_sign(
    servers: tuple[ServerWord, ...], sign: EarlySign
) -> None:
    world = watched()
    world.feed(Probe.DELEGATION, delegation())
    for _ in range(4):
        world.feed(Probe.DELEGATION, delegation(*servers, agree=False))
    assert signs(world) == [sign]


def test_what_dns_shows_of_a_target_that_is_down_is_no_early_sign() -> None:
    world = watched()
    world.feed(Probe.DELEGATION, delegation())
    world.http("xxxx")
    for _ in range(4):
        world.feed(Probe.DELEGATION, delegation(other("ns1.x.example"), other("ns2.x.example"), agree=False))
    assert signs(world) == []


def test_a_disagreement_that_was_always_there_is_how_the_zone_is() -> None:
    world = watched()
    for _ in range(4):
        world.feed(Probe.DELEGATION, delegation(server("ns1.x.example"), other("ns2.x.example"), agree=False))
    assert signs(world) == []


@pytest.mark.parametrize("got", [Failure.DNS_TIMEOUT, delegation(agree=None)], ids=["failed", "not heard"])
def test_a_delegation_that_was_not_heard_says_nothing(got: Failure | DelegationFacts) -> None:
    world = watched()
    world.feed(Probe.DELEGATION, delegation())
    for _ in range(4):
        world.feed(Probe.DELEGATION, got)
    assert signs(world) == []


def behind_by(serial: int, other_serial: int = 9) -> DelegationFacts:
    return delegation(server("ns1.x.example", serial=other_serial), server("ns2.x.example", serial=serial))


def test_a_server_that_lags_for_a_day_is_a_sign() -> None:
    world = watched()
    world.feed(Probe.DELEGATION, delegation())
    world.feed(Probe.DELEGATION, behind_by(7))
    world.feed(Probe.DELEGATION, behind_by(7), after_s=3600.0)
    assert signs(world) == []
    world.feed(Probe.DELEGATION, behind_by(7, 12), after_s=DAY_S)
    assert signs(world) == [EarlySign.SERIALS_DIFFER]


def test_a_server_that_is_only_slow_is_none() -> None:
    """It lags every time, but it moves: within a day it has what the others had."""
    world = watched()
    for serial in range(7, 20):
        world.feed(Probe.DELEGATION, behind_by(serial, serial + 1), after_s=DAY_S)
    assert signs(world) == []


def test_servers_of_two_operators_count_as_they_like() -> None:
    world = watched()
    for _ in range(5):
        world.feed(
            Probe.DELEGATION,
            delegation(server("ns1.x.example", serial=1), server("ns1.y.example", serial=2_021_010_101)),
            after_s=DAY_S,
        )
    assert signs(world) == []


# All of them


def test_a_sign_that_nobody_looks_for_any_more_is_forgotten() -> None:
    world = watched()
    for facts in (LOCKED, LOCKED, OPEN, OPEN):
        world.feed(Probe.REGISTRATION, facts)
    kept = forget(world.state, [Probe.HTTP, Probe.REGISTRATION], world.policy, world.now)
    assert noticed(kept.memory) == noticed(world.state.memory) != ()
    assert noticed(forget(world.state, [Probe.HTTP], world.policy, world.now).memory) == ()


def test_another_authority_is_told_once_as_a_change_of_provider_of_low_severity() -> None:
    world = watched()
    for who in ("amazon", "amazon", "lets-encrypt", "lets-encrypt", "lets-encrypt"):
        world.feed(Probe.HTTP, LETTERS["."], behind(Layer.CERTIFICATE, who))
    told = [event for event in world.events if event.type is not EventType.STATUS_CHANGED]
    assert [(event.type, event.severity) for event in told] == [(EventType.PROVIDER_CHANGED, Severity.INFO)]


def test_every_sign_stands_in_the_document_and_no_other() -> None:
    chapter = DOCS.split("\n## Early signs\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", chapter, re.MULTILINE))
    assert rows == {sign.value: LAYER[sign].value for sign in EarlySign}


def test_a_memory_that_was_stored_before_signs_were_known_is_read() -> None:
    memory = wire.load_memory('{"v":1,"is":{"incidents":2}}')
    assert (memory.early_signs, memory.usual_ttls, memory.ends_told) == ((), None, ())
    assert wire.load_pulse('{"v":1,"is":{}}').low_ttls == ()
