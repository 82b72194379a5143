"""The way to a server, in one line: addresses that gave no connection, and what the last known one says."""

from monitor.model import HttpFacts, LastAddressFacts, Observation
from monitor.terminal import paint


def tried(facts: HttpFacts) -> str:
    """Return the addresses that gave no connection, each with how it ended."""
    return " ".join(f"{one.address} ({one.failure})" for one in facts.tried)


def last_address(observation: Observation, facts: LastAddressFacts) -> str:
    """Return what the address at which a target was last up says now."""
    good = f"{facts.asked_address}, last good {paint.moment(facts.last_good_at)}"
    if observation.failure is not None or facts.answer is None:
        return f"{good}: {observation.failure}"
    title = f" “{facts.answer.title}”" if facts.answer.title else ""
    return f"{good}: {facts.answer.status}{title}, {facts.answer.text_length} characters"
