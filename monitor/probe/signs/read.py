"""TOML -> signatures. Says which file, table and key is wrong."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from monitor.model import About, Confidence, SignKind

EDITION_FILE: Final = "edition.toml"
GROUPS: Final = ("status", "headers", "cookies", "title", "body", "url", "ns")
"""What a signature looks at; what `rules` are made of."""

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEYS: Final = frozenset({*GROUPS, "confidence", "about", "who", "rules", "sources", "note"})
_LONGEST: Final = 80
_SHORTEST: Final = 4


class SignatureError(ValueError):
    """A file of signatures is wrong; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One kind of page of one maker, and what it is recognised by. Texts are in lower case."""

    id: str
    kind: SignKind
    about: About
    confidence: Confidence
    who: str
    sources: tuple[str, ...]
    rules: tuple[tuple[str, ...], ...]
    """Alternatives; each names the groups that must all be there."""
    status: tuple[int, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """Name, and what its value contains; empty: the header is there."""
    cookies: tuple[str, ...] = ()
    """How `name=value` begins."""
    title: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    ns: tuple[str, ...] = ()
    """Suffixes of name servers, without a leading dot."""


def read_bundled() -> tuple[str, tuple[Signature, ...]]:
    """Return the edition and the signatures that ship with this package; raises SignatureError."""
    return read_folder(files(__package__))


def read_folder(folder: Traversable) -> tuple[str, tuple[Signature, ...]]:
    """Return the edition and the signatures of a folder: one file for each kind; raises SignatureError."""
    tables = {
        file.name: _parse(file)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    }
    edition = tables.pop(EDITION_FILE, {})
    sources = edition.get("sources", {})
    found: dict[str, Signature] = {}
    for name, rows in tables.items():
        for key, row in rows.items():
            where = f"{name}: [{key}]"
            if key in found:
                _fail(where, "is there already, as a signature of another kind")
            found[key] = _signature(where, name.removesuffix(".toml"), key, row, sources)
    return str(edition.get("edition", "")), tuple(found.values())


def _parse(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{file.name}: not TOML: {error}"
        raise SignatureError(message) from error


def _fail(where: str, problem: str) -> None:
    message = f"{where}: {problem}"
    raise SignatureError(message)


def _signature(where: str, kind: str, key: str, row: object, sources: Mapping[str, Any]) -> Signature:
    if kind not in list(SignKind):
        _fail(where, f"{kind!r} is no kind of page")
    if not _ID.fullmatch(key):
        _fail(where, "an id is lower-case letters, digits and single hyphens")
    if not isinstance(row, dict) or row.keys() - _KEYS:
        _fail(where, f"unknown key among {', '.join(map(str, row)) if isinstance(row, dict) else row!r}")
    assert isinstance(row, dict)  # noqa: S101 - told above
    rules = _rules(where, row)
    if not row.get("sources") or not set(row["sources"]) <= set(sources):
        _fail(where, f"sources: at least one of {', '.join(sources)}")
    lists = {group: _texts(where, row, group) for group in GROUPS if group not in {"status", "headers"}}
    usual = About.VISITOR if kind == SignKind.CHALLENGE else About.SITE
    return Signature(
        id=key,
        kind=SignKind(kind),
        about=About(_word(where, "about", row.get("about", usual), list(About))),
        confidence=Confidence(_word(where, "confidence", row.get("confidence"), list(Confidence))),
        who=str(row.get("who", "")),
        sources=tuple(row["sources"]),
        rules=rules,
        status=tuple(_codes(where, row.get("status", []))),
        headers=tuple(_header(text) for text in _texts(where, row, "headers")),
        **lists,
    )


def _rules(where: str, row: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    rules = row.get("rules")
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, list) and rule for rule in rules):
        _fail(where, "rules: expected a list of lists")
        return ()
    named = {group for rule in rules for group in rule}
    there = {group for group in GROUPS if row.get(group)}
    if named != there:
        _fail(where, f"rules name {sorted(named)}, and there are {sorted(there)}")
    return tuple(tuple(rule) for rule in rules)


def _word(where: str, key: str, value: object, known: Collection[str]) -> str:
    if value not in known:
        _fail(where, f"{key}: {value!r} is none of {', '.join(known)}")
    return str(value)


def _codes(where: str, value: list[object]) -> tuple[int, ...]:
    codes = tuple(code for code in value if type(code) is int and 200 <= code <= 999)  # noqa: PLR2004
    if len(codes) != len(value):
        _fail(where, "status: expected status codes")
    return codes


def _texts(where: str, row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts of a list in lower case; short ones would be found anywhere."""
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        _fail(where, f"{key}: expected a list of texts")
    for text in value:
        if not (_SHORTEST <= len(text) <= _LONGEST and text.isprintable() and "  " not in text):
            _fail(where, f"{key}: {text!r} is no text of {_SHORTEST} to {_LONGEST} characters on one line")
    if len(set(value)) != len(value):
        _fail(where, f"{key}: something stands there twice")
    return tuple(text.lower() for text in value)


def _header(text: str) -> tuple[str, str]:
    name, _, contained = text.partition(":")
    return name.strip(), contained.strip()
