"""Certificates that are revoked in a scenario: noticed by the real probes, and what must not be."""

import pytest
from replay.test_driver import fact, played, told
from servers.scenario_lab import HEAD, scenario

from monitor.model import IncidentChanged, Layer, Status
from monitor.replay.driver import Outcome

RARE = '[http]\ninterval = "30m"\n[dns]\ninterval = "6h"\n[registration]\ninterval = "24h"\n'
TWO_DAYS = HEAD.replace("end = 2021-01-02T00:00:00Z", "end = 2021-01-03T00:00:00Z")
SITE = '[facts.set.http."example.com"]\n'
ISSUED = """
[[before]]
layer = "certificate"
what = "It is issued."
synthetic = true
[before.set.http."example.com".certificate]
issuer = "Let's Encrypt"
"""


async def play(keys: str, *facts: str) -> Outcome:
    """Play two days of a site whose certificate has these keys."""
    return await played(scenario(f"{RARE}{ISSUED}{keys}{''.join(facts)}", head=TWO_DAYS))


@pytest.mark.parametrize("way", ["ocsp", "crl"])
async def test_a_revoked_certificate_is_noticed_within_a_day_and_a_new_one_at_once(way: str) -> None:
    keys = f"""
revocation = "{way}"
revoked = 2021-01-01T10:00:00Z
reason = "keyCompromise"
"""
    other = SITE + 'certificate = { issuer = "Let\'s Encrypt", not_before = 2021-01-02T12:00:00Z }'
    renewed = fact(other, at="2021-01-02T12:10:00Z")
    outcome = await play(keys, renewed)
    assert told(outcome) == ["status.changed", "incident.opened", "status.changed", "incident.resolved"]
    opened = outcome.events[1].event
    assert isinstance(opened.data, IncidentChanged)
    assert (opened.data.diagnosis, opened.data.status) == ("tls.revoked", Status.DOWN)
    assert (opened.data.layer, opened.data.reachable) == (Layer.CERTIFICATE, True)
    assert "Let's Encrypt has revoked the certificate on 2021-01-01 10:00 UTC (keyCompromise)" in opened.text
    assert opened.at.day == 2
    assert outcome.events[3].event.at.isoformat() > "2021-01-02T12:10"
    asked = {key: count for key, count in outcome.observations.items() if key.startswith("revocation")}
    assert asked == {"revocation answered": 2}, "once when it was new, and a day later"


async def test_an_authority_that_is_silent_changes_nothing() -> None:
    silent = fact('[facts.set.address]\n"192.175.48.30" = "drops"\n', at="2021-01-01T00:30:00Z")
    outcome = await play("revoked = 2021-01-01T10:00:00Z", silent)
    assert outcome.events == ()
    (last,) = outcome.snapshots
    assert last.states["example.com"].memory.verdict.status is Status.UP


async def test_a_certificate_that_names_nobody_is_not_asked_about() -> None:
    outcome = await play("trusted = true")
    assert outcome.events == ()
    assert not any(key.startswith("revocation") for key in outcome.observations)


async def test_one_that_was_never_good_is_noticed_at_once() -> None:
    outcome = await play("revoked = 2020-12-31T00:00:00Z")
    assert told(outcome) == ["status.changed", "incident.opened"]
    assert outcome.events[0].event.at.isoformat() < "2021-01-01T00:31"
