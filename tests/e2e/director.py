"""Puts up a small internet in its own network namespace, lets Parler's story happen in it, and tells.

    unshare --net --mount --pid --fork --kill-child python -m tests.e2e.director FOLDER PROGRAMS

PROGRAMS is a JSON object with the paths of unbound, nginx and prometheus. What was measured is
written to FOLDER/record.json; what it should be is the test's business. Whatever happens here ends
with this process, which is the first of its process namespace.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import trustme

from tests.e2e import programs, world
from tests.e2e.hooks import SECRET, Hooks
from tests.e2e.programs import Program, Site
from tests.e2e.story import ACTS, LAST_QUERIES, Act
from tests.e2e.world import World

_ACT_S: Final = 25.0
_LOOK_S: Final = 0.2
_TAIL: Final = 40


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs, and what the acts of the story can do."""

    folder: Path
    paths: dict[str, Path]
    world: World
    ca: trustme.CA
    config: Path
    hooks: Hooks
    session: aiohttp.ClientSession
    running: dict[str, Program] = field(default_factory=dict)

    def site(self, name: str, address: str, host: str, root: str = "") -> Site:
        return Site(name=name, address=address, host=host, root=self.folder / (root or name))

    @property
    def new_home(self) -> Site:
        """Return Parler's site behind DDoS-Guard."""
        return self.site("parler-at-ddos-guard", world.PARLER_AT_DDOS_GUARD, world.PARLER)

    async def serve(self, site: Site, text: str | None = None) -> None:
        """Start a web server for a site; `text` is its front page."""
        if text is not None:
            site.show(text)
        self.running[site.name] = await programs.nginx(self.paths["nginx"], self.folder, self.ca, site)

    async def switch_off(self) -> None:
        """Amazon stops Parler's servers, and nobody else's."""
        await self.running["parler-at-amazon"].stop()

    async def drop(self) -> None:
        self.world.drop_parler()

    async def transfer(self) -> None:
        self.world.transfer_parler()

    async def delegate(self) -> None:
        """Parler's name leads to a page with one message on it."""
        await self.serve(self.new_home, world.PLACEHOLDER)
        self.world.delegate_parler()

    async def restore(self) -> None:
        self.new_home.show(world.whole_page(world.PARLER))

    async def query(self, promql: str) -> list[tuple[dict[str, str], float]]:
        """Return what Prometheus answers now: labels and value of each series."""
        async with self.session.get(
            f"{programs.PROMETHEUS_URL}/api/v1/query", params={"query": promql}
        ) as response:
            answer = await response.json()
        if answer["status"] != "success":
            message = f"{promql}: {answer}"
            raise RuntimeError(message)
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]

    async def ready(self) -> tuple[int, str]:
        """Return status and body of /readyz; 0 while nobody listens."""
        try:
            async with self.session.get(f"{programs.MONITOR_URL}/readyz") as response:
                return response.status, await response.text()
        except aiohttp.ClientConnectionError:
            return 0, ""


DEEDS: Final[dict[str, Callable[[Stage], Awaitable[None]]]] = {
    "switched off": Stage.switch_off,
    "dropped by its name servers": Stage.drop,
    "transferred": Stage.transfer,
    "one page": Stage.delegate,
    "restored": Stage.restore,
}


@asynccontextmanager
async def open_stage(folder: Path, paths: dict[str, Path]) -> AsyncIterator[Stage]:
    """Start everything but the monitor, the servers before those who ask them."""
    programs.put_up_network(folder, world.addresses())
    ca = trustme.CA(organization_name="Small Internet Trust Services")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    async with AsyncExitStack() as stack:
        small = World(folder / "rdap")
        await small.open()
        stack.callback(small.close)
        hooks = Hooks()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(world.HOOKS).configure_cert(tls)
        await hooks.open(tls)
        stack.push_async_callback(hooks.close)
        timeout = aiohttp.ClientTimeout(total=5.0)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        stage = Stage(
            folder=folder,
            paths=paths,
            world=small,
            ca=ca,
            config=programs.configure(folder, SECRET),
            hooks=hooks,
            session=session,
        )
        await _start(stage)
        yield stage


