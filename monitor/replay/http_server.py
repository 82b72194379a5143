"""The web of the small internet: as little HTTP/1.1 as a GET over a fresh connection needs."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from html import escape
from http import HTTPStatus
from typing import Final

from monitor.replay.connection import Connection, Desk
from monitor.replay.tables import PageTable

_HEAD_LIMIT: Final = 64 * 1024
_GARBAGE: Final = b"\x15\x03\x01 this is no HTTP\r\n\r\n"
_FILLER: Final = "A page that a platform fills with what its members write and others come to read. "


class Trouble(StrEnum):
    """What a server does instead of answering."""

    HANG = "hang"
    """It takes the question, and is silent."""
    DISCONNECT = "disconnect"
    """It takes the question, and hangs up."""
    RESET = "reset"
    """It takes the question, and breaks the connection with RST."""


Reply = bytes | Trouble
Respond = Callable[[str, str], Reply]
"""From host and path to what is sent."""


class WebServer(Connection):
    """One connection: one request, one answer, the end."""

    def __init__(self, desk: Desk, respond: Respond) -> None:
        super().__init__(desk)
        self._respond = respond
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the head of the request is there."""
        self._received += data
        if b"\r\n\r\n" not in self._received:
            if len(self._received) > _HEAD_LIMIT:
                self.transport.abort()
            return
        request, self._received = self._received, b""
        answer(self, self._respond(*_asked(request)))


def answer(connection: Connection, reply: Reply) -> None:
    """Send a reply, or do what is done instead."""
    if isinstance(reply, bytes):
        connection.end(reply)
    elif reply is Trouble.HANG:
        connection.desk.in_vain()
    elif reply is Trouble.RESET:
        connection.reset()
    else:
        connection.transport.abort()


def _asked(request: bytes) -> tuple[str, str]:
    """Return host and path of a request."""
    lines = request.decode("latin-1").split("\r\n")
    path = lines[0].split(" ")[1] if lines[0].count(" ") > 1 else "/"
    hosts = (line.partition(":")[2].strip() for line in lines[1:] if line[:5].lower() == "host:")
    return next(hosts, "").partition(":")[0].lower(), path


def page_reply(page: PageTable | None) -> Reply:
    """Return what a site answers to any path; None: a server that knows no such page."""
    if page is None:
        return http_answer(HTTPStatus.NOT_FOUND, _document("Not found", "There is no such site here."))
    if page.answer == "garbage":
        return _GARBAGE
    if page.answer != "page":
        return Trouble(page.answer)
    headers = [*page.headers.items(), *(("Set-Cookie", cookie) for cookie in page.cookies)]
    if page.location:
        headers.append(("Location", page.location))
    body = page.body.encode() if page.body else _document(page.title, _text(page), page.markup)
    return http_answer(page.status, body, headers, page.content_type)


def http_answer(
    status: int,
    body: bytes,
    headers: Sequence[tuple[str, str]] = (),
    kind: str = "text/html; charset=utf-8",
) -> bytes:
    """Return an answer as bytes; the connection ends with it."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    lines = [f"HTTP/1.1 {status} {reason}", "Connection: close"]
    if status != HTTPStatus.NO_CONTENT:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (
        b"" if status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) else body
    )


def _text(page: PageTable) -> str:
    """Return the visible text: what is written, and filler up to the length that is asked for."""
    written = " ".join(page.text.split())
    lacking = page.text_length - len(written) - (1 if written else 0)
    if lacking <= 0:
        return written
    filler = (_FILLER * (lacking // len(_FILLER) + 1))[:lacking]
    return f"{written} {filler}".strip() if not filler.endswith(" ") else f"{written} {filler[:-1]}.".strip()


def _document(title: str, text: str, markup: str = "") -> bytes:
    head = f"<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>{escape(title)}</title></head>\n"
    return f"{head}<body><p>{escape(text)}</p>{markup}</body></html>\n".encode()
