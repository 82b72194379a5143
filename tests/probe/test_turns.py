"""Whose turn it is: lines, rests, places that are kept, and nobody who starves."""

import asyncio
import random
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil

import pytest
from servers.hand_clock import START, SleeperClock, settle

from monitor.clock import SystemClock
from monitor.failure import Failure
from monitor.probe import turns as lines
from monitor.probe.allowance import Rate
from monitor.probe.error import ProbeError
from monitor.probe.outcome import Outcome
from monitor.probe.turn_line import Pace, Server
from monitor.probe.turns import NotAskedError, Turns

WHOIS = Server(protocol="whois", place="whois.example", name="whois.example")
OTHER = Server(protocol="whois", place="whois.other.example", name="whois.other.example")
RDAP = Server(protocol="rdap", place="rdap.example", name="rdap.example")
SLOW = Pace(whois=Rate(per_s=0.01, burst=1), rdap=Rate(per_s=1.0, burst=10))


@asynccontextmanager
async def opened(pace: Pace = SLOW) -> AsyncIterator[tuple[Turns, SleeperClock]]:
    clock = SleeperClock()
    turns = Turns(clock=clock, pace=pace)
    try:
        yield turns, clock
    finally:
        await turns.aclose()


async def ask(
    turns: Turns, key: str, server: Server = WHOIS, *, patience_s: float = 0.05, **how: bool
) -> None:
    async with turns.turn(server, key, patience_s=patience_s, **how):
        pass


async def fail(
    turns: Turns, failure: Failure, key: str = "a", server: Server = WHOIS, **said: object
) -> None:
    async def asked() -> None:
        async with turns.turn(server, key, patience_s=0.05) as turn:
            for name, value in said.items():
                setattr(turn, name, value)
            raise ProbeError(failure)

    with pytest.raises(ProbeError):
        await asked()


async def refused(turns: Turns, key: str, server: Server = WHOIS, **how: bool) -> NotAskedError:
    with pytest.raises(NotAskedError) as caught:
        await ask(turns, key, server, **how)
    return caught.value


async def test_a_question_whose_turn_would_come_too_late_is_not_asked_and_does_not_wait() -> None:
    async with opened() as (turns, _):
        await ask(turns, "a")
        error = await refused(turns, "b", keep=True)
    assert (error.failure, error.rest) == (Failure.REGISTRATION_LIMITED, None)
    assert error.detail.startswith("not asked: whois.example is asked 0.01 times a second at most")


async def test_a_question_waits_for_its_turn_as_long_as_its_patience_lasts() -> None:
    async with opened() as (turns, clock):
        await ask(turns, "a")
        waiting = asyncio.create_task(ask(turns, "b", patience_s=150.0))
        await clock.advance(99)
        assert not waiting.done()
        await clock.advance(2)
        await waiting


async def test_a_turn_that_never_comes_ends_with_patience() -> None:
    """One question at a time: the one in flight does not end."""
    async with opened(Pace(whois=Rate(per_s=1.0, burst=5))) as (turns, _):
        async with turns.turn(WHOIS, "a", patience_s=1.0):
            error = await refused(turns, "b")
        assert error.failure is Failure.REGISTRATION_LIMITED
        await ask(turns, "c")


@pytest.mark.parametrize(
    ("failure", "expected", "words"),
    [
        (Failure.REGISTRATION_LIMITED, Failure.REGISTRATION_LIMITED, "limits its rate"),
        (Failure.REGISTRATION_UNREACHABLE, Failure.REGISTRATION_UNREACHABLE, "could not be reached"),
    ],
)
async def test_a_server_that_refused_or_was_not_there_is_left_alone(
    failure: Failure, expected: Failure, words: str
) -> None:
    async with opened(Pace(whois=Rate(per_s=1.0, burst=9))) as (turns, clock):
        await fail(turns, failure)
        for key in ("b", "c"):
            error = await refused(turns, key)
            assert error.failure is expected
            assert words in error.detail
            assert error.detail.endswith("Z")
        assert sum(turns.resting().values()) == 1
        await ask(turns, "d", OTHER)
        await clock.advance(301)
        assert sum(turns.resting().values()) == 0
        await ask(turns, "b")


