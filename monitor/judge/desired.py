"""Desired state: what is wished of a target, held against what is known of it.

A wish is ruled on by what is *confirmed*: the providers of a layer that is known, the registration as it
was last confirmed, the parent zone's word on the DS. Not known is no breach: a look-up that failed, was
limited, or is contradicted leaves the ruling as it was, and a layer that is lost from sight leaves it open.
What is seen for the first time has nobody's confirmation yet: a breach then takes `changes_to_confirm`
looks, as a change does.

A breach is told once, and so is its end. A wish that is another one than before is ruled on anew; one that
was taken back takes its ruling with it, and nothing is told: nothing has happened to the target.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from monitor.judge.codes import Setter, set_by
from monitor.judge.glance import Aside, Look
from monitor.judge.news import News
from monitor.model import (
    OPERATED,
    WITNESSES,
    DelegationFacts,
    DesiredRule,
    EventType,
    FollowUp,
    Layer,
    LayerState,
    Memory,
    Policy,
    PolicyRuled,
    Probe,
    Ruling,
    Severity,
    Wish,
)

LOCKS: Final = frozenset({"clientTransferProhibited", "serverTransferProhibited"})
# Registries that do not speak EPP publish words of their own; in WHOIS `active` is one of them.
_SAYS_OFLOCKS: Final = {"rdap": frozenset({"ok", "active"}), "whois": frozenset({"ok"})}
# Where nobody in a layer can be an answer.
_MAY_BE_NONE: Final = frozenset({Layer.EDGE, Layer.MAIL})
_LAYER: Final = {**OPERATED, DesiredRule.TRANSFER_LOCK: Layer.REGISTRATION, DesiredRule.DNSSEC: Layer.DNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known about one wish after a look."""

    kept: bool | None
    """None: nothing is known."""
    found: tuple[str, ...] = ()
    since: datetime | None = None
    """Since when it stands so, where that is known better than by the look itself."""
    sure: bool = False
    """Whether it was confirmed as a change, so that no further look is needed."""
    doubtful: bool = False
    """Whether something else is suspected: the ruling then waits for the outcome."""


def desired(memory: Memory, seen: Look) -> Aside:
    """Rule on every wish of the target; tell what is breached, and what is kept again."""
    wishes = seen.view.policy.desired
    if not wishes:
        return Aside(memory=replace(memory, rulings=()) if memory.rulings else memory)
    earlier = {(ruling.rule, ruling.wanted): ruling for ruling in memory.rulings}
    rulings: list[Ruling] = []
    news: list[News] = []
    follow_ups: list[FollowUp] = []
    for wish in wishes:
        before = earlier.get((wish.rule, wish.wanted)) or Ruling(rule=wish.rule, wanted=wish.wanted)
        after = _ruled(before, find(wish, memory, seen), seen)
        rulings.append(after)
        if after.breached is not before.breached:
            news.append(_told(after, seen.observation.ended_at))
        elif after.looks > before.looks:
            follow_ups.append(_again(seen.observation.probe, seen.view.policy))
    if tuple(rulings) == memory.rulings:
        return Aside(memory=memory)
    memory = replace(memory, rulings=tuple(rulings))
    return Aside(memory=memory, news=tuple(news), follow_ups=tuple(follow_ups))


def find(wish: Wish, memory: Memory, seen: Look) -> Finding:
    """Return what is known about a wish."""
    if wish.rule is DesiredRule.TRANSFER_LOCK:
        return _lock(memory, seen)
    if wish.rule is DesiredRule.DNSSEC:
        return _signature(memory, seen)
    state = next((one for one in memory.layers if one.layer is OPERATED[wish.rule]), None)
    return _operators(wish, state) if state else Finding(kept=None)


def _operators(wish: Wish, state: LayerState) -> Finding:
    sure = state.changes > 0
    if state.suspected is not None:
        return Finding(kept=None, doubtful=True)
    if not state.known:
        none = state.absent and state.layer in _MAY_BE_NONE
        return Finding(kept=False, since=state.known_since, sure=True) if none else Finding(kept=None)
    ids = state.confirmed.ids
    if not set(ids) <= set(wish.allowed):
        return Finding(kept=False, found=ids, since=state.since, sure=sure)
    if state.confirmed.partial and state.layer is Layer.NETWORK:
        return Finding(kept=None)  # an address that nobody could name may be anybody's
    return Finding(kept=True, found=ids, since=state.since, sure=sure)


