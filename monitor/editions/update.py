"""One round of fetching: ask each source, read what it says, and take up what is good.

A source that fails, or says something that cannot be right, costs nothing: what was had of it stays.
Reading and building happen in processes of their own (`worker`); on the event loop there is only waiting.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog

from monitor.attribute import AsTable, PublishedRanges
from monitor.clock import Clock
from monitor.editions.shelf import Copy, Edition, Manifest, Shelf, ShelfError, empty
from monitor.editions.sources import AS_TABLE as AS_SOURCE
from monitor.editions.sources import Source
from monitor.editions.tables import AS_TABLE, PUBLISHED
from monitor.probe.error import ProbeError
from monitor.probe.http_client import Exchange, HttpClient
from monitor.probe.registries import is_private_endpoint

_log: Final = structlog.get_logger("editions")

_OK: Final = 200
_NOT_MODIFIED: Final = 304
_FETCH_S: Final = 120.0
_WORK_S: Final = 300.0
_LEAST: Final = 0.5


class Outcome(StrEnum):
    """How it went with one source or table."""

    NEW = "new"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it went with one source or table."""

    name: str
    outcome: Outcome
    rows: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a round."""

    sources: tuple[Result, ...]
    tables: tuple[Result, ...]

    @property
    def failed(self) -> bool:
        """Tell whether anything failed."""
        return any(result.outcome is Outcome.FAILED for result in (*self.sources, *self.tables))

    @property
    def renewed(self) -> bool:
        """Tell whether there is another table than before."""
        return any(result.outcome is Outcome.NEW for result in self.tables)


class UpdateError(Exception):
    """One source or table cannot be updated; the message says why."""


@dataclass(slots=True, kw_only=True)
class _Fetched:
    bodies: list[bytes] = field(default_factory=list)
    validators: list[tuple[str, str]] = field(default_factory=list)
    unchanged: bool = False


@dataclass(slots=True, kw_only=True)
class Updater:
    """Fetches editions on to a shelf. `sources`: those that are to be asked, with their addresses."""

    shelf: Shelf
    sources: Mapping[str, Source]
    http: HttpClient
    clock: Clock
    user_agent: str
    pinned: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 that the files of a source must have, by its name."""
    base: Path = PublishedRanges.PATH
    """Published ranges of the providers that are not fetched."""
    fetch_s: float = _FETCH_S
    work_s: float = _WORK_S

    async def run(self, *, force: bool = False, only: Collection[str] = ()) -> Report:
        """Ask the sources; raises ShelfError or OSError when nothing can be stored at all.

        `force` takes what is less than half of what was there before. `only`: these sources.
        """
        lock = self.shelf.locked()
        work = await asyncio.to_thread(lock.__enter__)
        try:
            return await _Round(self, work, force=force).run(only)
        finally:
            await asyncio.to_thread(lock.__exit__, None, None, None)


