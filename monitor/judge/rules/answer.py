"""Rules about what answers over HTTP: refusals, errors, and pages that are not the platform's."""

from http import HTTPStatus
from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.rule import Rule, answered, failed
from monitor.judge.view import View
from monitor.model import Layer, Status


def _challenged(view: View) -> bool:
    """Tell whether what answered wants a browser or fewer questions, and so says nothing of the target."""
    page = view.page
    if page is None:
        return False
    if page.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return ("cf-mitigated", "challenge") in page.headers


def _forbidden_from_here(view: View) -> bool:
    """Tell whether access is refused to us, who never had any."""
    return answered(401, 403)(view) and view.baseline is None


def _server_error(view: View) -> bool:
    return view.page is not None and view.page.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _client_error(view: View) -> bool:
    return view.page is not None and view.page.status >= HTTPStatus.BAD_REQUEST


def _no_page(view: View) -> bool:
    """Tell whether something answers with neither a page nor an error: a bare 1xx or 3xx."""
    return view.page is not None and not HTTPStatus.OK <= view.page.status < HTTPStatus.MULTIPLE_CHOICES


def _placeholder(view: View) -> bool:
    """Tell whether the page has lost nearly all of its usual text, and its title with it."""
    page, usual = view.page, view.baseline
    if page is None or usual is None or usual.text_length < view.policy.placeholder_min_text:
        return False
    shrunk = page.text_length < usual.text_length * view.policy.placeholder_ratio
    return shrunk and page.title != usual.title


ANSWER: Final[tuple[Rule, ...]] = (
    Rule(
        id="http.legal_block",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers 451: unavailable for legal reasons.",
        matches=answered(451),
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
        matches=answered(401, 403),
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
            _client_error(view)
            or _no_page(view)
            or failed(Failure.HTTP_TOO_MANY_REDIRECTS, Failure.HTTP_BAD_REDIRECT)(view)
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
)
