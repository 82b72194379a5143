"""Accuracy of the WHOIS readers: `WhoisParser.parse`, as the daemon runs it, beside the labels."""

from collections.abc import Iterable, Iterator
from typing import Final

from monitor.probe.names import host_name
from monitor.probe.whois_parser import ParsedWhois, Reading, WhoisParser
from tests.accuracy import disputes, sameness
from tests.accuracy.corpus import ReplyRow
from tests.accuracy.tally import Bar, Case, Verdict
from tests.accuracy.top_level import ALL, CLASSIC, COUNTRY, GENERIC, NEW, class_of

GROUPS: Final = (CLASSIC, NEW, GENERIC, COUNTRY, ALL)
REFUSALS: Final = "limited read as data"
BARS: Final = (
    *(
        bar
        for field in ("registrar", "name_servers", "created", "expires")
        for bar in (
            Bar(field=field, group=GENERIC, right=0.97, wrong=0.01),
            Bar(field=field, group=ALL, right=0.90, wrong=0.01),
        )
    ),
    Bar(field="registered", group=ALL, right=0.99),
    Bar(field=REFUSALS, group=ALL, wrong=0.0),
)
_SAID: Final = {Reading.REGISTERED: "registered", Reading.NOT_REGISTERED: "not registered"}

_REFUSED: Final = {Reading.LIMITED: Verdict.RIGHT}


async def measure(rows: Iterable[ReplyRow], *, strict: bool = False) -> list[Case]:
    """Return every case of the rows. A reply is decoded already: the transport is not measured.

    `strict`: labels are believed whatever the reply says.
    """
    parser = WhoisParser()
    try:
        return [
            case
            for row in rows
            for case in _cases(row, await parser.parse(_a_labels(row.domain), row.reply), strict=strict)
        ]
    finally:
        await parser.aclose()


def _a_labels(domain: str) -> str:
    """Return the domain as the daemon has it, however the corpus writes it."""
    return host_name(domain) or domain


def _cases(row: ReplyRow, record: ParsedWhois, *, strict: bool) -> Iterator[Case]:
    group = class_of(row.domain)
    groups = (group, GENERIC, ALL) if group in {CLASSIC, NEW} else (group, ALL)

    def case(field: str, expected: object, got: object) -> Case:
        verdict = _verdict(expected, got)
        return Case(
            what=row.domain,
            field=field,
            groups=groups,
            verdict=verdict if strict else _disputed(row, record, field, verdict),
            expected=_shown(expected),
            got=_shown(got),
        )

    said = _SAID.get(record.reading)
    if row.registered is None:
        # A refusal tells nothing: whatever was read out of it was made up. Not understood is no data either.
        yield Case(
            what=row.domain,
            field=REFUSALS,
            groups=groups,
            verdict=Verdict.WRONG if said else _REFUSED.get(record.reading, Verdict.MISSING),
            expected="limited",
            got=record.reading.value,
        )
        return
    yield case("registered", "registered" if row.registered else "not registered", said)
    for field, expected, got in _values(row, record):
        if expected or got:
            yield case(field, expected, got)


def _values(row: ReplyRow, record: ParsedWhois) -> Iterator[tuple[str, object, object]]:
    """Yield each field as it is compared: the label's value, and ours."""
    yield "registrar", _name(row.registrar), _name(record.registrar_name)
    yield "iana_id", row.iana_id, record.registrar_iana_id
    yield "name_servers", sameness.hosts(row.name_servers), sameness.hosts(record.name_servers)
    for field in ("created", "updated", "expires"):
        expected, got = getattr(row, field), getattr(record, field)
        yield field, expected and sameness.day(expected), got and sameness.day(got)
    yield "status", sameness.statuses(row.status), sameness.statuses(record.statuses)


def _name(name: str | None) -> str | None:
    return sameness.registrar(name) if name else None


def _verdict(expected: object, got: object) -> Verdict:
    if not got:
        return Verdict.MISSING
    if not expected:
        return Verdict.UNLABELLED
    return Verdict.RIGHT if expected == got else Verdict.WRONG


def _disputed(row: ReplyRow, record: ParsedWhois, field: str, verdict: Verdict) -> Verdict:
    """Return the verdict, once the reply itself has been heard (`disputes.py`)."""
    if verdict not in {Verdict.WRONG, Verdict.MISSING}:
        return verdict
    if field == "registered" and record.reading is Reading.LIMITED and disputes.is_bare(row):
        return Verdict.DISPUTED
    if field == "registrar":
        if record.registrar_name and disputes.names_the_same(row, record.registrar_name):
            return Verdict.RIGHT
        return Verdict.DISPUTED if disputes.names_a_contact(row) else verdict
    return verdict


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return "" if value is None else str(value)
