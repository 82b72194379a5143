"""What one HTTP request is told, and what becomes of it on the way."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from monitor.model import TlsFacts, TriedAddress


class Phase(StrEnum):
    """What a request is waiting for."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    HTTP = "http"


@dataclass(slots=True)
class Progress:
    """How far a probe has come."""

    phase: Phase = Phase.RESOLVE
    compare: bool = False
    """Whether what a resolver says is doubted (`Check.compare`)."""
    deadline: float | None = None
    """`loop.time()` at which the probe is cut off; None when nobody set a deadline."""


@dataclass(slots=True)
class Attempt:
    """One request over one fresh connection."""

    family: str = "auto"
    allow_private: bool = False
    verify_tls: bool = True
    at: str | None = None
    """The only address to connect to; None: those that the name leads to."""
    progress: Progress = field(default_factory=Progress)
    address: str | None = None
    port: int | None = None
    resolve_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    sent_at: float = 0.0
    """`clock.monotonic()` once the connection stood: the request goes out at that moment."""
    first_byte_at: float | None = None
    tls: TlsFacts | None = None
    tried: tuple[TriedAddress, ...] = ()
    verified: Callable[[], Sequence[bytes]] | None = None
    """Gives the chain that was verified (DER), the server's own certificate first; None: none was."""


# Set by `observe` around a whole probe, read by whatever the probe calls: when the deadline
# strikes, it tells which phase was reached. A context variable, for it concerns no signature between.
PROGRESS: Final[ContextVar[Progress | None]] = ContextVar("probe_progress", default=None)
