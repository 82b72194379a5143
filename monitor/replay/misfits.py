"""What does not fit the shape of a scenario, in words for the person who writes it."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.lines import Loc
from monitor.config.problem import Place, Problems
from monitor.config.wording import kind, listed, meant

T = TypeVar("T", bound=BaseModel)

_WANTED = {
    "list_type": "a list; write [[ ]] around the name of a table",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def note_misfits(model: type[T], raw: dict[str, Any], problems: Problems, known: Iterable[str]) -> T | None:
    """Return `raw` as a `model`; None: it is none, and every misfit is noted.

    `known` are keys of the top level that are read elsewhere.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        misfits = error.errors(include_url=False)
    for misfit in misfits:
        loc = tuple(part for part in misfit["loc"] if part != "[key]")
        problems.add(Place(loc), _message(model, misfit, loc, known))
    return None


def _message(model: type[BaseModel], misfit: ErrorDetails, loc: Loc, known: Iterable[str]) -> str:
    """Return the words for a misfit; decided on its code."""
    code = misfit["type"]
    if code == "value_error":
        return str(misfit["ctx"]["error"])
    if code == "missing":
        return "is missing"
    if code == "extra_forbidden":
        keys = [*_keys(model, loc[:-1]), *(known if len(loc) == 1 else ())]
        return f"unknown key{meant(str(loc[-1]), keys) or '; there are ' + listed(keys, 'and')}"
    if code in _WANTED:
        return f"must be {_WANTED[code]}, not {kind(misfit['input'])}"
    return f"does not fit: {misfit['msg']}"


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys of the table at `loc` inside `model`."""
    for part in loc:
        field = model.model_fields.get(str(part))
        model = next(_tables(field.annotation), model) if field else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _tables(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the tables that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables(inner)
