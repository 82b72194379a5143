"""What comes from the network is shown as it is: no markup, no control of the terminal, no formula."""

import csv
import io
import json
from datetime import timedelta

import pytest
from judge.world import START, TEXT, World, page, records, registration
from rich.console import Console, RenderableType
from rich.text import Text

from monitor.commands import Past
from monitor.failure import Failure
from monitor.model import (
    Attribution,
    EventType,
    Evidence,
    Incident,
    Layer,
    Probe,
    Provider,
    StoredEvent,
    TargetState,
)
from monitor.store import IncidentRow, Period
from monitor.terminal import chronicle, paint, sheet
from monitor.terminal.document import document

# Escape, BEL, right-to-left override, zero width space, markup, a closing tag that opens nothing, a picture.
HOSTILE = "\x1b[2J\x07\u202e\u200b\r\n[bold]x[/bold] [/red] :skull:"
BAD = frozenset("\x1b\x07\u202e\u200b\r")


def shown(what: RenderableType, width: int = 120) -> str:
    """Return what a terminal of this width would get, without colours."""
    console = Console(file=io.StringIO(), width=width, markup=True, emoji=True, highlight=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def hostile(layer: Layer) -> Attribution:
    return Attribution(
        layer=layer,
        providers=(Provider(id=f"as1{HOSTILE}", name=HOSTILE, cataloged=False),),
        evidence=(Evidence(provider=f"as1{HOSTILE}", value=HOSTILE, rule=HOSTILE, source=HOSTILE),),
    )


def watched() -> World:
    world = World()
    world.feed(Probe.REGISTRATION, registration("ok", registrar_name=HOSTILE), hostile(Layer.REGISTRATION))
    world.feed(Probe.DNS, records(ns=(HOSTILE,)), hostile(Layer.NETWORK))
    for _ in range(2):
        world.feed(Probe.HTTP, page(title=HOSTILE, text=TEXT))
    for _ in range(3):
        world.feed(Probe.HTTP, page(503, title=HOSTILE, text=20))
    return world


def past(world: World) -> Past:
    incident = world.state.memory.incident
    assert isinstance(incident, Incident)
    return Past(
        target="parler.com",
        since=START,
        periods=[
            Period(target="parler.com", lane="status", value="up", since=START, until=world.now),
            Period(
                target="parler.com",
                lane="network",
                value=f"={HOSTILE}",
                since=START,
                until=None,
                attribution=hostile(Layer.NETWORK),
            ),
        ],
        incidents=[IncidentRow(target="parler.com", incident=incident)],
        events=[StoredEvent(number=n, event=event) for n, event in enumerate(world.events, start=1)],
    )


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_sheet_is_inert_and_as_wide_as_the_terminal(width: int) -> None:
    text = shown(sheet.sheet(watched().state), width)
    assert not BAD & set(text)
    assert all(len(line) <= width for line in text.splitlines())
    if width == 200:
        assert "[bold]x[/bold] [/red] :skull:" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_chronicle_is_inert_and_as_wide_as_the_terminal(width: int) -> None:
    text = shown(chronicle.sheet(past(watched())), width)
    assert not BAD & set(text)
    assert all(len(line) <= width for line in text.splitlines())
    if width == 200:
        assert "[bold]x[/bold] [/red] :skull:" in text


def test_a_sheet_says_what_is_believed_and_on_what_it_rests() -> None:
    world = watched()
    text = shown(sheet.sheet(world.state), 200)
    assert "parler.com  ✖ down  since 2021-01-11 00:05:00Z  nothing answers" in text
    assert "http.server_error [network]: The server gives no usable answer" in text
    assert f"incident {world.state.memory.incident.id}, open since" in text  # type: ignore[union-attr]
    assert text.count("\n * 2021-01-11") == 3
    assert "incident" not in shown(sheet.sheet(world.state, one_look=True), 200)


def test_a_sheet_of_a_target_that_was_never_seen_makes_nothing_up() -> None:
    assert shown(sheet.sheet(TargetState(target="new.example"))).split() == ["new.example", "?", "unknown"]


def test_a_layer_out_of_sight_is_the_last_known_one() -> None:
    world = watched()
    for _ in range(3):
        world.feed(Probe.DNS, Failure.DNS_TIMEOUT)
    (network,) = [row for row in shown(sheet.sheet(world.state), 300).splitlines() if row[:7] == "network"]
    assert "not known since 2021-01-11 00:10; last known" in network


def test_documents_are_json_and_say_what_the_sheets_say() -> None:
    world = watched()
    told = json.loads(json.dumps(document(world.state)))
    assert (told["status"], told["diagnosis"], told["layer"]) == ("down", "http.server_error", "network")
    assert told["since"].endswith("Z")
    assert sum(told["seconds"].values()) == 4 * 60
    history = json.loads(json.dumps(chronicle.document(past(world))))
    assert [event["number"] for event in history["events"]] == [1, 2]
    assert history["incidents"][0]["resolved_at"] is None


def test_no_cell_of_the_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(chronicle.table(past(watched())))))
    assert {len(row) for row in rows} == {5}
    assert not any(row[4][:1] in {"=", "+", "-", "@"} for row in rows)
    assert [row[0] for row in rows] == ["kind", "period", "period", "incident", "event", "event"]


def test_a_past_without_anything_says_so() -> None:
    text = shown(chronicle.sheet(Past(target="x", since=START, periods=[], incidents=[], events=[])))
    assert [line for line in text.splitlines() if line.startswith("no ")] == [
        "no periods",
        "no incidents",
        "no events",
    ]


def test_plain_text_is_bounded_and_printable() -> None:
    assert str(paint.plain("a" * 300)) == "a" * 200 + "…"
    assert paint.plain(HOSTILE) == Text("·[2J·····[bold]x[/bold] [/red] :skull:")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.08, "80 ms"),
        (1, "1 s"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (timedelta(days=4, hours=3, minutes=2).total_seconds(), "4 d 3 h"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert paint.span(seconds) == text


def test_kinds_lose_the_word_that_all_share() -> None:
    assert paint.kind(EventType.INCIDENT_OPENED) == "incident.opened"
