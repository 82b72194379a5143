"""Rules about what answers over HTTP: refusals, errors, and pages that are not the platform's."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.rule import Rule, failed
from monitor.judge.view import PLACEHOLDER, View
from monitor.model import About, HttpFacts, Layer, SignKind, Status
from monitor.model.expect import CONTAINS, JSON, MAX_RESPONSE_TIME, NOT_CONTAINS, STATUS, TITLE

# Plain numbers: they are compared at every look, and a member of an enumeration has to be looked up.
_REDIRECTS: Final = HTTPStatus.MULTIPLE_CHOICES.value
_TOO_MANY: Final = HTTPStatus.TOO_MANY_REQUESTS.value
_ERRORS: Final = HTTPStatus.BAD_REQUEST.value
_SERVER_ERRORS: Final = HTTPStatus.INTERNAL_SERVER_ERROR.value
_PAGES: Final = HTTPStatus.OK.value
_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_MOST_NAMED: Final = 3
_CHALLENGED: Final = ("cf-mitigated", "challenge")
_BLOCKED_BY: Final = re.compile(r'<([^<>]{1,200})>[^<>]{0,100}?;\s*rel="?blocked-by\b', re.IGNORECASE)


def _welcome(page: HttpFacts) -> bool:
    """Tell whether the user expects this status, and so wants nothing read into it."""
    return page.expected is not None and page.expected.holds(STATUS)


def _proven(page: HttpFacts) -> bool:
    """Tell whether the user's own conditions say that this page is the platform's."""
    if page.expected is None:
        return False
    an_error = page.status >= _REDIRECTS and _welcome(page)
    return an_error or page.expected.holds(TITLE, CONTAINS, JSON)


def _signed(*kinds: SignKind, about: About | None = None) -> Callable[[View], bool]:
    """Return the condition that a sign of one of these kinds, and not the user, says what the page is."""

    def matches(view: View) -> bool:
        sign, page = view.sign, view.page
        if sign is None or page is None or sign.kind not in kinds or about not in (None, sign.about):
            return False
        return not _proven(page)

    return matches


def _plain(view: View) -> HttpFacts | None:
    """Return a page whose status speaks for itself: no sign says what it is, and nobody expects it."""
    page, sign = view.page, view.sign
    if page is None or _welcome(page):
        return None
    unclear = sign is not None and sign.kind is SignKind.BLOCK and sign.about is About.UNCLEAR
    return page if sign is None or unclear or _proven(page) else None


def _plainly(*codes: int) -> Callable[[View], bool]:
    """Return the condition that a page comes with one of these status codes, which speaks for itself."""

    def matches(view: View) -> bool:
        page = _plain(view)
        return page is not None and page.status in codes

    return matches


def _from_here(view: View) -> bool:
    """Tell whether what answers speaks of who asks, and so says nothing of the target."""
    page, sign = view.page, view.sign
    if page is None:
        return False
    if sign is not None and (sign.kind is SignKind.CHALLENGE or sign.about is About.VISITOR):
        return not _proven(page)
    if _plain(view) is None:
        return False
    if page.status == _TOO_MANY or (page.status >= _ERRORS and _CHALLENGED in page.headers):
        return True
    # Refused to us, who never had access.
    return page.status in _REFUSED and view.baseline is None


_refuses: Final = _plainly(*_REFUSED)
_blocks_by_law: Final = _plainly(HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS)
_says_blocked_by_law: Final = _signed(SignKind.LEGAL, about=About.SITE)
_says_error: Final = _signed(SignKind.PROVIDER_ERROR)
_says_default: Final = _signed(SignKind.DEFAULT_PAGE)
_gives_no_answer: Final = failed(
    Failure.HTTP_TIMEOUT, Failure.HTTP_DISCONNECTED, Failure.HTTP_MALFORMED, Failure.HTTP_HEADERS_TOO_LARGE
)
_leads_nowhere: Final = failed(Failure.HTTP_TOO_MANY_REDIRECTS, Failure.HTTP_BAD_REDIRECT)


def _forbidden(view: View) -> bool:
    return _refuses(view) and not _from_here(view)


def _legal_block(view: View) -> bool:
    return _says_blocked_by_law(view) or _blocks_by_law(view)


def _blocker(view: View) -> Mapping[str, str]:
    """Return whom the answer names as the one who blocks (RFC 7725, 4): an address that it links to."""
    links = [value for name, value in view.page.headers if name == "link"] if view.page else []
    found = next((match for link in links if (match := _BLOCKED_BY.search(link))), None)
    return {"who": found[1] if found else "nobody"}


def _server_error(view: View) -> bool:
    if _says_error(view):
        return True
    page = _plain(view)
    return page is not None and page.status >= _SERVER_ERRORS and not _from_here(view)


def _no_page(view: View) -> bool:
    """Tell whether something answers with an error, or with no page: a bare 1xx or 3xx."""
    page = _plain(view)
    if page is None or _PAGES <= page.status < _REDIRECTS:
        return False
    return not _from_here(view)


def _named(view: View) -> Mapping[str, str]:
    """Return the sign, and who makes such pages, as a sentence names them."""
    sign = view.sign
    return {"sign": ", ".join(filter(None, (sign.id, sign.who))) if sign else "none"}


def _placeholder(view: View) -> bool:
    """Tell whether the page has lost nearly all its usual text and its title, or is a bare server's.

    The title is no proof where the target was gone: who comes back with one sentence puts the name above it.
    A page of which nothing can be read is left alone then: an application writes its text when it runs.
    """
    page, usual = view.page, view.baseline
    if _says_default(view):
        return True
    if page is None or usual is None or usual.text_length < view.policy.placeholder_min_text:
        return False
    shrunk = page.text_length < usual.text_length * view.policy.placeholder_ratio
    another = page.title != usual.title or (view.gone and page.text_length > 0)
    return shrunk and another and not (_proven(page) or _from_here(view) or _banned(page))


def _banned(page: HttpFacts) -> bool:
    """Tell whether a page has what it must not have, by the user: that says more than what is gone."""
    return page.expected is not None and any(one.condition == NOT_CONTAINS for one in page.expected.unmet)


def _unexpected(view: View) -> bool:
    """Tell whether the answer lacks something that the user says it must have, apart from haste."""
    page = view.page
    if page is None or page.expected is None:
        return False
    unmet = any(one.condition != MAX_RESPONSE_TIME for one in page.expected.unmet)
    return unmet and not _from_here(view)


def _unmet(view: View) -> Mapping[str, str]:
    """Return which conditions are not met: keys of the configuration, each with what was there instead."""
    expected = view.page.expected if view.page else None
    unmet = expected.unmet if expected else ()
    told = [f"{one.condition} ({one.wanted}): {one.seen}" for one in unmet[:_MOST_NAMED]]
    more = [f"and {len(unmet) - _MOST_NAMED} more"] if len(unmet) > _MOST_NAMED else []
    return {"unmet": "; ".join([*told, *more])}


def _slow(view: View) -> bool:
    page = view.page
    if page is None or page.expected is None or not page.expected.unmet:
        return False
    return not _from_here(view)


def _rule(  # noqa: PLR0913 - the fields of a rule that differ here
    rule: str,
    sentence: str,
    matches: Callable[[View], bool],
    *,
    status: Status = Status.DOWN,
    reachable: bool | None = True,
    names: Callable[[View], Mapping[str, str]] | None = None,
) -> Rule:
    """Return a rule about the network, or the edge where one is in front."""
    return Rule(
        id=rule,
        layer=Layer.NETWORK,
        status=status,
        reachable=reachable,
        sentence=sentence,
        matches=matches,
        names=names,
        at_edge=True,
        of_answers=True,
    )


EDGE: Final[tuple[Rule, ...]] = (
    Rule(
        id="edge.blocked",
        layer=Layer.EDGE,
        status=Status.DOWN,
        reachable=True,
        sentence="The CDN or proxy in front answers that it does not serve this site ({sign}).",
        matches=_signed(SignKind.BLOCK, about=About.SITE),
        of_answers=True,
        names=_named,
    ),
)

ANSWER: Final[tuple[Rule, ...]] = (
    _rule(
        "http.legal_block",
        "The server answers: unavailable for legal reasons (451). As the one who blocks it names {who}.",
        _legal_block,
        names=_blocker,
    ),
    _rule(
        "http.forbidden",
        "The server refuses access to a page that it used to serve.",
        _forbidden,
    ),
    _rule(
        "http.server_error",
        "The server gives no usable answer: an error of its own, nothing in time, or no HTTP.",
        lambda view: _server_error(view) or _gives_no_answer(view),
        reachable=False,
    ),
    _rule(
        "http.client_error",
        "The server answers, but has no such page.",
        lambda view: _no_page(view) or _leads_nowhere(view),
    ),
    _rule(
        "content.seized",
        "The page that answers looks like the banner of a seizure ({sign}).",
        _signed(SignKind.SEIZED, about=About.SITE),
        names=_named,
    ),
    _rule(
        "content.suspended",
        "The page that answers says that the site is suspended where it is hosted or registered ({sign}).",
        _signed(SignKind.SUSPENDED),
        names=_named,
    ),
    _rule(
        "content.parked",
        "The page that answers is one that parks the name, or offers it for sale ({sign}).",
        _signed(SignKind.PARKED),
        names=_named,
    ),
    _rule(
        PLACEHOLDER,
        "A page answers, but nearly all of the usual text is gone: reachable, not restored.",
        _placeholder,
        status=Status.DEGRADED,
    ),
    _rule(
        "content.unexpected",
        "A page answers, but it is not as the configuration says that it must be: {unmet}.",
        _unexpected,
        status=Status.DEGRADED,
        names=_unmet,
    ),
    _rule(
        "http.slow",
        "The page answers as it should, but later than the configuration allows.",
        _slow,
        status=Status.DEGRADED,
    ),
    Rule(
        id="challenge",
        layer=None,
        status=Status.UNKNOWN,
        reachable=None,
        sentence="What answers asks this vantage for a browser or for patience: blocked from here.",
        matches=_from_here,
        of_answers=True,
    ),
)
