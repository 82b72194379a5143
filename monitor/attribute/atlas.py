"""All that is known about addresses, in the order in which it is believed.

What a provider publishes as its own first; then who announces the address; then, where no table
knows it, who holds the block.
"""

from typing import Protocol

from monitor.attribute.networks import AsTable, Block, Located, number_of
from monitor.attribute.published import PublishedRanges


class Blocks(Protocol):
    """Anything that knows who holds an address that no table knows."""

    def find(self, address: str) -> Block | None:
        """Return the block; None when it is not known. Must not take long."""


class Atlas:
    """Published ranges, then the AS table, then blocks."""

    def __init__(self, table: AsTable, published: PublishedRanges, blocks: Blocks | None = None) -> None:
        self.table = table
        self.published = published
        self.edition = f"AS table {table.edition}, published ranges {published.edition}"
        self._blocks = blocks

    @classmethod
    def bundled(cls) -> "Atlas":
        """Load the snapshots that ship with this package: about 0.3 s."""
        return cls(AsTable.bundled(), PublishedRanges.bundled())

    def asking(self, blocks: Blocks) -> "Atlas":
        """Return the same atlas that asks `blocks` about what it does not know."""
        return Atlas(self.table, self.published, blocks)

    def lookup(self, address: str) -> Located | None:
        """Return the best that is known about an address; None for nothing, and for what is no address."""
        number = number_of(address)
        if number is None:
            return None
        found = self.published.at(*number) or self.table.at(*number)
        if found is None and self._blocks is not None:
            return self._blocks.find(address)
        return found
