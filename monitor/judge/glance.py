"""What a look aside is given, and what it gives back (`judge.aside` has the list of them)."""

from dataclasses import dataclass

from monitor.judge.news import News
from monitor.judge.view import View
from monitor.model import FollowUp, LowTtl, Memory, Observation


@dataclass(
    slots=True, kw_only=True, eq=False
)  # not frozen: one is made at every look, and that doubles its cost
class Aside:
    """What came of a look aside. The same memory, and nothing else, when nothing did."""

    memory: Memory
    news: tuple[News, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


@dataclass(
    slots=True, kw_only=True, eq=False
)  # not frozen: one is made at every look, and that doubles its cost
class Look:
    """What an aside may look at, besides the memory as it is by now."""

    before: Memory
    """As it was before the observation."""
    observation: Observation
    view: View
    """What the observation completes; the policy is in it."""
    low_ttls: tuple[LowTtl, ...] = ()
    """Records whose TTL is, and for how long it has been, a tenth of the usual one or less."""
