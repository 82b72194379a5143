"""The wrapper around every probe: deadline, timing, classification. It never raises.

A crash inside a probe is one failed observation, of which nothing is known (`unknown`), and one
log line for each kind of crash.
"""

import asyncio
from datetime import datetime
from typing import Final

from monitor.failure import Failure
from monitor.model import PAGES, Check, Facts, Observation, Probe
from monitor.probe import PROBES
from monitor.probe.attempt import PROGRESS, Progress
from monitor.probe.classify import DETAIL_LIMIT, TIMEOUTS, class_chain, classify
from monitor.probe.error import ProbeError
from monitor.probe.io import Io
from monitor.probe.text import clean

# A deadline of these says nothing but its probe's name; one of `http` says how far it had come.
_DEADLINES: Final = {
    Probe.DNS: Failure.DNS_TIMEOUT,
    Probe.REGISTRATION: Failure.REGISTRATION_TIMEOUT,
    Probe.DELEGATION: Failure.DNS_TIMEOUT,
}
_PHASED: Final = PAGES | {Probe.LAST_ADDRESS, Probe.LISTING}


async def observe(check: Check, scheduled_at: datetime, io: Io) -> Observation:
    """Run the check's probe once, within `check.timeout_s`, and return what became of it.

    Only the cancellation of the calling task passes through (and KeyboardInterrupt, SystemExit).
    """
    started_at, begun = io.clock.now(), io.clock.monotonic()
    failure, detail, facts = await _run(check, io)
    return Observation(
        target=check.target,
        probe=check.probe,
        vantage=io.vantage,
        scheduled_at=scheduled_at,
        started_at=started_at,
        duration_s=io.clock.monotonic() - begun,
        interval_s=check.interval_s,
        failure=failure,
        detail=detail,
        facts=facts,
        part=check.part,
    )


async def _run(check: Check, io: Io) -> tuple[Failure | None, str, Facts | None]:
    progress = Progress(compare=check.compare)
    token = PROGRESS.set(progress)
    limit = asyncio.timeout(check.timeout_s)
    try:
        async with limit:
            progress.deadline = limit.when()
            return None, "", await PROBES[check.probe](check, io)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Not we were cancelled, but something that the probe awaited: a fault of ours.
        return _classified(check, io, error)
    except Exception as error:  # noqa: BLE001 - the one place: a probe that crashes is a failed probe
        if limit.expired() and isinstance(error, TimeoutError):
            return _DEADLINES.get(check.probe) or TIMEOUTS[progress.phase], _overdue(check, progress), None
        return _classified(check, io, error)
    finally:
        PROGRESS.reset(token)


def _overdue(check: Check, progress: Progress) -> str:
    where = f", in phase {progress.phase}" if check.probe in _PHASED else ""
    return f"not done within {check.timeout_s:g} s{where}"


def _classified(check: Check, io: Io, error: BaseException) -> tuple[Failure, str, Facts | None]:
    failure, detail = classify(error)
    if failure is Failure.UNKNOWN and not isinstance(error, ProbeError):
        io.unknowns.meet(class_chain(error), check=check.id, error=error)
    return failure, clean(detail, DETAIL_LIMIT), error.facts if isinstance(error, ProbeError) else None
