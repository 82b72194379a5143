"""`[targets.policy]`: which providers a target may stand on, and what must be switched on.

A provider is named by its id: the catalog's (`platform-monitor providers list`), or, for one that the catalog
does not know, its own identifier: `iana-1068` for a registrar, `as64500` for a network, the domain of its
servers. Whoever is owned by a provider that is named is meant too.
"""

import re
from collections.abc import Collection, Sequence
from functools import cache, cached_property
from typing import Final

from monitor.attribute.catalog import Catalog, CatalogError, OwnCatalog
from monitor.config.names import parse_host
from monitor.config.problem import Place, Problems
from monitor.config.schema import DesiredTable
from monitor.config.wording import MisfitError, listed, meant, shown
from monitor.model import OPERATED, WITNESSES, DesiredRule, Probe, Wish

_NUMBERED: Final = re.compile(r"(as|iana-)([0-9]{1,10})")
_HELD: Final = "net:"
_ON: Final = {DesiredRule.TRANSFER_LOCK: "on", DesiredRule.DNSSEC: "signed"}


@cache
def _bundled() -> Catalog:
    """Return the catalog that ships with the program, read once in a process."""
    return Catalog.bundled()


class Wishes:
    """Reads what is wished of targets. Loads the catalog when the first provider is named, not before."""

    def __init__(self, problems: Problems, own: Sequence[OwnCatalog] = ()) -> None:
        self._problems = problems
        self._own = own

    @cached_property
    def _catalog(self) -> Catalog:
        try:
            return Catalog.bundled(self._own) if self._own else _bundled()
        except CatalogError:  # its mistakes are told where the files are read
            return _bundled()

    def read(self, place: Place, table: DesiredTable | None, probes: Collection[str]) -> tuple[Wish, ...]:
        """Return the wishes of a table, in the order of the rules; every mistake is noted."""
        if table is None:
            return ()
        wishes = []
        for rule in DesiredRule:
            written = getattr(table, rule)
            if not written:
                continue
            at = place.at(rule)
            self._refuse_unseen(at, rule, probes)
            if rule in OPERATED:
                wishes.append(self._operated(at, rule, tuple(written)))
            else:
                wishes.append(Wish(rule=rule, wanted=(_ON[rule],)))
        return tuple(wishes)

    def _refuse_unseen(self, at: Place, rule: DesiredRule, probes: Collection[str]) -> None:
        """Note a rule that no probe of the target could ever see kept or breached."""
        witnesses: tuple[Probe, ...] = WITNESSES[rule]
        if not any(probe in probes for probe in witnesses):
            self._problems.add(at, f"does nothing, for probes does not name {listed(map(shown, witnesses))}")

    def _operated(self, at: Place, rule: DesiredRule, written: tuple[str, ...]) -> Wish:
        allowed: set[str] = set()
        for name in written:
            try:
                allowed |= self._meant(name)
            except MisfitError as error:
                self._problems.add(at, str(error))
        return Wish(rule=rule, wanted=written, allowed=tuple(sorted(allowed)))

    def _meant(self, name: str) -> set[str]:
        """Return the ids that a written one stands for; raises MisfitError."""
        if name in self._catalog.entries:
            return set(self._catalog.owned_by(name))
        number = _NUMBERED.fullmatch(name)
        if number is not None:
            look_up = self._catalog.by_asn if number[1] == "as" else self._catalog.by_registrar_id
            match = look_up(int(number[2]))
            return {f"{number[1]}{int(number[2])}", *([match.provider.id] if match else [])}
        if name.startswith(_HELD):
            return {name}
        if "." in name:
            return {parse_host(name)}
        raise MisfitError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        near = meant(name, self._catalog.entries)
        if not near:
            by_name = {entry.provider.name.lower(): key for key, entry in self._catalog.entries.items()}
            near = f" (did you mean {by_name[name]}?)" if name in by_name else ""
        hint = (
            "; the catalog's ids are told by `platform-monitor providers list`, and a provider that is not "
            "in it is iana-<registrar id>, as<number> or the domain of its servers"
        )
        return f"{shown(name)} is not the id of a provider{near or hint}"
