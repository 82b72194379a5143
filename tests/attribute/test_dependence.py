"""Which one organisation could take a target down alone."""

from datetime import UTC, datetime

import pytest

from monitor.attribute import Catalog
from monitor.attribute.dependence import Dependence, Reach, depends_on
from monitor.model import (
    Attribution,
    DnsAnswer,
    DnsFacts,
    Evidence,
    Layer,
    LayerState,
    Memory,
    Observation,
    Probe,
    Provider,
    RegistrationFacts,
)

NOW = datetime(2021, 1, 11, tzinfo=UTC)


def layer(name: Layer, *ids: str, known: bool = True) -> LayerState:
    providers = tuple(Provider(id=key, name=key.title(), cataloged="." not in key) for key in sorted(ids))
    evidence = tuple(Evidence(provider=key, value="v", rule="r", source="s") for key in ids)
    return LayerState(
        layer=name,
        confirmed=Attribution(layer=name, providers=providers, evidence=evidence),
        since=NOW,
        known=known,
    )


def observed(probe: Probe, facts: DnsFacts | RegistrationFacts) -> Observation:
    return Observation(
        target="parler.com",
        probe=probe,
        vantage="test",
        scheduled_at=NOW,
        started_at=NOW,
        duration_s=0.1,
        interval_s=60.0,
        facts=facts,
    )


ANSWER = DnsAnswer(name="parler.com", rtype="A", rcode="NOERROR", values=("192.0.2.1",))
RECORDS = observed(
    Probe.DNS,
    DnsFacts(
        host="parler.com",
        zone="parler.com",
        resolver="r",
        a=ANSWER,
        aaaa=ANSWER,
        ns=ANSWER,
        mx=ANSWER,
        soa=ANSWER,
    ),
)


def registered(**more: object) -> Observation:
    facts = RegistrationFacts(domain="parler.com", source="rdap", server="s", **{"registered": True, **more})  # type: ignore[arg-type]
    return observed(Probe.REGISTRATION, facts)


def found(catalog: Catalog, *layers: LayerState, seen: tuple[Observation, ...] = (RECORDS,)) -> Dependence:
    return depends_on(Memory(layers=layers, seen=seen), catalog.organisation)


def outline(dependence: Dependence) -> list[tuple[str, tuple[str, ...], str]]:
    return [(p.organisation.id, tuple(p.layers), p.reach) for p in dependence.points]


def test_one_organisation_on_several_layers_is_said_first(catalog: Catalog) -> None:
    before = found(
        catalog,
        layer(Layer.REGISTRATION, "namecheap"),
        layer(Layer.DNS, "amazon"),
        layer(Layer.NETWORK, "amazon"),
        layer(Layer.MAIL, "google"),
        layer(Layer.CERTIFICATE, "lets-encrypt"),
    )
    assert outline(before) == [
        ("amazon", ("dns", "network"), "site"),
        ("namecheap", ("registration",), "site"),
        ("google", ("mail",), "mail"),
        ("lets-encrypt", ("certificate",), "later"),
    ]
    assert before.headline == "Each of Amazon and Namecheap alone could take the site down."
    assert before.points[0].could == (
        "runs every name server of the zone: could stop answering for it",
        "announces every address of the host: could stop carrying it",
    )


def test_who_takes_mail_or_signs_certificates_cannot_take_the_site_down(catalog: Catalog) -> None:
    only = found(catalog, layer(Layer.MAIL, "google"), layer(Layer.CERTIFICATE, "lets-encrypt"))
    assert {point.reach for point in only.points} == {Reach.MAIL, Reach.LATER}
    assert only.headline == (
        "No single organisation besides the registry is known that could take the site down alone. "
        "Not known now: registration and dns and network."
    )


def test_several_organisations_on_a_layer_are_no_single_point(catalog: Catalog) -> None:
    both = found(catalog, layer(Layer.DNS, "amazon", "cloudflare"), layer(Layer.REGISTRATION, "epik"))
    assert outline(both) == [("epik", ("registration",), "site")]
    assert both.shared == (Layer.DNS,)


def test_what_belongs_to_one_owner_is_one_organisation(catalog: Catalog) -> None:
    """Linode and Akamai on one layer: two providers, one organisation."""
    one = found(catalog, layer(Layer.DNS, "akamai", "linode"), layer(Layer.NETWORK, "linode"))
    assert outline(one) == [("akamai", ("dns", "network"), "site")]
    assert one.shared == ()
    alone = found(catalog, layer(Layer.NETWORK, "linode"))
    assert alone.points[0].organisation == catalog.entries["akamai"].provider


def test_the_registry_is_always_one_and_is_named_as_such(catalog: Catalog) -> None:
    dependence = found(catalog, layer(Layer.REGISTRATION, "epik"), seen=(RECORDS, registered()))
    assert outline(dependence) == [
        ("epik", ("registration",), "site"),
        ("registry:com", ("registration",), "site"),
    ]
    registry = dependence.points[1]
    assert registry.registry
    assert registry.organisation.name == "the registry of .com"
    assert "serverHold" in registry.could[0]
    assert dependence.headline.startswith("Epik alone could take the site down.")


def test_a_name_that_is_not_registered_depends_on_no_registry(catalog: Catalog) -> None:
    assert found(catalog, seen=(registered(registered=False),)).points == ()


def test_a_layer_that_cannot_be_seen_now_is_not_known_and_no_point(catalog: Catalog) -> None:
    dark = found(catalog, layer(Layer.DNS, "amazon", known=False), layer(Layer.NETWORK, "amazon"))
    assert outline(dark) == [("amazon", ("network",), "site")]
    assert dark.not_known == (Layer.REGISTRATION, Layer.DNS)
    assert dark.headline.endswith("Not known now: registration and dns.")


def test_the_one_address_that_answered_is_not_all_there_are(catalog: Catalog) -> None:
    """Without a `dns` check nobody has looked for other addresses: nothing is claimed."""
    http_only = found(catalog, layer(Layer.NETWORK, "amazon"), layer(Layer.EDGE, "fastly"), seen=())
    assert http_only.points == ()
    assert Layer.NETWORK in http_only.not_known


def test_a_target_never_seen_depends_on_nobody_known(catalog: Catalog) -> None:
    assert depends_on(Memory(), catalog.organisation).points == ()


@pytest.mark.parametrize("name", ["\x1b[2J", "<b>", "x" * 500])
def test_unknown_providers_are_organisations_of_their_own(catalog: Catalog, name: str) -> None:
    state = layer(Layer.DNS, f"{name}.example")
    assert found(catalog, state).points[0].organisation.id == f"{name}.example"
