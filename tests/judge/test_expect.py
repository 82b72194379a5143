"""What the user says of a page goes before what the monitor would guess."""

from dataclasses import replace

import pytest
from judge.world import LETTERS, World, page

from monitor.model import Expected, HttpFacts, Probe, Status, Unmet


def unmet(*conditions: str) -> tuple[Unmet, ...]:
    return tuple(Unmet(condition=name, wanted="w", seen="s") for name in conditions)


def after(facts: HttpFacts, looks: int = 3) -> World:
    """Return a world in which the page was as usual, and then as it is in the facts."""
    world = World().http("..")
    for _ in range(looks):
        world.feed(Probe.HTTP, facts)
    return world


def letter(name: str, **expected: object) -> HttpFacts:
    return replace(LETTERS[name], expected=Expected(**expected))  # type: ignore[arg-type, type-var]


@pytest.mark.parametrize(
    ("facts", "status", "diagnosis"),
    [
        (letter(".", unmet=unmet("contains")), Status.DEGRADED, "content.unexpected"),
        (letter(".", unmet=unmet("max_response_time")), Status.DEGRADED, "http.slow"),
        (letter(".", unmet=unmet("title", "max_response_time")), Status.DEGRADED, "content.unexpected"),
        (letter(".", met=("title",)), Status.UP, None),
        # An expected status is no error, whatever it is otherwise.
        (letter("f", met=("status",)), Status.UP, None),
        (letter("5", met=("status",)), Status.UP, None),
        (letter("c", met=("status",)), Status.UP, None),
        (replace(page(429), expected=Expected(met=("status",))), Status.UP, None),
        (replace(page(451), expected=Expected(met=("status",))), Status.UP, None),
        (letter("f", met=("status",), unmet=unmet("title")), Status.DEGRADED, "content.unexpected"),
        # One that is not expected is told as what it is.
        (letter("f", unmet=unmet("status")), Status.DOWN, "http.forbidden"),
        (letter("5", unmet=unmet("status", "title")), Status.DOWN, "http.server_error"),
        (letter("c", unmet=unmet("status")), Status.UNKNOWN, "challenge"),
        # A page with the expected title, text or JSON is the platform's, however small.
        (letter("p", met=("title",)), Status.UP, None),
        (letter("p", met=("contains",)), Status.UP, None),
        (letter("p", met=("json",)), Status.UP, None),
        (letter("p", met=("status", "not_contains", "min_text")), Status.DEGRADED, "content.placeholder"),
        (letter("p", unmet=unmet("contains")), Status.DEGRADED, "content.placeholder"),
    ],
)
def test_expectations_and_guesses(facts: HttpFacts, status: Status, diagnosis: str | None) -> None:
    verdict = after(facts).state.memory.verdict
    assert (verdict.status, verdict.diagnosis) == (status, diagnosis)


def test_a_condition_that_fails_is_a_story_of_its_own_and_how_slow_it_is_this_time_is_not() -> None:
    world = after(letter(".", unmet=unmet("max_response_time")))
    before = world.state.memory
    slower = replace(unmet("max_response_time")[0], seen="4.20 s")
    world.feed(Probe.HTTP, letter(".", unmet=(slower,)))
    assert world.state.memory is before
    world.feed(Probe.HTTP, letter(".", unmet=unmet("contains")))
    assert world.state.memory is not before
