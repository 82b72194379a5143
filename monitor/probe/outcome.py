"""What a question to a registration server came to: the closed vocabulary of asking.

Only ANSWERED is ever compared with what was known before. NOT_REGISTERED is an answer too, but to
a name that is known to be registered it is believed only with other signs (`monitor.judge`); all
others say something about the server, and nothing about the domain.
"""

from enum import StrEnum
from typing import Final

from monitor.failure import Failure
from monitor.model import RegistrationFacts


class Outcome(StrEnum):
    """How one question ended."""

    ANSWERED = "answered"
    NOT_REGISTERED = "not_registered"
    LIMITED = "limited"
    UNREACHABLE = "unreachable"
    UNPARSABLE = "unparsable"


# A failure that is not here is of this machine, and no outcome of a question.
_OF_FAILURE: Final = {
    Failure.REGISTRATION_LIMITED: Outcome.LIMITED,
    Failure.REGISTRATION_UNREACHABLE: Outcome.UNREACHABLE,
    Failure.REGISTRATION_TIMEOUT: Outcome.UNREACHABLE,
    Failure.REGISTRATION_UNPARSABLE: Outcome.UNPARSABLE,
}


def outcome_of(ended: RegistrationFacts | Failure) -> Outcome | None:
    """Return the outcome of a question that gave facts or a failure; None: it is not the server's."""
    if isinstance(ended, RegistrationFacts):
        return Outcome.ANSWERED if ended.registered else Outcome.NOT_REGISTERED
    return _OF_FAILURE.get(ended)
