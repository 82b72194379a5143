"""What a check that was taken out of the configuration leaves behind: nothing that looks like news."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from monitor.judge.change import layers_of
from monitor.judge.early_signs import SEEN_BY
from monitor.judge.sightings import in_sight, previous
from monitor.model import LayerState, Policy, Probe, Pulse, TargetState


def forget(
    state: TargetState,
    probes: Collection[Probe],
    policy: Policy,
    at: datetime,
    *,
    parts: Collection[tuple[Probe, str]] = (),
) -> TargetState:
    """Return the state without the last words of probes that no longer run; itself if there are none.

    `probes`: of the target itself; `parts`: what is looked at besides it, by probe and name. Layers that only
    they could see are not known from `at` on; who stood there last stays.
    """
    state = _without_parts(state, parts)
    if all(run.probe in probes for run in state.pulse.runs):
        return state
    visible = {layer for probe in probes for layer in layers_of(probe, policy)}
    runs = tuple(run for run in state.pulse.runs if run.probe in probes)
    seen = tuple(observation for observation in state.memory.seen if observation.probe in probes)
    layers = tuple(
        layer if layer.layer in visible or not layer.known else _lost(layer, state.pulse, at)
        for layer in state.memory.layers
    )
    return replace(
        state,
        pulse=replace(state.pulse, runs=runs),
        memory=replace(
            state.memory,
            seen=seen,
            investigated=tuple(each for each in state.memory.investigated if each.probe in probes),
            layers=layers,
            front=state.memory.front if Probe.HTTP in probes else None,
            early_signs=tuple(one for one in state.memory.early_signs if SEEN_BY[one.sign] & set(probes)),
        ),
    )


def _without_parts(state: TargetState, parts: Collection[tuple[Probe, str]]) -> TargetState:
    """Return the state without parts that are no longer configured.

    A target that was degraded by them is seen to be well by its next look: that is told as any return is.
    """
    runs, states = state.pulse.parts, state.memory.parts
    had = {(run.probe, run.part) for run in runs} | {(part.probe, part.part) for part in states}
    if had <= set(parts):
        return state
    return replace(
        state,
        pulse=replace(state.pulse, parts=tuple(run for run in runs if (run.probe, run.part) in parts)),
        memory=replace(
            state.memory, parts=tuple(part for part in states if (part.probe, part.part) in parts)
        ),
    )


def _lost(layer: LayerState, pulse: Pulse, at: datetime) -> LayerState:
    watched = any(run.probe is Probe.DNS for run in pulse.runs)
    last = previous(layer.layer, pulse.runs, dns_watched=watched) if in_sight(layer) else layer.seen_until
    return replace(
        layer,
        known=False,
        known_since=at,
        suspected=None,
        suspected_since=None,
        suspicion=0,
        seen_until=last,
    )
