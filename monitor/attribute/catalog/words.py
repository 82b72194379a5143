"""Whole words in names and header values, and how names from the network are made comparable."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_APART: Final = re.compile(r"[\W_]+")
_NAME_LENGTH: Final = 100


def phrase_pattern(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern that finds any of the phrases as whole words; None for no phrases.

    Longer phrases go first. A hyphen or a dot in front belongs to the word (`my-name.com` is not
    `name.com`), and so does a hyphen behind; a dot behind does not (`epik.com` is `epik`).
    """
    ordered = sorted({phrase.lower() for phrase in phrases}, key=lambda phrase: (-len(phrase), phrase))
    if not ordered:
        return None
    return re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, ordered))})(?![\w-])")


def tidy(name: str) -> str:
    """Return a name from the network fit for display: one line, printable, 100 characters at most."""
    kept = "".join(char if char.isprintable() else " " for char in name[: 4 * _NAME_LENGTH])
    return " ".join(kept.split())[:_NAME_LENGTH]


def slug(name: str) -> str:
    """Return the letters and digits of a name in lower case, hyphens between; "" when there are none."""
    return _APART.sub("-", unicodedata.normalize("NFKC", tidy(name)).casefold())[:_NAME_LENGTH].strip("-")
