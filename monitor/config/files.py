"""Reads the files that a configuration consists of, and refuses what is none of them."""

import codecs
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.config.wording import shown

_VARIABLE: Final = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))(?=/|$)")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileError(Exception):
    """A file cannot be read; `line` is where, when that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the values of a configuration may refer to."""

    folder: Path
    """Relative paths begin here: where the configuration lies."""
    environ: Mapping[str, str]

    def path(self, text: str) -> Path:
        """Return the absolute path; `~` and a leading `$NAME` are replaced. Raises FileError."""
        if not text.strip() or not text.isprintable():
            message = "is empty" if not text.strip() else "has a control character"
            raise FileError(message)
        match = _VARIABLE.match(text)
        if match:
            text = self.variable(match[1] or match[2]) + text[match.end() :]
        elif text == "~" or text.startswith("~/"):
            text = self.variable("HOME") + text[1:]
        return (self.folder / text).absolute()

    def variable(self, name: str) -> str:
        """Return the value of an environment variable; raises FileError when unset or empty."""
        value = self.environ.get(name)
        if not (value or "").strip():
            state = "is not set" if value is None else "is empty"
            message = f"the environment variable {shown(name)} {state}"
            raise FileError(message)
        return value or ""


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a file of at most `most` bytes; raises FileError with the reason."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except IsADirectoryError:
        message = "is a directory, not a file"
    except FileNotFoundError:
        message = "there is no such file"
    except PermissionError:
        message = "may not be read by this user"
    except (OSError, ValueError) as error:
        message = f"cannot be read: {getattr(error, 'strerror', None) or 'not a path'}"
    else:
        if len(content) <= most:
            return content
        message = f"is larger than {most >> 20} MiB" if most >> 20 else f"is larger than {most >> 10} KiB"
    raise FileError(message)


def read_text(path: Path, most: int) -> str:
    """Return the text of a UTF-8 file, without its byte order mark; raises FileError."""
    content = read_bytes(path, most).removeprefix(codecs.BOM_UTF8)
    if content.startswith(_UTF16):
        message = "is UTF-16; save it as UTF-8"
        raise FileError(message, 1)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8: there is the byte 0x{content[error.start]:02x}; save it as UTF-8"
        raise FileError(message, line) from None


def is_folder_or_free(path: Path) -> bool:
    """Tell whether a directory is there, or could be made."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except NotADirectoryError:
        return False
    except OSError:
        return True
