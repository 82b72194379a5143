"""Steps of targets, made by hand: what the store is given."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from monitor.model import (
    Attribution,
    Drill,
    Event,
    EventType,
    Evidence,
    Incident,
    Layer,
    LayerState,
    Memory,
    Provider,
    Pulse,
    Severity,
    Status,
    TargetState,
    Verdict,
    event_id,
)
from monitor.store import Change

START = datetime(2021, 1, 11, 8, 0, tzinfo=UTC)


def moment(minutes: float = 0) -> datetime:
    return START + timedelta(minutes=minutes)


def drill(target: str, seq: int, index: int = 0, text: str = "Nothing happened.") -> Event:
    return Event(
        id=event_id(target, seq, index),
        type=EventType.TEST,
        subject=target,
        at=moment(seq),
        severity=Severity.INFO,
        text=text,
        data=Drill(message=text),
    )


def behind(layer: Layer, *providers: str) -> Attribution:
    return Attribution(
        layer=layer,
        providers=tuple(Provider(id=name, name=name.title()) for name in sorted(providers)),
        evidence=tuple(
            Evidence(provider=name, value="192.0.2.1", rule="r", source="s") for name in sorted(providers)
        ),
    )


def layer(
    name: Layer, *providers: str, since: float, known: bool = True, known_since: float | None = None
) -> LayerState:
    return LayerState(
        layer=name,
        confirmed=behind(name, *providers),
        since=moment(since),
        known=known,
        known_since=None if known_since is None else moment(known_since),
    )


def verdict(status: Status, diagnosis: str | None = None) -> Verdict:
    return Verdict(status=status, reachable=status is Status.UP, diagnosis=diagnosis, sentence="As seen.")


def incident(name: str, at: float) -> Incident:
    return Incident(
        id=name,
        opened_at=moment(at),
        told_at=moment(at + 1),
        verdict=verdict(Status.DOWN, "network.refused"),
    )


def memory(status: Status = Status.UP, *, since: float = 0, layers: Sequence[LayerState] = ()) -> Memory:
    return Memory(verdict=verdict(status), since=moment(since), layers=tuple(layers))


def change(
    target: str, seq: int, *events: Event, of: Memory | None = None, up_s: float | None = None
) -> Change:
    return Change(
        state=TargetState(
            target=target,
            seq=seq,
            pulse=Pulse(up_s=float(seq) if up_s is None else up_s, accounted_until=moment(seq)),
            memory=of or Memory(),
        ),
        events=events,
    )


def nobody(_event: Event) -> tuple[str, ...]:
    return ()


def ops(_event: Event) -> tuple[str, ...]:
    return ("ops",)
