"""What the same values are called now is no news."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from judge.world import START, behind

from monitor.judge import reconsider, relabel
from monitor.model import Attribution, Evidence, Layer, LayerState, Memory, Provider, TargetState

SINCE = START - timedelta(days=30)


def at(layer: Layer, **named: str) -> Attribution:
    """Return an attribution of a provider by each value; a keyword is the value, `_` for a dot."""
    return Attribution(
        layer=layer,
        providers=tuple(sorted({Provider(id=name, name=name) for name in named.values()})),
        evidence=tuple(
            Evidence(provider=name, value=value.replace("_", "."), rule="r", source="s")
            for value, name in named.items()
        ),
    )


def state(*layers: LayerState) -> TargetState:
    return TargetState(target="parler.com", seq=7, memory=Memory(layers=layers))


def network(**named: str) -> LayerState:
    return LayerState(layer=Layer.NETWORK, confirmed=at(Layer.NETWORK, **named), since=SINCE, changes=3)


def names(table: dict[str, str]) -> Callable[[Attribution], Attribution | None]:
    """Return what a table of values says of the evidence; None: nobody."""

    def again(attribution: Attribution) -> Attribution | None:
        found = {e.value.replace(".", "_"): table[e.value] for e in attribution.evidence if e.value in table}
        return at(attribution.layer, **found) if found else None

    return again


def test_a_network_with_another_number_is_corrected_in_place() -> None:
    before = state(network(a_1="as1"))
    after = reconsider(before, [at(Layer.NETWORK, a_1="as2")], names({"a.1": "as2"}))
    (layer,) = after.memory.layers
    assert layer.confirmed.ids == ("as2",)
    assert (layer.since, layer.changes, layer.changed_at) == (SINCE, 3, None)
    assert after.seq == 8  # or the store would take it for the one before


def test_what_is_seen_as_it_is_believed_is_not_asked_about() -> None:
    def never(attribution: Attribution) -> Attribution | None:
        raise AssertionError(attribution)

    before = state(network(a_1="as1"))
    assert reconsider(before, [at(Layer.NETWORK, b_1="as1"), at(Layer.MAIL, m="x")], never) is before


def test_a_difference_that_is_left_under_one_edition_stays_a_difference() -> None:
    before = state(network(a_1="as1"))
    after = reconsider(before, [at(Layer.NETWORK, b_1="as9")], names({"a.1": "as1"}))
    assert after is before


def test_the_site_that_moves_while_the_edition_changes_has_moved_from_its_new_name() -> None:
    before = state(network(a_1="as1"))
    after = reconsider(before, [at(Layer.NETWORK, b_1="as9")], names({"a.1": "as2"}))
    assert after.memory.layers[0].confirmed.ids == ("as2",)


def test_what_the_new_edition_has_lost_keeps_its_name() -> None:
    before = state(network(a_1="as1"))
    assert reconsider(before, [at(Layer.NETWORK, b_1="as9")], names({})) is before
    assert relabel(before, names({})) is before


def test_a_suspicion_by_an_old_name_is_dropped() -> None:
    suspicious = replace(
        network(a_1="as1"), suspected=at(Layer.NETWORK, b_1="as8"), suspected_since=START, suspicion=1
    )
    after = relabel(state(suspicious), names({"a.1": "as1", "b.1": "as9"}))
    (layer,) = after.memory.layers
    assert (layer.confirmed.ids, layer.suspected, layer.suspicion) == (("as1",), None, 0)


def test_a_suspicion_by_the_same_name_goes_on() -> None:
    suspicious = replace(
        network(a_1="as1"), suspected=at(Layer.NETWORK, b_1="as8"), suspected_since=START, suspicion=1
    )
    before = state(suspicious)
    assert relabel(before, names({"a.1": "as1", "b.1": "as8"})) is before


def test_every_layer_is_named_again_after_an_edition() -> None:
    mail = LayerState(layer=Layer.MAIL, confirmed=at(Layer.MAIL, mx_1="one"), since=SINCE)
    after = relabel(state(network(a_1="as1"), mail), names({"a.1": "as2", "mx.1": "two"}))
    assert [layer.confirmed.ids for layer in after.memory.layers] == [("as2",), ("two",)]


def test_a_layer_that_is_not_named_otherwise_is_the_same_object() -> None:
    mail = LayerState(layer=Layer.MAIL, confirmed=at(Layer.MAIL, mx_1="one"), since=SINCE)
    after = relabel(state(network(a_1="as1"), mail), names({"a.1": "as2", "mx.1": "one"}))
    assert after.memory.layers[1] is mail


def test_a_proxy_that_is_only_recognised_now_is_no_news() -> None:
    """Its address was there before; the table did not know that it is a proxy's."""
    edge = LayerState(
        layer=Layer.EDGE, confirmed=at(Layer.EDGE, old_1="cdn"), since=SINCE, known=False, absent=True
    )
    before = state(network(a_1="as1"), edge)
    seen = at(Layer.EDGE, a_1="other-cdn")
    after = reconsider(before, [seen], names({"a.1": "other-cdn", "old.1": "cdn"}))
    assert after.memory.layers[1].confirmed.ids == ("other-cdn",)


def test_a_proxy_at_a_new_address_is_news() -> None:
    edge = LayerState(layer=Layer.EDGE, confirmed=at(Layer.EDGE, old_1="cdn"), since=SINCE)
    before = state(network(a_1="as1"), edge)
    assert reconsider(before, [at(Layer.EDGE, b_1="other-cdn")], names({"old.1": "cdn"})) is before


def test_a_layer_that_was_never_seen_is_left_to_the_judge() -> None:
    before = state()
    assert reconsider(before, [behind(Layer.NETWORK, "amazon")], names({})) is before


def test_a_holder_who_is_known_late_is_no_news() -> None:
    layer = network(a_1="as1")
    before = state(replace(layer, confirmed=replace(layer.confirmed, partial=True)))
    seen = at(Layer.NETWORK, a_1="as1", b_1="net:example")
    after = reconsider(before, [seen], names({"a.1": "as1"}))
    assert after.memory.layers[0].confirmed.ids == ("as1", "net:example")
    assert after.memory.layers[0].changes == 3


def test_a_holder_who_joins_a_set_that_was_whole_is_news() -> None:
    before = state(network(a_1="as1"))
    seen = at(Layer.NETWORK, a_1="as1", b_1="net:example")
    assert reconsider(before, [seen], names({"a.1": "as1"})) is before


def test_a_proxy_that_is_seen_no_more_is_not_put_right() -> None:
    edge = LayerState(layer=Layer.EDGE, confirmed=at(Layer.EDGE, a_1="cdn", b_1="other-cdn"), since=SINCE)
    before = state(network(a_1="as1", b_1="as2"), edge)
    again = names({"a.1": "cdn", "b.1": "other-cdn"})
    assert reconsider(before, [at(Layer.EDGE, a_1="cdn")], again) is before


def test_a_move_into_a_block_is_news() -> None:
    before = state(network(a_1="as1"))
    assert reconsider(before, [at(Layer.NETWORK, b_1="net:example")], names({"a.1": "as1"})) is before


def test_a_network_that_joins_is_news() -> None:
    before = state(network(a_1="as1"))
    seen = at(Layer.NETWORK, a_1="as1", b_1="as2")
    assert reconsider(before, [seen], names({"a.1": "as1"})) is before
