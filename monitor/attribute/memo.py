"""A bounded memory of what was worked out before."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """A pure function that returns the same object for an equal argument, as long as it remembers.

    Two generations of at most `size` entries each: a full one becomes the old one, and what is
    asked again moves to the young one. That forgets what nobody asks for, and costs one dict
    look-up when it remembers.
    """

    __slots__ = ("_make", "_old", "_size", "_young")

    def __init__(self, make: Callable[[K], V], size: int) -> None:
        self._make = make
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __call__(self, key: K) -> V:
        """Return the value for `key`, made at most once while it is remembered."""
        try:
            return self._young[key]
        except KeyError:
            return self._remember(key)

    def _remember(self, key: K) -> V:
        value = self._old[key] if key in self._old else self._make(key)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value
        return value
