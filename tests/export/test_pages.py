"""What the pages say, and what hostile text cannot make them say."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from export.conftest import Site
from export.fleet import (
    DNS,
    DOWN,
    HTTP,
    NOW,
    REGISTRATION,
    THEN,
    behind,
    delegation,
    incident,
    page,
    records,
    registration,
    run,
    seen,
    state,
)

from monitor.export.pages import LAYERS, SIGNS
from monitor.failure import Failure
from monitor.model import (
    About,
    ChainLink,
    DesiredRule,
    EarlySign,
    EarlySignState,
    Event,
    EventType,
    Evidence,
    Expected,
    LastAddressFacts,
    Layer,
    LayerMove,
    Probe,
    Pulse,
    Revocation,
    RevocationState,
    Ruling,
    ServerWord,
    Severity,
    Sighting,
    Sign,
    SignKind,
    Status,
    StatusChanged,
    TargetState,
    TlsFacts,
    TriedAddress,
    Unmet,
    Verdict,
)
from monitor.store import Change

VOID = {"meta", "link", "input", "br", "img"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066",
    "a\u0301" + "\u0301" * 500,
    "\x00\x1b[31m\r\nSet-Cookie: x=1",
    "x" * 1_000_000,
    "\ud800",
]


class Outline(HTMLParser):
    """Reads a page strictly: every element that opens closes, ids are unique, no script, no style."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in {"script", "style", "iframe", "object", "embed", "base", "img"}
        assert not [name for name in given if name.startswith("on") or name == "style"]
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given["href"] or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    """Return the outline of a page that is well formed and inert."""
    found = Outline()
    found.feed(text)
    found.close()
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)
    assert found.headings[0] == "h1"
    assert found.headings.count("h1") == 1
    assert 'lang="en"' in text
    assert '<main id="content"' in text
    for link in found.links:
        assert link.startswith(("/", "#")), "a page links to nothing but itself"
    for name in [link[1:] for link in found.links if link.startswith("#")]:
        assert name in found.ids
    return found


def words(text: str) -> str:
    """Return the visible text of a page on one line."""
    return " ".join(re.sub("<[^>]*>", " ", text).split())


def event(text: str, number: int = 0, target: str = "parler.com") -> Event:
    return Event(
        id=f"e{number}",
        type=EventType.STATUS_CHANGED,
        subject=target,
        at=NOW - timedelta(minutes=number),
        severity=Severity.CRITICAL,
        text=f"{target}: {text}",
        data=StatusChanged(
            status_from=Status.UP,
            status_to=Status.DOWN,
            since=THEN,
            reachable=False,
            diagnosis="network.unreachable",
            layer=Layer.NETWORK,
            sentence=text,
            incident="i1",
        ),
    )


def full(**more: object) -> TargetState:
    memory = {
        "verdict": DOWN,
        "layers": (
            behind(Layer.REGISTRATION, "epik"),
            behind(Layer.NETWORK, "ddos-guard", changes=1, changed_at=NOW),
            behind(Layer.CERTIFICATE, "amazon", known=False),
        ),
        "seen": (
            seen(HTTP, page(title="Hello")),
            seen(DNS, records()),
            seen(REGISTRATION, registration("ok", registrar_name="Epik Inc.", registrar_iana_id=617)),
        ),
        "incident": incident(),
        "incidents": 1,
        **more,
    }
    runs = (run(HTTP, Failure.TCP_TIMEOUT, in_a_row=7), run(DNS), run(REGISTRATION))
    return state(pulse=Pulse(up_s=900, down_s=100, unknown_s=60, runs=runs), **memory)


async def test_without_targets_the_page_says_how_to_add_one(site: Site) -> None:
    text = await site.text("/")
    outline(text)
    assert "No platform is watched yet" in text
    assert "domain = &#34;example.org&#34;" in text or 'domain = "example.org"' in text


