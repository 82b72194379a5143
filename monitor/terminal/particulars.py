"""What registration, certificate, mail records and delegation say in detail: the lower part of the sheet.

Everything is said in words, also that a thing was not published or not seen: nothing is left blank.
"""

from collections.abc import Iterator
from datetime import datetime

from rich.table import Table
from rich.text import Text

from monitor.failure import Failure
from monitor.judge.codes import set_by
from monitor.judge.standing import null_mx
from monitor.model import (
    About,
    ChainLink,
    DnsFacts,
    HttpFacts,
    Observation,
    Probe,
    RegistrationFacts,
    Revocation,
    RevocationState,
    TargetState,
    TlsFacts,
)
from monitor.terminal import delegation, paint

Fact = tuple[str, Text]

_NOT_SAID = "not published"
_DNSSEC = {True: "signed, says the registry", False: "not signed, says the registry", None: "not said"}


def particulars(state: TargetState) -> Table:
    """Return the facts of registration, certificate, mail and delegation, each under its name."""
    table = Table(box=None, pad_edge=False, header_style=paint.DIM, padding=(0, 2, 0, 0))
    table.add_column("layer", no_wrap=True, style=paint.LAYER_STYLE)
    table.add_column("fact", no_wrap=True, style=paint.DIM)
    table.add_column("as last told", overflow="fold", ratio=1)
    seen = {observation.probe: observation for observation in state.memory.seen}
    sections = {
        "registration": _registration(seen.get(Probe.REGISTRATION)),
        "certificate": _certificate(seen.get(Probe.HTTP)),
        "page": _page(seen.get(Probe.HTTP)),
        "mail": _mail(seen.get(Probe.DNS)),
        "dns": delegation.facts(seen.get(Probe.DELEGATION)),
    }
    for name, facts in sections.items():
        for index, (what, fact) in enumerate(facts):
            table.add_row(name if index == 0 else "", what, fact)
    return table


def _registration(seen: Observation | None) -> Iterator[Fact]:
    facts = seen.facts if seen else None
    if seen is None or not isinstance(facts, RegistrationFacts):
        yield "", Text("not known: no look-up was answered", style=paint.DIM)
        return
    if facts.registered:
        yield from _registered(facts)
    else:
        yield "state", Text("not registered")
    told = f"{facts.source} {facts.server}"
    yield "told by", paint.plain(told).append(f"\n{_as_of(seen)}", style=paint.DIM)


def _registered(facts: RegistrationFacts) -> Iterator[Fact]:
    registrar = paint.plain(facts.registrar_name or _NOT_SAID)
    number = f"IANA id {facts.registrar_iana_id}" if facts.registrar_iana_id else "no IANA id published"
    yield "registrar", registrar.append(f" ({number})")
    yield "registry", _text(facts.registry, "not recorded")
    yield "reseller", _text(facts.reseller, "none named")
    if facts.statuses:
        for index, code in enumerate(facts.statuses):
            who = Text(f" — {set_by(code)}", style=paint.DIM)
            yield "status" if index == 0 else "", paint.plain(code, limit=60).append_text(who)
    else:
        yield "status", Text(_NOT_SAID, style=paint.DIM)
    sources = dict(facts.date_sources)
    for name in ("created", "updated", "expires"):
        yield name, _date(getattr(facts, name), sources.get(name))
    yield "DNSSEC", Text(_DNSSEC[facts.dnssec], style="" if facts.dnssec is not None else paint.DIM)
    yield "servers", _text(" ".join(facts.name_servers), _NOT_SAID)


def _date(value: datetime | None, source: str | None) -> Text:
    if value is None:
        return Text(_NOT_SAID, style=paint.DIM)
    word = f"  word of the {source}" if source else ""
    return Text(paint.day(value)).append_text(paint.plain(word, style=paint.DIM, limit=40))


def _certificate(seen: Observation | None) -> Iterator[Fact]:
    facts = seen.facts if seen else None
    tls = facts.tls if isinstance(facts, HttpFacts) else None
    if seen is None or tls is None:
        yield "", Text("not known: none was seen", style=paint.DIM)
        return
    yield "for", paint.plain(tls.subject or "nobody named").append_text(_names(tls))
    issuer = ", ".join(filter(None, (tls.issuer, tls.issuer_organization)))
    yield "issued by", paint.plain(issuer or "nobody named")
    dates = Text(f"{paint.day(tls.not_before)} to {paint.day(tls.not_after)}")
    yield "valid", dates.append_text(_expired(tls.not_after, seen))
    yield "key", _text(_key(tls), "not known")
    yield "signed with", _text(tls.signature, "not known")
    yield "serial", _text(tls.serial, "not known")
    yield "sha256", paint.plain(tls.sha256)
    yield from _chain(tls, seen)
    yield "revocation", _revocation(facts.revocation if isinstance(facts, HttpFacts) else None)
    failed = str(seen.failure) if seen.failure and seen.failure.startswith("tls_") else None
    trust = Text(f"not trusted: {failed}", style="yellow") if failed else None
    yield "seen", (trust.append("; ") if trust else Text()).append(_as_of(seen), style=paint.DIM)


