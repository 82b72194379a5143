"""The whole daemon in this process: a real page to watch, a real receiver, a real store on disk."""

import asyncio
import gc
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest
from servers.http_lab import HttpLab, answer, say
from servers.webhook_lab import Post, Reply, WebhookLab, webhook_lab

from monitor import app
from monitor.app import internet, open_daemon
from monitor.config import load
from monitor.daemon import Daemon
from monitor.model import Status, TargetState
from monitor.store import Change, StoreError

PAGE = b"<html><title>Site</title><body>" + b"words " * 500 + b"</body></html>"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def configuration(folder: Path, site: HttpLab, receiver: WebhookLab, more: str = "") -> Path:
    path = folder / "config.toml"
    path.write_text(
        f"""
        [monitor]
        data_dir = "{folder / "data"}"
        resolvers = ["127.0.0.1:9"]
        shutdown = "2s"
        [controls]
        enabled = false
        [web]
        listen = "127.0.0.1:0"
        [http]
        interval = "1s"
        timeout = "500ms"
        allow_private = true
        [policy]
        recheck = "500ms"
        [[targets]]
        domain = "site.localhost"
        url = "http://site.localhost:{site.port}/"
        probes = ["http"]
        {more}
        [[receivers]]
        name = "ops"
        url = "{receiver.url}"
        secret = "{SECRET}"
        """
    )
    return path


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Daemon]:
    config = load(path)
    async with open_daemon(config, internet(config)) as daemon:
        yield daemon


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110  # of many kinds
            await asyncio.sleep(0.02)


def status(daemon: Daemon) -> Status | None:
    state = daemon.shown.get("site.localhost")
    return state.memory.verdict.status if state else None


async def get(daemon: Daemon, path: str) -> tuple[int, str]:
    assert daemon.address is not None
    host, port = daemon.address
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{host}:{port}{path}") as response,
    ):
        return response.status, await response.text()


def value(exposition: str, series: str) -> float | None:
    found = re.search(rf"^{re.escape(series)} (\S+)$", exposition, re.MULTILINE)
    return float(found[1]) if found else None


@pytest.mark.full
async def test_an_outage_is_seen_shown_told_and_survives_a_restart(tmp_path: Path) -> None:
    good, bad = say(answer(PAGE)), say(answer(b"gone", status="503 Gone"))
    async with HttpLab(good) as site, webhook_lab() as receiver:
        path = configuration(tmp_path, site, receiver)
        async with running(path) as daemon:
            await until(lambda: status(daemon) is Status.UP)
            assert (await get(daemon, "/readyz"))[0] == 200
            assert (await get(daemon, "/healthz"))[0] == 200
            site.serve = bad
            await until(lambda: status(daemon) is Status.DOWN)
            incident = daemon.shown["site.localhost"].memory.incident
            assert incident is not None
            _, exposition = await get(daemon, "/metrics")
            assert value(exposition, 'platform_up{target="site.localhost"}') == 0
            _, page = await get(daemon, "/")
            assert "site.localhost" in page
            await receiver.arrived(2)
            before = daemon.shown["site.localhost"]
        async with running(path) as daemon:
            again = daemon.shown["site.localhost"]
            assert again.memory.incident == incident
            assert again.seq >= before.seq
            assert again.pulse.down_s >= before.pulse.down_s
            site.serve = good
            await until(lambda: status(daemon) is Status.UP)
            posts = await receiver.arrived(4)
            events = await daemon.store.events(newest_first=False)
            assert [stored.event.id for stored in events] == [post.event_id for post in posts]
            _, exposition = await get(daemon, "/metrics")
            assert value(exposition, 'platform_incidents_total{target="site.localhost"}') == 1
            delivered = 'platform_monitor_deliveries_total{outcome="delivered",receiver="ops"}'
            await until(lambda: daemon.own.render().decode().find(f"{delivered} 4") > 0)
        kinds = [stored.event.type.removeprefix("platform.") for stored in events]
        assert kinds == ["status.changed", "incident.opened", "status.changed", "incident.resolved"]


