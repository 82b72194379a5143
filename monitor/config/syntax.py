"""Says why a text is not TOML, for people who do not write TOML every day."""

import re
from typing import Final

_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

# What a line looks like, and what its author probably needs to hear; the first that matches.
_HINTS: Final = (
    (re.compile(r".*[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]"), 'quotation marks are straight: "'),
    (re.compile(r"\s*[\w.]+\s*=\s*(True|False|yes|no|on|off)\b"), "write true or false"),
    (re.compile(r"\s*[{}]"), "is this JSON?"),
    (re.compile(r"\s*-?\s*\w+:(\s|$)"), "is this YAML? In TOML a key is followed by ="),
    (re.compile(r'[^"#]*"[^"]*$'), "a quotation mark is missing"),
    (re.compile(r'.*=\s*"[^"]*\\'), "a backslash stands in single quotes: 'C:\\monitor'"),
    (re.compile(r"\s*\[{1,2}[^\]]*$"), "a bracket is missing"),
    (re.compile(r"\s*[\w.]+\s*=\s*$"), "the value is missing"),
    (
        re.compile(r"""\s*[\w.]+\s*=\s*(?!(?:true|false|[-+]?(?:[0-9.]+|inf|nan))\s*(?:#|$))[^\s"'\[{#]"""),
        'texts, durations and sizes stand in quotes, as in interval = "60s"',
    ),
)


def syntax_fault(message: str, text: str) -> tuple[str, int | None]:
    """Return the words for a fault that tomllib found in `text`, and its line.

    Never shows the line itself: it may hold a secret.
    """
    match = _AT_LINE.search(message)
    fault = _AT_LINE.sub("", message)
    if match is None:  # Python's own limit of 4,300 digits; it names no line
        return "a number has too many digits", None
    fault = f"{fault[0].lower()}{fault[1:]}"
    if match[1] is None:
        return f"{fault}, at the end of the file", None
    line = text.replace("\r\n", "\n").split("\n")[int(match[1]) - 1]
    hint = next((hint for pattern, hint in _HINTS if pattern.match(line)), None)
    return f"{fault} (column {match[2]}){f'; {hint}' if hint else ''}", int(match[1])