async def test_the_overview_tells_status_reason_and_who_stands_behind(site: Site) -> None:
    site.watch(full())
    site.watch(state("gab.com"))
    site.watch(
        replace(
            state("new.example"),
            memory=replace(
                state().memory, since=None, verdict=Verdict(status=Status.UNKNOWN, reachable=None)
            ),
        )
    )
    text = await site.text("/")
    outline(text)
    said = words(text)
    assert "One platform is not up" in said
    assert "▼ down since 2021-01-11 08:00 UTC The address does not answer. Network" in said
    assert "Registration Epik" in said
    assert "Network Ddos-Guard" in said
    assert "Certificate Amazon (last known)" in said
    assert said.index("parler.com") < said.index("new.example") < said.index("gab.com"), (
        "trouble stands first"
    )
    assert "hosted by" not in said.lower()


async def test_the_page_of_a_target_shows_its_evidence(site: Site) -> None:
    site.watch(full(), labels=(("team", "trust & safety"),))
    text = await site.text("/targets/parler.com")
    outline(text)
    said = words(text)
    for fact in (
        "▼ down since 2021-01-11 08:00 UTC (6 d 4 h ago)",
        "The address does not answer.",
        "Diagnosis network.unreachable",
        "Layer that failed Network",
        "Something answers no",
        "90 % of the time it was known, unknown for 1 min",
        "team trust &amp; safety",
        "Registration registrar of the name Epik 198.51.100.7 by AS64500 AS table 2021-01-01",
        "1 change",
        "Last known; the layer cannot be seen now.",
        "tcp_timeout . The address did not answer the connection attempt in time. 7 in a row.",
        "What follows is what it last told",
        "Registrar Epik Inc. IANA id 617",
    ):
        assert fact in said, fact


async def test_the_origin_behind_an_edge_is_not_guessed(site: Site) -> None:
    site.watch(full())
    said = words(await site.text("/targets/parler.com"))
    assert "Origin where the pages come from no proxy recognised" in said
    site.watch(full(layers=(behind(Layer.NETWORK, "ddos-guard"), behind(Layer.EDGE, "ddos-guard"))))
    said = words(await site.text("/targets/parler.com"))
    assert "not observable (behind Ddos-Guard) The network is that of the edge." in said
    site.watch(full(layers=(behind(Layer.EDGE, "ddos-guard", known=False),)))
    said = words(await site.text("/targets/parler.com"))
    assert "not observable" not in said
    assert "not known (last seen behind Ddos-Guard)" in said


async def test_evidence_says_when_it_was_seen_and_what_stood_there_before(site: Site) -> None:
    moved = behind(Layer.NETWORK, "ddos-guard", changes=1)
    before = Evidence(provider="amazon", value="54.69.20.11", rule="AS16509", source="AS table 2021-01")
    gone = (Sighting(evidence=before, first=THEN, last=THEN + timedelta(days=2)),)
    earlier = Sighting(evidence=moved.confirmed.evidence[0], first=THEN, last=THEN)
    site.watch(full(layers=(replace(moved, gone=(*gone, replace(earlier, last=NOW))),)))
    text = await site.text("/targets/parler.com")
    outline(text)
    said = words(text)
    assert "198.51.100.7 by AS64500 AS table 2021-01-01 seen 2021-01-11 08:00 UTC to 2021-01-17" in said
    assert (
        "before, amazon : 54.69.20.11 by AS16509 AS table 2021-01 seen 2021-01-11 08:00 UTC to 2021-01-13"
        in said
    )
    assert "earlier: 198.51.100.7" in said
    dark = replace(moved, known=False, known_since=NOW, seen_until=THEN + timedelta(hours=1))
    site.watch(full(layers=(dark,)))
    said = words(await site.text("/targets/parler.com"))
    assert "the layer cannot be seen since 2021-01-17" in said
    assert "last 2021-01-11 09:00 UTC" in said
    site.watch(full(layers=(replace(dark, absent=True),)))
    assert "There is none since 2021-01-17" in words(await site.text("/targets/parler.com"))


async def test_an_early_sign_is_shown_while_it_stands(site: Site) -> None:
    sign = EarlySignState(
        sign=EarlySign.SERIALS_DIFFER, about="x", before="9", after="<i>ns1</i> 7", since=THEN, told_at=THEN
    )
    site.watch(full(early_signs=(sign,)))
    text = await site.text("/targets/parler.com")
    outline(text)
    assert "for a day: 9 → &lt;i&gt;ns1&lt;/i&gt; 7 since" in words(text)
    site.watch(full(early_signs=(replace(sign, ended_at=NOW),)))
    assert "Early signs" not in await site.text("/targets/parler.com")


