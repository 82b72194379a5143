"""A delegation in words: whom the parent zone names, what they say, and when their domains run out."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from monitor.model import DelegationFacts, Memory, Observation, ServerDomain, ServerWord
from monitor.terminal import paint


def told(facts: DelegationFacts) -> str:
    """Return the facts in one line."""
    zone = "the root zone" if facts.parent == "." else facts.parent
    if not facts.delegated:
        return f"{zone} delegates nothing"
    words = [f"{zone} delegates to {' '.join(facts.delegated)}", _answers(facts)]
    if facts.agree is False:
        words.append(f"the zone itself names {' '.join(facts.served)}")
    if facts.signed is not None:
        words.append("signed (DS)" if facts.signed else "not signed")
    if facts.domains:
        words.append(f"name servers' domains: {', '.join(map(_domain, facts.domains))}")
    return "; ".join(words)


def facts(seen: Observation | None) -> Iterator[tuple[str, Text]]:
    """Yield what the delegation is, each fact under its name."""
    what = seen.facts if seen else None
    if seen is None or not isinstance(what, DelegationFacts):
        yield "", Text("not known: no server of the parent zone was heard", style=paint.DIM)
        return
    yield "delegated", paint.plain(" ".join(what.delegated) or "to nobody", limit=400)
    if what.agree is not None:
        names = "the same" if what.agree else " ".join(what.served)
        yield "zone names", paint.plain(names, limit=400)
    for index, word in enumerate(what.servers):
        serial = f", serial {word.serial}" if word.serial is not None else ""
        where = f" ({word.address})" if word.address else ""
        told_of = f"{says(word)}{_of_host(word)}{serial}"
        yield "servers" if index == 0 else "", paint.plain(f"{word.host}{where} {told_of}")
    if what.signed is not None:
        yield (
            "DNSSEC",
            Text("signed: the parent zone has a DS" if what.signed else "no DS in the parent zone"),
        )
    for index, domain in enumerate(what.domains):
        yield "server domains" if index == 0 else "", paint.plain(_domain(domain))
    parent = "the root zone" if what.parent == "." else what.parent
    asked = " ".join(word.host for word in what.asked)
    told_by = paint.plain(f"{parent}, by {asked}")
    yield "told by", told_by.append(f"\nas of {paint.day(seen.ended_at)}", style=paint.DIM)


def document(memory: Memory) -> dict[str, Any] | None:
    """Return the last delegation for machines; None when none was heard."""
    facts = next((seen.facts for seen in memory.seen if isinstance(seen.facts, DelegationFacts)), None)
    if facts is None:
        return None
    return {
        "zone": facts.zone,
        "parent": facts.parent,
        "delegated": list(facts.delegated),
        "signed": facts.signed,
        "agree": facts.agree,
        "servers": [
            {
                "host": word.host,
                "address": word.address or None,
                "says": says(word),
                "serial": word.serial,
                "knows_host": word.knows_host,
                "alias": word.alias or None,
                "name_servers": list(word.name_servers),
            }
            for word in facts.servers
        ],
        "domains": [
            {
                "domain": domain.domain,
                "registered": domain.registered,
                "statuses": list(domain.statuses),
                "on_hold": domain.on_hold,
                "expires": domain.expires.isoformat().replace("+00:00", "Z") if domain.expires else None,
                "source": domain.source,
            }
            for domain in facts.domains
        ],
    }


def says(word: ServerWord) -> str:
    """Return what became of asking a server: it answers for the zone, is lame, or the failure."""
    if word.failure is not None:
        return word.failure.value
    return "answers" if word.authoritative else "lame"


def _of_host(word: ServerWord) -> str:
    """Return what a server said about the host that is watched, if it was asked."""
    if word.alias:
        return f", leads to {word.alias}"
    if word.knows_host is None:
        return ""
    return ", has an address for the host" if word.knows_host else ", has no address for the host"


def _answers(facts: DelegationFacts) -> str:
    bad = [f"{word.host} {says(word)}" for word in facts.servers if says(word) != "answers"]
    good = len(facts.servers) - len(bad)
    return f"{good} of {len(facts.servers)} answer" + (f" ({', '.join(bad)})" if bad else "")


def _domain(domain: ServerDomain) -> str:
    if not domain.registered:
        return f"{domain.domain} not registered"
    until = f" until {domain.expires:%Y-%m-%d}" if domain.expires else ""
    return f"{domain.domain} registered{until}, on hold: {'yes' if domain.on_hold else 'no'}"
