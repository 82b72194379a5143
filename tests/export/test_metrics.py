"""The fleet's metrics: what each state shows, and what goes away again."""

import asyncio
import gc
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import thread_time

import pytest
from export.fleet import (
    DELEGATION,
    DNS,
    DOWN,
    HTTP,
    NOW,
    REGISTRATION,
    THEN,
    behind,
    delegation,
    incident,
    page,
    promtool_says,
    records,
    registration,
    run,
    samples,
    seen,
    state,
    target,
    text,
)
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from monitor.export.families import EPP_CODES
from monitor.export.metrics import FAMILIES, FleetMetrics
from monitor.failure import Failure
from monitor.model import (
    Announcement,
    DesiredRule,
    EarlySign,
    EarlySignState,
    Layer,
    PartState,
    Probe,
    Pulse,
    Ruling,
    Status,
    TargetState,
    Verdict,
)

LISTED = Verdict(status=Status.UP, reachable=True, layer=Layer.LISTING)
T = 'target="parler.com"'


async def shown(*states: TargetState) -> dict[str, float]:
    metrics = FleetMetrics(target(each.target) for each in states)
    for each in states:
        metrics.update(each)
    return samples(await text(metrics.render()))


async def test_a_target_that_nobody_has_looked_at_is_unknown_and_nothing_else() -> None:
    metrics = FleetMetrics([target()])
    assert samples(await text(metrics.render())) == {
        'platform_target_info{target="parler.com",host="parler.com",domain="parler.com"}': 1,
        f'platform_status{{{T},status="unknown"}}': 1,
        f"platform_incidents_total{{{T}}}": 0,
        f"platform_uptime_seconds_total{{{T}}}": 0,
        f"platform_downtime_seconds_total{{{T}}}": 0,
        f"platform_unknown_seconds_total{{{T}}}": 0,
    }


@pytest.mark.parametrize(
    ("status", "reachable", "up"),
    [
        (Status.UP, True, 1),
        (Status.DEGRADED, True, 0),
        (Status.DOWN, False, 0),
        (Status.UNKNOWN, None, None),
    ],
)
async def test_status(status: Status, reachable: bool | None, up: int | None) -> None:  # noqa: FBT001 - a table
    got = await shown(state(verdict=Verdict(status=status, reachable=reachable)))
    assert got.get(f"platform_up{{{T}}}") == up
    assert got.get(f"platform_reachable{{{T}}}") == (None if reachable is None else float(reachable))
    assert [series for series in got if series.startswith("platform_status{")] == [
        f'platform_status{{{T},status="{status}"}}'
    ]


async def test_an_incident_shows_its_diagnosis_and_its_layer_while_it_lasts() -> None:
    series = f'platform_incident_active{{{T},diagnosis="network.unreachable",layer="network"}}'
    metrics = FleetMetrics([target()])
    metrics.update(state(verdict=DOWN, incident=incident(), incidents=3))
    during = samples(await text(metrics.render()))
    assert during[series] == 1
    assert during[f"platform_incidents_total{{{T}}}"] == 3
    metrics.update(state(incidents=3))
    assert "platform_incident_active{" not in await text(metrics.render())


async def test_an_incident_without_a_layer_says_none() -> None:
    odd = Verdict(status=Status.DOWN, reachable=None)
    got = await shown(state(verdict=odd, incident=incident(odd)))
    assert f'platform_incident_active{{{T},diagnosis="undetermined",layer="none"}}' in got


