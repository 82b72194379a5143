"""Signatures of pages of a known kind (challenges, block pages, parking, …), and how they are matched."""

from monitor.probe.signs.match import Hits, Signatures
from monitor.probe.signs.read import Signature, SignatureError, read_bundled

__all__ = ["Hits", "Signature", "SignatureError", "Signatures", "read_bundled"]