async def test_the_policy_of_a_target_is_shown_and_what_is_not_known_said(site: Site) -> None:
    rulings = (
        Ruling(rule=DesiredRule.REGISTRAR, wanted=("godaddy",), kept=False, found=("epik",), breached=True),
        Ruling(rule=DesiredRule.EDGE, wanted=("<b>",), kept=False, breached=True),
        Ruling(rule=DesiredRule.DNSSEC, wanted=("signed",)),
    )
    site.watch(full(rulings=rulings))
    text = await site.text("/targets/parler.com")
    outline(text)
    assert "registrar breached godaddy epik" in words(text)
    assert "edge breached &lt;b&gt; nobody" in words(text)
    assert "dnssec not known signed not known" in words(text)


async def test_a_layer_that_nobody_was_seen_behind_is_said_to_be_so(site: Site) -> None:
    site.watch(full(layers=(behind(Layer.NETWORK, "amazon"),)))
    said = words(await site.text("/targets/parler.com"))
    assert "Edge CDN or reverse proxy in front none: it was looked for, and there is none" in said
    assert "Registration registrar of the name not known" in said


async def test_registration_and_certificate_are_told_in_full(site: Site) -> None:
    certificate = replace(
        page().tls,
        serial="4f2a",
        key_type="EC secp256r1",
        key_bits=256,
        signature="RSA with SHA-256",
        chain=(
            ChainLink(sha256="cd" * 32, subject="R3", organization="Let's Encrypt", not_after=NOW),
            ChainLink(sha256="ef" * 32),
        ),
        chain_sent=9,
    )
    name = registration(
        "clientHold",
        registry="rdap.example",
        reseller="A Reseller",
        dnssec=False,
        created=THEN,
        date_sources=(("created", "registry"),),
    )
    site.watch(full(seen=(seen(HTTP, page(tls=certificate)), seen(REGISTRATION, name))))
    text = await site.text("/targets/parler.com")
    outline(text)
    said = words(text)
    for fact in (
        "Key EC secp256r1, 256 bits",
        "Signed with RSA with SHA-256",
        "Serial number 4f2a",
        "Chain R3, Let&#39;s Encrypt, until 2021-01-17",
        "Chain a certificate that cannot be read, sha256 efefefefefefefef",
        "Chain and 6 more",
        "Registry rdap.example",
        "Reseller A Reseller",
        "Status code clientHold (the registrar)",
        "DNSSEC not signed",
        "Created 2021-01-11 08:00 UTC, word of the registry",
        "Expires 2025-01-01 00:00 UTC",
    ):
        assert fact in said, fact


async def test_the_delegation_is_told_in_full(site: Site) -> None:
    facts = replace(
        delegation("epik.com", "epik.net"),
        asked=(ServerWord(host="a.gtld-servers.net"),),
        signed=False,
        agree=True,
        servers=(
            ServerWord(host="ns3.epik.com", address="192.0.2.3", authoritative=True, serial=7),
            ServerWord(host="ns4.epik.com", address="192.0.2.4", failure=Failure.DNS_TIMEOUT),
            ServerWord(host="ns5.epik.com"),
        ),
    )
    site.watch(full(seen=(seen(Probe.DELEGATION, facts),)))
    text = await site.text("/targets/parler.com")
    outline(text)
    said = words(text)
    for fact in (
        "Delegated to ns3.epik.com",
        "Zone names the same",
        "Server ns3.epik.com (192.0.2.3) answers, serial 7",
        "Server ns4.epik.com (192.0.2.4) dns_timeout",
        "Server ns5.epik.com lame",
        "DNSSEC no DS in the parent zone",
        "epik.com registered until 2025-01-01 00:00 UTC, on hold: no",
        "Told by com, by a.gtld-servers.net",
    ):
        assert fact in said, fact


