"""How a probe says that it did not get its facts."""

from monitor.failure import Failure
from monitor.model import Facts


class ProbeError(Exception):
    """A failure on the wire that the code at that place could name exactly.

    Carries the facts gathered before it, so that a certificate seen on an expired handshake, or
    the answers of a zone whose host does not exist, are not lost.
    """

    def __init__(self, failure: Failure, detail: str = "", *, facts: Facts | None = None) -> None:
        super().__init__(f"{failure}: {detail}" if detail else str(failure))
        self.failure = failure
        self.detail = detail
        self.facts = facts
