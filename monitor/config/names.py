"""Domain names and web addresses as people write them, brought into one spelling.

The owner of `idna` and `publicsuffixlist`: no other file knows them.

A host is kept as ASCII (A-labels, UTS #46 non-transitional and IDNA 2008), lower case, without the
trailing dot. The registrable domain is looked up in the ICANN part of the public suffix list only:
below a private suffix (`foo.github.io`) there is no registry to ask, and it is the company behind
`github.io` that registers and serves the zone.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from monitor.config.wording import refuse, shown, trimmed

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PORT: Final = re.compile(r"([^:/?#\[\]]+):([0-9]*)")
_PAGE_CHARS: Final = "/%:@!$&'()*+,;=~-._?"
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_LONGEST_INPUT: Final = 2_000
_LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 253
_LAST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A web address in its normal spelling."""

    url: str
    host: str
    """A-labels, or an IP address without brackets."""
    by_address: bool
    """Whether the host is an IP address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the text of a `domain` key means."""

    host: str
    domain: str
    """The registrable domain of `host`."""
    url: str | None
    """The page, when a page was pasted instead of a name."""


def parse_host(text: str) -> str:
    """Return the host in its normal spelling; raises MisfitError with the reason."""
    if _is_plain(text):
        return text
    name = trimmed(text)
    _refuse_what_is_no_name(name)
    folded = _folded(name).removesuffix(".")
    if is_address(folded) or _NUMBER.fullmatch(folded.rpartition(".")[2]):
        refuse(f"{shown(name)} is an IP address; a platform is known by its name, for addresses change hands")
    labels = folded.split(".")
    if "" in labels:
        refuse(f"{shown(name)} has an empty part between two dots, or begins with one")
    host = ".".join(_label(label, name) for label in labels)
    if len(host) > _LONGEST_NAME:
        refuse(f"{shown(name)} has {len(host)} characters; a domain name has at most {_LONGEST_NAME}")
    return host


def _is_plain(text: str) -> bool:
    """Tell whether a text is a host name as it stands: the quick way, for ten thousand of them."""
    return (
        _NAME.fullmatch(text) is not None
        and len(text) <= _LONGEST_NAME
        and "xn--" not in text
        and not _NUMBER.fullmatch(text.rpartition(".")[2])
    )


def _refuse_what_is_no_name(name: str) -> None:
    """Raise MisfitError for what is easily taken for a name."""
    if not name:
        refuse('is empty; write a domain name such as "parler.com"')
    if len(name) > _LONGEST_INPUT:
        refuse(f"{shown(name)} has {len(name)} characters; a domain name has at most {_LONGEST_NAME}")
    if "," in name or ";" in name:
        refuse(f"{shown(name)} looks like a list; write one target for each name")
    if any(char.isspace() or not (char.isprintable() or ord(char) > 127) for char in name):  # noqa: PLR2004 - ASCII
        refuse(f"{shown(name)} has a space or a control character inside; write one domain name")
    if "*" in name:
        refuse(f"{shown(name)} is a wildcard; a target is one name, so write each of them")


def is_address(text: str) -> bool:
    """Tell whether the text is an IP address, in brackets or not."""
    try:
        ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_private(address: str) -> bool:
    """Tell whether an address is of a private, loopback, link-local or otherwise special range."""
    return not ip_address(address).is_global


def parse_suffix(text: str) -> str:
    """Return a top-level domain, or a longer suffix, in its normal spelling; raises MisfitError."""
    suffix = trimmed(text).strip(".")
    return parse_host(f"x.{suffix}" if suffix else "").removeprefix("x.")


def within(host: str, domain: str) -> bool:
    """Tell whether `host` is `domain` or lies below it."""
    return host == domain or host.endswith(f".{domain}")


def _folded(name: str) -> str:
    """Return the name with its letters mapped as browsers do (UTS #46)."""
    if name.isascii():
        return name.lower()
    try:
        return idna.uts46_remap(name, std3_rules=False, transitional=False)
    except idna.IDNAError:
        refuse(f"{shown(name)} has a character that no domain name can have")


def _label(label: str, name: str) -> str:
    """Return one part of a name as an A-label."""
    if not label.isascii():
        return _alabel(label, name)
    if len(label) > _LONGEST_LABEL:
        refuse(
            f"{shown(name)}: the part {shown(label)} has {len(label)} letters; {_LONGEST_LABEL} is the most"
        )
    if label.startswith("_"):
        refuse(f"{shown(name)}: {shown(label)} is the name of a DNS record, not of a site")
    if not _LABEL.fullmatch(label):
        odd = next((char for char in label if not (char.isalnum() or char in "-_")), None)
        reason = f"has the character {shown(odd)}" if odd else "begins or ends with a hyphen or underscore"
        refuse(f"{shown(name)} is not a domain name: a part {reason}")
    if label.startswith("xn--"):
        try:
            label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            refuse(f"{shown(name)}: {shown(label)} is not valid Punycode")
    return label


