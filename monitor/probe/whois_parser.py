"""A WHOIS reply becomes facts: our own reading first, python-whois for what is missing.

python-whois knows some eighty national formats, and blocks for as long as a hostile reply likes. It
runs in a process of its own, started at the first need, killed when it does not answer in time,
and started again at the next need. What it says only fills gaps, and only with what stands in the
reply outside its contacts: it makes days up ("before 2001"), and takes a contact for the registrar.
It never decides whether a domain is registered, because it finds "no match" in the terms of use.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from monitor.failure import Failure
from monitor.probe.epp import epp_status, sorted_statuses
from monitor.probe.error import ProbeError
from monitor.probe.names import TEXT_LIMIT, host_name, sorted_hosts
from monitor.probe.text import clean
from monitor.probe.whois_dates import read_date
from monitor.probe.whois_reading import ParsedWhois, Reading, read_whois
from monitor.probe.whois_sections import Section
from monitor.probe.whois_text import entries, lines

__all__ = ["ParsedWhois", "Reading", "WhoisParser"]

_WORKER: Final = Path(__file__).with_name("whois_worker.py")
_ANSWER_LIMIT: Final = 256 * 1024
# Real replies are below 10 kB, and the time that python-whois takes is cubic for some countries.
_TEXT_LIMIT: Final = 16 * 1024
# What a worker that is not there any more, or does not speak our language, looks like.
_BROKEN: Final = (ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
_NO_REGISTRAR: Final = frozenset(
    # No registrar in the reply of these registries: python-whois shows a contact in its place.
    "jp br ar bo de at hr is ie ir be hu il mx kr aq hm int edu mil gov arpa".split()  # noqa: SIM905 - a table of words
)
_NO_EXPIRY: Final = frozenset("de nl eu at be ch li hu gg je as lu aq hm int lv no".split())  # noqa: SIM905 - the same


class WhoisParser:
    """Reads replies; owns the worker process. One reply at a time goes to the worker."""

    def __init__(self, *, deadline_s: float = 5.0) -> None:
        self._deadline_s = deadline_s
        self._worker: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._log = structlog.get_logger(__name__)

    async def parse(self, domain: str, text: str) -> ParsedWhois:
        """Return what the reply says about `domain` (A-labels).

        `reading` UNCLEAR means that the reply could not be understood in time, or is about another
        domain. Raises ProbeError(`local_resources`) when no process can be started.
        """
        record = read_whois(domain, text)
        if record.reading is not Reading.REGISTERED or not _gaps(record, domain) or len(text) > _TEXT_LIMIT:
            return record
        found = await self._ask(domain, text)
        # Gaps that come and go with the load of this machine would read as changes.
        return (
            _fill(record, found, domain, text) if found is not None else ParsedWhois(reading=Reading.UNCLEAR)
        )

    async def aclose(self) -> None:
        """End the worker process."""
        async with self._turn:
            await self._end()

    @property
    def worker_pid(self) -> int | None:
        """Return the process id of the worker while there is one."""
        return self._worker.pid if self._worker else None

    async def _ask(self, domain: str, text: str) -> Mapping[str, Any] | None:
        """Return what python-whois finds; None when it had to be killed, or died of the reply."""
        question = json.dumps({"domain": domain, "text": text}).encode() + b"\n"
        async with self._turn:
            # A worker that was there before may have died since, which is not this reply's fault.
            for is_last in (False, True) if self._worker else (True,):
                try:
                    return await self._try(question)
                except TimeoutError:
                    self._log.info("whois_worker_killed", domain=domain, deadline_s=self._deadline_s)
                    return None
                except _BROKEN as error:
                    if is_last:
                        self._log.info("whois_worker_died", domain=domain, reason=type(error).__name__)
            return None

    async def _try(self, question: bytes) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await _exchange(await self._running(), question)
        except BaseException:
            # Cancelled or not: a late answer would be taken for the one to the next question.
            await self._end()
            raise

    async def _running(self) -> asyncio.subprocess.Process:
        if self._worker is None:
            try:
                self._worker = await asyncio.create_subprocess_exec(
                    sys.executable, "-I", str(_WORKER),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    limit=_ANSWER_LIMIT,
                )  # fmt: skip
            except OSError as error:
                raise ProbeError(
                    Failure.LOCAL_RESOURCES, f"cannot start the WHOIS parser: {error}"
                ) from error
        return self._worker

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.returncode is None:
            worker.kill()
        if worker.stdin is not None:
            worker.stdin.close()
        await worker.wait()


async def _exchange(worker: asyncio.subprocess.Process, question: bytes) -> Mapping[str, Any]:
    if worker.stdin is None or worker.stdout is None:
        return {}
    worker.stdin.write(question)
    await worker.stdin.drain()
    answer = json.loads(await worker.stdout.readuntil(b"\n"))
    return answer if isinstance(answer, dict) else {}


def _gaps(record: ParsedWhois, domain: str) -> bool:
    """Tell whether something is missing that this registry publishes."""
    tld = domain.rpartition(".")[2]
    has_registrar = bool(record.registrar_name) or tld in _NO_REGISTRAR
    has_expiry = bool(record.expires) or tld in _NO_EXPIRY
    return not (has_registrar and has_expiry and record.created and record.name_servers and record.statuses)


def _fill(record: ParsedWhois, found: Mapping[str, Any], domain: str, text: str) -> ParsedWhois:
    """Return the record with its gaps filled from what python-whois found and the reply really shows."""
    tld = domain.rpartition(".")[2]
    texts = {name: [text for text in values if isinstance(text, str)] for name, values in found.items()}
    shown = [entry.value for entry in entries(lines(text)) if entry.section is not Section.CONTACT]
    words = {token.rstrip(".").lower() for value in shown for token in value.split()}
    days = {moment.date() for value in shown if (moment := read_date(value, tld))}
    names = [] if tld in _NO_REGISTRAR else [clean(text, TEXT_LIMIT) for text in texts.get("registrar", [])]
    statuses = [clean(epp_status(text), TEXT_LIMIT) for text in texts.get("statuses", [])]
    hosts = [host for text in texts.get("name_servers", []) if (host := host_name(text.partition(" ")[0]))]
    filled = replace(
        record,
        registrar_name=record.registrar_name or next((n for n in names if n and _stands_in(n, shown)), None),
        statuses=record.statuses or sorted_statuses(s for s in statuses if _stands_in(s, shown)),
        name_servers=record.name_servers or sorted_hosts(host for host in hosts if host in words),
        created=record.created or _moment(texts.get("created", []), days),
        updated=record.updated or _moment(texts.get("updated", []), days),
        expires=record.expires or (None if tld in _NO_EXPIRY else _moment(texts.get("expires", []), days)),
    )
    said = dict(record.date_sources)
    sources = tuple(
        (f, said.get(f, "registry")) for f in ("created", "updated", "expires") if getattr(filled, f)
    )
    return replace(filled, date_sources=sources)


def _stands_in(text: str, shown: list[str]) -> bool:
    return any(value.lower().startswith(text.lower()) for value in shown)


def _moment(texts: list[str], days: set[date]) -> datetime | None:
    """Return the only date; several that differ are a guess, and so is a day that no line shows."""
    moments = set()
    for text in texts:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:  # python-whois hands over what it could not read
            continue
        moments.add(moment.astimezone(UTC))
    only = moments.pop() if len(moments) == 1 else None
    return only if only and only.date() in days else None
