"""The fire drill: a scenario under one's own thresholds, told to one's own receivers."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from servers.webhook_lab import Reply, WebhookLab, webhook_lab

from monitor.drill import _patience, _policies
from monitor.model import Announcement, Policy
from monitor.replay.scenario import load_scenario

ROOT = Path(__file__).parents[1]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def drill(folder: Path, receiver: WebhookLab) -> tuple[int | None, str]:
    config = folder / "config.toml"
    config.write_text(
        f"""
        [[targets]]
        domain = "site.localhost"
        [[receivers]]
        name = "ops"
        url = "{receiver.url}"
        secret = "{SECRET}"
        """
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "replay", "seeds/as-reported.toml", "--config", str(config),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )  # fmt: skip
    async with asyncio.timeout(50):
        printed, _ = await process.communicate()
    return process.returncode, printed.decode()


@pytest.mark.full
async def test_a_drill_tells_the_receiver_what_the_scenario_leads_to(tmp_path: Path) -> None:
    async with webhook_lab() as receiver:
        code, printed = await drill(tmp_path, receiver)
        told = [json.loads(post.body) for post in receiver.posts]
    assert code == 0
    assert "did not get through" not in printed
    assert [event["type"] for event in told] == ["platform.provider.changed"]
    assert told[0]["source"] == "urn:platform-monitor:drill:as-reported"


@pytest.mark.full
async def test_a_drill_that_a_receiver_refuses_has_failed(tmp_path: Path) -> None:
    async with webhook_lab() as receiver:
        receiver.script = lambda _: Reply(status=403)
        code, printed = await drill(tmp_path, receiver)
        assert len(receiver.posts) == 1
    assert code == 1
    assert "1 deliveries did not get through" in printed


def test_a_drill_watches_what_the_scenario_watches_and_judges_by_ones_own_thresholds() -> None:
    scenario = load_scenario(ROOT / "seeds" / "registry-hold-2025.toml")
    said = Announcement(at=scenario.start, text="A move")
    policies = {name: replace(one, announcements=(said,)) for name, one in scenario.policies.items()}
    scenario = replace(scenario, policies=policies)
    (drilled,) = _policies(scenario, Policy(failures_to_confirm=7, recheck_s=30.0)).values()
    (own,) = scenario.policies.values()
    bound = {"lead", "dns_watched", "delegation_watched", "desired", "announcements"}
    assert (drilled.failures_to_confirm, drilled.recheck_s) == (7, 30.0)
    assert own.delegation_watched
    assert {name: getattr(drilled, name) for name in bound} == {name: getattr(own, name) for name in bound}
    assert _patience(scenario, {"zoom.us": drilled}) == timedelta(seconds=90)
    assert _patience(scenario, {"zoom.us": own}) == timedelta(0)
