"""How registries are asked: left alone, asked conditionally, found through IANA."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from servers.hand_clock import SleeperClock
from servers.registration_lab import (
    GOOD_WHOIS,
    QUICK,
    Lab,
    WhoisLab,
    answers,
    check,
    good_rdap,
    lab,
    says,
)

from monitor.failure import Failure
from monitor.model import RegistrationFacts
from monitor.probe.allowance import Rate
from monitor.probe.error import ProbeError
from monitor.probe.registration import probe_registration
from monitor.probe.registries import Registries
from monitor.probe.turn_line import Pace
from monitor.probe.turns import NotAskedError

PUBLIC = "93.184.216.34"
QUOTA = "You have exceeded your query quota. Please try again later.\n"


async def look(here: Lab, domain: str, *, urgent: bool = False, timeout_s: float = 5.0) -> RegistrationFacts:
    return await probe_registration(replace(check(domain, timeout_s), urgent=urgent), here.io)


async def failure(here: Lab, domain: str, **how: bool) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        await look(here, domain, **how)
    return caught.value


# --- Left alone ---


@pytest.mark.parametrize("status", [429, 403])
async def test_a_limited_rdap_server_gets_no_traffic_until_its_time_is_over(status: int) -> None:
    clock = SleeperClock()
    async with lab(clock=clock) as here:
        here.rdap = answers(status=status, headers={"Retry-After": "600"})
        assert (await failure(here, "one.rdap")).failure is Failure.REGISTRATION_LIMITED
        here.rdap = answers(good_rdap("two.rdap"))
        error = await failure(here, "two.rdap")
        assert isinstance(error, NotAskedError)
        assert error.failure is Failure.REGISTRATION_LIMITED
        assert error.detail.startswith("not asked: 127.0.0.1 limits its rate and is left alone until")
        assert len(here.requests) == 1
        await clock.advance(601)
        assert (await look(here, "two.rdap")).registered


async def test_a_limited_whois_server_gets_no_traffic_either() -> None:
    async with lab() as here:
        here.whois.talk = says(QUOTA)
        assert (await failure(here, "one.whois")).failure is Failure.REGISTRATION_LIMITED
        for urgent in (False, True):
            assert isinstance(await failure(here, "two.whois", urgent=urgent), NotAskedError)
        assert here.whois.queries == ["one.whois"]


async def test_a_server_that_is_not_there_is_not_tried_again_at_once() -> None:
    async with lab(hosts={"whois.gone.test": [PUBLIC]}) as here:
        here.io = replace(here.io, registries=Registries.load(whois={"whois": "whois.gone.test"}))
        assert (await failure(here, "one.whois")).failure is Failure.REGISTRATION_UNREACHABLE
        tried = len(here.route.asked)
        error = await failure(here, "two.whois")
        assert (error.failure, len(here.route.asked)) == (Failure.REGISTRATION_UNREACHABLE, tried)
        assert "could not be reached and is left alone" in error.detail


async def test_whois_is_asked_while_rdap_is_left_alone() -> None:
    async with lab() as here:
        here.rdap = answers(status=429)
        for _ in range(2):
            assert (await look(here, "example.test")).source == "whois"
        assert len(here.requests) == 1


async def test_our_own_pace_never_turns_a_question_over_to_the_other_source() -> None:
    """What RDAP and WHOIS say cannot be compared: a change between them would go unnoticed."""
    pace = Pace(rdap=Rate(per_s=0.001, burst=1), whois=QUICK.whois)
    async with lab(pace=pace) as here:
        await look(here, "example.test")
        error = await failure(here, "example.test")
        assert (error.failure, here.whois.queries) == (Failure.REGISTRATION_LIMITED, [])
        assert "wait for their turn" in error.detail


async def test_a_check_that_was_put_off_is_called_again_and_then_answered() -> None:
    clock = SleeperClock()
    called: list[str] = []
    async with lab(clock=clock) as here:
        here.io.asking.turns.recall = lambda key: called.append(key) or True
        here.whois.talk = says(QUOTA)
        await failure(here, "one.whois")
        await failure(here, "two.whois")
        assert here.io.asking.turns.waiting() == 2
        here.whois.talk = says(GOOD_WHOIS.replace("EXAMPLE.TEST", "ONE.WHOIS"))
        await clock.advance(301)
        # One after a refusal; the next when it has been answered.
        assert called == ["one.whois/registration"]
        await look(here, "one.whois")
        await clock.advance(0)
        assert called == ["one.whois/registration", "two.whois/registration"]


async def test_what_was_called_again_and_asked_in_vain_waits_for_its_next_regular_run() -> None:
    """Else one domain that a server cannot answer for would be asked about all day."""
    clock = SleeperClock()
    called: list[str] = []
    async with lab(clock=clock) as here:
        turns = here.io.asking.turns
        turns.recall = lambda key: called.append(key) or True
        here.rdap = answers(status=500)
        await failure(here, "poison.rdap")
        await clock.advance(0)
        assert called == ["poison.rdap/registration"]
        await failure(here, "poison.rdap")
        assert turns.waiting() == 0


async def test_an_answer_from_whois_takes_the_check_out_of_the_line_for_rdap() -> None:
    async with lab(clock=SleeperClock()) as here:
        turns = here.io.asking.turns
        turns.recall = lambda _: True
        here.rdap, here.whois.talk = answers(status=429), says(QUOTA)
        await failure(here, "example.test")
        assert turns.waiting() == 1
        here.io = replace(here.io, registries=_moved(here))
        here.whois.talk = says(GOOD_WHOIS)
        async with WhoisLab().running() as other:
            here.io = replace(here.io, registries=_moved(here, other))
            await look(here, "example.test")
        assert turns.waiting() == 0


def _moved(here: Lab, other: WhoisLab | None = None) -> Registries:
    base = here.io.registries.rdap_base("example.test") or ""
    host, port = (other or here.whois).endpoint
    return Registries.load(rdap={"test": base}, whois={"test": f"{host}:{port}"})


async def test_waiting_for_a_slow_server_costs_another_servers_questions_nothing() -> None:
    pace = replace(QUICK, at_once=2, whois=Rate(per_s=0.5, burst=1))
    async with lab(pace=pace) as here:
        here.whois.talk = says("No match for domain.\n>>> Last update of whois database: 2021 <<<\n")
        loop = asyncio.get_running_loop()
        waiting = [asyncio.create_task(failure_or_facts(here, f"w{n}.whois", 1.0)) for n in range(20)]
        await asyncio.sleep(0.05)
        begun = loop.time()
        here.rdap = answers(good_rdap("quick.rdap"))
        assert (await look(here, "quick.rdap", timeout_s=1.0)).registered
        assert loop.time() - begun < 0.5
        await asyncio.gather(*waiting)


async def failure_or_facts(here: Lab, domain: str, timeout_s: float) -> object:
    try:
        return await look(here, domain, timeout_s=timeout_s)
    except ProbeError as error:
        return error


# --- Conditional requests ---


def validated(tag: str = '"v1"', **headers: str) -> tuple[list[web.Request], object]:
    """Return an answer that says 304 to whoever has its tag already, and the requests that it got."""
    got: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        got.append(request)
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        name = request.path.rpartition("/")[2]
        return await answers(good_rdap(name), headers={"ETag": tag, **headers})(request)

    return got, answer


async def test_an_unchanged_record_is_not_sent_twice() -> None:
    got, here_says = validated(**{"Last-Modified": "Tue, 24 Nov 2026 12:00:00 GMT"})
    async with lab() as here:
        here.rdap = here_says
        first = await look(here, "example.rdap")
        second = await look(here, "example.rdap")
    assert second is first
    assert [request.headers.get("If-None-Match") for request in got] == [None, '"v1"']
    assert got[1].headers["If-Modified-Since"] == "Tue, 24 Nov 2026 12:00:00 GMT"


async def test_an_investigation_gets_the_whole_record() -> None:
    got, here_says = validated()
    async with lab() as here:
        here.rdap = here_says
        await look(here, "example.rdap")
        await look(here, "example.rdap", urgent=True)
    assert "If-None-Match" not in got[1].headers
    assert got[1].headers["Cache-Control"] == "no-cache"


async def test_one_domains_record_is_never_anothers() -> None:
    _, here_says = validated()
    async with lab() as here:
        here.rdap = here_says
        await look(here, "one.rdap")
        assert (await look(here, "two.rdap")).domain == "two.rdap"


async def test_as_it_was_means_nothing_where_nothing_was() -> None:
    async with lab() as here:
        here.rdap = answers(raw=b"", status=304)
        assert (await failure(here, "example.rdap")).failure is Failure.REGISTRATION_UNPARSABLE


@pytest.mark.parametrize("tag", ["", "v1", '"' + "x" * 400 + '"', '"\x01"'])
async def test_what_is_no_validator_is_not_sent_back(tag: str) -> None:
    async with lab() as here:
        here.rdap = answers(good_rdap("example.rdap"), headers={"ETag": tag} if tag.isprintable() else {})
        await look(here, "example.rdap")
        await look(here, "example.rdap")
        assert "If-None-Match" not in here.requests[1].headers


# --- IANA ---

IANA = """\
% IANA WHOIS server
% for more information on IANA, visit http://www.iana.org
% This query returned 1 object