def _revocation(word: Revocation | None) -> Text:
    """Return what the authority says about it, when, and how it was asked."""
    if word is None:
        return Text("not asked", style=paint.DIM)
    if word.state is RevocationState.UNKNOWN:
        return paint.plain(f"not known: {word.detail}", style=paint.DIM, limit=300)
    text = Text("not revoked")
    if word.state is RevocationState.REVOKED:
        text = Text("revoked", style="yellow")
        text.append(f" {paint.moment(word.revoked_at)}" if word.revoked_at else "")
        text.append(f", {word.reason}" if word.reason else "")
    said = f"  {word.source} {word.server}, asked {paint.day(word.checked_at)}"
    return text.append_text(paint.plain(said, style=paint.DIM, limit=300))


def _names(tls: TlsFacts) -> Text:
    others = [name for name in tls.names if name != tls.subject]
    return paint.plain(f" and {' '.join(others)}", style=paint.DIM, limit=160) if others else Text()


def _key(tls: TlsFacts) -> str | None:
    return f"{tls.key_type}, {tls.key_bits} bits" if tls.key_type else None


def _expired(not_after: datetime | None, seen: Observation) -> Text:
    """Return a mark on a certificate that was past its last day when it was seen."""
    past = not_after is not None and not_after < seen.ended_at
    return Text("  expired", style="yellow") if past else Text()


def _chain(tls: TlsFacts, seen: Observation) -> Iterator[Fact]:
    if tls.chain_sent == 0:
        yield "chain", Text("not recorded", style=paint.DIM)
    elif not tls.chain:
        yield "chain", Text("the server sent nothing above it", style=paint.DIM)
    for index, link in enumerate(tls.chain):
        yield "chain" if index == 0 else "", _link(link).append_text(_expired(link.not_after, seen))
    more = tls.chain_sent - 1 - len(tls.chain)
    if more > 0:
        yield "", Text(f"and {more} more", style=paint.DIM)


def _link(link: ChainLink) -> Text:
    if link.not_after is None:
        return Text(f"cannot be read (sha256 {link.sha256[:16]}…)", style=paint.DIM)
    text = paint.plain(link.subject or "nobody named")
    text.append_text(paint.plain(f", {link.organization or 'no organisation'}"))
    text.append(f", until {link.not_after:%Y-%m-%d}, by ", style=paint.DIM)
    return text.append_text(paint.plain(link.issuer or "nobody named", style=paint.DIM))


def _mail(seen: Observation | None) -> Iterator[Fact]:
    facts = seen.facts if seen else None
    if seen is None or not isinstance(facts, DnsFacts):
        yield "", Text("not known: no look-up was answered", style=paint.DIM)
        return
    if null_mx(facts):
        yield "", Text("no mail (null MX)")
    elif facts.mx.values:
        for value in facts.mx.values:
            preference, _, host = value.partition(" ")
            yield (
                "MX",
                paint.plain(host).append_text(
                    paint.plain(f"  preference {preference}", style=paint.DIM, limit=40)
                ),
            )
    elif facts.mx.failure in {Failure.DNS_NODATA, Failure.DNS_NXDOMAIN}:
        yield "", Text(f"no mail (no MX: {facts.mx.failure})")
    else:
        yield "", Text(f"not known: {facts.mx.failure or 'no answer'}", style=paint.DIM)


def _page(seen: Observation | None) -> Iterator[Fact]:
    """Yield what tells whether a page is the platform's: nothing of a page without signs and conditions."""
    facts = seen.facts if seen else None
    if not isinstance(facts, HttpFacts):
        return
    if facts.elsewhere:
        yield "leads to", paint.plain(facts.elsewhere)
    for sign in facts.signs:
        whom = ", about the visitor" if sign.about is About.VISITOR else ""
        how = f" ({sign.kind}{whom}, by {' '.join(sign.by)}, {sign.confidence}: {sign.source})"
        yield "sign", paint.plain(sign.id).append_text(paint.plain(how, style=paint.DIM, limit=160))
    if facts.expected is not None:
        if facts.expected.met:
            yield "expected", paint.plain(", ".join(facts.expected.met))
        for one in facts.expected.unmet:
            yield "not as expected", paint.plain(f"{one.condition} ({one.wanted}): {one.seen}", limit=300)


def _text(value: str | None, otherwise: str) -> Text:
    return paint.plain(value, limit=300) if value else Text(otherwise, style=paint.DIM)


def _as_of(seen: Observation) -> str:
    """Return when it was told: while later looks tell nothing new, the first that did is kept."""
    return f"as of {paint.day(seen.ended_at)}"
