"""One tick: what is handed on, to whom, and what a target that is no longer configured leaves behind."""

from collections.abc import Iterator
from dataclasses import replace

from judge.world import START, World, behind, observe, page, records
from servers.scenario_lab import Lab, open_lab

from monitor.failure import Failure
from monitor.model import Attribution, Check, Layer, Observation, Policy, Probe, Status
from monitor.pipeline import Pipeline, Plan, plans
from monitor.store import Change


class Amazon:
    """Attributes every answer over HTTP to one network."""

    def attribute(self, observation: Observation) -> tuple[Attribution, ...]:
        return (behind(Layer.NETWORK, "amazon"),) if observation.failure is None else ()

    def again(self, attribution: Attribution) -> Attribution | None:
        return attribution

    def is_current(self, attribution: Attribution) -> bool:
        return bool(attribution.evidence)


class Tick:
    """A pipeline, and everything that it hands on."""

    def __init__(self, lab: Lab, *probes: Probe) -> None:
        self.changes: list[Change] = []
        self.asked: list[tuple[Probe, float]] = []
        self.urgent: set[Probe] = set()
        self.observed: list[Observation] = []
        checks = {probe: lab.check(probe) for probe in probes}
        self.pipeline = Pipeline(
            io=lab.io,
            attributor=Amazon(),
            plans={"example.com": Plan(checks=checks, policy=Policy(dns_watched=Probe.DNS in probes))},
            states={},
            commit=self.changes.append,
            recheck=self._recheck,
            observed=self.observed.append,
        )

    def _recheck(self, check: Check, delay_s: float, reason: str) -> None:
        assert reason
        self.asked.append((check.probe, delay_s))
        self.urgent |= {check.probe} if check.urgent else set()


def looks(letters: str) -> Iterator[Observation]:
    for position, letter in enumerate(letters):
        at = START.replace(minute=position)
        got = page() if letter == "." else Failure.TCP_TIMEOUT
        yield replace(observe(Probe.HTTP, at, got), target="example.com")


async def test_a_run_is_carried_through_to_the_commit() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        await tick.pipeline.run(lab.check(Probe.HTTP), lab.clock.now())
    (change,) = tick.changes
    assert change.state is tick.pipeline.states["example.com"]
    assert change.state.memory.verdict.status is Status.UP
    assert [layer.confirmed.ids for layer in change.state.memory.layers] == [("amazon",)]
    assert tick.observed[0].failure is None


async def test_each_state_is_the_next_of_the_one_before_and_events_go_with_it() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP, Probe.DNS, Probe.REGISTRATION)
        for observation in looks("..xxx"):
            tick.pipeline.take(observation)
    assert [change.state.seq for change in tick.changes] == [1, 2, 3, 4, 5]
    assert [len(change.events) for change in tick.changes] == [0, 0, 0, 0, 2]
    assert tick.asked == [
        (Probe.HTTP, 10.0),
        (Probe.DNS, 0.0),
        (Probe.HTTP, 10.0),
        (Probe.DNS, 0.0),  # nobody has answered it
        (Probe.DNS, 0.0),
        (Probe.REGISTRATION, 0.0),
    ]
    # It would have to wait for its turn at the registry; the others wait for nobody.
    assert tick.urgent == {Probe.REGISTRATION}


async def test_nothing_is_asked_of_a_probe_that_is_not_configured() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        for observation in looks("..xxx"):
            tick.pipeline.take(observation)
    assert {probe for probe, _ in tick.asked} == {Probe.HTTP}


async def test_a_missed_run_is_an_observation() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        tick.pipeline.miss(lab.check(Probe.HTTP), lab.clock.now(), "3 runs were not started")
    (seen,) = tick.observed
    assert (seen.failure, seen.detail, seen.facts) == (Failure.MISSED, "3 runs were not started", None)
    assert tick.changes[0].state.pulse.runs[0].failure is Failure.MISSED


async def test_what_was_in_flight_when_its_target_left_leaves_no_state() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        tick.pipeline.take(replace(observe(Probe.DNS, START, records()), target="gone.example"))
    assert tick.changes == []
    assert tick.pipeline.states == {}
    assert len(tick.observed) == 1


async def test_a_pipeline_judges_as_the_judge_does() -> None:
    world = World(Policy(dns_watched=False))
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        for observation in looks("..xxxx.."):
            tick.pipeline.take(observation)
    world.http("..xxxx..")
    told = [event.type for change in tick.changes for event in change.events]
    assert told == [event.type for event in world.events]


async def test_a_page_elsewhere_shows_nobody_who_stands_behind_the_target() -> None:
    """Whoever hosts the account's page does not host the platform."""
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        account = replace(lab.check(Probe.HTTP), probe=Probe.PAGE, part="account")
        plan = plans([lab.check(Probe.HTTP), account], {"example.com": Policy(dns_watched=False)})
        tick.pipeline.plans = plan
        await tick.pipeline.run(account, lab.clock.now())
        state = tick.pipeline.states["example.com"]
        assert state.memory.layers == ()
        assert state.memory.front is None
        assert [(run.part, run.failure) for run in state.pulse.parts] == [("account", None)]
        await tick.pipeline.run(lab.check(Probe.HTTP), lab.clock.now())
        assert [layer.layer for layer in tick.pipeline.states["example.com"].memory.layers]


async def test_follow_ups_of_a_part_are_looks_at_that_part() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        some = [replace(lab.check(Probe.HTTP), probe=Probe.PAGE, part=part) for part in ("a", "b")]
        asked: list[str] = []
        tick.pipeline.recheck = lambda check, _delay, _reason: asked.append(check.id)
        tick.pipeline.plans = plans([lab.check(Probe.HTTP), *some], {"example.com": Policy()})
        for letter in looks(".x"):
            tick.pipeline.take(replace(letter, probe=Probe.PAGE, part="b"))
        assert asked == ["example.com/page:b"]


async def test_a_part_that_left_the_configuration_leaves_nothing() -> None:
    async with open_lab() as lab:
        tick = Tick(lab, Probe.HTTP)
        gone = replace(lab.check(Probe.HTTP), probe=Probe.PAGE, part="gone")
        await tick.pipeline.run(gone, lab.clock.now())
        tick.pipeline.miss(gone, lab.clock.now(), "late")
        assert tick.pipeline.states == {}
        assert tick.changes == []
        assert [seen.part for seen in tick.observed] == ["gone", "gone"]
