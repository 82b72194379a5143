"""Asking an authority for real: a site that shows a certificate, and the office that it names."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp

from monitor.failure import Failure
from monitor.follow_up import revocation_check
from monitor.model import Check, HttpFacts, HttpSettings, Observation, Revocation, RevocationState
from monitor.probe.io import Io
from monitor.probe.observe import observe
from tests.servers.hand_clock import START, SleeperClock
from tests.servers.http_lab import Detour, HttpLab, Serve, answer, forever, http_check, lab_io, mute, say
from tests.servers.revocation_lab import DAY, HOUR, Ca, Leaf, Office, open_office

WEB = "93.184.216.34"
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
UNKNOWN = RevocationState.UNKNOWN


@dataclass(slots=True, kw_only=True)
class Scene:
    """One site, one authority, and a monitor that looks at both."""

    io: Io
    office: Office
    ca: Ca
    leaf: Leaf
    clock: SleeperClock
    check: Check
    status: ocsp.OCSPCertStatus = GOOD
    timeout_s: float = 5.0

    async def page(self) -> HttpFacts:
        seen = await observe(self.check, self.clock.now(), self.io)
        assert isinstance(seen.facts, HttpFacts), seen
        return seen.facts

    async def ask(self) -> Observation:
        """Look at the page, and ask about its certificate, which must be due."""
        facts = await self.page()
        assert facts.revocation_due
        return await self.look_up(facts)

    async def look_up(self, facts: HttpFacts) -> Observation:
        assert facts.tls is not None
        assert isinstance(self.check.settings, HttpSettings)
        check = revocation_check(self.check, self.check.settings, facts.tls.sha256)
        return await observe(replace(check, timeout_s=self.timeout_s), self.clock.now(), self.io)


@asynccontextmanager
async def scene(way: str = "ocsp", *, public: bool = False, **settings: object) -> AsyncIterator[Scene]:
    ca, clock = Ca(), SleeperClock()
    made: list[Scene] = []
    office = Office(answers=lambda _: ca.says(made[0].leaf, made[0].status))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_office(office))
        at = "http://ca.example" if public else office.url
        leaf = ca.leaf(ocsp=f"{at}/ocsp/" if "ocsp" in way else "", crl=f"{at}/crl" if "crl" in way else "")
        revoked = lambda: (leaf,) if made[0].status is REVOKED else ()  # noqa: E731
        office.lists = {"/crl": lambda: ca.list(*revoked(), name=f"{at}/crl")}
        lab = await stack.enter_async_context(HttpLab(say(answer(b"hello")), tls=leaf.server()))
        office_at = ("127.0.0.1", int(office.url.rsplit(":", 1)[1]))
        route = Detour({WEB: lab.endpoint, "127.0.0.1": office_at, "1.1.1.1": office_at})
        io = await stack.enter_async_context(
            lab_io(
                {"www.example": WEB, "ca.example": "10.0.0.1" if public else "1.1.1.1"},
                route=route,
                trust=ca.trust(),
                clock=clock,
            )
        )
        check = http_check("https://www.example/", **settings)  # type: ignore[arg-type]
        made.append(Scene(io=io, office=office, ca=ca, leaf=leaf, clock=clock, check=check))
        yield made[0]


def word(seen: Observation) -> Revocation:
    assert isinstance(seen.facts, Revocation)
    return seen.facts


@pytest.mark.parametrize("way", ["ocsp", "crl"])
async def test_a_good_certificate_is_asked_about_once_a_day(way: str) -> None:
    async with scene(way) as here:
        seen = await here.ask()
        assert seen.failure is None
        assert (word(seen).state, word(seen).source) == (RevocationState.GOOD, way)
        facts = await here.page()
        assert (facts.revocation, facts.revocation_due) == (word(seen), False)
        await here.clock.advance(86_399)
        assert not (await here.page()).revocation_due
        await here.clock.advance(1)
        facts = await here.page()
        assert facts.revocation_due
        assert facts.revocation == word(seen), "what is known stays until there is something newer"
        assert len(here.office.asked) == 1


@pytest.mark.parametrize(("way", "reason"), [("ocsp", "keyCompromise"), ("crl", "superseded")])
async def test_a_revoked_certificate(way: str, reason: str) -> None:
    async with scene(way) as here:
        here.status = REVOKED
        told = word(await here.ask())
        assert (told.state, told.reason) == (RevocationState.REVOKED, reason)
        assert told.revoked_at == START - 2 * HOUR
        facts = await here.page()
        assert facts.revocation == told
        assert facts.tls is not None
        assert told.sha256 == facts.tls.sha256
        assert facts.status == 200, "the page answers all the same"


async def test_all_who_show_a_certificate_share_one_question() -> None:
    async with scene() as here:
        looks = [await here.page() for _ in range(3)]
        assert [facts.revocation_due for facts in looks] == [True, False, False]
        first, second = await asyncio.gather(here.look_up(looks[0]), here.look_up(looks[1]))
        assert {word(first).state, word(second).state} == {RevocationState.GOOD}
        assert {facts.revocation and facts.revocation.state for facts in looks} == {UNKNOWN}


async def test_a_question_that_nobody_asked_is_due_again() -> None:
    async with scene() as here:
        assert (await here.page()).revocation_due
        await here.clock.advance(60)
        assert not (await here.page()).revocation_due
        await here.clock.advance(60)
        assert (await here.page()).revocation_due


async def test_one_list_answers_for_many_certificates() -> None:
    async with scene("crl") as here:
        await here.ask()
        assert here.office.asked == ["/crl"]
        shown = await here.page()
        other = here.ca.leaf(crl=f"{here.office.url}/crl")
        pair = other.pair
        assert shown.tls is not None
        strange = replace(shown.tls, sha256="ff")
        told, due = here.io.revocations.meet(strange, lambda: (pair.leaf, pair.issuer), here.clock.now())
        assert due
        assert told.state is UNKNOWN
        seen = await here.look_up(replace(shown, tls=strange))
        assert word(seen).state is RevocationState.GOOD
        assert here.office.asked == ["/crl"], "it is kept"


async def test_where_the_responder_is_silent_the_list_is_read() -> None:
    async with scene("ocsp crl") as here:
        here.office.answers = lambda _: b"not now"
        assert word(await here.ask()).source == "crl"


async def broken(head: bytes, writer: asyncio.StreamWriter) -> None:
    del head
    writer.transport.abort()


HOSTILE: dict[str, tuple[Serve, Failure]] = {
    "garbage": (say(answer(b"\0garbage")), Failure.REVOCATION_UNUSABLE),
    "a page of a hotel": (say(answer(b"<title>Log in</title>")), Failure.REVOCATION_UNUSABLE),
    "no such page": (say(answer(b"", status="404 Not Found")), Failure.REVOCATION_UNUSABLE),
    "an endless body": (
        forever(b"HTTP/1.1 200 OK\r\n\r\n", b"\x30\x84\x7f\xff\xff\xff" * 20_000),
        Failure.REVOCATION_UNUSABLE,
    ),
    "a bomb": (say(answer(b"\x1f\x8b" + b"\0" * 99, "Content-Encoding: gzip")), Failure.REVOCATION_UNUSABLE),
    "silence": (mute, Failure.HTTP_TIMEOUT),
    "a byte a second": (forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05), Failure.HTTP_TIMEOUT),
    "a broken connection": (broken, Failure.HTTP_DISCONNECTED),
    "a redirect to the metadata of a cloud": (
        say(answer(b"", "Location: http://169.254.169.254/latest", status="302 Found")),
        Failure.ADDRESS_FORBIDDEN,
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("way", ["ocsp", "crl"])
async def test_no_answer_that_can_be_believed_is_no_word(what: str, way: str) -> None:
    serve, failure = HOSTILE[what]
    async with scene(way) as here:
        here.office.instead, here.timeout_s = serve, 0.5
        seen = await here.ask()
        assert seen.failure is failure
        facts = await here.page()
        assert facts.revocation is not None
        assert facts.revocation.state is UNKNOWN
        assert not facts.revocation_due, "not before an hour has passed"
        await here.clock.advance(3_600)
        assert (await here.page()).revocation_due


async def test_a_word_outlives_answers_that_fail_by_a_week() -> None:
    async with scene() as here:
        here.status = REVOKED
        await here.ask()
        here.office.instead = say(answer(b"", status="503 Busy"))
        for day in range(1, 10):
            await here.clock.advance(86_400)
            seen = await here.look_up(await here.page())
            assert seen.failure is Failure.REVOCATION_UNUSABLE
            state = RevocationState.REVOKED if day < 7 else UNKNOWN
            assert word(seen).state is state


async def test_a_server_that_cannot_be_reached_is_left_alone_for_five_minutes() -> None:
    async with scene() as here:
        here.office.instead = broken
        await here.ask()
        shown = await here.page()
        assert shown.tls is not None
        pair = here.ca.leaf(ocsp=f"{here.office.url}/ocsp/").pair
        for minutes, asked in ((0, 1), (5, 2)):
            await here.clock.advance(60 * minutes)
            strange = replace(shown.tls, sha256=f"{minutes}")
            here.io.revocations.meet(strange, lambda: (pair.leaf, pair.issuer), here.clock.now())
            seen = await here.look_up(replace(shown, tls=strange))
            assert seen.failure is Failure.HTTP_DISCONNECTED
            assert len(here.office.asked) == asked


async def test_the_address_in_a_certificate_may_not_be_private() -> None:
    """It comes from a stranger: 10.0.0.1 is where `ca.example` leads."""
    async with scene(public=True, allow_private=False) as here:
        assert (await here.ask()).failure is Failure.ADDRESS_FORBIDDEN
        assert here.office.asked == []


@pytest.mark.parametrize("settings", [{"revocation": False}, {"verify_tls": False}])
async def test_nobody_is_asked_where_that_is_switched_off(settings: dict[str, object]) -> None:
    async with scene(**settings) as here:
        facts = await here.page()
        assert (facts.revocation, facts.revocation_due) == (None, False)


async def test_a_certificate_that_names_nobody_is_not_known_and_never_due() -> None:
    async with scene("") as here:
        for _ in range(2):
            facts = await here.page()
            assert facts.revocation is not None
            assert facts.revocation.detail == "it names nobody to ask"
            assert not facts.revocation_due


async def test_a_certificate_that_is_not_at_hand_any_more_is_not_known() -> None:
    async with scene() as here:
        facts = await here.page()
        assert facts.tls is not None
        seen = await here.look_up(replace(facts, tls=replace(facts.tls, sha256="00")))
        assert (seen.failure, word(seen).state) == (None, UNKNOWN)


async def test_so_many_certificates_wait_and_no_more() -> None:
    async with scene() as here:
        facts = await here.page()
        pair = here.leaf.pair
        due = [_meet(here, facts, f"{number}", lambda: (pair.leaf, pair.issuer)) for number in range(100)]
        assert due.count(True) == 63, "with the one of the page: 64"
        await here.clock.advance(120)
        assert _meet(here, facts, "new", lambda: (pair.leaf, pair.issuer))


def _meet(here: Scene, facts: HttpFacts, name: str, chain: Callable[[], tuple[bytes, ...]]) -> bool:
    assert facts.tls is not None
    return here.io.revocations.meet(replace(facts.tls, sha256=name), chain, here.clock.now())[1]


async def test_an_answer_is_judged_by_the_clock_that_is_handed_in() -> None:
    async with scene() as here:
        await here.clock.advance((2 * DAY).total_seconds())
        seen = await here.ask()
        assert seen.failure is Failure.REVOCATION_UNUSABLE
        assert "out of date since 2026-01-02" in seen.detail
        assert timedelta(seconds=seen.duration_s) < DAY
