"""Addresses with ports: where to listen, whom to ask."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from monitor.config.names import is_address, parse_host
from monitor.config.wording import MisfitError, refuse, shown

Endpoint = tuple[str, int]

DNS_PORT: Final = 53
WHOIS_PORT: Final = 43
_LAST_PORT: Final = 65_535
_SPLIT: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::([^:]*))?")
_LONGEST_RESOLV_CONF: Final = 1 << 16


def _port(text: str, whole: str) -> int:
    """Return the port number; raises ValueError."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_LAST_PORT)) or int(text) > _LAST_PORT:
        refuse(f"{shown(whole)}: {shown(text)} is not a port (1 to {_LAST_PORT})")
    return int(text)


def _split(text: str) -> tuple[str, str | None]:
    """Return host and port of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address."""
    if is_address(text) and not text.startswith("["):
        return text, None
    match = _SPLIT.fullmatch(text)
    if match is None:
        refuse(f'{shown(text)} is neither "host:port" nor "[IPv6 address]:port"')
    return match[1] if match[1] is not None else match[2], match[3]


def parse_listen(text: str) -> Endpoint | None:
    """Return where the web server listens; None: nowhere (`off`). Raises ValueError."""
    text = text.strip()
    if text == "off":
        return None
    host, port = _split(text)
    if port is None:
        example = f"127.0.0.1:{text}" if text.isdigit() else f"{text}:9850"
        if ":" in text:
            refuse(f'{shown(text)}: an IPv6 address stands in brackets before its port, as in "[::1]:9850"')
        refuse(f'{shown(text)} is not "host:port"; write {shown(example)}, or "off" for no web server')
    if not host:
        refuse(
            f'{shown(text)} has no address; write "127.0.0.1:{port}" for this machine only, '
            f'or "0.0.0.0:{port}" for everybody'
        )
    if not is_address(host) and host != "localhost":
        _named(host, text)
    return host, _port(port, text)


def _named(host: str, text: str) -> str:
    """Return the name of a host; raises ValueError that shows the whole text."""
    try:
        return parse_host(host)
    except MisfitError as error:
        refuse(f"{shown(text)}: the host {error}")


def parse_resolver(text: str) -> Endpoint:
    """Return the address and port of a DNS server; raises ValueError."""
    text = text.strip()
    host, port = _split(text)
    if not is_address(host):
        refuse(f'{shown(text)} is not an IP address; write one such as "192.0.2.53" or "[2001:db8::53]:5353"')
    number = DNS_PORT if port is None else _port(port, text)
    if not number:
        refuse(f"{shown(text)}: 0 is not a port (1 to {_LAST_PORT})")
    return host, number


def parse_whois_server(text: str) -> str:
    """Return `host` or `host:port` in its normal spelling; raises ValueError."""
    text = text.strip()
    if "://" in text:
        refuse(f'{shown(text)} is a web address; WHOIS servers are "host" or "host:port"')
    host, port = _split(text)
    name = host if is_address(host) else _named(host, text)
    if port is None:
        return name
    return f"[{name}]:{_port(port, text)}" if ":" in name else f"{name}:{_port(port, text)}"


def whois_endpoint(text: str) -> Endpoint:
    """Return host and port of a server in its normal spelling (`parse_whois_server`)."""
    host, port = _split(text)
    return host, WHOIS_PORT if port is None else _port(port, text)


def system_resolvers(resolv_conf: Path) -> tuple[Endpoint, ...]:
    """Return the name servers of `/etc/resolv.conf`; without any, this machine (resolv.conf(5))."""
    try:
        with resolv_conf.open("rb") as file:
            text = file.read(_LONGEST_RESOLV_CONF).decode("utf-8", errors="replace")
    except OSError:
        text = ""
    return tuple(dict.fromkeys(_nameservers(text.splitlines()))) or (("127.0.0.1", DNS_PORT),)


def _nameservers(lines: Iterable[str]) -> Iterable[Endpoint]:
    """Yield the servers; a line that cannot be read is passed over, as the C library does."""
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver" and is_address(words[1]):
            yield words[1], DNS_PORT
