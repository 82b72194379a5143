"""How often the app stores are asked: what each may still be, of all checks together."""

from datetime import datetime
from typing import Final

from monitor.probe.allowance import Allowance, Rate

_BURST: Final = 10


class Stores:
    """An allowance for each store, by its host. One for a running monitor; used from its event loop only."""

    def __init__(self) -> None:
        self._allowances: dict[str, Allowance] = {}

    def of(self, host: str, per_s: float, now: datetime) -> Allowance:
        """Return what the store at `host` may be asked: `per_s` questions a second, a few at once."""
        known = self._allowances.get(host)
        if known is None:
            known = self._allowances[host] = Allowance(Rate(per_s=per_s, burst=_BURST), now)
        return known
