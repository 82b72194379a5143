"""What can go wrong with the store, decided on codes and told in one sentence."""

import errno
import sqlite3
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class StoreFailure(StrEnum):
    """The closed vocabulary of what a store may refuse."""

    BUSY = "busy"
    IN_USE = "in_use"
    FULL = "full"
    READ_ONLY = "read_only"
    CANNOT_OPEN = "cannot_open"
    NOT_A_DATABASE = "not_a_database"
    FOREIGN = "foreign"
    CORRUPT = "corrupt"
    NEWER = "newer"
    OLDER = "older"
    UNREACHABLE = "unreachable"
    UNSUPPORTED = "unsupported"
    UNSTORABLE = "unstorable"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


SENTENCE: Final[dict[StoreFailure, str]] = {
    StoreFailure.BUSY: "another process holds its write lock",
    StoreFailure.IN_USE: "another daemon is running on it",
    StoreFailure.FULL: "there is no space left for it",
    StoreFailure.READ_ONLY: "it may only be read",
    StoreFailure.CANNOT_OPEN: "it cannot be opened or created",
    StoreFailure.NOT_A_DATABASE: "the file is not a SQLite database",
    StoreFailure.FOREIGN: "the database belongs to another program",
    StoreFailure.CORRUPT: "it is damaged",
    StoreFailure.NEWER: "it was written by a newer monitor",
    StoreFailure.OLDER: "it was written by an older monitor; start the daemon once to migrate it",
    StoreFailure.UNREACHABLE: "the database server cannot be reached or refuses the login",
    StoreFailure.UNSUPPORTED: "the address is not one of sqlite:///FILE, sqlite:// or postgresql+asyncpg://…",
    StoreFailure.UNSTORABLE: "a state cannot be written as JSON",
    StoreFailure.REJECTED: "the database rejects a value",
    StoreFailure.UNKNOWN: "the database reports something unexpected",
}

# https://www.sqlite.org/rescode.html: the low byte is the primary result code.
_SQLITE: Final[dict[int, StoreFailure]] = {
    sqlite3.SQLITE_BUSY: StoreFailure.BUSY,
    sqlite3.SQLITE_LOCKED: StoreFailure.BUSY,
    sqlite3.SQLITE_FULL: StoreFailure.FULL,
    sqlite3.SQLITE_READONLY: StoreFailure.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StoreFailure.CANNOT_OPEN,
    sqlite3.SQLITE_PERM: StoreFailure.CANNOT_OPEN,
    sqlite3.SQLITE_AUTH: StoreFailure.CANNOT_OPEN,
    sqlite3.SQLITE_NOTADB: StoreFailure.NOT_A_DATABASE,
    sqlite3.SQLITE_CORRUPT: StoreFailure.CORRUPT,
    sqlite3.SQLITE_CONSTRAINT: StoreFailure.REJECTED,
    sqlite3.SQLITE_MISMATCH: StoreFailure.REJECTED,
    sqlite3.SQLITE_TOOBIG: StoreFailure.REJECTED,
    sqlite3.SQLITE_RANGE: StoreFailure.REJECTED,
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html: class, then single codes.
_SQLSTATE: Final[dict[str, StoreFailure]] = {
    "08": StoreFailure.UNREACHABLE,
    "22": StoreFailure.REJECTED,
    "23": StoreFailure.REJECTED,
    "28": StoreFailure.UNREACHABLE,
    "3D": StoreFailure.UNREACHABLE,
    "57": StoreFailure.UNREACHABLE,
    "40": StoreFailure.BUSY,
    "55": StoreFailure.BUSY,
    "53": StoreFailure.FULL,
    "25": StoreFailure.READ_ONLY,
    "XX": StoreFailure.CORRUPT,
}

_ERRNO: Final[dict[int, StoreFailure]] = {
    errno.ENOSPC: StoreFailure.FULL,
    errno.EDQUOT: StoreFailure.FULL,
    errno.EROFS: StoreFailure.READ_ONLY,
    errno.ENOENT: StoreFailure.CANNOT_OPEN,
    errno.EACCES: StoreFailure.CANNOT_OPEN,
    errno.EPERM: StoreFailure.CANNOT_OPEN,
    errno.ENOTDIR: StoreFailure.CANNOT_OPEN,
    errno.EISDIR: StoreFailure.CANNOT_OPEN,
    errno.EEXIST: StoreFailure.CANNOT_OPEN,
    errno.ECONNREFUSED: StoreFailure.UNREACHABLE,
}


class StoreError(Exception):
    """The store cannot do what was asked; `failure` says why, the text is one sentence for people."""

    def __init__(self, failure: StoreFailure, place: str, detail: str = "") -> None:
        more = f" ({detail})" if detail else ""
        super().__init__(f"the store {place} cannot be used: {SENTENCE[failure]}{more}")
        self.failure = failure
        self.place = place


class UnstorableError(StoreError):
    """The state or an event of one target cannot be written as JSON; the others can."""

    def __init__(self, target: str, detail: str) -> None:
        super().__init__(StoreFailure.UNSTORABLE, f"row of {target}", detail)
        self.target = target


def classify(error: BaseException) -> tuple[StoreFailure, str]:
    """Return what an exception of the database, its driver or the file system means, and a short detail."""
    if isinstance(error, PoolTimeoutError):
        return StoreFailure.BUSY, "no connection became free"
    cause: BaseException | None = error
    while cause is not None:
        failure = _of_code(cause)
        if failure is not None:
            return failure, type(cause).__name__ if failure is StoreFailure.UNKNOWN else ""
        cause = (cause.orig if isinstance(cause, DBAPIError) else None) or cause.__cause__
    if isinstance(error, TimeoutError | OSError):
        return StoreFailure.UNREACHABLE, type(error).__name__
    return StoreFailure.UNKNOWN, f"{type(error).__name__}: {error}"[:200]


def _of_code(error: BaseException) -> StoreFailure | None:
    """Return what the error's own code means; None when it has none."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        # I/O errors (10) come with their cause in the high byte; a missing or broken disk is not "unknown".
        if code & 0xFF == sqlite3.SQLITE_IOERR:
            return StoreFailure.CORRUPT
        return _SQLITE.get(code & 0xFF, StoreFailure.UNKNOWN)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _SQLSTATE.get(state[:2], StoreFailure.UNKNOWN)
    if isinstance(error, OSError) and error.errno is not None:
        return _ERRNO.get(error.errno)
    return None
