"""A proxy that only the answer shows makes the edge where DNS is watched, too; no alarm comes of it."""

from dataclasses import replace
from datetime import timedelta

from judge.world import START, observe, page, records

from monitor import wire
from monitor.attribute import AsTable, Attributor, Catalog
from monitor.failure import Failure
from monitor.judge import forget
from monitor.model import Layer, Policy, Probe, Provider, ProviderChanged, Redirect, TargetState
from monitor.pipeline import Pipeline, Plan
from monitor.store import Change

ADDRESS = "192.0.2.1"
TABLE = AsTable.of([("192.0.2.0/24", 64500, "HOST"), ("104.16.0.0/12", 13335, "CF")], "2026-06-17")
VERCEL = (("server", "Vercel"),)


class Watched:
    """One target with both checks, through the real pipeline."""

    def __init__(self, catalog: Catalog | None = None, *, dns_watched: bool = True) -> None:
        self.changes: list[Change] = []
        self.policy = Policy(dns_watched=dns_watched)
        self.pipeline = Pipeline(
            io=None,  # type: ignore[arg-type]  # nothing is measured here
            attributor=Attributor(catalog or Catalog.bundled(), TABLE),
            plans={"parler.com": Plan(checks={}, policy=self.policy)},
            states={},
            commit=self.changes.append,
            recheck=lambda *_: None,
        )
        self.minute = 0

    def http(self, headers: tuple[tuple[str, str], ...] = (), **more: object) -> None:
        got = replace(page(headers=headers, address=ADDRESS), **more)
        self.take(Probe.HTTP, got)

    def dns(self, *addresses: str) -> None:
        self.take(Probe.DNS, records(a=addresses or (ADDRESS,)))

    def take(self, probe: Probe, got: object) -> None:
        self.minute += 1
        self.pipeline.take(observe(probe, START + timedelta(minutes=self.minute), got))  # type: ignore[arg-type]

    @property
    def state(self) -> TargetState:
        return self.pipeline.states["parler.com"]

    def edge(self) -> tuple[str, ...] | None:
        for layer in self.state.memory.layers:
            if layer.layer is Layer.EDGE and layer.known:
                return layer.confirmed.ids
        return None

    def moves(self) -> list[tuple[Layer, tuple[str, ...], tuple[str, ...]]]:
        found = [event.data for change in self.changes for event in change.events]
        return [
            (moved.layer, tuple(p.id for p in moved.providers_from), tuple(p.id for p in moved.providers_to))
            for moved in found
            if isinstance(moved, ProviderChanged)
        ]


def test_an_answer_of_a_proxy_makes_the_edge_where_the_address_is_a_hosts() -> None:
    watched = Watched()
    watched.http(VERCEL)
    watched.dns()
    assert watched.edge() == ("vercel",)
    (layer,) = [layer for layer in watched.state.memory.layers if layer.layer is Layer.EDGE]
    assert [(e.value, e.rule) for e in layer.confirmed.evidence] == [
        ("server: vercel", "header_sign server: vercel")
    ]


def test_what_the_page_and_what_the_records_show_are_one_set() -> None:
    watched = Watched()
    watched.http(VERCEL)
    watched.dns("104.16.1.1")
    assert watched.edge() == ("cloudflare", "vercel")


def test_a_proxy_that_the_records_show_already_adds_nothing() -> None:
    watched = Watched()
    for _ in range(3):
        watched.http((("server", "cloudflare"),), address="104.16.1.1")
        watched.dns("104.16.1.1")
    assert watched.edge() == ("cloudflare",)
    assert watched.moves() == []


def test_an_address_of_a_page_alone_never_makes_the_edge() -> None:
    """The one of several that answered: which one that is, is luck."""
    watched = Watched()
    watched.http(address="104.16.1.1")
    watched.dns(ADDRESS)
    assert watched.edge() is None


def test_a_proxy_that_comes_is_told_once_after_it_was_seen_twice() -> None:
    watched = Watched()
    for headers in (
        VERCEL,
        VERCEL,
        (("server", "Netlify"),),
        (("server", "Netlify"),),
        (("server", "Netlify"),),
    ):
        watched.http(headers)
        watched.dns()
    assert watched.moves() == [(Layer.EDGE, ("vercel",), ("netlify",))]


def test_pages_that_fail_and_pages_of_others_take_no_proxy_away() -> None:
    watched = Watched()
    for _ in range(2):
        watched.http(VERCEL)
        watched.dns()
    for _ in range(5):
        watched.take(Probe.HTTP, Failure.TCP_TIMEOUT)
        watched.http(
            url="https://elsewhere.example/",
            redirects=(
                Redirect(url="https://parler.com/", status=302, location="https://elsewhere.example/"),
            ),
        )
        watched.dns()
    assert watched.edge() == ("vercel",)
    assert watched.moves() == []


def test_a_proxy_that_no_answer_shows_any_more_is_gone_and_one_odd_answer_is_not_enough() -> None:
    watched = Watched()
    for _ in range(2):
        watched.http(VERCEL)
        watched.dns()
    watched.http()
    watched.http(VERCEL)
    watched.dns()
    assert watched.edge() == ("vercel",)
    for _ in range(4):
        watched.http()
        watched.dns()
    assert watched.edge() is None


def test_where_dns_is_not_watched_the_page_speaks_for_itself() -> None:
    watched = Watched(dns_watched=False)
    watched.http(VERCEL)
    assert watched.edge() == ("vercel",)
    assert watched.state.memory.front is None


def test_an_uneventful_page_keeps_the_memory_the_same_object() -> None:
    watched = Watched()
    watched.http(VERCEL)
    watched.dns()
    watched.http(VERCEL)
    before = watched.state.memory
    watched.http((("server", "Vercel"), ("age", "7")))
    watched.dns()
    assert watched.state.memory is before


def test_a_changed_catalog_names_what_the_page_showed_again() -> None:
    """The row of Vercel's sign becomes another provider's: nobody is told, and nothing comes back."""
    watched = Watched()
    for _ in range(2):
        watched.http(VERCEL)
        watched.dns()
    entries = dict(Catalog.bundled().entries)
    gone = entries.pop("vercel")
    named = Provider(id="vercel-inc", name="Vercel Inc.")
    entries["vercel-inc"] = replace(gone, provider=named)
    watched.pipeline.attributor = Attributor(Catalog(entries.values(), "2026-12-01"), TABLE)
    watched.pipeline.rename("parler.com")
    for _ in range(3):
        watched.dns()
        watched.http(VERCEL)
    assert watched.edge() == ("vercel-inc",)
    assert watched.moves() == []


def test_it_is_stored_and_what_was_stored_before_it_loads() -> None:
    watched = Watched()
    watched.http(VERCEL)
    text = wire.dump_memory(watched.state.memory)
    assert wire.load_memory(text).front == watched.state.memory.front is not None
    assert wire.load_memory(text.replace('"front"', '"behind"')).front is None


def test_a_target_whose_pages_are_no_longer_watched_forgets_it() -> None:
    watched = Watched()
    watched.http(VERCEL)
    watched.dns()
    state = forget(watched.state, {Probe.DNS}, watched.policy, START)
    assert state.memory.front is None
