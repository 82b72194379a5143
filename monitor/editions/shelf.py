"""Editions on disk: whole or not at all, checked before they are used, and the one before kept.

A file is named by its content and never changed. The manifest beside them says which are in use; it is put
in place by one rename. Whatever breaks off leaves the manifest as it was, and the files that it names.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "manifest.json"
_VERSION: Final = 1
_LONGEST_MANIFEST: Final = 1 << 20


class ShelfError(Exception):
    """The editions on disk cannot be used or changed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A table that names can be looked up in."""

    file: str
    sha256: str
    edition: str
    """Date of the data."""
    rows: int
    made_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a publisher's list said when it was last fetched."""

    file: str
    sha256: str
    rows: int
    fetched_at: str
    asked_at: str
    urls: tuple[str, ...] = ()
    validators: tuple[tuple[str, str], ...] = ()
    """`ETag` and `Last-Modified` of each address, in their order; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that is on the shelf."""

    tables: dict[str, Edition] = field(default_factory=dict)
    previous: dict[str, Edition] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)
    updated_at: str = ""
    """When everything was last asked for with success."""

    @property
    def updated(self) -> datetime | None:
        """Return when everything was last asked for; None: never."""
        return datetime.fromisoformat(self.updated_at) if self.updated_at else None

    @property
    def files(self) -> frozenset[str]:
        """Return the names of all files that are needed."""
        tables = (*self.tables.values(), *self.previous.values())
        return frozenset(row.file for row in tables) | {copy.file for copy in self.copies.values()}


class Shelf:
    """A folder of editions. Every method may wait for the disk: call it off the event loop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self) -> Manifest:
        """Return what is on the shelf, nothing if there is none; raises ShelfError for a damaged one."""
        path = self.folder / MANIFEST
        try:
            with path.open("rb") as file:
                raw = file.read(_LONGEST_MANIFEST)
            return _load(raw)
        except FileNotFoundError:
            return Manifest()
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{path}: cannot be read: {error}"
            raise ShelfError(message) from error

    def path(self, row: Edition | Copy) -> Path:
        """Return where the file of a row is, checked; raises ShelfError when it is not what was put there."""
        path = self.folder / row.file
        try:
            found = _sha256(path)
        except OSError as error:
            message = f"{path}: {error.strerror or error}"
            raise ShelfError(message) from error
        if found != row.sha256:
            message = f"{path}: is damaged: it is not what was stored there"
            raise ShelfError(message)
        return path

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Hold the shelf alone, and give an empty folder to work in; raises ShelfError, OSError."""
        work = self.folder / "incoming"
        work.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"{self.folder}: another update is running"
                raise ShelfError(message) from error
            empty(work)
            try:
                yield work
            finally:
                with suppress(OSError):
                    empty(work)

    def take_in(self, path: Path, stem: str) -> tuple[str, str]:
        """Move a file of the working folder to the shelf; return its name there and its checksum."""
        digest = _sha256(path)
        name = f"{stem}-{digest[:16]}{path.suffix}"
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        path.replace(self.folder / name)
        return name, digest

    def write(self, manifest: Manifest) -> None:
        """Put another manifest in place, and throw away what neither it nor anything else needs."""
        temporary = self.folder / f"{MANIFEST}.new"
        with temporary.open("wb") as file:
            file.write(_dump(manifest))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / MANIFEST)
        _sync_folder(self.folder)
        for path in self.folder.iterdir():
            if path.suffix in {".bin", ".txt"} and path.name not in manifest.files:
                path.unlink(missing_ok=True)

    def put(self, manifest: Manifest, name: str, edition: Edition) -> Manifest:
        """Return the manifest with a new edition of a table; the one in use becomes the one before."""
        before = manifest.tables.get(name)
        previous = {**manifest.previous, name: before} if before else manifest.previous
        return replace(manifest, tables={**manifest.tables, name: edition}, previous=previous)

    def roll_back(self) -> list[str]:
        """Use the editions before these; return the names of the tables. Raises ShelfError, OSError."""
        with self.locked():
            manifest = self.manifest()
            for edition in manifest.previous.values():
                self.path(edition)
            swapped = {**manifest.tables, **manifest.previous}
            before = {name: manifest.tables[name] for name in manifest.previous if name in manifest.tables}
            if manifest.previous:
                self.write(replace(manifest, tables=swapped, previous=before))
            return sorted(manifest.previous)


def _load(raw: bytes) -> Manifest:
    document: dict[str, Any] = json.loads(raw)
    if document["v"] != _VERSION:
        message = f"written in shape {document['v']!r}"
        raise ValueError(message)
    copies = {
        name: Copy(
            **{
                **row,
                "urls": tuple(row["urls"]),
                "validators": tuple((etag, modified) for etag, modified in row["validators"]),
            }
        )
        for name, row in document["copies"].items()
    }
    manifest = Manifest(
        tables={name: Edition(**row) for name, row in document["tables"].items()},
        previous={name: Edition(**row) for name, row in document["previous"].items()},
        copies=copies,
        updated_at=document["updated_at"],
    )
    if any("/" in name or name.startswith(".") for name in manifest.files):
        message = "names a file outside of the folder"
        raise ValueError(message)
    if manifest.updated is not None and manifest.updated.tzinfo is None:
        message = "has a time without a zone"
        raise ValueError(message)
    return manifest


def _dump(manifest: Manifest) -> bytes:
    return json.dumps({"v": _VERSION, **asdict(manifest)}, indent=1, sort_keys=True).encode() + b"\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def empty(folder: Path) -> None:
    """Remove every file in a folder."""
    for path in folder.iterdir():
        path.unlink()
