"""Model <-> JSON, versioned: the only place that knows the wire format.

Stored JSON carries the version of its shape (`v`). Reading an older shape migrates it here;
reading a newer one is refused, so that a downgrade never misreads what a newer monitor wrote.
"""

import json
from dataclasses import fields
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from monitor.model import (
    Attribution,
    ContentChanged,
    Drill,
    Event,
    EventData,
    EventType,
    ExpiryApproaching,
    FleetRecord,
    Incident,
    IncidentChanged,
    ListingChanged,
    Memory,
    Observation,
    OnlineChanged,
    OutageChanged,
    PolicyRuled,
    ProviderChanged,
    Pulse,
    RegistrationChanged,
    Severity,
    SignNoticed,
    StatusChanged,
    StoredEvent,
)

VERSION: Final = 1

T = TypeVar("T")

_OBSERVATION: Final[TypeAdapter[Observation]] = TypeAdapter(Observation)
_PULSE: Final[TypeAdapter[Pulse]] = TypeAdapter(Pulse)
_MEMORY: Final[TypeAdapter[Memory]] = TypeAdapter(Memory)
_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)
_INCIDENT: Final[TypeAdapter[Incident]] = TypeAdapter(Incident)
_ATTRIBUTION: Final[TypeAdapter[Attribution]] = TypeAdapter(Attribution)

_FLEET: Final[TypeAdapter[FleetRecord]] = TypeAdapter(FleetRecord)


class WireError(ValueError):
    """Stored or received JSON does not have the shape it should have."""


def _load(adapter: TypeAdapter[T], text: str) -> T:
    """Return the value in the envelope `{"v": 1, "is": ...}`; raises WireError."""
    try:
        envelope = json.loads(text)
        version, value = envelope["v"], envelope["is"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"not an envelope: {error}"
        raise WireError(message) from error
    if version != VERSION:
        message = f"written in shape {version!r}; this monitor reads {VERSION}"
        raise WireError(message)
    try:
        return adapter.validate_python(value, strict=False)
    except ValidationError as error:
        raise WireError(str(error)) from error


def _dump(adapter: TypeAdapter[T], value: T) -> str:
    return f'{{"v":{VERSION},"is":{adapter.dump_json(value).decode()}}}'


def dump_observation(observation: Observation) -> str:
    """Return the observation as JSON."""
    return _dump(_OBSERVATION, observation)


def load_observation(text: str) -> Observation:
    """Return the observation that `dump_observation` wrote; raises WireError."""
    return _load(_OBSERVATION, text)


def dump_pulse(pulse: Pulse) -> str:
    """Return the pulse as JSON."""
    return _dump(_PULSE, pulse)


def load_pulse(text: str) -> Pulse:
    """Return the pulse that `dump_pulse` wrote; raises WireError."""
    return _load(_PULSE, text)


def dump_memory(memory: Memory) -> str:
    """Return the memory as JSON."""
    return _dump(_MEMORY, memory)


def load_memory(text: str) -> Memory:
    """Return the memory that `dump_memory` wrote; raises WireError."""
    return _load(_MEMORY, text)


def dump_event(event: Event) -> str:
    """Return the event as JSON, as it is stored."""
    return _dump(_EVENT, event)


def load_event(text: str) -> Event:
    """Return the event that `dump_event` wrote; raises WireError."""
    return _load(_EVENT, text)


def dump_incident(incident: Incident) -> str:
    """Return the incident as JSON."""
    return _dump(_INCIDENT, incident)


def load_incident(text: str) -> Incident:
    """Return the incident that `dump_incident` wrote; raises WireError."""
    return _load(_INCIDENT, text)


def dump_attribution(attribution: Attribution) -> str:
    """Return the attribution as JSON."""
    return _dump(_ATTRIBUTION, attribution)


def load_attribution(text: str) -> Attribution:
    """Return the attribution that `dump_attribution` wrote; raises WireError."""
    return _load(_ATTRIBUTION, text)


def dump_fleet(record: FleetRecord) -> str:
    """Return what is known of all targets together as JSON."""
    return _dump(_FLEET, record)


def load_fleet(text: str) -> FleetRecord:
    """Return what `dump_fleet` wrote; raises WireError."""
    return _load(_FLEET, text)


def cloudevent(stored: StoredEvent, *, source: str) -> dict[str, Any]:
    """Return the event as CloudEvents 1.0 (structured JSON): what receivers and `--json` get.

    `id` is stable over retries; `sequence` is the store's number (CloudEvents extension).
    """
    event = stored.event
    data = _EVENT.dump_python(event, mode="json")["data"]
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": event.type.value,
        "subject": event.subject,
        "time": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": str(stored.number).zfill(12),
        "severity": event.severity.value,
        "data": {"text": event.text, **data},
    }


_DATA: Final[dict[EventType, type[EventData]]] = {
    EventType.STATUS_CHANGED: StatusChanged,
    EventType.INCIDENT_OPENED: IncidentChanged,
    EventType.INCIDENT_UPDATED: IncidentChanged,
    EventType.INCIDENT_RESOLVED: IncidentChanged,
    EventType.PROVIDER_CHANGED: ProviderChanged,
    EventType.REGISTRATION_CHANGED: RegistrationChanged,
    EventType.CONTENT_CHANGED: ContentChanged,
    EventType.EXPIRY_APPROACHING: ExpiryApproaching,
    EventType.SIGN_NOTICED: SignNoticed,
    EventType.POLICY_BREACHED: PolicyRuled,
    EventType.POLICY_RESTORED: PolicyRuled,
    EventType.OUTAGE_SUSPECTED: OutageChanged,
    EventType.OUTAGE_OVER: OutageChanged,
    EventType.ONLINE_CHANGED: OnlineChanged,
    EventType.LISTING_CHANGED: ListingChanged,
    EventType.TEST: Drill,
}


def event_fields(kind: EventType) -> frozenset[str]:
    """Return what the data of an event of this type hold, beside its text."""
    return frozenset(each.name for each in fields(_DATA[kind]))


def event_schema(kind: EventType) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the CloudEvents of one type, as published in docs/schema/.

    Unknown properties are allowed everywhere: adding one is not a breaking change.
    """
    data = _without_titles(TypeAdapter(_DATA[kind]).json_schema(mode="serialization"))
    definitions = data.pop("$defs", {})
    data["properties"] = {"text": {"type": "string"}, **data["properties"]}
    # What has a default is always sent all the same: readers can rely on every property.
    data["required"] = list(data["properties"])
    text = {"type": "string"}
    properties = {
        "specversion": {"const": "1.0"},
        "id": text,
        "source": {"type": "string", "format": "uri-reference"},
        "type": {"const": kind.value},
        "subject": text,
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "sequence": {"type": "string", "pattern": "^[0-9]{12,}$"},
        "severity": {"enum": [severity.value for severity in Severity]},
        "data": data,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.value,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        **({"$defs": definitions} if definitions else {}),
    }


def _without_titles(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the schema without pydantic's titles, which only repeat the names."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if key != "title" or not isinstance(value, str)
        }
    return schema
