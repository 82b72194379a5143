"""Rules about what answers over HTTP: refusals, errors, and pages that are not the platform's."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.rule import Rule, answered, failed
from monitor.judge.view import View
from monitor.model import HttpFacts, Layer, Status
from monitor.model.expect import CONTAINS, JSON, MAX_RESPONSE_TIME, STATUS, TITLE


def _welcome(page: HttpFacts) -> bool:
    """Tell whether the user expects this status, and so wants nothing read into it."""
    return page.expected is not None and page.expected.holds(STATUS)


def _proven(page: HttpFacts) -> bool:
    """Tell whether the user's own conditions say that this page is the platform's."""
    if page.expected is None:
        return False
    an_error = page.status >= HTTPStatus.MULTIPLE_CHOICES and _welcome(page)
    return an_error or page.expected.holds(TITLE, CONTAINS, JSON)


def _answered(*codes: int) -> Callable[[View], bool]:
    """Return the condition that a page came with one of these status codes, and nobody expects it."""
    status = answered(*codes)
    return lambda view: status(view) and view.page is not None and not _welcome(view.page)


def _challenged(view: View) -> bool:
    """Tell whether what answered wants a browser or fewer questions, and so says nothing of the target."""
    page = view.page
    if page is None or _welcome(page):
        return False
    if page.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return ("cf-mitigated", "challenge") in page.headers


def _forbidden_from_here(view: View) -> bool:
    """Tell whether access is refused to us, who never had any."""
    return _answered(401, 403)(view) and view.baseline is None


def _server_error(view: View) -> bool:
    page = view.page
    return page is not None and page.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not _welcome(page)


def _no_page(view: View) -> bool:
    """Tell whether something answers with an error, or with no page: a bare 1xx or 3xx."""
    page = view.page
    if page is None or HTTPStatus.OK <= page.status < HTTPStatus.MULTIPLE_CHOICES:
        return False
    return not _welcome(page)


def _placeholder(view: View) -> bool:
    """Tell whether the page has lost nearly all of its usual text, and its title with it."""
    page, usual = view.page, view.baseline
    if page is None or usual is None or usual.text_length < view.policy.placeholder_min_text:
        return False
    if _proven(page):
        return False
    shrunk = page.text_length < usual.text_length * view.policy.placeholder_ratio
    return shrunk and page.title != usual.title


def _unexpected(view: View) -> bool:
    """Tell whether the answer lacks something that the user says it must have, apart from haste."""
    page = view.page
    if page is None or page.expected is None:
        return False
    return any(unmet.condition != MAX_RESPONSE_TIME for unmet in page.expected.unmet)


def _unmet(view: View) -> Mapping[str, str]:
    """Return which conditions are not met: keys of the configuration, each with what was there instead."""
    expected = view.page.expected if view.page else None
    unmet = expected.unmet if expected else ()
    return {"unmet": "; ".join(f"{one.condition} ({one.wanted}): {one.seen}" for one in unmet)}


def _slow(view: View) -> bool:
    return view.page is not None and view.page.expected is not None and bool(view.page.expected.unmet)


ANSWER: Final[tuple[Rule, ...]] = (
    Rule(
        id="http.legal_block",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers 451: unavailable for legal reasons.",
        matches=_answered(451),
        at_edge=True,
    ),
    Rule(
        id="challenge",
        layer=None,
        status=Status.UNKNOWN,
        reachable=None,
        sentence="What answers asks this vantage for a browser or for patience: blocked from here.",
        matches=lambda view: _challenged(view) or _forbidden_from_here(view),
    ),
    Rule(
        id="http.forbidden",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server refuses access to a page that it used to serve.",
        matches=_answered(401, 403),
        at_edge=True,
    ),
    Rule(
        id="http.server_error",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The server gives no usable answer: an error of its own, nothing in time, or no HTTP.",
        matches=lambda view: (
            _server_error(view)
            or failed(
                Failure.HTTP_TIMEOUT,
                Failure.HTTP_DISCONNECTED,
                Failure.HTTP_MALFORMED,
                Failure.HTTP_HEADERS_TOO_LARGE,
            )(view)
        ),
        at_edge=True,
    ),
    Rule(
        id="http.client_error",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers, but has no such page.",
        matches=lambda view: (
            _no_page(view) or failed(Failure.HTTP_TOO_MANY_REDIRECTS, Failure.HTTP_BAD_REDIRECT)(view)
        ),
        at_edge=True,
    ),
    Rule(
        id="content.placeholder",
        layer=Layer.NETWORK,
        status=Status.DEGRADED,
        reachable=True,
        sentence="A page answers, but nearly all of the usual text is gone: reachable, not restored.",
        matches=_placeholder,
        at_edge=True,
    ),
    Rule(
        id="content.unexpected",
        layer=Layer.NETWORK,
        status=Status.DEGRADED,
        reachable=True,
        sentence="A page answers, but it is not as the configuration says that it must be: {unmet}.",
        matches=_unexpected,
        names=_unmet,
        at_edge=True,
    ),
    Rule(
        id="http.slow",
        layer=Layer.NETWORK,
        status=Status.DEGRADED,
        reachable=True,
        sentence="The page answers as it should, but later than the configuration allows.",
        matches=_slow,
        at_edge=True,
    ),
)
