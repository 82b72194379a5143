"""The listing probe, against stores on loopback that answer well, badly, and with the worst."""

import gzip
import json
import time
from datetime import datetime, timedelta

import pytest

from monitor.clock import SystemClock
from monitor.failure import Failure
from monitor.model import Check, ListingFacts, ListingSettings, Observation, Probe, Store
from monitor.probe.allowance import LONGEST_LIMITED_S
from monitor.probe.observe import observe
from monitor.probe.store_answers import Said, read_apple, read_google
from monitor.wire import dump_observation, load_observation
from tests.servers.http_lab import NOON, HttpLab, Serve, answer, lab_io, say

NUMBER, PACKAGE = "1402727988", "com.parler.parler"
LISTED = {"trackId": 1402727988, "trackName": "Parler", "sellerName": "Parler LLC", "version": "2.4"}


class HandClock(SystemClock):
    """The day is what a test makes it; durations are real."""

    def __init__(self) -> None:
        self.day = NOON

    def now(self) -> datetime:
        return self.day

    def pass_s(self, seconds: float) -> None:
        self.day += timedelta(seconds=seconds)


def apple(*results: object, count: object = None) -> bytes:
    return json.dumps({"resultCount": len(results) if count is None else count, "results": results}).encode()


def google(app: str = PACKAGE, *, described: bool = True) -> bytes:
    url = f"https://play.google.com/store/apps/details?id={app}"
    told = {"@type": "SoftwareApplication", "name": "Parler", "url": url, "author": {"name": "Parler LLC"}}
    script = f'<script type="application/ld+json" nonce="x">{json.dumps(told)}</script>' if described else ""
    return (
        f'<html><head><link rel="canonical" href="{url}&amp;hl=en">'
        f'<meta property="og:title" content="Parler - Apps on Google Play">{script}</head></html>'
    ).encode()


def check(base: str, store: Store = Store.APPLE, *, per_s: float = 100.0, timeout_s: float = 5.0) -> Check:
    settings = ListingSettings(
        store=store,
        app=NUMBER if store is Store.APPLE else PACKAGE,
        country="us",
        base=base,
        per_s=per_s,
        user_agent="lab",
        allow_private=True,
    )
    return Check(
        target="parler.com",
        probe=Probe.LISTING,
        interval_s=21_600,
        timeout_s=timeout_s,
        settings=settings,
        part="apple/us/1402727988",
    )


async def seen(serve: Serve, store: Store = Store.APPLE) -> Observation:
    async with HttpLab(serve) as lab, lab_io() as io:
        return await observe(check(lab.url("/lookup"), store), NOON, io)


async def test_apple_lists_the_app() -> None:
    async with HttpLab(say(answer(apple(LISTED)))) as lab, lab_io() as io:
        got = await observe(check(lab.url("/lookup")), NOON, io)
    assert lab.heads[0].startswith(b"GET /lookup?id=1402727988&country=us HTTP/1.1")
    assert got.failure is None
    assert got.part == "apple/us/1402727988"
    assert got.facts == ListingFacts(
        store=Store.APPLE,
        app=NUMBER,
        country="us",
        server="127.0.0.1",
        available=True,
        name="Parler",
        developer="Parler LLC",
        version="2.4",
    )
    assert load_observation(dump_observation(got)) == got


async def test_apple_does_not_list_the_app() -> None:
    got = await seen(say(answer(apple())))
    assert isinstance(got.facts, ListingFacts)
    assert got.facts.available is False


async def test_google_has_the_page_of_the_app() -> None:
    async with HttpLab(say(answer(google()))) as lab, lab_io() as io:
        got = await observe(check(lab.url("/details"), Store.GOOGLE), NOON, io)
    assert lab.heads[0].startswith(b"GET /details?id=com.parler.parler&hl=en&gl=US HTTP/1.1")
    assert isinstance(got.facts, ListingFacts)
    assert (got.facts.available, got.facts.name, got.facts.developer) == (True, "Parler", "Parler LLC")


