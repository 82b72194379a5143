"""What is known about asking registries: whose turn it is, what they said before, what IANA said."""

from dataclasses import dataclass, field
from typing import Final, Self

from monitor.clock import SystemClock
from monitor.probe.iana import TldServers
from monitor.probe.rdap_answers import RdapAnswers
from monitor.probe.turn_line import Pace
from monitor.probe.turns import Turns

IANA_WHOIS: Final = ("whois.iana.org", 43)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One for a running monitor. Closed with its `turns`."""

    turns: Turns
    iana: tuple[str, int] | None = IANA_WHOIS
    """Who is asked for the WHOIS server of a top-level domain; None: nobody."""
    answers: RdapAnswers = field(default_factory=RdapAnswers)
    tlds: TldServers = field(default_factory=TldServers)

    @classmethod
    def usual(cls) -> Self:
        """Return the usual manners, by the clock of the machine."""
        return cls(turns=Turns(clock=SystemClock(), pace=Pace()))
