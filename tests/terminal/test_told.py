"""What was told, for people: a line each, and one line for what is told alike of many targets."""

from datetime import UTC, datetime, timedelta

from monitor.model import Drill, Event, EventType, Severity, StoredEvent
from monitor.terminal import told

NOON = datetime(2021, 1, 1, 12, tzinfo=UTC)


def event(target: str, text: str, minute: int = 0) -> StoredEvent:
    return StoredEvent(
        number=1,
        event=Event(
            id=f"{target}{text}{minute}",
            type=EventType.INCIDENT_OPENED,
            subject=target,
            at=NOON + timedelta(minutes=minute),
            severity=Severity.CRITICAL,
            text=f"{target}: {text}",
            data=Drill(message=""),
        ),
    )


def lines(*events: StoredEvent) -> list[str]:
    return [line.plain.strip() for line in told.lines(events)]


def test_nothing_told_is_said() -> None:
    assert lines() == ["no events"]


def test_an_event_is_a_line() -> None:
    assert lines(event("a.example", "down.")) == [
        "2021-01-01 12:00  incident.opened           a.example: down."
    ]


def test_what_is_told_alike_of_two_hundred_targets_is_one_line() -> None:
    many = [event(f"site-{number}.example", "down.", number % 9) for number in range(200)]
    (line,) = lines(*many)
    assert line.endswith("site-0.example and 199 more, until 2021-01-01 12:01: down.")


def test_what_is_told_otherwise_or_later_is_a_line_of_its_own() -> None:
    found = lines(
        event("a", "down."), event("b", "down. Refused."), event("c", "down."), event("d", "down.", 90)
    )
    assert [line.partition("opened")[2].strip() for line in found] == [
        "a and 1 more: down.",
        "b: down. Refused.",
        "d: down.",
    ]


def test_what_is_told_again_of_the_same_target_is_a_line_again() -> None:
    found = lines(event("a", "down."), event("b", "down."), event("a", "up."), event("a", "down.", 20))
    assert [line[:16] + line.partition("opened")[2] for line in found] == [
        "2021-01-01 12:00           a and 1 more: down.",
        "2021-01-01 12:00           a: up.",
        "2021-01-01 12:20           a: down.",
    ]


def test_lines_without_end_are_cut() -> None:
    found = lines(*(event(f"site-{number}", f"down {number}.") for number in range(1_250)))
    assert len(found) == 201
    assert found[-1] == "and 1,050 lines more; --json has everything"


def test_the_longest_type_of_an_event_has_room() -> None:
    (line,) = told.lines([event("a", "x.")])
    assert all(len(kind.value.removeprefix("platform.")) < 26 for kind in EventType)
    assert line.plain.startswith("  2021-01-01 12:00  ")


def test_text_from_the_network_is_no_markup() -> None:
    (line,) = lines(event("a", "[red]\x1b[31mdown."))
    assert "[red]·[31mdown." in line
