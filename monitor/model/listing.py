"""What a store of apps offers, or not: the listing of one app, in one country where countries differ."""

from dataclasses import dataclass
from enum import StrEnum


class Store(StrEnum):
    """Who offers the app."""

    APPLE = "apple"
    GOOGLE = "google"


STORE_NAMES = {Store.APPLE: "the App Store", Store.GOOGLE: "Google Play"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingSettings:
    """What the `listing` probe asks, and whom."""

    store: Store
    app: str
    """Apple: the number of the app. Google: its package."""
    country: str
    """Two letters, lower case; empty: whatever the store takes us to be in."""
    base: str
    """Address of the look-up, without a question in it."""
    per_s: float
    """Questions a second that the store gets, of all checks together."""
    user_agent: str
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFacts:
    """What a store answered about an app."""

    store: Store
    app: str
    country: str
    server: str
    """Host that was asked."""
    available: bool
    """Whether the store has a listing of it; False only where the store says itself that there is none."""
    name: str | None = None
    developer: str | None = None
    version: str | None = None
    """None where the store does not publish it."""
