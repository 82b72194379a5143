"""Sockets: how many, for how long, and at what pace."""

import asyncio
import time
from itertools import pairwise

from monitor.failure import Failure
from monitor.probe.dns_message import question
from monitor.probe.dns_pace import Pace
from monitor.probe.dns_transport import Datagrams, _Socket
from tests.servers.dns_lab import DnsLab, HandClock, Query, answer, rcode, silent

ASKED = question("www.example", "A")


async def ask(datagrams: Datagrams, lab: DnsLab, times: int) -> None:
    for _ in range(times):
        assert (await datagrams.exchange(lab.endpoint, ASKED, 2.0)).rcode == "NOERROR"


def ports(lab: DnsLab) -> list[int]:
    return [query.source[1] for query in lab.queries]


async def test_four_ports_are_used_and_ids_differ() -> None:
    datagrams = Datagrams(HandClock())
    async with DnsLab(rcode("NOERROR")) as lab:
        await ask(datagrams, lab, 200)
        datagrams.close()
    assert len(set(ports(lab))) == 4
    ids = [int.from_bytes(query.wire[:2]) for query in lab.queries]
    assert len(set(ids)) > 190
    assert len({after - before for before, after in pairwise(ids)}) > 150, "ids are no sequence"


async def ask_noting_sockets(datagrams: Datagrams, lab: DnsLab, times: int) -> set[_Socket]:
    """Return every socket that was used.

    Sockets are counted themselves, not their ports: the kernel may give a port that was closed to
    the next socket, as one run in a hundred shows.
    """
    seen: set[_Socket] = set()
    for _ in range(times):
        await ask(datagrams, lab, 1)
        seen |= {used for used in datagrams._sockets if used is not None}
    return seen


async def test_a_socket_is_replaced_after_so_many_questions() -> None:
    datagrams = Datagrams(HandClock(), max_queries=10)
    async with DnsLab(rcode("NOERROR")) as lab:
        seen = await ask_noting_sockets(datagrams, lab, 200)
        datagrams.close()
    asked = [used.sent for used in seen]
    assert max(asked) <= 10
    assert sum(asked) == 200, "none was missed"
    assert len(set(ports(lab))) >= 15, "another socket is another port"


async def test_a_socket_is_replaced_after_so_much_time() -> None:
    clock = HandClock()
    datagrams = Datagrams(clock)
    async with DnsLab(rcode("NOERROR")) as lab:
        before = await ask_noting_sockets(datagrams, lab, 50)
        clock.seconds += 60
        after = await ask_noting_sockets(datagrams, lab, 50)
        datagrams.close()
    replaced = after - before
    assert len(replaced) == 4
    assert sum(used.sent for used in before) == 50
    assert sum(used.sent for used in replaced) == 50


async def test_a_replaced_socket_still_takes_its_answers() -> None:
    """Every question wears out its socket, and none is answered before the last has been asked."""
    datagrams = Datagrams(HandClock(), max_queries=1)
    loop = asyncio.get_running_loop()
    async with DnsLab(silent) as lab:

        def behave(query: Query) -> list[bytes]:
            wire = answer(query)
            loop.call_later(0.05, lab.send, wire, query.source)
            return []

        lab.behaviour = behave
        messages = await asyncio.gather(*(datagrams.exchange(lab.endpoint, ASKED, 5.0) for _ in range(20)))
        datagrams.close()
    assert {message.rcode for message in messages} == {"NOERROR"}
    assert len(set(ports(lab))) == 20


async def test_another_endpoint_gets_other_sockets() -> None:
    datagrams = Datagrams(HandClock())
    async with DnsLab(rcode("NOERROR")) as first, DnsLab(rcode("NOERROR")) as second:
        await ask(datagrams, first, 20)
        await ask(datagrams, second, 20)
        datagrams.close()
    assert len(first.queries) == len(second.queries) == 20


async def test_closing_ends_every_wait() -> None:
    datagrams = Datagrams(HandClock(), max_queries=1)
    async with DnsLab(silent) as lab:
        tasks = [asyncio.create_task(datagrams.exchange(lab.endpoint, ASKED, 60)) for _ in range(150)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        datagrams.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        assert isinstance(result, OSError) or result.failure is Failure.DNS_UNREACHABLE


async def test_the_window_holds_back_a_burst_and_answers_let_it_go() -> None:
    pace = Pace(old_s=60)
    turns = [asyncio.create_task(pace.turn(60)) for _ in range(150)]
    await asyncio.sleep(0.02)
    assert [turn.done() for turn in turns] == [True] * 100 + [False] * 50, "first come, first served"
    for turn in turns[:30]:
        pace.done(turn.result())
        pace.done(turn.result())
    await asyncio.sleep(0)
    assert [turn.done() for turn in turns] == [True] * 130 + [False] * 20
    pace.close()
    await asyncio.gather(*turns)


async def test_the_silence_of_some_does_not_hold_up_the_others() -> None:
    pace = Pace(old_s=0.02)
    started = time.monotonic()
    for _ in range(300):
        await pace.turn(60)
    assert 0.04 <= time.monotonic() - started < 1
    pace.close()


async def test_patience_ends() -> None:
    pace = Pace(old_s=60)
    started = time.monotonic()
    await asyncio.gather(*(pace.turn(0.05) for _ in range(150)))
    assert 0.04 < time.monotonic() - started < 0.5
    pace.close()


async def test_who_gave_up_does_not_use_a_turn() -> None:
    pace = Pace(old_s=60)
    turns = [asyncio.create_task(pace.turn(60)) for _ in range(103)]
    await asyncio.sleep(0)
    turns[100].cancel()
    await asyncio.sleep(0)
    pace.done(turns[0].result())
    await asyncio.sleep(0)
    assert (turns[101].done(), turns[102].done()) == (True, False)
    pace.close()
    await asyncio.gather(*turns, return_exceptions=True)
