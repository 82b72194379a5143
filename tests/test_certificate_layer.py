"""Who issued the certificate: attributed, confirmed and told like any other layer."""

from dataclasses import replace
from datetime import timedelta

import pytest
from judge.world import START, observe, page
from terminal.test_sheet import CERTIFICATE

from monitor.attribute import AsTable, Attributor, Catalog
from monitor.judge import step
from monitor.model import Event, Layer, LayerState, Policy, Probe, ProviderChanged, TargetState, TlsFacts


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    return Attributor(Catalog.bundled(), AsTable.of([("192.0.2.0/24", 64500, "Example")], edition="test"))


def served(attributor: Attributor, *certificates: TlsFacts) -> tuple[LayerState, list[Event]]:
    """Return the certificate layer, and the events, after one look at each certificate in turn."""
    state = TargetState(target="parler.com")
    told: list[Event] = []
    for number, tls in enumerate(certificates):
        seen = observe(Probe.HTTP, START + timedelta(minutes=number), page(tls=tls))
        outcome = step(state, seen, attributor.attribute(seen), Policy())
        state = outcome.state
        told += outcome.events
    return next(layer for layer in state.memory.layers if layer.layer is Layer.CERTIFICATE), told


def renewed(number: int, **more: object) -> TlsFacts:
    return replace(CERTIFICATE, sha256=f"{number:064x}", serial=f"{number:x}", **more)


def test_a_new_authority_is_told_when_it_was_seen_twice(attributor: Attributor) -> None:
    other = renewed(2, issuer="GTS CA 1P5", issuer_organization="Google Trust Services LLC")
    assert served(attributor, renewed(1), other)[1] == []
    layer, told = served(attributor, renewed(1), other, other)
    (data,) = [event.data for event in told]
    assert isinstance(data, ProviderChanged)
    assert data.layer is Layer.CERTIFICATE
    assert [provider.id for provider in data.providers_from] == ["lets-encrypt"]
    assert [provider.id for provider in data.providers_to] == list(layer.confirmed.ids)
    assert layer.confirmed.ids != ("lets-encrypt",)
    assert layer.confirmed.evidence[0].value == "Google Trust Services LLC"


def test_a_renewal_by_another_intermediate_of_the_same_authority_is_no_change(attributor: Attributor) -> None:
    renewals = [renewed(n, issuer=f"R{10 + n % 5}", chain=CERTIFICATE.chain[:1]) for n in range(10)]
    layer, told = served(attributor, *renewals)
    assert told == []
    assert (layer.confirmed.ids, layer.changes) == (("lets-encrypt",), 0)


def test_the_same_authority_in_another_spelling_is_no_change(attributor: Attributor) -> None:
    spelled = [
        renewed(n, issuer_organization=name) for n, name in enumerate(["Let's Encrypt", "LET'S ENCRYPT"])
    ]
    layer, told = served(attributor, *spelled, *spelled)
    assert told == []
    assert layer.confirmed.ids == ("lets-encrypt",)