async def test_an_urgent_question_is_not_asked_of_a_resting_server_either() -> None:
    async with opened() as (turns, _):
        await fail(turns, Failure.REGISTRATION_LIMITED)
        assert (await refused(turns, "b", urgent=True)).rest is not None


async def test_retry_after_is_honoured() -> None:
    async with opened(Pace(whois=Rate(per_s=1.0, burst=9))) as (turns, clock):
        await fail(turns, Failure.REGISTRATION_LIMITED, retry_after_s=7200.0)
        await clock.advance(7199)
        await refused(turns, "b")
        await clock.advance(2)
        await ask(turns, "b")


async def test_one_timeout_is_no_reason_to_leave_a_server_alone_and_two_are() -> None:
    async with opened(Pace(whois=Rate(per_s=1.0, burst=9))) as (turns, _):
        await fail(turns, Failure.REGISTRATION_TIMEOUT)
        await ask(turns, "b")
        await fail(turns, Failure.REGISTRATION_TIMEOUT)
        await fail(turns, Failure.REGISTRATION_TIMEOUT)
        await refused(turns, "b")


async def test_a_failure_of_this_machine_says_nothing_about_the_server() -> None:
    async with opened(Pace(whois=Rate(per_s=1.0, burst=9))) as (turns, _):
        for _ in range(3):
            await fail(turns, Failure.DNS_UNREACHABLE)
        await ask(turns, "b")


async def test_waiting_for_one_server_holds_no_slot_of_another() -> None:
    """Eight wait at a slow server; a ninth question, to another, goes out at once."""
    async with opened(Pace(at_once=1, whois=Rate(per_s=0.01, burst=1))) as (turns, clock):
        await ask(turns, "first")
        waiting = [asyncio.create_task(ask(turns, f"w{n}", patience_s=1000.0)) for n in range(8)]
        await settle()
        assert turns.waiting() == 8
        await ask(turns, "other", OTHER)
        await clock.advance(900)
        await asyncio.gather(*waiting)


async def test_no_more_questions_in_flight_than_the_limit_allows() -> None:
    busy = most = 0

    async def one(turns: Turns, number: int) -> None:
        nonlocal busy, most
        async with turns.turn(Server(protocol="rdap", place=f"{number}", name="x"), "k", patience_s=5.0):
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0)
            busy -= 1

    async with opened(Pace(at_once=3)) as (turns, _):
        await asyncio.gather(*(one(turns, number) for number in range(20)))
    assert most == 3


async def test_a_slot_that_does_not_come_free_gives_the_token_back() -> None:
    async with opened(Pace(at_once=1, whois=Rate(per_s=0.001, burst=1))) as (turns, _):
        async with turns.turn(RDAP, "a", patience_s=1.0):
            error = await refused(turns, "b")
            assert "1 other questions were in flight" in error.detail
        await ask(turns, "b")


async def test_whois_gets_one_question_at_a_time_and_a_server_on_trial_one_of_any_kind() -> None:
    most: Counter[str] = Counter()
    busy: Counter[str] = Counter()

    async def one(turns: Turns, server: Server, number: int) -> None:
        async with turns.turn(server, f"{number}", patience_s=5.0):
            busy[server.protocol] += 1
            most[server.protocol] = max(most[server.protocol], busy[server.protocol])
            await asyncio.sleep(0)
            busy[server.protocol] -= 1

    pace = Pace(whois=Rate(per_s=99.0, burst=99), rdap=Rate(per_s=99.0, burst=99))
    async with opened(pace) as (turns, clock):
        await asyncio.gather(*(one(turns, server, n) for server in (WHOIS, RDAP) for n in range(9)))
        assert most == {"whois": 1, "rdap": 4}
        await fail(turns, Failure.REGISTRATION_LIMITED, server=RDAP)
        await clock.advance(301)
        async with turns.turn(RDAP, "trial", patience_s=1.0):
            await refused(turns, "second", RDAP)


