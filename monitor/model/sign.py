"""Signs: what an answer carries of a page whose kind is known, such as a challenge or a parking page."""

from dataclasses import dataclass
from enum import StrEnum


class SignKind(StrEnum):
    """What kind of page a sign belongs to."""

    CHALLENGE = "challenge"
    """It wants a browser, or patience."""
    SEIZED = "seized"
    LEGAL = "legal"
    SUSPENDED = "suspended"
    """By whoever hosts it, or by the registrar."""
    BLOCK = "block"
    """Access is refused; `Sign.about` says to whom."""
    PROVIDER_ERROR = "provider_error"
    """An error page of a CDN or a hosting platform, not of the site."""
    DEFAULT_PAGE = "default_page"
    """What a server shows that nobody has put a site on."""
    PARKED = "parked"


class About(StrEnum):
    """Of whom a page speaks."""

    SITE = "site"
    """Of the site: everybody is shown the same."""
    VISITOR = "visitor"
    """Of who asks: others may be let in."""
    UNCLEAR = "unclear"
    """It does not say."""


class Confidence(StrEnum):
    """How much a signature can be relied on, by its sources."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    """Needs something else that says the same, or a short page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One signature that an answer matched. A fact: what it means for the target is the judge's to say."""

    id: str
    """Of the signature in the data files, such as `cloudflare-challenge`."""
    kind: SignKind
    about: About = About.SITE
    confidence: Confidence = Confidence.MEDIUM
    by: tuple[str, ...] = ()
    """By what it was recognised: `status`, `header`, `cookie`, `title`, `body`, `url`, `ns`; all of these."""
    who: str = ""
    """Who makes such pages: an id of the catalog, or the name of a product; empty: many do."""
    source: str = ""
    """Where the signature is from."""
