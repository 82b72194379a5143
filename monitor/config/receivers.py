"""Receivers of events: where to, signed with what, and which events."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Iterable
from typing import Final
from unicodedata import normalize
from urllib.parse import urlsplit

from monitor.config.names import is_address, parse_host
from monitor.config.problem import Place, Problems
from monitor.config.schema import ReceiverTable
from monitor.config.secret import Secret
from monitor.config.settings import ReceiverSettings
from monitor.config.sources import Sources
from monitor.config.wording import MisfitError, meant, refuse, shown
from monitor.model import EventType, Severity

_PREFIX: Final = "whsec_"
_MAKE_ONE: Final = 'make one with: echo "whsec_$(openssl rand -base64 32)"'
_KEY_BYTES: Final = range(24, 65)
"""Standard Webhooks 1.0, "Signature scheme"."""


def build_receivers(
    rows: Iterable[tuple[Place, ReceiverTable]],
    *,
    targets: Collection[str],
    sources: Sources,
    problems: Problems,
) -> tuple[ReceiverSettings, ...]:
    """Return the receivers; every mistake is noted."""
    seen: dict[str, Place] = {}
    found = []
    for place, table in rows:
        name = table.name or ""
        first = seen.setdefault(name, place) if name else place
        if first is not place:
            problems.add(place.at("name"), f"{shown(name)} is the name of {problems.where(first)} too")
        elif not name and not problems.touch(place.at("name").loc):
            problems.add(place.at("name"), 'is missing; every receiver has one, as in name = "ops"')
        receiver = _receiver(place, table, targets, sources, problems)
        _check_targets(place, table, targets, problems)
        if receiver is not None:
            found.append(receiver)
    return tuple(found)


def _receiver(
    place: Place, table: ReceiverTable, targets: Collection[str], sources: Sources, problems: Problems
) -> ReceiverSettings | None:
    """Return one receiver; None: its address or its key cannot be used, and that is noted."""
    url = _secret(sources.one(table, place, "url", required=True), _url, problems)
    secret = _secret(sources.one(table, place, "secret", required=True), _key, problems)
    headers = sources.headers(table.headers, place.at("headers"))
    if url is None or secret is None:
        return None
    return ReceiverSettings(
        name=table.name or "",
        type=table.type,
        url=url,
        secret=secret,
        headers=headers,
        timeout_s=table.timeout,
        events=_events(table.events),
        min_severity=Severity(table.min_severity),
        targets=_names(table.targets, targets),
    )


def _secret(
    found: tuple[Place, str] | None, read: Callable[[str], Secret], problems: Problems
) -> Secret | None:
    """Return what `read` makes of a value; None: nothing, and that is noted."""
    if found is None:
        return None
    try:
        return read(found[1])
    except ValueError as error:
        problems.add(found[0], str(error))
        return None


def _url(text: str) -> Secret:
    """Return the address of a webhook; raises ValueError that does not show it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        refuse("is not a web address: its host or port cannot be read")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        refuse('is not a web address; it begins with "https://" or "http://"')
    if not text.isprintable() or any(char.isspace() for char in text):
        refuse("is not a web address: it has a space or a control character inside")
    host = parts.hostname if is_address(parts.hostname) else _host(parts.hostname)
    origin = f"[{host}]" if ":" in host else host
    return Secret(text, shown=f"{parts.scheme}://{origin}{f':{port}' if port else ''}/…")


def _host(host: str) -> str:
    """Return the host of a receiver; `localhost` and names of a local network are names as well."""
    return host if host.isascii() and host.isalnum() and not host.isdigit() else parse_host(host)


def _key(text: str) -> Secret:
    """Return the signing key; raises ValueError that does not show it."""
    if not text.startswith(_PREFIX):
        refuse(f'is no key of Standard Webhooks: it does not begin with "{_PREFIX}"; {_MAKE_ONE}')
    try:
        key = b64decode(text.removeprefix(_PREFIX), validate=True)
    except (Base64Error, ValueError):
        refuse(f'is no key of Standard Webhooks: what follows "{_PREFIX}" is not Base64; {_MAKE_ONE}')
    if len(key) not in _KEY_BYTES:
        refuse(f"is a key of {len(key)} bytes; Standard Webhooks wants 24 to 64; {_MAKE_ONE}")
    return Secret(text)


def _events(names: list[str] | None) -> frozenset[EventType]:
    """Return the event types that the names and groups (`platform.incident.*`) stand for."""
    if names is None or "*" in names:
        return frozenset(EventType)
    groups = tuple(name.removesuffix("*") for name in names if name.endswith(".*"))
    return frozenset(type_ for type_ in EventType if type_ in names or type_.startswith(groups))


def _spelled(name: str) -> str:
    """Return the name of a target; a domain in another spelling is the same target."""
    try:
        return parse_host(name)
    except MisfitError:
        return normalize("NFC", name.strip())


def _names(names: list[str] | None, targets: Collection[str]) -> frozenset[str] | None:
    """Return the targets that are meant; None: all."""
    return None if names is None else frozenset(name if name in targets else _spelled(name) for name in names)


def _check_targets(place: Place, table: ReceiverTable, targets: Collection[str], problems: Problems) -> None:
    """Note names that no target has."""
    for index, name in enumerate(table.targets or ()):
        if name not in targets and _spelled(name) not in targets:
            problems.add(
                place.at("targets", index), f"there is no target {shown(name)}{meant(name, targets)}"
            )
