"""What several who were asked say together: one set, or none that could be compared with another."""

from dataclasses import replace

from monitor.model import Attribution

OfDns = tuple[Attribution | None, Attribution | None, Attribution | None, Attribution | None]
"""The layers that a look at DNS shows: dns, network, edge, mail."""


def compared(shown: OfDns, others: tuple[OfDns, ...]) -> OfDns:
    """Return what one resolver shows, disputed where another one names other providers.

    Providers are compared, not addresses: two resolvers are given different addresses of one CDN.
    Who shows nothing of a layer disputes nothing. Network and edge are read from the same addresses,
    and are disputed together.
    """
    dns, network, edge, mail = shown
    reached = any(_differ(network, theirs[1]) or _differ(edge, theirs[2]) for theirs in others)
    return (
        _disputed(dns, any(_differ(dns, theirs[0]) for theirs in others)),
        _disputed(network, reached),
        _disputed(edge, reached),
        _disputed(mail, any(_differ(mail, theirs[3]) for theirs in others)),
    )


def delegation(parent: Attribution, served: Attribution | None, both: Attribution) -> Attribution:
    """Return the operators of a delegation. `served`: those that the zone itself names, if it was heard.

    One set where parent and zone name the same operators. Else both together, and disputed: either may
    be what resolvers go on, and for half of a delegation nobody can say which.
    """
    if served is not None and served.ids == parent.ids:
        return parent
    return replace(both, disputed=True)


def _differ(mine: Attribution | None, theirs: Attribution | None) -> bool:
    return mine is not None and theirs is not None and mine.ids != theirs.ids


def _disputed(mine: Attribution | None, is_so: bool) -> Attribution | None:  # noqa: FBT001 - one of two states
    return replace(mine, disputed=True) if mine is not None and is_so else mine
