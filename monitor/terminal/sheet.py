"""The sheet of one target: its status, the rule that fired, and who stands behind each layer."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.judge.course import course
from monitor.judge.early_signs import noticed
from monitor.model import (
    DelegationFacts,
    DnsFacts,
    HttpFacts,
    LastAddressFacts,
    Memory,
    Observation,
    Probe,
    RegistrationFacts,
    Run,
    TargetState,
)
from monitor.terminal import beside, delegation, paint, way
from monitor.terminal.particulars import particulars
from monitor.terminal.stand import stand
from monitor.terminal.wishes import signs, wishes


def sheet(state: TargetState, *, one_look: bool = False) -> RenderableType:
    """Return everything that is known about a target, for people; `one_look` is no incident yet."""
    parts: list[RenderableType] = [_headline(state)]
    if state.pulse.runs:
        parts += [stand(state), particulars(state), _runs(state)]
    if state.memory.parts:
        parts.append(beside.table(state))
    if state.memory.rulings:
        parts.append(wishes(state.memory))
    if noticed(state.memory):
        parts.append(signs(state.memory))
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
        without = f", no connection at {way.tried(facts)}" if facts.tried else ""
        return f"{facts.status}{title}{where}{hops}, {facts.text_length} characters{until}{without}"
    if isinstance(facts, LastAddressFacts):
        return way.last_address(observation, facts)
    if isinstance(facts, DnsFacts):
        return f"{' '.join(facts.addresses) or 'no address'}; NS {' '.join(facts.ns.values) or '—'}"
    if isinstance(facts, RegistrationFacts):
        return _registration(facts)
    if isinstance(facts, DelegationFacts):
        return delegation.told(facts)
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
    for word in course(incident):
        text.append("\n   ").append_text(paint.plain(word, style="not bold"))
    for observation in incident.observations:
        mark = "*" if observation.id in incident.verdict.based_on else " "
        text.append(
            f"\n {mark} {paint.moment(observation.started_at)} {observation.probe:<12} ", style="not bold"
        )
        told = observation.failure is None or observation.probe is Probe.LAST_ADDRESS
        what = summary(observation) if told else str(observation.failure)
        text.append_text(paint.plain(f"{what} {observation.detail}".rstrip(), style="not bold"))
    text.append("\n * the diagnosis rests on it", style="not bold dim")
    return text
