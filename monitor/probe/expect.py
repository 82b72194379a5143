"""Whether an answer is as the user says it must be: facts, with what was there instead.

Texts are looked for where a reader and where a program would find them: in the visible text, and in the
source of the page. What was read in a body is remembered by its hash: a page that stays the same is
not searched again.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from monitor.model import Expect, Expected, JsonScalar, TlsFacts, Unmet
from monitor.model import expect as keys
from monitor.probe.page import Page, decoded
from monitor.probe.text import clean, one_line

if TYPE_CHECKING:
    from monitor.probe.http_client import Exchange

_REMEMBERED: Final = 1024
_SHOWN: Final = 100
_MOST_UNMET: Final = 8
_LARGEST_JSON: Final = 2 << 20
"""Bytes: reading a larger one would keep everybody else waiting."""

Verdicts = tuple[Unmet | str, ...]
"""Of each condition: its key when it is met, or what was there instead."""


class Expectations:
    """Holds answers against conditions; what a body said is remembered."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._read: OrderedDict[tuple[str, str, Expect], Verdicts] = OrderedDict()

    def hold(self, expect: Expect, exchange: "Exchange", page: Page | None, elapsed_s: float) -> Expected:
        """Return what became of the conditions; never raises, whatever the answer is."""
        found = [
            *_of_status(expect, exchange.status),
            *self._of_body(expect, exchange, page),
            *_of_certificate(expect, exchange.tls),
            *_of_time(expect, elapsed_s),
        ]
        unmet = [one for one in found if isinstance(one, Unmet)]
        failed = {one.condition for one in unmet}
        met = dict.fromkeys(one for one in found if isinstance(one, str) and one not in failed)
        return Expected(met=tuple(met), unmet=tuple(unmet[:_MOST_UNMET]))

    def _of_body(self, expect: Expect, exchange: "Exchange", page: Page | None) -> Verdicts:
        if not (expect.contains or expect.not_contains or expect.title or expect.min_text or expect.json):
            return ()
        kind = exchange.header("content-type") or ""
        key = (page.sha256 if page else "", kind[:200], expect)
        known = self._read.get(key)
        if known is not None:
            self._read.move_to_end(key)
            return known
        found = self._read[key] = (
            *_of_texts(expect, exchange.body, kind),
            *_of_page(expect, page),
            *_of_json(expect, exchange.body),
        )
        if len(self._read) > self._remembered:
            self._read.popitem(last=False)
        return found


def _of_status(expect: Expect, status: int) -> Iterator[Unmet | str]:
    if not expect.status:
        return
    if any(first <= status <= last for first, last in expect.status):
        yield keys.STATUS
        return
    wanted = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in expect.status)
    yield _unmet(keys.STATUS, wanted, str(status))


def _of_texts(expect: Expect, body: bytes, content_type: str) -> Iterator[Unmet | str]:
    if not (expect.contains or expect.not_contains):
        return
    source, visible = decoded(body, content_type)
    # A phrase is one line; the source may break it anywhere.
    places = (visible.casefold(), one_line(source).casefold())
    for text in expect.contains:
        there = any(text.casefold() in place for place in places)
        yield keys.CONTAINS if there else _unmet(keys.CONTAINS, text, "not on the page")
    for text in expect.not_contains:
        there = any(text.casefold() in place for place in places)
        yield _unmet(keys.NOT_CONTAINS, f"no {text}", "it is on the page") if there else keys.NOT_CONTAINS


def _of_page(expect: Expect, page: Page | None) -> Iterator[Unmet | str]:
    title, length = (page.title, page.text_length) if page else (None, 0)
    if expect.title:
        met = _one_of(expect.title, (title or "",))
        yield keys.TITLE if met else _unmet(keys.TITLE, " or ".join(expect.title), title or "no title")
    if expect.min_text is not None:
        met = length >= expect.min_text
        wanted = f"{expect.min_text} characters"
        yield keys.MIN_TEXT if met else _unmet(keys.MIN_TEXT, wanted, f"{length} characters")


def _of_json(expect: Expect, body: bytes) -> Iterator[Unmet | str]:
    if not expect.json:
        return
    fault, document = _parsed(body)
    for path, wanted in expect.json:
        seen = fault or _difference(_at(document, path.split(".")), wanted)
        yield _unmet(keys.JSON, f"{path} = {_written(wanted)}", seen) if seen else keys.JSON


def _parsed(body: bytes) -> tuple[str, object]:
    """Return what is wrong with a JSON document, and the document."""
    if len(body) > _LARGEST_JSON:
        return f"{len(body)} bytes: too large to be read", None
    try:
        return "", json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not text, a number without end, nested without end
        return "the body is no JSON", None


class _Nothing:
    """What is at a path that leads nowhere; JSON's null is something."""


def _at(document: object, steps: Iterable[str]) -> object:
    """Return what is at a path: names of an object, positions in a list."""
    here = document
    for step in steps:
        if isinstance(here, dict) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isascii() and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return _Nothing
    return here


def _difference(seen: object, wanted: JsonScalar) -> str:
    """Return what is there instead; empty: it is what is wanted. True is no 1, and 1 is 1.0."""
    if seen is _Nothing:
        return "nothing there"
    if isinstance(seen, bool) is isinstance(wanted, bool) and seen == wanted:
        return ""
    if isinstance(seen, dict | list):
        return "an object" if isinstance(seen, dict) else "a list"
    return _written(seen)


def _written(value: object) -> str:
    return json.dumps(value[:_SHOWN] if isinstance(value, str) else value, ensure_ascii=False)


def _of_certificate(expect: Expect, tls: TlsFacts | None) -> Iterator[Unmet | str]:
    if not expect.certificate_issuer:
        return
    names = (tls.issuer_organization or "", tls.issuer) if tls else ()
    if _one_of(expect.certificate_issuer, names):
        yield keys.CERTIFICATE_ISSUER
        return
    seen = ", ".join(filter(None, names)) or ("nobody named" if tls else "no certificate")
    yield _unmet(keys.CERTIFICATE_ISSUER, " or ".join(expect.certificate_issuer), seen)


def _of_time(expect: Expect, elapsed_s: float) -> Iterator[Unmet | str]:
    most = expect.max_response_s
    if most is None:
        return
    late = elapsed_s > most
    unmet = _unmet(keys.MAX_RESPONSE_TIME, f"{most:g} s", f"{elapsed_s:.2f} s")
    yield unmet if late else keys.MAX_RESPONSE_TIME


def _one_of(wanted: Iterable[str], places: Iterable[str]) -> bool:
    folded = [one_line(place).casefold() for place in places]
    return any(text.casefold() in place for text in wanted for place in folded)


def _unmet(condition: str, wanted: str, seen: str) -> Unmet:
    return Unmet(condition=condition, wanted=clean(wanted, _SHOWN), seen=clean(seen, _SHOWN))
