"""What publishers write, read to the last row: a list that is not as it should be is no list.

Each reader takes the bytes of one file and yields `(prefix, service)`; `""`: the provider names no service.
Whatever is wrong (a page instead of data, a missing key, a row that is no prefix) is a FormatError.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final, NoReturn

from monitor.attribute.build_as_table import Row as AsRow
from monitor.attribute.networks import number_of

Published = Iterator[tuple[str, str]]

# Of GitHub's lists those that answer; the others (`actions`, …) are rented machines of another provider.
_GITHUB: Final = ("hooks", "web", "api", "git", "packages", "pages", "importer")
_IPTOASN_FIELDS: Final = 5
_LAST_NUMBER: Final = (1 << 32) - 1


class FormatError(ValueError):
    """What was published cannot be read; the message says where."""


def aws(raw: bytes) -> Published:
    """Read ip-ranges.json (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html)."""
    document = _object(raw)
    for row in _rows(document, "prefixes"):
        yield _text(row, "ip_prefix"), _text(row, "service")
    for row in _rows(document, "ipv6_prefixes"):
        yield _text(row, "ipv6_prefix"), _text(row, "service")


def azure(raw: bytes) -> Published:
    """Read a file of service tags: `values[].properties.addressPrefixes`."""
    for row in _rows(_object(raw), "values"):
        tag, properties = _text(row, "name"), row.get("properties")
        if not isinstance(properties, dict):
            _fail("a service tag has no properties")
        for prefix in _texts(properties, "addressPrefixes"):
            yield prefix, tag.upper()


def google(raw: bytes) -> Published:
    """Read goog.json or cloud.json: `prefixes[]` with `ipv4Prefix` or `ipv6Prefix`."""
    for row in _rows(_object(raw), "prefixes"):
        yield _text(row, "ipv6Prefix" if "ipv6Prefix" in row else "ipv4Prefix"), ""


def oracle(raw: bytes) -> Published:
    """Read public_ip_ranges.json: `regions[].cidrs[].cidr`."""
    for region in _rows(_object(raw), "regions"):
        for row in _rows(region, "cidrs"):
            yield _text(row, "cidr"), ""


def zscaler(raw: bytes) -> Published:
    """Read the data centres (`range` inside cloud, continent and city) or the hubs (`hubPrefixes`)."""
    document = _object(raw)
    if "hubPrefixes" in document:
        for prefix in _texts(document, "hubPrefixes"):
            yield prefix, ""
        return
    for cloud in _tables(document):
        for continent in _tables(cloud):
            for city in continent.values():
                if not isinstance(city, list):
                    _fail("a city is no list")
                for row in city:
                    # Some rows name a host only.
                    if prefix := _text(row, "range", empty=True):
                        yield prefix, ""


def github(raw: bytes) -> Published:
    """Read the API's meta document; lists that it does not have (any more) are passed over."""
    document = _object(raw)
    if not any(key in document for key in _GITHUB):
        _fail("has none of the lists")
    for key in _GITHUB:
        for prefix in _texts(document, key) if key in document else ():
            yield prefix, ""


def keys(*names: str) -> Callable[[bytes], Published]:
    """Return a reader of an object with lists of prefixes under these keys."""

    def read(raw: bytes) -> Published:
        document = _object(raw)
        for name in names:
            for prefix in _texts(document, name):
                yield prefix, ""

    return read


def lines(raw: bytes) -> Published:
    """Read one prefix a line."""
    for line in _decoded(raw).split():
        yield line, ""


def geofeed(raw: bytes) -> Published:
    """Read a geofeed (RFC 8805): the prefix is the first of the fields; `#` begins a comment."""
    for fields in csv.reader(_decoded(raw).split("\n")):
        if fields and not fields[0].startswith("#"):
            yield fields[0].strip(), ""


FORMATS: Final[Mapping[str, Callable[[bytes], Published]]] = {
    "aws": aws,
    "azure": azure,
    "fastly": keys("addresses", "ipv6_addresses"),
    "gcore": keys("addresses", "addresses_v6"),
    "geofeed": geofeed,
    "github": github,
    "google": google,
    "imperva": keys("ipRanges", "ipv6Ranges"),
    "lines": lines,
    "oracle": oracle,
    "zscaler": zscaler,
}


def read(form: str, raw: bytes) -> list[tuple[str, str]]:
    """Return the prefixes and services of one file, in normal spelling; raises FormatError."""
    found = []
    try:
        for text, service in FORMATS[form](raw):
            found.append((_prefix(text), service))
    except (ValueError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        message = f"cannot be read: {str(error)[:200]}"
        raise FormatError(message) from error
    if not found:
        _fail("is empty")
    return found


def iptoasn(raw: bytes) -> tuple[list[AsRow], list[AsRow]]:
    """Return the ranges of IPv4 and of IPv6: `first, last, AS number, country, name`, by tabulators.

    AS number 0 means that nobody announces the range. Raises FormatError.
    """
    v4: list[AsRow] = []
    v6: list[AsRow] = []
    for number, line in enumerate(_decoded(raw).rstrip("\n").split("\n"), 1):
        fields = line.rstrip("\r").split("\t", 4)
        first = number_of(fields[0])
        last = number_of(fields[1]) if len(fields) == _IPTOASN_FIELDS else None
        if first is None or last is None or first[0] is not last[0] or first > last:
            _fail(f"line {number} is no range of addresses")
        asn = int(fields[2]) if fields[2].isascii() and fields[2].isdigit() else -1
        if not 0 <= asn <= _LAST_NUMBER:
            _fail(f"line {number} has no AS number")
        if asn:
            (v6 if first[0] else v4).append((first[1], last[1], asn, " ".join(fields[4].split())))
    if not v4 or not v6:
        _fail("has no ranges of one of the two kinds of addresses")
    return v4, v6


def _object(raw: bytes) -> dict[str, Any]:
    document = json.loads(raw)
    if not isinstance(document, dict):
        _fail("is no JSON object")
    return document


def _rows(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = table.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        _fail(f"has no list of objects {key!r}")
    return rows


def _tables(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for inner in table.values():
        if not isinstance(inner, dict):
            _fail("has something else where a table should be")
        yield inner


def _texts(table: dict[str, Any], key: str) -> list[str]:
    texts = table.get(key)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        _fail(f"has no list of texts {key!r}")
    return texts


def _text(row: object, key: str, *, empty: bool = False) -> str:
    text = row.get(key) if isinstance(row, dict) else None
    if not isinstance(text, str) or not (text or empty):
        _fail(f"a row has no text {key!r}")
    return text


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8-sig")


def _prefix(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError as error:
        message = f"{text[:60]!r} is no prefix"
        raise FormatError(message) from error


def _fail(problem: str) -> NoReturn:
    raise FormatError(problem)