async def test_providers_are_those_that_are_known_now() -> None:
    got = await shown(
        state(
            layers=(
                behind(Layer.DNS, "amazon", "epik", changes=2, changed_at=NOW),
                behind(Layer.NETWORK, "amazon", known=False),
            )
        )
    )
    assert [series for series in got if series.startswith("platform_provider_info")] == [
        f'platform_provider_info{{{T},layer="dns",provider="amazon"}}',
        f'platform_provider_info{{{T},layer="dns",provider="epik"}}',
    ]
    assert got[f'platform_provider_changes_total{{{T},layer="dns"}}'] == 2
    assert got[f'platform_provider_changes_total{{{T},layer="network"}}'] == 0
    last = "platform_provider_last_change_timestamp_seconds"
    assert got[f'{last}{{{T},layer="dns"}}'] == NOW.timestamp()
    assert f'{last}{{{T},layer="network"}}' not in got


async def test_the_targets_of_a_provider_are_counted_and_counted_down() -> None:
    metrics = FleetMetrics([target("parler.com"), target("gab.com")])
    for name in ("parler.com", "gab.com"):
        metrics.update(state(name, layers=(behind(Layer.REGISTRATION, "epik"),)))
    series = 'platform_provider_targets{layer="registration",provider="epik"}'
    assert samples(await text(metrics.render()))[series] == 2
    metrics.update(state("parler.com", layers=(behind(Layer.REGISTRATION, "dynadot"),)))
    assert samples(await text(metrics.render()))[series] == 1
    metrics.remove("gab.com")
    assert series not in samples(await text(metrics.render()))


async def test_the_last_runs_and_the_time() -> None:
    pulse = Pulse(
        up_s=3600.5,
        down_s=60,
        unknown_s=1,
        runs=(run(HTTP, http_status=200), run(DNS, Failure.DNS_SERVFAIL), run(REGISTRATION, Failure.MISSED)),
    )
    got = await shown(state(pulse=pulse))
    assert got[f"platform_uptime_seconds_total{{{T}}}"] == 3600.5
    assert got[f"platform_downtime_seconds_total{{{T}}}"] == 60
    assert got[f"platform_unknown_seconds_total{{{T}}}"] == 1
    assert got[f'platform_probe_success{{{T},probe="http"}}'] == 1
    assert got[f'platform_probe_success{{{T},probe="dns"}}'] == 0
    assert got[f'platform_probe_duration_seconds{{{T},probe="http"}}'] == 0.25
    assert got[f'platform_probe_last_run_timestamp_seconds{{{T},probe="dns"}}'] == NOW.timestamp()
    assert got[f"platform_http_status_code{{{T}}}"] == 200
    assert not [series for series in got if 'probe="registration"' in series], "a missed run is no run"


REMEMBERED = {
    "seen": (
        seen(HTTP, page()),
        seen(DNS, records()),
        seen(REGISTRATION, registration("clientHold", "ok", "Locked by <b>us</b>", "ok")),
        seen(DELEGATION, delegation("epik.com", "example.org")),
    )
}
FROM_FACTS = {
    f"platform_certificate_expiry_timestamp_seconds{{{T}}}": HTTP,
    f'platform_dns_answer{{{T},rcode="NOERROR"}}': DNS,
    f"platform_registration_expiry_timestamp_seconds{{{T}}}": REGISTRATION,
    f'platform_registration_status{{{T},status="clientHold"}}': REGISTRATION,
    f'platform_registration_status{{{T},status="ok"}}': REGISTRATION,
    f'platform_dns_operator_domain_expiry_timestamp_seconds{{{T},domain="epik.com"}}': DELEGATION,
    f'platform_dns_operator_domain_on_hold{{{T},domain="epik.com"}}': DELEGATION,
    f'platform_dns_operator_domain_on_hold{{{T},domain="example.org"}}': DELEGATION,
}


