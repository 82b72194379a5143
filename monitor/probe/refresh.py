"""Keeps IANA's list of RDAP servers fresh while the monitor runs.

Asked with the validators of the list that is kept, so that an unchanged one costs a few hundred bytes.
Whatever fails, the list that is known stays, and the next look is at the usual time.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from monitor.clock import Clock
from monitor.model import HttpSettings
from monitor.probe.bootstrap import (
    SIZE_LIMIT,
    BootstrapError,
    Stored,
    load_stored,
    read_bootstrap,
    store,
)
from monitor.probe.error import ProbeError
from monitor.probe.rdap_answers import Validators, validators_of
from monitor.probe.registries import Registries, is_private_endpoint

if TYPE_CHECKING:
    from monitor.probe.http_client import Exchange, HttpClient

_log: Final = structlog.get_logger("registries")
_DEADLINE_S: Final = 60.0
# The first look of a new monitor: not in the crowd of its first checks.
_FIRST_S: Final = 60.0
_MAX_REDIRECTS: Final = 3
_USER_AGENT: Final = HttpSettings(url="").user_agent


class BootstrapRefresh:
    """Looks for a new list, now and then. `registries` get it when it is believed and kept."""

    def __init__(  # noqa: PLR0913 - what to ask, where to keep it, and the border
        self,
        *,
        url: str,
        every_s: float,
        folder: Path,
        registries: Registries,
        http: "HttpClient",
        clock: Clock,
    ) -> None:
        self._url = url
        self._every_s = every_s
        self._folder = folder
        self._registries = registries
        self._http = http
        self._clock = clock
        self._stored: Stored | None = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        self._stored = await asyncio.to_thread(adopt_stored, self._registries, self._folder, self._url)
        wait_s = _FIRST_S
        if self._stored is not None:
            since_s = (self._clock.now() - self._stored.checked).total_seconds()
            # A clock that was wrong when it was noted puts no look off for longer than usual.
            wait_s = max(_FIRST_S, min(self._every_s, self._every_s - since_s))
        while True:
            await self._clock.sleep(wait_s)
            await self.look()
            wait_s = self._every_s

    async def look(self) -> bool:
        """Ask once; returns whether the list that is known is what the server has now."""
        try:
            async with asyncio.timeout(_DEADLINE_S):
                answer = await self._ask()
            await self._take(answer)
        except (ProbeError, BootstrapError, TimeoutError, OSError) as error:
            _log.warning(
                "rdap_bootstrap_kept",
                url=self._url,
                edition=self._registries.edition,
                reason=str(error) or type(error).__name__,
            )
            return False
        return True

    async def _ask(self) -> "Exchange":
        known = self._stored.validators if self._stored else Validators()
        return await self._http.get(
            self._url,
            user_agent=_USER_AGENT,
            headers=(("Accept", "application/json"), *known.conditions),
            max_redirects=_MAX_REDIRECTS,
            body_limit=SIZE_LIMIT,
            allow_private=is_private_endpoint(self._url),
        )

    async def _take(self, answer: "Exchange") -> None:
        """Use and keep what was answered; raises BootstrapError or OSError and changes nothing."""
        now = self._clock.now()
        if answer.status == 304 and self._stored is not None:  # noqa: PLR2004 - HTTP
            await self._keep(replace(self._stored, checked=now))
            return
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            msg = f"the server answered HTTP {answer.status}"
            raise BootstrapError(msg)
        if answer.truncated:
            msg = "it is not whole, or too long"
            raise BootstrapError(msg)
        before = self._registries.bootstrap
        after = await asyncio.to_thread(read_bootstrap, answer.body, before)
        self._registries.adopt(after)
        validators = validators_of(answer.headers)
        await self._keep(Stored(url=self._url, checked=now, validators=validators, body=answer.body))
        _log.info(
            "rdap_bootstrap_renewed",
            edition=self._registries.edition,
            domains=len(after.servers),
            changed=len(set(after.servers.items()) ^ set(before.servers.items())),
        )

    async def _keep(self, stored: Stored) -> None:
        self._stored = stored
        await asyncio.to_thread(store, self._folder, stored)


def adopt_stored(registries: Registries, folder: Path, url: str) -> Stored | None:
    """Use the list that an earlier run has kept, where it is no older than the known one. Blocks.

    Returns it; None: there is none that can be used, and none whose validators mean anything.
    """
    stored = load_stored(folder, url) if url else None
    if stored is None:
        return None
    try:
        registries.adopt(read_bootstrap(stored.body, registries.bootstrap))
    except BootstrapError as error:
        _log.info("rdap_bootstrap_not_used", edition=registries.edition, reason=str(error))
        return None
    return stored
