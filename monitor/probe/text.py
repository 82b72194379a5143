"""Text from strangers, made fit to be kept: no control characters, no surrogates, bounded."""

import re
from typing import Final

# C0 and C1 controls, zero-width and bidirectional formatting, byte-order mark, interlinear
# annotation, tags and lone surrogates: nothing that can forge a log line or reverse a name.
_UNFIT: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]+"
)


def one_line(text: str) -> str:
    """Return `text` with every run of whitespace and unfit characters as one space."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")  # the only whitespace that is printable; nearly every text is like this
    text = " ".join(text.split())
    if not text.isprintable():
        text = " ".join(_UNFIT.sub(" ", text).split())
    return text


def clean(text: str, limit: int) -> str:
    """Return `text` on one line, `limit` characters at most."""
    # Four times the limit is enough to fill it, unless the beginning is nothing but rubbish.
    return one_line(text[: limit * 4])[:limit].rstrip()


def decode(raw: bytes, limit: int) -> str:
    """Return header bytes as text (RFC 9110 section 5.5 leaves the charset open; UTF-8, else replaced)."""
    if len(raw) <= limit and raw.isascii():  # nearly every header is one plain line that fits
        text = raw.decode("ascii")
        if text.isprintable():
            return text
    return clean(raw[: limit * 4].decode("utf-8", "replace"), limit)
