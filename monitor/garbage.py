"""When Python looks for garbage: seldom, and never among what is known to stay.

Values are freed by counting references; the collector is needed only for what refers to itself in
a circle, a few objects a second here. A full collection walks all that is kept to find them: 0.4 s
in one piece for 10,000 targets, ten times that for 100,000, and the interpreter starts one whenever
a quarter has been added. Beside 1,000 probes a second that was a sixth of the CPU, and the longest
lag of the schedule.

So the young generations are looked through less often, the old one by our own timer, and what has
been there for a while is set aside (`gc.freeze`), where it is still freed by its count. What it
costs: a circle that is closed after it was set aside stays for ever. That can happen to a probe that
is under way at that moment: some kilobytes an hour.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

# Objects more than before until the young are looked through, and how often that is until the middle
# generation is: about 5 and 20 ms.
_YOUNG: Final = 5_000
_MIDDLE: Final = 10
_NEVER: Final = 1_000_000_000
# By now a fleet that was new at the start has been seen.
_SETTLED_S: Final = 600.0
_EVERY_S: Final = 3600.0


@asynccontextmanager
async def collected_seldom(
    *, settled_s: float = _SETTLED_S, every_s: float = _EVERY_S
) -> AsyncIterator[None]:
    """Spare the event loop while the block lasts. Enter it when what is to stay has been loaded."""
    thresholds = gc.get_threshold()
    gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
    gc.freeze()
    task = asyncio.get_running_loop().create_task(_sweep(settled_s, every_s), name="garbage")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        gc.unfreeze()
        gc.set_threshold(*thresholds)


async def _sweep(settled_s: float, every_s: float) -> None:
    await asyncio.sleep(settled_s)
    gc.freeze()  # without looking: millions of new values, of which none is to be thrown away
    while True:
        await asyncio.sleep(every_s)
        gc.collect()
        gc.freeze()
