"""Who stands behind a layer: told once, after it was seen often enough, and never from silence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judge.world import START, World, behind, page, records, registration

from monitor.failure import Failure
from monitor.model import (
    Attribution,
    DnsFacts,
    Evidence,
    IncidentChanged,
    Layer,
    LayerState,
    Policy,
    Probe,
    Provider,
    ProviderChanged,
    RegistrationChanged,
)

AMAZON = behind(Layer.NETWORK, "amazon")
GUARD = behind(Layer.NETWORK, "ddos-guard")
BOTH = behind(Layer.NETWORK, "amazon", "ddos-guard")
BY_LETTER: dict[str, tuple[DnsFacts | Failure, tuple[Attribution, ...]]] = {
    "a": (records(), (AMAZON,)),
    "g": (records(), (GUARD,)),
    "b": (records(), (BOTH,)),
    "s": (records(bad=Failure.DNS_SERVFAIL), ()),
    "0": (records(a=()), ()),
    "!": (Failure.DNS_TIMEOUT, ()),
    "u": (Failure.UNKNOWN, ()),
}


def network(world: World) -> LayerState:
    return next(state for state in world.state.memory.layers if state.layer is Layer.NETWORK)


def play(letters: str, world: World | None = None) -> World:
    world = world or World()
    for letter in letters:
        facts, attributions = BY_LETTER[letter]
        world.feed(Probe.DNS, facts, *attributions, after_s=300)
    return world


@pytest.mark.parametrize(
    ("letters", "moves"),
    [
        ("aaaa", []),
        ("ag", []),
        ("agg", ["amazon→ddos-guard"]),
        ("agag", []),
        ("aga", []),
        ("agga", ["amazon→ddos-guard"]),
        ("aggaa", ["amazon→ddos-guard", "ddos-guard→amazon"]),
        ("assssgg", ["amazon→ddos-guard"]),
        ("a!!!!aa", []),
        ("assssaa", []),
        ("agsg", ["amazon→ddos-guard"]),
        ("abb", ["amazon→amazon+ddos-guard"]),
        ("abbaa", ["amazon→amazon+ddos-guard", "amazon+ddos-guard→amazon"]),
        ("sss", []),
        ("uuugg", []),
    ],
)
def test_a_change_is_told_once_it_was_seen_twice(letters: str, moves: list[str]) -> None:
    told = [event.data for event in play(letters).events]
    assert [
        "+".join(p.id for p in data.providers_from) + "→" + "+".join(p.id for p in data.providers_to)
        for data in told
        if isinstance(data, ProviderChanged)
    ] == moves


def test_the_change_says_when_it_was_first_seen() -> None:
    world = play("ag")
    first = world.now
    (event,) = play("g", world).events
    assert isinstance(event.data, ProviderChanged)
    assert event.data.first_seen_at == first
    assert event.at == world.now
    assert event.data.evidence_from == AMAZON.evidence
    assert network(world).since == first
    assert network(world).changes == 1


def test_a_suspected_change_is_looked_at_again_soon() -> None:
    world = play("ag")
    assert [(f.probe, f.delay_s) for f in world.follow_ups] == [(Probe.DNS, 60.0)]


@pytest.mark.parametrize(
    ("letters", "known"), [("as", True), ("asss", False), ("a000", False), ("asssa", True)]
)
def test_a_layer_that_cannot_be_seen_is_not_known_after_a_while(letters: str, known: bool) -> None:  # noqa: FBT001  # a parameter of the table
    assert network(play(letters)).known is known


def test_a_layer_says_since_when_it_is_lost_from_sight_and_seen_again() -> None:
    world = play("asss")
    lost = world.now
    play("ss", world)
    assert network(world).known_since == lost
    play("a", world)
    assert network(world).known_since == world.now
    assert network(world).since == START + timedelta(seconds=300)


def test_a_proxy_stays_in_front_until_it_is_seen_to_be_gone() -> None:
    """Silence about the edge must not turn an open incident over from one layer to another."""
    edge = behind(Layer.EDGE, "ddos-guard")
    world = World().http("..")
    for _ in range(2):
        world.feed(Probe.DNS, records(), GUARD, edge)
    world.http("ppp")
    told = len(world.events)
    for failure in (Failure.MISSED, Failure.DNS_TIMEOUT, Failure.MISSED, Failure.UNKNOWN):
        world.feed(Probe.DNS, failure)
    world.http("ppp")
    assert len(world.events) == told
    assert world.state.memory.verdict.layer is Layer.EDGE
    for _ in range(3):
        world.feed(Probe.DNS, records(), GUARD)
    world.http("pp")
    assert world.state.memory.verdict.layer is Layer.NETWORK


def test_half_an_answer_is_no_set_to_compare() -> None:
    """A with addresses, AAAA refused: the set may lack a provider, so it says nothing."""
    half = records()
    broken = records(bad=Failure.DNS_SERVFAIL).aaaa
    world = play("bb")
    for _ in range(5):
        facts = DnsFacts(
            host=half.host,
            zone=half.zone,
            resolver="r",
            a=half.a,
            aaaa=broken,
            ns=half.ns,
            mx=half.mx,
            soa=half.soa,
        )
        world.feed(Probe.DNS, facts, AMAZON)
    assert world.events == []


def test_the_page_does_not_speak_for_the_network_where_dns_does() -> None:
    world = play("aa")
    for _ in range(4):
        world.feed(Probe.HTTP, page(), GUARD)
    assert world.events == []


def test_the_page_speaks_for_the_network_where_dns_is_not_watched() -> None:
    world = World(Policy(dns_watched=False))
    for attribution in (AMAZON, GUARD, GUARD):
        world.feed(Probe.HTTP, page(), attribution)
    assert [event.type for event in world.events] == ["platform.provider.changed"]


def test_registration_moves_and_its_fields_are_told_apart() -> None:
    world = World()
    amazon, epik = behind(Layer.REGISTRATION, "amazon"), behind(Layer.REGISTRATION, "epik")
    world.feed(Probe.REGISTRATION, registration("ok"), amazon)
    world.feed(Probe.REGISTRATION, registration("clientTransferProhibited"), epik)
    events = world.feed(Probe.REGISTRATION, registration("clientTransferProhibited"), epik)
    assert [event.type for event in events] == ["platform.provider.changed", "platform.registration.changed"]
    data = events[1].data
    assert isinstance(data, RegistrationChanged)
    assert [(c.field, c.before, c.after) for c in data.changes] == [
        ("statuses", "ok", "clientTransferProhibited")
    ]


def test_fields_that_vanish_and_look_ups_that_fail_change_nothing() -> None:
    world = World()
    amazon = behind(Layer.REGISTRATION, "amazon")
    world.feed(Probe.REGISTRATION, registration("ok"), amazon)
    for _ in range(3):
        world.feed(Probe.REGISTRATION, registration(expires=None))
        world.feed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED)
    world.feed(Probe.REGISTRATION, registration("ok"), amazon)
    assert world.events == []
    assert world.state.memory.registration == ("rdap", "ok", "", "2025-01-01", "", "")


def test_a_signature_and_a_reseller_that_appear_or_vanish_are_no_change_and_one_that_differs_is() -> None:
    world = World()
    world.feed(Probe.REGISTRATION, registration("ok"))
    for more in ({"dnssec": True, "reseller": "Seller"}, {}, {"dnssec": True}, {"reseller": "Seller"}):
        world.feed(Probe.REGISTRATION, registration("ok", **more))
    assert world.events == []
    for _ in range(2):
        world.feed(Probe.REGISTRATION, registration("ok", dnssec=False, reseller="Another"))
    (event,) = world.events
    assert isinstance(event.data, RegistrationChanged)
    assert [(c.field, c.before, c.after) for c in event.data.changes] == [
        ("dnssec", "signed", "unsigned"),
        ("reseller", "Seller", "Another"),
    ]


def test_what_an_older_monitor_remembered_is_compared_in_the_fields_that_it_had() -> None:
    world = World()
    old = ("rdap", "ok", "", "2025-01-01")
    world.state = replace(world.state, memory=replace(world.state.memory, registration=old))
    world.feed(Probe.REGISTRATION, registration("ok", dnssec=True, reseller="Seller"))
    assert world.events == []
    assert world.state.memory.registration == (*old, "signed", "Seller")
    suspected = ("rdap", "clientHold", "", "2025-01-01")
    memory = replace(world.state.memory, registration=old, registration_suspected=suspected)
    world.state = replace(world.state, memory=memory)
    (event,) = world.feed(Probe.REGISTRATION, registration("clientHold"))
    assert isinstance(event.data, RegistrationChanged)
    assert [change.field for change in event.data.changes] == ["statuses"]


def test_the_registrars_expiry_is_not_compared_with_the_registrys() -> None:
    world = World()
    world.feed(Probe.REGISTRATION, registration("ok"))
    for _ in range(3):
        later = datetime(2025, 2, 15, tzinfo=UTC)
        world.feed(
            Probe.REGISTRATION, registration("ok", expires=later, date_sources=(("expires", "registrar"),))
        )
    assert world.events == []


def test_a_failed_look_up_keeps_the_last_registration() -> None:
    world = World()
    world.feed(Probe.REGISTRATION, registration("ok"))
    seen = world.state.memory.seen
    world.feed(Probe.REGISTRATION, Failure.REGISTRATION_UNREACHABLE)
    assert world.state.memory.seen == seen
    assert world.state.pulse.runs[0].failure is Failure.REGISTRATION_UNREACHABLE


@pytest.mark.parametrize(
    ("statuses", "more", "diagnosis"),
    [
        (("clientHold",), {}, "registrar.hold"),
        (("serverHold", "clientHold"), {}, "registry.hold"),
        (("redemptionPeriod",), {}, "registration.expired"),
        (("ok",), {}, "dns.delegation_removed"),
        ((), {"registered": False, "expires": None}, "registration.deleted"),
    ],
)
def test_the_registration_explains_a_name_that_is_gone(
    statuses: tuple[str, ...], more: dict[str, object], diagnosis: str
) -> None:
    world = World().http("..")
    gone = records(bad=Failure.DNS_NXDOMAIN)
    world.http("nnn")
    world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=gone)
    world.feed(Probe.REGISTRATION, registration(*statuses, **more))
    world.http("nn")
    incident = world.state.memory.incident
    assert incident is not None
    assert incident.verdict.diagnosis == diagnosis


def test_a_hold_that_has_not_taken_effect_is_no_outage() -> None:
    world = World().http("..")
    world.feed(Probe.REGISTRATION, registration("clientHold"))
    assert world.http("....").marks == ["up@1"]


def test_a_missing_host_in_a_living_zone_is_not_a_missing_delegation() -> None:
    world = World().http("..")
    living = records(a=())
    world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=living)
    world.http("nnn")
    assert world.state.memory.verdict.diagnosis == "dns.no_address"


def test_the_incident_names_who_operates_the_layer_that_failed() -> None:
    world = World()
    world.http("..")
    play("aa", world)
    world.http("xxx")
    opened = next(event.data for event in world.events if isinstance(event.data, IncidentChanged))
    assert [provider.id for provider in opened.providers] == ["amazon"]
    assert opened.layer is Layer.NETWORK


@pytest.mark.parametrize("since", ["g", "sss"], ids=["others suspected", "layer not seen for a while"])
def test_a_page_is_not_put_down_to_those_who_may_have_left(since: str) -> None:
    world = World()
    world.http("..")
    play("aa", world)
    world.http("xxx")
    play(since, world)
    world.http("pp")
    updated = [event.data for event in world.events if isinstance(event.data, IncidentChanged)][-1]
    assert (updated.diagnosis, updated.reachable) == ("content.placeholder", True)
    assert updated.providers == ()


def test_silence_of_a_zone_is_put_down_to_those_who_last_served_it() -> None:
    world = World()
    world.http("..")
    world.feed(Probe.DNS, records(), behind(Layer.DNS, "amazon"))
    for _ in range(4):
        world.feed(Probe.DNS, records(bad=Failure.DNS_SERVFAIL))
    world.http("sss")
    opened = [event.data for event in world.events if isinstance(event.data, IncidentChanged)][-1]
    assert [provider.id for provider in opened.providers] == ["amazon"]


def test_a_registration_that_runs_out_unchanged_explains_the_name_that_is_gone() -> None:
    world = World().http("..")
    runs_out = registration("ok", expires=world.now + timedelta(hours=1))
    world.feed(Probe.REGISTRATION, runs_out)
    world.now += timedelta(hours=2)
    world.http("nnn")
    world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=records(bad=Failure.DNS_NXDOMAIN))
    world.feed(Probe.REGISTRATION, runs_out)
    world.http("nn")
    assert world.state.memory.verdict.diagnosis == "registration.expired"


def moves(world: World) -> int:
    return sum(isinstance(event.data, ProviderChanged) for event in world.events)


def test_a_target_that_takes_turns_with_its_providers_is_not_told_at_every_turn() -> None:
    world = play("a" + "ggaa" * 72)
    assert moves(world) == 2
    asked = len(world.follow_ups)
    play("ggaa" * 72, world)
    assert len(world.follow_ups) == asked


def test_who_stays_is_told_even_after_many_turns() -> None:
    world = play("a" + "ggaa" * 20)
    play("gggg", world)
    assert moves(world) == 3
    play("a" * 8, world)
    assert moves(world) == 4
    assert network(world).confirmed.ids == AMAZON.ids


def test_after_a_calm_week_a_return_is_a_change_like_any_other() -> None:
    world = play("aggaagggg")
    world.now += timedelta(days=8)
    told = moves(world)
    assert moves(play("aa", world)) == told + 1


def registrar(key: str, name: str) -> Attribution:
    """Return one that the catalog does not know."""
    return Attribution(
        layer=Layer.REGISTRATION,
        providers=(Provider(id=key, name=name, cataloged=False),),
        evidence=(Evidence(provider=key, value=name, rule="r", source="s"),),
    )


def test_the_number_and_the_name_of_a_registrar_are_one_registrar() -> None:
    """RDAP tells the number; WHOIS, asked when RDAP is down, may tell only the name."""
    world = World()
    world.feed(Probe.REGISTRATION, registration("ok"), registrar("iana-9999", "Foo Registrar, LLC"))
    for _ in range(3):
        world.feed(
            Probe.REGISTRATION,
            registration("ok"),
            registrar("registrar:foo-registrar-llc", "Foo Registrar, LLC"),
        )
    assert world.events == []
    for _ in range(2):
        world.feed(Probe.REGISTRATION, registration("ok"), registrar("registrar:bar", "Bar"))
    assert moves(world) == 1


def test_a_redirect_to_another_domain_removes_no_proxy() -> None:
    """Its page attributes nothing: what answers there is not the target's."""
    world = World(Policy(dns_watched=False))
    world.feed(Probe.HTTP, page(), GUARD, behind(Layer.EDGE, "ddos-guard"))
    for _ in range(4):
        world.feed(Probe.HTTP, page())
    edge = next(state for state in world.state.memory.layers if state.layer is Layer.EDGE)
    assert (edge.known, edge.absent) == (False, False)
    world.feed(Probe.HTTP, page(), GUARD)
    edge = next(state for state in world.state.memory.layers if state.layer is Layer.EDGE)
    assert edge.absent
