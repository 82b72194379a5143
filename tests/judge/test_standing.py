"""What can be said of the origin, and of layers that nobody is seen behind: never more than was seen."""

from datetime import timedelta

import pytest
from judge.world import START, World, answer, behind, records

from monitor.failure import Failure
from monitor.judge.standing import Absence, Sight, absence, evidence, origin
from monitor.model import DnsAnswer, Layer, LayerState, Memory, Probe, Pulse, Run, TargetState

GUARD = "ddos-guard"


def layer(which: Layer, *providers: str, **more: object) -> LayerState:
    return LayerState(layer=which, confirmed=behind(which, *providers), since=START, **more)


@pytest.mark.parametrize(
    ("layers", "sentence", "own"),
    [
        ((layer(Layer.NETWORK, GUARD), layer(Layer.EDGE, GUARD)), "not observable (behind Ddos-Guard)", True),
        (
            (layer(Layer.NETWORK, "amazon"), layer(Layer.EDGE, GUARD)),
            "not observable (behind Ddos-Guard)",
            False,
        ),
        (
            (layer(Layer.NETWORK, GUARD, "amazon"), layer(Layer.EDGE, GUARD, "akamai")),
            "not observable (behind Akamai + Ddos-Guard)",
            False,
        ),
        ((layer(Layer.EDGE, GUARD),), "not observable (behind Ddos-Guard)", False),
        ((layer(Layer.NETWORK, "amazon"),), "no proxy recognised", False),
        (
            (layer(Layer.NETWORK, "amazon"), layer(Layer.EDGE, GUARD, known=False, absent=True)),
            "no proxy recognised",
            False,
        ),
        (
            (layer(Layer.NETWORK, GUARD, known=False), layer(Layer.EDGE, GUARD, known=False)),
            "not known (last seen behind Ddos-Guard)",
            False,
        ),
        ((layer(Layer.NETWORK, "amazon", known=False),), "not known", False),
        ((), "not known", False),
    ],
)
def test_a_proxy_that_is_known_and_there_hides_the_origin(
    layers: tuple[LayerState, ...],
    sentence: str,
    own: bool,  # noqa: FBT001  # a parameter of the table
) -> None:
    said = origin(Memory(layers=layers))
    assert (said.sentence, said.network_is_edge) == (sentence, own)
    assert (said.sight is Sight.HIDDEN) == sentence.startswith("not observable")


def mail(mx: DnsAnswer) -> TargetState:
    world = World()
    facts = records()
    world.feed(Probe.DNS, type(facts)(**{**_fields(facts), "mx": mx}))
    return world.state


def _fields(facts: object) -> dict[str, object]:
    return {name: getattr(facts, name) for name in facts.__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("mx", "said"),
    [
        (answer("MX"), Absence.NONE),
        (answer("MX", "0 ."), Absence.NONE),
        (answer("MX", failure=Failure.DNS_SERVFAIL), Absence.UNSEEN),
        (answer("MX", "10 localhost"), Absence.UNSEEN),
        (answer("MX", "0 .", "10 mx.example"), Absence.UNSEEN),
    ],
)
def test_no_mail_is_an_answer_and_a_failed_question_is_none(mx: DnsAnswer, said: Absence) -> None:
    assert absence(Layer.MAIL, mail(mx)) is said


def test_no_edge_is_said_only_where_the_network_is_seen() -> None:
    assert absence(Layer.EDGE, TargetState(target="x")) is Absence.UNSEEN
    seen = TargetState(target="x", memory=Memory(layers=(layer(Layer.NETWORK, "amazon"),)))
    assert absence(Layer.EDGE, seen) is Absence.NONE
    assert absence(Layer.REGISTRATION, seen) is Absence.UNSEEN


def test_a_sign_in_a_page_was_last_seen_by_the_last_page_and_not_by_the_records_beside_it() -> None:
    """The edge is judged with each look at DNS; a page that answers no more shows nothing any more."""
    edge, front = layer(Layer.EDGE, GUARD), behind(Layer.EDGE, GUARD)

    def runs(failure: Failure | None) -> Pulse:
        times = ((Probe.HTTP, 60, failure), (Probe.DNS, 300, None))
        return Pulse(
            runs=tuple(
                Run(probe=probe, at=START + timedelta(seconds=s), duration_s=0.1, failure=how, in_a_row=1)
                for probe, s, how in times
            )
        )

    (of_records,) = evidence(edge, runs(None))
    assert of_records.last == START + timedelta(seconds=300)
    (of_page,) = evidence(edge, runs(None), front)
    assert of_page.last == START + timedelta(seconds=60)
    (silent,) = evidence(edge, runs(Failure.TCP_TIMEOUT), front)
    assert silent.last is None
