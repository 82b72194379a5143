"""How long the readers are fuzzed by the full tests, and how."""

import os
import time
from collections.abc import Callable
from typing import Final

FUZZ_S: Final = float(os.environ.get("FUZZ_S", "10"))
"""Seconds for each reader, under the `full` marker; a minute in `make fuzz`."""
ROUND: Final = 200
"""Examples in a round of hypothesis: the clock is looked at between rounds."""


def for_a_while(play_round: Callable[[], None]) -> int:
    """Play rounds for FUZZ_S seconds; return how many. What a round raises ends it."""
    end, rounds = time.monotonic() + FUZZ_S, 0
    while time.monotonic() < end:
        play_round()
        rounds += 1
    return rounds
