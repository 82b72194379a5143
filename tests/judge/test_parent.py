"""Who operates DNS: a resolver raises a suspicion, the parent zone has to share it.

One letter is one look: small letters are what resolvers show (a: Amazon, e: Epik), capitals are
delegations (A, E: parent and zone agree; B: parent and zone name different ones, both together;
X: the parent could not be heard; M: the check did not run; N: the parent knows no such name).
"""

from dataclasses import replace

import pytest
from judge.world import World, answer, behind, records

from monitor.failure import Failure
from monitor.model import (
    Attribution,
    DelegationFacts,
    DnsFacts,
    FollowUp,
    Layer,
    LayerState,
    Policy,
    Probe,
    ProviderChanged,
    ResolverWord,
)

AMAZON, EPIK = behind(Layer.DNS, "amazon"), behind(Layer.DNS, "epik")
BOTH = replace(behind(Layer.DNS, "amazon", "epik"), disputed=True)
WATCHED = Policy(delegation_watched=True)
HEARD = DelegationFacts(zone="parler.com", parent="com", heard=True, delegated=("ns1.example",))
NOBODY = replace(HEARD, delegated=())


def look(world: World, letter: str) -> None:
    if letter in "ae":
        world.feed(Probe.DNS, records(), {"a": AMAZON, "e": EPIK}[letter], after_s=300)
    elif letter in "AEB":
        world.feed(Probe.DELEGATION, HEARD, {"A": AMAZON, "E": EPIK, "B": BOTH}[letter], after_s=1)
    elif letter == "N":
        world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY, after_s=1)
    else:
        world.feed(Probe.DELEGATION, {"X": Failure.DNS_TIMEOUT, "M": Failure.MISSED}[letter], after_s=1)


def play(letters: str, policy: Policy = WATCHED) -> World:
    world = World(policy)
    for letter in letters:
        look(world, letter)
    return world


def moves(world: World) -> list[str]:
    told = [event.data for event in world.events if isinstance(event.data, ProviderChanged)]
    return [
        "+".join(p.id for p in data.providers_from) + "→" + "+".join(p.id for p in data.providers_to)
        for data in told
    ]


def dns(world: World) -> LayerState:
    return next(state for state in world.state.memory.layers if state.layer is Layer.DNS)


MOVED = ["amazon→epik"]


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        ("aee", []),
        ("aeeeeeeeeeee", []),
        ("aeE", MOVED),
        ("aeeE", MOVED),
        ("aeAeeee", []),
        ("aeAeeeE", MOVED),
        ("aeAeEa", MOVED),
        # Parent and zone name different ones: what a resolver shows may be either.
        ("aeB", MOVED),
        ("aB", []),
        ("aBBBB", []),
        ("eB", []),
        # A parent that cannot be heard leaves the word to the resolvers.
        ("aeXe", MOVED),
        ("aeX", []),
        ("aeXae", []),
        ("aeXaee", []),
        ("aeXAeee", []),
        ("aXee", []),
        # A run that did not happen has asked nobody.
        ("aeMeee", []),
        # Parent and zone agree, and the resolver goes on with what it found two days ago.
        ("aEE", MOVED),
        ("aE", []),
        ("aEAE", []),
        ("aEEaaaaaaEaaaaEaa", MOVED),
        ("aEEaee", MOVED),
        ("aEaE", MOVED),
        ("aEaaaE", MOVED),
        ("aEaAE", []),
        # The delegation alone.
        ("AEE", MOVED),
        ("AE", []),
        ("B", []),
        ("aNNNNee", []),
    ],
)
def test_another_operator_is_told_when_the_parent_zone_shares_the_suspicion(
    letters: str, told: list[str]
) -> None:
    assert moves(play(letters)) == told


@pytest.mark.parametrize("failure", [Failure.MISSED, Failure.LOCAL_RESOURCES, Failure.UNKNOWN])
def test_a_fault_of_our_own_is_no_parent_that_cannot_be_heard(failure: Failure) -> None:
    world = play("ae")
    world.feed(Probe.DELEGATION, failure, after_s=1)
    look(world, "e")
    assert moves(world) == []


def test_a_resolver_that_has_its_cache_keeps_the_layer_known_and_the_suspicion() -> None:
    world = play("aE")
    world.feed(Probe.DNS, Failure.DNS_TIMEOUT, after_s=300)
    assert dns(world).silent == 1
    look(world, "a")
    assert (dns(world).silent, dns(world).known, dns(world).vouched) == (0, True, True)


def test_a_resolver_that_names_the_old_set_after_the_cache_must_be_over_ends_the_suspicion() -> None:
    world = play("aE")
    world.feed(Probe.DNS, records(), AMAZON, after_s=3 * 86_400)
    assert dns(world).suspected is None


def test_without_a_delegation_check_the_resolvers_have_the_word() -> None:
    assert moves(play("aee", Policy())) == MOVED


def test_the_delegation_is_asked_at_once_and_then_ever_more_seldom() -> None:
    world = play("aeeeeeeee")
    asked = [follow for follow in world.follow_ups if follow.probe is Probe.DELEGATION]
    assert asked == [FollowUp(probe=Probe.DELEGATION, delay_s=0.0, reason=asked[0].reason)] * 4
    assert play("a").follow_ups == []


