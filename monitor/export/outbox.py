"""The outbox: what is stored is sent, at least once, in order, whatever a receiver does.

- Every receiver has its own lane; one that hangs, fails or never ends its answer delays no other.
- The order is kept per target and receiver: a delivery that waits for its next try holds back later
  events of its target, and nothing else.
- A failed try is repeated after a random part of a wait that doubles from 2 s up to 15 minutes (full
  jitter), or after the break that the receiver asks for (Retry-After, at most an hour).
- Parked, and never tried again: what the receiver refuses for good (400, 401, 403, 404, 410, …), and what
  has been failing for seven days.
- After a crash between a POST and its settlement the event is sent again, with the same id.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from monitor.clock import Clock
from monitor.export.receiver import Answer, ReceiverSettings, WebhookSender
from monitor.store import Delivery, Outcome, Settlement, Store, StoreError

# Looked at again at the latest, should a wake-up ever be missed (another process wrote an event).
_LOOK_AGAIN_S: Final = 30.0
_STORE_WAIT_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How failed tries are repeated."""

    first_s: float = 2.0
    cap_s: float = 900.0
    give_up_s: float = 7 * 86400.0
    """Since the first failed try."""
    at_once: int = 4
    """Tries of one receiver that run side by side, of different targets."""

    def wait_s(self, attempts: int, rng: random.Random) -> float:
        """Return a random wait after the `attempts`-th failed try: full jitter, so that herds scatter."""
        return rng.uniform(0.0, min(self.cap_s, self.first_s * 2.0 ** min(attempts, 30)))


def _nobody(_: Settlement) -> None:
    """Count nothing."""


