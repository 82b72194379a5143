"""The authoritative half of the small internet's DNS: what each name server says of its own knowledge.

A host answers for the zones that name it as their server, and for those that their parent delegates to
it; all else it refuses. Zones above those of the scenario are served by a registry of their own.
"""

from collections.abc import Iterable, Iterator, Mapping

from monitor.replay.scenario import Scenario
from monitor.replay.tables import NameTable, SetTable
from monitor.replay.world import World, upwards

# Name servers without an address in the scenario live in AS112's block, one address each.
_NET = "2620:4f:8000::"


def registry_host(zone: str) -> str:
    """Return the name server of a zone above those of the scenario."""
    return f"a.nic.{zone}"


def infrastructure(scenario: Scenario) -> Mapping[str, NameTable]:
    """Return what every world needs so that a delegation can be asked: zones above, and addresses."""
    zones = {name for change in _changes(scenario) for name, table in change.dns.items() if table.ns}
    above = {zone.partition(".")[2] for zone in zones} - zones - {""}
    hosts = sorted({*_named_servers(scenario), *map(registry_host, above)})
    named = {name for change in _changes(scenario) for name, table in change.dns.items() if table.a}
    addresses = {
        host: NameTable(aaaa=(f"{_NET}{number:x}",))
        for number, host in enumerate(hosts, 1)
        if host not in named
    }
    return {**addresses, **{zone: NameTable(ns=(registry_host(zone),)) for zone in above}}


def name_servers(scenario: Scenario) -> list[str]:
    """Return every host that is a name server at some time of the scenario."""
    registries = {host for table in infrastructure(scenario).values() for host in table.ns}
    return sorted(_named_servers(scenario) | registries)


def _named_servers(scenario: Scenario) -> set[str]:
    tables = [table for change in _changes(scenario) for table in change.dns.values()]
    return {host for table in tables for host in (*table.ns, *(table.delegation or ()))}


def _changes(scenario: Scenario) -> Iterator[SetTable]:
    for told in (*scenario.before, *scenario.facts):
        yield told.set


def served(world: World, host: str, name: str) -> tuple[str, NameTable] | None:
    """Return the zone that a host answers for when it is asked about a name; None: it refuses."""
    for zone in upwards(name):
        records = world.records(zone)
        if records is not None and host in (*records.ns, *(records.delegation or ())):
            return zone, records
    return None


def cut(world: World, zone: str, name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the highest zone below `zone` that a name lies in, and whom it is delegated to.

    None: the name lies in `zone` itself. Nobody: the zone was there, and is not delegated.
    """
    below = [each for each in upwards(name) if each != zone and each.endswith(f".{zone}")]
    for each in reversed(below):
        records = world.records(each)
        if records is not None and (records.ns or records.delegation):
            return each, delegated(records)
    return None


def delegated(records: NameTable) -> tuple[str, ...]:
    """Return whom the parent delegates a zone to."""
    if records.answer == "NXDOMAIN":
        return ()
    return records.ns if records.delegation is None else records.delegation


def glue(world: World, hosts: Iterable[str], zone: str) -> Iterator[tuple[str, NameTable]]:
    """Yield the servers that live in the zone they serve, with their addresses."""
    for host in hosts:
        records = world.records(host)
        if records is not None and host.endswith(f".{zone}"):
            yield host, records
