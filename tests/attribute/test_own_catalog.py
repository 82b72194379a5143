"""A file of the user's own adds to the bundled catalog, sets it right, and is named in evidence."""

import tomllib

import pytest

from monitor.attribute import AsTable, Catalog, CatalogError
from monitor.attribute.catalog import OwnCatalog, OwnFile, mistakes
from monitor.attribute.domains import Domains
from monitor.attribute.rules import Rules

FILE = OwnFile(name="mine.toml", date="2026-11-24", hash="3f2a1b9c")
LABEL = "mine.toml 2026-11-24 3f2a1b9c"


def own(text: str, file: OwnFile = FILE) -> OwnCatalog:
    return OwnCatalog(file=file, tables=tomllib.loads(text))


def with_own(text: str) -> Catalog:
    return Catalog.bundled([own(text)])


NEW = """
[my-host]
name = "My host"
kinds = ["network", "dns"]
asns = [64500]
ns_suffixes = ["dns.myhost.example"]
"""


def rules(catalog: Catalog) -> Rules:
    table = AsTable.of([("192.0.2.0/24", 64500, "MYHOST"), ("198.51.100.0/24", 13335, "CF")], "2026-06-17")
    return Rules(catalog, table, Domains())


def test_a_provider_is_added_without_a_source_and_evidence_names_the_file() -> None:
    catalog = with_own(NEW)
    found = rules(catalog).name_server("ns1.dns.myhost.example")
    assert found is not None
    provider, evidence = found
    assert (provider.id, provider.name, provider.cataloged) == ("my-host", "My host", True)
    assert (evidence.rule, evidence.source) == ("ns_suffix dns.myhost.example", LABEL)
    finding, _ = rules(catalog).address("192.0.2.1")
    assert finding is not None
    assert finding[1].source == f"AS table 2026-06-17, {LABEL}"


def test_the_edition_of_everything_changes_with_the_file() -> None:
    """A file can take facts away: so what rests on bundled rows is of another edition, too."""
    bundled = Catalog.bundled().edition
    assert with_own(NEW).edition == f"{bundled} + mine.toml 3f2a1b9c"
    finding, _ = rules(with_own(NEW)).address("198.51.100.1")
    assert finding is not None
    assert finding[1].source == f"AS table 2026-06-17, catalog {bundled} + mine.toml 3f2a1b9c"


def test_facts_are_added_to_a_bundled_provider_and_the_rest_stays() -> None:
    catalog = with_own('[epik]\nasns = [64501]\nkinds = ["mail"]\nmx_suffixes = ["mx.epik.example"]')
    added, kept = catalog.by_asn(64501), catalog.by_name_server("ns3.epik.com")
    assert added is not None
    assert kept is not None
    assert (added.provider.id, added.own, kept.own) == ("epik", FILE, None)
    row = catalog.entries["epik"]
    assert row.sources_of("asns", 64501) == (LABEL,)
    assert LABEL not in row.sources_of("ns_suffixes", "epik.com")
    assert set(row.kinds) >= {"registrar", "mail"}


def test_what_the_user_repeats_stays_the_bundled_fact() -> None:
    match = with_own('[epik]\nns_suffixes = ["epik.com"]').by_name_server("ns3.epik.com")
    assert match is not None
    assert match.own is None


def test_a_source_of_the_users_speaks_of_what_is_added_only() -> None:
    row = with_own('[epik]\nasns = [64501]\nsources = ["our peering contract"]').entries["epik"]
    assert row.sources_of("asns", 64501) == (LABEL, "our peering contract")
    assert "our peering contract" not in row.sources_of("ns_suffixes", "epik.com")


def test_a_wrong_fact_is_removed_and_may_be_anothers() -> None:
    catalog = with_own(
        '[cloudflare.remove]\nasns = [13335]\n\n[my-net]\nname = "N"\nkinds = ["network"]\nasns = [13335]'
    )
    match = catalog.by_asn(13335)
    assert match is not None
    assert (match.provider.id, match.own) == ("my-net", FILE)
    assert catalog.by_name_server("dora.ns.cloudflare.com") is not None


