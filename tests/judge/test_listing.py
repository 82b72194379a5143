"""Listings in app stores: what it takes until one is told to be gone, or there again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from judge.world import START, World, observe

from monitor import wire
from monitor.failure import Failure
from monitor.judge import step
from monitor.model import (
    Event,
    EventType,
    Layer,
    ListingChanged,
    ListingFacts,
    PartState,
    Policy,
    Probe,
    Severity,
    Status,
    Store,
)

PART = "apple/us/1402727988"
THERE = ListingFacts(
    store=Store.APPLE,
    app="1402727988",
    country="us",
    server="itunes.apple.com",
    available=True,
    name="Parler",
    developer="Parler LLC",
    version="2.4",
)
GONE = replace(THERE, available=False, name=None, developer=None, version=None)
LOOKS = {
    "+": THERE,
    "-": GONE,
    "l": Failure.LISTING_LIMITED,
    "?": Failure.LISTING_UNPARSABLE,
    "m": Failure.MISSED,
}


class Shop(World):
    """A world in which stores are asked: `+` it is listed, `-` it is not, `l` limited, `?` nonsense."""

    def ask(self, looks: str, every_s: float = 1_800.0, part: str = PART) -> "Shop":
        for look in looks:
            self.now += timedelta(seconds=every_s)
            got = LOOKS[look]
            seen = observe(Probe.LISTING, self.now, got, interval_s=21_600.0)  # type: ignore[arg-type]
            outcome = step(self.state, replace(seen, part=part), (), self.policy)
            self.state = outcome.state
            self.events += outcome.events
            self.follow_ups += outcome.follow_ups
        return self

    @property
    def listing(self) -> PartState:
        return self.state.memory.parts[0]

    @property
    def changes(self) -> list[str]:
        return [event.data.listing_to for event in self.events if isinstance(event.data, ListingChanged)]


def told(shop: Shop) -> Event:
    return next(event for event in shop.events if event.type is EventType.LISTING_CHANGED)


@pytest.mark.parametrize(
    ("looks", "changes"),
    [
        ("+++", []),
        ("+-", []),
        ("+--", []),
        ("+---", ["gone"]),
        ("+--+", []),
        ("+--+--+--+", []),
        ("+------", ["gone"]),
        ("+---+++", ["gone", "listed"]),
        ("+---++", ["gone"]),
        ("+---++-++-", ["gone"]),
        ("---", []),
        ("-----+++", ["listed"]),
        ("---+", []),
        ("-+", []),
        ("+-l-l-", ["gone"]),
        ("+-?-", []),
        ("+lllll", []),
        ("+llll---", ["gone"]),
        ("lll---", []),
        ("+---llll---", ["gone"]),
        ("+---llll+++", ["gone", "listed"]),
        ("+mmmmmm+", []),
    ],
)
def test_only_three_looks_that_say_so_are_told(looks: str, changes: list[str]) -> None:
    assert Shop().ask(looks).changes == changes


def test_three_looks_within_a_minute_are_not_enough() -> None:
    """Someone asks by hand, or the machine was asleep: an hour must lie between the first and the last."""
    shop = Shop().ask("+").ask("-----", every_s=20.0)
    assert shop.changes == []
    assert shop.listing.verdict.status is Status.UP
    shop.ask("-", every_s=3_600.0)
    assert shop.changes == ["gone"]


def test_how_many_looks_and_how_long_is_for_the_user_to_say() -> None:
    patient = Policy(listing_looks=5, listing_over_s=86_400.0)
    assert Shop(patient).ask("+----", every_s=86_400.0).changes == []
    assert Shop(patient).ask("+-----", every_s=86_400.0).changes == ["gone"]
    assert Shop(Policy(listing_looks=1, listing_over_s=0.0)).ask("+-").changes == ["gone"]


def test_what_is_told_says_which_app_in_which_store_and_since_when() -> None:
    shop = Shop().ask("+---")
    event = told(shop)
    assert event.severity is Severity.WARNING
    assert event.text == "parler.com: the App Store (us): “Parler”, 1402727988, is gone."
    assert event.data == ListingChanged(
        layer=Layer.LISTING,
        store=Store.APPLE,
        app="1402727988",
        country="us",
        name="Parler",
        developer="Parler LLC",
        listing_from="listed",
        listing_to="gone",
        since=START + timedelta(seconds=2 * 1_800),
        observations=(shop.listing.verdict.based_on),
    )
    assert Shop().ask("+---+++").events[-1].text.endswith("“Parler”, 1402727988, is listed again.")


def test_a_suspicion_is_looked_at_again_in_half_an_hour() -> None:
    shop = Shop().ask("+-")
    assert [(each.probe, each.part, each.delay_s) for each in shop.follow_ups] == [
        (Probe.LISTING, PART, 1_800.0)
    ]
    assert len(shop.ask("---").follow_ups) == 2


def test_a_listing_that_is_gone_does_not_make_the_target_down() -> None:
    shop = Shop()
    shop.http("...")
    shop.ask("+---")
    shop.http("...")
    assert shop.state.memory.verdict.status is Status.UP
    assert shop.state.memory.incident is None
    assert [event.type for event in shop.events] == [EventType.LISTING_CHANGED]


def test_a_target_that_is_down_is_told_of_its_listing_all_the_same() -> None:
    shop = Shop()
    shop.http("...rrr")
    assert shop.ask("+---").changes == ["gone"]


def test_after_three_looks_without_an_answer_the_listing_is_not_known() -> None:
    shop = Shop().ask("+ll")
    assert shop.listing.verdict.status is Status.UP
    shop.ask("l")
    assert shop.listing.verdict.status is Status.UNKNOWN
    assert shop.listing.known is not None
    shop.ask("+")
    assert shop.listing.verdict.status is Status.UP
    assert shop.changes == []


def test_an_uneventful_look_keeps_the_memory_the_same_object() -> None:
    shop = Shop().ask("++")
    before = shop.state.memory
    assert shop.ask("+l+").state.memory is before


def test_a_listing_that_is_gone_is_called_what_it_was_called() -> None:
    facts = Shop().ask("+---").listing.seen
    assert facts is not None
    assert isinstance(facts.facts, ListingFacts)
    assert (facts.facts.available, facts.facts.name, facts.facts.version) == (False, "Parler", None)


def test_each_listing_is_believed_by_itself() -> None:
    shop = (
        Shop().ask("+").ask("+", part="google/com.parler.parler").ask("---", part="google/com.parler.parler")
    )
    assert [part.verdict.status for part in shop.state.memory.parts] == [Status.UP, Status.DOWN]
    assert len(shop.changes) == 1


def test_what_is_told_and_believed_survives_the_store() -> None:
    shop = Shop().ask("+---++")
    assert wire.load_memory(wire.dump_memory(shop.state.memory)) == shop.state.memory
    assert wire.load_event(wire.dump_event(told(shop))) == told(shop)
