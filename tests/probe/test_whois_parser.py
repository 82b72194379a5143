"""Replies become facts, and the worker that python-whois lives in can be killed."""

import asyncio
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.registration_lab import GOOD_WHOIS

from monitor.probe.whois_client import decode, query_for
from monitor.probe.whois_dates import read_date
from monitor.probe.whois_parser import WhoisParser
from monitor.probe.whois_reading import ParsedWhois, Reading, read_whois
from monitor.probe.whois_worker import fields

GOLDEN = sorted((Path(__file__).parent.parent / "golden" / "registration").glob("*.txt"))
# No dates and no name servers: python-whois is asked, and its pattern for .hk is cubic.
SLOW = "Domain Name: EXAMPLE.HK\nDomain Status: Active\n" + "Registrar Name: Example\n" * 600
# A format that our own reading knows in part: python-whois is asked for the rest.
GAPS = "Domain Name: example.hk\nDomain Status: Active\nRegistrar Name: Example Limited\n"


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """Return a synthetic reply, and what it says."""
    path: Path = request.param
    return path.read_bytes().decode(), json.loads(path.with_suffix(".json").read_text())


def test_golden(golden: tuple[str, dict[str, object]]) -> None:
    text, expected = golden
    assert facts_of(read_whois(str(expected.pop("domain")), text)) == expected


async def test_python_whois_adds_nothing_to_golden_replies() -> None:
    """What is missing in our own reading is not in the reply; nothing else is taken for it."""
    parser = WhoisParser()
    try:
        for path in GOLDEN:
            expected = json.loads(path.with_suffix(".json").read_text())
            record = await parser.parse(expected.pop("domain"), path.read_bytes().decode())
            assert facts_of(record) == expected, path.stem
    finally:
        await parser.aclose()


def facts_of(record: ParsedWhois) -> dict[str, object]:
    """Return a record as the golden files have it."""
    found: dict[str, object] = {"reading": record.reading.value}
    for name in ("registrar_name", "registrar_iana_id", "reseller", "registry", "statuses", "name_servers"):
        value = getattr(record, name)
        found |= {name: list(value) if isinstance(value, tuple) else value} if value else {}
    for name in ("created", "updated", "expires"):
        moment = getattr(record, name)
        found |= {name: moment.isoformat()} if moment else {}
    found |= {"dnssec": record.dnssec} if record.dnssec is not None else {}
    found |= {"referral": record.referral} if record.referral else {}
    # Whose word a date is stands in the golden files where it is not the registry's.
    registrars = [name for name, whose in record.date_sources if whose == "registrar"]
    found |= {"registrars_dates": registrars} if registrars else {}
    assert [name for name, _ in record.date_sources] == [
        name for name in ("created", "updated", "expires") if getattr(record, name)
    ]
    return found


async def test_what_python_whois_makes_up_is_not_taken() -> None:
    parser = WhoisParser()
    try:
        # Its date parser reads "before 2001" as a day of 2001, and a contact's line as the registrar's.
        reply = "Domain Name: example.ro\nRegistered On: Before 2001\nNameserver: ns1.hoster.example\n"
        record = await parser.parse("example.ro", reply)
        assert parser.worker_pid is not None, "it was asked"
        assert record.name_servers == ("ns1.hoster.example",)
        assert (record.created, record.registrar_name, record.date_sources) == (None, None, ())
    finally:
        await parser.aclose()


