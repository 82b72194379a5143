"""A receiver of webhooks as somebody else would write it: TLS, Standard Webhooks, one bad moment."""

import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.e2e import world

SECRET: Final = "whsec_cGxhdGZvcm0tbW9uaXRvci1lbmQtdG8tZW5kLXRlc3Q="


@dataclass(slots=True)
class Hooks:
    """What came in. The first try is turned away, so that there is one to be made again."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    """Bodies, in the order in which they were accepted."""
    turned_away: list[str] = field(default_factory=list)
    """Ids of events that were refused with 503."""
    forged: list[str] = field(default_factory=list)
    """What is wrong with requests whose signature or envelope does not hold."""
    _runner: web.AppRunner | None = None

    async def open(self, tls: ssl.SSLContext) -> None:
        """Begin to listen."""
        application = web.Application()
        application.router.add_post("/ops", self._take)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, world.HOOKS_ADDRESS, 443, ssl_context=tls).start()

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.text()
        try:
            Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.forged.append(f"{error}: {body[:200]}")
            return web.Response(status=400)
        event = json.loads(body)
        if event["id"] != request.headers["webhook-id"]:
            self.forged.append(f"webhook-id {request.headers['webhook-id']} carries event {event['id']}")
        if not self.turned_away:
            self.turned_away.append(event["id"])
            return web.Response(status=503)
        self.accepted.append(event)
        return web.Response(status=204)
