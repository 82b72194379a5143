"""What a single value of the configuration may be: one small function for each kind.

Each takes what the file holds and returns the value, or raises ValueError with the words for the
operator: what was found, and what would be right.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from monitor.config.durations import parse_duration, parse_size
from monitor.config.endpoints import parse_whois_server
from monitor.config.names import is_address, parse_host, parse_page
from monitor.config.wording import kind, listed, meant, number, refuse, shown
from monitor.model import EventType

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LABEL_KEY: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")
# Labels that the metrics set themselves (docs/metrics), or that Prometheus adds when it scrapes.
_TAKEN_LABELS: Final = frozenset(
    [
        "target",
        "layer",
        "provider",
        "probe",
        "status",
        "diagnosis",
        "store",
        "rcode",
        "domain",
        "receiver",
        "rule",
        "sign",
        "job",
        "instance",
    ],
)
_OWN_HEADERS: Final = {
    "host": "it follows from the url",
    "user-agent": "set user_agent",
    "connection": "every run opens its own",
    "content-length": "requests have no body",
    "transfer-encoding": "requests have no body",
    "accept-encoding": "the monitor bounds what it decompresses, so it chooses",
}
EDITION_SOURCES: Final = (
    "iptoasn",
    "aws",
    "azure",
    "cloudflare",
    "digitalocean",
    "fastly",
    "gcore",
    "github",
    "google",
    "imperva",
    "oracle",
    "zscaler",
)
"""Where editions of the address tables come from (docs/attribution.md)."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LEAST_UPDATE_S: Final = 86_400.0
_MAX_HEADER: Final = 4_096
_MAX_LABEL: Final = 200
_LEAST_BODY: Final = 1 << 10
_MOST_BODY: Final = 64 << 20
_EVENTS: Final = tuple(type_.value for type_ in EventType if type_ is not EventType.TEST)


def text_of(parse: Callable[[str], Any]) -> Callable[[object], Any]:
    """Return a validator that wants a text and hands it to `parse`."""

    def validate(value: object) -> object:
        if not isinstance(value, str):
            refuse(f"must be a text in quotes, not {kind(value)}")
        return parse(value)

    return validate


def one_or_more(value: object) -> object:
    """Return a list: a single text is a list of one."""
    if not isinstance(value, str | list):
        refuse(f"must be a text in quotes, or a list of them, not {kind(value)}")
    return [value] if isinstance(value, str) else value


def one_of(*words: str) -> Callable[[object], str]:
    """Return a validator for a closed vocabulary."""
    known = listed([shown(word) for word in words])

    def validate(value: object) -> str:
        if not isinstance(value, str):
            refuse(f"must be {known}, not {kind(value)}")
        if value not in words:
            refuse(f"must be {known}, not {shown(value)}{meant(value, words)}")
        return value

    return validate