async def test_what_the_authority_says_of_a_certificate_is_shown(site: Site) -> None:
    word = Revocation(
        sha256="ab",
        state=RevocationState.REVOKED,
        checked_at=NOW,
        source="ocsp",
        server="http://<b>.example",
        revoked_at=THEN,
        reason="keyCompromise",
    )
    shown = page(tls=_evil_certificate("R3"), revocation=word)
    site.watch(full(seen=(seen(HTTP, shown),)))
    text = await site.text("/targets/parler.com")
    outline(text)
    assert "Revocation revoked 2021-" in words(text)
    assert ", keyCompromise, says ocsp http://" in words(text)
    assert "<b>.example" not in text


async def test_the_signs_of_a_page_and_what_is_not_as_expected_are_shown(site: Site) -> None:
    sign = Sign(id="cloudflare-block", kind=SignKind.BLOCK, about=About.VISITOR, by=("title",), source="a, b")
    unmet = Unmet(condition="title", wanted="Parler", seen="<b>Gab</b>")
    shown = page(signs=(sign,), elsewhere="gab.example", expected=Expected(met=("status",), unmet=(unmet,)))
    site.watch(full(seen=(seen(HTTP, shown),)))
    text = await site.text("/targets/parler.com")
    outline(text)
    for fact in (
        "Sign cloudflare-block (block, about the visitor, by title, medium: a, b)",
        "Leads to gab.example",
        "As expected status",
        "Not as expected title (Parler):",
    ):
        assert fact in words(text), fact
    assert "<b>Gab" not in text


async def test_the_last_known_address_is_shown_with_its_answer(site: Site) -> None:
    refused = (TriedAddress(address="192.0.2.9", failure=Failure.TCP_REFUSED),)
    facts = LastAddressFacts(
        asked_address="192.0.2.7", last_good_at=NOW, answer=page(status=421, title="<b>Misdirected</b>")
    )
    site.watch(full(seen=(seen(HTTP, page(tried=refused)), seen(Probe.LAST_ADDRESS, facts))))
    text = await site.text("/targets/parler.com")
    outline(text)
    said = words(text)
    for fact in ("Last known address 192.0.2.7", "Status 421", "No connection 192.0.2.9 (tcp_refused)"):
        assert fact in said, fact
    assert "last_address Last known address" in said, "it is not called the word of an earlier run"
    assert "<b>Misdirected" not in text


async def test_suspicions_are_called_suspicions(site: Site) -> None:
    moved = behind(Layer.DNS, "amazon", suspected=behind(Layer.DNS, "epik").confirmed, suspicion=1)
    site.watch(state(suspected=DOWN, suspected_since=NOW, layers=(moved,)))
    assert "Looks down, being looked at again." in await site.text("/")
    said = words(await site.text("/targets/parler.com"))
    assert "it looks down: The address does not answer. Not confirmed" in said
    assert "Epik seen 1 time, not confirmed." in said


async def test_history_stands_on_the_page_of_a_target(site: Site) -> None:
    up = state(layers=(behind(Layer.DNS, "amazon"),), pulse=Pulse(runs=(run(HTTP),)))
    site.watch(up)
    await site.keep(Change(state=up))
    down = full(seen=())
    site.watch(down)
    await site.keep(Change(state=replace(down, seq=2), events=(event("down."),)))
    text = await site.text("/targets/parler.com")
    outline(text)
    assert 'class="status-' in text
    assert "down." in words(text)
    assert "/events?target=parler.com" in text


async def test_the_course_of_an_incident_stands_on_the_page_of_a_target(site: Site) -> None:
    held = incident(flaps=12, calm_from_s=1.0, reachable_since=NOW)
    site.watch(state(incident=held, layers=(behind(Layer.DNS, "amazon"),)))
    said = words(await site.text("/targets/parler.com"))
    assert "Its incident is not over yet: something answers since 2021-" in said
    assert "came and went 12 times since 2021-" in said
    assert "up again, but not for long enough to be told as that." in said
    moves = (LayerMove(layer=Layer.NETWORK, providers_before=(), providers_after=(), known=False),)
    ended = incident(resolved_at=NOW, moves=moves)
    down = full(seen=(), incident=held)
    site.watch(down)
    await site.keep(Change(state=down))
    await site.keep(Change(state=state(ended=ended)))
    said = words(await site.text("/targets/parler.com"))
    assert "Its incident is not over yet" not in said
    assert "The address does not answer. something answers since" in said


