"""Whatever the model can hold comes back from the wire as it was."""

import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import wire
from monitor.model import Attribution, Event, Incident, Memory, Observation, Pulse

# Lone surrogates are no text: probes decode what they read, so none can arrive.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants bounds without a zone and adds it
}


def values(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any annotation
    if kind in LEAVES:
        return LEAVES[kind]
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return st.one_of([values(option) for option in get_args(kind)])
    if origin is tuple:
        item, *rest = get_args(kind)
        if rest == [...]:
            return st.lists(st.deferred(lambda: values(item)), max_size=2).map(tuple)
        return st.tuples(*(values(part) for part in get_args(kind)))
    if is_dataclass(kind):
        hints = get_type_hints(kind, vars(sys.modules[kind.__module__]))
        parts = {field.name: values(hints[field.name]) for field in fields(kind)}
        return st.fixed_dictionaries(parts).map(lambda made: kind(**made))
    assert issubclass(kind, Enum), kind
    return st.sampled_from(list(kind))


ROUND_TRIPS = [
    (Pulse, wire.dump_pulse, wire.load_pulse),
    (Memory, wire.dump_memory, wire.load_memory),
    (Observation, wire.dump_observation, wire.load_observation),
    (Event, wire.dump_event, wire.load_event),
    (Incident, wire.dump_incident, wire.load_incident),
    (Attribution, wire.dump_attribution, wire.load_attribution),
]


@pytest.mark.parametrize(("kind", "dump", "load"), ROUND_TRIPS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_value_comes_back_as_it_was(
    kind: type, dump: Callable[[object], str], load: Callable[[str], object], data: st.DataObject
) -> None:
    value = data.draw(values(kind))
    back = load(dump(value))
    assert back == value
    assert dump(back) == dump(value)