class _Round:
    """One round, in a working folder that is thrown away after it."""

    def __init__(self, updater: Updater, work: Path, *, force: bool) -> None:
        self._updater = updater
        self._work = work
        self._force = force
        self._now = updater.clock.now().isoformat(timespec="seconds")
        self._manifest = Manifest()

    async def run(self, only: Collection[str]) -> Report:
        shelf = self._updater.shelf
        try:
            self._manifest = await asyncio.to_thread(shelf.manifest)
        except ShelfError as error:
            # What cannot be read is of no use to anybody: begin anew.
            _log.error("editions_unreadable", error=str(error))
        wanted = [source for name, source in self._updater.sources.items() if not only or name in only]
        results = [await self._source(source) for source in wanted]
        new = {result.name: result for result in results if result.outcome is Outcome.NEW}
        tables = [replace(result, name=AS_TABLE) for name, result in new.items() if name == AS_SOURCE]
        if new.keys() - {AS_SOURCE}:
            tables.append(await self._merge())
        # One source that does not answer must not have all the others asked again in some hours.
        if not only and any(result.outcome is not Outcome.FAILED for result in results):
            self._manifest = replace(self._manifest, updated_at=self._now)
        await asyncio.to_thread(shelf.write, self._manifest)
        return Report(sources=tuple(results), tables=tuple(tables))

    async def _source(self, source: Source) -> Result:
        try:
            return await self._take(source)
        except (UpdateError, ProbeError) as error:
            detail = str(error)
        except TimeoutError:
            detail = f"did not answer within {self._updater.fetch_s:g} s"
        except OSError as error:
            detail = f"{self._updater.shelf.folder}: {error.strerror or error}"
        finally:
            await asyncio.to_thread(empty, self._work)
        _log.warning("edition_refused", source=source.name, error=detail)
        return Result(name=source.name, outcome=Outcome.FAILED, detail=detail)

    async def _take(self, source: Source) -> Result:
        """Fetch and read one source; raises UpdateError, ProbeError, OSError, TimeoutError."""
        known = await self._known(source)
        fetched = await self._fetch(source, known)
        if known is not None and fetched.unchanged:
            self._remember(source, replace(known, asked_at=self._now))
            return Result(name=source.name, outcome=Outcome.UNCHANGED, rows=known.rows)
        await asyncio.to_thread(self._check_pin, source, fetched)
        raw = [self._work / f"{source.name}.{index}" for index in range(len(fetched.bodies))]
        for path, body in zip(raw, fetched.bodies, strict=True):
            await asyncio.to_thread(path.write_bytes, body)
        job = {"raw": [str(path) for path in raw], "most_unpacked": source.most_unpacked}
        if source.name == AS_SOURCE:
            out, stem = self._work / "as-table.bin", AS_TABLE
            job |= {"kind": "as_table", "edition": self._now[:10]}
        else:
            out, stem = self._work / f"{source.name}.txt", source.name
            job |= {"kind": "list", "format": source.format}
        rows = await self._job({**job, "out": str(out)})
        await self._check_size(source, known, rows)
        file, digest = await asyncio.to_thread(self._updater.shelf.take_in, out, stem)
        copy = Copy(
            file=file,
            sha256=digest,
            rows=rows,
            fetched_at=self._now,
            asked_at=self._now,
            urls=source.urls,
            validators=tuple(fetched.validators),
        )
        same = known is not None and known.sha256 == digest
        self._remember(source, copy)
        if source.name == AS_SOURCE and not same:
            edition = Edition(file=file, sha256=digest, edition=self._now[:10], rows=rows, made_at=self._now)
            self._manifest = self._updater.shelf.put(self._manifest, AS_TABLE, edition)
        return Result(name=source.name, outcome=Outcome.UNCHANGED if same else Outcome.NEW, rows=rows)

    async def _known(self, source: Source) -> Copy | None:
        """Return what was had of a source, if it is still there and from the same addresses."""
        copy = self._manifest.copies.get(source.name)
        if copy is None or copy.urls != source.urls:
            return None
        try:
            await asyncio.to_thread(self._updater.shelf.path, copy)
        except ShelfError:
            return None
        return copy

    def _remember(self, source: Source, copy: Copy) -> None:
        self._manifest = replace(self._manifest, copies={**self._manifest.copies, source.name: copy})

    async def _fetch(self, source: Source, known: Copy | None) -> _Fetched:
        """Return the files of a source, or that none of them has changed."""
        if not source.urls:
            message = f"has no address that lasts; write one: [data] urls = {{ {source.name} = … }}"
            raise UpdateError(message)
        validators = known.validators if known is not None else ()
        if len(validators) == len(source.urls):
            answers = [
                await self._get(source, url, conditions)
                for url, conditions in zip(source.urls, validators, strict=True)
            ]
            if all(answer.status == _NOT_MODIFIED for answer in answers):
                return _Fetched(unchanged=True)
        else:
            answers = []
        found = _Fetched()
        for index, url in enumerate(source.urls):
            # Of a list in several files that changed in part, every file is needed.
            have = answers[index] if answers and answers[index].status == _OK else None
            answer = have or await self._get(source, url, ("", ""))
            if answer.status != _OK:
                message = f"{url}: answered HTTP {answer.status}"
                raise UpdateError(message)
            found.bodies.append(answer.body)
            found.validators.append((answer.header("etag") or "", answer.header("last-modified") or ""))
        return found

    async def _get(self, source: Source, url: str, conditions: tuple[str, str]) -> Exchange:
        etag, modified = conditions
        headers = [("Accept", "*/*")]
        headers += [("If-None-Match", etag)] if etag else []
        headers += [("If-Modified-Since", modified)] if modified else []
        async with asyncio.timeout(self._updater.fetch_s):
            answer = await self._updater.http.get(
                url,
                user_agent=self._updater.user_agent,
                headers=tuple(headers),
                max_redirects=5,
                body_limit=source.most_bytes,
                allow_private=is_private_endpoint(url),
            )
        if answer.truncated:
            message = f"{url}: is cut, or has more than {source.most_bytes} bytes"
            raise UpdateError(message)
        return answer

    def _check_pin(self, source: Source, fetched: _Fetched) -> None:
        pinned = self._updater.pinned.get(source.name)
        if not pinned:
            return
        found = hashlib.sha256(b"".join(fetched.bodies)).hexdigest()
        if pinned != found:
            message = f"has the checksum {found}, not {pinned}"
            raise UpdateError(message)

    async def _check_size(self, source: Source, known: Copy | None, rows: int) -> None:
        """Refuse what has shrunk by more than half: a list that lost its rows is seldom meant so."""
        if self._force:
            return
        before = known.rows if known is not None else await asyncio.to_thread(self._bundled, source)
        if rows < before * _LEAST:
            message = f"has {rows} rows, and had {before}; --force takes it all the same"
            raise UpdateError(message)

    def _bundled(self, source: Source) -> int:
        """Return how many rows are known of a source that was never fetched."""
        if source.name == AS_SOURCE:
            return AsTable.bundled().size
        ranges = PublishedRanges.load(self._updater.base)
        return sum(1 for row in ranges.rows() if row[1] == source.provider)

    async def _merge(self) -> Result:
        """Build the table of published ranges from all that was fetched, and what is bundled."""
        shelf, out = self._updater.shelf, self._work / f"{PUBLISHED}.bin"
        try:
            lists: dict[str, str] = {}
            for name, copy in self._manifest.copies.items():
                source = self._updater.sources.get(name)
                if source is not None and source.provider:
                    lists[source.provider] = str(await asyncio.to_thread(shelf.path, copy))
            edition = self._now[:10]
            job = {"kind": "published", "lists": lists, "base": str(self._updater.base)}
            rows = await self._job({**job, "edition": edition, "out": str(out)})
            file, digest = await asyncio.to_thread(shelf.take_in, out, PUBLISHED)
        except (UpdateError, ShelfError) as error:
            return Result(name=PUBLISHED, outcome=Outcome.FAILED, detail=str(error))
        except OSError as error:
            detail = f"{shelf.folder}: {error.strerror or error}"
            return Result(name=PUBLISHED, outcome=Outcome.FAILED, detail=detail)
        known = self._manifest.tables.get(PUBLISHED)
        if known is not None and known.sha256 == digest:
            return Result(name=PUBLISHED, outcome=Outcome.UNCHANGED, rows=rows)
        row = Edition(file=file, sha256=digest, edition=edition, rows=rows, made_at=self._now)
        self._manifest = shelf.put(self._manifest, PUBLISHED, row)
        return Result(name=PUBLISHED, outcome=Outcome.NEW, rows=rows)

    async def _job(self, job: dict[str, Any]) -> int:
        """Have a process carry out a job; return the rows. Raises UpdateError."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "monitor.editions.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self._updater.work_s):
                said, _ = await process.communicate(json.dumps(job).encode())
        except TimeoutError as error:
            message = f"took longer than {self._updater.work_s:g} s to read"
            raise UpdateError(message) from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        answer = json.loads(said) if said else {"error": "the process that reads it ended early"}
        if "error" in answer:
            raise UpdateError(answer["error"])
        return int(answer["rows"])
