"""Another page that comes to stay is told once; one odd page, and the news of the day, are not."""

from dataclasses import replace

import pytest
from judge.world import LETTERS, World, page

from monitor.judge.page import learn
from monitor.model import (
    Confidence,
    ContentChanged,
    HttpFacts,
    Incident,
    Memory,
    PageBaseline,
    Probe,
    Sign,
    SignKind,
    Status,
)
from monitor.wire import dump_memory, load_memory


def shape(seed: int, common: int = 0) -> str:
    """Return a fingerprint that has this many of its 64 bins in common with every other one."""
    return bytes([1] * common + [seed % 250 + 2] * (64 - common)).hex()


HOME = page(title="Parler | Feed", shape=shape(1))
OTHER = page(title="Welcome", text=2500, shape=shape(2))


def watch(world: World, *pages: HttpFacts, every_s: float = 300.0, times: int = 1) -> World:
    for facts in pages * times:
        world.feed(Probe.HTTP, facts, after_s=every_s)
    return world


def settled() -> World:
    return watch(World(), HOME, times=4)


def changes(world: World) -> list[ContentChanged]:
    return [event.data for event in world.events if isinstance(event.data, ContentChanged)]


def test_another_page_is_told_once_when_it_has_stayed_for_an_hour_and_the_target_stays_up() -> None:
    world = watch(settled(), OTHER, times=12)
    assert changes(world) == []
    watch(world, OTHER, times=2)
    (changed,) = changes(world)
    assert (changed.title_before, changed.title_after) == ("Parler | Feed", "Welcome")
    assert (changed.text_length_before, changed.text_length_after) == (6000, 2500)
    assert changed.similarity == 0.0
    assert (changed.url, changed.elsewhere) == ("https://parler.com/", None)
    watch(world, OTHER, times=60)
    assert world.told == ["content.changed"]
    assert world.state.memory.verdict.status is Status.UP
    assert world.state.memory.baseline is not None
    assert world.state.memory.baseline.title == "Welcome"


def test_where_looks_are_rare_three_of_them_are_needed() -> None:
    world = watch(settled(), OTHER, OTHER, every_s=7200)
    assert world.told == []
    assert watch(world, OTHER, every_s=7200).told == ["content.changed"]


def test_one_odd_page_is_forgotten_and_teaches_nothing() -> None:
    world = settled()
    before = world.state.memory.baseline
    watch(world, OTHER, HOME, times=40)
    assert world.told == []
    assert world.state.memory.baseline is before
    assert world.state.memory.other_page is None


def test_the_news_of_the_day_are_the_same_page() -> None:
    news = [
        page(title=f"Story {n} | The Paper", shape=shape(n, common=24), text=5000 + n * 137)
        for n in range(60)
    ]
    world = watch(World(), *news, every_s=1800)
    assert world.told == []
    assert world.state.memory.other_page is None


def test_a_page_that_is_another_one_at_each_look_is_never_told() -> None:
    pages = [page(title=f"Nothing{chr(97 + n)}", shape=shape(n), text=6000 - 40 * n) for n in range(3, 25)]
    world = watch(settled(), *pages, every_s=1800)
    assert world.told == []
    assert world.state.memory.verdict.status is Status.UP


def test_a_redesign_of_the_same_name_and_size_is_learnt_in_silence() -> None:
    redesigned = [replace(HOME, shape=shape(7, common=common)) for common in (40, 30, 30, 30, 30)]
    world = watch(settled(), *redesigned, every_s=7200)
    assert world.told == []


@pytest.mark.parametrize(
    ("elsewhere", "told"), [("gab.com", ["content.changed"]), (None, [])], ids=["elsewhere", "home"]
)
def test_a_redirect_to_another_site_is_no_outage_and_is_told_with_its_address(
    elsewhere: str | None, told: list[str]
) -> None:
    """A lasting redirect: the target is up while a page of its size answers there."""
    there = replace(HOME, url=f"https://{elsewhere or 'parler.com'}/", elsewhere=elsewhere)
    world = watch(settled(), there, times=20)
    assert world.told == told
    assert world.marks == []
    assert world.state.memory.verdict.status is Status.UP
    if elsewhere:
        assert (changes(world)[0].url, changes(world)[0].elsewhere) == ("https://gab.com/", "gab.com")
        assert world.events[0].text.endswith(", at gab.com.")


def test_a_placeholder_stays_degraded_and_never_becomes_the_usual_page() -> None:
    """Parler's lasted a month."""
    world = settled()
    small = page(title="Technical Difficulties", text=300, shape=None)
    watch(world, small, every_s=60, times=3)
    watch(world, small, every_s=3600, times=40 * 24)
    assert world.state.memory.verdict.diagnosis == "content.placeholder"
    assert changes(world) == []
    watch(world, HOME, every_s=60, times=40)
    assert world.state.memory.verdict.status is Status.UP
    assert changes(world) == []


def test_a_sentence_under_the_usual_title_is_no_return_but_another_page_where_nothing_was_wrong() -> None:
    sentence = page(title="Parler | Feed", text=60, body_bytes=400)
    world = watch(settled(), *[replace(sentence, status=503)] * 5, *[sentence] * 5, every_s=60)
    assert world.state.memory.verdict.diagnosis == "content.placeholder"
    watch(world, HOME, every_s=60, times=3)
    assert world.state.memory.verdict.status is Status.UP
    world = watch(settled(), sentence, times=14)
    assert (world.told, world.state.memory.verdict.status) == (["content.changed"], Status.UP)
    # A shell that the scripts of an application fill comes by turns with the page itself.
    assert watch(settled(), sentence, HOME, times=40).told == []


