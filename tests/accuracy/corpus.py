"""Labelled corpora: JSONL files of WHOIS replies, or of addresses, told apart by their keys.

A row of replies: `{"domain", "reply", "expected": {"registered", "registrar", "iana_id", "name_servers",
"created", "updated", "expires", "status"}}`. What the label does not have is left out, null or empty;
`registered` null means a reply that tells nothing of the domain (a refusal, a limit).

A row of addresses: `{"ip", "provider", "list"}`; `provider` is an id of the catalog.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any


class CorpusError(Exception):
    """A corpus that cannot be read; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRow:
    """A WHOIS reply, and what it says."""

    domain: str
    reply: str
    registered: bool | None
    """None: the reply is a refusal."""
    registrar: str | None = None
    iana_id: int | None = None
    name_servers: tuple[str, ...] = ()
    created: str | None = None
    """ISO 8601, as the label has it; days are compared."""
    updated: str | None = None
    expires: str | None = None
    status: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRow:
    """An address, and the provider that publishes it."""

    address: str
    provider: str
    list: str


def read(path: Path) -> Iterator[ReplyRow | AddressRow]:
    """Yield the rows of a corpus; raises CorpusError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: {error}"
        raise CorpusError(message) from error
    # Not splitlines(): a reply may hold any of the other line ends, and JSON escapes a newline only.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _row(json.loads(line))
            except (ValueError, RecursionError) as error:
                message = f"{path}:{number}: {error}"
                raise CorpusError(message) from error


def _row(row: object) -> ReplyRow | AddressRow:
    if not isinstance(row, dict):
        message = "expected a JSON object"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for a line that cannot be used
    if "reply" in row:
        return _reply(row)
    if "ip" in row:
        address = _text(row, "ip")
        ip_address(address)
        return AddressRow(
            address=address, provider=_text(row, "provider"), list=_maybe_text(row, "list") or "?"
        )
    message = "neither a reply (`reply`) nor an address (`ip`)"
    raise ValueError(message)


def _reply(row: dict[str, Any]) -> ReplyRow:
    label = row.get("expected")
    if not isinstance(label, dict) or not isinstance(label.get("registered"), bool | None):
        message = "`expected` with `registered` true, false or null is missing"
        raise ValueError(message)  # noqa: TRY004 - see above
    number = label.get("iana_id")
    return ReplyRow(
        domain=_text(row, "domain"),
        reply=_text(row, "reply"),
        registered=label.get("registered"),
        registrar=_maybe_text(label, "registrar"),
        iana_id=int(number) if number is not None else None,
        name_servers=_texts(label, "name_servers"),
        created=_maybe_text(label, "created"),
        updated=_maybe_text(label, "updated"),
        expires=_maybe_text(label, "expires"),
        status=_texts(label, "status"),
    )


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        message = f"`{key}` is no text"
        raise ValueError(message)  # noqa: TRY004 - see above
    return value


def _maybe_text(row: dict[str, Any], key: str) -> str | None:
    return _text(row, key) or None if row.get(key) is not None else None


def _texts(row: dict[str, Any], key: str) -> tuple[str, ...]:
    values = row.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        message = f"`{key}` is no list of texts"
        raise ValueError(message)
    return tuple(values)
