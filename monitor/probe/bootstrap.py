"""IANA's list of RDAP servers (RFC 9224), read with distrust, and kept between two runs.

It decides whom the monitor believes about a registration, so it is believed only whole: the document
has the shape of the RFC, is not older than the one that is known, and still has nearly all of the
domains that the known one has. Rows that cannot be used are left out; a list that lost many is
refused, since a registry is not moved by a mistake in a list.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from monitor.probe.addresses import forbidden
from monitor.probe.names import host_name, suffix_name
from monitor.probe.rdap_answers import Validators

SIZE_LIMIT: Final = 1 << 20
"""Bytes. The real one has 60 kB; parsing one of this size takes 20 ms."""
FILE_NAME: Final = "rdap-bootstrap.json"
# Of the domains that are known, so many have to be in a new list.
_KEPT: Final = 0.9
_MOST_DOMAINS: Final = 20_000
_MOST_URL: Final = 300


class BootstrapError(Exception):
    """A list that is not believed; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """RDAP servers by top-level domain, as IANA lists them."""

    published: datetime
    servers: Mapping[str, str]
    """Suffix (A-labels) -> base URL, ending in a slash."""

    @classmethod
    def bundled(cls) -> Self:
        """Return the snapshot that comes with the package."""
        table = json.loads(files("monitor.probe").joinpath("data", "rdap.json").read_bytes())
        rows = {tld: url for url, tlds in table["servers"].items() for tld in tlds.split()}
        return cls(published=_published(table["published"]), servers=MappingProxyType(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A list that was fetched, and what is needed to ask for the next one."""

    url: str
    checked: datetime
    """When the server last said that this is its list."""
    validators: Validators
    body: bytes


def read_bootstrap(body: bytes, known: Bootstrap) -> Bootstrap:
    """Return the list in a document that is to take the place of `known`; raises BootstrapError."""
    if len(body) > SIZE_LIMIT:
        msg = f"it is longer than {SIZE_LIMIT} bytes"
        raise BootstrapError(msg)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = "it is not JSON"
        raise BootstrapError(msg) from error
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(services, list):
        msg = "it has no services"
        raise BootstrapError(msg)
    published = _published(document.get("publication"))
    if published < known.published:
        msg = f"it is of {published:%Y-%m-%d}, older than the one of {known.published:%Y-%m-%d}"
        raise BootstrapError(msg)
    rows: dict[str, str] = {}
    for service in services:
        rows.update(_rows(service))
        if len(rows) > _MOST_DOMAINS:
            msg = f"it has more than {_MOST_DOMAINS} domains"
            raise BootstrapError(msg)
    kept = sum(tld in rows for tld in known.servers)
    if kept < _KEPT * len(known.servers):
        msg = f"of {len(known.servers)} known domains it has {kept} only"
        raise BootstrapError(msg)
    return Bootstrap(published=published, servers=MappingProxyType(rows))


def _rows(service: object) -> dict[str, str]:
    """Return what one service says, [[domains], [base URLs]]; empty when it cannot be used."""
    match service:
        case [list() as domains, list() as urls]:
            base = _base(urls)
            names = [suffix_name(name) for name in domains if isinstance(name, str)]
            return dict.fromkeys(filter(None, names), base) if base else {}
    return {}


def _base(urls: list[Any]) -> str:
    """Return the base URL to use, TLS before none; empty: there is no good one."""
    usable = [url for url in urls if isinstance(url, str) and _is_usable(url)]
    usable.sort(key=lambda url: not url.lower().startswith("https:"))
    return usable[0].rstrip("/") + "/" if usable else ""


def _is_usable(url: str) -> bool:
    """Tell whether a server that a stranger's list names may be asked: a public one, by its name."""
    if len(url) > _MOST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.port is not None and not parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or parts.query or parts.fragment or "@" in parts.netloc or plain:
        return False
    is_address = forbidden(host) != "not an IP address"
    return not is_address and "." in host.strip(".") and host_name(host) == host


def _published(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None:
        msg = "it does not say when it was published"
        raise BootstrapError(msg)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def load_stored(folder: Path, url: str) -> Stored | None:
    """Return what was fetched from `url` by an earlier run; None: nothing that can be read."""
    try:
        if (folder / FILE_NAME).stat().st_size > 2 * SIZE_LIMIT:
            return None
        row = json.loads((folder / FILE_NAME).read_bytes())
        if row["url"] != url:
            return None
        return Stored(
            url=url,
            checked=_published(row["checked"]),
            validators=Validators(etag=str(row["etag"]), last_modified=str(row["last_modified"])),
            body=str(row["body"]).encode(),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BootstrapError):
        return None


def store(folder: Path, stored: Stored) -> None:
    """Keep a list for the next start: whole, or not at all. Blocks; raises OSError."""
    row = {
        "url": stored.url,
        "checked": stored.checked.isoformat(),
        "etag": stored.validators.etag,
        "last_modified": stored.validators.last_modified,
        "body": stored.body.decode("utf-8", "replace"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    waiting = folder / f".{FILE_NAME}.new"
    with waiting.open("w", encoding="utf-8") as file:
        json.dump(row, file)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(folder / FILE_NAME)
