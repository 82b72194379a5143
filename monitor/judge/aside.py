"""What one observation may lead to besides a verdict and a change of provider.

Each of the `ASIDES` looks at one thing of its own: it may keep something in the memory, tell news, and ask
for another look. They run in this order, on the memory that the one before left, after what is believed
of the target has been weighed; none of them changes that.
"""

from collections.abc import Callable
from typing import Final

from monitor.judge import last_address, revocation, tell
from monitor.judge.content import look_at_page
from monitor.judge.desired import desired
from monitor.judge.early_signs import early_signs
from monitor.judge.expiry import expiring
from monitor.judge.glance import Aside, Look
from monitor.judge.registration import renew
from monitor.model import Memory, Status

__all__ = ["ASIDES", "Aside", "Look"]


def registration(memory: Memory, seen: Look) -> Aside:
    """Tell what reads differently in the registration."""
    renewal = renew(memory, seen.observation, seen.view.policy)
    news = (tell.registration(renewal.change),) if renewal.change else ()
    return Aside(memory=renewal.memory, news=news, follow_ups=renewal.follow_ups)


def last_known_address(memory: Memory, seen: Look) -> Aside:
    """Forget what the last known address said when the target is up again."""
    return Aside(memory=last_address.settled(memory, seen.view.policy, seen.observation))


def certificate(memory: Memory, seen: Look) -> Aside:
    """Have the authority of a certificate asked about it."""
    return Aside(memory=memory, follow_ups=revocation.ask(memory, seen.observation, seen.view.policy))


def page(memory: Memory, seen: Look) -> Aside:
    """Tell that another page has come to stay, on a target that is up all the same."""
    shown = seen.view.page if seen.view.http is seen.observation else None
    if shown is None or memory.verdict.status is not Status.UP or memory.suspected is not None:
        return Aside(memory=memory)
    renewal = look_at_page(memory, shown, seen.observation.ended_at)
    news = (tell.content(renewal.change),) if renewal.change else ()
    return Aside(memory=renewal.memory, news=news)


ASIDES: Final[tuple[Callable[[Memory, Look], Aside], ...]] = (
    registration,
    desired,
    early_signs,
    expiring,
    last_known_address,
    certificate,
    page,
)