@pytest.mark.parametrize(
    ("reply", "sources"),
    [
        (GOOD_WHOIS, {"created": "registry", "updated": "registry", "expires": "registry"}),
        (
            GOOD_WHOIS.replace("Registry Expiry Date:", "Registrar Registration Expiration Date:"),
            {"created": "registrar", "updated": "registrar", "expires": "registrar"},
        ),
        (
            GOOD_WHOIS.replace(
                "DNSSEC", "Registrar Registration Expiration Date: 2026-07-30T00:00:00Z\nDNSSEC"
            ),
            {"created": "registry", "updated": "registry", "expires": "registry"},
        ),
    ],
)
def test_whose_word_a_date_is(reply: str, sources: dict[str, str]) -> None:
    record = read_whois("example.test", reply)
    assert dict(record.date_sources) == sources
    assert record.expires == datetime(2026, 6, 15, 18, 25, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DNSSEC: signedDelegation", True),
        ("DNSSEC: Signed delegation", True),
        ("dnssec: unsigned delegation", False),
        ("DNSSEC: Unsigned delegation, no DNSSEC records", False),
        ("DNSSEC: not signed", False),
        ("DNSSEC: yes", True),
        ("DNSSEC: N", False),
        ("DNSSEC: Active", True),
        ("DNSSEC: Inactive", False),
        ("DNSSEC:", None),
        ("DNSSEC: who knows", None),
        ("domain_signed: no", False),
        ("Dnskey: 257 3 8 AwEAAd", True),
        ("DNSSEC: unsigned\nDNSSEC: signedDelegation", None),
        ("keyset: AUTO-1", True),
        ("[Signing Key]                   ", None),
    ],
)
def test_whether_a_delegation_is_signed(line: str, expected: bool | None) -> None:  # noqa: FBT001 - parametrized
    assert (
        read_whois("example.test", f"Domain: example.test\nnserver: ns1.a.example\n{line}\n").dnssec
        is expected
    )


def test_there_are_golden_cases() -> None:
    assert len(GOLDEN) >= 90


async def test_python_whois_is_not_asked_when_nothing_is_missing() -> None:
    parser = WhoisParser()
    record = await parser.parse("example.test", GOOD_WHOIS)
    assert (record.reading, record.referral) == (Reading.REGISTERED, "whois.registrar.test")
    assert parser.worker_pid is None
    await parser.aclose()


async def test_the_worker_is_killed_at_its_deadline() -> None:
    parser = WhoisParser(deadline_s=0.5)
    try:
        start, ticks = time.monotonic(), 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        record = await parser.parse("example.hk", SLOW)
        ticking.cancel()
        # Gaps that depend on the load of this machine would read as changes: no answer at all.
        assert record.reading is Reading.UNCLEAR
        assert time.monotonic() - start < 5
        assert ticks > 5, "the event loop went on"
        assert parser.worker_pid is None
    finally:
        await parser.aclose()


async def test_the_next_reply_is_parsed_after_a_kill() -> None:
    parser = WhoisParser(deadline_s=1.5)
    try:
        assert (await parser.parse("example.hk", GAPS)).reading is Reading.REGISTERED
        assert (await parser.parse("example.hk", SLOW)).reading is Reading.UNCLEAR
        assert (await parser.parse("example.hk", GAPS)).reading is Reading.REGISTERED
    finally:
        await parser.aclose()


async def test_a_worker_that_died_meanwhile_is_replaced() -> None:
    parser = WhoisParser()
    try:
        await parser.parse("example.hk", GAPS)
        died = parser.worker_pid
        assert died is not None
        os.kill(died, 9)
        record = await parser.parse("example.hk", GAPS)
        assert (record.reading, record.registrar_name) == (Reading.REGISTERED, "Example Limited")
        assert parser.worker_pid not in {None, died}
    finally:
        await parser.aclose()


def test_the_worker_under_uvloop() -> None:
    async def ask() -> None:
        parser = WhoisParser(deadline_s=1.5)
        try:
            assert (await parser.parse("example.hk", GAPS)).reading is Reading.REGISTERED
            assert (await parser.parse("example.hk", SLOW)).reading is Reading.UNCLEAR
            assert (await parser.parse("example.hk", GAPS)).reading is Reading.REGISTERED
        finally:
            await parser.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())


async def test_a_long_reply_is_not_handed_to_python_whois() -> None:
    parser = WhoisParser()
    record = await parser.parse("example.hk", GAPS + "% padding\n" * 2000)
    assert (record.reading, parser.worker_pid) == (Reading.REGISTERED, None)


