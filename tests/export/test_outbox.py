"""What is stored arrives: at least once, in order, whatever one receiver does."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.webhook_lab import Post, Reply, Script, WebhookLab, webhook_lab
from store.steps import change, drill

from monitor.clock import SystemClock
from monitor.export.outbox import Outbox, Retry
from monitor.export.receiver import ReceiverSettings, WebhookSender, routes
from monitor.store import Change, DeliveryState, Outcome, Store

QUICK = Retry(first_s=0.01, cap_s=0.02)


@asynccontextmanager
async def sending(
    store: Store, *labs: WebhookLab, retry: Retry = QUICK, timeout_s: float = 5.0
) -> AsyncIterator[Outbox]:
    receivers = settings(*labs, timeout_s=timeout_s)
    clock = SystemClock()
    async with WebhookSender(receivers, clock=clock, source="urn:test") as sender:
        outbox = Outbox(
            store,
            receivers,
            sender=sender,
            clock=clock,
            rng=random.Random(1),  # noqa: S311 - scatters waits
            retry=retry,
        )
        task = asyncio.create_task(outbox.run())
        try:
            yield outbox
        finally:
            task.cancel()
            await asyncio.wait([task])


def settings(*labs: WebhookLab, timeout_s: float = 5.0) -> list[ReceiverSettings]:
    return [
        ReceiverSettings(name=f"r{number}", url=lab.url, timeout_s=timeout_s)
        for number, lab in enumerate(labs)
    ]


async def put(store: Store, labs: Sequence[WebhookLab], *changes: Change) -> None:
    await store.commit(changes, receivers=routes(settings(*labs)))


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await question():  # noqa: ASYNC110 - asks the store itself, which has no event behind it
            await asyncio.sleep(0.005)


async def settled(store: Store, *names: str) -> None:
    async def empty() -> bool:
        return not any((await store.pending(names)).values())

    await until(empty)


async def counted(store: Store, outcome: Outcome, number: int) -> None:
    async def enough() -> bool:
        return (await store.totals()).get(("r0", outcome), 0) >= number

    await until(enough)


def steps(target: str, *seqs: int) -> list[Change]:
    return [change(target, seq, drill(target, seq)) for seq in seqs]


def ids(target: str, *seqs: int) -> list[str]:
    return [drill(target, seq).id for seq in seqs]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/monitor.db") as opened:
        yield opened


def first(*replies: Reply) -> Script:
    """Answer the first requests so, and all later ones with 200."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if waiting else Reply()


async def test_what_was_stored_before_the_start_is_sent_in_order(store: Store) -> None:
    async with webhook_lab() as lab:
        await put(store, [lab], *steps("a", 1, 2, 3))
        async with sending(store, lab):
            await lab.arrived(3)
            await settled(store, "r0")
        assert lab.ids == ids("a", 1, 2, 3)
    assert await store.totals() == {("r0", Outcome.DELIVERED): 3}


async def test_a_wake_up_is_heard_at_once(store: Store) -> None:
    async with webhook_lab() as lab, sending(store, lab) as outbox:
        await asyncio.sleep(0.05)  # it has found nothing, and waits
        await put(store, [lab], *steps("a", 1))
        outbox.wake(["r0", "unheard of"])
        async with asyncio.timeout(5):
            await lab.arrived(1)


FAULTS = {
    "500": Reply(status=500, body=b"oops"),
    "301": Reply(status=301, headers=(("Location", "/elsewhere"),)),
    "429": Reply(status=429),
    "drop": Reply(drop=True),
    "endless": Reply(status=500, endless=True),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failed_try_is_repeated_with_the_same_id_and_body(store: Store, fault: str) -> None:
    async with webhook_lab(first(FAULTS[fault], FAULTS[fault])) as lab:
        await put(store, [lab], *steps("a", 1))
        async with sending(store, lab):
            await lab.arrived(3)
            await settled(store, "r0")
        assert lab.ids == ids("a", 1) * 3
        assert len({post.body for post in lab.posts}) == 1
    assert await store.totals() == {("r0", Outcome.FAILED): 2, ("r0", Outcome.DELIVERED): 1}
    (delivery,) = await store.deliveries()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DONE, 3)


async def test_a_receiver_that_is_not_there_is_tried_until_it_is(store: Store) -> None:
    async with webhook_lab() as lab:
        pass
    await put(store, [lab], *steps("a", 1))
    async with sending(store, lab):
        await counted(store, Outcome.FAILED, 3)
    (delivery,) = await store.deliveries()
    assert delivery.state is DeliveryState.PENDING
    assert delivery.last_error == "connection refused"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_what_is_refused_for_good_is_parked_with_the_reason(store: Store, status: int) -> None:
    async with webhook_lab(first(Reply(status=status, body=b"no such thing"))) as lab:
        await put(store, [lab], *steps("a", 1, 2))
        async with sending(store, lab):
            await settled(store, "r0")
        assert lab.ids == ids("a", 1, 2)  # the next one goes on
    (parked,) = await store.deliveries(states=[DeliveryState.PARKED])
    assert (parked.event.event.id, parked.last_error) == (
        drill("a", 1).id,
        f"answered {status}: no such thing",
    )