async def test_facts_are_shown_while_the_last_run_shows_them() -> None:
    pulse = Pulse(runs=(run(HTTP, http_status=200), run(DNS), run(REGISTRATION), run(DELEGATION)))
    got = await shown(state(pulse=pulse, **REMEMBERED))
    assert set(FROM_FACTS) <= set(got)
    assert not [key for key in got if "domain_expiry" in key and "example.org" in key], (
        "no date was published"
    )
    on_hold = {key: value for key, value in got.items() if "domain_on_hold" in key}
    assert [on_hold[key] for key in sorted(on_hold)] == [0, 1], "epik.com is not, example.org is"
    assert "Locked" not in "".join(got), "text from the network is no label"
    assert got[f"platform_certificate_expiry_timestamp_seconds{{{T}}}"] == 1612137600
    assert got[f"platform_registration_expiry_timestamp_seconds{{{T}}}"] == 1735689600


@pytest.mark.parametrize(
    ("probe", "failure"),
    [
        (HTTP, Failure.TCP_TIMEOUT),
        (DNS, Failure.DNS_TIMEOUT),
        (DNS, Failure.MISSED),
        (REGISTRATION, Failure.REGISTRATION_LIMITED),
        (DELEGATION, Failure.DNS_TIMEOUT),
    ],
)
async def test_what_is_only_remembered_is_not_exported(probe: str, failure: Failure) -> None:
    runs = tuple(run(each, failure if each is probe else None) for each in Probe)
    got = await shown(state(pulse=Pulse(runs=runs), **REMEMBERED))
    assert {series for series in FROM_FACTS if series in got} == {
        series for series, of in FROM_FACTS.items() if of is not probe
    }


async def test_facts_come_and_go_with_the_runs_though_the_memory_stays() -> None:
    """The memory keeps its identity through a failed look-up: the lines must follow the runs as well."""
    metrics = FleetMetrics([target()])
    good = state(pulse=Pulse(runs=(run(DNS),)), seen=REMEMBERED["seen"])
    series = f'platform_dns_answer{{{T},rcode="NOERROR"}}'
    metrics.update(good)
    assert series in await text(metrics.render())
    metrics.update(replace(good, pulse=Pulse(runs=(run(DNS, Failure.DNS_TIMEOUT),))))
    assert series not in await text(metrics.render())
    metrics.update(good)
    assert series in await text(metrics.render())


async def test_records_of_a_name_that_does_not_exist_are_an_answer() -> None:
    nxdomain = Failure.DNS_NXDOMAIN
    got = await shown(
        state(pulse=Pulse(runs=(run(DNS, nxdomain),)), seen=(seen(DNS, records("NXDOMAIN"), nxdomain),))
    )
    assert f'platform_dns_answer{{{T},rcode="NXDOMAIN"}}' in got


@pytest.mark.parametrize(
    "facts",
    [
        registration("ok", registered=False, expires=None),
        registration("ok", expires=None),
        page(tls=None),
        records(None),
    ],
)
async def test_a_fact_that_is_not_there_is_a_series_that_is_not_there(facts: object) -> None:
    runs = Pulse(runs=(run(HTTP), run(DNS), run(REGISTRATION)))
    observations = tuple(seen(each, facts) for each in (HTTP, DNS, REGISTRATION))
    got = await shown(state(pulse=runs, seen=observations))
    assert not [series for series in got if "expiry" in series or "dns_answer" in series]


async def test_a_removed_target_leaves_nothing_and_does_not_come_back_by_a_late_run() -> None:
    metrics = FleetMetrics([target(), target("gab.com")])
    metrics.update(state())
    await text(metrics.render())
    metrics.remove("parler.com")
    metrics.remove("parler.com")
    metrics.update(state(layers=(behind(Layer.DNS, "epik"),)))
    assert "parler" not in await text(metrics.render())
    assert "epik" not in await text(metrics.render())
    metrics.add(target())
    assert 'platform_status{target="parler.com",status="unknown"} 1' in await text(metrics.render())


async def test_another_configuration_keeps_the_state() -> None:
    metrics = FleetMetrics([target(labels=(("team", "a"),))])
    metrics.update(state())
    await text(metrics.render())
    metrics.add(target(labels=(("team", 'b"\n'), ("on-call", "x"), ("on.call", "y"))))
    got = await text(metrics.render())
    assert 'domain="parler.com",label_team="b\\"\\n",label_on_call="x"} 1\n' in got
    assert f"platform_up{{{T}}} 1\n" in got


