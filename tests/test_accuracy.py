"""`make accuracy` counts what it says it counts, on a tiny corpus made here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.accuracy import disputes, sameness
from tests.accuracy.corpus import AddressRow, CorpusError, ReplyRow, read
from tests.accuracy.tally import Bar, Case, Score, Verdict
from tests.accuracy.top_level import CLASSIC, COUNTRY, NEW, class_of

pytestmark = pytest.mark.full

ROOT = Path(__file__).resolve().parents[1]
REPLY = """Domain Name: EXAMPLE.COM
Registry Domain ID: 1_DOMAIN_COM-VRSN
Updated Date: 2020-06-15T18:25:25Z
Creation Date: 2018-06-15T18:25:25Z
Registry Expiry Date: 2026-06-15T18:25:25Z
Registrar: Example Registrar, Inc.
Registrar IANA ID: 9999
Domain Status: clientHold https://icann.org/epp#clientHold
Name Server: NS1.HOSTER.EXAMPLE
Name Server: NS2.HOSTER.EXAMPLE
DNSSEC: unsigned
>>> Last update of whois database: 2021-01-10T00:00:00Z <<<
"""
RIGHT = {
    "registered": True,
    "registrar": "EXAMPLE REGISTRAR INC",
    "iana_id": 9999,
    "name_servers": ["ns2.hoster.example", "ns1.hoster.example."],
    "created": "2018-06-15T00:00:00",
    "updated": "2020-06-15T18:25:25Z",
    "expires": "2026-06-15T23:59:59Z",
    "status": ["client hold"],
}


def row(domain: str = "example.com", reply: str = REPLY, **label: object) -> dict[str, Any]:
    return {"domain": domain, "reply": reply, "expected": RIGHT | label}


def corpus(folder: Path, *rows: object) -> Path:
    path = folder / "corpus.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


def accuracy(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.accuracy", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def counts(told: dict[str, Any], field: str, group: str = "all") -> tuple[int, ...]:
    """Return right, missing, wrong and unlabelled."""
    (part,) = (value for value in told.values() if isinstance(value, dict) and field in value["fields"])
    found = part["fields"][field][group]
    return tuple(found[verdict.value] for verdict in Verdict)[:4]


def test_right_missing_wrong_and_unlabelled_are_counted_by_field_and_class(tmp_path: Path) -> None:
    path = corpus(
        tmp_path,
        row(),
        row(created="2018-06-16T00:00:00", registrar="Another", name_servers=["ns1.hoster.example"]),
        row(expires=None, status=[]),
        # The reply is about example.com: nothing may be read from it for another domain.
        row("other.de"),
        row(
            "free.blog", "Domain not found.\n", registered=False, **dict.fromkeys(set(RIGHT) - {"registered"})
        ),
    )
    done = accuracy(path, "--json", "--no-bars")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert counts(told, "registered") == (4, 1, 0, 0)
    assert counts(told, "registered", NEW) == (1, 0, 0, 0)
    assert counts(told, "registrar") == (2, 1, 1, 0)
    assert counts(told, "registrar", CLASSIC) == (2, 0, 1, 0)
    assert counts(told, "registrar", COUNTRY) == (0, 1, 0, 0)
    assert counts(told, "name_servers") == (2, 1, 1, 0)
    assert counts(told, "created", CLASSIC) == (2, 0, 1, 0)
    assert counts(told, "updated", CLASSIC) == (3, 0, 0, 0)
    assert counts(told, "expires", CLASSIC) == (2, 0, 0, 1)
    assert counts(told, "status", CLASSIC) == (2, 0, 0, 1)
    assert counts(told, "iana_id", CLASSIC) == (3, 0, 0, 0)
    (part,) = (value for value in told.values() if isinstance(value, dict))
    assert part["worst"][0] == {
        "what": "example.com",
        "field": "created",
        "verdict": "wrong",
        "expected": "2018-06-16",
        "got": "2018-06-15",
    }


def test_a_missed_bar_is_named_and_fails_unless_bars_are_off(tmp_path: Path) -> None:
    path = corpus(tmp_path, row(registrar="Another"))
    done = accuracy(path)
    assert done.returncode == 1
    assert (
        "missed: registrar, gTLD: right ≥ 97%, wrong ≤ 1.0%; right 0.00%, wrong 100.00% of 1" in done.stdout
    )
    assert "missed: created" not in done.stdout
    assert accuracy(path, "--no-bars").returncode == 0
    assert accuracy(corpus(tmp_path, row())).returncode == 0


def test_the_number_of_worst_cases_is_bounded(tmp_path: Path) -> None:
    path = corpus(tmp_path, *(row(registrar=f"Another {n}") for n in range(5)))
    done = accuracy(path, "--most", "2")
    assert done.stdout.count("got 'exampleregistrarinc'") == 2


def test_a_refusal_that_is_read_as_data_is_wrong(tmp_path: Path) -> None:
    limited = {"domain": "example.com", "expected": {"registered": None}}
    path = corpus(
        tmp_path, limited | {"reply": "WHOIS LIMIT EXCEEDED\n"}, limited | {"reply": "No match for domain\n"}
    )
    done = accuracy(path, "--json")
    assert counts(json.loads(done.stdout), "limited read as data", CLASSIC)[2] == 1
    assert done.returncode == 1


def test_addresses_are_counted_by_family_and_list(tmp_path: Path) -> None:
    path = corpus(
        tmp_path,
        {"ip": "104.16.0.1", "provider": "cloudflare", "list": "cloudflare"},
        {"ip": "104.16.0.2", "provider": "fastly", "list": "a-list"},
        {"ip": "2606:4700::1", "provider": "cloudflare", "list": "cloudflare"},
        {"ip": "192.0.2.1", "provider": "fastly", "list": "a-list"},
    )
    told = json.loads(accuracy(path, "--json", "--no-bars").stdout)
    field = "provider of an address"
    assert counts(told, field) == (2, 1, 1, 0)
    assert counts(told, field, "IPv6") == (1, 0, 0, 0)
    assert counts(told, field, "a-list") == (0, 1, 1, 0)


def test_a_label_that_the_reply_contradicts_is_disputed_and_counts_when_strict(tmp_path: Path) -> None:
    handle = (
        "domain: example.cz\nregistrar: REG-EXAMPLE\ncreated: 2001-01-01\n\ncontact: A\norg: Some Agency\n"
    )
    label = {"registered": True, "registrar": "Some Agency", "created": "2001-01-01"}
    refusal = {"registered": False, "registrar": None, "name_servers": [], "status": []}
    path = corpus(
        tmp_path,
        {"domain": "example.cz", "reply": handle, "expected": label},
        {"domain": "example.lu", "reply": "%% Maximum query rate reached\n", "expected": refusal},
    )
    told = json.loads(accuracy(path, "--json", "--no-bars").stdout)
    assert counts(told, "registrar") == (0, 0, 0, 0)
    assert counts(told, "registered") == (1, 0, 0, 0)
    assert [case["verdict"] for case in told[next(iter(told))]["worst"]] == ["disputed", "disputed"]
    strict = json.loads(accuracy(path, "--json", "--no-bars", "--strict").stdout)
    assert counts(strict, "registrar") == (0, 0, 1, 0)
    assert counts(strict, "registered") == (1, 1, 0, 0)
    # Half of the labels may not be disputed.
    done = accuracy(path)
    assert done.returncode == 1
    assert "disputed ≤ 5%; 50.00%" in done.stdout


def test_a_name_and_a_handle_in_one_block_of_the_registrar_are_the_same() -> None:
    reply = (
        "Domain: a.it\n\nRegistrar\n  Organization: Example Registrar S.r.l.\n  Name: EXAMPLE-REG\n\n"
        "Tech\n  Name: Some Agency\n"
    )
    label = ReplyRow(domain="a.it", reply=reply, registered=True, registrar="EXAMPLE-REG")
    assert disputes.names_the_same(label, "Example Registrar S.R.L.")
    assert not disputes.names_the_same(label, "Some Agency")
    assert not disputes.names_a_contact(label)
    assert disputes.names_a_contact(
        ReplyRow(domain="a.it", reply=reply, registered=True, registrar="Some Agency")
    )
    # What is not in the reply at all is no contact either: then the label is believed.
    assert not disputes.names_a_contact(
        ReplyRow(domain="a.it", reply=reply, registered=True, registrar="Nobody Inc.")
    )


def test_without_a_corpus_it_says_so() -> None:
    done = accuracy()
    assert (done.returncode, done.stdout) == (2, "")
    assert "no corpus" in done.stderr


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting"),
        ("[]", "expected a JSON object"),
        ("{}", "neither a reply (`reply`) nor an address (`ip`)"),
        ('{"ip": "1.2.3", "provider": "x"}', "does not appear to be an IPv4 or IPv6 address"),
        ('{"ip": "192.0.2.1"}', "`provider` is no text"),
        ('{"domain": "a.com", "reply": "x"}', "`expected` with `registered`"),
        ('{"domain": 1, "reply": "x", "expected": {"registered": true}}', "`domain` is no text"),
        (
            '{"domain": "a.com", "reply": "x", "expected": {"registered": true, "status": "ok"}}',
            "`status` is no list of texts",
        ),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"ip": "192.0.2.1", "provider": "x"}\n\n' + line + "\n")
    with pytest.raises(CorpusError) as caught:
        list(read(path))
    assert str(caught.value).startswith(f"{path}:3: ")
    assert reason in str(caught.value)


def test_a_corpus_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("{\n")
    done = accuracy(path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}:1: " in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.jsonl"):
        list(read(tmp_path / "none.jsonl"))


def test_both_kinds_of_rows_are_told_apart(tmp_path: Path) -> None:
    path = corpus(tmp_path, row(reply="a\u2028b\x85c\n"), {"ip": "192.0.2.1", "provider": "x"})
    first, second = read(path)
    assert isinstance(first, ReplyRow)
    assert first.reply == "a\u2028b\x85c\n"
    assert second == AddressRow(address="192.0.2.1", provider="x", list="?")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("MarkMonitor, Inc.", "MARKMONITOR INC", True),
        ("MarkMonitor Inc.", "MarkMonitor", False),
        ("Whois Corp.(http://whois.example)", "Whois Corp.", True),
        ("Donuts Internal (9999)", "Donuts Internal", True),
        ("(http://whois.example)", "Whois Corp.", False),
        ("NICAR", "nic ar", True),
        ("厦门易名", "厦门易名科技", False),
    ],
)
def test_names_of_registrars_are_compared_by_their_letters(one: str, other: str, *, same: bool) -> None:
    assert (sameness.registrar(one) == sameness.registrar(other)) is same
    assert sameness.registrar(one)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("a.com", CLASSIC),
        ("a.blog", NEW),
        ("a.co.uk", COUNTRY),
        ("a.xn--p1ai", COUNTRY),
        ("пример.рф", COUNTRY),
        ("a.xn--p1acf", NEW),
    ],
)
def test_classes_of_top_level_domains(domain: str, expected: str) -> None:
    assert class_of(domain) == expected


def test_a_bar_counts_right_and_wrong_and_says_what_was_measured() -> None:
    verdicts = [Verdict.RIGHT] * 98 + [Verdict.WRONG] * 2
    score = Score(
        Case(what="x", field="f", groups=("all",), verdict=verdict, expected="", got="")
        for verdict in verdicts
    )
    assert score.missed([Bar(field="f", group="all", right=0.98)]) == []
    assert score.missed([Bar(field="f", group="all", right=0.98, wrong=0.01)]) == [
        "f, all: right ≥ 98%, wrong ≤ 1.0%; right 98.00%, wrong 2.00% of 100"
    ]
    assert score.missed([Bar(field="g", group="all", right=1)]) == []
