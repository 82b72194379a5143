"""How the daemon asks registries: what the configuration means for it, and what it takes up and shows.

The probe itself is `monitor.probe.registration`; this is its wiring.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from monitor.clock import Clock
from monitor.config import Config
from monitor.export.own_metrics import OwnMetrics
from monitor.model import Probe, RegistrationSettings, TargetState
from monitor.pipeline import Plan
from monitor.probe.allowance import Rate
from monitor.probe.ask_registry import first_server
from monitor.probe.http_client import HttpClient
from monitor.probe.outcome import Outcome
from monitor.probe.refresh import BootstrapRefresh, adopt_stored
from monitor.probe.registration import AGAIN
from monitor.probe.registries import Registries
from monitor.probe.turn_line import Pace, Server
from monitor.probe.turns import Turns
from monitor.schedule import Schedule

# Targets that are gone through before other work gets its turn: a few milliseconds.
_AT_ONCE: Final = 200
_SUFFIX: Final = f"/{Probe.REGISTRATION}"


def registries_of(config: Config) -> Registries:
    """Return which server knows a domain, with what an earlier run has learned of it. Blocks."""
    registries = Registries.load(rdap=config.registries.rdap, whois=config.registries.whois)
    adopt_stored(registries, config.data_dir, config.asking.bootstrap_url)
    return registries


def pace_of(config: Config) -> Pace:
    """Return how often registration servers may be asked."""
    asking = config.asking
    return Pace(
        at_once=config.limits.registration,
        rdap=Rate(per_s=asking.rdap_per_s, burst=asking.rdap_burst),
        whois=Rate(per_s=asking.whois_per_s, burst=asking.whois_burst),
        per_s_of=asking.per_s_of,
    )


def refresh_of(config: Config, registries: Registries, http: HttpClient, clock: Clock) -> BootstrapRefresh:
    """Return what keeps IANA's list of RDAP servers fresh."""
    return BootstrapRefresh(
        url=config.asking.bootstrap_url,
        every_s=config.asking.bootstrap_interval_s,
        folder=config.data_dir,
        registries=registries,
        http=http,
        clock=clock,
    )


def recall(check_id: str, plans: Mapping[str, Plan], schedule: Schedule) -> bool:
    """Run a check whose turn has come; False: it is no longer watched, or runs at this moment."""
    plan = plans.get(check_id.removesuffix(_SUFFIX))
    check = plan.checks.get(Probe.REGISTRATION) if plan else None
    return check is not None and schedule.soon(check, 0.0, "its turn at the registry has come")


async def put_off_before(
    turns: Turns, plans: Mapping[str, Plan], states: Mapping[str, TargetState], registries: Registries
) -> None:
    """Have the checks that were put off before a restart run when their turn comes, some at a time.

    Whoever has waited longest goes first: else those whose turn comes late in the day would never be
    answered by a monitor that is restarted every day.
    """
    waited: list[tuple[int, str, Server]] = []
    for count, (name, plan) in enumerate(list(plans.items())):
        if count % _AT_ONCE == 0:
            await asyncio.sleep(0)
        check, state = plan.checks.get(Probe.REGISTRATION), states.get(name)
        if check is None or state is None or not isinstance(check.settings, RegistrationSettings):
            continue
        run = next((run for run in state.pulse.runs if run.probe is Probe.REGISTRATION), None)
        if run is None or run.failure not in AGAIN:
            continue
        server = first_server(registries, check.settings.domain)
        if server is not None:
            waited.append((-run.in_a_row, check.id, server))
    for count, (_, check_id, server) in enumerate(sorted(waited, key=lambda row: row[:2])):
        if count % _AT_ONCE == 0:
            await asyncio.sleep(0)
        turns.owe(server, check_id)


def show(turns: Turns, registries: Registries, own: OwnMetrics) -> None:
    """Let the monitor's own metrics tell how registries are asked."""

    def resting(outcome: Outcome) -> float:
        return turns.resting()[outcome]

    def published() -> float:
        return registries.bootstrap.published.timestamp()

    turns.asked = own.asked
    own.watch_registries(
        resting={outcome.value: partial(resting, outcome) for outcome in turns.resting()},
        waiting=turns.waiting,
        bootstrap=published,
    )
