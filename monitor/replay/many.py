"""Many at once: a name with braces in it stands for all of them.

`site-{1..200}.example` are two hundred, `{red,blue}.example` are two.

What was written is written out before anything else reads it, so that everything behind knows single
targets only. A mistake in what was written out is told once, where it was written.

`{n}` beside the braces is the number, with arithmetic for addresses: `{n/250}` and `{n%250}`. Of words it is
their place, from 1, and `{word}` is the word.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from monitor.config.lines import Loc
from monitor.config.problem import Place, Problems
from monitor.config.wording import shown

_RANGE: Final = re.compile(r"\{(?:(\d{1,9})\.\.(\d{1,9})|([\w.-]*(?:, ?[\w.-]+)+))\}")
_NUMBER: Final = re.compile(r"\{n(?:([/%+])(\d{1,9}))?\}")
_WORD: Final = "{word}"
_MOST: Final = 10_000
# Lists whose elements are repeated, by a range in one of these keys.
EXPECTED: Final = ("expect", "expect_none", "expect_count", "expect_state")
_REPEATED: Final = ("targets", *EXPECTED)
_NAMING: Final = ("domain", "name", "url", "target", "subject")
# Lists whose elements change the world: what is repeated there are the keys of the tables in `set`.
_TOLD: Final = ("before", "facts")


@dataclass(slots=True)
class Many:
    """What was written out, and where each part of it was written."""

    raw: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[Loc, str]] = field(default_factory=list)
    _origins: dict[Loc, str | int] = field(default_factory=dict)
    """For a path in `raw` whose last part was written otherwise: how."""

    def origin(self, loc: Loc) -> Loc:
        """Return where something was written."""
        if not self._origins:
            return loc
        return tuple(self._origins.get(loc[: depth + 1], part) for depth, part in enumerate(loc))

    def come_from(self, loc: Loc, part: str | int) -> None:
        """Note that the last part of a path was written as `part`."""
        if loc[-1] != part:
            self._origins[loc] = part


def write_out(raw: Mapping[str, Any]) -> Many:
    """Return a scenario in which every range is written out."""
    many = Many(raw=dict(raw))
    for name in _REPEATED:
        if isinstance(raw.get(name), list):
            many.raw[name] = list(_elements(raw[name], name, many))
    for name in _TOLD:
        if isinstance(raw.get(name), list):
            many.raw[name] = [_told(element, (name, index), many) for index, element in enumerate(raw[name])]
    return many


def _elements(written: list[Any], name: str, many: Many) -> Iterator[Any]:
    """Yield the elements of a list, each as often as its range says."""
    count = 0
    for index, element in enumerate(written):
        ranges = _ranges_of(element)
        if len(set(ranges.values())) > 1:
            many.faults.append(((name, index), "has two ranges; an element is repeated by one of them"))
            continue
        key, found = next(iter(ranges.items()), ("", None))
        for one in [None] if found is None else _ones(found, (name, index, key), many):
            many.come_from((name, count), index)
            count += 1
            yield element if one is None else _with(element, one)


def _ranges_of(element: Any) -> dict[str, str]:  # noqa: ANN401 - what tomllib read
    """Return the ranges that an element is repeated by, by their keys."""
    if not isinstance(element, dict):
        return {}
    texts = ((key, element[key]) for key in _NAMING if isinstance(element.get(key), str))
    return {key: match[0] for key, text in texts if (match := _RANGE.search(text))}


def _told(element: Any, loc: Loc, many: Many) -> Any:  # noqa: ANN401 - what tomllib read
    """Return what is told, with the tables of its `set` written out."""
    if not isinstance(element, dict) or not isinstance(element.get("set"), dict):
        return element
    tables = {
        name: _keys(table, (*loc, "set", name), many) if isinstance(table, dict) else table
        for name, table in element["set"].items()
    }
    return {**element, "set": tables}


def _keys(table: dict[str, Any], loc: Loc, many: Many) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        match = _RANGE.search(key)
        if match is None:
            found[key] = value
            continue
        for one in _ones(match[0], (*loc, key), many):
            name = _with(key, one)
            if name in table and name != key:
                continue  # one that is written by itself is meant
            many.come_from((*loc, name), key)
            found[name] = _with(value, one)
    return found


@dataclass(frozen=True, slots=True)
class _One:
    """One of many: what stands in the place of these braces, and its number."""

    braces: str
    word: str
    number: str


def _ones(text: str, loc: Loc, many: Many) -> Iterator[_One]:
    """Yield all that braces stand for; numbers as wide as the first one is written."""
    first, last, words = _RANGE.fullmatch(text).groups()  # type: ignore[union-attr]  # it is a match of this
    if words is not None:
        for number, word in enumerate(words.split(","), 1):
            yield _One(text, word.strip(), str(number))
        return
    wanted = int(last) - int(first) + 1
    if wanted < 1:
        many.faults.append((loc, f"{shown(text)} is empty: its end comes before its beginning"))
    elif wanted > _MOST:
        many.faults.append((loc, f"{shown(text)} are more than {_MOST:,}"))
    else:
        width = len(first) if first[0] == "0" else 0
        for number in range(int(first), int(last) + 1):
            yield _One(text, f"{number:0{width}d}", f"{number:0{width}d}")


def _with(value: Any, one: _One) -> Any:  # noqa: ANN401 - what tomllib read
    """Return a value with one of the many in the place of its braces, and of `{n}` and `{word}`."""
    if isinstance(value, str):
        text = value.replace(one.braces, one.word).replace(_WORD, one.word)
        return _NUMBER.sub(lambda match: _calculated(one.number, *match.groups()), text)
    if isinstance(value, list):
        return [_with(each, one) for each in value]
    if isinstance(value, dict):
        return {_with(key, one): _with(each, one) for key, each in value.items()}
    return value


def _calculated(number: str, sign: str | None, operand: str | None) -> str:
    if sign is None or operand is None:
        return number
    left, right = int(number), int(operand)
    if sign == "+":
        return str(left + right)
    return str(left // max(1, right) if sign == "/" else left % max(1, right))


@dataclass(slots=True)
class ProblemsOfMany(Problems):
    """Mistakes in what was written out: each told once, where it was written."""

    many: Many = field(default_factory=Many)
    _told: dict[Loc, Loc] = field(default_factory=dict)
    """Where a mistake was told: the first place it was found at."""

    def add(self, place: Place, message: str) -> None:
        """Note a mistake, unless it is that of another one of the many."""
        origin = self.many.origin(place.loc)
        if self._told.setdefault(origin, place.loc) == place.loc:
            Problems.add(self, replace(place, loc=origin), message)

    def touch(self, *locs: Loc) -> bool:
        """Tell whether a mistake was noted at one of these paths."""
        return Problems.touch(self, *map(self.many.origin, locs))

    def where(self, place: Place) -> str:
        """Return how a message speaks of another place."""
        return Problems.where(self, replace(place, loc=self.many.origin(place.loc)))