async def test_a_target_taken_out_is_forgotten_and_its_history_kept(tmp_path: Path) -> None:
    async with HttpLab(say(answer(PAGE))) as site, webhook_lab() as receiver:
        path = configuration(
            tmp_path,
            site,
            receiver,
            f'[[targets]]\ndomain = "old.localhost"\nprobes = ["http"]\n'
            f'url = "http://old.localhost:{site.port}/"',
        )
        async with running(path) as daemon:
            await until(lambda: len(daemon.shown) == 2)
        async with running(configuration(tmp_path, site, receiver)) as daemon:
            assert set(daemon.shown) == {"site.localhost"}
            assert await daemon.store.periods("old.localhost")
            _, exposition = await get(daemon, "/metrics")
            assert "old.localhost" not in exposition


@pytest.mark.full
async def test_a_receiver_that_hangs_delays_neither_checks_nor_the_stop(tmp_path: Path) -> None:
    def hang(_: Post) -> Reply:
        return Reply(hang=True)

    async with HttpLab(say(answer(b"gone", status="503 Gone"))) as site, webhook_lab(hang) as receiver:
        async with running(configuration(tmp_path, site, receiver)) as daemon:
            await receiver.arrived(1)
            seq = daemon.shown["site.localhost"].seq
            await until(lambda: daemon.shown["site.localhost"].seq > seq + 1)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 5


async def test_a_part_that_fails_is_not_hidden(tmp_path: Path) -> None:
    async with (
        HttpLab(say(answer(PAGE))) as site,
        webhook_lab() as receiver,
        running(configuration(tmp_path, site, receiver)) as daemon,
    ):
        assert (await get(daemon, "/healthz"))[0] == 200

        async def faulty() -> None:
            message = "a fault of our own"
            raise RuntimeError(message)

        # The parts know no way to fail; this stands beside them as each of them does.
        async with app._beside(daemon, faulty(), "faulty part"):
            await asyncio.wait_for(daemon.failed.wait(), 5)
        assert (await get(daemon, "/healthz"))[0] == 503


@pytest.mark.full
async def test_a_store_that_refuses_shows_in_the_readiness(tmp_path: Path) -> None:
    async with (
        HttpLab(say(answer(PAGE))) as site,
        webhook_lab() as receiver,
        running(configuration(tmp_path, site, receiver)) as daemon,
    ):
        await until(lambda: status(daemon) is Status.UP)
        with closing(sqlite3.connect(tmp_path / "data" / "monitor.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await until(lambda: not daemon.committer.healthy)
            code, text = await get(daemon, "/readyz")
            assert code == 503
            assert "store" in text
            other.execute("ROLLBACK")
        await until(lambda: daemon.committer.healthy)
        assert (await get(daemon, "/readyz"))[0] == 200


async def test_a_value_that_the_database_rejects_holds_up_no_other_target(tmp_path: Path) -> None:
    async with (
        HttpLab(say(answer(PAGE))) as site,
        webhook_lab() as receiver,
        running(configuration(tmp_path, site, receiver)) as daemon,
    ):
        daemon.committer.submit(Change(state=TargetState(target=None)))  # type: ignore[arg-type]
        await until(lambda: status(daemon) is Status.UP)
        assert daemon.committer.dropped == 1
        assert daemon.committer.healthy


@pytest.mark.parametrize("text", ["not a database at all, but long enough to be read as a page" * 50])
async def test_a_store_that_is_none_is_said_clearly(tmp_path: Path, text: str) -> None:
    async with HttpLab(say(answer(PAGE))) as site, webhook_lab() as receiver:
        path = configuration(tmp_path, site, receiver)
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "monitor.db").write_text(text)
        with pytest.raises(StoreError, match=r"monitor\.db"):
            async with running(path):
                pass
        assert (tmp_path / "data" / "monitor.db").read_text() == text


async def test_garbage_is_collected_seldom_while_it_runs(tmp_path: Path) -> None:
    """A full collection of what 10,000 targets hold would stop the event loop for 0.4 s."""
    before = gc.get_threshold()
    async with HttpLab(say(answer(PAGE))) as site, webhook_lab() as receiver:
        async with running(configuration(tmp_path, site, receiver)):
            assert gc.get_threshold()[2] > 1_000_000
        assert gc.get_threshold() == before
