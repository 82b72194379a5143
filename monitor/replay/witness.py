"""A receiver of its own, for demonstrations: it believes nothing that is not signed."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

# Signs what stays on loopback between two ends of one process: no secret.
SECRET: Final = "whsec_cGxhdGZvcm0tbW9uaXRvciBkZW1vbnN0cmF0aW9u"  # noqa: S105  # see above


@dataclass(slots=True)
class Witness:
    """What has been told."""

    told: Callable[[dict[str, Any]], None] = lambda _: None
    url: str = ""
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id: one that is told twice is one."""
    refused: int = 0
    """Requests without a good signature."""
    record: Path | None = None
    """Where everything that is told is written down, a line of JSON each; outlives the witness."""

    async def take(self, request: web.Request) -> web.Response:
        """Take one event."""
        body = await request.text()
        try:
            Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.refused += 1
            return web.Response(status=401)
        event = json.loads(body)
        if event["id"] not in self.events:
            self._note(event, body)
            self.told(event)
        return web.Response(status=204)

    def recall(self, record: Path) -> None:
        """Go on with a record: what was told before stays told."""
        self.record = record
        if record.exists():
            for line in record.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                self.events[event["id"]] = event

    def _note(self, event: dict[str, Any], body: str) -> None:
        self.events[event["id"]] = event
        if self.record is not None:
            with self.record.open("a", encoding="utf-8") as lines:
                lines.write(body.replace("\n", " ") + "\n")


@asynccontextmanager
async def open_witness() -> AsyncIterator[Witness]:
    """Listen on loopback, on a port that the system chooses."""
    witness = Witness()
    application = web.Application()
    application.router.add_post("/events", witness.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        witness.url = f"http://127.0.0.1:{runner.addresses[0][1]}/events"
        yield witness
    finally:
        await runner.cleanup()