def _lock(memory: Memory, seen: Look) -> Finding:
    """Return whether a transfer needs somebody's consent, by the registration as last confirmed."""
    if memory.registration is None or not _registration_is_known(memory):
        return Finding(kept=None)
    if memory.registration_suspected is not None:
        return Finding(kept=None, doubtful=True)
    source, statuses = memory.registration[:2]
    locks = tuple(code for code in statuses.split(" ") if code in LOCKS)
    if not locks and not says_of_locks(source, statuses):
        return Finding(kept=None)
    before = seen.before.registration
    # RDAP and WHOIS of one registry may word it differently: that another one answers confirms nothing.
    sure = before is not None and before[0] == source and bool(before[1]) and before[1] != statuses
    return Finding(kept=bool(locks), found=locks or ("off",), sure=sure)


def says_of_locks(source: str, statuses: str) -> bool:
    """Tell whether these are the status codes of a registry that would publish a lock if there was one."""
    codes = statuses.split(" ") if statuses else ()
    known = _SAYS_OFLOCKS.get(source, frozenset())
    return any(code in known or set_by(code) in _BY_SOMEBODY for code in codes)


_BY_SOMEBODY: Final = frozenset({Setter.REGISTRAR, Setter.REGISTRY})


def _registration_is_known(memory: Memory) -> bool:
    """Tell whether look-ups of the registration are answered; a few that are not, and nothing is known."""
    return all(state.known for state in memory.layers if state.layer is Layer.REGISTRATION)


def _signature(memory: Memory, seen: Look) -> Finding:
    """Return whether the parent has a DS: by its own servers, else by the registry's word."""
    told = next((one.facts for one in memory.seen if one.probe is Probe.DELEGATION), None)
    if seen.observation.probe is Probe.DELEGATION and seen.observation.facts is not None:
        told = seen.observation.facts
    signed = told.signed if isinstance(told, DelegationFacts) and told.heard else None
    if signed is None and memory.registration is not None and _registration_is_known(memory):
        word = (*memory.registration, "", "", "", "")[4]
        signed = {"signed": True, "unsigned": False}.get(word)
    if signed is None:
        return Finding(kept=None)
    return Finding(kept=signed, found=("signed" if signed else "unsigned",))


def _ruled(before: Ruling, finding: Finding, seen: Look) -> Ruling:
    """Return the ruling after a look."""
    if finding.doubtful:
        return before
    if finding.kept is None:
        return replace(before, kept=None, looks=0)
    contrary = finding.kept is before.breached
    if not contrary:
        since = finding.since or before.since or seen.observation.ended_at
        return replace(before, kept=finding.kept, found=finding.found, since=since, looks=0)
    witnessed = seen.observation.probe in WITNESSES[before.rule] and seen.observation.failure is None
    looks = before.looks + 1 if witnessed else before.looks
    if not finding.sure and looks < seen.view.policy.changes_to_confirm:
        # What is not confirmed is not known, unless it is only the end of a breach that is in doubt.
        return replace(before, looks=looks)
    return Ruling(
        rule=before.rule,
        wanted=before.wanted,
        kept=finding.kept,
        found=finding.found,
        since=finding.since or seen.observation.ended_at,
        breached=not finding.kept,
    )


def _again(probe: Probe, policy: Policy) -> FollowUp:
    return FollowUp(probe=probe, delay_s=policy.change_recheck_s, reason="a breach of policy suspected")


def _told(ruling: Ruling, at: datetime) -> News:
    kind = EventType.POLICY_BREACHED if ruling.breached else EventType.POLICY_RESTORED
    return News(
        type=kind,
        severity=Severity.WARNING if ruling.breached else Severity.INFO,
        text=f"policy {'breached' if ruling.breached else 'restored'}: {in_words(ruling)}.",
        data=PolicyRuled(
            rule=ruling.rule,
            layer=_LAYER[ruling.rule],
            wanted=ruling.wanted,
            found=ruling.found,
            since=ruling.since or at,
        ),
    )


def in_words(ruling: Ruling) -> str:
    """Return how it stands with a rule: `registrar is epik, not markmonitor`."""
    if ruling.rule is DesiredRule.TRANSFER_LOCK:
        return "the transfer lock is off" if ruling.found == ("off",) else "the transfer lock is on"
    if ruling.rule is DesiredRule.DNSSEC:
        return f"the delegation is {' '.join(ruling.found)}"
    found = " + ".join(ruling.found) or "nobody"
    what = f"{ruling.rule} is {found}"
    return f"{what}; it should be {' or '.join(ruling.wanted)}" if ruling.breached else what
