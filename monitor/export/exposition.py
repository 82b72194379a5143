"""Prometheus text format 0.0.4: how a family, a label and a number are written.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Kind(StrEnum):
    """The TYPE of a family."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All samples of one name: they stand together, under one HELP and one TYPE."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]

    @property
    def header(self) -> bytes:
        """Return the lines that stand above the samples."""
        text = self.help.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {self.name} {text}\n# TYPE {self.name} {self.kind}\n".encode()


def escape(value: str) -> str:
    """Return a label value as it stands between quotes."""
    if not value.isascii():
        # A lone surrogate (a byte that was not UTF-8) cannot be encoded, and would end the scrape.
        value = value.encode("utf-8", "backslashreplace").decode()
    return value.translate(_ESCAPES)


def number(value: float) -> str:
    """Return a number in the form that Go parses: `1`, `0.25`, `1e+16`; to the microsecond."""
    rounded = round(value, 6)
    whole = int(rounded)
    return str(whole) if whole == rounded else repr(rounded)


def moment(value: datetime) -> str:
    """Return seconds since 1970."""
    return number(value.timestamp())
