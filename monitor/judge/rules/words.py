"""Whose word there is on a name: the parent zone's, the listed servers' own, and the resolvers'.

Resolvers tell the end of a story, and one of them alone may be broken or lie. The parent zone and the servers
that it lists write it. So what they have said since the trouble began goes before the word of a resolver,
and where they could have been asked the word of one resolver alone proves nothing from the second look on.

The name that fails need not be the target's: its page may lie at another host of the zone, be an alias, or
redirect. What was said of one name says nothing of another.
"""

from dataclasses import replace
from enum import Enum, auto
from urllib.parse import urlsplit

from monitor.failure import Failure
from monitor.judge.view import NAME_TROUBLE, View
from monitor.model import DelegationFacts, DnsFacts, HttpFacts, Probe, ServerWord


class Parent(Enum):
    """What the parent zone has said since the trouble began."""

    NOT_WATCHED = auto()
    """There is no `delegation` check: resolvers are all there is."""
    PENDING = auto()
    """It has not been heard yet, nor has it not been heard."""
    UNHEARD = auto()
    """It was asked, and not heard."""
    GONE = auto()
    """It delegates nothing."""
    DELEGATES = auto()


def delegated(view: View) -> DelegationFacts | None:
    """Return the delegation as the parent zone has told it since the trouble began."""
    seen = view.said(Probe.DELEGATION) if view.fresh else None
    facts = seen.facts if seen is not None else None
    return facts if isinstance(facts, DelegationFacts) and facts.heard else None


def parent(view: View) -> Parent:
    """Return what the parent zone says; of the zone that a redirect leads to it says nothing."""
    if strayed(view):
        return Parent.NOT_WATCHED
    if view.said(Probe.DELEGATION) is None:
        if view.delegated is not None and not view.delegated.delegated:
            return Parent.GONE  # what it said before the trouble is what the trouble comes of
        return Parent.PENDING if view.policy.delegation_watched else Parent.NOT_WATCHED
    facts = delegated(view)
    if facts is None:
        return Parent.UNHEARD
    return Parent.DELEGATES if facts.delegated else Parent.GONE


def listed(view: View) -> tuple[ServerWord, ...]:
    """Return the words of the servers that the parent zone lists, as far as they may be asked from here."""
    facts = delegated(view)
    if facts is None or strayed(view):
        return ()
    words = tuple(word for word in facts.servers if not word.unaskable)
    there = redirected(view)
    if there and there != facts.host:
        return tuple(replace(word, knows_host=None, alias="") for word in words)
    return words


def redirected(view: View) -> str:
    """Return the host that cannot be found where that is one that a redirect leads to; else nothing."""
    facts = view.lead.facts if view.lead is not None and view.failure in NAME_TROUBLE else None
    if not isinstance(facts, HttpFacts) or not facts.redirects:
        return ""
    return urlsplit(facts.url).hostname or ""


def strayed(view: View) -> bool:
    """Tell whether the host that cannot be found lies outside of the target's domain."""
    facts = view.lead.facts if view.lead is not None and view.failure in NAME_TROUBLE else None
    return isinstance(facts, HttpFacts) and facts.elsewhere is not None


def which(view: View) -> dict[str, str]:
    """Return whose name it is that fails, where that is not the target's own, for a sentence."""
    there = redirected(view)
    if there:
        return {"which": f": what fails is {there}, where it redirects to"}
    alias = next((word.alias for word in listed(view) if word.authoritative and word.alias), "")
    return {"which": f": what fails is {alias}, of which it is an alias" if alias else ""}


def records(view: View) -> DnsFacts | None:
    """Return the records as the resolvers tell them since the trouble began, or where it showed first."""
    seen = view.said(Probe.DNS)
    if seen is None and view.dns is not None and (view.dns is view.lead or view.dns.failure in NAME_TROUBLE):
        seen = view.dns
    return seen.facts if seen is not None and isinstance(seen.facts, DnsFacts) else None


def resolvers_say_gone(view: View) -> bool:
    """Tell whether the resolvers say that the whole zone does not exist, not only one name in it."""
    if view.failure is not Failure.DNS_NXDOMAIN or redirected(view):
        return False
    told = records(view)
    return told is None or told.ns.failure is Failure.DNS_NXDOMAIN


def zone_gone(view: View) -> bool:
    """Tell whether the zone does not exist: by the parent's own word, else by that of the resolvers."""
    if view.failure not in NAME_TROUBLE or redirected(view):
        return False  # a server has answered in its name
    word = parent(view)
    if word in (Parent.GONE, Parent.DELEGATES):
        return word is Parent.GONE
    return resolvers_say_gone(view)


def resolvers_do(view: View) -> bool:
    """Tell whether the resolvers' word has to do.

    Without a `delegation` check it always has to. With one it does at the first look, before anybody could
    be asked; and for good where several resolvers say the same and nobody else can be asked from here: the
    parent's servers are silent (many networks let nobody but their resolvers ask), or the listed ones have
    no address that may be asked. A parent that is not even found shows resolvers that work for nobody.
    """
    word = parent(view)
    if word is Parent.PENDING:
        return not view.begun
    if word is Parent.UNHEARD:
        seen = view.said(Probe.DELEGATION)
        return seen is not None and seen.failure is Failure.DNS_TIMEOUT and _agree(view)
    if word is Parent.DELEGATES:
        return not listed(view) and _agree(view)
    return word is Parent.NOT_WATCHED


def _agree(view: View) -> bool:
    """Tell whether there are several resolvers, and they say the same."""
    told = records(view)
    return told is not None and not told.alone and not told.disagreeing


def servers_contradict(view: View) -> bool:
    """Tell whether the zone's own servers answer for a name where the resolvers only fail.

    Not where they point elsewhere: they cannot know the address then.
    """
    answering = [word for word in listed(view) if word.authoritative]
    if not answering or view.failure not in NAME_TROUBLE - {Failure.ADDRESS_FORBIDDEN}:
        return False
    known = {word.knows_host for word in answering}
    if True not in known and points_elsewhere(view):
        return False
    if True in known or view.failure not in (Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_LOOP):
        return known != {False}
    return known == {None} and resolvers_say_gone(view)


def points_elsewhere(view: View) -> bool:
    """Tell whether the zone's own servers say that the host is an alias: what fails is where it leads."""
    return any(word.alias for word in listed(view) if word.authoritative)


def zone_refused(view: View) -> bool:
    """Tell whether the listed servers say that the zone is none of theirs, and none answers for it."""
    words = listed(view)
    return any(word.refuses for word in words) and not any(word.authoritative for word in words)


def servers_fail(view: View) -> bool:
    """Tell whether none of the listed servers gives a usable answer."""
    words = listed(view)
    return bool(words) and not any(word.authoritative for word in words)
