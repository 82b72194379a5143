"""Targets from files: one domain a line, or CSV, for people with ten thousand of them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monitor.config.files import FileError, Surroundings, read_text
from monitor.config.problem import Place, Problems
from monitor.config.values import parse_label_key, parse_label_value, parse_target_name
from monitor.config.wording import listed, meant, shown, trimmed
from monitor.model import REGULAR

_COLUMNS: Final = ("domain", "name", "url", "labels")
_LONGEST_FILE: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTarget:
    """What a line can say about a target; the rest is as in a `[[targets]]` that does not say it."""

    domain: str | None
    name: str | None = None
    url: str | None = None
    labels: Mapping[str, str] | None = None
    probes: Sequence[str] = REGULAR
    http: None = None
    dns: None = None
    registration: None = None
    delegation: None = None
    expect: None = None
    pages: tuple[()] = ()
    policy: None = None
    listings: tuple[()] = ()
    announcements: tuple[()] = ()


Row = tuple[Place, ListedTarget]


def read_lists(names: list[str], around: Surroundings, problems: Problems) -> Iterator[Row]:
    """Yield the targets of every file of `targets_from`, in order."""
    seen: dict[Path, str] = {}
    for index, name in enumerate(names):
        place = Place(("targets_from", index))
        try:
            path = around.path(name)
            if path in seen:
                problems.add(place, f"{shown(name)} is named twice")
                continue
            seen[path] = name
            if path.suffix.lower() not in (".txt", ".csv"):
                problems.add(
                    place, f"{shown(name)} is neither .txt (one domain a line) nor .csv (with a header)"
                )
                continue
            text = read_text(path, _LONGEST_FILE)
        except FileError as error:
            line = f" (line {error.line})" if error.line else ""
            problems.add(place, f"{shown(name)}: {error}{line}")
            continue
        rows = _csv_rows if path.suffix.lower() == ".csv" else _text_rows
        yield from rows(text, Place((), str(path), 0, place.loc), problems)


def _text_rows(text: str, place: Place, _problems: Problems) -> Iterator[Row]:
    """Yield a target for each line; `#` begins a comment at the start of a line or after a space."""
    for number, line in enumerate(text.split("\n"), 1):
        name = trimmed(line)
        if "#" in name:
            name = "" if name.startswith("#") else name.split(" #", 1)[0].split("\t#", 1)[0].rstrip()
        if name:
            yield Place((), place.file, number, place.named_at), ListedTarget(domain=name)


def _csv_rows(text: str, place: Place, problems: Problems) -> Iterator[Row]:
    """Yield a target for each row below the header."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            at = Place((), place.file, reader.line_num, place.named_at)
            problems.add(at, "is not CSV: a quotation mark is missing, or a field is longer than 128 KiB")
            return
        at = Place((), place.file, max(reader.line_num, 1), place.named_at)
        if cells is None:
            if columns is None:
                problems.add(at, f"is empty; the first line is a header: {','.join(_COLUMNS)}")
            return
        if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
            continue
        if columns is None:
            columns = _header(cells, at, problems)
            if columns is None:
                return
            continue
        if len(cells) != len(columns):
            problems.add(at, f"has {len(cells)} fields; the header has {len(columns)} ({', '.join(columns)})")
            continue
        yield at, _row(dict(zip(columns, map(trimmed, cells), strict=True)), at, problems)


def _header(cells: list[str], at: Place, problems: Problems) -> list[str] | None:
    """Return the columns that the first row names; None when it is no header."""
    columns = [trimmed(cell).lower() for cell in cells]
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        problems.add(at, f"{shown(columns[0])}: columns are parted by commas")
        return None
    if "domain" not in columns:
        what = f"the first line is a header with a column domain, not {shown(','.join(cells))}"
        problems.add(at, what)
        return None
    unknown = [column for column in columns if column not in _COLUMNS]
    for column in unknown:
        known = listed(_COLUMNS, "and")
        problems.add(at, f"unknown column {shown(column)}{meant(column, _COLUMNS) or f'; there are {known}'}")
    if len(set(columns)) < len(columns):
        problems.add(at, "the header has a column twice")
        return None
    return None if unknown else columns


def _row(cells: dict[str, str], at: Place, problems: Problems) -> ListedTarget:
    """Return the target of one row; an empty field is one that was left out."""
    values: dict[str, Any] = {"domain": cells["domain"]}
    if cells.get("name"):
        try:
            values["name"] = parse_target_name(cells["name"])
        except ValueError as error:
            problems.add(at.at("name"), str(error))
    if cells.get("url"):
        values["url"] = cells["url"]
    if cells.get("labels"):
        values["labels"] = _labels(cells["labels"], at.at("labels"), problems)
    return ListedTarget(**values)


def _labels(text: str, at: Place, problems: Problems) -> dict[str, str]:
    """Return the labels of `key=value;key=value`."""
    labels: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            problems.add(at, f'{shown(part)} is not "key=value" (several are parted by ";")')
            continue
        if key in labels:
            problems.add(at.at(key), "is there twice")
            continue
        try:
            labels[parse_label_key(key)] = parse_label_value(value)
        except ValueError as error:
            problems.add(at.at(key), str(error))
    return labels
