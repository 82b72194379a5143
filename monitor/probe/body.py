"""The body of an answer, decompressed as it comes, never more than a limit of either form."""

import zlib
from typing import Final

# What is asked for; what comes unasked (br, zstd, two codings at once) counts as unreadable.
ACCEPTED: Final = "gzip, deflate"
_GZIP: Final = zlib.MAX_WBITS | 16
_RAW_DEFLATE: Final = -zlib.MAX_WBITS
_IDENTITY: Final = frozenset(
    {"", "identity", "none", "utf-8", "binary", "8bit"}
)  # the last four: seen, meaningless


def _deflate_bits(first: bytes) -> int:
    """Return zlib's window bits for `deflate`, which half the world sends without its zlib header.

    RFC 9110 section 8.4.1.2 wants the header; RFC 1950 section 2.2 says how to see it.
    """
    head = int.from_bytes(first[:2].ljust(2, b"\0"), "big")
    return zlib.MAX_WBITS if head >> 8 & 0x0F == zlib.DEFLATED and head % 31 == 0 else _RAW_DEFLATE


class Body:
    """Collects one body. `limit` bounds the bytes received and, again, the bytes they unfold to."""

    def __init__(self, content_encoding: str, limit: int) -> None:
        self._limit = limit
        self._coding = content_encoding.strip().lower()
        if self._coding in _IDENTITY:
            self._coding = ""
        self._received = 0
        self._unfolded = 0
        self._pieces: list[bytes] = []
        self._inflate: zlib._Decompress | None = None
        self.truncated = False
        """True once bytes were left out: beyond a limit, or not decompressible."""

    def feed(self, piece: bytes) -> bool:
        """Take received bytes in; return False when more would be of no use."""
        room = self._limit - self._received
        self._received += len(piece)
        if len(piece) > room:
            self.truncated = True
            piece = piece[:room]
        if not self._coding:
            self._pieces.append(piece)
        elif self._coding in {"gzip", "x-gzip", "deflate"}:
            self._unfold(piece)
        else:
            self.truncated = True
        return not self.truncated

    def end(self) -> bytes:
        """Return the body; marks it truncated when its compressed form did not come to its end."""
        if self._inflate is not None and not self._inflate.eof:
            self.truncated = True
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _unfold(self, piece: bytes) -> None:
        while piece and not self.truncated:
            if self._inflate is None:
                self._inflate = zlib.decompressobj(_GZIP if "gzip" in self._coding else _deflate_bits(piece))
            try:
                # One byte more than fits tells a body that ends at the limit from one that goes on.
                out = self._inflate.decompress(piece, self._limit - self._unfolded + 1)
            except zlib.error:
                self.truncated = True
                return
            if len(out) > self._limit - self._unfolded:
                self.truncated = True
                out = out[: self._limit - self._unfolded]
            self._unfolded += len(out)
            self._pieces.append(out)
            if not self._inflate.eof:
                return
            piece = self._inflate.unused_data
            if self._coding == "deflate":
                return
            if piece:
                # Another member follows (RFC 1952 section 2.2); what is no member is ignored, as browsers do.
                if piece[:2] != b"\x1f\x8b":
                    return
                self._inflate = None
