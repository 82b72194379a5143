"""The bytes of questions and answers, against dnspython's reading of the same bytes."""

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.failure import Failure
from monitor.probe.dns_message import (
    MAX_ALIASES,
    MAX_VALUES,
    BadNameError,
    MalformedError,
    Message,
    belongs,
    parse,
    question,
)

ID = b"\x12\x34"
EXCHANGE = ("www.example", "A")


def reply(
    *records: str, name: str = "www.example", rtype: str = "A", code: int = 0, authority: tuple[str, ...] = ()
) -> bytes:
    query = dns.message.from_wire(question(name, rtype).message(ID))
    message = dns.message.make_response(query, recursion_available=True)
    message.set_rcode(code)
    for section, texts in ((message.answer, records), (message.authority, authority)):
        for text in texts:
            owner, ttl, kind, value = text.split(" ", 3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", kind, value))
    return message.to_wire(max_size=65535)


def read(wire: bytes, name: str = "www.example", rtype: str = "A") -> Message:
    return parse(wire, question(name, rtype), datagram=True)


SOA = "example. 60 SOA ns1.example. admin.example. 1 2 3 4 60"


@pytest.mark.parametrize("name", ["example.com", "xn--bcher-kva.example", "_dmarc.example", "a" * 63 + ".b"])
@pytest.mark.parametrize("rtype", ["A", "AAAA", "NS", "MX", "SOA", "CNAME", "TXT"])
def test_a_query_is_the_one_that_dnspython_would_send(name: str, rtype: str) -> None:
    message = dns.message.make_query(name, rtype, use_edns=0, payload=1232, id=0x1234)
    assert question(name, rtype).message(ID) == message.to_wire()


def test_names_are_asked_in_lower_case_without_the_trailing_dot() -> None:
    assert question("WWW.Example.", "A") == question("www.example", "A")


def test_a_name_with_unprintable_bytes_is_asked_escaped() -> None:
    asked = question("a\\000\\.B.example", "A")
    assert asked.name == "a\\000\\.b.example"
    assert asked.wire.startswith(b"\x04a\x00.b\x07example\x00")


@pytest.mark.parametrize("name", ["a..b", ".a", "a" * 64 + ".example", "a." * 127 + "example"])
def test_a_name_that_dns_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(BadNameError):
        question(name, "A")


@pytest.mark.parametrize(
    ("rtype", "records", "values"),
    [
        ("A", ["10.0.0.2", "10.0.0.1"], ("10.0.0.1", "10.0.0.2")),
        ("A", ["10.0.0.1", "10.0.0.1"], ("10.0.0.1",)),
        ("AAAA", ["2001:DB8:0::1"], ("2001:db8::1",)),
        ("AAAA", ["::ffff:10.0.0.1"], ("::ffff:10.0.0.1",)),
        ("NS", ["NS2.Example.net.", "ns1.example.net."], ("ns1.example.net", "ns2.example.net")),
        ("MX", ["20 b.example.", "10 Mail.Example."], ("10 mail.example", "20 b.example")),
        ("MX", ["0 ."], ("0 .",)),
        ("CNAME", ["Other.Example."], ("other.example",)),
        (
            "SOA",
            ["NS1.Example. admin.a\\.b.example. 1 2 3 4 5"],
            ("ns1.example admin.a\\.b.example 1 2 3 4 5",),
        ),
        ("SOA", ["b. b. 1 2 3 4 5", "a. a. 1 2 3 4 5"], ("a a 1 2 3 4 5",)),
        ("NS", ["a\\032b\\200.example."], ("a\\032b\\200.example",)),
        ("TXT", ['"v=spf1 -all"'], ('"v=spf1 -all"',)),
    ],
)
def test_values_are_normalised(rtype: str, records: list[str], values: tuple[str, ...]) -> None:
    wire = reply(*(f"www.example. 300 {rtype} {record}" for record in records), rtype=rtype)
    message = read(wire, rtype=rtype)
    assert (message.rcode, message.failure, message.values) == ("NOERROR", None, values)


def test_the_smallest_ttl_counts_and_an_impossible_one_is_zero() -> None:
    wire = reply("www.example. 300 CNAME a.example.", "a.example. 60 A 10.0.0.1", "a.example. 90 A 10.0.0.2")
    assert read(wire).ttl == 60
    at = wire.index(b"\x0a\x00\x00\x01") - 6
    assert read(wire[:at] + b"\xff\xff\xff\xff" + wire[at + 4 :]).ttl == 0


@pytest.mark.parametrize(
    ("code", "rcode", "failure"),
    [
        (0, "NOERROR", Failure.DNS_NODATA),
        (1, "FORMERR", Failure.DNS_SERVFAIL),
        (2, "SERVFAIL", Failure.DNS_SERVFAIL),
        (3, "NXDOMAIN", Failure.DNS_NXDOMAIN),
        (4, "NOTIMP", Failure.DNS_SERVFAIL),
        (5, "REFUSED", Failure.DNS_REFUSED),
        (16, "BADVERS", Failure.DNS_SERVFAIL),
    ],
)
def test_every_rcode_has_its_failure(code: int, rcode: str, failure: Failure) -> None:
    message = read(reply(code=code, authority=(SOA,)))
    assert (message.rcode, message.failure) == (rcode, failure)


def test_a_chain_of_aliases_is_followed_in_any_order() -> None:
    records = (
        "www.example. 1 CNAME b.example.",
        "c.example. 1 A 10.0.0.1",
        "b.example. 1 CNAME C.example.",
    )
    for wire in (reply(*records), reply(*reversed(records))):
        message = read(wire)
        assert (message.chain, message.values) == (("b.example", "c.example"), ("10.0.0.1",))


def test_records_of_other_names_are_not_taken() -> None:
    message = read(reply("www.example. 1 CNAME b.example.", "www.example. 1 A 10.6.6.6", "x. 1 A 10.6.6.7"))
    assert message.failure is Failure.DNS_NODATA
    assert message.unfinished


def test_a_chain_whose_end_has_no_such_record_is_finished_by_the_soa() -> None:
    message = read(reply("www.example. 1 CNAME b.example.", authority=(SOA,)))
    assert (message.failure, message.unfinished) == (Failure.DNS_NODATA, False)


def test_a_chain_to_a_name_that_does_not_exist_is_nxdomain() -> None:
    message = read(reply("www.example. 1 CNAME b.example.", code=3, authority=(SOA,)))
    assert (message.failure, message.chain) == (Failure.DNS_NXDOMAIN, ("b.example",))


def chain_of(length: int) -> bytes:
    names = ["www.example.", *(f"n{number}.example." for number in range(length))]
    aliases = [f"{names[i]} 1 CNAME {names[i + 1]}" for i in range(length)]
    return reply(*aliases, f"{names[-1]} 1 A 10.0.0.1")


def test_the_longest_chain_and_one_alias_more() -> None:
    assert read(chain_of(MAX_ALIASES)).values == ("10.0.0.1",)
    assert read(chain_of(MAX_ALIASES + 1)).failure is Failure.DNS_LOOP


@pytest.mark.parametrize("back", ["www.example.", "b.example.", "c.example."])
def test_a_chain_that_loops(back: str) -> None:
    wire = reply(
        "www.example. 1 CNAME b.example.", "b.example. 1 CNAME c.example.", f"c.example. 1 CNAME {back}"
    )
    assert read(wire).failure is Failure.DNS_LOOP


def test_a_referral_is_a_refusal_and_not_the_absence_of_a_record() -> None:
    """A server that does not recurse says nothing about the name: no target may die of it."""
    query = dns.message.from_wire(question(*EXCHANGE).message(ID))
    message = dns.message.make_response(query)
    message.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns1.example."))
    assert read(message.to_wire()).failure is Failure.DNS_REFUSED


def test_four_thousand_records_are_cut_to_a_bounded_answer() -> None:
    values = [f"10.0.{number >> 8}.{number & 255}" for number in range(4000)]
    query = dns.message.from_wire(question(*EXCHANGE).message(ID))
    message = dns.message.make_response(query)
    message.answer.append(dns.rrset.from_text("www.example.", 60, "IN", "A", *values))
    wire = message.to_wire(max_size=65535)
    assert len(parse(wire, question(*EXCHANGE), datagram=False).values) == MAX_VALUES


def test_only_a_response_that_repeats_the_question_belongs_to_it() -> None:
    asked = question(*EXCHANGE)
    good = reply("www.example. 1 A 10.0.0.1")
    upper = good[:12] + good[12:25].upper() + good[25:]
    assert belongs(good, asked)
    assert belongs(upper, asked)
    assert parse(upper, asked, datagram=True).values == ("10.0.0.1",)
    assert not belongs(asked.message(ID), asked), "a query that comes back is no response"
    assert not belongs(reply(name="ww2.example"), asked)
    assert not belongs(reply(rtype="AAAA"), asked)
    assert not belongs(good[:12], asked)
    assert not belongs(good[:4] + b"\x00\x02" + good[6:], asked), "two questions"
    assert not belongs(good[:2] + b"\xa1" + good[3:], asked), "another opcode"
    assert not belongs(b"", asked)


def test_a_server_that_does_not_repeat_the_question_can_only_refuse() -> None:
    asked = question(*EXCHANGE)
    assert not belongs(ID + b"\x81\x80" + bytes(8), asked)
    assert not belongs(ID + b"\x81\x83" + bytes(8), asked)
    refusal = ID + b"\x81\x85" + bytes(8)
    assert belongs(refusal, asked)
    assert parse(refusal, asked, datagram=True).failure is Failure.DNS_REFUSED


def test_a_truncated_datagram_is_not_read_further() -> None:
    wire = bytearray(reply("www.example. 1 A 10.0.0.1"))
    wire[2] |= 0x02
    assert read(bytes(wire[:40])) == Message(rcode=None, truncated=True)


FULL = reply(
    "www.example. 300 CNAME b.example.",
    "b.example. 60 A 10.0.0.1",
    "b.example. 60 A 10.0.0.2",
    authority=("example. 60 NS ns1.example.",),
)


@pytest.mark.parametrize("length", range(len(FULL)))
def test_no_beginning_of_an_answer_is_an_answer(length: int) -> None:
    if belongs(FULL[:length], question(*EXCHANGE)):
        with pytest.raises(MalformedError):
            read(FULL[:length])


def test_one_byte_too_many_is_no_answer() -> None:
    with pytest.raises(MalformedError):
        read(FULL + b"\x00")


@pytest.mark.parametrize(
    "owner", [b"\xc0\x1d", b"\xc0\xff", b"\xff\xff", b"\x40a\x00", b"\x80a\x00", b"\xc0", b"\x3fa"]
)
def test_bad_owner_names_are_no_answer(owner: bytes) -> None:
    head = ID + b"\x81\x80" + b"\x00\x01\x00\x01\x00\x00\x00\x00" + question(*EXCHANGE).wire
    with pytest.raises(MalformedError):
        read(head + owner + b"\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x0a\x00\x00\x01")


@pytest.mark.parametrize(("rtype", "number"), [("A", 1), ("AAAA", 28), ("NS", 2), ("MX", 15), ("SOA", 6)])
@pytest.mark.parametrize("rdata", [b"", b"\x00", b"\x0a\x00\x01", b"\x0a\x00\x00\x01\x00", b"\x3f" * 17])
def test_record_data_of_the_wrong_size_is_no_answer(rtype: str, number: int, rdata: bytes) -> None:
    head = ID + b"\x81\x80" + b"\x00\x01\x00\x01\x00\x00\x00\x00" + question("www.example", rtype).wire
    fixed = number.to_bytes(2) + b"\x00\x01\x00\x00\x00\x01" + len(rdata).to_bytes(2)
    if (rtype, rdata) == ("NS", b"\x00"):
        assert read(head + b"\xc0\x0c" + fixed + rdata, rtype=rtype).values == (".",)
        return
    with pytest.raises(MalformedError):
        read(head + b"\xc0\x0c" + fixed + rdata, rtype=rtype)


def read_or_nothing(wire: bytes, name: str, rtype: str) -> Message | None:
    asked = question(name, rtype)
    if not belongs(wire, asked):
        return None
    try:
        return parse(wire, asked, datagram=False)
    except MalformedError:
        return None


@given(st.binary(max_size=200), st.sampled_from(["A", "MX", "SOA", "TXT", "CAA", "HTTPS"]))
def test_random_bytes_never_raise(tail: bytes, rtype: str) -> None:
    head = ID + b"\x81\x80" + b"\x00\x01\x00\x01\x00\x00\x00\x00" + question("www.example", rtype).wire
    assert read_or_nothing(tail, "www.example", rtype) is None
    read_or_nothing(head + tail, "www.example", rtype)


@given(
    st.lists(st.tuples(st.integers(0, len(FULL) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 3),
    st.binary(max_size=3),
)
def test_a_mutated_answer_never_raises_nor_answers_another_question(
    changes: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    wire = bytearray(FULL)
    for at, value in changes:
        wire[at] = value
    mutated = bytes(wire[: len(wire) - cut]) + tail
    message = read_or_nothing(mutated, *EXCHANGE)
    if message is not None and message.values:
        assert mutated[12:25].lower() == FULL[12:25]
        assert mutated[25:29] == FULL[25:29]
        assert len(message.chain) <= MAX_ALIASES
        assert all(name.isascii() and name.isprintable() for name in message.chain)


NAMES = st.sampled_from(["www.example.", "b.example.", "C.example.", "d.e.example.", "B.example."])
RECORDS = st.lists(
    st.one_of(
        st.tuples(NAMES, st.just("CNAME"), NAMES),
        st.tuples(NAMES, st.just("A"), st.sampled_from(["10.0.0.1", "10.0.0.2"])),
        st.tuples(NAMES, st.just("MX"), st.sampled_from(["10 b.example.", "5 C.example."])),
    ),
    max_size=8,
)


@given(RECORDS, st.sampled_from(["A", "MX"]))
def test_the_same_is_read_as_by_dnspython(records: list[tuple[str, str, str]], rtype: str) -> None:
    """Hold our walk over the bytes to a plain reading of dnspython's parsed message."""
    wire = reply(*(f"{owner} 60 {kind} {value}" for owner, kind, value in records), rtype=rtype)
    parsed = dns.message.from_wire(wire, one_rr_per_rrset=True)
    found = [
        (rrset.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(rrset.rdtype), str(rrset[0]))
        for rrset in parsed.answer
    ]
    name, chain = "www.example", []
    while alias := next((value for owner, kind, value in found if (owner, kind) == (name, "CNAME")), None):
        name = alias.removesuffix(".").lower()
        chain.append(name)
        if "www.example" in chain or len(set(chain)) < len(chain):
            assert read(wire, rtype=rtype).failure is Failure.DNS_LOOP
            return
    expected = {
        value.removesuffix(".").lower() for owner, kind, value in found if (owner, kind) == (name, rtype)
    }
    message = read(wire, rtype=rtype)
    assert (message.chain, message.values) == (tuple(chain), tuple(sorted(expected)))
