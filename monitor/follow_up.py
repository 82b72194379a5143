"""From what the judge wants to look at to the check that does: one of the target's own, or one made for it.

What is asked only when something is wrong has no check that waits for it: it is made from the settings
of the page, and its result belongs to that target.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from monitor.model import (
    Check,
    DelegationSettings,
    FollowUp,
    HttpSettings,
    LastAddressSettings,
    Probe,
    RevocationSettings,
)

_LAST_ADDRESS_S: Final = 10.0
_REVOCATION_S: Final = 20.0
_DAY_S: Final = 86_400.0


def check_for(follow_up: FollowUp, checks: Mapping[Probe, Check]) -> Check | None:
    """Return the check that a follow-up stands for; None: the target is not watched that way."""
    if follow_up.probe is Probe.LAST_ADDRESS:
        return _last_address(follow_up, checks)
    if follow_up.probe is Probe.REVOCATION:
        return _revocation(follow_up, checks)
    check = checks.get(follow_up.probe)
    if check is None:
        return None
    if check.probe is Probe.REGISTRATION:  # the only one that may have to wait for its turn
        check = replace(check, urgent=True)
    if not follow_up.compare:
        return check
    if isinstance(check.settings, DelegationSettings):
        check = replace(check, settings=_for_host(check.settings, follow_up.host, checks))
    return replace(check, compare=True)


def _for_host(settings: DelegationSettings, host: str, checks: Mapping[Probe, Check]) -> DelegationSettings:
    """Return the settings that ask for the host whose name fails: that of the page, not of the target."""
    page = checks.get(Probe.HTTP)
    if not host and page is not None and isinstance(page.settings, HttpSettings):
        host = urlsplit(page.settings.url).hostname or ""
    inside = host.isascii() and f".{host}".endswith(f".{settings.zone}")
    return replace(settings, host=host) if inside else settings


def _last_address(follow_up: FollowUp, checks: Mapping[Probe, Check]) -> Check | None:
    page = checks.get(Probe.HTTP)
    if page is None or not isinstance(page.settings, HttpSettings):
        return None
    if follow_up.address is None or follow_up.last_good_at is None:
        return None
    return Check(
        target=page.target,
        probe=Probe.LAST_ADDRESS,
        interval_s=_DAY_S,
        timeout_s=min(page.timeout_s, _LAST_ADDRESS_S),
        settings=LastAddressSettings(
            page=page.settings, address=follow_up.address, last_good_at=follow_up.last_good_at
        ),
    )


def _revocation(follow_up: FollowUp, checks: Mapping[Probe, Check]) -> Check | None:
    page = checks.get(Probe.HTTP)
    if page is None or not isinstance(page.settings, HttpSettings) or follow_up.certificate is None:
        return None
    return revocation_check(page, page.settings, follow_up.certificate)


def revocation_check(page: Check, settings: HttpSettings, certificate: str) -> Check:
    """Return the check that asks the authority of a certificate which the page has shown."""
    return Check(
        target=page.target,
        probe=Probe.REVOCATION,
        interval_s=_DAY_S,
        timeout_s=_REVOCATION_S,
        settings=RevocationSettings(
            certificate=certificate,
            user_agent=settings.user_agent,
            allow_private=settings.allow_private,
        ),
    )