def _alabel(label: str, name: str) -> str:
    """Return an international label as ASCII."""
    # Emoji and the like are sold below some suffixes although IDNA 2008 forbids them.
    if len(label) > _LONGEST_LABEL or len(label.encode("punycode")) + 4 > _LONGEST_LABEL:
        refuse(f"{shown(name)}: the ASCII form of {shown(label)} is longer than {_LONGEST_LABEL} characters")
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        refuse(
            f"{shown(name)}: IDNA 2008 does not allow {shown(label)}; "
            "if the name exists all the same, write its ASCII form (xn--…)"
        )


def parse_page(text: str) -> Page:
    """Return the web address in its normal spelling; raises MisfitError with the reason."""
    url = trimmed(text)
    if "@" in re.split("[/?#]", url.partition("//")[2], maxsplit=1)[0]:
        refuse("has a user name or password before an @; they would be printed, so leave them out")
    if not url.isprintable() or any(char.isspace() for char in url) or len(url) > _LONGEST_INPUT:
        refuse(f"{shown(url)} is not a web address: it has a space or control character, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        refuse(f"{shown(url)} is not a web address: its host or port cannot be read")
    if parts.scheme in _DEFAULT_PORT and not parts.hostname:
        refuse(f"{shown(url)} is not a web address: it has no host")
    if parts.scheme not in _DEFAULT_PORT:
        refuse(f'{shown(url)} is not a web address; it begins with "https://" or "http://"')
    literal = parts.hostname or ""
    by_address = is_address(literal)
    host = literal if by_address else parse_host(literal)
    if port == 0:
        refuse(f"{shown(url)} has the port 0; ports are 1 to {_LAST_PORT}")
    authority = f"[{host}]" if ":" in host else host
    if port not in (None, _DEFAULT_PORT[parts.scheme]):
        authority += f":{port}"
    path = quote(parts.path or "/", safe=_PAGE_CHARS.replace("?", ""))
    query = f"?{quote(parts.query, safe=_PAGE_CHARS)}" if parts.query else ""
    return Page(url=f"{parts.scheme}://{authority}{path}{query}", host=host, by_address=by_address)


class Names:
    """Knows where registrable domains end; reads the list when it is first asked."""

    @cached_property
    def _icann(self) -> PublicSuffixList:
        return PublicSuffixList(only_icann=True)

    def registrable(self, host: str) -> str | None:
        """Return the public suffix and one label more; None: the host is a public suffix itself."""
        return self._icann.privatesuffix(host)

    def site(self, text: str) -> Site:
        """Return what the text of a `domain` key means; raises MisfitError with the reason.

        A pasted address is the page to watch: `https://Parler.com/feed` is the host `parler.com`
        and the page `https://parler.com/feed`.
        """
        if _is_plain(text):
            return Site(host=text, domain=self.domain_of(text), url=None)
        name = trimmed(text)
        page = parse_page(_address_of(name)) if _looks_like_page(name) else None
        if page is None:
            self._refuse_ports_and_logins(name)
        if page is not None and page.by_address:
            refuse(
                f"{shown(name)} is an IP address; a platform is known by its name, for addresses change hands"
            )
        host = page.host if page else parse_host(name)
        domain = self.domain_of(host, written=host if page else name)
        return Site(host=host, domain=domain, url=page.url if page else None)

    def domain_of(self, host: str, *, written: str = "") -> str:
        """Return the registrable domain of a host; raises MisfitError when there can be none.

        `written`: how the host is spelled in messages.
        """
        written = written or host
        domain = self.registrable(host)
        if domain is None and "." not in host:
            refuse(f'{shown(written)} is a single word; write the whole name, such as "parler.com"')
        if domain is None:
            refuse(f'{shown(written)} is a public suffix; write a name below it, such as "example.{written}"')
        if host.endswith(".onion"):
            refuse(f"{shown(written)} is a Tor service: there is no DNS and no registration to watch")
        if "_" in domain:
            refuse(f"{shown(written)}: nobody can register {shown(domain)}, for it has an underscore")
        return domain

    def _refuse_ports_and_logins(self, name: str) -> None:
        """Raise MisfitError for what looks like a name but carries more."""
        if is_address(name):
            return  # parse_host has the words for it
        if "@" in name:
            if ":" in name:
                refuse("has a login before an @; write only the domain name after it")
            refuse(f"is an e-mail address; write only the domain name, {shown(name.rpartition('@')[2])}")
        port = _PORT.fullmatch(name)
        if port:
            page = f"https://{port[1]}:{port[2]}/" if port[2] else f"https://{port[1]}/"
            refuse(f"{shown(name)} has a port; write domain = {shown(port[1])} and url = {shown(page)}")
        if ":" in name:
            refuse(f"{shown(name)} is neither a domain name nor a web address")


def _looks_like_page(name: str) -> bool:
    return any(mark in name for mark in "/?#")


def _address_of(name: str) -> str:
    """Return the web address, with the scheme that was left out: `parler.com/feed` can only mean one."""
    if "://" in name:
        return name
    return f"https://{name.removeprefix('//')}"
