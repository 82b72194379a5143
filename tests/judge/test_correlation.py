"""Is it a provider? Targets that fail alike, at once, on the same one: a table of who fails when."""

from dataclasses import replace
from datetime import timedelta

from judge.world import START, behind, observe, page

from monitor.failure import Failure
from monitor.judge.correlation import Correlation
from monitor.model import (
    CorrelationPolicy,
    Incident,
    Layer,
    LayerState,
    Memory,
    Observation,
    Outage,
    Probe,
    Status,
    TargetState,
    Verdict,
)

EDGE = tuple(
    LayerState(layer=layer, confirmed=behind(layer, "fastly"), since=START)
    for layer in (Layer.NETWORK, Layer.EDGE)
)
HERE = Memory(layers=EDGE)
ELSEWHERE = Memory(
    layers=(LayerState(layer=Layer.NETWORK, confirmed=behind(Layer.NETWORK, "amazon"), since=START),)
)
DOWN = page(503)
VERDICT = Verdict(status=Status.DOWN, reachable=False, diagnosis="network.timeout")


class Fleet:
    """Twenty targets on one provider, five elsewhere; `domain_of` cuts a number off after a dash."""

    def __init__(self, policy: CorrelationPolicy | None = None, *, online: bool = True) -> None:
        self.them = Correlation(policy or CorrelationPolicy(), lambda name: name.partition("-")[0])
        self.online = online
        self.found: list[Outage] = []
        self.over: list[Outage] = []
        for number in range(20):
            self.them.stands((), EDGE)
            del number

    def look(self, second: float, target: str, got: object = DOWN, memory: Memory = HERE) -> Observation:
        at = START + timedelta(seconds=second)
        seen = replace(observe(Probe.HTTP, at, got), target=target)  # type: ignore[arg-type]
        keys = list(self.them.look(memory, seen))
        heard = at if self.online else None
        self.found += self.them.recognise(keys, at, heard, elsewhere=heard is None)
        self.over += self.them.pass_time(at)
        return seen


def test_the_third_that_fails_makes_it_an_outage_of_the_edge() -> None:
    fleet = Fleet()
    for second, target in enumerate(("a", "b", "c")):
        fleet.look(second, target)
    (outage,) = fleet.found
    assert (outage.provider.id, outage.layer, outage.failing) == ("fastly", Layer.EDGE, 3)
    assert (outage.since, outage.watched, outage.targets) == (START, 20, ("a", "b", "c"))
    fleet.look(9, "d")
    assert fleet.them.outages[0].affected == 4
    assert len(fleet.found) == 1, "one provider that stands at two layers is one outage"


def test_domains_of_one_owner_are_one_and_so_are_looks_at_one_target() -> None:
    fleet = Fleet()
    for second, target in enumerate(("a-1", "a-2", "a-3", "b", "b", "b")):
        fleet.look(second, target)
    assert fleet.found == []


def test_three_among_many_that_are_well_are_three_incidents() -> None:
    fleet = Fleet()
    for second, target in enumerate(("a", "b", "c")):
        fleet.look(second, target)
        if target != "c":
            for number in range(3):
                fleet.look(second + 0.1, f"w{number}", page())
    assert fleet.found == []


def test_an_older_trouble_of_another_does_not_hide_what_begins_now() -> None:
    fleet = Fleet()
    fleet.look(0, "old")
    for number in range(200):
        fleet.look(number, f"w{number % 15}", page())
    for second, target in enumerate(("a", "b", "c"), 200):
        fleet.look(second, target)
    (outage,) = fleet.found
    assert outage.targets == ("a", "b", "c")


def test_they_have_to_begin_within_the_window() -> None:
    fleet = Fleet()
    for second, target in ((0, "a"), (10, "b"), (400, "c")):
        fleet.look(second, target)
    assert fleet.found == []


def test_what_is_done_to_a_target_is_no_trouble_of_its_provider() -> None:
    for got in (Failure.DNS_NXDOMAIN, page(403), page(451), Failure.TLS_EXPIRED):
        fleet = Fleet()
        for second, target in enumerate(("a", "b", "c", "d")):
            fleet.look(second, target, got)
        assert fleet.found == []


def test_a_target_whose_records_change_is_no_part_of_it() -> None:
    moving = Memory(layers=(replace(EDGE[0], suspected=behind(Layer.NETWORK, "epik")), EDGE[1]))
    moved = Memory(layers=(replace(EDGE[0], changed_at=START), EDGE[1]))
    fleet = Fleet()
    fleet.look(1, "a", memory=moving)
    fleet.look(2, "b", memory=moved)
    fleet.look(3, "c")
    fleet.look(4, "d")
    assert fleet.found == []


