"""A resolver on loopback that says 127.0.0.1 to every question for an address. Its CPU is not counted."""

import asyncio
from typing import Final, cast

from tests.bench.worker import Answer, Port, run

_HEAD: Final = 12
# A pointer to the question's name; A, IN, 60 s, four bytes: 127.0.0.1 (RFC 1035, section 4.1).
_ADDRESS: Final = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01"


class Responder(asyncio.DatagramProtocol):
    """Answers the first question of every datagram."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = data[_HEAD : data.index(b"\0", _HEAD) + 5]
        counts = b"\x00\x01\x00\x01\x00\x00\x00\x00"
        self._transport.sendto(data[:2] + b"\x81\x80" + counts + question + _ADDRESS, addr)


async def _main(port: Port, _settings: Answer) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Responder, local_addr=("127.0.0.1", 0))
    endpoint = list(transport.get_extra_info("sockname"))

    async def answer(_question: Answer) -> Answer:
        return {"endpoint": endpoint}

    await port.answering(answer)


if __name__ == "__main__":
    run(_main)