async def test_the_worker_answers_in_turn_and_ends() -> None:
    parser = WhoisParser()
    records = await asyncio.gather(*(parser.parse("example.hk", GAPS) for _ in range(5)))
    assert {record.registrar_name for record in records} == {"Example Limited"}
    pid = parser.worker_pid
    assert pid is not None
    await parser.aclose()
    await parser.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_cancelled_question_does_not_answer_the_next_one() -> None:
    parser = WhoisParser()
    try:
        await parser.parse("example.hk", GAPS)
        task = asyncio.create_task(parser.parse("example.hk", SLOW))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await parser.parse("example.hk", GAPS)).registrar_name == "Example Limited"
    finally:
        await parser.aclose()


def test_python_whois_fills_what_we_cannot_read() -> None:
    found = fields("example.com", GOOD_WHOIS)
    assert found["registrar"] == ["Epik, Inc."]
    assert found["created"] == ["2018-06-15T18:25:25+00:00"]
    assert set(found) <= {
        "registrar",
        "registrar_iana_id",
        "statuses",
        "name_servers",
        "created",
        "updated",
        "expires",
    }


@pytest.mark.parametrize(
    ("text", "tld", "expected"),
    [
        ("2018-06-15T18:25:25Z", "", "2018-06-15T18:25:25"),
        ("2018-06-15T18:25:25.123456789Z", "", "2018-06-15T18:25:25"),
        ("2010-07-04 04:34:46 +03:00", "", "2010-07-04T01:34:46"),
        ("2017-11-02 11:25:57+02", "", "2017-11-02T09:25:57"),
        ("2018-06-15", "", "2018-06-15T00:00:00"),
        ("19990518 #162310", "br", "1999-05-18T00:00:00"),
        ("20110426 17:57:27", "at", "2011-04-26T17:57:27"),
        ("14-Feb-1999", "uk", "1999-02-14T00:00:00"),
        ("21-March-2002", "", "2002-03-21T00:00:00"),
        ("30th April 2003 at 00:00:00.000", "gg", "2003-04-30T00:00:00"),
        ("May 22 2002", "is", "2002-05-22T00:00:00"),
        ("Tue Dec 12 2000", "be", "2000-12-12T00:00:00"),
        ("Tue Dec 12 10:11:12 GMT 2000", "", "2000-12-12T10:11:12"),
        ("2019/04/01 01:12:57 (JST)", "jp", "2019-03-31T16:12:57"),
        ("1999. 07. 28.", "kr", "1999-07-28T00:00:00"),
        ("2007-Jan-08.", "tr", "2007-01-08T00:00:00"),
        ("30.6.2006", "fi", "2006-06-30T00:00:00"),
        ("21.07.2000 15:21:00", "cz", "2000-07-21T15:21:00"),
        ("07-01-1998 00:00:00 GMT+1", "tn", "1998-01-06T23:00:00"),
        ("03/04/2020", "fr", "2020-04-03T00:00:00"),
        # March or April: not known, so not read.
        ("03/04/2020", "com", None),
        ("24-Jan-05", "com", "2005-01-24T00:00:00"),
        ("24-Jan-99", "com", "1999-01-24T00:00:00"),
        ("24-Jan-053", "com", None),
        ("Fri, Oct 21, 2011", "com", "2011-10-21T00:00:00"),
        ("Sat, 24 Jan 2015 10:00:00 GMT", "", "2015-01-24T10:00:00"),
        ("Tue Dec 12 10:11:12 2000", "", "2000-12-12T10:11:12"),
        ("2015年1月24日", "tw", "2015-01-24T00:00:00"),
        ("24 enero 2015", "", "2015-01-24T00:00:00"),
        ("24-dez-2015", "", "2015-12-24T00:00:00"),
        ("20150124093000", "", "2015-01-24T00:00:00"),
        ("13/04/2020", "com", "2020-04-13T00:00:00"),
        ("2020-13-01", "", None),
        ("2020-02-30", "", None),
        ("0000-00-00", "", None),
        ("before 1 January 1996", "ch", None),
        ("not defined", "", None),
        ("2020-01-01T00:00:00+99:99", "", "2020-01-01T00:00:00"),
        ("", "", None),
    ],
)
def test_dates(text: str, tld: str, expected: str | None) -> None:
    moment = datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None
    assert read_date(text, tld) == moment


