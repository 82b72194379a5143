"""What authorities say about certificates: asked once for each, then once a day, for all who show it.

`meet` is on the way of every handshake, and only looks: what is known goes into the facts of the page, and
where nothing is, or only what is a day old, the judge asks for a look-up. `look_up` is that. It asks the
authority's responder (OCSP) where the certificate names one, else reads its list (CRL), which is kept for
half a day, for one list answers for thousands of certificates.

- No answer, or none that can be believed, is no word: what was known before stays for a week, and nothing is
  known where nothing was. It is asked again after an hour.
- A server that cannot be reached is left alone for five minutes, whoever's certificate it is about.
- Everything is bounded: certificates that wait, lists that are kept, bytes, servers that are asked.
"""

import asyncio
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.model import Revocation, RevocationState, TlsFacts
from monitor.probe.crl import RevokedList, is_of, read_list, serial_of
from monitor.probe.error import ProbeError
from monitor.probe.ocsp import ocsp_question, read_ocsp
from monitor.probe.proof import Pair, Said, Servers, UnusableError, servers_of

ANSWER_LIMIT: Final = 64 * 1024
LIST_LIMIT: Final = 5 << 20
"""Bytes, of 100,000 certificates. Reading one holds the other threads for 20 ms at most."""
_DAY: Final = timedelta(days=1)
_AGAIN: Final = timedelta(hours=1)
_NEVER: Final = timedelta(days=30)
_STALE: Final = timedelta(days=7)
_REST: Final = timedelta(minutes=5)
_LIST_KEPT: Final = timedelta(hours=12)
_WAITS: Final = timedelta(minutes=2)
_MOST_WAITING: Final = 64
_MOST_KNOWN: Final = 200_000
_MOST_LISTS: Final = 4_096
_MOST_SERIALS: Final = 4_000_000
_MOST_RESTING: Final = 1_000

Ask = Callable[[str, int], Awaitable[bytes]]
"""From an address, and a limit of bytes, to what is answered there; raises ProbeError."""


@dataclass(frozen=True, slots=True)
class _Known:
    word: Revocation
    due: datetime


@dataclass(frozen=True, slots=True)
class _Waiting:
    pair: Pair
    servers: Servers
    since: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    revoked: RevokedList
    fetched_at: datetime


