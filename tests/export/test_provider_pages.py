"""The pages of providers: who stands where, and what the catalog knows."""

import re

import pytest
from export.conftest import Site
from export.fleet import DNS, DOWN, THEN, behind, records, seen, state
from export.test_pages import HOSTILE, outline, words

from monitor.attribute import Catalog
from monitor.attribute.catalog.words import slug
from monitor.model import Attribution, Evidence, Layer, LayerState, Provider


def stranger(layer: Layer, key: str, name: str) -> LayerState:
    return LayerState(
        layer=layer,
        confirmed=Attribution(
            layer=layer,
            providers=(Provider(id=key, name=name, cataloged=False),),
            evidence=(Evidence(provider=key, value=name, rule="registrar's own name", source="whois reply"),),
        ),
        since=THEN,
    )


async def test_providers_stand_by_blast_radius_with_their_layers(site: Site) -> None:
    site.watch(state("a.example", layers=(behind(Layer.DNS, "amazon"), behind(Layer.NETWORK, "amazon"))))
    site.watch(state("b.example", layers=(behind(Layer.REGISTRATION, "epik"), behind(Layer.DNS, "amazon"))))
    page = await site.text("/providers")
    assert "2 providers stand behind the platforms" in words(page)
    assert words(page).index("Amazon") < words(page).index("Epik")
    assert "/providers/epik" in outline(page).links


async def test_a_provider_shows_its_targets_by_layer_its_family_and_its_facts(site: Site) -> None:
    site.watch(state("a.example", layers=(behind(Layer.DNS, "akamai"),)))
    site.watch(state("b.example", verdict=DOWN, layers=(behind(Layer.NETWORK, "akamai", "linode"),)))
    page = await site.text("/providers/akamai")
    assert {"/targets/a.example", "/targets/b.example", "/providers/linode"} <= set(outline(page).links)
    assert "ns_suffix akam.net" in words(page)
    assert "domainstack" in words(page)
    only = outline(await site.text("/providers/akamai?layer=network"))
    assert "/targets/b.example" in only.links
    assert "/targets/a.example" not in only.links
    assert "Owned by" in await site.text("/providers/linode")


async def test_a_provider_of_the_catalog_that_nobody_uses_has_a_page(site: Site) -> None:
    assert "None of those watched here" in await site.text("/providers/epik")


@pytest.mark.parametrize(
    "path",
    [
        "/providers/nobody",
        "/providers?page=2",
        "/providers?page=0",
        "/providers?page=x",
        "/providers/amazon?page=2",
        "/providers/amazon?layer=nonsense",
        "/providers/amazon?layer=dns&page=99999999999",
    ],
)
async def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    site.watch(state("a.example", layers=(behind(Layer.DNS, "amazon"),)))
    await site.text(path, status=404)


async def test_no_provider_yet_is_said(site: Site) -> None:
    assert "No provider is known yet" in await site.text("/providers")


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_stay_text(site: Site, text: str) -> None:
    site.watch(
        state("a.example", layers=(stranger(Layer.REGISTRATION, f"registrar:{slug(text) or 'x'}", text),))
    )
    links = [link for link in outline(await site.text("/providers")).links if link.startswith("/providers/")]
    assert len(links) == 1
    assert re.fullmatch(r"[\w/%.~:-]+", links[0])
    for path in (links[0], "/targets/a.example"):
        outline(await site.text(path))


@pytest.mark.parametrize("key", ["\ud800", "a/b?c#d", "%2e%2e", "x" * 5_000])
async def test_an_id_of_any_make_costs_no_page(site: Site, key: str) -> None:
    site.watch(state("a.example", layers=(stranger(Layer.REGISTRATION, key, key),)))
    for path in ("/providers", "/targets/a.example"):
        outline(await site.text(path))


async def test_the_list_is_searched_and_paged(site: Site) -> None:
    for number in range(250):
        site.watch(state(f"{number}.example", layers=(behind(Layer.DNS, f"dns{number}.example"),)))
    first, last = await site.text("/providers"), await site.text("/providers?page=3")
    assert "Page 1 of 3" in first
    assert "Page 3 of 3" in last
    found = outline(await site.text("/providers?q=dns24"))
    assert [link for link in found.links if link.startswith("/providers/")] == [
        f"/providers/dns{number}.example" for number in (24, *range(240, 250))
    ]
    await site.text("/providers?q=<script>alert(1)</script>")


async def test_the_target_page_says_who_could_take_it_down_alone(site: Site) -> None:
    layers = (
        behind(Layer.REGISTRATION, "epik"),
        behind(Layer.DNS, "amazon"),
        behind(Layer.NETWORK, "amazon"),
    )
    site.watch(state(layers=layers, seen=(seen(DNS, records()),)))
    page = await site.text("/targets/parler.com")
    assert "Each of Amazon and Epik alone could take the site down." in words(page)
    assert "/providers/epik" in outline(page).links


async def test_the_view_shows_the_catalog_it_is_given(site: Site) -> None:
    entries = [row for row in Catalog.bundled().entries.values() if row.provider.id == "epik"]
    await site.client.close()
    await site.open(catalog=Catalog(entries, "2026-11-24 + mine.toml 3f2a1b9c"))
    assert "2026-11-24 + mine.toml 3f2a1b9c" in await site.text("/providers/epik")
    await site.text("/providers/amazon", status=404)
