"""A process to be killed: commits without end, and says on its standard output what is stored."""

import asyncio
import sys
from collections.abc import Sequence

from store.steps import change, drill, memory, moment, ops

from monitor.model import StoredEvent
from monitor.store import Change, Committer, Settlement, Store
from monitor.store.rows import Outcome

TARGETS = 20


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def told(changes: Sequence[Change], stored: Sequence[StoredEvent]) -> None:
    for step in changes:
        say("state", step.state.target, step.state.seq)
    for item in stored:
        say("event", item.number, item.event.id)


async def deliver(store: Store) -> None:
    while True:
        for delivery in await store.due("ops", moment(), 5):
            await store.settle([Settlement(delivery=delivery, outcome=Outcome.DELIVERED, at=moment())])
            say("delivered", delivery.event.number, delivery.event.event.id)
        await asyncio.sleep(0.001)


async def main(url: str) -> None:
    async with await Store.open(url) as store:
        states = await store.load()
        for state in states.values():
            say("loaded", state.target, state.seq)
        committer = Committer(store, receivers=ops, on_commit=told, max_delay_s=0.005)
        async with asyncio.TaskGroup() as group:
            group.create_task(committer.run())
            group.create_task(deliver(store))
            seqs = {f"t{n}": states[f"t{n}"].seq if f"t{n}" in states else 0 for n in range(TARGETS)}
            kept = memory()
            while True:
                seqs = {target: seq + 1 for target, seq in seqs.items()}
                for target, seq in seqs.items():
                    events = (drill(target, seq),) if seq % 7 == 0 else ()
                    committer.submit(change(target, seq, *events, of=memory() if seq % 5 == 0 else kept))
                await asyncio.sleep(0.002)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