def whole(least: int, most: int) -> Callable[[object], int]:
    """Return a validator for whole numbers in a range."""

    def validate(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            found = "a number in quotes" if isinstance(value, str) and value.isdigit() else kind(value)
            refuse(f"must be a whole number from {least} to {most}, not {found}")
        if not least <= value <= most:
            refuse(f"must be from {least} to {most}, not {number(value)}")
        return value

    return validate


def parse_flag(value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        found = shown(value) if isinstance(value, str) else kind(value)
        refuse(f"must be true or false, without quotes, not {found}")
    return value


def parse_body_limit(value: object) -> int:
    """Return a size that holds a page and fits into memory a thousand times."""
    size = parse_size(value)
    if not _LEAST_BODY <= size <= _MOST_BODY:
        refuse(f"must be from 1KiB to 64MiB, not {shown(str(value))}")
    return size


def parse_update(value: object) -> float | None:
    """Return how often to fetch editions; None: `never`."""
    if value == "never":
        return None
    every_s = parse_duration(value)
    if every_s < _LEAST_UPDATE_S:
        refuse(f'must be 1d at least, or "never", not {shown(str(value))}')
    return every_s


def parse_sha256(text: str) -> str:
    """Return a checksum."""
    if not _SHA256.fullmatch(text):
        refuse(f"{shown(text)} is not a SHA-256 checksum: 64 digits and letters a to f")
    return text


def parse_ratio(value: object) -> float:
    """Return a part of a whole."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        refuse(f"must be a number from 0 to 1, such as 0.2, not {kind(value)}")
    if not 0 <= value <= 1:
        refuse(f"must be from 0 to 1, not {number(value)}")
    return float(value)


def plain(text: str, most: int) -> str:
    """Return a text for people: not empty, bounded, one line."""
    if not text.strip():
        refuse("is empty")
    if len(text) > most:
        refuse(f"has {len(text)} characters; {most} is the most")
    if not text.isprintable():
        refuse(f"{shown(text)} has a line break or another control character")
    return text.strip()


def parse_word(text: str) -> str:
    """Return a name that metrics and commands can carry."""
    if not _WORD.fullmatch(text):
        refuse(f'{shown(text)} is not a plain word: letters, digits, "-", "_" and ".", at most 64 of them')
    return text


def parse_target_name(text: str) -> str:
    """Return the name of a target: any words, but no slash."""
    name = plain(text, _MAX_LABEL)
    if "/" in name:
        refuse(f'{shown(name)} has a "/", which parts the target from the probe in the names of checks')
    return name


def parse_label_key(text: str) -> str:
    """Return the name of a label; raises ValueError."""
    if not _LABEL_KEY.fullmatch(text) or text.startswith("__"):
        refuse("is no label for Prometheus: letters, digits and _, not beginning with a digit or with __")
    if text in _TAKEN_LABELS:
        refuse(f"is a label that the metrics set themselves; choose another name, such as my_{text}")
    return text


def parse_label_value(text: str) -> str:
    """Return the value of a label; raises ValueError."""
    return plain(text, _MAX_LABEL)


def parse_country(text: str) -> str:
    """Return the two letters of a country (ISO 3166-1), in lower case."""
    if not _COUNTRY.fullmatch(text):
        refuse(f'{shown(text)} is not a country; write its two letters, such as "us"')
    return text.lower()


def parse_header_name(text: str) -> str:
    """Return the name of a header that is not the monitor's own business."""
    if not _TOKEN.fullmatch(text):
        refuse("is not the name of an HTTP header")
    reason = _OWN_HEADERS.get(text.lower())
    if reason:
        refuse(f"is not yours to set: {reason}")
    return text


def parse_header_value(text: str) -> str:
    """Return the value of a header; raises ValueError that does not show it: it may be a token."""
    if len(text) > _MAX_HEADER:
        refuse(f"has {len(text)} characters; {_MAX_HEADER} is the most")
    if not (text.isascii() and text.isprintable()):
        refuse("has a line break or a character outside of ASCII")
    return text.strip()


def header_source(value: object) -> object:
    """Accept `"value"` beside `{ env = "NAME" }` and `{ file = "path" }`."""
    if isinstance(value, str):
        return {"value": parse_header_value(value)}
    if not isinstance(value, dict):
        refuse(f'must be a text in quotes, {{ env = "NAME" }} or {{ file = "path" }}, not {kind(value)}')
    if "value" in value or len(value) != 1:
        refuse('must be a text in quotes, or a table with one key: { env = "NAME" } or { file = "path" }')
    return value


def all_different(values: list[str]) -> list[str]:
    """Refuse a list that says a thing twice, or nothing."""
    if not values:
        refuse("is an empty list; leave it out for the default")
    twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if twice is not None:
        refuse(f"has {shown(twice)} twice")
    return values


def falling(values: list[int]) -> list[int]:
    """Return numbers from the largest down; an empty list is fine, for it switches something off."""
    twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if twice is not None:
        refuse(f"has {twice} twice")
    return sorted(values, reverse=True)


def parse_event(text: str) -> str:
    """Return an event type, or a group of them: `platform.incident.*`."""
    stem = text.removesuffix("*")
    if (
        text in _EVENTS
        or (text.endswith(".*") and any(name.startswith(stem) for name in _EVENTS))
        or text == "*"
    ):
        return text
    # A dozen names are more than a line holds; docs/events.md has them all.
    groups = sorted({f"{name.rpartition('.')[0]}.*" for name in _EVENTS})
    known = f"; there are {listed(groups, 'and')}"
    return refuse(f"{shown(text)} is not an event type{meant(text, _EVENTS) or known}")


def parse_url(text: str) -> str:
    """Return a web address in its normal spelling."""
    return parse_page(text).url


def parse_provider_id(text: str) -> str:
    """Return the id of a provider as it was written; whether there is such a one is asked of the catalog."""
    return plain(text, _MAX_LABEL).lower()


def parse_rdap_base(text: str) -> str:
    """Return the base URL of an RDAP server; empty: there is none."""
    return parse_page(text).url if text else ""


def parse_rdap_bootstrap(text: str) -> str:
    """Return the address of the list of RDAP servers; empty: it is not asked for."""
    return parse_page(text).url if text else ""


def parse_server_name(text: str) -> str:
    """Return the host name or the address of a server, without a port."""
    return text.strip() if is_address(text.strip()) else parse_host(text)


def parse_whois_override(text: str) -> str:
    """Return `host` or `host:port` of a WHOIS server; empty: there is none."""
    return parse_whois_server(text) if text else ""


def parse_user_agent(text: str) -> str:
    """Return what the probe calls itself."""
    return parse_header_value(plain(text, 300))
