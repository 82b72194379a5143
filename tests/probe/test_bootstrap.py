"""IANA's list of RDAP servers: believed whole or not at all, kept, and renewed."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.hand_clock import SleeperClock
from servers.registration_lab import Answer, Lab, answers, lab

from monitor.clock import Clock
from monitor.probe.bootstrap import (
    FILE_NAME,
    Bootstrap,
    BootstrapError,
    Stored,
    load_stored,
    read_bootstrap,
    store,
)
from monitor.probe.rdap_answers import Validators
from monitor.probe.refresh import BootstrapRefresh, adopt_stored
from monitor.probe.registries import Registries

BUNDLED = Bootstrap.bundled()
LATER = (BUNDLED.published + timedelta(days=30)).isoformat().replace("+00:00", "Z")


def document(**changes: object) -> dict[str, Any]:
    """Return the bundled list as IANA publishes it, a month later."""
    by_url: dict[str, list[str]] = {}
    for tld, url in BUNDLED.servers.items():
        by_url.setdefault(url, []).append(tld)
    services = [[tlds, [url]] for url, tlds in by_url.items()]
    return {"version": "1.0", "publication": LATER, "services": services} | changes


def more(*rows: object) -> bytes:
    return json.dumps(document(services=[*document()["services"], *rows])).encode()


def test_a_new_list_is_read() -> None:
    read = read_bootstrap(
        more([["newtld", "РФ"], ["http://rdap.nic.newtld", "https://rdap.nic.newtld/x"]]), BUNDLED
    )
    assert read.published == datetime.fromisoformat(LATER)
    assert read.servers["newtld"] == read.servers["xn--p1ai"] == "https://rdap.nic.newtld/x/"
    assert read.servers["com"] == BUNDLED.servers["com"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>Welcome</html>", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[]", "no services"),
        (b'{"services": {}}', "no services"),
        (json.dumps(document(publication=None)).encode(), "when it was published"),
        (json.dumps(document(publication="yesterday")).encode(), "when it was published"),
        (json.dumps(document(publication="2020-01-01T00:00:00Z")).encode(), "older than"),
        (json.dumps(document(services=[])).encode(), "known domains it has 0 only"),
        (json.dumps(document(services=document()["services"][:300])).encode(), "known domains"),
        (json.dumps(document(services=[[["com"], "https://rdap.example/"]] * 9)).encode(), "known domains"),
        (more([[f"{'a' * 5}{n}a" for n in range(30_000)], ["https://rdap.example/"]]), "more than"),
        (b" " * (1 << 20) + b"{}", "longer than"),
    ],
)
def test_a_list_that_is_not_whole_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(BootstrapError, match=reason):
        read_bootstrap(body, BUNDLED)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.0.0.1/rdap/",
        "https://[::1]/",
        "https://169.254.169.254/latest/",
        "https://93.184.216.34/",
        "https://localhost/",
        "https://2130706433/",
        "ftp://rdap.example/",
        "file:///etc/passwd",
        "https://user@rdap.example/",
        "https://rdap.example/?x=1",
        "https://rdap.example:0/",
        "https://rdap.example:99999/",
        "https://rdap.example/\r\nHost: x",
        "https://" + "x" * 400 + ".example/",
        "",
        None,
        7,
    ],
)
def test_a_server_that_a_list_must_not_send_us_to_is_left_out(url: object) -> None:
    assert "newtld" not in read_bootstrap(more([["newtld"], [url]]), BUNDLED).servers


@pytest.mark.parametrize(
    "row", [None, [], [["newtld"]], ["newtld", "https://a.example/"], [[7, None, ""], ["https://a.example/"]]]
)
def test_a_row_that_is_none_is_left_out(row: object) -> None:
    assert read_bootstrap(more(row), BUNDLED).servers == BUNDLED.servers


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["services", "publication", "version"]), _JSON))
def test_whatever_a_list_says_it_is_read_or_refused(changes: dict[str, object]) -> None:
    try:
        read_bootstrap(json.dumps({"publication": LATER, **changes}).encode(), BUNDLED)
    except BootstrapError:
        return
    pytest.fail("a list without the known domains was believed")


# --- What is kept ---

URL = "https://data.example/rdap/dns.json"
STORED = Stored(
    url=URL,
    checked=datetime(2026, 11, 24, tzinfo=UTC),
    validators=Validators(etag='"v1"', last_modified=""),
    body=json.dumps(document()).encode(),
)


def test_what_is_kept_is_loaded(tmp_path: Path) -> None:
    store(tmp_path / "new" / "folder", STORED)
    assert load_stored(tmp_path / "new" / "folder", URL) == STORED
    assert load_stored(tmp_path / "new" / "folder", "https://other.example/") is None
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("cut", [0, 1, 30, 1000, -1])
def test_a_file_that_was_cut_is_not_believed(tmp_path: Path, cut: int) -> None:
    store(tmp_path, STORED)
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:cut])
    assert load_stored(tmp_path, URL) is None


@pytest.mark.parametrize("text", ["[]", "null", "{}", json.dumps({"url": URL}), "[" * 90_000, "\x00"])
def test_a_file_of_something_else_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert load_stored(tmp_path, URL) is None


def test_a_kept_list_is_used_at_the_next_start_under_our_own_rows(tmp_path: Path) -> None:
    rows = [[["newtld", "io", "com"], ["https://rdap.new.example/"]]]
    store(tmp_path, replace(STORED, body=more(*rows)))
    registries = Registries.load(rdap={"com": "https://rdap.mine.example/"})
    assert adopt_stored(registries, tmp_path, URL)
    assert registries.edition == LATER[:10]
    assert registries.rdap_base("a.newtld") == "https://rdap.new.example/"
    assert registries.rdap_base("a.io") == "https://rdap.identitydigital.services/rdap/"  # our own row
    assert registries.rdap_base("a.com") == "https://rdap.mine.example/"  # the configuration's


@pytest.mark.parametrize("body", [b"{}", json.dumps(document(publication="2020-01-01T00:00:00Z")).encode()])
def test_a_kept_list_that_is_older_or_broken_is_not_used(tmp_path: Path, body: bytes) -> None:
    store(tmp_path, replace(STORED, body=body))
    registries = Registries.load()
    assert adopt_stored(registries, tmp_path, URL) is None
    assert adopt_stored(registries, tmp_path, "") is None
    assert registries.bootstrap.servers == BUNDLED.servers


# --- What is asked ---


@asynccontextmanager
async def refreshing(
    folder: Path,
    *,
    clock: Clock | None = None,
    hosts: dict[str, list[str]] | None = None,
    url: str = "",
) -> AsyncIterator[tuple[Lab, BootstrapRefresh]]:
    async with lab(clock=clock, hosts=hosts) as here:
        base = here.io.registries.rdap_base("example.rdap") or ""
        refresh = BootstrapRefresh(
            url=url or base.replace("/registry/", "/dns.json"),
            every_s=86_400.0,
            folder=folder,
            registries=here.io.registries,
            http=here.io.http,
            clock=here.io.clock,
        )
        yield here, refresh


def listed(body: bytes | None = None, tag: str = '"v1"') -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return await answers(
            raw=body or more([["newtld"], ["https://rdap.nic.newtld/"]]), headers={"ETag": tag}
        )(request)

    return answer


async def test_a_new_list_is_used_at_once_and_asked_for_conditionally_from_then_on(tmp_path: Path) -> None:
    async with refreshing(tmp_path) as (here, refresh):
        here.rdap = listed()
        assert here.io.registries.rdap_base("a.newtld") is None
        assert await refresh.look()
        assert here.io.registries.rdap_base("a.newtld") == "https://rdap.nic.newtld/"
        checked = load_stored(tmp_path, refresh._url)
        assert await refresh.look()
        assert [r.headers.get("If-None-Match") for r in here.requests] == [None, '"v1"']
        again = load_stored(tmp_path, refresh._url)
    assert checked is not None
    assert again is not None
    assert again.checked > checked.checked
    assert again.body == checked.body


@pytest.mark.parametrize(
    "answer",
    [
        answers(status=500),
        answers(status=404, raw=b""),
        answers(status=304, raw=b""),
        answers(raw=b"<html>"),
        answers(document(services=document()["services"][:100])),
        answers(raw=b" " * (2 << 20)),
        answers(raw=gzip.compress(b" " * 60_000_000), headers={"Content-Encoding": "gzip"}),
        answers(document(), status=302, headers={"Location": "http://127.0.0.1:1/"}),
        answers(document(), status=302, headers={"Location": "https://169.254.169.254/"}),
    ],
)
async def test_whatever_fails_the_known_list_stays(answer: Answer, tmp_path: Path) -> None:
    async with refreshing(tmp_path) as (here, refresh):
        known = here.io.registries.rdap
        here.rdap = listed(json.dumps(document()).encode())
        assert await refresh.look()
        kept = (tmp_path / FILE_NAME).read_bytes()
        here.rdap = answer
        refresh._stored = None
        assert not await refresh.look()
        assert here.io.registries.rdap == known
        assert (tmp_path / FILE_NAME).read_bytes() == kept
        assert not [address for address, _ in here.route.asked if address != "127.0.0.1"]


async def test_a_list_is_not_fetched_from_a_name_that_leads_to_a_private_address(tmp_path: Path) -> None:
    hosts = {"data.private.test": ["127.0.0.1", "10.0.0.1"]}
    async with refreshing(tmp_path, url="http://data.private.test/dns.json", hosts=hosts) as (here, refresh):
        assert not await refresh.look()
        assert here.route.asked == []


async def test_a_folder_that_cannot_be_written_to_costs_the_keeping_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with refreshing(tmp_path / "file") as (here, refresh):
        here.rdap = listed()
        assert not await refresh.look()
        assert here.io.registries.rdap_base("a.newtld") == "https://rdap.nic.newtld/"


async def test_looks_come_once_in_an_interval_and_go_on_from_the_last_run(tmp_path: Path) -> None:
    clock = SleeperClock()
    async with refreshing(tmp_path, clock=clock) as (here, refresh):
        here.rdap = listed()
        checked = clock.now() - timedelta(hours=20)
        store(
            tmp_path,
            Stored(url=refresh._url, checked=checked, validators=Validators(etag='"v1"'), body=STORED.body),
        )
        task = asyncio.create_task(refresh.run())

        async def asked(count: int) -> None:
            async with asyncio.timeout(5):
                while len(here.requests) < count:  # noqa: ASYNC110  # a list
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)

        await asyncio.sleep(0.1)  # it reads its file in a thread
        await clock.advance(3.9 * 3600)
        assert here.requests == []
        await clock.advance(0.2 * 3600)
        await asked(1)
        assert here.requests[0].headers["If-None-Match"] == '"v1"'
        await clock.advance(86_300)
        assert len(here.requests) == 1
        await clock.advance(200)
        await asked(2)
        task.cancel()
