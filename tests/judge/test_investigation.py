"""What is asked when something goes wrong, when it is asked again, and what becomes of the answers."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from judge.world import START, World, observe, page, records, registration

from monitor.bounds import Bounds
from monitor.failure import Failure
from monitor.judge.investigate import MOST_EVIDENCE
from monitor.model import (
    Check,
    Confidence,
    DelegationFacts,
    DelegationSettings,
    DnsSettings,
    Facts,
    HttpFacts,
    HttpSettings,
    Observation,
    Policy,
    Probe,
    Redirect,
    RegistrationSettings,
    ServerWord,
    Settings,
    Sign,
    SignKind,
    Status,
)
from monitor.pipeline import Pipeline, Plan
from monitor.wire import dump_memory, load_memory

WATCHED = Policy(delegation_watched=True)
HEARD = DelegationFacts(zone="parler.com", parent="com", heard=True, delegated=("ns1.example",))
NOBODY = DelegationFacts(zone="parler.com", parent="com", heard=True)
ON_HOLD = registration("clientHold")
SEIZED = Sign(id="seized-banner-generic", kind=SignKind.SEIZED, confidence=Confidence.HIGH, by=("body",))
GONE = records(bad=Failure.DNS_NXDOMAIN)


def answering() -> DelegationFacts:
    word = ServerWord(host="ns1.example", address="192.0.2.9", rcode="NOERROR", authoritative=True)
    return DelegationFacts(
        zone="parler.com", parent="com", heard=True, delegated=("ns1.example",), servers=(word,)
    )


def asked(world: World, probe: Probe) -> int:
    return [f.probe for f in world.follow_ups].count(probe)


def answer(world: World, after_s: float = 0.2) -> None:
    """Answer a first look at a name on hold: records, delegation, registration."""
    world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=GONE, after_s=after_s)
    world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY, after_s=after_s)
    world.feed(Probe.REGISTRATION, ON_HOLD, after_s=after_s)


def failing(world: World, failure: Failure = Failure.DNS_NXDOMAIN, after_s: float = 10.0) -> list[str]:
    return [event.type for event in world.feed(Probe.HTTP, failure, after_s=after_s)]


def test_a_name_in_trouble_asks_for_everything_at_its_first_look() -> None:
    world = World(WATCHED).http("..n")
    now = [f for f in world.follow_ups if f.delay_s == 0]
    assert [f.probe for f in now] == [Probe.DNS, Probe.DELEGATION, Probe.REGISTRATION]
    assert all(f.compare for f in now)


def test_a_hold_is_the_first_diagnosis_that_is_told_within_thirty_seconds() -> None:
    world = World(WATCHED).http("..n")
    first_failed = world.now
    answer(world)
    failing(world, after_s=9.4)
    told = failing(world)
    assert "platform.incident.opened" in told
    assert world.state.memory.verdict.diagnosis == "registrar.hold"
    assert world.now - first_failed <= timedelta(seconds=30)
    assert asked(world, Probe.REGISTRATION) == 1


def test_what_comes_after_the_opening_refines_it_with_the_next_look() -> None:
    world = World(WATCHED).http("..n")
    world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY, after_s=0.2)
    failing(world, after_s=9.8)
    failing(world)
    assert world.state.memory.verdict.diagnosis == "dns.delegation_removed"
    world.feed(Probe.REGISTRATION, ON_HOLD, after_s=5)
    failing(world, after_s=5)
    assert world.state.memory.verdict.diagnosis == "registrar.hold"


def test_when_an_outer_cause_is_over_an_older_look_at_the_page_tells_nothing() -> None:
    """The banner was seen before the name was given back: to tell of it then would be news of yesterday."""
    world = World(WATCHED).http("..")
    banner = page(title="Seized", text=90, signs=(SEIZED,))
    seized = replace(HEARD, delegated=("ns1.fbi.seized.gov",))
    world.feed(Probe.HTTP, banner)
    world.feed(Probe.DELEGATION, seized, after_s=0.2)
    for _ in range(2):
        world.feed(Probe.HTTP, banner, after_s=10)
    assert world.state.memory.verdict.diagnosis == "dns.seized"
    world.follow_ups.clear()
    for _ in range(2):
        assert world.feed(Probe.DELEGATION, answering(), after_s=30) == []
    assert Probe.HTTP in {follow_up.probe for follow_up in world.follow_ups}, "it is looked at again"
    told = [event.type for _ in range(3) for event in world.feed(Probe.HTTP, page(), after_s=10)]
    assert "platform.incident.updated" not in told
    assert world.state.memory.verdict.status is Status.UP


def test_every_layers_word_is_evidence_also_when_it_comes_late_and_changes_nothing() -> None:
    world = World(WATCHED).http("..xxx")
    world.feed(Probe.DNS, records(), after_s=1)
    world.feed(Probe.REGISTRATION, registration(), after_s=1)
    world.feed(Probe.DELEGATION, Failure.DNS_TIMEOUT, after_s=1)
    incident = world.state.memory.incident
    assert incident is not None
    assert {seen.probe for seen in incident.observations} >= {
        *(Probe.HTTP, Probe.DNS, Probe.REGISTRATION, Probe.DELEGATION)
    }


def test_an_incident_that_has_seen_much_keeps_its_evidence_and_its_memory_while_nothing_is_new() -> None:
    world = World(WATCHED).http("..xxx")
    for number in range(40):
        world.feed(Probe.REGISTRATION, registration(f"code{number}"), after_s=1)
        world.feed(Probe.DELEGATION, replace(HEARD, parent=f"com{number % 2}"), after_s=1)
    incident = world.state.memory.incident
    assert incident is not None
    assert len(incident.observations) == MOST_EVIDENCE
    assert incident.observations[-1].facts == replace(HEARD, parent="com1")
    world.http("x")
    memory = world.state.memory
    world.http("xxx")
    assert world.state.memory is memory


def test_what_was_not_answered_is_asked_again_at_every_look() -> None:
    world = World(WATCHED).http("..nnnnn")
    assert asked(world, Probe.DELEGATION) == asked(world, Probe.REGISTRATION) == 5


def test_a_check_that_did_not_run_is_no_answer() -> None:
    world = World(WATCHED).http("..n")
    world.feed(Probe.DELEGATION, Failure.MISSED, after_s=1)
    world.http("n")
    assert asked(world, Probe.DELEGATION) == 2


def test_what_was_answered_is_asked_again_ever_more_seldom_while_the_name_is_in_trouble() -> None:
    world = World(WATCHED).http("..")
    for _ in range(300):
        before = len(world.follow_ups)
        world.http("n")
        for follow_up in world.follow_ups[before:]:
            if follow_up.probe is Probe.DELEGATION:
                world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY, after_s=0.1)
            if follow_up.probe is Probe.REGISTRATION:
                world.feed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED, after_s=0.1)
    assert 6 <= asked(world, Probe.DELEGATION) <= 12
    assert 3 <= asked(world, Probe.REGISTRATION) <= 8


def test_an_error_of_the_web_server_asks_about_names_only_when_it_lasts() -> None:
    world = World(WATCHED).http("..55")
    assert asked(world, Probe.DELEGATION) == asked(world, Probe.REGISTRATION) == 0
    world.http("5")
    assert asked(world, Probe.DELEGATION) == asked(world, Probe.REGISTRATION) == 1


def test_an_address_that_does_not_answer_asks_who_delegates_at_once() -> None:
    world = World(WATCHED).http("..x")
    assert asked(world, Probe.DELEGATION) == 1
    assert asked(world, Probe.REGISTRATION) == 0


def test_a_challenge_asks_about_nothing() -> None:
    world = World(WATCHED).http("..ccccc")
    assert {f.probe for f in world.follow_ups} == {Probe.HTTP}


def test_what_was_said_before_the_trouble_says_nothing_of_it() -> None:
    """The parent zone delegated yesterday; that is no contradiction to a name that is gone today."""
    world = World(WATCHED).http("..")
    world.feed(Probe.DELEGATION, answering())
    world.http("n")
    world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY, after_s=0.5)
    world.http("nn")
    assert world.state.memory.verdict.diagnosis == "dns.delegation_removed"


def test_the_same_words_as_before_the_trouble_count_when_they_are_said_again() -> None:
    """A resolver that lies: the parent zone says what it always said, and now it is a contradiction."""
    world = World(WATCHED).http("..")
    world.feed(Probe.DELEGATION, answering())
    world.http("n")
    world.feed(Probe.DELEGATION, answering(), after_s=0.5)
    world.http("nnnn")
    assert world.state.memory.verdict.diagnosis == "undetermined"
    assert [kind for kind in world.told if kind.startswith("incident")] == []


def test_a_resolver_that_fails_for_everything_is_no_outage() -> None:
    world = World(WATCHED).http("..s")
    failed = records(bad=Failure.DNS_SERVFAIL)
    world.feed(Probe.DNS, Failure.DNS_SERVFAIL, facts=failed, after_s=0.5)
    world.feed(Probe.DELEGATION, Failure.DNS_SERVFAIL, after_s=0.5)
    world.http("s" * 20)
    assert world.told == []
    assert "delegation: dns_servfail" in world.state.memory.verdict.sentence


def test_a_hold_read_long_ago_does_not_fire_while_the_name_resolves_nor_alone_when_it_does_not() -> None:
    world = World(WATCHED).http("..")
    world.feed(Probe.REGISTRATION, ON_HOLD)
    world.now += timedelta(days=4)
    world.http("." * 5)
    assert world.state.memory.verdict.status is Status.UP
    world.http("n")
    world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY, after_s=0.5)
    world.feed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED, after_s=0.5)
    world.http("nn")
    assert world.state.memory.verdict.diagnosis == "dns.delegation_removed"
    world.feed(Probe.REGISTRATION, ON_HOLD, after_s=60)
    world.http("n")
    assert world.state.memory.verdict.diagnosis == "registrar.hold"


def test_the_investigation_ends_with_the_trouble_and_is_stored_meanwhile() -> None:
    world = World(WATCHED).http("..n")
    answer(world)
    memory = world.state.memory
    assert {seen.probe for seen in memory.investigated} == {
        *(Probe.DNS, Probe.DELEGATION, Probe.REGISTRATION)
    }
    assert load_memory(dump_memory(memory)) == memory
    world.http(".")
    assert world.state.memory.investigated == ()


def test_the_same_answers_again_are_no_news_to_the_memory() -> None:
    world = World(WATCHED).http("..n")
    answer(world)
    world.http("nnn")
    memory = world.state.memory
    answer(world)
    world.http("n")
    assert world.state.memory is memory


def test_a_memory_written_before_there_were_investigations_is_read() -> None:
    text = dump_memory(World(WATCHED).http("..n").state.memory)
    assert load_memory(text.replace('"investigated":[],', "")).investigated == ()


def test_what_servers_say_of_the_host_counts_though_an_ordinary_run_was_heard_before() -> None:
    """And an ordinary run, which asks for no host, takes none of it away."""
    said = answering()
    known = replace(said, host="www.parler.com", servers=(replace(said.servers[0], knows_host=False),))
    world = World(WATCHED).http("..n")
    for facts in (said, known, said):
        world.feed(Probe.DELEGATION, facts, after_s=0.2)
    assert [seen.facts for seen in world.state.memory.investigated] == [known]


def test_the_listed_servers_are_asked_for_the_host_that_a_redirect_leads_to() -> None:
    hop = Redirect(url="https://parler.com/", status=301, location="https://www.parler.com/")
    facts = replace(page(), url="https://www.parler.com/", status=0, redirects=(hop,))
    world = World(WATCHED).http("..")
    world.feed(Probe.HTTP, Failure.DNS_NXDOMAIN, facts=facts)
    asked_for = {f.probe: f.host for f in world.follow_ups}
    assert asked_for[Probe.DELEGATION] == "www.parler.com"


def test_the_bucket_gives_what_it_has_and_refills_with_time() -> None:
    told: list[bool] = []
    bounds = Bounds(burst=3, per_s=1.0, told=told.append)
    assert [bounds.admit(START) for _ in range(5)] == [True, True, True, False, False]
    assert told == [True, True, True, False, False]
    assert bounds.admit(START + timedelta(seconds=1))
    assert not bounds.admit(START + timedelta(seconds=1))
    assert not bounds.admit(START - timedelta(hours=1)), "a clock set back refills nothing"
    assert [bounds.admit(START + timedelta(days=1)) for _ in range(5)].count(True) == 3


def test_half_of_the_bucket_is_for_those_who_were_never_asked() -> None:
    bounds = Bounds(burst=4, per_s=1.0)
    assert [bounds.admit(START, again=True) for _ in range(3)] == [True, True, False]
    assert [bounds.admit(START) for _ in range(3)] == [True, True, False]


def test_a_question_that_was_answered_is_asked_again_behind_those_that_were_not() -> None:
    world = World(WATCHED).http("..n")
    answer(world)
    world.http("nn")
    again = {f.probe: f.again for f in world.follow_ups if f.delay_s == 0}
    assert again == {Probe.DNS: False, Probe.DELEGATION: True, Probe.REGISTRATION: False}


class Storm:
    """Many targets whose name is gone, through the pipeline. What is asked is answered at once."""

    answered = 0

    def __init__(self, targets: int) -> None:
        self.names = [f"t{number}.example" for number in range(targets)]
        self.questions: list[tuple[datetime, Check]] = []
        self.looks = 0
        self.now = START
        self.pipeline = Pipeline(
            io=None,  # type: ignore[arg-type]  # nothing is measured here
            attributor=Nobody(),
            plans={name: Plan(checks=_checks(name), policy=WATCHED) for name in self.names},
            states={},
            commit=lambda _: None,
            recheck=self._recheck,
        )

    def _recheck(self, check: Check, delay_s: float, reason: str) -> None:
        assert reason
        if delay_s:
            self.looks += 1
        else:
            self.questions.append((self.now, check))

    def take(self, name: str, probe: Probe, got: Failure | Facts, facts: Facts | None = None) -> None:
        seen = observe(probe, self.now, got, facts=facts)  # type: ignore[arg-type]
        self.pipeline.take(_of(seen, name))

    def minute(self, got: Failure | HttpFacts) -> None:
        """Look at every page once, spread over a minute; what is asked for is answered at once."""
        for name in self.names:
            self.now += timedelta(seconds=60 / len(self.names))
            self.take(name, Probe.HTTP, got)
            self.answer()

    def answer(self) -> None:
        for _, check in self.questions[self.answered :]:
            self.answered += 1
            if check.probe is Probe.REGISTRATION:
                self.take(check.target, check.probe, ON_HOLD)
            elif check.probe is Probe.DELEGATION:
                self.take(check.target, check.probe, Failure.DNS_NXDOMAIN, NOBODY)
            else:
                self.take(check.target, check.probe, Failure.DNS_NXDOMAIN, GONE)


class Nobody:
    """An attributor that names nobody."""

    def attribute(self, _: Observation) -> tuple[()]:
        return ()

    def again(self, _: object) -> None:
        return None

    def is_current(self, _: object) -> bool:
        return True


def _of(seen: Observation, name: str) -> Observation:
    return Observation(
        target=name,
        probe=seen.probe,
        vantage=seen.vantage,
        scheduled_at=seen.scheduled_at,
        started_at=seen.started_at,
        duration_s=0.0,
        interval_s=60.0,
        failure=seen.failure,
        facts=seen.facts,
    )


def _checks(name: str) -> dict[Probe, Check]:
    settings: dict[Probe, Settings] = {
        Probe.HTTP: HttpSettings(url=f"https://{name}/"),
        Probe.DNS: DnsSettings(host=name, zone=name),
        Probe.REGISTRATION: RegistrationSettings(domain=name),
        Probe.DELEGATION: DelegationSettings(zone=name, host=name),
    }
    return {
        probe: Check(target=name, probe=probe, interval_s=60.0, timeout_s=10.0, settings=own)
        for probe, own in settings.items()
    }


@pytest.mark.full
def test_a_thousand_targets_that_fail_together_cause_no_storm_and_each_is_investigated_in_the_end() -> None:
    storm = Storm(1000)
    storm.minute(page())
    began = storm.now
    storm.minute(Failure.DNS_NXDOMAIN)
    assert storm.looks == 1000, "ordinary rechecks are not bounded"
    assert len(storm.questions) <= 300 + 60 * 10
    for _ in range(8):
        storm.minute(Failure.DNS_NXDOMAIN)
    passed_s = (storm.now - began).total_seconds()
    assert len(storm.questions) <= 300 + passed_s * 10
    diagnoses = {storm.pipeline.states[name].memory.verdict.diagnosis for name in storm.names}
    assert diagnoses == {"registrar.hold"}


def test_a_thousand_failures_in_one_moment_ask_no_more_than_the_bucket_holds() -> None:
    storm = Storm(1000)
    storm.minute(page())
    for name in storm.names:
        storm.take(name, Probe.HTTP, Failure.DNS_NXDOMAIN)
    assert len(storm.questions) == 300
    assert storm.looks == 1000, "ordinary rechecks are not bounded"
