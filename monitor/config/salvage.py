"""Turns what tomllib read into tables of the schema, and every misfit into a problem.

pydantic reports all misfits of a value at once, but then gives no value. The misfits are taken out
and the rest is validated again, so that mistakes of another kind (a duplicate, a timeout longer
than its interval) are reported in the same run.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.lines import Loc
from monitor.config.problem import Place, Problems, dotted
from monitor.config.schema import Document, ReceiverTable, Table, TargetTable
from monitor.config.wording import kind, listed, meant, shown

T = TypeVar("T", bound=Table)


def salvage(model: type[T], raw: dict[str, Any], place: Place, problems: Problems) -> T | None:
    """Return `raw` as a `model`, without what does not fit; None: nothing is left."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        misfits = error.errors(include_url=False)
    rest = deepcopy(raw)
    for misfit in misfits:
        loc = tuple(part for part in misfit["loc"] if part != "[key]")
        problems.add(place.at(*loc), _message(model, misfit, loc))
        _take_out(rest, loc)
    return _salvaged(model, rest)


def _salvaged(model: type[T], rest: dict[str, Any]) -> T | None:
    """Return what is left; it can still be empty where it must not be."""
    try:
        return model.model_validate(rest)
    except ValidationError:
        return None


def _take_out(rest: dict[str, Any], loc: Loc) -> None:
    """Remove the key that a misfit lies in; of a list, the whole list."""
    table: Any = rest
    for depth, part in enumerate(loc):
        if not isinstance(table, dict):
            return
        inner = table.get(str(part))
        if depth == len(loc) - 1 or not isinstance(inner, dict):
            table.pop(str(part), None)
            return
        table = inner


def _message(model: type[Table], misfit: ErrorDetails, loc: Loc) -> str:
    """Return the words for a misfit; decided on its code."""
    code = misfit["type"]
    if code == "value_error":
        return str(misfit["ctx"]["error"])
    if code == "extra_forbidden":
        return _unknown_key(model, loc, "table" if isinstance(misfit["input"], dict) else "key")
    if code == "list_type" and isinstance(misfit["input"], dict):
        return "must be a list of tables, not a table; write its name in double brackets"
    wanted = {"list_type": "a list in [ ]", "dict_type": "a table", "model_type": "a table"}.get(code)
    if wanted:
        return f"must be {wanted}, not {kind(misfit['input'])}"
    return f"does not fit: {misfit['msg']}"


def _unknown_key(model: type[Table], loc: Loc, noun: str) -> str:
    """Return what might have been meant by a key that nobody knows."""
    key = str(loc[-1])
    known = _keys(model, loc[:-1])
    near = meant(key, known)
    if near:
        return f"unknown {noun}{near}"
    the_top = "the lines above the first [table]"
    homes = [home for home, name in _homes(Document) if name == key]
    if homes:
        where = [f"[{dotted(home)}]" if home else the_top for home in homes]
        return f"unknown {noun} here; {key} belongs in {listed(where)}"
    return f"unknown {noun}; there are {listed(known, 'and')}"


def _tables(annotation: object) -> Iterator[type[Table]]:
    """Yield the tables that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables(inner)


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys of the table at `loc` inside `model`."""
    for part in loc:
        field = model.model_fields.get(str(part))
        model = next(_tables(field.annotation), model) if field else model
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]


def _homes(model: type[Table], home: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Yield every key of the schema with the table that it belongs in."""
    for own, field in model.model_fields.items():
        name = field.alias or own
        yield home, name
        for table in _tables(field.annotation):
            if name != "headers":
                yield from _homes(table, (*home, name))


def read_document(raw: dict[str, Any], problems: Problems) -> Document:
    """Return everything of the file but its targets and receivers."""
    rest = {key: value for key, value in raw.items() if key not in ("targets", "receivers")}
    return salvage(Document, rest, Place(), problems) or Document()


def read_targets(raw: dict[str, Any], problems: Problems) -> Iterator[tuple[Place, TargetTable]]:
    """Yield each `[[targets]]` that makes sense."""
    yield from _elements(TargetTable, raw, "targets", problems)


def read_receivers(raw: dict[str, Any], problems: Problems) -> Iterator[tuple[Place, ReceiverTable]]:
    """Yield each `[[receivers]]` that makes sense."""
    yield from _elements(ReceiverTable, raw, "receivers", problems)


def _elements(model: type[T], raw: dict[str, Any], key: str, problems: Problems) -> Iterator[tuple[Place, T]]:
    """Yield the tables of a list of tables; one by one, so that each keeps its index."""
    tables = raw.get(key, [])
    place = Place((key,))
    if not isinstance(tables, list):
        hint = f"write [[{key}]], in double brackets, above each of them"
        problems.add(place, f"must be a list of tables, not {kind(tables)}; {hint}")
        return
    for index, table in enumerate(tables):
        if not isinstance(table, dict):
            found = shown(table) if isinstance(table, str) and key == "targets" else kind(table)
            problems.add(place.at(index), f"must be a table, not {found}; write [[{key}]] above its keys")
            continue
        element = salvage(model, table, place.at(index), problems)
        if element is not None:
            yield place.at(index), element