async def test_a_state_that_comes_while_a_slow_reader_reads_is_told_to_the_next() -> None:
    metrics = FleetMetrics([target()])
    metrics.update(state())
    slow = metrics.render()
    first = await anext(slow)
    metrics.update(state(verdict=DOWN))
    assert f"platform_up{{{T}}} 1\n".encode() in first + b"".join([piece async for piece in slow])
    assert f"platform_up{{{T}}} 0\n" in await text(metrics.render())


async def test_a_cancelled_scrape_leaves_its_work_to_the_next() -> None:
    names = [f"{number}.example" for number in range(2_000)]
    metrics = FleetMetrics(target(name) for name in names)
    for name in names:
        metrics.update(state(name))
    scrape = asyncio.ensure_future(anext(metrics.render()))
    await asyncio.sleep(0)
    scrape.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scrape
    both = await asyncio.gather(text(metrics.render()), text(metrics.render()))
    for exposition in both:
        assert exposition.count("\nplatform_up{") == len(names)


RULINGS = (
    Ruling(rule=DesiredRule.REGISTRAR, wanted=("epik",), kept=False, found=("amazon",), breached=True),
    Ruling(rule=DesiredRule.DNS, wanted=("epik",), kept=True, found=("epik",)),
    Ruling(rule=DesiredRule.DNSSEC, wanted=("signed",), breached=True),
)


SIGN = EarlySignState(
    sign=EarlySign.TTL_DROPPED, about="A", before="86400", after="300", since=THEN, told_at=THEN
)


async def test_a_sign_is_shown_while_it_stands_and_for_nothing_else() -> None:
    metrics = FleetMetrics([target()])
    suspected = replace(SIGN, sign=EarlySign.SERIALS_DIFFER, told_at=None)
    gone = replace(SIGN, sign=EarlySign.TRANSFER_LOCK_GONE, ended_at=NOW)
    metrics.update(state(early_signs=(SIGN, replace(SIGN, about="NS"), suspected, gone)))
    got = samples(await text(metrics.render()))
    assert {series: value for series, value in got.items() if "sign_active" in series} == {
        'platform_sign_active{target="parler.com",sign="ttl_dropped"}': 1
    }


async def test_a_breach_is_one_and_what_is_not_known_is_absent() -> None:
    metrics = FleetMetrics([target()])
    metrics.update(state(rulings=RULINGS))
    got = samples(await text(metrics.render()))
    assert {series: value for series, value in got.items() if "policy_breached" in series} == {
        'platform_policy_breached{target="parler.com",rule="registrar"}': 1,
        'platform_policy_breached{target="parler.com",rule="dns"}': 0,
    }
    metrics.update(replace(state(), seq=2))
    assert "platform_policy_breached{" not in await text(metrics.render())


async def test_every_sample_stands_under_the_header_of_its_family() -> None:
    pulse = Pulse(runs=(run(HTTP, http_status=200), run(DNS), run(REGISTRATION), run(DELEGATION)))
    full = state(
        pulse=pulse,
        layers=(behind(Layer.DNS, "epik", changed_at=NOW),),
        incident=incident(),
        rulings=RULINGS,
        early_signs=(SIGN,),
        parts=(PartState(probe=Probe.LISTING, part="apple/us/1402727988", verdict=LISTED),),
        **REMEMBERED,
    )
    said = (Announcement(at=THEN, text="A move", expected_until=NOW),)
    metrics = FleetMetrics(target(name, announcements=said) for name in ("parler.com", "gab.com"))
    metrics.update(full)
    metrics.update(replace(full, target="gab.com"))
    exposition = await text(metrics.render())
    families = list(text_string_to_metric_families(exposition))
    assert len({family.name for family in families}) == len(families) == len(FAMILIES)
    declared = {family.name: family for family in FAMILIES}
    for family in families:
        assert family.samples, f"{family.name} is not shown by a full state"
        for sample in family.samples:
            own = {label for label in sample.labels if not label.startswith("label_")}
            assert own == set(declared[sample.name].labels)


