"""The wrapper: deadline, timing, classification; it never raises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NoReturn

import pytest
import structlog

from monitor.failure import Failure
from monitor.model import Check, DnsSettings, HttpFacts, Probe, RegistrationSettings, Settings
from monitor.probe import PROBES
from monitor.probe.io import Io
from monitor.probe.observe import observe
from monitor.wire import dump_observation, load_observation
from tests.servers.dns_lab import HandClock, silent
from tests.servers.http_lab import NOON, HttpLab, answer, http_check, lab_io, mute, say


@pytest.fixture
async def io() -> AsyncIterator[Io]:
    async with lab_io() as opened:
        yield opened


def test_every_probe_is_registered() -> None:
    assert set(PROBES) == set(Probe)


async def test_what_an_observation_says() -> None:
    clock = HandClock()
    async with HttpLab(say(answer(b"<title>x</title>"))) as lab, lab_io(clock=clock) as io:
        seen = await observe(http_check(lab.url()), NOON, io)
    assert (seen.target, seen.probe, seen.vantage) == ("lab.example", Probe.HTTP, "lab")
    assert (seen.scheduled_at, seen.started_at, seen.duration_s) == (NOON, clock.now(), 0)
    assert (seen.failure, seen.detail, seen.interval_s) == (None, "", 60)
    assert isinstance(seen.facts, HttpFacts)
    assert load_observation(dump_observation(seen)) == seen


@dataclass
class Crashing:
    """A client whose every use is a mistake of ours."""

    error: BaseException

    async def get(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise self.error


async def test_a_crash_is_one_unknown_observation_and_is_told_once(io: Io) -> None:
    crashing = replace(io, http=Crashing(ZeroDivisionError("by \x00zero")))  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as logs:
        seen = [await observe(http_check("http://www.example/"), NOON, crashing) for _ in range(3)]
    assert {one.failure for one in seen} == {Failure.UNKNOWN}
    assert seen[0].detail == "builtins.ZeroDivisionError: by zero"
    assert [(log["event"], log["classes"]) for log in logs] == [
        ("probe.unknown_failure", "builtins.ZeroDivisionError")
    ]
    assert crashing.unknowns.counts == {"builtins.ZeroDivisionError": 3}


@pytest.mark.parametrize(
    "error", [RecursionError(), MemoryError(), StopAsyncIteration(), ExceptionGroup("", [OSError()])]
)
async def test_nothing_is_raised(io: Io, error: Exception) -> None:
    crashing = replace(io, http=Crashing(error))  # type: ignore[arg-type]
    assert (await observe(http_check("http://www.example/"), NOON, crashing)).failure is not None


async def test_cancellation_passes_through() -> None:
    asked = asyncio.Event()

    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await mute(head, writer)

    async with HttpLab(serve) as lab, lab_io() as io:
        task = asyncio.create_task(observe(http_check(lab.url()), NOON, io))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_cancellation_that_nobody_asked_for_is_a_crash(io: Io) -> None:
    crashing = replace(io, http=Crashing(asyncio.CancelledError()))  # type: ignore[arg-type]
    assert (await observe(http_check("http://www.example/"), NOON, crashing)).failure is Failure.UNKNOWN


async def test_a_resolver_that_does_not_answer_in_time() -> None:
    async with lab_io(resolver=silent) as io:
        seen = await observe(http_check("http://www.example/", timeout_s=0.1), NOON, io)
    assert seen.failure is Failure.DNS_TIMEOUT


@pytest.mark.parametrize(
    ("probe", "failure"),
    [(Probe.DNS, Failure.DNS_TIMEOUT), (Probe.REGISTRATION, Failure.REGISTRATION_TIMEOUT)],
)
async def test_the_deadline_of_other_probes(probe: Probe, failure: Failure, io: Io) -> None:
    @dataclass
    class Stuck:
        async def wait(self, *_args: object, **_kwargs: object) -> NoReturn:
            await asyncio.Event().wait()
            raise AssertionError

        query = addresses = get = wait
        alone = True

    settings: Settings = RegistrationSettings(domain="example.com")
    if probe is Probe.DNS:
        settings = DnsSettings(host="www.example", zone="example")
    check = Check(target="t", probe=probe, interval_s=60, timeout_s=0.05, settings=settings)
    stuck = replace(io, dns=Stuck(), http=Stuck())  # type: ignore[arg-type]
    seen = await observe(check, NOON, stuck)
    assert seen.failure is failure
    assert seen.ended_at - seen.started_at < timedelta(seconds=0.2)
