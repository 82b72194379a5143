"""One layer from one look to the next: seen again, suspected to be another's, lost from sight, moved."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.model import Attribution, Layer, LayerState, Policy, ProviderChanged

# Whoever stood behind a layer lately: so many sets, and forgotten when it has been calm for so long.
_LATELY: Final = 4
_CALM: Final = timedelta(days=7)
_MOST_DOUBLINGS: Final = 8


def same(seen: Attribution, confirmed: Attribution) -> bool:
    """Tell whether both are the same providers.

    RDAP gives the number of a registrar where WHOIS may only give its name: that is one registrar.
    """
    if seen.providers == confirmed.providers or seen.ids == confirmed.ids:
        return True
    return seen.layer is Layer.REGISTRATION and _own_names(seen) == _own_names(confirmed) is not None


def _own_names(attribution: Attribution) -> tuple[str, ...] | None:
    """Return the names of providers that the catalog does not know; None if it knows one of them."""
    if any(provider.cataloged for provider in attribution.providers):
        return None
    return tuple(provider.name.casefold() for provider in attribution.providers)


def _calm(state: LayerState, at: datetime) -> bool:
    return state.changed_at is None or at - state.changed_at > _CALM


def needed_for(state: LayerState, seen: Attribution, at: datetime, policy: Policy) -> int:
    """Return how many looks it takes to believe in another set."""
    if seen.ids not in state.lately or _calm(state, at):
        return policy.changes_to_confirm
    return policy.changes_to_confirm << min(state.returns, _MOST_DOUBLINGS)


def dark(before: LayerState, at: datetime, policy: Policy, *, absent: bool) -> LayerState:
    """Return the layer after a look that did not show it; `absent`: it showed that there is none."""
    if not before.known and before.absent == absent:
        return before
    silent = before.silent + 1
    known = silent < policy.failures_to_confirm
    lost = before.known and not known
    return replace(
        before,
        silent=silent,
        known=known,
        known_since=at if lost else before.known_since,
        absent=absent and not known,
    )


def seen_again(before: LayerState, at: datetime) -> LayerState:
    """Return the layer after its confirmed providers were seen; what is suspected stays so."""
    if before.known and before.silent == 0:
        return before
    known_since = before.known_since if before.known else at
    return replace(before, known=True, known_since=known_since, absent=False, silent=0)


def settled(before: LayerState, at: datetime) -> LayerState:
    """Return the layer after its confirmed providers were seen again, which ends a suspicion."""
    seen = seen_again(before, at)
    if seen.suspected is None:
        return seen
    return replace(
        seen,
        absent=False,
        suspected=None,
        suspected_since=None,
        suspicion=0,
        vouched=False,
        unheard=False,
    )


def confirm(state: LayerState, seen: Attribution, at: datetime) -> tuple[LayerState, ProviderChanged]:
    """Return the layer with another set of providers, and what is to be told of it."""
    first_seen = state.suspected_since or at
    change = ProviderChanged(
        layer=state.layer,
        providers_from=state.confirmed.providers,
        providers_to=seen.providers,
        evidence_from=state.confirmed.evidence,
        evidence_to=seen.evidence,
        first_seen_at=first_seen,
    )
    lately = () if _calm(state, at) else state.lately
    moved = LayerState(
        layer=state.layer,
        confirmed=seen,
        since=first_seen,
        lately=(state.confirmed.ids, *(ids for ids in lately if ids != state.confirmed.ids))[:_LATELY],
        returns=state.returns + 1 if seen.ids in lately else 0,
        changes=state.changes + 1,
        changed_at=at,
    )
    return moved, change