async def test_an_investigation_goes_before_those_who_wait_already() -> None:
    order: list[str] = []

    async def one(turns: Turns, key: str, *, urgent: bool = False) -> None:
        await ask(turns, key, patience_s=10_000.0, urgent=urgent)
        order.append(key)

    async with opened() as (turns, clock):
        await ask(turns, "first")
        tasks = [asyncio.create_task(one(turns, f"ordinary{n}")) for n in range(3)]
        await settle()
        tasks.append(asyncio.create_task(one(turns, "urgent", urgent=True)))
        await settle()
        turns.hurry("ordinary2")  # its check runs already, and an investigation asks for it
        await clock.advance(1000)
        await asyncio.gather(*tasks)
    assert order == ["urgent", "ordinary2", "ordinary0", "ordinary1"]


async def test_a_thousand_investigations_do_not_put_the_next_one_an_hour_behind() -> None:
    called: list[str] = []
    async with opened(Pace(whois=Rate(per_s=1.0, burst=1))) as (turns, clock):
        turns.recall = lambda key: called.append(key) or True
        for number in range(1000):
            turns.owe(WHOIS, f"storm{number}", urgent=True)
        turns.owe(WHOIS, "ordinary")
        turns.hurry("storm999")
        await clock.advance(900)
    assert "storm999" in called
    assert len(called) < 100, "each turn is held for those who do not come"


async def test_who_loses_the_turn_is_called_again_in_order() -> None:
    called: list[tuple[str, float]] = []
    async with opened() as (turns, clock):
        turns.recall = lambda key: called.append((key, clock.monotonic())) or True
        await ask(turns, "first")
        for key in ("a", "b", "c"):
            with pytest.raises(NotAskedError):
                await ask(turns, key, keep=True)
            turns.owe(WHOIS, key)
        turns.owe(WHOIS, "a")  # once is enough
        assert turns.waiting() == 3
        await clock.advance(450)
    assert called == [("a", 100.0), ("b", 200.0), ("c", 300.0)]


async def test_who_was_called_asks_at_once_and_who_comes_in_between_waits() -> None:
    came: list[bool] = []
    async with opened() as (turns, clock):

        def recall(key: str) -> bool:
            tasks.append(asyncio.create_task(run(key)))
            return True

        async def run(key: str) -> None:
            async with turns.turn(WHOIS, key, patience_s=0.05) as turn:
                came.append(turn.recalled)

        tasks: list[asyncio.Task[None]] = []
        turns.recall = recall
        await ask(turns, "first")
        turns.owe(WHOIS, "a")
        await clock.advance(99.9)
        await refused(turns, "late")
        await clock.advance(1)
        await asyncio.gather(*tasks)
    assert came == [True]


async def test_who_is_called_again_learns_whether_an_investigation_had_wanted_it() -> None:
    came: dict[str, bool] = {}
    async with opened() as (turns, clock):

        def recall(key: str) -> bool:
            tasks.append(asyncio.create_task(run(key)))
            return True

        async def run(key: str) -> None:
            async with turns.turn(WHOIS, key, patience_s=0.05) as turn:
                came[key] = turn.urgent

        tasks: list[asyncio.Task[None]] = []
        turns.recall = recall
        await ask(turns, "first")
        turns.owe(WHOIS, "daily")
        turns.owe(WHOIS, "wanted", urgent=True)
        await clock.advance(201)
        await asyncio.gather(*tasks)
    assert came == {"wanted": True, "daily": False}


async def test_who_is_no_longer_watched_costs_no_turn() -> None:
    called: list[str] = []
    async with opened() as (turns, clock):

        def recall(key: str) -> bool:
            called.append(key)
            return key != "gone"

        turns.recall = recall
        await ask(turns, "first")
        turns.owe(WHOIS, "gone")
        turns.owe(WHOIS, "there")
        await clock.advance(101)
    assert called == ["gone", "there"]


