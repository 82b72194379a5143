"""A receiver of webhooks on loopback that answers as a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext


@dataclass(frozen=True)
class Post:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Reply:
    """What the receiver does with one request."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    hang: bool = False
    """Never answers."""
    drop: bool = False
    """Closes the connection without an answer."""
    cut: bool = False
    """Promises a longer body than it sends, then closes."""
    endless: bool = False
    """The body never ends."""
    stall: bool = False
    """The body never begins."""


Script = Callable[[Post], Reply]


@dataclass
class WebhookLab:
    """Where it listens, what came in, and what will be answered."""

    script: Script = field(default=lambda _: Reply())
    posts: list[Post] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    sent_bytes: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook/s3cret-path"

    @property
    def ids(self) -> list[str]:
        return [post.event_id for post in self.posts]

    async def arrived(self, count: int) -> list[Post]:
        """Return when so many requests have come in."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.posts) >= count)
        return self.posts

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that goes away in the middle is what these tests are about.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tell whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        post = Post(line=head[0], headers=headers, body=body)
        reply = self.script(post)
        async with self._news:
            self.posts.append(post)
            self._news.notify_all()
        if reply.hang:
            await reader.read()
            return False
        return not reply.drop and await self._answer(reply, reader, writer)

    async def _answer(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        length = 10**12 if reply.endless else len(reply.body) + (100 if reply.cut or reply.stall else 0)
        lines = [f"HTTP/1.1 {reply.status} Whatever", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + reply.body)
        await writer.drain()
        while reply.endless:
            writer.write(b"x" * 1000)
            self.sent_bytes += 1000
            await writer.drain()
        if reply.stall:
            await reader.read()
        return not reply.cut and not reply.stall


@asynccontextmanager
async def webhook_lab(
    script: Script | None = None, tls: SSLContext | None = None
) -> AsyncIterator[WebhookLab]:
    """Run a receiver; what it answers is `script`, which may be exchanged while it runs."""
    lab = WebhookLab(scheme="https" if tls else "http")
    if script is not None:
        lab.script = script
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with suppress(asyncio.CancelledError):
            await lab.serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    lab.port = server.sockets[0].getsockname()[1]
    try:
        yield lab
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()
