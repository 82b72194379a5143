"""What may be held against what is believed: whole sets, of those who speak for the layer."""

from dataclasses import replace
from datetime import timedelta

from judge.watched import Watched
from judge.world import START, answer, observe, records

from monitor import wire
from monitor.attribute import AsTable, Block
from monitor.attribute.networks import Network, PublishedRange
from monitor.model import Layer, Probe, ResolverWord

TABLE = AsTable.of(
    [
        ("192.0.2.0/24", 64500, "HOST"),
        ("198.51.100.0/25", 64501, "OTHER"),
        ("104.16.0.0/12", 13335, "CF"),
        ("151.101.0.0/16", 54113, "FASTLY"),
    ],
    "2026-06-17",
)
CDNS = ("104.16.1.1", "151.101.1.1")
UNNAMED = "203.0.113.9"


class WithRegistry:
    """The table, and a registry that answers for one block once it is told to."""

    edition = TABLE.edition
    answers = False

    def lookup(self, address: str) -> Network | PublishedRange | Block | None:
        if self.answers and address.startswith("203.0.113."):
            return Block(prefix="203.0.113.0/24", organisation="net:late", name="Late", source="RDAP x")
        return TABLE.lookup(address)


def watched(*addresses: str) -> Watched:
    """Return one that believes in who stands behind these addresses."""
    world = Watched(networks=TABLE)
    world.dns(*addresses)
    world.dns(*addresses)
    return world


def test_the_address_that_answered_a_page_corrects_nothing_that_dns_shows() -> None:
    world = watched(*CDNS)
    world.http(address=CDNS[0])
    assert world.edge() == ("cloudflare", "fastly")


def test_a_proxy_that_has_left_the_records_is_news() -> None:
    """The address that stays was known as a proxy's before: nothing is only recognised."""
    world = watched(*CDNS)
    for _ in range(4):
        world.dns(CDNS[0])
    assert {moved[0] for moved in world.moves()} == {Layer.NETWORK, Layer.EDGE}
    assert world.edge() == ("cloudflare",)


def test_a_set_that_resolvers_disagree_about_corrects_nothing() -> None:
    world = watched(*CDNS)
    theirs = ResolverWord(
        resolver="r2",
        a=answer("A", *CDNS),
        aaaa=answer("AAAA"),
        ns=answer("NS", "ns1.example"),
        mx=answer("MX"),
    )
    world.take(Probe.DNS, replace(records(a=CDNS[:1]), alone=False, others=(theirs,)))
    assert world.edge() == ("cloudflare", "fastly")


def test_who_lacks_in_a_set_with_an_unnamed_address_is_not_told_as_gone() -> None:
    world = watched("192.0.2.1", "198.51.100.5")
    for _ in range(10):
        world.dns("192.0.2.1", "198.51.100.200")
    assert world.moves() == []
    assert world.layer(Layer.NETWORK).confirmed.ids == ("as64500", "as64501")


def test_an_address_that_stays_unnamed_for_a_day_hides_nobody_any_more() -> None:
    world = watched("192.0.2.1", "198.51.100.5")
    for hours in (1, 12, 24, 25, 26):
        at = START + timedelta(hours=hours)
        world.pipeline.take(observe(Probe.DNS, at, records(a=("192.0.2.1", UNNAMED))))
        assert (world.moves() != []) == (hours > 24)
    assert world.moves() == [(Layer.NETWORK, ("as64500", "as64501"), ("as64500",))]


def test_a_holder_that_the_registry_names_later_is_no_news() -> None:
    networks = WithRegistry()
    world = Watched(networks=networks)
    world.dns("192.0.2.1", UNNAMED)
    assert world.layer(Layer.NETWORK).confirmed.partial
    networks.answers = True
    world.pipeline.attributor.learned()  # type: ignore[attr-defined]  # the real one
    for _ in range(3):
        world.dns("192.0.2.1", UNNAMED)
    assert world.moves() == []
    assert world.layer(Layer.NETWORK).confirmed.ids == ("as64500", "net:late")


def test_an_address_in_a_block_that_joins_a_set_that_was_whole_is_news() -> None:
    networks = WithRegistry()
    networks.answers = True
    world = Watched(networks=networks)
    world.dns("192.0.2.1")
    for _ in range(4):
        world.dns("192.0.2.1", UNNAMED)
    assert world.moves() == [(Layer.NETWORK, ("as64500",), ("as64500", "net:late"))]


def test_an_address_that_no_table_knows_makes_the_network_not_known_and_not_absent() -> None:
    world = watched("192.0.2.1")
    for _ in range(4):
        world.dns(UNNAMED)
    network = world.layer(Layer.NETWORK)
    assert (network.known, network.absent) == (False, False)


def test_that_a_set_is_not_whole_is_stored() -> None:
    world = watched("192.0.2.1", UNNAMED)
    memory = wire.load_memory(wire.dump_memory(world.state.memory))
    (network,) = [layer for layer in memory.layers if layer.layer is Layer.NETWORK]
    assert network.confirmed.partial