async def test_google_has_no_such_page() -> None:
    got = await seen(say(answer(b"not found", status="404 Not Found")), Store.GOOGLE)
    assert isinstance(got.facts, ListingFacts)
    assert got.facts.available is False


def test_a_page_of_google_play_is_known_by_its_canonical_address_alone() -> None:
    assert read_google(200, google(described=False), PACKAGE) == Said(there=True, name="Parler")


@pytest.mark.parametrize("status", ["401 No", "403 Forbidden", "429 Too Many Requests", "503 Busy"])
@pytest.mark.parametrize("store", list(Store))
async def test_a_store_that_wants_no_questions_says_nothing_about_the_app(status: str, store: Store) -> None:
    got = await seen(say(answer(b"{}", status=status)), store)
    assert got.failure is Failure.LISTING_LIMITED
    assert got.facts is None


async def test_a_consent_page_elsewhere_says_nothing_about_the_app() -> None:
    """Google sends those from Europe to consent.google.com, and those it takes for robots to a captcha."""
    async with HttpLab(say(answer(google())), address="127.0.0.2") as consent:
        to = (
            f"Location: {consent.url('/m?continue=https://play.google.com/store/apps/details?id=' + PACKAGE)}"
        )
        got = await seen(say(answer(b"", to, status="302 Found")), Store.GOOGLE)
    assert got.failure is not None
    assert got.facts is None


async def test_a_store_that_limits_is_left_alone_for_as_long_as_it_says() -> None:
    clock = HandClock()
    limiting = answer(b"", "Retry-After: 600", status="429 Too Many Requests")
    async with HttpLab(say(limiting)) as lab, lab_io(clock=clock) as io:
        asked = check(lab.url("/lookup"))
        assert (await observe(asked, NOON, io)).failure is Failure.LISTING_LIMITED
        again = await observe(asked, NOON, io)
        assert again.failure is Failure.LISTING_LIMITED
        assert again.detail.startswith("not asked: 127.0.0.1 is left alone until 2026-11-21 12:10")
        assert len(lab.heads) == 1
        clock.pass_s(601)
        lab.serve = say(answer(apple(LISTED)))
        assert (await observe(asked, NOON, io)).failure is None
        assert len(lab.heads) == 2


async def test_no_store_is_left_alone_for_ever() -> None:
    clock = HandClock()
    async with HttpLab(say(answer(b"", status="429 Too Many Requests"))) as lab, lab_io(clock=clock) as io:
        for _ in range(12):
            await observe(check(lab.url("/lookup")), NOON, io)
            clock.pass_s(LONGEST_LIMITED_S + 1)
        assert len(lab.heads) == 12


async def test_all_checks_of_a_store_share_what_it_may_be_asked() -> None:
    """Ten at once after a calm time; the next one's turn would come after its deadline, and is not asked."""
    clock = HandClock()
    async with HttpLab(say(answer(apple(LISTED)))) as lab, lab_io(clock=clock) as io:
        asked = check(lab.url("/lookup"), per_s=1 / 60)
        ends = [(await observe(asked, NOON, io)).failure for _ in range(11)]
        assert ends == [None] * 10 + [Failure.LISTING_LIMITED]
        assert len(lab.heads) == 10
        clock.pass_s(60)
        assert (await observe(asked, NOON, io)).failure is None


async def test_whoever_has_to_wait_for_a_short_time_does() -> None:
    clock = HandClock()
    async with HttpLab(say(answer(apple(LISTED)))) as lab, lab_io(clock=clock) as io:
        asked = check(lab.url("/lookup"), per_s=50.0)
        begun = time.monotonic()
        for _ in range(12):
            assert (await observe(asked, NOON, io)).failure is None
        assert time.monotonic() - begun >= 0.02


