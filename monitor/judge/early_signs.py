"""Early signs: what often comes before a move, a hijack or an outage, and is none of them yet.

Each reader looks at one observation and says of a sign whether it is seen; it yields nothing where the
observation cannot say. What it says is weighed here, for all signs alike:

- a sign is noticed, and told, when `changes_to_confirm` looks in a row have shown it (some want a length of
  time besides); it is gone when as many have not;
- what was there at the first look is how the target is, and no sign of a change;
- while a target is down, or that is suspected, what its DNS shows is part of that, and no sign of it;
- what comes back within a week of its end is the same sign, and is not told again; nor is the same sign
  of something else of the target while one stands: who shortens one TTL shortens them all.

Signs are of low severity: most moves are wanted. That another authority issues the certificates is a
`platform.provider.changed` of the layer `certificate` (of low severity too), and is not told a second time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from monitor.judge.desired import LOCKS, says_of_locks
from monitor.judge.glance import Aside, Look
from monitor.judge.news import News
from monitor.judge.ttl import has_dropped, is_asked, is_drop, usual
from monitor.model import (
    DelegationFacts,
    EarlySign,
    EarlySignState,
    EventType,
    FollowUp,
    Layer,
    Memory,
    Policy,
    Probe,
    RegistrationFacts,
    Severity,
    SignNoticed,
    Status,
)

_CALM: Final = timedelta(days=7)
_A_REFRESH: Final = timedelta(days=1)
"""Longer than the refresh of nearly every zone (RFC 1912, section 2.2: 20 minutes to 12 hours)."""
_HOLDS: Final = frozenset({"clientHold", "serverHold"})
_DELETION: Final = frozenset({"pendingDelete", "redemptionPeriod"})
_TAKEN_OUT: Final = (
    (EarlySign.HOLD_WHILE_RESOLVING, _HOLDS),
    (EarlySign.DELETION_WHILE_RESOLVING, _DELETION),
)

LAYER: Final[Mapping[EarlySign, Layer]] = {
    EarlySign.TRANSFER_LOCK_GONE: Layer.REGISTRATION,
    EarlySign.HOLD_WHILE_RESOLVING: Layer.REGISTRATION,
    EarlySign.DELETION_WHILE_RESOLVING: Layer.REGISTRATION,
    EarlySign.TTL_DROPPED: Layer.DNS,
    EarlySign.DELEGATION_DISAGREES: Layer.DNS,
    EarlySign.NAME_SERVERS_DISAGREE: Layer.DNS,
    EarlySign.SERIALS_DIFFER: Layer.DNS,
}
_WORDS: Final[Mapping[EarlySign, str]] = {
    EarlySign.TRANSFER_LOCK_GONE: "the transfer lock is gone",
    EarlySign.HOLD_WHILE_RESOLVING: "the registration carries a hold while the name still resolves",
    EarlySign.DELETION_WHILE_RESOLVING: "the registration is being deleted while the name still resolves",
    EarlySign.TTL_DROPPED: "there is a drop in the TTL",
    EarlySign.DELEGATION_DISAGREES: "the zone names other servers than its parent",
    EarlySign.NAME_SERVERS_DISAGREE: "the name servers disagree about who serves the zone",
    EarlySign.SERIALS_DIFFER: "servers of one operator have had different versions of the zone for a day",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one observation says of one sign."""

    sign: EarlySign
    about: str
    seen: bool
    before: str = ""
    after: str = ""
    sure: bool = False
    """Whether no further look is needed."""
    lasting: timedelta = timedelta(0)
    """How long it must have stood, unchanged, to be one."""


Reader = Callable[[Memory, Look], Iterator[Reading]]


def early_signs(memory: Memory, seen: Look) -> Aside:
    """Notice early signs, and that they are gone."""
    readers = READERS.get(seen.observation.probe, ())
    readings = [reading for reader in readers for reading in reader(memory, seen)]
    if not readings:
        return Aside(memory=memory)
    states = {(state.sign, state.about): state for state in memory.early_signs}
    if not states and not any(reading.seen for reading in readings):
        return Aside(memory=memory)
    news: list[News] = []
    pending = False
    for reading in readings:
        key = (reading.sign, reading.about)
        before = states.pop(key, None)
        after = _weighed(before, reading, seen)
        if after is not None:
            states[key] = after
            pending = pending or (after.told_at is None and not reading.lasting)
            if after.told_at is not None and (before is None or before.told_at is None):
                others = (state for one, state in states.items() if one != key)
                if not any(state.sign is after.sign and state.noticed for state in others):
                    news.append(_news(after))
    kept = tuple(sorted(states.values(), key=lambda state: (state.sign, state.about)))
    memory = memory if kept == memory.early_signs else replace(memory, early_signs=kept)
    follow_ups = (_again(seen.observation.probe, seen.view.policy),) if pending else ()
    return Aside(memory=memory, news=tuple(news), follow_ups=follow_ups)


