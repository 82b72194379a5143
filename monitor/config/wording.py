"""The words of the messages: how values are shown, and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NoReturn

_LONGEST: Final = 60
_BEYOND_BMP: Final = 0x10000
_BEYOND_TOML: Final = 1 << 63
_ZERO_WIDTH: Final = "\ufeff\u200b\u200c\u200d\u2060"


class MisfitError(ValueError):
    """A value that cannot be used; the message says what was found and what would be right."""


def refuse(message: str) -> NoReturn:
    """Raise MisfitError: a ValueError, for those are what pydantic collects."""
    raise MisfitError(message)


def shown(value: str) -> str:
    """Return `value` in quotes: bounded, and without characters that could play tricks on a terminal."""
    text = value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    return '"' + "".join(_visible(char) for char in text) + '"'


def _visible(char: str) -> str:
    """Return the character, or its escape in TOML's spelling."""
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
    return short or (f"\\u{ord(char):04x}" if ord(char) < _BEYOND_BMP else f"\\U{ord(char):08x}")


def kind(value: object) -> str:
    """Return what a TOML value is, never what it holds: it may be a secret."""
    if isinstance(value, bool):
        return "true" if value else "false"
    names: tuple[tuple[type, str], ...] = (
        (str, "a text"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for type_, name in names if isinstance(value, type_)), "a date or time")


def number(value: float) -> str:
    """Return a number, unless it is too long to be read (and for Python to be written)."""
    return "a very large number" if isinstance(value, int) and abs(value) >= _BEYOND_TOML else str(value)


def meant(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean …?)`, or nothing when no known word resembles `word`."""
    folded = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), folded, n=1, cutoff=0.7)
    return f" (did you mean {folded[near[0]]}?)" if near else ""


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Return `a, b or c`."""
    *head, last = words
    return f"{', '.join(head)} {joint} {last}" if head else last


def trimmed(text: str) -> str:
    """Return the text without the space and the invisible marks around it that pasting brings along."""
    return text.strip().strip(_ZERO_WIDTH).strip()
