"""A tiny language for sequences of observations: one letter is one run of a check."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.failure import Failure
from monitor.judge import step
from monitor.model import (
    Attribution,
    DnsAnswer,
    DnsFacts,
    Event,
    Evidence,
    FollowUp,
    HttpFacts,
    Layer,
    Observation,
    Policy,
    Probe,
    Provider,
    RegistrationFacts,
    TargetState,
)

START = datetime(2021, 1, 11, tzinfo=UTC)
TEXT = 6000


def page(status: int = 200, *, text: int = TEXT, title: str | None = "Parler", **more: object) -> HttpFacts:
    return HttpFacts(url="https://parler.com/", status=status, title=title, text_length=text, **more)  # type: ignore[arg-type]


# What a letter stands for: the failure of an `http` run, or the page that it got.
LETTERS: dict[str, Failure | HttpFacts] = {
    ".": page(),
    "x": Failure.TCP_TIMEOUT,
    "r": Failure.TCP_REFUSED,
    "s": Failure.DNS_SERVFAIL,
    "n": Failure.DNS_NXDOMAIN,
    "e": Failure.TLS_EXPIRED,
    "f": page(403, title="Forbidden", text=20),
    "5": page(503, title="Error", text=20),
    "p": page(title="Technical Difficulties", text=300),
    "c": page(403, title="Just a moment...", text=50, headers=(("cf-mitigated", "challenge"),)),
    "?": Failure.UNKNOWN,
    "m": Failure.MISSED,
    "t": Failure.DNS_TIMEOUT,
}


def observe(
    probe: Probe,
    at: datetime,
    got: Failure | HttpFacts | DnsFacts | RegistrationFacts,
    *,
    facts: DnsFacts | None = None,
    interval_s: float = 60.0,
) -> Observation:
    failed = isinstance(got, Failure)
    return Observation(
        target="parler.com",
        probe=probe,
        vantage="test",
        scheduled_at=at,
        started_at=at,
        duration_s=0.0,
        interval_s=interval_s,
        failure=got if failed else None,
        facts=facts if failed else got,
    )


def answer(rtype: str, *values: str, failure: Failure | None = None) -> DnsAnswer:
    rcode = {Failure.DNS_NXDOMAIN: "NXDOMAIN", Failure.DNS_SERVFAIL: "SERVFAIL"}.get(failure, "NOERROR")  # type: ignore[arg-type]
    missing = failure or (None if values else Failure.DNS_NODATA)
    return DnsAnswer(name="parler.com", rtype=rtype, rcode=rcode, failure=missing, values=values, ttl=300)


def records(
    *, a: tuple[str, ...] = ("192.0.2.1",), ns: tuple[str, ...] = ("ns1.example",), bad: Failure | None = None
) -> DnsFacts:
    return DnsFacts(
        host="parler.com",
        zone="parler.com",
        resolver="127.0.0.1",
        a=answer("A", *(() if bad else a), failure=bad),
        aaaa=answer("AAAA", failure=bad),
        ns=answer("NS", *(() if bad else ns), failure=bad),
        mx=answer("MX", failure=bad),
        soa=answer("SOA", failure=bad),
    )


def registration(*statuses: str, **more: object) -> RegistrationFacts:
    fields = {"registered": True, "expires": datetime(2025, 1, 1, tzinfo=UTC), **more}
    return RegistrationFacts(
        domain="parler.com",
        source="rdap",
        server="https://rdap.example/",
        statuses=statuses,
        **fields,  # type: ignore[arg-type]
    )


def behind(layer: Layer, *providers: str) -> Attribution:
    return Attribution(
        layer=layer,
        providers=tuple(Provider(id=name, name=name.title()) for name in sorted(providers)),
        evidence=tuple(
            Evidence(provider=name, value="v", rule="r", source="s") for name in sorted(providers)
        ),
    )


class World:
    """Feeds observations to the judge and keeps what came of it."""

    def __init__(self, policy: Policy | None = None, start: datetime = START) -> None:
        self.policy = policy or Policy()
        self.state = TargetState(target="parler.com")
        self.now = start
        self.events: list[Event] = []
        self.follow_ups: list[FollowUp] = []
        self.marks: list[str] = []

    def page(self, part: str, letters: str, after_s: float = 60.0) -> "World":
        """Run the check of a further page, once in so many seconds."""
        for letter in letters:
            self.now += timedelta(seconds=after_s)
            seen = replace(observe(Probe.PAGE, self.now, LETTERS[letter]), part=part)
            outcome = step(self.state, seen, (), self.policy)
            self.state = outcome.state
            self.events += outcome.events
            self.follow_ups += outcome.follow_ups
        return self

    def feed(
        self,
        probe: Probe,
        got: Failure | HttpFacts | DnsFacts | RegistrationFacts,
        *attributions: Attribution,
        facts: DnsFacts | None = None,
        after_s: float = 60.0,
        interval_s: float = 60.0,
    ) -> list[Event]:
        self.now += timedelta(seconds=after_s)
        seen = observe(probe, self.now, got, facts=facts, interval_s=interval_s)
        outcome = step(self.state, seen, tuple(attributions), self.policy)
        self.state = outcome.state
        self.events += outcome.events
        self.follow_ups += outcome.follow_ups
        return list(outcome.events)

    def http(self, letters: str) -> "World":
        """Run the `http` check once a minute; mark each change of status with its position, from 1."""
        for position, letter in enumerate(letters, start=1):
            before = self.state.memory.verdict.status
            self.feed(Probe.HTTP, LETTERS[letter])
            after = self.state.memory.verdict.status
            if after is not before:
                self.marks.append(f"{after}@{position}")
        return self

    @property
    def told(self) -> list[str]:
        """Return the types of the events, without their common first word."""
        return [event.type.removeprefix("platform.") for event in self.events]
