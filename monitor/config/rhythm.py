"""How often a probe runs and how long it may take; what cannot go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.config.durations import show_duration
from monitor.config.problem import Place, Problems
from monitor.config.schema import (
    DelegationTable,
    DnsTable,
    Document,
    HttpTable,
    ListingRunTable,
    PageRunTable,
    RegistrationRunTable,
)
from monitor.model import Probe

_SHORTEST_S: Final = 1.0

Runs = HttpTable | DnsTable | RegistrationRunTable | DelegationTable | PageRunTable | ListingRunTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds from run to run, and seconds that a run may take."""

    interval_s: float
    timeout_s: float


class Rhythms:
    """The defaults of every probe, and what a target makes of them."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self._problems = problems
        self._tables: dict[Probe, Runs] = {
            Probe.HTTP: document.http,
            Probe.DNS: document.dns,
            Probe.REGISTRATION: document.registration,
            Probe.DELEGATION: document.delegation,
            Probe.PAGE: document.page,
            Probe.LISTING: document.listing,
        }
        self.usual: Mapping[Probe, Rhythm] = {
            probe: self._default(probe, table) for probe, table in self._tables.items()
        }
        self._check_policy(document)

    def of(self, probe: Probe, own: Runs, place: Place) -> Rhythm:
        """Return the rhythm of a target's check; every mistake is noted."""
        default = self.usual[probe]
        given = {"interval", "timeout"} & own.model_fields_set
        interval_s = own.interval if "interval" in given else default.interval_s
        timeout_s = own.timeout if "timeout" in given else default.timeout_s
        if "interval" in given and interval_s < _SHORTEST_S:
            self._too_often(place.at("interval"), interval_s)
        if timeout_s > interval_s and "timeout" in given:
            here = "interval" in given or self._problems.touch(place.at("interval").loc)
            source = place if here else Place((probe.value,))
            if not self._problems.touch(source.at("interval").loc):
                self._too_long(place.at("timeout"), timeout_s, interval_s, "" if here else f" of [{probe}]")
        elif timeout_s > interval_s and self._was_written(probe, place):
            self._problems.add(
                place.at("interval"),
                f"{show_duration(interval_s)} is shorter than the timeout of [{probe}], "
                f"{show_duration(timeout_s)}; give this target a shorter timeout too",
            )
        return Rhythm(interval_s=interval_s, timeout_s=min(timeout_s, interval_s))

    def _was_written(self, probe: Probe, place: Place) -> bool:
        """Tell whether the timeout that a target inherits was somebody's wish."""
        meant_otherwise = self._problems.touch(place.at("timeout").loc)
        return "timeout" in self._tables[probe].model_fields_set and not meant_otherwise

    def _default(self, probe: Probe, table: Runs) -> Rhythm:
        """Return the rhythm of a probe; a timeout that nobody wrote gives way to a short interval."""
        place = Place((probe.value,))
        if table.interval < _SHORTEST_S:
            self._too_often(place.at("interval"), table.interval)
        interval_is_known = not self._problems.touch((probe.value, "interval"))
        if table.timeout > table.interval and "timeout" in table.model_fields_set and interval_is_known:
            self._too_long(place.at("timeout"), table.timeout, table.interval, "")
        return Rhythm(interval_s=table.interval, timeout_s=min(table.timeout, table.interval))

    def _too_often(self, at: Place, interval_s: float) -> None:
        self._problems.add(at, f"{show_duration(interval_s)} is too often; 1s is the shortest interval")

    def _too_long(self, at: Place, timeout_s: float, interval_s: float, source: str) -> None:
        self._problems.add(
            at,
            f"{show_duration(timeout_s)} is longer than the interval{source}, {show_duration(interval_s)}; "
            "a run has to end before the next begins",
        )

    def _check_policy(self, document: Document) -> None:
        """Note rechecks that would come later than the next ordinary run."""
        policy = document.policy
        pairs = (
            ("recheck", Probe.HTTP, policy.recheck),
            ("change_recheck", Probe.DNS, policy.change_recheck),
        )
        for key, probe, seconds in pairs:
            interval_s = self.usual[probe].interval_s
            if key not in policy.model_fields_set or seconds <= interval_s:
                continue
            if not self._problems.touch((probe.value, "interval")):
                self._problems.add(
                    Place(("policy", key)),
                    f"{show_duration(seconds)} is longer than the interval of [{probe}], "
                    f"{show_duration(interval_s)}; a recheck comes before the next run",
                )