@pytest.mark.parametrize("kind", [SignKind.SUSPENDED, SignKind.PARKED])
def test_a_notice_and_no_more_is_told_where_nobody_knows_the_usual_page(kind: SignKind) -> None:
    """Who begins to watch a name that is suspended is not told that it is up."""
    weak = signed(kind, ("title",), Confidence.LOW)
    notice = page(title="Account Suspended", text=80, body_bytes=900, signs=(weak,))
    world = watch(World(), notice, every_s=60, times=3)
    assert world.state.memory.verdict.diagnosis == f"content.{kind}"
    assert watch(World(), replace(notice, text_length=1500), every_s=60, times=3).told == []
    parody = replace(notice, signs=(replace(weak, kind=SignKind.SEIZED),))
    assert watch(World(), parody, every_s=60, times=3).told == []


def test_what_comes_back_as_another_page_is_told_after_the_incident() -> None:
    world = watch(settled(), replace(OTHER, status=503), every_s=60, times=5)
    assert world.state.memory.verdict.status is Status.DOWN
    watch(world, OTHER, every_s=60, times=90)
    assert world.told[-1] == "content.changed"
    assert world.told.count("content.changed") == 1


def test_pages_without_words_are_known_by_their_titles() -> None:
    app, other = page(title="App", text=0), page(title="Casino", text=0)
    world = watch(World(), app, times=4)
    watch(world, replace(app, title="App (3)"), times=20)
    assert world.told == []
    watch(world, other, times=20)
    assert world.told == ["content.changed"]


def test_an_uneventful_look_at_a_page_with_a_shape_keeps_the_memory() -> None:
    world = settled()
    before = world.state.memory
    # A word more or less, a comment more: the same page.
    watch(world, replace(HOME, shape=shape(1)[:-4] + "0909", text_length=6010), times=5)
    assert world.state.memory is before


def test_a_baseline_of_an_older_version_is_read_and_taken_on() -> None:
    old = PageBaseline(title="Parler | Feed", text_length=6000)
    stored = dump_memory(Memory(baseline=old)).replace(
        ',"shape":null,"signs":[],"elsewhere":null,"lessons":0,"learnt_at":null', ""
    )
    assert "lessons" not in stored
    memory = load_memory(stored)
    assert memory.baseline == old
    world = World()
    assert memory.baseline is not None
    learnt = learn(memory.baseline, HOME, world.now)
    assert learnt.shape == HOME.shape
    assert learn(learnt, HOME, world.now) is learnt


def test_lessons_come_quickly_at_first_and_then_once_an_hour() -> None:
    world = World()
    baseline = learn(None, HOME, world.now)
    for n in range(8):
        baseline = learn(baseline, replace(HOME, text_length=6000 + 1000 * (n + 1)), world.now)
    assert learn(baseline, replace(HOME, text_length=9000), world.now) is baseline
    world.now = world.now.replace(hour=1)
    assert learn(baseline, replace(HOME, text_length=9000), world.now) is not baseline


def test_a_slow_drift_of_words_is_followed_and_a_jump_is_not() -> None:
    world = settled()
    for step in range(1, 60):
        mixed = bytes([1] * (60 - step) + [9] * (4 + step)).hex()
        watch(world, replace(HOME, shape=mixed), every_s=3600, times=3)
    assert world.told == []
    baseline = world.state.memory.baseline
    assert baseline is not None
    assert baseline.shape is not None
    assert bytes.fromhex(baseline.shape).count(9) > 50


def signed(kind: SignKind, by: tuple[str, ...], confidence: Confidence = Confidence.LOW) -> Sign:
    return Sign(id=f"a-{kind}", kind=kind, by=by, confidence=confidence)


def test_a_sign_that_comes_with_the_usual_page_is_learnt_as_meaning_nothing() -> None:
    quoted = replace(HOME, signs=(signed(SignKind.SEIZED, ("body",), Confidence.HIGH),))
    world = watch(World(), replace(HOME, text_length=4000), quoted, quoted, times=3)
    assert world.told == []
    assert world.state.memory.baseline is not None
    assert world.state.memory.baseline.signs == ("a-seized",)


def test_two_weak_signs_of_one_kind_are_one_that_tells() -> None:
    weak = signed(SignKind.PARKED, ("body",))
    parked = page(title="parler.com", text=300, signs=(weak,), body_bytes=90_000)
    assert (
        watch(settled(), parked, every_s=60, times=4).state.memory.verdict.diagnosis == "content.placeholder"
    )
    both = replace(parked, signs=(weak, replace(weak, id="another")))
    assert watch(settled(), both, every_s=60, times=4).state.memory.verdict.diagnosis == "content.parked"


def test_the_incident_names_the_sign() -> None:
    sign = Sign(id="cpanel-suspended", kind=SignKind.SUSPENDED, by=("url",), who="hoster")
    world = watch(settled(), replace(LETTERS["p"], signs=(sign,)), every_s=60, times=4)  # type: ignore[type-var]
    incident = world.state.memory.incident
    assert isinstance(incident, Incident)
    assert "(cpanel-suspended, hoster)" in incident.verdict.sentence
