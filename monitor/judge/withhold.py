"""What is made of an observation while the monitor itself is cut off: nothing, and nothing is forgotten.

What was known stays as it was: what was last seen, who stands behind a layer, an incident that was
open. Only the status is given up, for nobody knows it now, and so is what was suspected: those looks
were our own trouble, too. The run itself is not counted: nobody looked.
"""

from dataclasses import replace
from datetime import datetime

from monitor.judge.tally import account
from monitor.model import Memory, Observation, Policy, Pulse, Status, TargetState, Verdict


def withhold(
    state: TargetState, observation: Observation, offline: Verdict, since: datetime, policy: Policy
) -> TargetState:
    """Return the state after an observation that says nothing; `since`: when the monitor was cut off."""
    memory = _given_up(state.memory, offline, since)
    pulse = state.pulse
    if observation.probe is policy.lead and not observation.part:
        pulse = _unknown(pulse, state.memory, since, observation.ended_at)
    return replace(state, seq=state.seq + 1, pulse=pulse, memory=memory)


def _given_up(memory: Memory, offline: Verdict, since: datetime) -> Memory:
    if memory.suspected is None and memory.verdict.same_as(offline):
        return memory
    was_unknown = memory.verdict.status is Status.UNKNOWN
    return replace(
        memory,
        verdict=offline,
        since=memory.since if was_unknown and memory.since else _begun(memory, since),
        suspected=None,
        suspected_since=None,
    )


def _begun(memory: Memory, since: datetime) -> datetime:
    """Return from when on nothing is known: from the first look that our own trouble spoilt."""
    return min(since, memory.suspected_since) if memory.suspected_since else since


def _unknown(pulse: Pulse, memory: Memory, since: datetime, until: datetime) -> Pulse:
    begun = min(_begun(memory, since), until)
    # An earlier moment than is accounted for would pass for a clock that was set back.
    if pulse.accounted_until is not None and begun > pulse.accounted_until:
        pulse = account(pulse, memory.verdict.status, begun)
    return replace(account(pulse, Status.UNKNOWN, until), suspicion=0)
