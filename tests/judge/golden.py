"""Golden cases of diagnoses: `tests/golden/diagnoses/<id>.toml`, one file for each rule.

    [case]                          # must get exactly this diagnosis
    what = "one sentence for people"
    says = "serverHold"             # optional: a part of the sentence that must be in it
    behind_edge = false             # optional
    begun = true                    # optional; false: the leading look is the first that is not well
    offline = false                 # optional: whether the monitor itself was cut off
    outage = "serving"              # optional: the provider's outage that there is: `names` or `serving`
    policy = { delegation_watched = true }            # optional: what differs from Policy()
    baseline = { title = "Parler", text_length = 6000 }  # optional: the page of better days
    http = { failure = "dns_nxdomain" }               # one table for each probe that has spoken ...
    dns = { failure = "dns_nxdomain", ns = "dns_nxdomain", age = "5m" }
    registration = { statuses = ["serverHold"] }

    [[look_alike]]                  # must get another one, or `up`
    what = "..."
    diagnosis = "dns.delegation_removed"
    registration = {}               # ... laid over the case, table by table; an empty one: never spoke

In a probe's table `failure` and `age` are of the observation: without `age` it was made since the trouble
began, with it so long before the leading look, when all was well. All other keys are those of its facts
(monitor/model/facts.py), what is left out being ordinary. A DNS answer is a list of values, or a failure.
What leads is the policy's `lead`, `http` by default. What takes more than one observation of each probe
belongs into the tests of sequences.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from judge.world import answer, behind
from pydantic import TypeAdapter

from monitor.config.durations import parse_duration
from monitor.failure import Failure
from monitor.judge.diagnose import assess
from monitor.judge.view import View, look
from monitor.model import (
    Circumstance,
    DelegationFacts,
    DnsFacts,
    Facts,
    HttpFacts,
    LastAddressFacts,
    Layer,
    LayerState,
    Memory,
    Observation,
    Outage,
    PageBaseline,
    Policy,
    Probe,
    Provider,
    RegistrationFacts,
    Status,
    Trouble,
    Verdict,
)

FOLDER: Final = Path(__file__).parents[1] / "golden" / "diagnoses"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
_FACTS: Final[dict[Probe, type[Any]]] = {
    Probe.HTTP: HttpFacts,
    Probe.DNS: DnsFacts,
    Probe.REGISTRATION: RegistrationFacts,
    Probe.DELEGATION: DelegationFacts,
    Probe.LAST_ADDRESS: LastAddressFacts,
}
_ORDINARY: Final[dict[Probe, dict[str, Any]]] = {
    Probe.HTTP: {"url": "https://parler.com/", "status": 200, "title": "Parler", "text_length": 6000},
    Probe.DNS: {
        "host": "parler.com",
        "zone": "parler.com",
        "resolver": "192.0.2.53",
        "a": ["192.0.2.1"],
        "aaaa": [],
        "ns": ["ns1.example"],
        "mx": [],
        "soa": [],
    },
    Probe.REGISTRATION: {
        "domain": "parler.com",
        "source": "rdap",
        "server": "https://rdap.example/",
        "registered": True,
        "expires": datetime(2030, 1, 1, tzinfo=UTC),
    },
    Probe.DELEGATION: {"zone": "parler.com", "parent": "com", "heard": True, "delegated": ["ns1.example"]},
    Probe.LAST_ADDRESS: {"asked_address": "192.0.2.1", "last_good_at": NOW},
}
_ANSWERS: Final = frozenset({"a", "aaaa", "ns", "mx", "soa", "unchecked"})
_SUSPECTED: Final = Verdict(status=Status.DOWN, reachable=False, diagnosis="network.unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A view, and what it must be called."""

    what: str
    diagnosis: str | None
    """None: up."""
    says: str
    table: Mapping[str, Any]

    @property
    def verdict(self) -> Verdict:
        """Return what the judge makes of it."""
        return assess(view_of(self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """The file of one diagnosis."""

    id: str
    case: Case
    look_alikes: tuple[Case, ...]


@cache
def read(diagnosis: str) -> Golden:
    """Return the file of a diagnosis; raises OSError without one, KeyError where it is not whole."""
    document = tomllib.loads((FOLDER / f"{diagnosis}.toml").read_text())
    first = document["case"]
    others = [{**first, "says": "", **other} for other in document["look_alike"]]
    return Golden(
        id=diagnosis,
        case=_case(first, diagnosis),
        look_alikes=tuple(_case(table, table["diagnosis"]) for table in others),
    )


def _case(table: Mapping[str, Any], diagnosis: str) -> Case:
    expected = None if diagnosis == "up" else diagnosis
    return Case(what=table["what"], diagnosis=expected, says=table.get("says", ""), table=table)


def view_of(table: Mapping[str, Any]) -> View:
    """Return the view that a table describes."""
    policy = TypeAdapter(Policy).validate_python(table.get("policy", {}))
    seen = {probe: _observation(probe, table[probe]) for probe in Probe if table.get(probe)}
    lead = seen[policy.lead]
    memory = _memory(table, [each for each in seen.values() if each is not lead])
    return look(memory, lead, policy, _circumstance(table))


def _circumstance(table: Mapping[str, Any]) -> Circumstance:
    outage = None
    if table.get("outage"):
        trouble = Trouble(table["outage"])
        outage = Outage(
            id="o",
            provider=Provider(id="fastly", name="Fastly"),
            layer=Layer.DNS if trouble is Trouble.NAMES else Layer.EDGE,
            trouble=trouble,
            since=NOW,
            recognised_at=NOW,
            failing=12,
            affected=12,
            watched=14,
        )
    return Circumstance(offline_since=NOW if table.get("offline") else None, outage=outage)


def _memory(table: Mapping[str, Any], seen: list[Observation]) -> Memory:
    now = tuple(each for each in seen if each.started_at == NOW)
    memory = Memory(seen=tuple(each for each in seen if each.facts), investigated=now)
    if table.get("begun", True):
        memory = replace(memory, suspected=_SUSPECTED, suspected_since=NOW)
    if table.get("baseline"):
        memory = replace(memory, baseline=TypeAdapter(PageBaseline).validate_python(table["baseline"]))
    if table.get("behind_edge"):
        edge = LayerState(layer=Layer.EDGE, confirmed=behind(Layer.EDGE, "cloudflare"), since=NOW)
        memory = replace(memory, layers=(edge,))
    return memory


def _observation(probe: Probe, table: Mapping[str, Any]) -> Observation:
    keys = {key: value for key, value in table.items() if key not in {"failure", "age"}}
    failure = Failure(table["failure"]) if "failure" in table else None
    at = NOW - timedelta(seconds=parse_duration(table["age"])) if "age" in table else NOW
    return Observation(
        target="parler.com",
        probe=probe,
        vantage="test",
        scheduled_at=at,
        started_at=at,
        duration_s=0.0,
        interval_s=60.0,
        failure=failure,
        facts=_facts(probe, keys) if keys or failure is None else None,
    )


def _facts(probe: Probe, keys: Mapping[str, Any]) -> Facts:
    whole = {**_ORDINARY[probe], **keys}
    if probe is Probe.DNS:
        whole = _answers(whole) | {"others": [_answers(each) for each in whole.get("others", [])]}
    facts: Facts = TypeAdapter(_FACTS[probe]).validate_python(whole)
    return facts


def _answers(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table with its answers spelled out: a list of values, or a failure."""
    return {key: _answer(key.upper(), value) if key in _ANSWERS else value for key, value in table.items()}


def _answer(rtype: str, said: list[str] | str) -> Any:  # noqa: ANN401 - a DnsAnswer, for pydantic
    return answer(rtype, failure=Failure(said)) if isinstance(said, str) else answer(rtype, *said)
