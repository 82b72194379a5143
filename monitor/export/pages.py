"""The pages: what is known, in words, for people with any browser and none of its scripts.

Everything that came from the network goes through `plain` and is escaped by the templates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.attribute.dependence import Organisation, depends_on
from monitor.export.about import About
from monitor.export.assets import Assets
from monitor.export.families import shown_now
from monitor.export.neighbours import Neighbourhood, Ranking
from monitor.export.overview import Overview
from monitor.export.plain import ago, duration, exact, moment, plain, share
from monitor.export.timeline import Timeline, announced, timeline
from monitor.failure import MEANING
from monitor.judge.announced import Effect, compare
from monitor.judge.codes import set_by
from monitor.judge.course import course
from monitor.judge.early_signs import in_words, noticed
from monitor.judge.standing import Absence, absence, evidence, last_seen, origin
from monitor.judge.standing import Seen as Sighted
from monitor.model import (
    BEHIND,
    ON_REQUEST,
    FleetRecord,
    Layer,
    LayerState,
    Probe,
    Provider,
    Run,
    Status,
    StoredEvent,
    Target,
    TargetState,
)
from monitor.store.rows import IncidentRow, Period

# DESIGN, "Words": what an organisation does for a target. A registrar does not host.
LAYERS: Final[dict[Layer, tuple[str, str]]] = {
    Layer.REGISTRATION: ("Registration", "registrar of the name"),
    Layer.DNS: ("DNS", "serves the zone"),
    Layer.NETWORK: ("Network", "announces the address that answers"),
    Layer.EDGE: ("Edge", "CDN or reverse proxy in front"),
    Layer.MAIL: ("Mail", "takes the mail"),
    Layer.CERTIFICATE: ("Certificate", "issued the certificate"),
    Layer.LISTING: ("Listing", "offers the app in a store"),
}
NOBODY: Final[dict[Absence, str]] = {
    Absence.NONE: "none: it was looked for, and there is none",
    Absence.UNSEEN: "not known",
}
SIGNS: Final[dict[Status, str]] = {
    Status.UP: "●",
    Status.DEGRADED: "◐",
    Status.DOWN: "▼",
    Status.UNKNOWN: "?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the store tells about one target; None where it could not be read."""

    events: Sequence[StoredEvent] | None
    incidents: Sequence[IncidentRow] | None
    periods: Sequence[Period] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One layer, with the evidence for it and when that was seen."""

    layer: LayerState
    evidence: tuple[Sighted, ...]
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The last thing that a probe told, and how its last run ended."""

    probe: Probe
    run: Run | None
    facts: Any
    at: datetime | None
    current: bool
    """Whether the last run still shows it."""


def _itself(provider: Provider) -> Provider:
    return provider


