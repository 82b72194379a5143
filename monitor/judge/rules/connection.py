"""Rules about the way to a server: its address, and its certificate."""

from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.rule import Rule, failed
from monitor.model import Layer, Status

CONNECTION: Final[tuple[Rule, ...]] = (
    Rule(
        id="network.unreachable",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The address does not answer.",
        matches=failed(Failure.TCP_TIMEOUT, Failure.TCP_UNREACHABLE, Failure.TLS_TIMEOUT),
    ),
    Rule(
        id="network.refused",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The address refuses the connection.",
        matches=failed(Failure.TCP_REFUSED, Failure.TCP_RESET),
    ),
    Rule(
        id="tls.expired",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="The certificate has expired.",
        matches=failed(Failure.TLS_EXPIRED),
    ),
    Rule(
        id="tls.invalid",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers, but its certificate or handshake cannot be accepted.",
        matches=failed(
            Failure.TLS_NOT_YET_VALID, Failure.TLS_HOSTNAME, Failure.TLS_UNTRUSTED, Failure.TLS_HANDSHAKE
        ),
    ),
)