async def test_a_delivery_is_given_up_after_a_long_time(store: Store) -> None:
    async with webhook_lab(lambda _: Reply(status=500)) as lab:
        await put(store, [lab], *steps("a", 1))
        async with sending(store, lab, retry=Retry(first_s=0.01, cap_s=0.01, give_up_s=0.0)):
            await settled(store, "r0")
        assert len(lab.posts) == 2
    (parked,) = await store.deliveries(states=[DeliveryState.PARKED])
    assert parked.last_error == "given up after 2 tries: answered 500"


async def test_a_break_is_kept(store: Store) -> None:
    """Retry-After holds for the receiver, not only for the event that was answered so."""
    break_s = 1
    times: list[float] = []

    def script(_: Post) -> Reply:
        times.append(asyncio.get_running_loop().time())
        return Reply(status=429, headers=(("Retry-After", str(break_s)),)) if len(times) == 1 else Reply()

    async with webhook_lab(script) as lab:
        await put(store, [lab], *steps("a", 1))
        async with sending(store, lab) as outbox:
            await lab.arrived(1)
            await asyncio.sleep(0.1)
            await put(store, [lab], *steps("b", 1))
            outbox.wake()
            await lab.arrived(3)
    assert times[1] - times[0] >= break_s * 0.99


async def test_one_target_waits_and_the_others_do_not(store: Store) -> None:
    """Order per target: what is to be tried again holds back its own target only."""
    sick = set(ids("a", 1))

    async with webhook_lab(lambda post: Reply(status=500 if post.event_id in sick else 200)) as lab:
        await put(store, [lab], *steps("a", 1, 2), *steps("b", 1, 2), *steps("c", 1))
        async with sending(store, lab) as outbox:
            await counted(store, Outcome.DELIVERED, 3)
            assert ids("a", 2)[0] not in lab.ids
            sick.clear()
            outbox.wake()
            await settled(store, "r0")
        healed = [name for name in lab.ids if name in ids("a", 1, 2)]
        assert healed[-2:] == ids("a", 1, 2)
        assert [name for name in lab.ids if name in ids("b", 1, 2)] == ids("b", 1, 2)


async def test_a_receiver_that_hangs_delays_no_other(store: Store) -> None:
    async with webhook_lab(lambda _: Reply(hang=True)) as bad, webhook_lab() as good:
        await put(store, [bad, good], *(step for name in "abcdefgh" for step in steps(name, 1, 2)))
        async with sending(store, bad, good, timeout_s=30):
            async with asyncio.timeout(5):
                await good.arrived(16)
                await settled(store, "r1")
            assert len(bad.posts) == QUICK.at_once  # and no more at a time
    assert await store.pending(["r0", "r1"]) == {"r0": 16, "r1": 0}


async def test_a_restart_sends_again_with_the_same_id(store: Store) -> None:
    """Killed between the POST and its settlement: the receiver sees the id again and can tell."""
    async with webhook_lab(lambda _: Reply(hang=True)) as lab:
        await put(store, [lab], *steps("a", 1))
        async with sending(store, lab):
            await lab.arrived(1)
        lab.script = lambda _: Reply()
        async with sending(store, lab):
            await settled(store, "r0")
        assert lab.ids == ids("a", 1) * 2


async def test_stop_lets_tries_in_flight_end(store: Store) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()
    async with webhook_lab() as lab:
        original = lab._answer

        async def slowly(*arguments: object) -> bool:
            arrived.set()
            await release.wait()
            return await original(*arguments)  # type: ignore[arg-type] # passed through

        lab._answer = slowly  # type: ignore[method-assign] # the lab's own, not our code
        await put(store, [lab], *steps("a", 1, 2))
        receivers = settings(lab)
        async with WebhookSender(receivers, clock=SystemClock(), source="urn:test") as sender:
            outbox = Outbox(store, receivers, sender=sender, clock=SystemClock())
            running = asyncio.create_task(outbox.run())
            await arrived.wait()
            outbox.stop()
            release.set()
            await asyncio.wait_for(running, 10)
    assert lab.ids == ids("a", 1)
    assert await store.totals() == {("r0", Outcome.DELIVERED): 1}
    assert await store.pending(["r0"]) == {"r0": 1}


async def test_a_store_that_refuses_is_waited_for(store: Store, tmp_path: Path) -> None:
    """What was delivered while nothing could be written is settled later, not sent again."""
    async with webhook_lab() as lab, await Store.open(f"sqlite:///{tmp_path}/monitor.db", busy_s=0.02) as own:
        await put(store, [lab], *steps("a", 1, 2))
        other = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        async with sending(own, lab):
            await lab.arrived(1)
            await asyncio.sleep(0.2)
            assert len(lab.posts) == 1
            other.execute("ROLLBACK")
            other.close()
            await settled(store, "r0")
        assert lab.ids == ids("a", 1, 2)


@given(attempts=st.integers(1, 10**6), seed=st.integers())
def test_waits_are_random_and_bounded(attempts: int, seed: int) -> None:
    wait_s = Retry().wait_s(attempts, random.Random(seed))  # noqa: S311 - scatters waits
    assert 0.0 <= wait_s <= min(900.0, 2.0 * 2.0 ** min(attempts, 30))


def test_waits_grow() -> None:
    source = random.Random(3)  # noqa: S311 - scatters waits

    def mean(attempts: int) -> float:
        return sum(Retry().wait_s(attempts, source) for _ in range(500)) / 500

    assert mean(1) < mean(3) < mean(6) < mean(12)
