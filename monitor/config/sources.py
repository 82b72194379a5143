"""Secrets from the file itself, from another file, or from the environment: exactly one of them."""

from collections.abc import Callable
from typing import Final

from monitor.config.files import FileError, Surroundings, read_text
from monitor.config.problem import Place, Problems
from monitor.config.schema import Headers, HeaderSource, Table
from monitor.config.secret import Secret
from monitor.config.values import parse_header_value
from monitor.config.wording import listed, shown

_LONGEST: Final = 64 << 10


class Sources:
    """Fetches values that may be kept out of the configuration."""

    def __init__(self, around: Surroundings, problems: Problems) -> None:
        self._around = around
        self._problems = problems

    def one(self, table: Table, place: Place, key: str, *, required: bool) -> tuple[Place, str] | None:
        """Return the value of `key`, `key_file` or `key_env`, and where it was written.

        None: none of them is given, or what is given cannot be used; every mistake is noted.
        """
        keys = [name for name in (key, f"{key}_file", f"{key}_env") if name in type(table).model_fields]
        given = [name for name in keys if getattr(table, name) is not None]
        if any(self._problems.touch((*place.loc, name)) for name in keys):
            return None
        if len(given) > 1:
            self._problems.add(place.at(given[1]), f"{listed(given, 'and')} are given; keep one of them")
            return None
        if not given:
            if required:
                self._problems.add(place.at(key), f"is missing; write one of {listed(keys)}")
            return None
        at, text = place.at(given[0]), str(getattr(table, given[0]))
        try:
            return at, self._fetch(text, given[0].removeprefix(key))
        except FileError as error:
            self._problems.add(at, str(error))
            return None

    def _fetch(self, text: str, source: str) -> str:
        """Return the value itself; raises FileError."""
        fetchers: dict[str, Callable[[str], str]] = {
            "_file": self._from_file,
            "_env": self._around.variable,
        }
        value = fetchers[source](text) if source else text
        if not value.strip():
            message = "is empty"
            raise FileError(message)
        return value.strip()

    def _from_file(self, text: str) -> str:
        """Return the only line of a file; raises FileError."""
        try:
            value = read_text(self._around.path(text), _LONGEST).strip()
        except FileError as error:
            # A line is told of files that could be opened, and those hold a secret.
            message = f"{shown(text)}: {'is not a text in UTF-8' if error.line else error}"
            raise FileError(message) from None
        if not value or not value.isprintable():
            fault = "holds more than one line, or control characters" if value else "is empty"
            message = f"{shown(text)}: {fault}; it should hold the secret and nothing else"
            raise FileError(message)
        return value

    def headers(self, headers: Headers, place: Place) -> tuple[tuple[str, Secret], ...]:
        """Return the headers with their values; every mistake is noted."""
        found = []
        seen: dict[str, str] = {}
        for name, source in headers.items():
            first = seen.setdefault(name.lower(), name)
            if first != name:
                self._problems.add(place.at(name), f"is the same header as {first}")
            value = self._header(source, place.at(name))
            if value is not None:
                found.append((name, Secret(value)))
        return tuple(found)

    def _header(self, source: HeaderSource, at: Place) -> str | None:
        """Return the value of a header; None: it cannot be had, and that is noted."""
        if source.value is not None:
            return source.value
        key, text = ("env", source.env) if source.env is not None else ("file", source.file)
        try:
            return parse_header_value(self._fetch(text or "", f"_{key}"))
        except (FileError, ValueError) as error:
            self._problems.add(at.at(key), str(error))
            return None
