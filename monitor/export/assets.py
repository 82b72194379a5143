"""Style sheet and icon: served from memory under names that change with their content."""

from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from typing import Final

_TYPES: Final = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file for browsers."""

    path: str
    """Below `/static/`, with the hash of the content in it: it may be kept for ever."""
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """All of them."""

    style: Asset
    icon: Asset

    def find(self, path: str) -> Asset | None:
        """Return the asset of a path below `/static/`; None when there is none, or not any more."""
        return next((asset for asset in (self.style, self.icon) if asset.path == path), None)


def load_assets() -> Assets:
    """Read the files that come with the package."""
    return Assets(style=_load("style.css"), icon=_load("icon.svg"))


def _load(name: str) -> Asset:
    body = files("monitor.export").joinpath("static", name).read_bytes()
    stem, _, suffix = name.partition(".")
    digest = blake2b(body, digest_size=6).hexdigest()
    return Asset(path=f"{stem}.{digest}.{suffix}", content_type=_TYPES[name], body=body)
