"""The registrations of the domains that name servers live in.

A zone on ns1.epik.com is gone when epik.com is. Those domains are looked up like a target's own,
through the `registration` probe and its limits, and kept apart from targets: no status, no incident.

- Once a day for each domain, however many targets stand on it; whoever asks while a look-up is under
  way waits for that one.
- A look-up that failed is told to nobody: what was known before stays for a week, and the registry is
  left alone for an hour.
- So many domains are kept, those used last.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from monitor.model import Check, Probe, RegistrationFacts, RegistrationSettings, ServerDomain
from monitor.probe.error import ProbeError
from monitor.probe.io import Io
from monitor.probe.registration import probe_registration

_DAY_S: Final = 86_400.0
_EVERY_S: Final = 0.9 * _DAY_S
"""A little less than a day, so that a daily check never finds what is a minute too young to be renewed."""
_AGAIN_S: Final = 3_600.0
_STALE_S: Final = 7 * _DAY_S
_TIMEOUT_S: Final = 60.0
_MOST: Final = 20_000
_AT_ONCE: Final = 4
_NO_TARGET: Final = "name servers"
"""With a slash after it, which no target's name has: the line at a registry knows checks by their names."""


@dataclass(slots=True, eq=False)
class _Kept:
    """What is known of one domain; moments by the monotonic clock."""

    known: ServerDomain | None = None
    known_at: float = 0.0
    tried_at: float = 0.0
    failed: bool = False
    task: asyncio.Task[None] | None = None


class ServerDomains:
    """Looks domains up, each once a day. `registrable`: from a host to the domain it lives in."""

    def __init__(self, registrable: Callable[[str], str | None], most: int = _MOST) -> None:
        self._registrable = registrable
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, host: str) -> str | None:
        """Return the registrable domain of a host; None for what has none."""
        return self._registrable(host)

    async def look_up(self, domain: str, io: Io) -> ServerDomain | None:
        """Return what the registry says, from today; None when it could not be asked for a week.

        Whoever is cancelled while waiting leaves the look-up going on, for the next one.
        """
        kept = self._kept.get(domain)
        if kept is None:
            kept = self._kept[domain] = _Kept()
            self._forget()
        self._kept.move_to_end(domain)
        now = io.clock.monotonic()
        due_s = _AGAIN_S if kept.failed else _EVERY_S
        if kept.task is None and (not kept.tried_at or now - kept.tried_at >= due_s):
            self._begin(kept, domain, io)
        if kept.task is not None:
            await asyncio.wait([kept.task])
        if kept.known is not None and io.clock.monotonic() - kept.known_at > _STALE_S:
            return None
        return kept.known

    def recall(self, check_id: str, io: Io) -> bool | None:
        """Look a domain up whose turn at its registry has come; None: that is no check of ours."""
        target = check_id.removesuffix(f"/{Probe.REGISTRATION}")
        if not target.startswith(f"{_NO_TARGET}/"):
            return None
        domain = target.removeprefix(f"{_NO_TARGET}/")
        kept = self._kept.get(domain)
        if kept is None or kept.task is not None:
            return False
        self._begin(kept, domain, io, called=True)
        return True

    def _begin(self, kept: _Kept, domain: str, io: Io, *, called: bool = False) -> None:
        kept.tried_at = io.clock.monotonic()
        kept.task = asyncio.get_running_loop().create_task(self._renew(kept, domain, io, called=called))
        self._tasks.add(kept.task)
        kept.task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _renew(self, kept: _Kept, domain: str, io: Io, *, called: bool) -> None:
        """Look a domain up. Who was called by its registry does not wait here: its turn would pass."""
        check = Check(
            target=f"{_NO_TARGET}/{domain}",
            probe=Probe.REGISTRATION,
            interval_s=_DAY_S,
            timeout_s=_TIMEOUT_S,
            settings=RegistrationSettings(domain=domain),
        )
        kept.failed = True
        try:
            async with nullcontext() if called else self._turns, asyncio.timeout(_TIMEOUT_S):
                facts = await probe_registration(check, io)
            kept.known, kept.known_at, kept.failed = _of(facts), io.clock.monotonic(), False
        except (ProbeError, TimeoutError):
            pass  # what was known stays
        finally:
            kept.task = None

    def _forget(self) -> None:
        """Drop what was used longest ago; a look-up under way ends for those who wait for it."""
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _of(facts: RegistrationFacts) -> ServerDomain:
    return ServerDomain(
        domain=facts.domain,
        registered=facts.registered,
        statuses=facts.statuses,
        expires=facts.expires,
        source=facts.source,
    )
