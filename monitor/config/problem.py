"""Mistakes in a configuration: collected, never raised one by one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from monitor.config.lines import Loc, locate
from monitor.config.wording import shown

_MOST_OF_A_LIST: Final = 50
"""Mistakes told of one list of targets: a wrong file should not hide what else is wrong."""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where it is, and what would be right."""

    path: str
    """Path of the key, such as `targets[2].http.timeout`, counted from 0; empty: the file as a whole."""
    message: str
    """What is wrong, what was found, what would be right. Never a secret."""
    file: str
    """The file that holds it: the configuration, or one named in `targets_from`."""
    line: int | None = None
    """From 1; None: the file as a whole."""
    order: tuple[int, ...] = ()
    """Where it is told: by line of the configuration, then by line of the file named there."""


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every mistake in it, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.order))
        super().__init__(describe_problems(self.problems))


def describe_problems(problems: Iterable[Problem]) -> str:
    """Return one line per mistake, in file order: `monitor.toml:14: targets[2].http.timeout: …`."""
    lines = []
    for problem in sorted(problems, key=lambda problem: problem.order):
        place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
        lines.append(": ".join(part for part in (place, problem.path, problem.message) if part))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a key of the configuration, or a line of a list of targets."""

    loc: Loc = ()
    """Path of the key; in a list of targets, the column."""
    file: str = ""
    """The list of targets; empty: the configuration itself."""
    line: int = 0
    """Line in that list."""
    named_at: Loc = ()
    """Where the configuration names that list."""

    def at(self, *parts: str | int) -> "Place":
        """Return the place of something inside."""
        return Place((*self.loc, *parts), self.file, self.line, self.named_at)


def dotted(loc: Loc) -> str:
    """Return `targets[2].http.timeout`; a key that TOML wants in quotes is shown in quotes."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += ("." if path else "") + (part if _BARE.fullmatch(part) else shown(part))
    return path


@dataclass(slots=True)
class Problems:
    """Collects mistakes while a configuration is read, and finds their lines."""

    file: str
    text: str = ""
    _found: list[Problem] = field(default_factory=list)
    _locs: set[Loc] = field(default_factory=set)
    _lines: dict[Loc, int] | None = None
    _in_lists: dict[str, int] = field(default_factory=dict)
    _more: dict[str, Place] = field(default_factory=dict)

    def add(self, place: Place, message: str) -> None:
        """Note a mistake."""
        if place.file:
            count = self._in_lists[place.file] = self._in_lists.get(place.file, 0) + 1
            if count > _MOST_OF_A_LIST:
                self._more[place.file] = place
                return
        self._note(place, message)

    def _note(self, place: Place, message: str) -> None:
        line = place.line if place.file else self._line(place.loc)
        named = (self._line(place.named_at) or 0, place.line) if place.file else (line or 0, 0)
        problem = Problem(
            path=dotted(place.loc),
            message=message,
            file=place.file or self.file,
            line=line,
            order=(*named, len(self._found)),
        )
        self._found.append(problem)
        if not place.file:
            self._locs.add(place.loc)

    def any(self) -> bool:
        """Tell whether a mistake was noted."""
        return bool(self._found)

    def touch(self, *locs: Loc) -> bool:
        """Tell whether a mistake was noted at one of these paths: what follows from it is not told too."""
        return any(loc in self._locs for loc in locs)

    def inside(self, loc: Loc) -> bool:
        """Tell whether a mistake was noted anywhere in the table at this path."""
        return any(noted[: len(loc)] == loc for noted in self._locs)

    def where(self, place: Place) -> str:
        """Return how a message speaks of another place."""
        if place.file:
            return f"{place.file}:{place.line}"
        line = self._line(place.loc)
        return f"{dotted(place.loc)} (line {line})" if line else dotted(place.loc)

    def raise_if_any(self) -> None:
        """Raise ConfigError if a mistake was noted."""
        for file, place in self._more.items():
            rest = self._in_lists[file] - _MOST_OF_A_LIST
            last = replace(place, loc=())
            self._note(last, f"this file has {rest} more mistakes, the last of them in this line")
        if self._found:
            raise ConfigError(self._found)

    def _line(self, loc: Loc) -> int | None:
        """Return the line of the key, or of the nearest table around it."""
        if self._lines is None:
            self._lines = locate(self.text)
        while loc and loc not in self._lines:
            loc = loc[:-1]
        return self._lines.get(loc)