def _weighed(before: EarlySignState | None, reading: Reading, seen: Look) -> EarlySignState | None:
    """Return the sign after a reading; None: there is nothing to be kept of it."""
    at, needed = seen.observation.ended_at, seen.view.policy.changes_to_confirm
    if before is not None and before.ended_at is not None and at - before.ended_at > _CALM:
        before = None
    if not reading.seen:
        if before is None or before.told_at is None:
            return None
        if before.ended_at is not None:
            return before
        looks = before.looks + 1
        return replace(before, looks=looks, ended_at=at if looks >= needed else None)
    if before is not None and before.told_at is not None:
        # It stands, or has come back so soon that it is still the same.
        return before if before.noticed and not before.looks else replace(before, looks=0, ended_at=None)
    if before is None or (reading.lasting and before.after != reading.after):
        before = EarlySignState(
            sign=reading.sign,
            about=reading.about,
            before=reading.before,
            after=reading.after,
            since=at,
            looks=0,
        )
    looks = before.looks + 1
    if reading.sure or (looks >= needed and at - before.since >= reading.lasting):
        return replace(before, looks=0, told_at=at, after=reading.after)
    return replace(before, looks=min(looks, needed), after=reading.after)


def _again(probe: Probe, policy: Policy) -> FollowUp:
    return FollowUp(probe=probe, delay_s=policy.change_recheck_s, reason="an early sign suspected")


def _news(state: EarlySignState) -> News:
    change = f"{state.before} → {state.after}" if state.before else state.after
    return News(
        type=EventType.SIGN_NOTICED,
        severity=Severity.INFO,
        text=f"early sign: {in_words(state)} ({change}).",
        data=SignNoticed(
            sign=state.sign,
            about=state.about,
            layer=LAYER[state.sign],
            before=state.before or None,
            after=state.after,
            first_seen_at=state.since,
        ),
    )


def in_words(state: EarlySignState) -> str:
    """Return what a sign says, without its values."""
    words = _WORDS[state.sign]
    return f"{words} of {state.about}" if state.sign is EarlySign.TTL_DROPPED else words


def noticed(memory: Memory) -> tuple[EarlySignState, ...]:
    """Return the signs that stand: for whoever shows them."""
    return tuple(state for state in memory.early_signs if state.noticed)


def _standing(memory: Memory, sign: EarlySign, about: str) -> EarlySignState | None:
    """Return a sign that is suspected, or stands."""
    return next(
        (
            one
            for one in memory.early_signs
            if one.sign is sign and one.about == about and one.ended_at is None
        ),
        None,
    )


# One reader for each kind of sign.


def read_lock(memory: Memory, seen: Look) -> Iterator[Reading]:
    """Say whether a transfer lock is gone that was there; a field that vanished says nothing."""
    facts = seen.observation.facts
    if seen.observation.failure or not isinstance(facts, RegistrationFacts) or not facts.registered:
        return
    if _DELETION & set(facts.statuses):
        return  # that says more: what is being deleted cannot be transferred
    statuses = " ".join(facts.statuses)
    sign, about = EarlySign.TRANSFER_LOCK_GONE, facts.domain
    if LOCKS & set(facts.statuses):
        yield Reading(sign=sign, about=about, seen=False)
        return
    before = seen.before.registration
    if before is not None and before[0] != facts.source:
        return  # RDAP and WHOIS of one registry may word it differently
    had = LOCKS & set(before[1].split(" ")) if before else frozenset()
    if says_of_locks(facts.source, statuses) and (had or _standing(memory, sign, about)):
        locks = " ".join(sorted(had))
        yield Reading(sign=sign, about=about, seen=True, before=locks, after=statuses)


def read_hold(memory: Memory, seen: Look) -> Iterator[Reading]:
    """Say whether the registration takes the name out of its zone, and nothing is felt of that yet."""
    facts = seen.observation.facts
    if seen.observation.failure or not isinstance(facts, RegistrationFacts) or not facts.registered:
        return
    works = _still_works(memory, seen)
    for sign, codes in _TAKEN_OUT:
        found = " ".join(sorted(codes & set(facts.statuses)))
        if not found or works is not None:
            yield Reading(sign=sign, about=facts.domain, seen=bool(found and works), after=found)


def _is_late(memory: Memory) -> bool:
    """Tell whether it is too late for a sign of trouble: the target is down, or that is suspected."""
    return memory.suspected is not None or memory.verdict.status is Status.DOWN


def _still_works(memory: Memory, seen: Look) -> bool | None:
    """Tell whether the name resolves, and nothing is the matter with the target; None: not known."""
    if memory.incident is not None or memory.suspected is not None:
        return False
    if seen.view.dns is not None:
        records = seen.view.records
        return seen.view.dns.failure is None and bool(records and records.addresses)
    return True if seen.view.page is not None else None


