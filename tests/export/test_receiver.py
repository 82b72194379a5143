"""One POST: what is sent, how it is signed, and what every kind of answer means."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from servers.webhook_lab import Reply, WebhookLab, webhook_lab
from standardwebhooks import Webhook, WebhookVerificationError
from store.steps import drill
from structlog.testing import capture_logs

from monitor import wire
from monitor.clock import SystemClock
from monitor.export.receiver import (
    RETRY_AFTER_LIMIT_S,
    Answer,
    ReceiverSettings,
    WebhookSender,
    routes,
)
from monitor.model import EventType, Severity, StoredEvent

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCE = "urn:platform-monitor:test"
STORED = StoredEvent(number=7, event=drill("parler.com", 3, text="Nothing happened, naïvely."))


def settings(lab: WebhookLab, **more: object) -> ReceiverSettings:
    fields = {"name": "ops", "url": lab.url, "timeout_s": 5.0, **more}
    return ReceiverSettings(**fields)  # type: ignore[arg-type]


async def send(receiver: ReceiverSettings) -> Answer:
    async with WebhookSender([receiver], clock=SystemClock(), source=SOURCE) as sender:
        return await sender.send(receiver, STORED)


@asynccontextmanager
async def answering(reply: Reply) -> AsyncIterator[WebhookLab]:
    async with webhook_lab(lambda _: reply) as lab:
        yield lab


async def test_an_event_arrives_as_a_signed_cloudevent() -> None:
    async with answering(Reply(status=204)) as lab:
        answer = await send(settings(lab, secret=SECRET, headers=(("Authorization", "Bearer t0ken"),)))
        assert answer == Answer(delivered=True, reason="answered 204")
        (post,) = lab.posts
    assert post.line == "POST /hook/s3cret-path HTTP/1.1"
    assert post.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert post.headers["authorization"] == "Bearer t0ken"
    assert post.headers["webhook-id"] == STORED.event.id
    assert json.loads(post.body) == wire.cloudevent(STORED, source=SOURCE)
    assert Webhook(SECRET).verify(post.body, post.headers) == json.loads(post.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(post.body + b" ", post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_AAAA").verify(post.body, post.headers)


async def test_without_a_secret_nothing_is_signed() -> None:
    async with answering(Reply()) as lab:
        await send(settings(lab))
        assert "webhook-signature" not in lab.posts[0].headers


async def test_an_authorization_header_replaces_what_the_address_says() -> None:
    async with answering(Reply()) as lab:
        url = lab.url.replace("http://", "http://user:pass@")
        await send(settings(lab, url=url))
        await send(settings(lab, url=url, headers=(("authorization", "Bearer t0ken"),)))
        assert [post.headers["authorization"] for post in lab.posts] == [
            "Basic dXNlcjpwYXNz",
            "Bearer t0ken",
        ]


async def test_a_configured_header_may_replace_ours_but_no_signature() -> None:
    async with answering(Reply()) as lab:
        await send(settings(lab, headers=(("User-Agent", "mine"), ("Webhook-Id", "forged"))))
        assert lab.posts[0].headers["user-agent"] == "mine"
        assert lab.posts[0].event_id == STORED.event.id


@pytest.mark.parametrize(
    ("status", "delivered", "permanent"),
    [
        (200, True, False),
        (202, True, False),
        (301, False, False),
        (400, False, True),
        (401, False, True),
        (403, False, True),
        (404, False, True),
        (408, False, False),
        (410, False, True),
        (425, False, False),
        (429, False, False),
        (500, False, False),
        (501, False, True),
        (502, False, False),
        (503, False, False),
    ],
)
async def test_what_a_status_means(status: int, *, delivered: bool, permanent: bool) -> None:
    async with answering(Reply(status=status, headers=(("Location", "/elsewhere"),))) as lab:
        answer = await send(settings(lab))
        assert (answer.delivered, answer.permanent) == (delivered, permanent)
        assert answer.reason == f"answered {status}"
        assert len(lab.posts) == 1  # a redirect is not followed


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7.0),
        (503, " 7 ", 7.0),
        (500, "7", None),
        (429, "999999999999999999999", RETRY_AFTER_LIMIT_S),
        (429, "soon", 0.0),
        (429, "-5", 0.0),
        (429, "Mon, 11 Jan 2021 08:00:00 GMT", 0.0),
        (429, "Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_LIMIT_S),
        (429, "²", 0.0),
    ],
)
async def test_retry_after_is_read_and_bounded(status: int, header: str, seconds: float | None) -> None:
    async with answering(Reply(status=status, headers=(("Retry-After", header),))) as lab:
        assert (await send(settings(lab))).retry_after_s == seconds


async def test_retry_after_may_be_a_date() -> None:
    then = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with answering(Reply(status=503, headers=(("Retry-After", then),))) as lab:
        asked = (await send(settings(lab))).retry_after_s
        assert asked is not None
        assert 90 < asked <= 100


async def test_a_receiver_that_hangs_is_left() -> None:
    async with answering(Reply(hang=True)) as lab:
        answer = await send(settings(lab, timeout_s=0.05))
        assert answer == Answer(delivered=False, reason="no answer in time")


@pytest.mark.parametrize("status", [200, 500])
async def test_an_endless_answer_is_cut(status: int) -> None:
    async with answering(Reply(status=status, endless=True)) as lab:
        began = time.monotonic()
        answer = await send(settings(lab))
        assert time.monotonic() - began < 2
        assert answer.delivered is (status == 200)
        assert len(answer.reason) < 300


@pytest.mark.parametrize(("status", "delivered"), [(200, True), (500, False)])
@pytest.mark.parametrize("fault", ["cut", "stall"])
async def test_the_status_line_decides_not_the_body(status: int, fault: str, *, delivered: bool) -> None:
    async with answering(
        Reply(status=status, body=b"par", cut=fault == "cut", stall=fault == "stall")
    ) as lab:
        assert (await send(settings(lab))).delivered is delivered


async def test_a_connection_closed_before_an_answer_is_told() -> None:
    async with answering(Reply(drop=True)) as lab:
        assert (await send(settings(lab))).reason == "the connection was closed before an answer"


async def test_nobody_listening_is_told() -> None:
    async with answering(Reply()) as lab:
        url = lab.url
    answer = await send(ReceiverSettings(name="ops", url=url))
    assert answer == Answer(delivered=False, reason="connection refused")


async def test_an_answer_that_is_not_http_is_told() -> None:
    async def gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(gibberish, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        answer = await send(ReceiverSettings(name="ops", url=f"http://127.0.0.1:{port}/"))
    assert answer == Answer(delivered=False, reason="the answer is not HTTP")


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with webhook_lab(tls=context) as lab:
        answer = await send(settings(lab))
        assert answer == Answer(delivered=False, reason="the certificate is not trusted")
        assert lab.posts == []


async def test_certificates_are_those_of_the_systems_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    context, authority = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    async with webhook_lab(tls=context) as lab:
        assert (await send(settings(lab))).delivered


@pytest.mark.parametrize("url", ["ftp://example/hook", "nonsense", "http://", "http://[::1"])
async def test_an_address_that_is_none_is_parked(url: str) -> None:
    answer = await send(ReceiverSettings(name="ops", url=url))
    assert answer == Answer(delivered=False, reason="the address is not an http(s) address", permanent=True)


async def test_nothing_secret_is_told_again() -> None:
    """Answers echo what they were asked: the address, a token, the secret."""

    def echo(post: object) -> Reply:
        return Reply(status=404, body=f"no {post!r} {SECRET} here\x1b[31m".encode())

    async with webhook_lab(echo) as lab:
        receiver = settings(
            lab,
            url=f"http://user:passw0rd@127.0.0.1:{lab.port}/hook/s3cret-path?key=qu%C3%A9ry&x=to%2Fken",
            secret=SECRET,
            headers=(("X-Token", "Bearer t0ken"),),
        )
        with capture_logs() as logs:
            answer = await send(receiver)
    for secret in ("s3cret-path", "qu%C3%A9ry", "quéry", "passw0rd", "t0ken", "to%2Fken", SECRET, "\x1b"):
        assert secret not in answer.reason
        assert secret not in repr(receiver)
        assert secret not in repr(logs)
    assert answer.reason.startswith("answered 404: no ")


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, True),
        ({"events": (EventType.STATUS_CHANGED, EventType.INCIDENT_OPENED)}, True),
        ({"events": (EventType.INCIDENT_RESOLVED,)}, False),
        ({"min_severity": Severity.INFO}, True),
        ({"min_severity": Severity.WARNING}, True),
        ({"min_severity": Severity.CRITICAL}, False),
        ({"targets": ("gab.com", "parler.com")}, True),
        ({"targets": ("*.com",)}, True),
        ({"targets": ("parler",)}, False),
    ],
)
def test_who_is_told(more: dict[str, object], *, wanted: bool) -> None:
    event = replace(STORED.event, type=EventType.INCIDENT_OPENED, severity=Severity.WARNING)
    everybody = ReceiverSettings(name="all", url="http://x/")
    picky = ReceiverSettings(name="picky", url="http://x/", **more)  # type: ignore[arg-type]
    assert routes([everybody, picky])(event) == (("all", "picky") if wanted else ("all",))


def test_a_test_event_reaches_everybody() -> None:
    receiver = ReceiverSettings(
        name="ops",
        url="http://x/",
        events=(EventType.STATUS_CHANGED,),
        min_severity=Severity.CRITICAL,
        targets=("none",),
    )
    assert routes([receiver])(STORED.event) == ("ops",)