def test_names_and_pages_fail_by_different_providers() -> None:
    fleet = Fleet()
    dns = Memory(layers=(LayerState(layer=Layer.DNS, confirmed=behind(Layer.DNS, "dyn"), since=START), *EDGE))
    for second, target in enumerate(("a", "b", "c")):
        fleet.look(second, target, Failure.DNS_SERVFAIL, dns)
    (outage,) = fleet.found
    assert (outage.provider.id, outage.layer) == ("dyn", Layer.DNS)
    assert fleet.them.outage_for(dns, fleet.look(5, "d", Failure.DNS_TIMEOUT, dns)) is not None
    assert fleet.them.outage_for(dns, replace(fleet.look(6, "e", DOWN, dns))) is None


def test_who_failed_before_or_stands_elsewhere_is_no_part_of_it() -> None:
    fleet = Fleet()
    fleet.look(0, "old")
    for second, target in enumerate(("a", "b", "c"), 1000):
        fleet.look(second, target)
    assert len(fleet.found) == 1
    assert fleet.them.outage_for(HERE, replace(fleet.look(1010, "old"))) is None
    far = replace(observe(Probe.HTTP, START, DOWN), target="far")
    assert fleet.them.outage_for(ELSEWHERE, far) is None


def test_without_controls_others_have_to_be_well() -> None:
    fleet = Fleet(online=False)
    for second, target in enumerate(("a", "b", "c", "d")):
        fleet.look(second, target)
        fleet.look(second + 0.2, f"x{target}", DOWN, ELSEWHERE)
    assert fleet.found == [], "everything fails: that may be us"
    fleet = Fleet(online=False)
    for second, target in enumerate(("a", "b", "c")):
        fleet.look(second, target)
        fleet.look(second + 0.2, f"x{target}", page(), ELSEWHERE)
    assert len(fleet.found) == 1


def test_it_is_over_when_too_few_fail_for_a_while_and_what_fails_then_keeps_it_for_the_grace() -> None:
    fleet = Fleet()
    for second, target in enumerate(("a", "b", "c", "d")):
        fleet.look(second, target)
    for second, target in enumerate(("a", "b", "c"), 100):
        fleet.look(second, target, page())
    still = fleet.look(110, "d")
    assert fleet.over == []
    fleet.look(170, "a", page())
    (over,) = fleet.over
    assert (over.failing, over.affected) == (1, 4)
    assert fleet.them.outage_for(HERE, still) is not None
    fleet.look(180, "e")
    assert fleet.them.outage_of("e") is None, "what fails after it is over is no part of it"
    fleet.look(600, "a", page())
    assert fleet.them.outage_of("d") is None
    assert fleet.them.outages == ()


def test_it_goes_on_after_a_restart_with_those_whose_incidents_point_to_it() -> None:
    fleet = Fleet()
    for second, target in enumerate(("a", "b", "c")):
        fleet.look(second, target)
    (outage,) = fleet.found
    verdict = Verdict(status=Status.DOWN, reachable=False, diagnosis="provider.outage")
    incident = Incident(id="i", opened_at=START, told_at=START, verdict=verdict, outage=outage.id)
    states = [TargetState(target=name, memory=replace(HERE, incident=incident)) for name in "abc"]
    again = Fleet()
    again.them.go_on(states, [outage])
    assert again.them.outage_of("a") is not None
    assert again.them.outages[0].failing == 3
    again.look(10, "a", page())
    assert again.them.outage_of("a") is None


def test_it_can_be_switched_off() -> None:
    fleet = Fleet(CorrelationPolicy(enabled=False))
    for second, target in enumerate(("a", "b", "c", "d")):
        fleet.look(second, target)
    assert fleet.found == []


def test_an_uneventful_look_leaves_nothing_behind() -> None:
    fleet = Fleet()
    for number in range(1000):
        fleet.look(number, f"w{number}", page())
    assert fleet.them._failing == {}
    assert fleet.them._gatherings == {}


def test_what_has_been_down_for_long_does_not_begin_to_fail_with_a_restart_or_our_own_trouble() -> None:
    def long_down(target: str) -> Memory:
        incident = Incident(id=target, opened_at=START, told_at=START, verdict=VERDICT)
        return replace(HERE, incident=incident, seen=(observe(Probe.HTTP, START, DOWN),))

    fleet = Fleet()
    for second, target in enumerate(("a", "b", "c"), 7_200):
        fleet.look(second, target, memory=long_down(target))
    fleet.them.forget_failures()
    for second, target in enumerate(("a", "b", "c"), 7_260):
        fleet.look(second, target, memory=long_down(target))
    assert fleet.found == []
    for second, target in enumerate(("d", "e", "f"), 7_300):
        fleet.look(second, target)
    (outage,) = fleet.found
    assert outage.targets == ("d", "e", "f")
    again = Correlation(CorrelationPolicy(), lambda name: name)
    again.go_on([TargetState(target="a", memory=long_down("a"))], fleet.them.outages)
    seen = replace(observe(Probe.HTTP, START + timedelta(seconds=7_400), DOWN), target="a")
    assert again.outage_for(long_down("a"), seen) is None
    assert list(again.look(long_down("a"), seen)) == []
    assert again.outages[0].affected == 3
