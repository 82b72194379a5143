"""How an incident lives: what is told when a target comes back, and when it comes and goes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from judge.sequences import OUTAGE
from judge.world import LETTERS, START, World, behind, observe, page, records, registration

from monitor.failure import Failure
from monitor.judge import step
from monitor.judge.incident import stable_after_s
from monitor.model import (
    Circumstance,
    Event,
    EventType,
    Incident,
    IncidentChanged,
    Layer,
    Policy,
    Probe,
    Status,
    StatusChanged,
    Verdict,
)

OPENED, UPDATED, RESOLVED = "incident.opened", "incident.updated", "incident.resolved"
STATUS = "status.changed"


def incidents(world: World, kind: EventType | None = None) -> list[IncidentChanged]:
    return [
        event.data
        for event in world.events
        if isinstance(event.data, IncidentChanged) and (kind is None or event.type is kind)
    ]


def resolved(world: World) -> Event:
    (event,) = [event for event in world.events if event.type is EventType.INCIDENT_RESOLVED]
    return event


def hours(world: World, pattern: str, times: int) -> World:
    """Play a pattern of letters, one a minute, so many times."""
    for _ in range(times):
        world.http(pattern)
    return world


# Reachable and up


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        # Nothing answers, then a page that is not the platform's, then the platform.
        (
            "..xxxxpppp..",
            ["down", "something answers again, but it is not the service: degraded", "up again"],
        ),
        ("..xxxxffff..", ["down", "something answers again, but it is not the service: down", "up again"]),
        # It answers at first, then nothing does.
        ("..ffffxxxx..", ["down", "nothing answers any more: down", "up again"]),
        # Nothing, something, nothing: told once each; another kind of nothing is news, too.
        (
            "..xxxxpppprrrr..",
            [
                "down",
                "something answers again, but it is not the service: degraded",
                "nothing answers any more: down",
                "up again",
            ],
        ),
        # A challenge in between says nothing.
        (
            "..xxxxcccccpppp..",
            ["down", "something answers again, but it is not the service: degraded", "up again"],
        ),
    ],
)
def test_what_answers_and_what_is_back_are_told_apart(letters: str, words: list[str]) -> None:
    world = World().http(letters)
    told = [event.text for event in world.events if isinstance(event.data, IncidentChanged)]
    assert len(told) == len(words), told
    assert all(text.startswith(f"parler.com: {word}") for text, word in zip(told, words, strict=True))


def test_since_when_something_answers_is_kept_until_the_service_is_back() -> None:
    world = World().http("..xxxxp")
    answered = world.now
    world.http("ppp..")
    data = resolved(world).data
    assert isinstance(data, IncidentChanged)
    assert data.reachable_since == answered
    assert data.resolved_at is not None
    assert data.resolved_at > answered


def test_what_always_answered_did_not_begin_to() -> None:
    (data,) = incidents(World().http("..ffff.."), EventType.INCIDENT_RESOLVED)
    assert data.reachable_since is None


# Where it came back


def standing(world: World, *, network: str, dns: str = "amazon", edge: str | None = None) -> None:
    seen = [behind(Layer.DNS, dns), behind(Layer.NETWORK, network)]
    seen += [behind(Layer.EDGE, edge)] if edge else []
    world.feed(Probe.DNS, records(), *seen, after_s=5)


def fallen(*, network: str = "amazon", dns: str = "amazon", edge: str | None = None) -> World:
    """Return a world in which a target stood somewhere and then was gone."""
    world = World()
    standing(world, network=network, dns=dns, edge=edge)
    world.http("..")
    standing(world, network=network, dns=dns, edge=edge)
    return world.http("xxx")


def test_a_target_that_moved_while_it_was_gone_is_told_with_both_places() -> None:
    world = fallen()
    for _ in range(2):
        standing(world, network="ddos-guard", dns="epik")
    world.http(".")
    standing(world, network="ddos-guard", dns="epik")
    world.http(".")
    event = resolved(world)
    words = "up again, at Ddos-Guard instead of Amazon (network); dns: Epik instead of Amazon."
    assert event.text == f"parler.com: {words}"
    assert isinstance(event.data, IncidentChanged)
    assert [(move.layer, move.known) for move in event.data.places] == [
        (Layer.DNS, True),
        (Layer.NETWORK, True),
    ]
    (status,) = [
        e for e in world.events if isinstance(e.data, StatusChanged) and e.data.status_to is Status.UP
    ]
    assert (
        status.text
        == "parler.com: down → up, at Ddos-Guard instead of Amazon (network); dns: Epik instead of Amazon."
    )
    assert isinstance(status.data, StatusChanged)
    assert status.data.places == event.data.places


def test_a_target_that_is_back_where_it_was_is_told_so() -> None:
    world = fallen().http(".")
    standing(world, network="amazon")
    world.http(".")
    event = resolved(world)
    assert event.text == "parler.com: up again, at the same place (network: Amazon)."
    assert isinstance(event.data, IncidentChanged)
    assert event.data.places == ()


def test_the_word_waits_for_a_move_that_is_being_confirmed() -> None:
    """The first look at the records shows another network; the second, a minute later, confirms it."""
    world = fallen()
    world.feed(Probe.HTTP, LETTERS["."])
    standing(world, network="ddos-guard")
    world.feed(Probe.HTTP, LETTERS["."], after_s=5)
    assert world.state.memory.verdict.status is Status.UP
    assert RESOLVED not in world.told
    world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "ddos-guard"), after_s=51)
    assert resolved(world).text.endswith("up again, at Ddos-Guard instead of Amazon (network).")
    (again,) = [f for f in world.follow_ups if f.reason == "up again, not told yet"]
    assert (again.probe, again.delay_s) == (Probe.HTTP, 60.0)


def test_the_word_does_not_wait_for_ever_and_then_names_neither_place() -> None:
    world = fallen()
    world.feed(Probe.HTTP, LETTERS["."])
    standing(world, network="ddos-guard")
    world.feed(Probe.HTTP, LETTERS["."], after_s=5)
    world.feed(Probe.HTTP, LETTERS["."], after_s=60)
    event = resolved(world)
    assert event.text == "parler.com: up again; network: not yet known."
    assert isinstance(event.data, IncidentChanged)
    (move,) = event.data.places
    assert (move.known, move.providers_after) == (False, ())
    assert event.at - START < timedelta(minutes=10)


def test_records_that_were_not_looked_at_since_say_nothing_of_where_it_is_now() -> None:
    world = fallen().http("...")
    assert resolved(world).text == "parler.com: up again; network: not yet known."


def test_a_look_at_the_records_that_failed_is_none() -> None:
    world = fallen().http(".")
    world.feed(Probe.DNS, Failure.DNS_TIMEOUT, after_s=5)
    world.http("..")
    assert resolved(world).text == "parler.com: up again; network: not yet known."


def test_the_first_sign_of_a_return_asks_for_the_records_and_for_another_look() -> None:
    world = World().http("..xxx")
    world.follow_ups.clear()
    world.http(".")
    assert [(f.probe, f.delay_s, f.compare) for f in world.follow_ups] == [
        (Probe.HTTP, 10.0, True),
        (Probe.DNS, 0.0, True),
    ]


def test_a_proxy_put_in_front_is_told_as_one_that_was_not_there() -> None:
    world = fallen()
    world.http(".")
    for _ in range(2):
        standing(world, network="cloudflare", edge="cloudflare")
    world.http(".")
    words = "up again, at Cloudflare instead of Amazon (network); edge: Cloudflare, none before."
    assert resolved(world).text == f"parler.com: {words}"


@pytest.mark.parametrize("looked", [True, False])
def test_what_was_out_of_sight_with_its_name_was_not_nobody_before(looked: bool) -> None:  # noqa: FBT001
    """A hold ends: the records showed nobody when the incident opened, and may not have been read since."""
    there = behind(Layer.DNS, "epik"), behind(Layer.NETWORK, "amazon"), behind(Layer.MAIL, "google")
    world = World()
    world.feed(Probe.DNS, records(), *there)
    world.http("..")
    for _ in range(3):
        world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=records(bad=Failure.DNS_NXDOMAIN))
    world.http("nnn..")
    if looked:
        world.feed(Probe.DNS, records(), *there, after_s=5)
    world.http("...")
    where = ", at the same place (network: Amazon)" if looked else "; dns, network: not yet known"
    assert resolved(world).text == f"parler.com: up again{where}."


def test_network_and_edge_that_moved_together_are_one_word() -> None:
    world = fallen(network="fastly", edge="fastly")
    world.http(".")
    for _ in range(2):
        standing(world, network="cloudflare", edge="cloudflare")
    world.http(".")
    assert resolved(world).text.endswith("up again, at Cloudflare instead of Fastly (network, edge).")


def test_a_registrar_is_no_place() -> None:
    """The registration moved to Epik; the site is where it was: nobody reads that it is hosted there."""
    world = World()
    world.feed(Probe.REGISTRATION, registration("ok"), behind(Layer.REGISTRATION, "dynadot"))
    standing(world, network="amazon")
    world.http("..xxx")
    for _ in range(2):
        world.feed(Probe.REGISTRATION, registration("ok"), behind(Layer.REGISTRATION, "epik"))
    world.http(".")
    standing(world, network="amazon")
    world.http(".")
    words = "up again, at the same network (Amazon); registration: Epik instead of Dynadot."
    assert resolved(world).text == f"parler.com: {words}"


def test_where_only_pages_are_watched_the_page_says_where_it_is() -> None:
    world = World(Policy(dns_watched=False))
    for _ in range(2):
        world.feed(Probe.HTTP, page(), behind(Layer.NETWORK, "amazon"))
    world.http("xxx")
    for _ in range(2):
        world.feed(Probe.HTTP, page(), behind(Layer.NETWORK, "ddos-guard"))
    assert resolved(world).text.endswith("up again, at Ddos-Guard instead of Amazon (network).")


# Flaps


def test_a_target_that_fails_again_soon_goes_on_with_the_same_incident() -> None:
    world = World().http("..xxx....." + "." * 20 + "xxx")
    assert world.told == [STATUS, OPENED, STATUS, RESOLVED, STATUS, UPDATED]
    first, *_, again = incidents(world)
    assert again.incident == first.incident
    assert (again.reopened, again.flaps, again.flapping) == (1, 1, False)
    assert again.resolved_at is None
    assert world.events[-1].text == "parler.com: down again. No connection to it comes about."
    assert world.state.memory.incidents == 1


def test_a_target_that_fails_again_after_the_window_has_another_incident() -> None:
    world = World().http("..xxx.." + "." * 185 + "xxx")
    assert [kind for kind in world.told if kind != STATUS] == [OPENED, RESOLVED, OPENED]
    assert len({data.incident for data in incidents(world)}) == 2
    assert world.state.memory.incidents == 2
    assert world.state.memory.ended is None


def test_what_has_ended_is_forgotten_when_it_can_no_longer_go_on() -> None:
    world = World().http("..xxx...")
    assert world.state.memory.ended is not None
    world.http("." * 181)
    assert world.state.memory.ended is None
    memory = world.state.memory
    assert world.http("...").state.memory is memory


@pytest.mark.parametrize(
    ("up", "down", "times", "most"),
    [
        (10, 10, 72, 14),
        (5, 5, 144, 15),
        (60, 60, 12, 14),
        (100, 20, 12, 14),
        (2, 3, 288, 18),
        (30, 4, 42, 16),
    ],
)
def test_a_site_that_flaps_for_a_day_is_one_incident_told_a_few_times(
    up: int, down: int, times: int, most: int
) -> None:
    world = hours(World().http(".." * 5), "x" * down + "." * up, times).http("." * 200)
    told = incidents(world)
    assert world.told.count(OPENED) == 1
    assert len({data.incident for data in told}) == 1
    assert len(world.events) <= most, world.told
    assert world.told[-1] == RESOLVED
    assert world.state.memory.incident is None
    assert any(data.flapping for data in told)
    assert told[-1].flaps == times - 1
    assert world.events[-1].text.endswith(f"It came and went {times - 1} times since 2021-01-11 00:11 UTC.")
    # Uptime is what was seen, to the second: nothing of the calm is down, nothing of the failures up.
    pulse = world.state.pulse
    assert pulse.down_s == down * 60 * times
    assert pulse.up_s + pulse.down_s == (10 + times * (up + down) + 200 - 1) * 60


def test_flapping_is_told_when_it_is_recognised_and_then_ever_more_seldom() -> None:
    world = hours(World().http(".."), "xxxx......", 30)
    flaps = [data.flaps for data in incidents(world, EventType.INCIDENT_UPDATED)]
    assert flaps == [1, 2, 4, 8, 16]
    (recognised,) = [e for e in world.events if isinstance(e.data, IncidentChanged) and e.data.flaps == 2]
    assert recognised.text.startswith("parler.com: flapping, 2 times since 2021-01-11 00:03 UTC: down.")


def test_status_changes_are_told_with_the_incident_and_not_in_between() -> None:
    world = hours(World().http(".."), "xxxx......", 30).http("." * 60)
    turns = [(d.status_from, d.status_to) for e in world.events if isinstance(d := e.data, StatusChanged)]
    up, down = Status.UP, Status.DOWN
    assert turns == [(up, down), (down, up), (up, down), (down, up)]


def test_the_status_itself_follows_what_is_seen_while_the_incident_is_held_open() -> None:
    world = hours(World().http(".."), "xxxx......", 5)
    assert world.state.memory.verdict.status is Status.UP
    assert world.state.memory.incident is not None
    world.http("xxx")
    assert world.state.memory.verdict.status is Status.DOWN


def test_a_fresh_failure_is_told_in_thirty_seconds_however_often_it_has_flapped() -> None:
    world = hours(World().http(".."), "xxxx......", 8).http("." * 240)
    world.events.clear()
    began = world.now
    for _ in range(3):
        world.feed(Probe.HTTP, LETTERS["x"], after_s=10)
    assert world.told[0] == STATUS
    assert world.now - began <= timedelta(seconds=30)


def flapped(flaps: int, calmest_s: float) -> Incident:
    verdict = Verdict(status=Status.DOWN, reachable=False)
    return Incident(id="i", opened_at=START, told_at=START, verdict=verdict, flaps=flaps, calmest_s=calmest_s)


@pytest.mark.parametrize(
    ("flaps", "calmest_s", "needed_s"),
    [
        (0, 0, 0),
        (1, 60, 300),
        (1, 240, 480),
        (1, 9_000, 675),
        (2, 9_000, 10_800),
        (3, 600, 1_200),
        (3, 9_000, 10_800),
        (500, 90_000, 10_800),
    ],
)
def test_how_long_a_target_must_be_up_grows_with_its_flaps_and_is_bounded(
    flaps: int, calmest_s: float, needed_s: float
) -> None:
    assert stable_after_s(flapped(flaps, calmest_s), Policy()) == needed_s


def test_a_gap_makes_no_return_stable() -> None:
    """Nobody looked for an hour: the target may have come and gone the whole time."""
    world = hours(World().http(".."), "xxxx......", 4)
    world.feed(Probe.HTTP, LETTERS["."], after_s=3_600)
    assert world.state.memory.incident is not None
    world.http("." * 12)
    assert world.state.memory.incident is None


def test_a_clock_set_back_makes_no_return_stable_and_holds_none_up() -> None:
    world = hours(World().http(".."), "xxxx......", 4)
    world.now -= timedelta(days=2)
    world.http("....")
    assert world.state.memory.incident is not None
    world.http("." * 14)
    assert world.state.memory.incident is None


def test_an_unknown_stretch_neither_ends_an_incident_nor_makes_it_stable() -> None:
    world = World().http("..xxx" + "c" * 300)
    assert world.told == [STATUS, OPENED]
    assert world.state.memory.incident is not None
    flapping = hours(World().http(".."), "xxxx......", 4)
    told = len(flapping.events)
    flapping.http("t" * 300)
    assert flapping.state.memory.incident is not None
    assert len(flapping.events) == told


def test_one_good_look_is_no_return() -> None:
    world = World().http("..xxx" + ".x" * 30)
    assert world.told == [STATUS, OPENED]
    assert world.state.memory.verdict.status is Status.DOWN
    incident = world.state.memory.incident
    assert incident is not None
    assert incident.flaps == 0


def test_an_error_that_takes_turns_with_a_challenge_stays_one_incident() -> None:
    world = World().http("..555" + "c5" * 60)
    assert world.told == [STATUS, OPENED]


def test_an_hourly_check_flaps_too() -> None:
    """Rechecks follow a failure at once; the looks in between are an hour apart."""
    world = World(Policy())
    for _ in range(3):
        hour(world, ".")
    for _ in range(6):
        hour(world, "x", "x", "x")
        hour(world, ".", ".")
    for _ in range(8):
        hour(world, ".")
    assert world.told.count(OPENED) == 1
    assert world.told[-1] == RESOLVED
    assert any(data.flapping for data in incidents(world))
    assert len({data.incident for data in incidents(world)}) == 1


def hour(world: World, first: str, *rechecks: str) -> None:
    for index, letter in enumerate((first, *rechecks)):
        world.feed(Probe.HTTP, LETTERS[letter], after_s=10 if index else 3_600, interval_s=3_600)
    world.now -= timedelta(seconds=10 * len(rechecks))


def test_the_thresholds_of_flapping_are_the_policys() -> None:
    policy = replace(Policy(), flap_window_s=600.0, flaps_to_tell=1)
    world = World(policy).http("..xxx.....xxx")
    assert incidents(world)[-1].flapping
    apart = World(policy).http("..xxx" + "." * 15 + "xxx")
    assert apart.told.count(OPENED) == 2


# Diagnoses that take turns


def test_a_diagnosis_told_before_is_not_told_at_every_turn() -> None:
    world = hours(World().http("..xxx"), "rrxx", 60)
    updates = incidents(world, EventType.INCIDENT_UPDATED)
    assert [data.diagnosis for data in updates] == ["network.refused"]
    assert world.told.count(STATUS) == 1


def test_what_is_shown_of_an_incident_follows_at_once() -> None:
    world = hours(World().http("..xxx"), "rrxx", 5)
    incident = world.state.memory.incident
    assert incident is not None
    assert incident.verdict.diagnosis == world.state.memory.verdict.diagnosis == "network.unreachable"


def test_a_diagnosis_that_stands_again_is_told_in_the_end() -> None:
    world = World().http("..xxxrrxx")
    assert [data.diagnosis for data in incidents(world, EventType.INCIDENT_UPDATED)] == ["network.refused"]
    world.http("xxxxx")
    updates = [data.diagnosis for data in incidents(world, EventType.INCIDENT_UPDATED)]
    assert updates == ["network.refused", "network.unreachable"]


def test_slow_turns_are_told_ever_more_seldom() -> None:
    world = hours(World().http("..xxx"), "r" * 12 + "x" * 12, 60)
    assert len(incidents(world, EventType.INCIDENT_UPDATED)) <= 4


def test_degraded_and_down_in_turns_change_the_status_in_few_words() -> None:
    world = hours(World().http("..ppp"), "55pp", 60)
    assert world.told == [STATUS, OPENED, STATUS, UPDATED]


def test_a_new_diagnosis_is_told_at_once_even_of_a_target_that_flaps() -> None:
    world = hours(World().http(".."), "xxxx......", 4)
    world.events.clear()
    world.http("nnn")
    assert [data.diagnosis for data in incidents(world)] == ["dns.delegation_removed"]


# What a look may not lead to


def test_a_look_that_fails_is_none_at_which_a_return_is_told() -> None:
    """The target has been up for long enough, by the time that this very look took it for down."""
    world = hours(World().http(".."), "xxxx......", 4)
    world.events.clear()
    while world.state.memory.incident is not None and not world.events:
        before = world.state
        world.http(".")
        if world.events:
            world.state, world.now = before, world.now - timedelta(minutes=1)
            break
    world.events.clear()
    world.http("x")
    assert world.told == []
    world.http(".")
    assert RESOLVED in world.told


def test_a_registration_that_cannot_be_read_does_not_take_its_explanation_away() -> None:
    """A hold explains a missing name until the registry says otherwise, not until a look brings nothing."""
    world = World().http("..nnn")
    for _ in range(2):
        world.feed(Probe.REGISTRATION, registration("clientHold"))
        world.http("n")
    assert world.state.memory.verdict.diagnosis == "registrar.hold"
    told = len(world.events)
    limited = Failure.REGISTRATION_LIMITED
    for failure in (Failure.MISSED, limited, limited, limited, Failure.MISSED):
        world.feed(Probe.REGISTRATION, failure, after_s=10)
    assert world.state.memory.verdict.diagnosis == "registrar.hold"
    assert len(world.events) == told


def test_the_pages_of_a_target_come_and_go_in_the_same_incident() -> None:
    world = World().http("..")
    world.page("account", "...fff").http(".")
    assert world.told == [STATUS, OPENED]
    incident = world.state.memory.incident
    assert incident is not None
    evidence = {seen.id for seen in incident.observations}
    assert evidence.issuperset(incident.verdict.based_on)
    world.page("account", "...")
    assert resolved(world).text == "parler.com: up again."
    world.page("account", "fff")
    assert incidents(world)[-1].reopened == 1


def test_a_look_that_was_not_made_confirms_no_other_diagnosis() -> None:
    """One look at the page says "no address"; that the records were not looked at does not make it two."""
    world = World().http("..xxx")
    told = len(world.events)
    world.feed(Probe.HTTP, Failure.DNS_NODATA, after_s=10)
    world.feed(Probe.DNS, Failure.MISSED, after_s=10)
    world.feed(Probe.REGISTRATION, Failure.MISSED, after_s=10)
    assert world.state.memory.verdict.diagnosis == "network.unreachable"
    assert len(world.events) == told
    world.feed(Probe.HTTP, Failure.DNS_NODATA, after_s=10)
    assert world.state.memory.verdict.diagnosis == "dns.no_address"


def test_what_falls_again_with_its_provider_is_left_to_the_word_about_the_provider() -> None:
    """It fell, was back, and falls again within the window: this time with others of its provider."""
    world = World().http("..xxx......")
    told = len(world.events)
    for letter in "555...":
        world.now += timedelta(seconds=60)
        seen = observe(Probe.HTTP, world.now, LETTERS[letter])
        outcome = step(world.state, seen, (), world.policy, Circumstance(outage=OUTAGE))
        world.state = outcome.state
        world.events += outcome.events
    assert len(world.events) == told
    world.http("." * 20)
    assert len(world.events) == told
    assert world.state.memory.incident is None


def test_a_target_that_can_no_longer_be_judged_is_not_said_to_stand() -> None:
    """While it is not known how it is, neither an old diagnosis nor a flap is told again."""
    world = World().http("..xxxrrxx").http("c" * 90)
    assert world.state.memory.verdict.status is Status.UNKNOWN
    assert [data.diagnosis for data in incidents(world)] == ["network.unreachable", "network.refused"]
    world.http("." * 2 + "c" * 90)
    assert world.told.count(OPENED) == world.told.count(RESOLVED) == 1
