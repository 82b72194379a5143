"""The `revocation` probe: whether the authority of a certificate has revoked it.

Asked for when a page has shown a certificate of which nothing is known yet, or nothing from the last day.
The certificate names whom to ask: a responder (OCSP), asked by GET so that caches may answer, else a list
(CRL), 5 MB at most. Both are http or https addresses that strangers chose: they are looked up by the
monitor's own resolver, private addresses are refused, and two redirects are followed.

No answer says nothing about the target: its facts are then what was known before, or `unknown`.
"""

from functools import partial
from http import HTTPStatus
from typing import Final

from monitor.failure import Failure
from monitor.model import Check, Revocation, RevocationSettings
from monitor.probe.error import ProbeError
from monitor.probe.io import Io

_REDIRECTS: Final = 2


async def probe_revocation(check: Check, io: Io) -> Revocation:
    """Return the authority's word; raises ProbeError, with what was known before, when there is none."""
    settings = check.settings
    if not isinstance(settings, RevocationSettings):
        message = f"settings of a revocation check expected, not {type(settings).__name__}"
        raise TypeError(message)
    return await io.revocations.look_up(settings.certificate, partial(_ask, io, settings), io.clock)


async def _ask(io: Io, settings: RevocationSettings, url: str, limit: int) -> bytes:
    answer = await io.http.get(
        url,
        user_agent=settings.user_agent,
        headers=(("Accept", "*/*"),),
        max_redirects=_REDIRECTS,
        body_limit=limit,
        allow_private=settings.allow_private,
    )
    if answer.status != HTTPStatus.OK:
        raise ProbeError(Failure.REVOCATION_UNUSABLE, f"{url[:100]} answers with status {answer.status}")
    if answer.truncated:
        raise ProbeError(Failure.REVOCATION_UNUSABLE, f"{url[:100]}: the answer is too long, or not whole")
    return answer.body