@pytest.mark.parametrize(
    ("expires", "day"),
    [("03/04/2020", "2020-03-04"), ("13/04/2020", "2020-04-13"), ("3/3/2020", "2020-03-03")],
)
def test_another_date_of_the_reply_tells_the_order(expires: str, day: str) -> None:
    reply = f"Domain Name: example.test\nDomain registered: 12/18/2001\nRecord will expire on: {expires}\n"
    record = read_whois("example.test", reply)
    assert record.created == datetime(2001, 12, 18, tzinfo=UTC)
    assert record.expires == datetime.fromisoformat(day).replace(tzinfo=UTC)


def test_dates_that_contradict_each_other_tell_no_order() -> None:
    reply = (
        "Domain registered: 12/18/2001\nLast Updated Date: 18/12/2002\nRecord will expire on: 03/04/2020\n"
    )
    assert read_whois("example.test", reply).expires is None


def test_queries() -> None:
    assert query_for("whois.denic.de", "example.de") == b"-T dn,ace example.de\r\n"
    assert query_for("whois.jprs.jp", "example.jp") == b"example.jp/e\r\n"
    assert query_for("whois.verisign-grs.com", "example.com") == b"domain example.com\r\n"
    assert query_for("whois.example", "xn--e1afmkfd.xn--p1ai") == b"xn--e1afmkfd.xn--p1ai\r\n"


@given(st.text(max_size=40))
def test_no_query_smuggles_a_second_line(text: str) -> None:
    try:
        line = query_for("whois.example", text)
    except ValueError:
        return
    assert line.count(b"\n") == 1
    assert line == text.encode("ascii") + b"\r\n"


def test_character_sets() -> None:
    assert decode("Zone Media OÜ".encode()) == "Zone Media OÜ"
    assert decode("Zone Media OÜ".encode("latin-1")) == "Zone Media OÜ"
    assert decode("登録者".encode("iso-2022-jp")) == "登録者"


@given(st.binary(max_size=500))
def test_every_byte_can_be_read(raw: bytes) -> None:
    assert read_whois("example.com", decode(raw)).reading in set(Reading)


_LINES = st.lists(
    st.sampled_from(
        [
            *GOOD_WHOIS.splitlines(),
            "",
            "   ",
            "Registrar:",
            "Registrant:",
            "[Registrar]",
            "Name servers:",
            "   ns1.example.com",
            "No match",
            "Too many requests",
            "status: free",
            "created: 2020-01-01",
            "%",
            "[" * 40,
            ":" * 40,
            "Domain Name: other.test",
        ]
    )
    | st.text(max_size=60),
    max_size=40,
)


@given(_LINES)
@settings(max_examples=300)
def test_readings_hold_together(lines: list[str]) -> None:
    record = read_whois("example.test", "\n".join(lines))
    facts = (record.registrar_name, record.registrar_iana_id, record.statuses, record.name_servers)
    dates = (record.created, record.updated, record.expires)
    if record.reading is not Reading.REGISTERED:
        assert not any(facts)
        assert not any(dates)
    assert list(record.name_servers) == sorted(set(record.name_servers))
    assert list(record.statuses) == sorted(set(record.statuses))
    assert all(date.tzinfo is UTC for date in dates if date)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 65_536,
        " " * 65_536,
        "\n" * 65_536,
        "a:" * 32_768,
        "[" * 65_536,
        "Registrar:\n" * 6_000,
        "Domain Name: " + "a" * 65_000,
        "Name Server: " + "a." * 32_000,
        "Created: " + "1-" * 32_000,
        "% " + "domain " * 9_000,
        "x.........." * 6_000,
    ],
)
def test_reading_takes_linear_time(text: str) -> None:
    start = time.process_time()
    read_whois("example.com", text)
    assert time.process_time() - start < 0.5
