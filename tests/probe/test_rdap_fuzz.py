"""RDAP answers that were cut or mangled: facts that hold together, or a failure of the registration."""

import json
import time
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probe.fuzzing import FUZZ_S, ROUND, for_a_while
from servers.registration_lab import good_rdap

from monitor.failure import Failure
from monitor.model import RegistrationFacts
from monitor.probe.error import ProbeError
from monitor.probe.names import TEXT_LIMIT
from monitor.probe.rdap import read_rdap
from monitor.probe.text import clean

ALLOWED = {
    Failure.REGISTRATION_LIMITED,
    Failure.REGISTRATION_UNPARSABLE,
    Failure.REGISTRATION_UNREACHABLE,
}
LONGEST_S = 0.5
BODY = json.dumps(good_rdap(secureDNS={"delegationSigned": True})).encode()


@dataclass(frozen=True, kw_only=True)
class Got:
    """An answer as the HTTP client hands it over."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/rdap+json"),)
    truncated: bool = False
    url: str = "https://rdap.example/com/v1/domain/example.test"


def read(body: bytes, status: int = 200) -> RegistrationFacts | None:
    """Return the facts, once they have been found to hold together; None for a failure."""
    start, failure, facts = time.process_time(), None, None
    try:
        facts = read_rdap("example.test", Got(body=body, status=status))
    except ProbeError as error:
        failure = error.failure
    assert time.process_time() - start < LONGEST_S
    if facts is None:
        assert failure in ALLOWED
        return None
    names = [facts.registrar_name, facts.reseller, *facts.statuses, *facts.name_servers]
    assert all(name == clean(name, TEXT_LIMIT) and name for name in names if name is not None)
    dates = {"created": facts.created, "updated": facts.updated, "expires": facts.expires}
    assert [name for name, date in dates.items() if date] == [name for name, _ in facts.date_sources]
    assert all(date.tzinfo is UTC for date in dates.values() if date)
    assert facts.dnssec in {True, False, None}
    if not facts.registered:
        assert not any((*names, *dates.values(), facts.registrar_iana_id, facts.dnssec))
    return facts


def test_every_truncation_of_a_good_answer_is_no_answer() -> None:
    assert read(BODY) is not None
    for cut in range(len(BODY)):
        assert read(BODY[:cut]) is None


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["registrar", "reseller", "expiration", "2026-06-15T18:25:25Z", "\x00\u202e", "0000-00-00"]
    )
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["roles", "entities", "vcardArray", "eventAction", "eventDate", "ldhName", "publicIds"]
            )
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Return a good document with values exchanged for anything that JSON can say, or bytes of it."""
    document: Any = json.loads(BODY)
    for _ in range(draw(st.integers(1, 6))):
        _exchange(draw, document)
    raw = bytearray(json.dumps(document).encode())
    if draw(st.booleans()):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 30))] = draw(st.binary(max_size=12))
    return bytes(raw)


def _exchange(draw: st.DrawFn, document: Any) -> None:  # noqa: ANN401 - JSON
    """Put something else at one place of the document."""
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            place[key] = draw(_JSON)
            return
        place = inner


_QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_QUICK
@given(mangled(), st.sampled_from([200, 200, 200, 404, 429, 500]))
def test_mangled_answers(body: bytes, status: int) -> None:
    read(body, status)


@pytest.mark.full
@pytest.mark.timeout(FUZZ_S + 60)
def test_mangled_answers_again_and_again() -> None:
    @settings(_QUICK, max_examples=ROUND, database=None)
    @given(
        st.one_of(mangled(), st.binary(max_size=2_000), _JSON.map(lambda value: json.dumps(value).encode()))
    )
    def play_round(body: bytes) -> None:
        read(body)

    assert for_a_while(play_round) >= 1
