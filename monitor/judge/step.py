"""One observation in, the next state and what is to be told out.

The order: the time is accounted for, the layers are compared, the verdict is drawn and weighed,
whatever was confirmed becomes events, and what else there is to see is looked at aside. Everything
is a value; the moment arrives inside the observation. The same sequence of observations yields the
same states and events, always.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.judge import change, last_address, tell, ttl
from monitor.judge.announced import mark
from monitor.judge.aside import ASIDES, Look
from monitor.judge.diagnose import assess
from monitor.judge.incident import live
from monitor.judge.investigate import close, investigate, note
from monitor.judge.news import News, number
from monitor.judge.page import learn
from monitor.judge.parts import hear, overall, weigh_parts
from monitor.judge.remember import count_run, remember
from monitor.judge.status import Belief, is_there, weigh
from monitor.judge.tally import account, gap, unwatched
from monitor.judge.view import View, look
from monitor.judge.withhold import withhold
from monitor.model import (
    CALM,
    Attribution,
    Circumstance,
    Event,
    FollowUp,
    Memory,
    Observation,
    Policy,
    Pulse,
    Status,
    TargetState,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one observation leads to."""

    state: TargetState
    events: tuple[Event, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


def step(
    state: TargetState,
    observation: Observation,
    attributions: tuple[Attribution, ...],
    policy: Policy,
    circumstance: Circumstance = CALM,
) -> Step:
    """Return the state after `observation`, with the events it leads to and the checks it asks for.

    `attributions` are those of this observation, at most one a layer; `circumstance` is what the other
    targets and the controls show. Pure and total: any sequence of observations is accepted, late and
    repeated ones too.
    """
    if circumstance.offline_since is not None:
        view = look(state.memory, observation, policy, circumstance)
        return Step(state=withhold(state, observation, assess(view), circumstance.offline_since, policy))
    if observation.part:
        return _part(state, observation, policy, circumstance)
    view = look(state.memory, observation, policy, circumstance)
    front = assess(view)
    verdict = overall(front, state.memory.parts)
    moves = change.move(state.memory.layers, observation, attributions, policy, state.pulse)
    memory = remember(state.memory, observation, well=front.status is Status.UP)
    if memory.suspected is not None and _after_gap(state.pulse, observation, policy):
        memory = replace(memory, suspected=None, suspected_since=None)
    memory = note(memory, observation, policy)
    if moves.layers is not memory.layers:
        memory = replace(memory, layers=moves.layers)
    belief = weigh(memory, _timed(state, observation, policy), verdict, observation, policy, circumstance)
    turn = live(belief, observation, policy, state.target, circumstance.outage)
    memory = _learn(turn.memory, view, front, observation)
    told = [*turn.news, *(tell.provider(moved) for moved in moves.changes)]
    follow_ups = [*belief.follow_ups, *turn.follow_ups, *moves.follow_ups]
    memory, low_ttls = ttl.follow(memory, state.memory, state.pulse.low_ttls, observation, policy)
    seen = Look(before=state.memory, observation=observation, view=view, low_ttls=low_ttls)
    for aside in ASIDES:
        outcome = aside(memory, seen)
        memory = outcome.memory
        told += outcome.news
        follow_ups += outcome.follow_ups
    memory = close(state.memory, memory)
    follow_ups += investigate(state.memory, memory, view, belief.pulse.runs)
    follow_ups += last_address.ask(state, memory, observation, policy)
    pulse = _settle(belief, memory, observation, policy)
    if moves.rotations is not state.pulse.rotations:
        pulse = replace(pulse, rotations=moves.rotations)
    if low_ttls is not state.pulse.low_ttls:
        pulse = replace(pulse, low_ttls=low_ttls)
    seq = state.seq + 1
    return Step(
        state=TargetState(
            target=state.target,
            seq=seq,
            pulse=pulse,
            memory=memory,
        ),
        events=_events(told, state.target, seq, observation, policy) if told else (),
        follow_ups=tuple(follow_ups),
    )


def _part(state: TargetState, observation: Observation, policy: Policy, circumstance: Circumstance) -> Step:
    """Return what an observation of a part leads to: of the target itself it shows nothing."""
    seen = hear(state.memory, state.pulse, observation, policy, circumstance)
    belief = weigh_parts(seen, observation)
    turn = live(belief, observation, policy, state.target)
    seq = state.seq + 1
    told = (*turn.news, *seen.news)
    return Step(
        state=TargetState(target=state.target, seq=seq, pulse=seen.pulse, memory=turn.memory),
        events=_events(told, state.target, seq, observation, policy) if told else (),
        follow_ups=(*seen.follow_ups, *turn.follow_ups),
    )


def _events(
    told: Sequence[News], target: str, seq: int, observation: Observation, policy: Policy
) -> tuple[Event, ...]:
    """Return the events of a step, each with what was announced of it."""
    at = observation.ended_at
    return number(mark(told, policy.announcements, at) if policy.announcements else told, target, seq, at)


def _timed(state: TargetState, observation: Observation, policy: Policy) -> Pulse:
    """Return the pulse with this run in it, and unwatched time given to nobody."""
    pulse = count_run(state.pulse, observation)
    if observation.probe is not policy.lead:
        return pulse
    if unwatched(observation, _last_run(state.pulse, observation)):
        return account(pulse, Status.UNKNOWN, observation.ended_at)
    if state.memory.suspected is None:
        return account(pulse, state.memory.verdict.status, observation.started_at)
    return pulse


def _after_gap(pulse: Pulse, observation: Observation, policy: Policy) -> bool:
    """Tell whether a suspicion is too old to go on with: looks hours apart are not in a row."""
    return observation.probe is policy.lead and gap(observation, _last_run(pulse, observation))


def _last_run(pulse: Pulse, observation: Observation) -> datetime | None:
    return next((run.at for run in pulse.runs if run.probe is observation.probe), None)


def _settle(belief: Belief, memory: Memory, observation: Observation, policy: Policy) -> Pulse:
    """Return the pulse with the time that waited for the outcome of a suspicion."""
    if observation.probe is not policy.lead or memory.suspected is not None:
        return belief.pulse
    return account(belief.pulse, memory.verdict.status, observation.ended_at)


def _learn(memory: Memory, view: View, verdict: Verdict, observation: Observation) -> Memory:
    """Return the memory with the page of a target that is confirmed up as its baseline."""
    confirmed_up = is_there(memory.verdict) and verdict.status is Status.UP
    if not confirmed_up or view.page is None or observation.probe is not view.policy.lead:
        return memory
    baseline = learn(memory.baseline, view.page, observation.ended_at)
    return memory if baseline is memory.baseline else replace(memory, baseline=baseline)
