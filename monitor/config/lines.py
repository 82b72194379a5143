"""Finds the line of every key in a TOML text: tomllib does not keep them.

Only for text that tomllib has accepted, and only when there is a mistake to be reported, so it
may be simple: it knows where keys, tables and values begin and end, and nothing of what they mean.
"""

import re
import tomllib
from bisect import bisect_right
from contextlib import suppress
from typing import Final

Loc = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_COMMA: Final = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_KEY: Final = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')[ \t]*""")
_VALUE: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})(?!")'''
    r"""|'{3}.*?'{3}(?:'{0,2})(?!')"""
    r'''|"(?:\\.|[^"\\\n])*"'''
    r"""|'[^'\n]*'"""
    r"""|[^\[{"',\]}#\n][^,\]}#\n]*""",
    re.DOTALL,
)


class _LostError(Exception):
    """The text is not what this reader expects; the lines found so far must do."""


class _Reader:
    """Walks through the text once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Loc, int] = {}
        self.counts: dict[Loc, int] = {}
        self.ends = [match.start() for match in re.finditer("\n", text)]

    def note(self, loc: Loc) -> None:
        """Remember the line of `loc`, the first time it is met."""
        self.found.setdefault(loc, bisect_right(self.ends, self.at - 1) + 1)

    def document(self) -> None:
        """Read tables and keys up to the end."""
        table: Loc = ()
        while self.skip(_BLANK) < len(self.text):
            table = self.header() if self.text[self.at] == "[" else self.pair(table)

    def skip(self, pattern: re.Pattern[str]) -> int:
        """Step over what matches; return where that leads."""
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def expect(self, token: str) -> None:
        """Step over `token`."""
        if not self.text.startswith(token, self.at):
            raise _LostError
        self.at += len(token)

    def keys(self) -> list[str]:
        """Read a dotted key."""
        parts: list[str] = []
        while not parts or self.text.startswith(".", self.at):
            self.at += bool(parts)
            match = _KEY.match(self.text, self.at)
            if match is None:
                raise _LostError
            self.at = match.end()
            token = match[1]
            parts.append(tomllib.loads(f"x={token}")["x"] if token[0] in "\"'" else token)
        return parts

    def header(self) -> Loc:
        """Read `[a.b]` or `[[a.b]]`; return the table that follows."""
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        start = self.at
        self.at += brackets
        keys = self.keys()
        self.expect("]" * brackets)
        after, self.at = self.at, start
        loc: Loc = ()
        for depth, key in enumerate(keys, 1):
            loc = (*loc, key)
            self.note(loc)
            if brackets == 2 and depth == len(keys):  # noqa: PLR2004 - the two brackets of an array of tables
                self.counts[loc] = self.counts.get(loc, 0) + 1
            if loc in self.counts:
                loc = (*loc, self.counts[loc] - 1)
                self.note(loc)
        self.at = after
        return loc

    def pair(self, table: Loc) -> Loc:
        """Read `key = value`; return the table it stands in."""
        start = self.at
        keys = self.keys()
        after, self.at = self.at, start
        loc = table
        for key in keys:
            loc = (*loc, key)
            self.note(loc)
        self.at = after
        self.expect("=")
        self.skip(_BLANK)
        self.value(loc)
        return table

    def value(self, loc: Loc) -> None:
        """Read a value; lists and inline tables hold more keys."""
        opening = self.text[self.at : self.at + 1]
        if opening not in ("[", "{"):
            self.skip(_VALUE)
            return
        closing = "]" if opening == "[" else "}"
        self.at += 1
        index = 0
        self.skip(_COMMA)
        while not self.text.startswith(closing, self.at):
            before = self.at
            if opening == "{":
                self.pair(loc)
            else:
                self.note((*loc, index))
                self.value((*loc, index))
            index += 1
            if self.skip(_COMMA) == before:
                raise _LostError
        self.at += 1


def locate(text: str) -> dict[Loc, int]:
    """Return the line, from 1, of every key, table and list element of a valid TOML text."""
    reader = _Reader(text.replace("\r\n", "\n"))
    # Whoever gets lost has found something: the line of the nearest table is told.
    with suppress(_LostError, RecursionError, tomllib.TOMLDecodeError):
        reader.document()
    return reader.found
