"""One target through the real pipeline: what is attributed and what is judged, together."""

from dataclasses import replace
from datetime import timedelta

from judge.world import START, observe, page, records

from monitor.attribute import AsTable, Attributor, Catalog
from monitor.attribute.networks import Networks
from monitor.model import Layer, LayerState, Policy, Probe, ProviderChanged, TargetState
from monitor.pipeline import Pipeline, Plan
from monitor.store import Change

ADDRESS = "192.0.2.1"
TABLE = AsTable.of([("192.0.2.0/24", 64500, "HOST"), ("104.16.0.0/12", 13335, "CF")], "2026-06-17")
VERCEL = (("server", "Vercel"),)


class Watched:
    """One target with both checks, through the real pipeline."""

    def __init__(
        self, catalog: Catalog | None = None, *, dns_watched: bool = True, networks: Networks = TABLE
    ) -> None:
        self.changes: list[Change] = []
        self.policy = Policy(dns_watched=dns_watched)
        self.pipeline = Pipeline(
            io=None,  # type: ignore[arg-type]  # nothing is measured here
            attributor=Attributor(catalog or Catalog.bundled(), networks),
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

    def layer(self, which: Layer) -> LayerState:
        (found,) = [layer for layer in self.state.memory.layers if layer.layer is which]
        return found

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