def test_a_provider_is_replaced_as_a_whole() -> None:
    catalog = with_own('[epik]\nreplace = true\nname = "Mine"\nkinds = ["dns"]\nns_suffixes = ["epik.com"]')
    match = catalog.by_name_server("ns3.epik.com")
    assert match is not None
    assert (match.provider.name, match.own) == ("Mine", FILE)
    assert catalog.by_registrar_id(617) is None


def test_a_name_an_owner_and_the_meaning_of_a_network_can_be_set() -> None:
    catalog = with_own('[epik]\nname = "Registered Agents"\nparent = "godaddy"\nedge_network = true')
    row = catalog.entries["epik"]
    assert (row.provider.name, row.parent, row.edge_network) == ("Registered Agents", "godaddy", True)
    assert row.sources_of("parent", "godaddy") == (LABEL,)
    assert catalog.owners("epik") == ("epik", "godaddy")


def test_a_later_file_goes_on_top_of_an_earlier_one() -> None:
    second = OwnFile(name="more.toml", date="2026-11-25", hash="00000000")
    catalog = Catalog.bundled(
        [own(NEW), own("[my-host]\nasns = [64502]\nremove = { asns = [64500] }", second)]
    )
    match = catalog.by_asn(64502)
    assert match is not None
    assert (match.own, catalog.by_asn(64500)) == (second, None)
    assert catalog.edition.endswith(" + mine.toml 3f2a1b9c + more.toml 00000000")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[my-host]\nasns = [64500]", "mine.toml: [my-host]: name: expected a text"),
        (
            '[my-host]\nname = "x\u202ey"\nkinds=["dns"]\nasns=[1]',
            "mine.toml: [my-host]: name: expected a text",
        ),
        ("my-host = 1", "mine.toml: [my-host]: expected a table"),
        (
            '["as64500"]\nasns = [1]',
            "mine.toml: [as64500]: an id is lower-case letters, digits and single hyphens",
        ),
        ("[epik]\nremove = 1", "mine.toml: [epik]: expected a table"),
        ("[epik.remove]\nname = 1", "mine.toml: [epik]: unknown key 'name'"),
        ("[epik.remove]\nasns = [64999]", "mine.toml: [epik]: remove.asns: 64999 is not there"),
        (
            '[quic-cloud.remove]\nheader_signs = ["x-qc-pop"]',
            "mine.toml: [quic-cloud]: remove: nothing is left to recognise it by",
        ),
        ('[epik]\nreplace = "yes"', "mine.toml: [epik]: replace: expected true or false"),
        (
            "[epik]\nreplace = true\nremove = { asns = [1] }",
            "mine.toml: [epik]: remove: there is nothing to remove from",
        ),
        (
            "[epik]\nasns = [13335]",
            "mine.toml: [epik]: asns: 13335 is claimed by edges.toml: [cloudflare], too",
        ),
        (
            "[cloudflare]\nasns = [394456]",
            "mine.toml: [cloudflare]: asns: 394456 is claimed by hosts.toml: [epik], too",
        ),
        ('[epik]\nparent = "nobody"', "mine.toml: [epik]: parent: nobody is no provider of the catalog"),
    ],
)
def test_mistakes_are_told_at_the_users_table(text: str, problem: str) -> None:
    assert [str(fault) for fault in mistakes([own(text)])] == [problem]
    with pytest.raises(CatalogError):
        with_own(text)


def test_every_mistake_is_told_at_once() -> None:
    text = "[epik]\nasn = [1]\n\n[my-host]\nasns = [64500]\n\n[Other]\nasns = [2]"
    assert [fault.table for fault in mistakes([own(text)])] == ["epik", "my-host", "Other"]


def test_a_good_file_has_no_mistakes() -> None:
    assert mistakes([own(NEW)]) == []
    assert mistakes([]) == []
