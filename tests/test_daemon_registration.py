"""The whole daemon on a registry that allows less than it would like to ask."""

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from servers.registration_lab import GOOD_WHOIS, WhoisLab

from monitor.app import internet, open_daemon
from monitor.config import load
from monitor.daemon import Daemon

TARGETS = [f"t{number}.ru" for number in range(8)]


def configuration(folder: Path, whois: WhoisLab) -> Path:
    host, port = whois.endpoint
    targets = "".join(f'[[targets]]\ndomain = "{name}"\nprobes = ["registration"]\n' for name in TARGETS)
    path = folder / "config.toml"
    path.write_text(
        f"""
        [monitor]
        data_dir = "{folder / "data"}"
        resolvers = ["127.0.0.1:9"]
        shutdown = "1s"
        [controls]
        enabled = false
        [web]
        listen = "127.0.0.1:0"
        [registration]
        interval = "1s"
        timeout = "900ms"
        whois = {{ ru = "{host}:{port}" }}
        whois_rate = "4/1s"
        whois_burst = 1
        rdap_bootstrap = ""
        iana_whois = ""
        {targets}
        """
    )
    return path


async def about(query: str, writer: asyncio.StreamWriter) -> None:
    writer.write(GOOD_WHOIS.replace("EXAMPLE.TEST", query.upper()).encode())


async def metrics(daemon: Daemon) -> str:
    host, port = daemon.address or ("", 0)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{host}:{port}/metrics") as response,
    ):
        return await response.text()


@pytest.mark.full
async def test_every_target_is_answered_in_its_turn_and_the_registry_is_not_asked_more_often(
    tmp_path: Path,
) -> None:
    async with WhoisLab(talk=about).running() as whois:
        config = load(configuration(tmp_path, whois))
        loop = asyncio.get_running_loop()
        async with open_daemon(config, internet(config)) as daemon:
            begun = loop.time()
            async with asyncio.timeout(30):
                while min(Counter(TARGETS + whois.queries)[name] for name in TARGETS) < 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            took_s = loop.time() - begun
            asked = Counter(whois.queries)
            shown = await metrics(daemon)
    assert sum(asked.values()) <= 4 * took_s + 3
    assert max(asked.values()) - min(asked.values()) <= 2
    assert 'platform_monitor_registration_questions_total{outcome="answered",protocol="whois"}' in shown
    assert 'platform_monitor_observations_total{failure="registration_limited",probe="registration"}' in shown