class Pages:
    """Writes the pages. Loads its templates once, when it is built."""

    def __init__(
        self,
        assets: Assets,
        *,
        version: str,
        organisation: Organisation = _itself,
        fleet: Callable[[], FleetRecord] = FleetRecord,
    ) -> None:
        self._organisation = organisation
        self._fleet = fleet
        # Streaming and async templates are not needed: a page has a hundred rows at most.
        environment = Environment(
            loader=PackageLoader("monitor.export"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "plain": plain,
            "moment": moment,
            "exact": exact,
            "duration": duration,
            "ago": ago,
            "told_of": _told_of,
            "address": _address,
        }
        environment.globals |= {
            "assets": assets,
            "version": version,
            "layers": LAYERS,
            "nobody": NOBODY,
            "course": course,
            "set_by": set_by,
            "sign_in_words": in_words,
            "noticed": noticed,
            "signs": SIGNS,
            "statuses": tuple(Status),
            "meaning": MEANING,
            "now": None,
        }
        self._environment = environment

    def overview(self, overview: Overview, events: Sequence[StoredEvent] | None, now: datetime) -> str:
        """Return the page of all targets. `events`: the latest; None when they cannot be read."""
        return self._write("overview.html", overview=overview, events=events, now=now)

    def target(self, target: Target, state: TargetState, story: Story, now: datetime) -> str:
        """Return the page of one target."""
        pulse = state.pulse
        return self._write(
            "target.html",
            target=target,
            state=state,
            verdict=state.memory.verdict,
            story=story,
            seen=_seen(state),
            part_runs={(run.probe, run.part): run for run in pulse.parts},
            standing=_standing(state),
            missing=_missing(state),
            origin=origin(state.memory),
            depends=depends_on(state.memory, self._organisation),
            availability=share(pulse.up_s, pulse.up_s + pulse.down_s),
            timeline=_timeline(story, target, now),
            announced=_announced(story, target),
            now=now,
        )

    def events(
        self, events: Sequence[StoredEvent] | None, *, target: str | None, older: int | None, now: datetime
    ) -> str:
        """Return a page of events. `older`: the number to go on before; None on the last page."""
        return self._write("events.html", events=events, target=target, older=older, now=now)

    def providers(self, ranking: Ranking, now: datetime) -> str:
        """Return the page of all providers that targets stand on."""
        return self._write("providers.html", ranking=ranking, now=now)

    def provider(
        self,
        about: About,
        neighbourhood: Neighbourhood | None,
        states: Mapping[str, TargetState],
        now: datetime,
    ) -> str:
        """Return the page of one provider: who stands on it, and what it is recognised by."""
        lines = [
            (name, states[name].memory.verdict.status if name in states else Status.UNKNOWN, some)
            for name, some in (neighbourhood.targets if neighbourhood else ())
        ]
        return self._write("provider.html", about=about, neighbourhood=neighbourhood, lines=lines, now=now)

    def problem(self, status: HTTPStatus, text: str) -> str:
        """Return the page of a request that cannot be answered."""
        return self._write("problem.html", status=status, text=text)

    def _write(self, template: str, **values: Any) -> str:  # noqa: ANN401 - what a template is given
        return self._environment.get_template(template).render(values, fleet=self._fleet())


def _address(key: str) -> str:
    """Return an id as a part of an address; a lone surrogate in it must not cost the page."""
    return quote(key, safe="", errors="replace")


def _told_of(text: str, subject: str) -> str:
    """Return the sentence of an event without the name that stands before it on the page."""
    return text.removeprefix(f"{subject}: ")


def _standing(state: TargetState) -> list[Standing]:
    return [
        Standing(
            layer=layer,
            evidence=evidence(layer, state.pulse, state.memory.front),
            last_seen=last_seen(layer, state.pulse),
        )
        for layer in state.memory.layers
    ]


def _missing(state: TargetState) -> list[tuple[Layer, Absence]]:
    """Return the layers that nobody was ever seen behind, once something was looked at."""
    there = {layer.layer for layer in state.memory.layers}
    return [(layer, absence(layer, state)) for layer in BEHIND if layer not in there]


def _seen(state: TargetState) -> list[Seen]:
    runs: Mapping[Probe, Run] = {run.probe: run for run in state.pulse.runs}
    told = {seen.probe: seen for seen in state.memory.seen}
    return [
        Seen(
            probe=probe,
            run=runs.get(probe),
            facts=told[probe].facts if probe in told else None,
            at=told[probe].ended_at if probe in told else None,
            current=probe in ON_REQUEST or shown_now(state, probe) is not None,
        )
        for probe in Probe
        if probe in runs or probe in told
    ]


def _timeline(story: Story, target: Target, now: datetime) -> Timeline | None:
    if not story.periods:
        return None
    return timeline([*story.periods, *announced(target.announcements, target.name)], now)


def _announced(story: Story, target: Target) -> tuple[Effect, ...]:
    """Return what was announced beside what came of it, as far as the story goes back."""
    incidents = [row.incident for row in story.incidents or ()]
    return compare(target.announcements, incidents, story.events or ())
