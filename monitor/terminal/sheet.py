"""The sheet of one target: its status, the rule that fired, and who stands behind each layer."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.model import (
    DnsFacts,
    HttpFacts,
    LayerState,
    Memory,
    Observation,
    RegistrationFacts,
    Run,
    TargetState,
)
from monitor.terminal import paint


def sheet(state: TargetState, *, one_look: bool = False) -> RenderableType:
    """Return everything that is known about a target, for people; `one_look` is no incident yet."""
    parts: list[RenderableType] = [_headline(state)]
    if state.memory.layers:
        parts.append(_layers(state.memory))
    if state.pulse.runs:
        parts.append(_runs(state))
    if state.memory.incident and not one_look:
        parts.append(_incident(state.memory))
    return Group(*(part for one in parts for part in (one, Text())))


def _headline(state: TargetState) -> Text:
    memory = state.memory
    verdict = memory.verdict
    line = Text.assemble((state.target, "bold"), "  ", paint.status(verdict.status))
    if memory.since:
        line.append(f"  since {paint.moment(memory.since)}")
    if verdict.reachable is not None and verdict.status.value != "up":
        line.append("  something answers" if verdict.reachable else "  nothing answers", style=paint.DIM)
    if verdict.diagnosis:
        where = f" [{verdict.layer}]" if verdict.layer else ""
        line.append(f"\n{verdict.diagnosis}{where}: {verdict.sentence}")
    if memory.suspected:
        suspected = memory.suspected
        rule = f" ({suspected.diagnosis})" if suspected.diagnosis else ""
        line.append(f"\nsuspected: {suspected.status}{rule}, not confirmed yet", style=paint.DIM)
    return line


def _layers(memory: Memory) -> Table:
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("layer", "provider", "since", "seen", "rule", "source"):
        table.add_column(heading, overflow="fold")
    for state in memory.layers:
        _layer_rows(table, state)
    if any(state.layer.value == "edge" and state.known for state in memory.layers):
        table.add_row("origin", Text("not observable behind a reverse proxy", style=paint.DIM))
    return table


def _layer_rows(table: Table, state: LayerState) -> None:
    names = {provider.id: provider for provider in state.confirmed.providers}
    first = True
    for evidence in state.confirmed.evidence:
        provider = names.get(evidence.provider)
        name = paint.providers([provider] if provider else [])
        if not state.known:
            name.append(" (last known)", style=paint.DIM)
        table.add_row(
            Text(state.layer if first else "", style=paint.LAYER_STYLE),
            name,
            paint.day(state.since) if first else "",
            paint.plain(evidence.value, limit=60),
            paint.plain(evidence.rule, limit=60),
            paint.plain(evidence.source, style=paint.DIM),
        )
        first = False


def _runs(state: TargetState) -> Table:
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("check", "last run", "took", "result"):
        table.add_column(heading, overflow="fold")
    seen = {observation.probe: observation for observation in state.memory.seen}
    for run in state.pulse.runs:
        table.add_row(
            Text(run.probe, style=paint.LAYER_STYLE),
            paint.moment(run.at),
            paint.span(run.duration_s),
            paint.plain(_result(run, seen.get(run.probe))),
        )
    return table


def _result(run: Run, seen: Observation | None) -> str:
    if run.failure is not None:
        detail = f": {seen.detail}" if seen and seen.failure is run.failure and seen.detail else ""
        return f"{run.failure}{detail}"
    return summary(seen) if seen else "answered"


def summary(observation: Observation) -> str:
    """Return the facts of an observation in one line."""
    facts = observation.facts
    if isinstance(facts, HttpFacts):
        where = f" from {facts.address}" if facts.address else ""
        title = f" “{facts.title}”" if facts.title else ""
        hops = f" after {len(facts.redirects)} redirects" if facts.redirects else ""
        until = f", certificate until {facts.tls.not_after:%Y-%m-%d}" if facts.tls else ""
        return f"{facts.status}{title}{where}{hops}, {facts.text_length} characters{until}"
    if isinstance(facts, DnsFacts):
        return f"{' '.join(facts.addresses) or 'no address'}; NS {' '.join(facts.ns.values) or '—'}"
    if isinstance(facts, RegistrationFacts):
        return _registration(facts)
    return str(observation.failure)


def _registration(facts: RegistrationFacts) -> str:
    if not facts.registered:
        return f"not registered ({facts.source})"
    parts = [facts.registrar_name or "registrar not published"]
    parts += [" ".join(facts.statuses)] if facts.statuses else []
    parts += [f"expires {facts.expires:%Y-%m-%d}"] if facts.expires else []
    return f"{'; '.join(parts)} ({facts.source} {facts.server})"


def _incident(memory: Memory) -> Text:
    incident = memory.incident
    if incident is None:
        return Text()
    text = Text(f"incident {incident.id}, open since {paint.moment(incident.opened_at)}", style="bold")
    for observation in incident.observations:
        mark = "*" if observation.id in incident.verdict.based_on else " "
        text.append(
            f"\n {mark} {paint.moment(observation.started_at)} {observation.probe:<12} ", style="not bold"
        )
        what = str(observation.failure) if observation.failure else summary(observation)
        text.append_text(paint.plain(f"{what} {observation.detail}".rstrip(), style="not bold"))
    text.append("\n * the diagnosis rests on it", style="not bold dim")
    return text


def document(state: TargetState) -> dict[str, Any]:
    """Return the same for machines; moments in ISO 8601, UTC."""
    memory, pulse = state.memory, state.pulse
    verdict = memory.verdict
    return {
        "target": state.target,
        "status": verdict.status,
        "since": _iso(memory.since),
        "reachable": verdict.reachable,
        "diagnosis": verdict.diagnosis,
        "layer": verdict.layer,
        "sentence": verdict.sentence,
        "incident": memory.incident.id if memory.incident else None,
        "incident_opened_at": _iso(memory.incident.opened_at) if memory.incident else None,
        "seconds": {"up": pulse.up_s, "down": pulse.down_s, "unknown": pulse.unknown_s},
        "layers": list(_layer_documents(memory)),
        "checks": [
            {
                "probe": run.probe,
                "at": _iso(run.at),
                "duration_s": run.duration_s,
                "failure": run.failure,
                "http_status": run.http_status,
            }
            for run in pulse.runs
        ],
    }


def _layer_documents(memory: Memory) -> Iterator[dict[str, Any]]:
    for state in memory.layers:
        yield {
            "layer": state.layer,
            "known": state.known,
            "since": _iso(state.since),
            "providers": [
                {"id": p.id, "name": p.name, "cataloged": p.cataloged} for p in state.confirmed.providers
            ],
            "evidence": [
                {"provider": e.provider, "value": e.value, "rule": e.rule, "source": e.source}
                for e in state.confirmed.evidence
            ],
        }


def _iso(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
