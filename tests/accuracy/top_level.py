"""Classes of top-level domains: their registries write WHOIS in different ways."""

from typing import Final

CLASSIC: Final = "classic gTLD"
NEW: Final = "new gTLD"
GENERIC: Final = "gTLD"
COUNTRY: Final = "ccTLD"
ALL: Final = "all"

# Those from before the round of 2012.
_CLASSIC: Final = frozenset(
    [
        "aero",
        "arpa",
        "asia",
        "biz",
        "cat",
        "com",
        "coop",
        "edu",
        "gov",
        "info",
        "int",
        "jobs",
        "mil",
        "mobi",
        "museum",
        "name",
        "net",
        "org",
        "post",
        "pro",
        "tel",
        "travel",
        "xxx",
    ]
)
# Country codes in other scripts (IANA's root database, type "country-code"). The other xn-- are gTLDs.
_COUNTRY_IDN: Final = frozenset(
    [
        "xn--2scrj9c",
        "xn--3e0b707e",
        "xn--3hcrj9c",
        "xn--45br5cyl",
        "xn--45brj9c",
        "xn--4dbrk0ce",
        "xn--54b7fta0cc",
        "xn--80ao21a",
        "xn--90a3ac",
        "xn--90ae",
        "xn--90ais",
        "xn--clchc0ea0b2g2a9gcd",
        "xn--d1alf",
        "xn--e1a4c",
        "xn--fiqs8s",
        "xn--fiqz9s",
        "xn--fpcrj9c3d",
        "xn--fzc2c9e2c",
        "xn--gecrj9c",
        "xn--h2breg3eve",
        "xn--h2brj9c",
        "xn--h2brj9c8c",
        "xn--j1amh",
        "xn--j6w193g",
        "xn--kprw13d",
        "xn--kpry57d",
        "xn--l1acc",
        "xn--lgbbat1ad8j",
        "xn--mgb2ddes",
        "xn--mgb9awbf",
        "xn--mgba3a4f16a",
        "xn--mgbaam7a8h",
        "xn--mgbah1a3hjkrd",
        "xn--mgbai9azgqp6j",
        "xn--mgbayh7gpa",
        "xn--mgbbh1a",
        "xn--mgbbh1a71e",
        "xn--mgbc0a9azcg",
        "xn--mgbcpq6gpa1a",
        "xn--mgberp4a5d4ar",
        "xn--mgbgu82a",
        "xn--mgbpl2fh",
        "xn--mgbtx2b",
        "xn--mgbx4cd0ab",
        "xn--mix891f",
        "xn--node",
        "xn--o3cw4h",
        "xn--ogbpf8fl",
        "xn--p1ai",
        "xn--pgbs0dh",
        "xn--q7ce6a",
        "xn--qxa6a",
        "xn--qxam",
        "xn--rvc1e0am3e",
        "xn--s9brj9c",
        "xn--wgbh1c",
        "xn--wgbl6a",
        "xn--xkc2al3hye2a",
        "xn--xkc2dl3a5ee0h",
        "xn--y9a3aq",
        "xn--yfro4i67o",
        "xn--ygbi2ammx",
    ]
)


def class_of(domain: str) -> str:
    """Return CLASSIC, NEW or COUNTRY."""
    tld = domain.rstrip(".").rpartition(".")[2].lower()
    try:
        tld = tld.encode("idna").decode()
    except UnicodeError:
        return NEW
    if tld in _CLASSIC:
        return CLASSIC
    return COUNTRY if len(tld) == 2 or tld in _COUNTRY_IDN else NEW