class Revocations:
    """Knows what authorities have said. Belongs to one event loop."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}
        self._lists: OrderedDict[str, _Kept] = OrderedDict()
        self._serials = 0
        self._fetching: dict[str, asyncio.Lock] = {}
        self._resting: dict[str, tuple[datetime, Failure]] = {}

    def meet(
        self, shown: TlsFacts, verified: Callable[[], Sequence[bytes]], now: datetime
    ) -> tuple[Revocation, bool]:
        """Return what is known of a certificate that was shown, and whether its authority is to be asked now.

        Whoever is told so first is to ask; the others are not, meanwhile.
        """
        known = self._known.get(shown.sha256)
        if known is not None and now < known.due:
            return known.word, False
        word = known.word if known is not None else _unknown(shown.sha256, now, "not asked yet")
        if not self._has_room(shown.sha256, now):
            return word, False
        chain = verified()
        if len(chain) < 2:  # noqa: PLR2004 - itself and its authority: one that signs itself has none
            return word, False
        servers = servers_of(chain[0])
        if not (servers.ocsp or servers.crl):
            self._note(_unknown(shown.sha256, now, "it names nobody to ask"), now + _NEVER)
            return self._known[shown.sha256].word, False
        self._waiting[shown.sha256] = _Waiting(Pair(leaf=chain[0], issuer=chain[1]), servers, now)
        return word, True

    async def look_up(self, certificate: str, ask: Ask, clock: Clock) -> Revocation:
        """Return the authority's word, and keep it.

        Raises ProbeError, with what is known all the same, when there is none to be had.
        """
        waiting = self._waiting.get(certificate)
        if waiting is None:
            known = self._known.get(certificate)
            return known.word if known else _unknown(certificate, clock.now(), "it is not at hand any more")
        word = _unknown(certificate, clock.now(), "no answer in time")
        failed: ProbeError | None = None
        try:
            word = await self._ask(certificate, waiting, ask, clock)
        except ProbeError as error:
            word, failed = replace(word, detail=str(error)), error
        finally:
            self._waiting.pop(certificate, None)
            word = self._settle(word, clock.now(), failed=failed is not None or word.source == "")
        if failed is not None:
            raise ProbeError(failed.failure, failed.detail, facts=word) from failed
        return word

    def _has_room(self, certificate: str, now: datetime) -> bool:
        """Tell whether one more certificate may wait; those that nobody came for make room."""
        if certificate in self._waiting or len(self._waiting) >= _MOST_WAITING:
            for key, waiting in tuple(self._waiting.items()):
                if not timedelta() <= now - waiting.since < _WAITS:
                    del self._waiting[key]
        return certificate not in self._waiting and len(self._waiting) < _MOST_WAITING

    def _settle(self, word: Revocation, now: datetime, *, failed: bool) -> Revocation:
        """Keep a word; a look-up that failed is none, and what was said in the last week stays."""
        if not failed:
            self._note(word, now + _DAY)
            return word
        before = self._known.get(word.sha256)
        if before is not None and before.word.source and now - before.word.checked_at < _STALE:
            word = before.word
        self._note(word, now + _AGAIN)
        return word

    def _note(self, word: Revocation, due: datetime) -> None:
        self._known[word.sha256] = _Known(word, due)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    async def _ask(self, certificate: str, waiting: _Waiting, ask: Ask, clock: Clock) -> Revocation:
        """Return the first word that one of the servers gives; raises ProbeError when none does."""
        first: ProbeError | None = None
        unknown: Revocation | None = None
        ways = [("ocsp", url) for url in waiting.servers.ocsp] + [("crl", url) for url in waiting.servers.crl]
        for source, url in ways:
            try:
                if source == "ocsp":
                    said = await self._by_ocsp(url, waiting.pair, ask, clock)
                else:
                    said = await self._by_list(url, waiting, ask, clock)
            except ProbeError as error:
                first = first or error
                continue
            word = _word(certificate, said, source, url, clock.now())
            if word.state is not RevocationState.UNKNOWN:
                return word
            unknown = unknown or word
        if unknown is not None:
            return unknown
        raise first or ProbeError(Failure.REVOCATION_UNUSABLE, "nobody to ask")

    async def _by_ocsp(self, url: str, pair: Pair, ask: Ask, clock: Clock) -> Said:
        with _unusable(url):
            question = b64encode(ocsp_question(pair)).decode()
        answer = await self._answer(f"{url.rstrip('/')}/{quote(question, safe='')}", ANSWER_LIMIT, ask, clock)
        with _unusable(url):
            return await asyncio.to_thread(read_ocsp, answer, pair, clock.now())

    async def _by_list(self, url: str, waiting: _Waiting, ask: Ask, clock: Clock) -> Said:
        pair = waiting.pair
        with _unusable(url):
            serial = serial_of(pair)
        lock = self._fetching.setdefault(url, asyncio.Lock())
        try:
            async with lock:  # who waited finds the list there
                with _unusable(url):
                    kept = self._list(url, waiting, clock.now())
                if kept is not None and not kept.may_hold(serial):
                    return Said(state=RevocationState.GOOD)
                answer = await self._answer(url, LIST_LIMIT, ask, clock)
                with _unusable(url):
                    revoked, said = await asyncio.to_thread(read_list, answer, pair, clock.now())
                    if not is_of(revoked, pair, waiting.servers.crl):
                        message = "the list is of other certificates of the authority"
                        raise UnusableError(message)
                    self._keep(url, revoked, clock.now())
                    return said
        finally:
            if not lock.locked():
                self._fetching.pop(url, None)

    def _list(self, url: str, waiting: _Waiting, now: datetime) -> RevokedList | None:
        kept = self._lists.get(url)
        if kept is None or not is_of(kept.revoked, waiting.pair, waiting.servers.crl):
            return None
        if now > kept.revoked.until or not timedelta() <= now - kept.fetched_at < _LIST_KEPT:
            return None
        self._lists.move_to_end(url)
        return kept.revoked

    def _keep(self, url: str, revoked: RevokedList, now: datetime) -> None:
        before = self._lists.pop(url, None)
        self._serials += len(revoked) - (len(before.revoked) if before else 0)
        self._lists[url] = _Kept(revoked, now)
        while self._lists and (len(self._lists) > _MOST_LISTS or self._serials > _MOST_SERIALS):
            _, dropped = self._lists.popitem(last=False)
            self._serials -= len(dropped.revoked)

    async def _answer(self, url: str, limit: int, ask: Ask, clock: Clock) -> bytes:
        """Return what a server answers; one that cannot be reached is left alone for a while."""
        server = urlsplit(url).netloc
        until, failure = self._resting.get(server, (None, Failure.UNKNOWN))
        if until is not None and timedelta() < until - clock.now() <= _REST:
            raise ProbeError(failure, f"{server} is left alone until {until:%H:%M} UTC")
        try:
            answer = await ask(url, limit)
        except ProbeError as error:
            if error.failure is not Failure.REVOCATION_UNUSABLE:
                self._rest(server, clock.now(), error.failure)
            raise
        except asyncio.CancelledError:
            self._rest(server, clock.now(), Failure.HTTP_TIMEOUT)  # it has used up all the time there was
            raise
        self._resting.pop(server, None)
        return answer

    def _rest(self, server: str, now: datetime, failure: Failure) -> None:
        if len(self._resting) >= _MOST_RESTING:
            self._resting.clear()
        self._resting[server] = (now + _REST, failure)


class _unusable:  # noqa: N801 - a context manager
    """Turns what cannot be believed into the failure of a look-up."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnusableError):
            raise ProbeError(Failure.REVOCATION_UNUSABLE, f"{self._url}: {error}") from error


def _word(certificate: str, said: Said, source: str, url: str, now: datetime) -> Revocation:
    unknown = said.state is RevocationState.UNKNOWN
    return Revocation(
        sha256=certificate,
        state=said.state,
        checked_at=now,
        source=source,
        server=url,
        revoked_at=said.revoked_at,
        reason=said.reason,
        detail="its authority does not know it" if unknown else "",
    )


def _unknown(certificate: str, now: datetime, detail: str) -> Revocation:
    return Revocation(sha256=certificate, state=RevocationState.UNKNOWN, checked_at=now, detail=detail)
