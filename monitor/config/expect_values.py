"""What the values of `[targets.expect]` may be: one small function for each kind (see `values`)."""

import math
import re
from collections.abc import Iterator
from typing import Final, NoReturn

from monitor.config.values import plain
from monitor.config.wording import kind, number, refuse, shown
from monitor.model import JsonScalar

_MOST: Final = 20
_LONGEST_PHRASE: Final = 500
_LONGEST_PATH: Final = 200
_DEEPEST: Final = 16
_RANGE: Final = re.compile(r"([1-9][0-9]{2})\s*(?:-|\.\.)\s*([1-9][0-9]{2})")
_LEAST_STATUS: Final = 200
_MOST_STATUS: Final = 599
_LARGEST: Final = 1 << 53

StatusRange = tuple[int, int]


def statuses(value: object) -> tuple[StatusRange, ...]:
    """Return ranges of status codes from `200`, `[200, 204]` or `["200-299", 403]`."""
    return tuple(_status_range(one) for one in _several(value, 'numbers or ranges such as "200-299"'))


def _status_range(value: object) -> StatusRange:
    if isinstance(value, str):
        text = value.strip()
        found = _RANGE.fullmatch(text)
        if found is None:
            hint = f"; write {text} without quotes" if text.isdigit() else ""
            refuse(f'{shown(value)} is not a range of status codes such as "200-299"{hint}')
        first, last = int(found[1]), int(found[2])
        if first > last:
            refuse(f"{shown(value)} ends before it begins")
        return _status(first), _status(last)
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(f'must be a status code such as 200, or a range such as "200-299", not {kind(value)}')
    return _status(value), _status(value)


def _status(code: int) -> int:
    if not _LEAST_STATUS <= code <= _MOST_STATUS:
        refuse(f"a final status code is from {_LEAST_STATUS} to {_MOST_STATUS}, not {number(code)}")
    return code


def phrases(value: object) -> tuple[str, ...]:
    """Return texts to look for on a page: one, or a list; any run of blanks counts as one."""
    found = []
    for one in _several(value, "texts"):
        if not isinstance(one, str):
            refuse(f"must be a text in quotes, or a list of them, not {kind(one)}")
        found.append(plain(" ".join(one.split()), _LONGEST_PHRASE))
    twice = next((text for index, text in enumerate(found) if text in found[:index]), None)
    if twice is not None:
        refuse(f"has {shown(twice)} twice")
    return tuple(found)


def _several(value: object, what: str) -> list[object]:
    """Return a list: a single value is a list of one."""
    found = list(value) if isinstance(value, (list, tuple)) else [value]
    if not found:
        refuse(f"is an empty list of {what}; leave it out to ask for nothing")
    if len(found) > _MOST:
        refuse(f"has {len(found)} entries; {_MOST} is the most")
    return found


def parse_json_paths(value: object) -> tuple[tuple[str, JsonScalar], ...]:
    """Return paths and values, as in `{ "data.items.0.state" = "ok" }`; tables in it are paths too."""
    if not isinstance(value, dict):
        refuse(f'must be a table of paths and values, such as {{ "data.state" = "ok" }}, not {kind(value)}')
    found = tuple(_leaves(value, ""))
    if not found:
        refuse("is an empty table; leave it out to ask for nothing")
    if len(found) > _MOST:
        refuse(f"has {len(found)} paths; {_MOST} is the most")
    paths = [path for path, _ in found]
    twice = next((path for index, path in enumerate(paths) if path in paths[:index]), None)
    if twice is not None:
        refuse(f"has the path {shown(twice)} twice, in two spellings")
    return found


def _leaves(table: dict[str, object], above: str) -> Iterator[tuple[str, JsonScalar]]:
    for key, value in table.items():
        path = f"{above}.{key}" if above else key
        _check_path(path)
        if isinstance(value, dict):
            if not value:
                _wrong(path, "is an empty table")
            yield from _leaves(value, path)
        else:
            yield path, _scalar(path, value)


def _check_path(path: str) -> None:
    steps = path.split(".")
    if len(path) > _LONGEST_PATH or len(steps) > _DEEPEST:
        refuse(f"{shown(path)} is too long: {_LONGEST_PATH} characters and {_DEEPEST} steps are the most")
    if not all(step.strip() for step in steps):
        refuse(f'{shown(path)} is not a path; write one such as "data.items.0.state"')


def _scalar(path: str, value: object) -> JsonScalar:
    if isinstance(value, str):
        if len(value) > _LONGEST_PHRASE:
            _wrong(path, f"has {len(value)} characters; {_LONGEST_PHRASE} is the most")
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) > _LARGEST:
            _wrong(path, "is a number that JSON does not carry")
        return value
    return _wrong(path, f"must be a text, a number, true or false, not {kind(value)}")


def _wrong(path: str, problem: str) -> NoReturn:
    refuse(f"{shown(path)} {problem}")