def test_a_suspicion_that_is_not_shared_does_not_hasten_the_looks_for_ever() -> None:
    world = play("aeA" + "e" * 50)
    assert len([follow for follow in world.follow_ups if follow.probe is Probe.DNS]) < 3


def test_a_layer_that_the_delegation_shows_first_is_known() -> None:
    assert dns(play("E")).confirmed.ids == ("epik",)


def test_a_name_that_the_parent_does_not_know_is_a_layer_that_is_gone() -> None:
    assert dns(play("aNNN")).known is False


# Resolvers that contradict each other.


def word(*, a: tuple[str, ...] = ("192.0.2.1",)) -> ResolverWord:
    return ResolverWord(
        resolver="192.0.2.54",
        a=answer("A", *a),
        aaaa=answer("AAAA"),
        ns=answer("NS", "ns1.example"),
        mx=answer("MX"),
    )


NETWORK, GUARD = behind(Layer.NETWORK, "amazon"), behind(Layer.NETWORK, "ddos-guard")
DISPUTED = replace(GUARD, disputed=True)
LONE: DnsFacts = replace(records(), alone=False)
COMPARED = replace(LONE, others=(word(),))
CONTRADICTED = replace(LONE, others=(word(a=()),), disagreeing=("A", "AAAA"))
LOOKS: dict[str, tuple[DnsFacts, tuple[Attribution, ...]]] = {
    "a": (LONE, (NETWORK,)),
    "g": (LONE, (GUARD,)),
    "G": (COMPARED, (GUARD,)),
    "D": (COMPARED, (DISPUTED,)),
    "C": (CONTRADICTED, (GUARD,)),
}


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        ("agg", []),
        ("aggggggg", []),
        ("agG", ["amazon→ddos-guard"]),
        ("agD", []),
        ("agDgDgDgD", []),
        ("agDG", ["amazon→ddos-guard"]),
        ("aDDDD", []),
        ("aCCCC", []),
        ("agCaG", []),
    ],
)
def test_a_change_needs_a_look_on_which_no_resolver_contradicts(letters: str, told: list[str]) -> None:
    world = World()
    for letter in letters:
        facts, attributions = LOOKS[letter]
        world.feed(Probe.DNS, facts, *attributions, after_s=300)
    assert moves(world) == told


def test_a_look_on_which_resolvers_disagree_leaves_a_layer_as_it_is() -> None:
    world = World()
    for letter in "ag":
        world.feed(Probe.DNS, LOOKS[letter][0], *LOOKS[letter][1])
    before = world.state.memory.layers
    for letter in "DCDC":
        world.feed(Probe.DNS, LOOKS[letter][0], *LOOKS[letter][1])
    assert world.state.memory.layers is before


def test_the_look_that_a_suspicion_asks_for_compares_resolvers() -> None:
    world = World()
    for letter in "ag":
        world.feed(Probe.DNS, LOOKS[letter][0], *LOOKS[letter][1])
    assert [(f.probe, f.compare) for f in world.follow_ups] == [(Probe.DNS, True)]


def test_resolvers_that_disagree_whether_there_is_an_address_show_no_outage() -> None:
    world = World(Policy(lead=Probe.DNS))
    world.feed(Probe.DNS, LONE)
    for _ in range(10):
        world.feed(Probe.DNS, Failure.DNS_DISAGREEMENT, facts=CONTRADICTED)
    assert world.told == []
    world.feed(Probe.DNS, LONE)
    world.feed(Probe.DNS, LONE)
    assert world.told == []


def test_the_delegation_is_asked_when_the_servers_of_a_zone_go_bad_and_the_page_still_stands() -> None:
    world = World(WATCHED)
    world.http(".")
    world.feed(Probe.DNS, records())
    world.feed(Probe.DNS, Failure.DNS_SERVFAIL, facts=records(bad=Failure.DNS_SERVFAIL))
    world.feed(Probe.DNS, Failure.DNS_SERVFAIL, facts=records(bad=Failure.DNS_SERVFAIL))
    assert [f.probe for f in world.follow_ups].count(Probe.DELEGATION) == 1


def test_silent_resolvers_ask_for_nothing_that_could_become_a_storm() -> None:
    """All targets are silent then, and would all ask at once: whoever runs the checks may leave it out."""
    world = World(WATCHED)
    world.feed(Probe.DNS, records())
    world.feed(Probe.DNS, Failure.DNS_TIMEOUT)
    assert world.follow_ups == []
    world.http("ttt")
    assert {f.probe for f in world.follow_ups if f.bounded} == {Probe.DELEGATION}
    assert {f.probe for f in world.follow_ups if not f.bounded} == {Probe.HTTP}


def test_the_parents_own_word_makes_a_removed_delegation() -> None:
    world = World(WATCHED)
    world.http(".")
    world.feed(Probe.DNS, records())
    world.feed(Probe.DELEGATION, Failure.DNS_NXDOMAIN, facts=NOBODY)
    world.http("nnn")
    verdict = world.state.memory.verdict
    assert verdict.diagnosis == "dns.delegation_removed"
    (delegation,) = [seen for seen in world.state.memory.seen if seen.probe is Probe.DELEGATION]
    assert delegation.id in verdict.based_on
