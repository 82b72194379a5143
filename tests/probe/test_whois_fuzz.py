"""Replies that were cut, mangled or made to hurt: no exception, bounded time, and never a half record."""

import time
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probe.fuzzing import FUZZ_S, ROUND, for_a_while
from servers.registration_lab import GOOD_WHOIS

from monitor.probe.names import TEXT_LIMIT
from monitor.probe.text import clean
from monitor.probe.whois_client import REPLY_LIMIT, decode
from monitor.probe.whois_reading import ParsedWhois, Reading, read_whois

GOLDEN = {
    path.stem: path.read_bytes()
    for path in sorted((Path(__file__).parent.parent / "golden" / "registration").glob("*.txt"))
}
ICANN = {
    name: raw.decode()
    for name, raw in GOLDEN.items()
    if b"Registry Domain ID:" in raw
    and read_whois("platform.com", raw.decode()).reading is Reading.REGISTERED
}
# For the largest reply that the transport lets through; ordinary ones take a thousandth of it.
LONGEST_S = 0.5


def domain_in(text: str) -> str:
    """Return the domain of a golden reply, or of what is left of it."""
    return "platform.com" if "platform.com" in text.lower() else "example.test"


def read(domain: str, text: str) -> ParsedWhois:
    """Return the reading, once it has been found to hold together."""
    start = time.process_time()
    record = read_whois(domain, text)
    assert time.process_time() - start < LONGEST_S
    names = [record.registrar_name, record.reseller, record.registry, *record.statuses, *record.name_servers]
    dates = (record.created, record.updated, record.expires)
    if record.reading is not Reading.REGISTERED:
        assert record == ParsedWhois(reading=record.reading)
    # Fit to be kept, logged and shown: one line, bounded, no control characters.
    assert all(name == clean(name, TEXT_LIMIT) and name for name in names if name is not None)
    assert all(date.tzinfo is UTC for date in dates if date)
    assert len(record.statuses) <= 50
    assert len(record.name_servers) <= 50
    return record


def facts(record: ParsedWhois) -> tuple[object, ...]:
    return (record.statuses, record.name_servers, record.created, record.updated, record.expires)


def test_there_are_replies_in_icanns_format() -> None:
    assert len(ICANN) >= 3


@pytest.mark.parametrize("text", [*ICANN.values(), GOOD_WHOIS], ids=[*ICANN, "good"])
def test_a_cut_reply_in_icanns_format_never_yields_a_record_that_lost_its_end(text: str) -> None:
    domain = domain_in(text)
    whole = read(domain, text)
    assert whole.reading is Reading.REGISTERED
    # Up to the first of its own lines it is no reply in ICANN's format yet, and has no facts either.
    begins = text.index("Registry Domain ID:") + len("Registry Domain ID:")
    for cut in range(begins, len(text) + 1):
        record = read(domain, text[:cut])
        if record.reading is Reading.REGISTERED:
            assert facts(record) == facts(whole), text[:cut][-60:]


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_reply_can_be_cut_at_its_lines(name: str) -> None:
    raw = GOLDEN[name]
    for line in range(raw.count(b"\n")):
        text = decode(b"\n".join(raw.split(b"\n")[:line]))
        read(domain_in(text), text)


@pytest.mark.full
@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_reply_can_be_cut_anywhere(name: str) -> None:
    for cut in range(len(GOLDEN[name])):
        text = decode(GOLDEN[name][:cut])
        read(domain_in(text), text)


@pytest.mark.parametrize(
    "text",
    [
        "Domain Name: EXAMPLE.TEST\n" * 3_000,
        "Name Server: ns1.example.test\n" * 2_500,
        "".join(f"Name Server: ns{n}.example.test\n" for n in range(2_100)),
        "".join(f"Status: s{n}\n" for n in range(5_000)),
        "Name Server: " + "ns1.example.test " * 4_000,
        "Status: " + "ok," * 20_000,
        "Registrar: " + "\x1b[31m" * 10_000,
        "Registrar:\x00\x07\x9b\u202eevil\n",
        "Created on: " + "03/04/2020 " * 6_000,
        "Created: 03/04/2020\n" * 3_000,
        "changed: a@b " + "20060711 " * 7_000,
        "changed: " + "@" * 65_000,
        "x" + "." * 65_000 + "y",
        "x ... : " * 8_000,
        "[" + "a" * 40 + "] " + "[" * 60_000,
        "   - - - - - " * 5_000,
        "Name servers:\n" + "   ns1.example.test 2001:db8::1\n" * 2_000,
        "DNSSEC: unsigned\nDNSSEC: signed\n" * 2_000,
        "\ud800" * 1_000,
        "\u2028".join(["Registrar: a"] * 5_000),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_hostile_replies_take_bounded_time(text: str) -> None:
    read("example.test", text[:REPLY_LIMIT])


_CONTROL = st.sampled_from(
    [b"\x00", b"\r", b"\x1b[2J", b"\x85", b"\xe2\x80\xae", b"\xff\xfe", b"\xed\xa0\x80", b"\t"]
)
_PIECES = st.one_of(
    st.binary(max_size=12),
    _CONTROL,
    st.sampled_from(
        [
            b"\n\n", b"\n", b":", b"...", b"[", b"Registrar:", b"Name Server: ", b"No match", b"% ",
            b"Status: free", b">>> Last update", b"Domain Name: other.test\n",
            b"Too many requests", b"DNSSEC: signed\n", b" " * 200,
        ]
    ),
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Return a good reply with pieces cut out, doubled, moved or put in."""
    raw = bytearray(draw(st.sampled_from([*GOLDEN.values(), GOOD_WHOIS.encode()])))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        end = min(len(raw), at + draw(st.integers(0, 200)))
        how = draw(st.sampled_from(["cut", "out", "twice", "often", "in", "move"]))
        if how == "cut":
            del raw[at:]
        elif how == "out":
            del raw[at:end]
        elif how == "twice":
            raw[at:at] = raw[at:end]
        elif how == "often":
            raw[at:at] = bytes(raw[at:end]) * draw(st.integers(2, 60))
        elif how == "in":
            raw[at:at] = draw(_PIECES)
        else:
            piece = bytes(raw[at:end])
            del raw[at:end]
            to = draw(st.integers(0, len(raw)))
            raw[to:to] = piece
    return bytes(raw[:REPLY_LIMIT])


_TEXTS = st.text(max_size=2_000).map(lambda text: text.encode("utf-8", "surrogatepass"))
_QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_QUICK
@given(mangled())
def test_mangled_replies(raw: bytes) -> None:
    text = decode(raw)
    read(domain_in(text), text)


@pytest.mark.full
@pytest.mark.timeout(FUZZ_S + 60)
def test_mangled_replies_again_and_again() -> None:
    @settings(_QUICK, max_examples=ROUND, database=None)
    @given(
        st.one_of(
            mangled(),
            st.binary(max_size=4_000),
            st.text(max_size=2_000).map(lambda t: t.encode("utf-8", "surrogatepass")),
        )
    )
    def play_round(raw: bytes) -> None:
        text = decode(raw)
        read(domain_in(text), text)

    assert for_a_while(play_round) >= 1
