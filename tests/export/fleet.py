"""Targets and states as the judge would leave them, for what is exported."""

import json
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from monitor.failure import Failure
from monitor.model import (
    REGULAR,
    Attribution,
    DelegationFacts,
    DnsAnswer,
    DnsFacts,
    Evidence,
    HttpFacts,
    Incident,
    Layer,
    LayerState,
    Memory,
    Observation,
    Probe,
    Provider,
    Pulse,
    RegistrationFacts,
    Run,
    ServerDomain,
    Status,
    Target,
    TargetState,
    TlsFacts,
    Verdict,
)

NOW = datetime(2021, 1, 17, 12, tzinfo=UTC)
THEN = datetime(2021, 1, 11, 8, tzinfo=UTC)
HTTP, DNS, REGISTRATION, DELEGATION = REGULAR
UP = Verdict(status=Status.UP, reachable=True)
DOWN = Verdict(
    status=Status.DOWN,
    reachable=False,
    diagnosis="network.unreachable",
    layer=Layer.NETWORK,
    sentence="The address does not answer.",
    based_on=("o1",),
)


def target(name: str = "parler.com", **more: object) -> Target:
    return Target(**{"name": name, "host": name, "domain": name, "url": f"https://{name}/", **more})


def behind(layer: Layer, *providers: str, **more: object) -> LayerState:
    attribution = Attribution(
        layer=layer,
        providers=tuple(Provider(id=name, name=name.title()) for name in sorted(providers)),
        evidence=tuple(
            Evidence(provider=name, value="198.51.100.7", rule="AS64500", source="AS table 2021-01-01")
            for name in sorted(providers)
        ),
    )
    return LayerState(**{"layer": layer, "confirmed": attribution, "since": THEN, **more})


def run(probe: Probe, failure: Failure | None = None, **more: object) -> Run:
    return Run(**{"probe": probe, "at": NOW, "duration_s": 0.25, "failure": failure, "in_a_row": 1, **more})


def delegation(dated: str, undated: str) -> DelegationFacts:
    domains = (
        ServerDomain(domain=dated, registered=True, expires=datetime(2025, 1, 1, tzinfo=UTC)),
        ServerDomain(domain=undated, registered=True, statuses=("serverHold",)),
    )
    return DelegationFacts(
        zone="parler.com", parent="com", heard=True, delegated=("ns3.epik.com",), domains=domains
    )


def seen(probe: Probe, facts: object = None, failure: Failure | None = None) -> Observation:
    return Observation(
        target="parler.com",
        probe=probe,
        vantage="test",
        scheduled_at=NOW,
        started_at=NOW,
        duration_s=0.25,
        interval_s=60.0,
        failure=failure,
        facts=facts,
    )


def page(**more: object) -> HttpFacts:
    certificate = TlsFacts(
        version="TLSv1.3",
        cipher="TLS_AES_128_GCM_SHA256",
        subject="parler.com",
        issuer_organization="Amazon",
        issuer="Amazon RSA 2048 M01",
        not_before=THEN,
        not_after=datetime(2021, 2, 1, tzinfo=UTC),
        sha256="ab" * 32,
    )
    return HttpFacts(**{"url": "https://parler.com/", "status": 200, "tls": certificate, **more})


def records(rcode: str | None = "NOERROR") -> DnsFacts:
    answer = DnsAnswer(name="parler.com", rtype="A", rcode=rcode, values=("198.51.100.7",))
    return DnsFacts(
        host="parler.com",
        zone="parler.com",
        resolver="127.0.0.1",
        a=answer,
        aaaa=answer,
        ns=answer,
        mx=answer,
        soa=answer,
    )


def registration(*statuses: str, **more: object) -> RegistrationFacts:
    fields = {
        "domain": "parler.com",
        "source": "rdap",
        "server": "https://rdap.example/",
        "registered": True,
        "expires": datetime(2025, 1, 1, tzinfo=UTC),
        **more,
    }
    return RegistrationFacts(statuses=statuses, **fields)


def state(
    name: str = "parler.com", *, verdict: Verdict = UP, pulse: Pulse | None = None, **memory: object
) -> TargetState:
    return TargetState(
        target=name,
        seq=1,
        pulse=pulse or Pulse(),
        memory=Memory(verdict=verdict, since=THEN, **memory),
    )


def incident(verdict: Verdict = DOWN, **more: object) -> Incident:
    return Incident(**{"id": "i1", "opened_at": THEN, "told_at": THEN, "verdict": verdict, **more})


async def text(pieces: AsyncIterator[bytes]) -> str:
    return b"".join([piece async for piece in pieces]).decode()


def samples(exposition: str) -> dict[str, float]:
    """Return the samples of an exposition by their series as written."""
    lines = [line for line in exposition.splitlines() if not line.startswith("#")]
    found = {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}
    assert len(found) == len(lines), "a series stands there twice"
    return found


def promtool_says(promtool: Path, exposition: bytes) -> tuple[int, bytes, bytes]:
    """Return the exit status and the words of `promtool check metrics`."""
    command = [promtool, "check", "metrics"]
    lint = subprocess.run(command, input=exposition, capture_output=True, check=False)
    return lint.returncode, lint.stdout, lint.stderr


def rules_of(questions: list[str]) -> str:
    """Return a rule file with one rule a question: what promtool can parse. JSON is YAML."""
    rules = [{"record": f"q:{number}", "expr": question} for number, question in enumerate(questions)]
    return json.dumps({"groups": [{"name": "questions", "rules": rules}]})