async def _start(stage: Stage) -> None:
    stage.running["unbound"] = await programs.unbound(stage.paths["unbound"], stage.folder)
    await stage.serve(stage.site("rdap", world.RDAP_ADDRESS, world.RDAP))
    for name, address, host in (
        ("parler-at-amazon", world.PARLER_AT_AMAZON, world.PARLER),
        ("neighbour-at-amazon", world.NEIGHBOUR_AT_AMAZON, world.NEIGHBOUR),
        ("far-at-yandex", world.FAR_AT_YANDEX, world.FAR),
    ):
        await stage.serve(stage.site(name, address, host), world.whole_page(host))
    stage.running["prometheus"] = await programs.prometheus(stage.paths["prometheus"], stage.folder)


async def _until(done: Callable[[], Awaitable[bool]], limit_s: float = _ACT_S) -> bool:
    """Look until it is done, or the time is over."""
    end = time.monotonic() + limit_s
    while not await done():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


async def play(stage: Stage, record: dict[str, Any]) -> None:
    """Let one act follow the other, each when Prometheus has seen the one before."""
    trust = {"SSL_CERT_FILE": str(stage.folder / "ca.pem")}
    stage.running["monitor"] = await programs.monitor(stage.folder, stage.config, trust)

    async def is_ready() -> bool:
        record["ready"] = await stage.ready()
        return bool(record["ready"][0] == 200)

    await _until(is_ready)
    for act in ACTS:
        record["acts"][act.name] = seen = await _perform(stage, act)
        if not seen["reached"]:
            return

    async def is_told() -> bool:
        return any(event["type"] == "platform.incident.resolved" for event in stage.hooks.accepted)

    await _until(is_told)
    await asyncio.sleep(2.0)  # whatever else is told or scraped, it would be by now
    record["last"] = {promql: await stage.query(promql) for promql in LAST_QUERIES}
    record["ready_at_the_end"] = await stage.ready()
    record["commands"] = {
        f"{command} {target}": await programs.ask_monitor(stage.folder, stage.config, command, target)
        for command in ("explain", "history")
        for target in (world.PARLER, world.FAR)
    }


async def _perform(stage: Stage, act: Act) -> dict[str, Any]:
    """Do what an act does, wait until Prometheus shows its outcome, and ask its questions."""
    began = time.time()
    deed = DEEDS.get(act.name)
    if deed is not None:
        await deed(stage)

    async def has_happened() -> bool:
        return bool(await stage.query(act.until))

    reached = await _until(has_happened)
    took_s = time.time() - began
    answers = {promql: await stage.query(promql) for promql in act.asks}
    explained = await programs.ask_monitor(stage.folder, stage.config, "explain", world.PARLER)
    return {
        "began": began,
        "took_s": took_s,
        "reached": reached,
        "until": act.until,
        "answers": answers,
        "explain": explained,
    }


async def direct(folder: Path, paths: dict[str, Path]) -> dict[str, Any]:
    """Play the story; return the record, whatever happens."""
    record: dict[str, Any] = {"acts": {}, "error": None, "began": time.time()}
    try:
        async with open_stage(folder, paths) as stage:
            try:
                await play(stage, record)
            finally:
                await _close(stage, record)
    except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
        record["error"] = repr(error)
    record["took_s"] = time.time() - record["began"]
    return record


async def _close(stage: Stage, record: dict[str, Any]) -> None:
    """Stop everything, the monitor first; its exit code is part of the record."""
    record["hooks"] = {
        "accepted": stage.hooks.accepted,
        "turned_away": stage.hooks.turned_away,
        "forged": stage.hooks.forged,
    }
    record["whois_questions"] = stage.world.whois_questions
    ends = {name: await program.stop() for name, program in reversed(stage.running.items())}
    record["exit_code"] = ends.get("monitor")


def main(folder: Path, paths: dict[str, Path]) -> None:
    """Write the record, with the ends of all logs."""
    record = asyncio.run(direct(folder, paths))
    record["logs"] = {
        path.stem: "\n".join(path.read_text(errors="replace").splitlines()[-_TAIL:])
        for path in sorted(folder.glob("*.log"))
    }
    (folder / "record.json").write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), {name: Path(path) for name, path in json.loads(sys.argv[2]).items()})