NONSENSE = {
    "nothing": b"",
    "an error page in a 200": b"<html><title>Error 500</title></html>",
    "JSON of another kind": b"[1, 2]",
    "no resultCount": b'{"results": []}',
    "resultCount as text": b'{"resultCount": "0", "results": []}',
    "resultCount as true": b'{"resultCount": true, "results": [{}]}',
    "resultCount as null": b'{"resultCount": null, "results": null}',
    "resultCount below nothing": b'{"resultCount": -1, "results": []}',
    "nothing found, with a result": apple(LISTED, count=0),
    "something found, without a result": apple(count=1),
    "another app": apple({**LISTED, "trackId": 1}),
    "an id as text": apple({**LISTED, "trackId": NUMBER}),
    "an id without end": b'{"resultCount": 1, "results": [{"trackId": ' + b"9" * 5_000 + b"}]}",
    "results that are no objects": b'{"resultCount": 1, "results": ["1402727988"]}',
    "nested without end": b"[" * 100_000,
    "half of it": apple(LISTED)[:40],
    "no text": bytes(range(256)),
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
async def test_what_is_no_answer_about_the_app_is_not_taken_for_one(body: bytes) -> None:
    got = await seen(say(answer(body)))
    assert got.failure is Failure.LISTING_UNPARSABLE
    assert got.facts is None
    assert read_google(200, body, PACKAGE) in (
        "the page is about no app",
        "the page is about another app",
    )


PAGES = {
    "another app": google("com.other.app"),
    "a captcha that continues": b'<a href="https://play.google.com/store/apps/details?id=com.parler.parler">on</a>',
    "a description of another app": google("com.other.app", described=True),
    "a description of no app": b'<script type="application/ld+json">{"@type": "WebSite"}</script>',
    "a description that is a list": b'<script type="application/ld+json">[[[</script>',
    "a longer package": google("com.parler.parler2"),
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
async def test_a_page_that_does_not_say_that_it_is_about_the_app_is_no_answer(body: bytes) -> None:
    assert (await seen(say(answer(body)), Store.GOOGLE)).failure is Failure.LISTING_UNPARSABLE


@pytest.mark.parametrize(
    "status", ["500 Broken", "502 Bad Gateway", "404 Not Found", "204 Nothing", "410 Gone"]
)
async def test_an_error_of_apples_look_up_is_no_delisting(status: str) -> None:
    assert (await seen(say(answer(b"", status=status)))).failure is Failure.LISTING_UNPARSABLE


@pytest.mark.parametrize("status", ["500 Broken", "502 Bad Gateway", "204 Nothing", "410 Gone", "451 Law"])
async def test_only_404_is_googles_word_that_there_is_no_such_app(status: str) -> None:
    assert (await seen(say(answer(b"", status=status)), Store.GOOGLE)).failure is Failure.LISTING_UNPARSABLE


async def test_ten_megabytes_are_not_read_to_their_end() -> None:
    huge = apple({**LISTED, "description": "x" * 10_000_000})
    packed = gzip.compress(huge, mtime=0)
    for body, header in ((huge, "X: 1"), (packed, "Content-Encoding: gzip")):
        got = await seen(say(answer(body, header)))
        assert got.failure is Failure.LISTING_UNPARSABLE
        assert got.detail == "the answer is longer than any about one app"


@pytest.mark.parametrize(
    "piece",
    [b"<meta ", b'<meta property="', b"<link <meta ", b"application/ld+json", b"application/ld+json>{", b"<"],
)
def test_a_megabyte_of_beginnings_does_not_stop_the_loop(piece: bytes) -> None:
    body = piece * ((1 << 20) // len(piece))
    begun = time.process_time()
    assert read_google(200, body, PACKAGE) == "the page is about no app"
    assert time.process_time() - begun < 0.2


def test_texts_of_a_store_are_bounded_and_clean() -> None:
    said = read_apple(
        200, apple({**LISTED, "trackName": "a\x1b[31m\u202eb" + "x" * 5_000, "version": 7}), NUMBER
    )
    assert isinstance(said, Said)
    assert said.name is not None
    assert len(said.name) <= 200
    assert said.name.isprintable()
    assert said.version is None


async def test_a_store_out_of_reach_is_a_failure_of_the_way_to_it() -> None:
    async with lab_io() as io:
        got = await observe(check("http://127.0.0.1:9/lookup"), NOON, io)
    assert got.failure is Failure.TCP_REFUSED
