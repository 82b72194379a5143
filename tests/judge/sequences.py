"""Sequences of observations as the network makes them: scenes that last, with accidents in between."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st
from judge.world import LETTERS, START, behind, observe, page, records, registration

from monitor.failure import Failure
from monitor.model import (
    Attribution,
    Circumstance,
    DelegationFacts,
    DnsFacts,
    HttpFacts,
    Layer,
    Observation,
    Outage,
    Probe,
    Provider,
    RegistrationFacts,
    Trouble,
)

Got = Failure | HttpFacts | DnsFacts | RegistrationFacts


@dataclass(frozen=True)
class Shot:
    """One look, at no moment yet."""

    probe: Probe
    got: Got
    attributions: tuple[Attribution, ...] = ()
    facts: DnsFacts | DelegationFacts | None = None
    part: str = ""
    offline: bool = False
    outage: Outage | None = None


def http(letter: str, *attributions: Attribution) -> Shot:
    return Shot(Probe.HTTP, LETTERS[letter], attributions)


def dns(network: str, operator: str = "amazon", edge: str | None = None) -> Shot:
    seen = [behind(Layer.DNS, operator), behind(Layer.NETWORK, network)]
    seen += [behind(Layer.EDGE, edge)] if edge else []
    return Shot(Probe.DNS, records(), tuple(seen))


def registry(*codes: str, at: str = "dynadot", **more: object) -> Shot:
    return Shot(Probe.REGISTRATION, registration(*codes, **more), (behind(Layer.REGISTRATION, at),))


def failed(probe: Probe, failure: Failure, facts: DnsFacts | DelegationFacts | None = None) -> Shot:
    return Shot(probe, failure, facts=facts)


def extra(letter: str, part: str = "account") -> Shot:
    return Shot(Probe.PAGE, LETTERS[letter], part=part)


HEARD = DelegationFacts(zone="parler.com", parent="com", heard=True, delegated=("ns1.example",))
NOBODY = replace(HEARD, delegated=())
UP, GONE = http("."), failed(Probe.HTTP, Failure.DNS_NXDOMAIN)
NO_NAME = failed(Probe.DNS, Failure.DNS_NXDOMAIN, records(bad=Failure.DNS_NXDOMAIN))
NOT_DELEGATED = failed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, NOBODY)
TOLD = Shot(Probe.DELEGATION, HEARD, (behind(Layer.DNS, "amazon"),))  # type: ignore[arg-type]
LIMITED = failed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED)

OUTAGE = Outage(
    id="o1",
    provider=Provider(id="fastly", name="Fastly"),
    layer=Layer.EDGE,
    trouble=Trouble.SERVING,
    since=START,
    recognised_at=START,
    failing=30,
    affected=40,
    watched=50,
)

SCENES: dict[str, tuple[Shot, ...]] = {
    "well": (UP,),
    "well, with its records": (UP, dns("amazon"), UP, registry("ok")),
    "at another network": (UP, dns("ddos-guard", edge="ddos-guard"), UP),
    "at two networks by turns": (UP, dns("amazon"), UP, dns("fastly", edge="fastly")),
    "with another DNS operator": (UP, dns("amazon", "epik"), UP, TOLD),
    "no answer": (http("x"),),
    "refused, then no answer": (http("r"), http("r"), http("x"), http("x")),
    "an error by turns with a challenge": (http("5"), http("c")),
    "errors now and then": (http("5"), UP, UP),
    "comes and goes": (http("x"), http("x"), http("x"), UP, UP, UP, dns("amazon")),
    "403 for all": (http("f"),),
    "a placeholder": (http("p"), dns("ddos-guard")),
    "a placeholder at times": (http("p"), http("p"), http("5"), http("5")),
    "a challenge": (http("c"),),
    "held by the registrar": (GONE, NO_NAME, GONE, registry("clientHold"), GONE, NOT_DELEGATED),
    "held by the registry": (GONE, registry("serverHold"), GONE, NO_NAME),
    "expired": (GONE, registry("ok", expires=START - timedelta(days=1)), GONE, NO_NAME),
    "moved to another registrar": (UP, registry("ok", at="epik")),
    "gone, and nobody says why": (GONE, LIMITED, GONE, NO_NAME),
    "servers that do not answer for the zone": (http("s"), Shot(Probe.DNS, Failure.DNS_SERVFAIL)),
    "the certificate is out of date": (http("e"),),
    "resolvers are silent": (http("t"), failed(Probe.DNS, Failure.DNS_TIMEOUT)),
    "nobody looks": (
        http("m"),
        failed(Probe.DNS, Failure.MISSED),
        failed(Probe.REGISTRATION, Failure.MISSED),
    ),
    "something unheard of": (http("?"),),
    "an address that does not answer any more": (http("x"), dns("amazon"), LIMITED),
    "no address": (failed(Probe.HTTP, Failure.DNS_NODATA), Shot(Probe.DNS, records(a=()))),
    "an account is suspended": (UP, extra("f"), extra("f"), extra("f")),
    "an account is back": (extra("."), UP, extra(".")),
    "an account and the front page by turns": (extra("5"), extra("5"), extra("5"), http("x"), extra("."), UP),
    "the monitor is cut off": (replace(http("x"), offline=True), replace(http("t"), offline=True)),
    "an account while the monitor is cut off": (replace(extra("x"), offline=True), replace(UP, offline=True)),
    "an outage of the provider": (replace(http("5"), outage=OUTAGE), replace(http("x"), outage=OUTAGE)),
    "comes and goes in an outage": (
        *(replace(http("5"), outage=OUTAGE),) * 3,
        *(replace(UP, outage=OUTAGE),) * 3,
    ),
    "a page that answers from elsewhere": (
        Shot(Probe.HTTP, page(address="198.51.100.9"), (behind(Layer.NETWORK, "epik"),)),
    ),
}

# Seconds from one look to the next: rechecks, ordinary looks, gaps, and clocks that are set.
STEPS = st.sampled_from([10.0, 10.0, 60.0, 60.0, 61.5, 300.0])
BREAKS = st.sampled_from([0.0, 60.0, 60.0, 600.0, 1_900.0, 4_000.0, 12_000.0, 90_000.0, -45.0, -3_600.0])
# What happens to a look on its way: nothing, as a rule.
FATES = st.sampled_from(["", "", "", "", "", "twice", "late", "lost"])


@dataclass(frozen=True)
class Scene:
    """A state of things that lasts for some looks."""

    name: str
    looks: int
    step_s: float
    break_s: float
    fate: str


SEQUENCES = st.lists(
    st.builds(
        Scene,
        name=st.sampled_from(sorted(SCENES)),
        looks=st.integers(1, 9),
        step_s=STEPS,
        break_s=BREAKS,
        fate=FATES,
    ),
    min_size=1,
    max_size=14,
)


Seen = tuple[Observation, tuple[Attribution, ...], Circumstance]
"""What `Audit.take` takes."""


def observations(scenes: list[Scene], interval_s: float = 60.0) -> Iterator[Seen]:
    """Yield the observations of the scenes, in the order in which they arrive."""
    now = START
    for scene in scenes:
        now += timedelta(seconds=scene.break_s)
        shots = SCENES[scene.name]
        made = []
        for index in range(scene.looks):
            shot = shots[index % len(shots)]
            now += timedelta(seconds=scene.step_s)
            circumstance = Circumstance(offline_since=now if shot.offline else None, outage=shot.outage)
            made.append((_at(shot, now, interval_s), shot.attributions, circumstance))
        middle = len(made) // 2
        if scene.fate == "twice":
            made.insert(middle, made[middle])
        elif scene.fate == "late":
            made.append(made.pop(middle))
        elif scene.fate == "lost":
            made.pop(middle)
        yield from made


def _at(shot: Shot, now: datetime, interval_s: float) -> Observation:
    seen = observe(shot.probe, now, shot.got, facts=shot.facts, interval_s=interval_s)  # type: ignore[arg-type]
    return replace(seen, part=shot.part)