domain:       {tld}
organisation: Example Registry
whois:        {server}
status:       ACTIVE
source:       IANA
"""


@asynccontextmanager
async def newcomer(host: str) -> AsyncIterator[tuple[Lab, WhoisLab, WhoisLab]]:
    """Open IANA's server, and a registry's behind a public address that `host` leads to."""
    async with (
        WhoisLab().running() as iana,
        WhoisLab().running() as registry,
        lab(hosts={host: [PUBLIC]}, iana=iana.endpoint) as here,
    ):
        here.route.leads[PUBLIC, 43] = registry.endpoint
        yield here, iana, registry


async def test_an_unknown_top_level_domain_is_asked_of_iana_once() -> None:
    async with newcomer("whois.nic.newtld") as (here, iana, registry):
        iana.talk = says(IANA.format(tld="NEWTLD", server="whois.nic.newtld"))
        registry.talk = says(GOOD_WHOIS.replace("EXAMPLE.TEST", "ONE.NEWTLD"))
        facts = await look(here, "one.newtld")
        assert (facts.registered, facts.server) == (True, "whois.nic.newtld")
        registry.talk = says(GOOD_WHOIS.replace("EXAMPLE.TEST", "TWO.NEWTLD"))
        await look(here, "two.newtld")
    assert (iana.queries, registry.queries) == (["newtld"], ["one.newtld", "two.newtld"])


async def test_that_there_is_none_is_kept_too_and_asked_again_after_days() -> None:
    clock = SleeperClock()
    async with WhoisLab().running() as iana, lab(iana=iana.endpoint, clock=clock) as here:
        iana.talk = says("% IANA WHOIS server\n% This query returned 0 objects.\n")
        for _ in range(3):
            assert (await failure(here, "one.newtld")).failure is Failure.REGISTRATION_NO_SERVER
        assert iana.queries == ["newtld"]
        await clock.advance(3 * 86_400)
        await failure(here, "one.newtld")
        assert iana.queries == ["newtld", "newtld"]


@pytest.mark.parametrize(
    "reply",
    [
        IANA.format(tld="OTHER", server="whois.nic.other"),
        IANA.format(tld="NEWTLD", server="127.0.0.1"),
        IANA.format(tld="NEWTLD", server="localhost"),
        IANA.format(tld="NEWTLD", server=""),
        IANA.format(tld="NEWTLD", server="whois.private.test"),
        "whois: whois.nic.newtld\n",
        "\xff\xfe",
        QUOTA,
    ],
)
async def test_what_iana_did_not_say_about_it_leads_nowhere(reply: str) -> None:
    hosts = {"whois.private.test": ["127.0.0.1"]}
    async with WhoisLab().running() as iana, lab(hosts=hosts, iana=iana.endpoint) as here:
        iana.talk = says(reply)
        error = await failure(here, "one.newtld")
        assert error.failure in {Failure.REGISTRATION_NO_SERVER, Failure.REGISTRATION_UNREACHABLE}
        assert here.whois.queries == []
        assert [port for _, port in here.route.asked if port == 43] == []


async def test_a_server_whose_name_is_gone_is_asked_of_iana() -> None:
    async with newcomer("whois.new.test") as (here, iana, registry):
        iana.talk = says(IANA.format(tld="RU", server="whois.new.test"))
        registry.talk = says(GOOD_WHOIS.replace("EXAMPLE.TEST", "EXAMPLE.RU"))
        for _ in range(2):
            assert (await look(here, "example.ru")).server == "whois.new.test"
    assert (iana.queries, len(registry.queries)) == (["ru"], 2)


async def test_what_the_configuration_says_is_not_asked_of_iana() -> None:
    async with WhoisLab().running() as iana, lab(iana=iana.endpoint) as here:
        iana.talk = says(IANA.format(tld="RU", server="whois.new.test"))
        for rows in ({"ru": "whois.gone.test"}, {"ru": ""}):
            here.io = replace(here.io, registries=Registries.load(whois=rows))
            await failure(here, "example.ru")
    assert iana.queries == []


async def test_iana_is_asked_by_nobody_where_it_is_switched_off() -> None:
    async with lab(iana=None) as here:
        assert (await failure(here, "one.newtld")).failure is Failure.REGISTRATION_NO_SERVER