class Outbox:
    """Sends what is due. `run` is its loop, `wake` tells it that there is something new."""

    def __init__(  # noqa: PLR0913 - what cannot be passed in cannot be tested
        self,
        store: Store,
        receivers: Sequence[ReceiverSettings],
        *,
        sender: WebhookSender,
        clock: Clock,
        rng: random.Random | None = None,
        retry: Retry | None = None,
        settled: Callable[[Settlement], None] | None = None,
    ) -> None:
        """Build the lanes; `settled` is told how each try ended, once that is stored."""
        retry = retry or Retry()
        rng = rng or random.Random()  # noqa: S311 - scatters waits, guards nothing
        self._lanes = {
            receiver.name: _Lane(
                store, receiver, sender=sender, clock=clock, rng=rng, retry=retry, settled=settled or _nobody
            )
            for receiver in receivers
        }

    async def run(self) -> None:
        """Send until `stop`, or until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, lane in self._lanes.items():
                group.create_task(lane.run(), name=f"outbox {name}")

    def wake(self, names: Iterable[str] | None = None) -> None:
        """Look for new deliveries now: of these receivers, or of all."""
        for name in self._lanes if names is None else names:
            lane = self._lanes.get(name)
            if lane is not None:
                lane.wake()

    def stop(self) -> None:
        """Begin no further try; `run` returns when those in flight have ended and are settled.

        Cancelling `run` instead abandons them: they are sent again, with the same ids, after the next start.
        """
        for lane in self._lanes.values():
            lane.stop()


class _Lane:
    """The deliveries of one receiver."""

    def __init__(  # noqa: PLR0913 - see Outbox
        self,
        store: Store,
        receiver: ReceiverSettings,
        *,
        sender: WebhookSender,
        clock: Clock,
        rng: random.Random,
        retry: Retry,
        settled: Callable[[Settlement], None],
    ) -> None:
        self._settled = settled
        self._store = store
        self._receiver = receiver
        self._sender = sender
        self._clock = clock
        self._rng = rng
        self._retry = retry
        self._log = structlog.get_logger("outbox").bind(receiver=receiver.name)
        self._wake = asyncio.Event()
        self._stopping = False
        self._tries: dict[asyncio.Task[Answer], Delivery] = {}
        self._unsettled: list[Settlement] = []
        self._break_until = 0.0  # monotonic; the receiver asked for it
        self._failing = False
        self._store_failing = False

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        try:
            while True:
                self._wake.clear()
                wait_s = await self._round()
                if self._stopping and not self._tries and not self._unsettled:
                    return
                await self._wait(wait_s)
        finally:
            await self._abandon()

    async def _round(self) -> float:
        """Settle what has ended, begin what is due; return for how many seconds nothing can be done."""
        try:
            await self._settle()
            wait_s = await self._begin()
        except StoreError as error:
            if not self._store_failing:
                self._log.error("outbox.store_refuses", failure=error.failure.value, error=str(error))
            self._store_failing = True
            return _STORE_WAIT_S
        self._store_failing = False
        return wait_s

    async def _begin(self) -> float:
        """Start tries of what is due, as many as may run; return seconds until more can be due."""
        if self._stopping:
            return _LOOK_AGAIN_S
        pause_s = self._break_until - self._clock.monotonic()
        free = self._retry.at_once - len(self._tries)
        if pause_s > 0 or free <= 0:
            return min(max(pause_s, 0.0) or _LOOK_AGAIN_S, _LOOK_AGAIN_S)
        now = self._clock.now()
        flying = {delivery.event.number for delivery in self._tries.values()}
        due = await self._store.due(self._receiver.name, now, free + len(flying))
        for delivery in [delivery for delivery in due if delivery.event.number not in flying][:free]:
            attempt = asyncio.create_task(self._sender.send(self._receiver, delivery.event))
            self._tries[attempt] = delivery
        next_at = await self._store.next_due(self._receiver.name, now)
        if next_at is None:
            return _LOOK_AGAIN_S
        return min(max((next_at - self._clock.now()).total_seconds(), 0.0), _LOOK_AGAIN_S)

    async def _wait(self, seconds: float) -> None:
        """Return when a try ends, when woken, or after so many seconds."""
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait((*self._tries, woken), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            with suppress(asyncio.CancelledError):
                await woken

    async def _settle(self) -> None:
        """Write how the tries ended that have: all that ended by now in one transaction."""
        for attempt in [attempt for attempt in self._tries if attempt.done()]:
            self._unsettled.append(self._judge(self._tries.pop(attempt), attempt.result()))
        if self._unsettled:
            # Kept while the store refuses: sending again would be allowed, but nobody wants it.
            await self._store.settle(self._unsettled)
            for settlement in self._unsettled:
                self._settled(settlement)
            self._unsettled.clear()

    def _judge(self, delivery: Delivery, answer: Answer) -> Settlement:
        """Return what becomes of a delivery after a try."""
        at = self._clock.now()
        if answer.delivered:
            self._tell_recovery(delivery)
            return Settlement(delivery=delivery, outcome=Outcome.DELIVERED, at=at)
        tired = (
            delivery.first_failed_at is not None
            and (at - delivery.first_failed_at).total_seconds() >= self._retry.give_up_s
        )
        if answer.permanent or tired:
            return self._park(delivery, answer, at_once=answer.permanent)
        wait_s = self._retry.wait_s(delivery.attempts + 1, self._rng)
        if answer.retry_after_s is not None:
            wait_s = max(wait_s, answer.retry_after_s)
            self._break_until = self._clock.monotonic() + answer.retry_after_s
        self._tell_failure(delivery, answer)
        return Settlement(
            delivery=delivery,
            outcome=Outcome.FAILED,
            at=at,
            error=answer.reason,
            next_at=at + timedelta(seconds=wait_s),
        )

    def _park(self, delivery: Delivery, answer: Answer, *, at_once: bool) -> Settlement:
        reason = (
            answer.reason if at_once else f"given up after {delivery.attempts + 1} tries: {answer.reason}"
        )
        self._log.error("outbox.parked", event_id=delivery.event.event.id, reason=reason)
        return Settlement(delivery=delivery, outcome=Outcome.PARKED, at=self._clock.now(), error=reason)

    def _tell_failure(self, delivery: Delivery, answer: Answer) -> None:
        if not self._failing:
            self._log.warning("outbox.failing", event_id=delivery.event.event.id, reason=answer.reason)
        self._failing = True

    def _tell_recovery(self, delivery: Delivery) -> None:
        if self._failing:
            self._log.info("outbox.delivers_again", event_id=delivery.event.event.id)
        self._failing = False

    async def _abandon(self) -> None:
        """Cancel the tries in flight and wait for their end."""
        for attempt in self._tries:
            attempt.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)
        self._tries.clear()