LABELS = st.text(max_size=40) | st.sampled_from(['\\"', "a\\nb", "\n", "\r", "\u2028", "\udc80", '{"}='])


def _encodable(name: str) -> bytes:
    """Return what tells two names apart: a lone surrogate is written as its escape, and may meet it."""
    return name.encode("utf-8", "backslashreplace")


@given(names=st.lists(LABELS, unique_by=_encodable, max_size=5), provider=LABELS)
def test_hostile_names_are_labels_and_nothing_else(names: list[str], provider: str) -> None:
    metrics = FleetMetrics(target(name) for name in names)
    for name in names:
        metrics.update(state(name, layers=(behind(Layer.DNS, provider),)))
    exposition = asyncio.run(text(metrics.render()))
    lines = [line for line in exposition.split("\n") if line and not line.startswith("#")]
    assert len(set(lines)) == len(lines)
    label = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
    for line in lines:
        assert re.fullmatch(rf"platform_[a-z_]+\{{{label}(?:,{label})*\}} \d+", line), line
    up = next(f for f in text_string_to_metric_families(exposition) if f.name == "platform_up")
    assert len({sample.labels["target"] for sample in up.samples}) == len(names)


def test_the_codes_of_epp_are_those_that_registration_reads() -> None:
    epp = pytest.importorskip("monitor.probe.epp")
    assert set(epp._CODES) == EPP_CODES, "a closed vocabulary stands in two places"


@pytest.mark.alone
async def test_a_million_series_leave_the_loop_free() -> None:
    """The bar is 50 ms for a million series; slices do not grow with the fleet, so a tenth shows it."""
    pulse = Pulse(runs=(run(HTTP, http_status=200), run(DNS), run(REGISTRATION)))
    layers = tuple(behind(layer, "amazon", changed_at=THEN) for layer in Layer)
    sample = state(pulse=pulse, layers=layers, **REMEMBERED)
    names = [f"{number}.example" for number in range(2_500)]
    metrics = FleetMetrics(target(name) for name in names)
    for name in names:
        metrics.update(replace(sample, target=name))
    blocked = 0.0
    done = False

    async def watch() -> None:
        nonlocal blocked
        while not done:
            # The time of this thread: what the machine does besides is not ours.
            before = thread_time()
            await asyncio.sleep(0)
            blocked = max(blocked, thread_time() - before)

    gc.freeze()  # what other tests have left behind is not ours to collect
    watcher = asyncio.create_task(watch())
    exposition = await text(metrics.render())
    done = True
    await watcher
    gc.unfreeze()
    assert exposition.count("\n") > 80_000
    # Measured: 6 ms. The rest is for slower machines.
    assert blocked < 0.05


@pytest.mark.full
async def test_promtool_finds_nothing_to_say(server: Callable[[str], Path]) -> None:
    pulse = Pulse(up_s=1e17, runs=(run(HTTP, http_status=200, duration_s=1e-6), run(DNS), run(REGISTRATION)))
    full = state(
        'evil"\\\n{}',
        pulse=pulse,
        verdict=DOWN,
        incident=incident(),
        layers=tuple(behind(layer, "epik", changed_at=THEN + timedelta(microseconds=1)) for layer in Layer),
        **REMEMBERED,
    )
    metrics = FleetMetrics([target('evil"\\\n{}'), target(), target("unseen.example")])
    metrics.update(full)
    metrics.update(state())
    exposition = await text(metrics.render())
    assert promtool_says(server("promtool"), exposition.encode()) == (0, b"", b"")