async def test_events_are_paged_by_their_number(site: Site) -> None:
    site.watch(state())
    for first in range(0, 250, 50):
        some = tuple(event(f"number {number}", number) for number in range(first, first + 50))
        await site.keep(Change(state=replace(state(), seq=first + 1), events=some))
    assert (await site.text("/")).count('<li class="severity-critical">') == 15
    text, pages = await site.text("/events"), []
    while older := re.search(r'href="/events\?(before=\d+)"', text):
        pages.append(text.count("<li "))
        text = await site.text(f"/events?{older[1]}")
    assert [*pages, text.count("<li ")] == [100, 100, 50]
    assert "number 249" in await site.text("/events?target=parler.com")


async def test_a_large_fleet_is_searched_filtered_and_paged_by_the_server(site: Site) -> None:
    for number in range(10_250):
        verdict = DOWN if number % 1_000 == 0 else Verdict(status=Status.UP, reachable=True)
        site.watch(state(f"p{number:05}.example", verdict=verdict))
    text = await site.text("/")
    assert text.count("<tr ") == 101
    assert "Page 1 of 103" in words(text)
    assert 'rel="prev"' not in text
    last = await site.text("/?page=103")
    assert 'rel="next"' not in last
    assert last.count("<tr ") == 51
    down = await site.text("/?status=down")
    assert down.count("<tr ") == 12
    found = await site.text("/?q=P0012&status=up")
    assert found.count("<tr ") == 11
    assert 'value="p0012"' in found
    nothing = await site.text("/?q=%3Cb%3E&status=down")
    outline(nothing)
    assert "Nothing here is down and has “ &lt;b&gt; ” in its name" in words(nothing)


@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
async def test_text_of_strangers_is_text(site: Site, evil: str) -> None:
    layer = behind(Layer.REGISTRATION, "epik")
    provider = replace(layer.confirmed.providers[0], name=evil)
    proof = replace(layer.confirmed.evidence[0], value=evil, rule=evil, source=evil)
    attribution = replace(layer.confirmed, providers=(provider,), evidence=(proof,) * 50)
    answer = replace(records().a, values=(evil,) * 100, rcode=evil)
    facts = (
        page(title=evil, url=evil, excerpt=evil, address=evil, tls=_evil_certificate(evil)),
        replace(records(), ns=answer, mx=answer, cname_chain=(evil,) * 100, resolver=evil),
        registration(
            *(evil,) * 50,
            registrar_name=evil,
            name_servers=(evil,) * 100,
            server=evil,
            registry=evil,
            reseller=evil,
        ),
    )
    observations = tuple(
        seen(probe, fact) for probe, fact in zip((HTTP, DNS, REGISTRATION), facts, strict=True)
    )
    site.watch(
        full(
            layers=(
                replace(
                    layer,
                    confirmed=attribution,
                    suspected=attribution,
                    gone=(Sighting(evidence=replace(proof, provider=evil), first=THEN, last=NOW),) * 50,
                ),
            ),
            seen=observations,
        )
    )
    for path in ("/", "/targets/parler.com"):
        text = await site.text(path)
        outline(text)
        assert len(text) < 100_000
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", text)
        assert "<script>alert" not in text
        assert "49" not in words(text).replace("2021", "")


def _evil_certificate(evil: str) -> TlsFacts:
    link = ChainLink(sha256=evil, subject=evil, issuer=evil, organization=evil, not_after=NOW)
    return replace(
        page().tls,
        subject=evil,
        issuer_organization=evil,
        serial=evil,
        key_type=evil,
        signature=evil,
        chain=(link,) * 6,
        chain_sent=50,
    )


@pytest.mark.parametrize("name", ["a/b", "a b", "ä.example", "100%", "a?b#c", '"><b>', "a&b=c", "x" * 250])
async def test_odd_names_are_found_by_their_links(site: Site, name: str) -> None:
    site.watch(replace(state(), target=name))
    link = next(link for link in outline(await site.text("/")).links if link.startswith("/targets/"))
    async with site.client.get(link.replace("&amp;", "&")) as answer:
        assert answer.status == 200
        outline(await answer.text())


def test_no_status_is_told_by_colour_alone() -> None:
    assert set(SIGNS) == set(Status)
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert set(LAYERS) == set(Layer)