async def test_who_was_called_and_does_not_come_holds_the_line_for_seconds_only() -> None:
    called: list[float] = []
    async with opened(Pace(whois=Rate(per_s=1.0, burst=1))) as (turns, clock):
        turns.recall = lambda _: called.append(clock.monotonic()) or True
        for key in ("a", "b"):
            turns.owe(WHOIS, key)
        await clock.advance(60)
    assert called == [0.0, 11.0]


async def test_an_answer_from_elsewhere_ends_the_waiting() -> None:
    async with opened() as (turns, _):
        turns.recall = lambda _: True
        await ask(turns, "first")
        turns.owe(WHOIS, "a")
        turns.settle(WHOIS, "a")
        turns.settle(RDAP, "nobody")
        assert turns.waiting() == 0


async def test_no_place_is_kept_where_nobody_would_be_called() -> None:
    """A command looks once, and ends."""
    async with opened() as (turns, _):
        await ask(turns, "first")
        await refused(turns, "a", keep=True)
        turns.owe(WHOIS, "a")
        assert turns.waiting() == 0


async def test_who_is_cancelled_while_waiting_leaves_nothing_behind() -> None:
    async with opened() as (turns, clock):
        await ask(turns, "first")
        waiting = [asyncio.create_task(ask(turns, key, patience_s=1000.0)) for key in "abc"]
        await settle()
        waiting[0].cancel()
        await settle()
        assert turns.waiting() == 2
        await clock.advance(201)
        assert [task.done() for task in waiting] == [True, True, True]
        assert waiting[0].cancelled()
        await clock.advance(101)
        await ask(turns, "d")


async def test_the_same_check_twice_at_a_time_gets_two_turns() -> None:
    async with opened() as (turns, clock):
        await ask(turns, "first")
        both = [asyncio.create_task(ask(turns, "a", patience_s=1000.0)) for _ in range(2)]
        await clock.advance(201)
        await asyncio.gather(*both)


async def test_servers_that_referrals_name_do_not_fill_the_memory() -> None:
    async with opened(Pace()) as (turns, _):
        await fail(turns, Failure.REGISTRATION_LIMITED)
        held = asyncio.create_task(ask(turns, "held", RDAP))
        await held
        for number in range(3 * lines.MOST_SERVERS):
            await ask(turns, "a", Server(protocol="whois", place=f"{number}.example", name=f"{number}"))
        assert len(turns._lines) == lines.MOST_SERVERS


async def test_every_question_that_went_out_is_told_and_no_other() -> None:
    told: list[tuple[str, str]] = []
    async with opened(Pace(whois=Rate(per_s=1.0, burst=9))) as (turns, _):
        turns.asked = lambda protocol, outcome: told.append((protocol, outcome))
        await ask(turns, "a", RDAP)
        await fail(turns, Failure.REGISTRATION_UNPARSABLE)
        await fail(turns, Failure.LOCAL_RESOURCES)
        async with turns.turn(WHOIS, "a", patience_s=1.0) as turn:
            turn.outcome = Outcome.NOT_REGISTERED
        await fail(turns, Failure.REGISTRATION_LIMITED)
        await refused(turns, "a")
    assert told == [
        ("rdap", "answered"),
        ("whois", "unparsable"),
        ("whois", "not_registered"),
        ("whois", "limited"),
    ]


async def test_by_the_clock_of_the_machine_a_line_moves_at_its_rate() -> None:
    turns = Turns(clock=SystemClock(), pace=Pace(whois=Rate(per_s=50.0, burst=1)))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.gather(*(ask(turns, f"{n}", patience_s=5.0) for n in range(21)))
    assert 0.38 < loop.time() - begun < 2.0
    await turns.aclose()


