"""The load on the peer: GET /probe, so many at a time. A process of its own; its CPU is not counted."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import quote

import aiohttp

from tests.bench.worker import Answer, BenchError, Port, run


async def _main(port: Port, settings: Answer) -> None:
    # Connections to /probe are kept, as Prometheus keeps them.
    connector = aiohttp.TCPConnector(limit=settings["at_once"])
    async with aiohttp.ClientSession(connector=connector) as session:

        async def answer(question: Answer) -> Answer:
            waiting = iter(question["urls"])
            begun = time.perf_counter()
            asked = (_ask(session, settings["probe"], waiting) for _ in range(settings["at_once"]))
            await asyncio.gather(*asked)
            return {"wall_s": time.perf_counter() - begun}

        await port.answering(answer)


async def _ask(session: aiohttp.ClientSession, probe: str, waiting: Iterator[str]) -> None:
    for url in waiting:
        async with session.get(f"{probe}?module=http_2xx&target={quote(url, safe='')}") as response:
            told = await response.text()
        if "\nprobe_success 1\n" not in told or "\nprobe_http_status_code 200\n" not in told:
            message = f"blackbox_exporter did not reach {url}: {told[-500:]}"
            raise BenchError(message)


if __name__ == "__main__":
    run(_main)