def read_ttl(memory: Memory, seen: Look) -> Iterator[Reading]:
    """Say whether the TTL of the host's or the zone's records has dropped, by what resolvers say of it."""
    if _is_late(memory) or not (seen.low_ttls or memory.early_signs):
        return
    low = {stretch.rtype: stretch for stretch in seen.low_ttls}
    for rtype in ("A", "NS"):
        if is_asked(rtype, seen.view.policy):
            continue
        stretch, usually = low.get(rtype), usual(memory, rtype)
        if stretch is None:
            yield Reading(sign=EarlySign.TTL_DROPPED, about=rtype, seen=False)
        elif has_dropped(stretch, usually, seen.observation):
            yield Reading(
                sign=EarlySign.TTL_DROPPED,
                about=rtype,
                seen=True,
                before=str(usually),
                after=str(stretch.top),
                sure=True,
            )


def _delegation(seen: Look) -> tuple[DelegationFacts | None, DelegationFacts | None]:
    """Return what the delegation was when it was last told, and what it is."""
    earlier = next((one.facts for one in seen.before.seen if one.probe is Probe.DELEGATION), None)
    now = seen.observation.facts
    return (
        earlier if isinstance(earlier, DelegationFacts) else None,
        now if isinstance(now, DelegationFacts) and now.heard and not seen.observation.failure else None,
    )


def read_served_ttl(memory: Memory, seen: Look) -> Iterator[Reading]:
    """Say whether the TTL of the zone's NS records has dropped, by the listed servers themselves."""
    earlier, now = _delegation(seen)
    served = _ttl(now) if now else None
    if served is None or _is_late(memory):
        return
    state = _standing(memory, EarlySign.TTL_DROPPED, "NS")
    usually = int(state.before) if state else (_ttl(earlier) if earlier else None) or 0
    dropped = is_drop(usually, served)
    yield Reading(
        sign=EarlySign.TTL_DROPPED, about="NS", seen=dropped, before=str(usually), after=str(served)
    )


def _ttl(facts: DelegationFacts) -> int | None:
    """Return the longest TTL of NS that a listed server gives: one that lags behind is no drop."""
    return max((word.ttl for word in facts.servers if word.authoritative and word.ttl), default=None)


def read_agreement(memory: Memory, seen: Look) -> Iterator[Reading]:
    """Say whether parent and zone, or the listed servers, name other servers, where they agreed before."""
    earlier, now = _delegation(seen)
    if now is None or now.agree is None or _is_late(memory):
        return
    sets = {word.name_servers for word in now.servers if word.authoritative and word.name_servers}
    agreed = earlier is not None and earlier.agree is True
    sign = EarlySign.NAME_SERVERS_DISAGREE if len(sets) > 1 else EarlySign.DELEGATION_DISAGREES
    for one in (EarlySign.NAME_SERVERS_DISAGREE, EarlySign.DELEGATION_DISAGREES):
        disagree = not now.agree and one is sign
        if disagree and not agreed and not _standing(memory, one, now.zone):
            continue  # it was so when we first looked
        yield Reading(
            sign=one,
            about=now.zone,
            seen=disagree,
            before=" ".join(now.delegated),
            after=" | ".join(" ".join(names) for names in sorted(sets)),
        )


def read_serials(memory: Memory, seen: Look) -> Iterator[Reading]:
    """Say whether a server lags behind others of the same operator; operators number as they like."""
    now = _delegation(seen)[1]
    if now is None or _is_late(memory):
        return
    serials: dict[str, dict[str, int]] = {}
    for word in now.servers:
        operator = word.host.partition(".")[2]
        if word.authoritative and word.serial is not None and "." in operator:
            serials.setdefault(operator, {})[f"{word.host} {word.address}"] = word.serial
    behind = {
        f"{host} {serial}": max(some.values())
        for some in serials.values()
        for host, serial in some.items()
        if serial < max(some.values())
    }
    if serials:
        yield Reading(
            sign=EarlySign.SERIALS_DIFFER,
            about=now.zone,
            seen=bool(behind),
            before=" ".join(sorted({str(serial) for serial in behind.values()})),
            after=", ".join(sorted(behind)),
            lasting=_A_REFRESH,
        )


SEEN_BY: Final[Mapping[EarlySign, frozenset[Probe]]] = {
    EarlySign.TRANSFER_LOCK_GONE: frozenset({Probe.REGISTRATION}),
    EarlySign.HOLD_WHILE_RESOLVING: frozenset({Probe.REGISTRATION}),
    EarlySign.DELETION_WHILE_RESOLVING: frozenset({Probe.REGISTRATION}),
    EarlySign.TTL_DROPPED: frozenset({Probe.DNS, Probe.DELEGATION}),
    EarlySign.DELEGATION_DISAGREES: frozenset({Probe.DELEGATION}),
    EarlySign.NAME_SERVERS_DISAGREE: frozenset({Probe.DELEGATION}),
    EarlySign.SERIALS_DIFFER: frozenset({Probe.DELEGATION}),
}
"""Which probes say whether a sign still stands: without them nobody does, and it is forgotten."""

READERS: Final[Mapping[Probe, tuple[Reader, ...]]] = {
    Probe.REGISTRATION: (read_lock, read_hold),
    Probe.DNS: (read_ttl,),
    Probe.DELEGATION: (read_served_ttl, read_agreement, read_serials),
}