class Fleet:
    """Targets on one server, each due once a day at its own moment, as the daemon runs them."""

    def __init__(self, targets: int, allowance: int, *, seed: int = 0) -> None:
        self.clock = SleeperClock()
        pace = Pace(per_s_of={WHOIS.name: allowance / 86_400}, whois=Rate(per_s=1.0, burst=1))
        self.turns = Turns(clock=self.clock, pace=pace)
        self.turns.recall = self.recall
        moments = random.Random(seed)  # noqa: S311 - the same moments each time
        self.due = sorted((moments.random() * 86_400, f"t{n}") for n in range(targets))
        self.answered: dict[str, list[float]] = {f"t{n}": [] for n in range(targets)}
        self.tasks: set[asyncio.Task[None]] = set()
        self.refuses_at: set[int] = set()
        self.asked = 0

    def recall(self, key: str) -> bool:
        self.spawn(key)
        return True

    def spawn(self, key: str) -> None:
        task = asyncio.create_task(self.run(key))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(self, key: str) -> None:
        """Do what the probe does."""
        try:
            async with self.turns.turn(WHOIS, key, patience_s=28.0, keep=True):
                self.asked += 1
                if self.asked in self.refuses_at:
                    raise ProbeError(Failure.REGISTRATION_LIMITED)  # noqa: TRY301 - as the probe does
                self.answered[key].append(self.clock.monotonic())
        except ProbeError:
            self.turns.owe(WHOIS, key)
        else:
            self.turns.settle(WHOIS, key)

    async def live(self, days: int) -> None:
        for day in range(days):
            for moment, key in self.due:
                ahead = day * 86_400 + moment - self.clock.monotonic()
                await self.clock.advance(max(0.0, ahead))
                self.spawn(key)
        await self.clock.advance(days * 86_400 - self.clock.monotonic())

    async def close(self) -> None:
        await self.turns.aclose()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def longest_gap_days(self, until_s: float) -> float:
        """Return the longest time that any target was without an answer, both ends included."""
        return max(
            max(b - a for a, b in zip([0.0, *times], [*times, until_s], strict=True)) / 86_400
            for times in self.answered.values()
        )


@pytest.mark.parametrize(("targets", "allowance"), [(100, 30), (200, 200), (150, 40)])
async def test_nobody_starves_on_a_server_that_allows_less_than_a_question_a_day(
    targets: int, allowance: int
) -> None:
    fleet = Fleet(targets, allowance)
    cycle = ceil(targets / allowance)
    await fleet.live(3 * cycle)
    await fleet.close()
    # A target's first question is due within its first day; from then on nobody waits longer than a cycle.
    assert fleet.longest_gap_days(3 * cycle * 86_400) <= cycle + 1.01
    assert fleet.asked <= 3 * cycle * allowance + 1
    counts = [len(times) for times in fleet.answered.values()]
    assert max(counts) - min(counts) <= 1 or targets == allowance


async def test_a_server_that_refuses_now_and_then_starves_nobody_either() -> None:
    fleet = Fleet(100, 50)
    fleet.refuses_at = {30, 31, 80, 120}
    await fleet.live(8)
    await fleet.close()
    assert min(len(times) for times in fleet.answered.values()) >= 3
    # Whoever was refused goes to the back: a cycle of two days more, at most.
    assert fleet.longest_gap_days(8 * 86_400) <= 1 + 2 + 2


@pytest.mark.full
@pytest.mark.timeout(300)
async def test_five_thousand_targets_each_have_their_turn_within_targets_by_allowance_days() -> None:
    fleet = Fleet(5_000, 750)
    days = ceil(5_000 / 750)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    await fleet.live(days + 1)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fleet.turns.waiting() <= 5_000
    first = [times[0] for times in fleet.answered.values() if times]
    assert len(first) == 5_000
    due = {key: moment for moment, key in fleet.due}
    waited = max(times[0] - due[key] for key, times in fleet.answered.items())
    await fleet.close()
    assert waited <= days * 86_400
    assert grown - before < 5 << 20
    assert fleet.clock.now() > START
