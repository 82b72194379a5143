"""A proxy that only the answer shows makes the edge where DNS is watched, too; no alarm comes of it."""

from dataclasses import replace

from judge.watched import ADDRESS, TABLE, VERCEL, Watched
from judge.world import START, records

from monitor import wire
from monitor.attribute import AsTable, Attributor, Catalog
from monitor.failure import Failure
from monitor.judge import forget
from monitor.model import Layer, Probe, Provider, Redirect

CHALLENGE = (("server", "cloudflare"), ("cf-mitigated", "challenge"))


def test_an_answer_of_a_proxy_makes_the_edge_where_the_address_is_a_hosts() -> None:
    watched = Watched()
    watched.http(VERCEL)
    watched.dns()
    assert watched.edge() == ("vercel",)
    assert [(e.value, e.rule) for e in watched.layer(Layer.EDGE).confirmed.evidence] == [
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


def aliased(watched: Watched) -> None:
    watched.take(
        Probe.DNS, replace(records(a=(ADDRESS,)), cname_chain=("www.parler.com.cdn.cloudflare.net",))
    )


def test_an_error_page_of_the_proxy_in_front_takes_the_one_behind_it_not_away() -> None:
    """Cloudflare's 502 says nothing of Vercel, which could not be reached."""
    watched = Watched()
    for _ in range(3):
        watched.http(VERCEL)
        aliased(watched)
    assert watched.edge() == ("cloudflare", "vercel")
    for _ in range(3):
        watched.http((("server", "cloudflare"),), status=502, text_length=20, title="Bad gateway")
        aliased(watched)
    assert watched.edge() == ("cloudflare", "vercel")
    assert watched.moves() == []


def test_a_challenge_in_front_of_a_page_takes_nobody_behind_it_away() -> None:
    watched = Watched()
    both = (("server", "cloudflare"), ("x-vercel-id", "fra1::abc"))
    for headers, status in [(both, 200), (CHALLENGE, 403), (both, 200)]:
        for _ in range(3):
            watched.http(headers, status=status)
            aliased(watched)
    assert watched.edge() == ("cloudflare", "vercel")
    assert watched.moves() == []


def test_an_error_page_without_a_sign_takes_no_proxy_away() -> None:
    watched = Watched()
    for _ in range(3):
        watched.http(VERCEL)
        watched.dns()
    for _ in range(4):
        watched.http(status=502, text_length=20, title="Bad gateway")
        watched.dns()
    assert watched.edge() == ("vercel",)


def test_a_proxy_that_only_pages_show_is_not_known_when_no_page_answers() -> None:
    """Neither still there, since nobody sees it, nor gone."""
    watched = Watched()
    watched.http(VERCEL)
    watched.dns()
    for _ in range(6):
        watched.take(Probe.HTTP, Failure.TCP_TIMEOUT)
        watched.dns()
    assert watched.edge() is None
    assert not watched.layer(Layer.EDGE).absent
    assert watched.moves() == []


def test_every_provider_of_an_edge_keeps_a_reason_however_many_addresses_there_are() -> None:
    """Or naming it again, from the evidence that is left, would lose a provider."""
    networks = AsTable.of([("104.16.0.0/12", 13335, "CF"), ("151.101.0.0/16", 54113, "FASTLY")], "e")
    watched = Watched(networks=networks)
    addresses = [*(f"104.16.1.{last}" for last in range(1, 8)), "151.101.1.1"]
    watched.http(VERCEL)
    for _ in range(3):
        watched.dns(*addresses)
    watched.pipeline.rename("parler.com")
    for _ in range(3):
        watched.dns(*addresses)
    reasons = {evidence.provider for evidence in watched.layer(Layer.EDGE).confirmed.evidence}
    assert watched.edge() == ("cloudflare", "fastly", "vercel") == tuple(sorted(reasons))
    assert watched.moves() == []


def test_an_outage_is_no_change_of_the_edge_that_pages_and_addresses_show_together() -> None:
    watched = Watched()
    for _ in range(3):
        watched.http(VERCEL)
        watched.dns("104.16.1.1")
    for _ in range(9):
        watched.take(Probe.HTTP, Failure.TCP_TIMEOUT)
        watched.dns("104.16.1.1")
    assert watched.moves() == []
    for _ in range(3):
        watched.http(VERCEL)
        watched.dns("104.16.1.1")
    assert watched.edge() == ("cloudflare", "vercel")
    assert watched.moves() == []


def test_a_proxy_that_is_left_during_an_outage_is_told_when_pages_answer_again() -> None:
    watched = Watched()
    for _ in range(3):
        watched.http(VERCEL)
        watched.dns("104.16.1.1")
    for _ in range(9):
        watched.take(Probe.HTTP, Failure.TCP_TIMEOUT)
        watched.dns("104.16.1.1")
    for _ in range(3):
        watched.http(address="104.16.1.1")
        watched.dns("104.16.1.1")
    assert watched.moves() == [(Layer.EDGE, ("cloudflare", "vercel"), ("cloudflare",))]
