"""What servers say instead of a record: tables of phrases, each with the server that says it.

A phrase counts only at the beginning of a line, behind comment signs: the terms of use that most
replies carry speak of limits and of domains that are not registered, too. `(any)` marks wording
that no particular server is known for, kept because the other reading would be a false alarm.
"""

import re
from typing import Final

from monitor.probe.whois_text import lines

_MAX_LINES: Final = 400
_MAX_LINE: Final = 200


def _any_of(table: str) -> re.Pattern[str]:
    """Return one pattern for a table of `server = regular expression` lines."""
    rows = [line.partition(" = ")[2].strip() for line in table.splitlines() if " = " in line]
    return re.compile("|".join(rows), re.IGNORECASE)


# The server refused, or limits its rate: nothing is known about the domain. Some send a part of the
# record along, which would read as a registration that lost its name servers.
_LIMITED: Final = _any_of(
    r"""
    whois.denic.de = (error: ?)?55000000002
    whois.denic.de = (error: ?)?(\d+ )?connection refused; access control limit
    whois.nic.uk = (the )?whois query quota for .{1,80} has been exceeded
    whois.nic.fr = too many requests
    whois.punktum.dk = too many connections
    whois.dns.lu, whois.dns.be = maximum quer(y|ies) (rate|per hour)
    whois.eu = (1: )?(still in grace period|excessive querying)
    whois.nic.ch, whois.nic.li = requests of this client are not permitted
    whois.nic.es = access will only be enabled for ip addresses
    whois.irs.net.nz = query status: 440
    whois.hkirc.hk = please maintain at least \d+-second
    whois.nic.ga, whois.nic.ml = whois lookup for .{1,80} can temporarily not be answered
    whois.registro.br = (query rate limit exceeded|permission denied)
    whois.tcinet.ru = you have exceeded allowed connection rate
    whois.cira.ca = number of allowed queries exceeded
    whois.publicinterestregistry.org = whois limit exceeded
    whois.dns.pl = request limit exceeded
    whois.auda.org.au = (blacklisted: )?you have exceeded the query limit
    RIPE's software = error:201:
    """
)
# Wording of refusals in general: believed where there is no record beside it.
_SEEMS_LIMITED: Final = _any_of(
    r"""
    (any) = (error:? ?)?(\S+ )?(rate|query|quota|lookup|request|connection|daily|access)s? (rate |query |control )?(limits?|quota)? ?(has been |have been |is |was )?(exceeded|reached|denied|blocked|throttled)
    (any) = (your|this) (ip|ip address|address|query|connection|access|request|client)s? .{0,60}(limit|quota|blocked|banned|blacklisted|denied|refused|restricted|exceeded)
    (any) = you (have |are |have been )?(exceeded|reached|blocked|banned|blacklisted|limited|restricted)
    (any) = (error:? ?)?(sorry,? )?(too many|excessive) (requests|queries|connections|lookups)
    (any) = (error:? ?)?access (to .{1,40} )?(is |has been |temporarily )?(denied|blocked|restricted)
    (any) = (please )?(try again (later|in|after)|wait (a|at least|\d)|slow down)
    (any) = (the )?(service|server|system) (is )?(currently |temporarily )?(busy|unavailable|not available|denied|overloaded)
    (any) = temporarily (unavailable|unable|blocked)
    """  # noqa: E501 - a row is a line
)

# The registry says that there is no such registration.
_NOT_FOUND: Final = _any_of(
    r"""
    Verisign, whois.cnnic.cn, whois.website.ws, whois.tonicregistry.to = no match(ing)?($|[ :.!])
    Afilias, whois.auda.org.au = not found\W*$
    whois.nic.sn = \S{1,60}not found$
    whois.cira.ca, whois.nic.so = not found: \S+
    Identity Digital, whois.fi, whois.sk-nic.sk = domain not found
    CentralNic, CORE, whois.nic.top = the queried object does not exist
    GoDaddy Registry = no data found
    CoCCA = (domain )?status: no object found
    RIPE's software, FRED = (error:101: ?)?no entries found
    FRED = error:101:
    JWhoisServer = no object found
    whois.nic.at = nothing found
    whois.dns.lu = no such domain
    whois.register.bg = domain name \S{1,80} does not exist
    whois.dns.pl = no information available about domain name
    whois.iana.org = this query returned 0 objects
    whois.denic.de, whois.eu, whois.dns.be, whois.nic.it = status: (free|available)$
    whois.domain-registry.nl = \S{4,80} is free$
    whois.ryce-rsp.com, ZACR = available$
    whois.centralnic.com = available: yes
    whois.irs.net.nz = query status: (220|510)
    whois.nic.cl = \S{4,80}: no existe
    whois.nic.ar = el dominio no se encuentra registrado
    whois.nic.org.uy, whois.nic.ve = no se encontr
    whois.nic.hu = nincs talalat
    whois.weare.ie = not registered
    whois.nic.ch, whois.nic.li = we do not have an entry in our database matching your query
    whois.nic.ch = the domain name is not registered
    Nominet = this domain name has not been registered
    whois.nic.ai, whois.nic.pr = (the )?domain \S{1,80} (is )?not registered
    whois.nic.im, whois.iis.se = (the )?domain \S{1,80} (was )?not found
    whois.nic.tm, Uniregistry = domain \S{1,80} is available (for|$)
    whois.kg = data not found
    whois.cctld.uz = sorry, but domain: .{1,80} not found
    whois.kr = the requested domain was not found
    whois.hkirc.hk, whois.mynic.my = (the )?domain (name )?has not been registered
    whois.kr = the above domain name is not registered
    whois.registry.qa = reserved by qdr
    whois.register.si, whois.afnic.fr = (error:? ?)?no (entries|entry|match|records?|results?|object|objects) (were |was )?(found|matching)
    (any) = (the |this )?(requested |queried )?(object|domain( name)?)( \S{1,80})? (does not exist|was not found|is not registered|is available for registration)
    """  # noqa: E501 - a row is a line
)

_SIGNS: Final = re.compile(r"^[\s%#>*;!-]+")


def says_limited(text: str) -> bool:
    """Tell whether a line of the reply is the refusal of a known server, whatever else is in it."""
    return _says(_LIMITED, text)


def seems_limited(text: str) -> bool:
    """Tell whether a line of the reply is worded like a refusal."""
    return _says(_SEEMS_LIMITED, text)


def says_not_found(text: str) -> bool:
    """Tell whether a line of the reply says that the domain is not registered."""
    return _says(_NOT_FOUND, text)


def _says(phrases: re.Pattern[str], text: str) -> bool:
    for number, line in enumerate(lines(text)):
        if number >= _MAX_LINES:
            return False
        bare = " ".join(_SIGNS.sub("", line[:_MAX_LINE]).replace("_", " ").split())
        if bare and phrases.match(bare):
            return True
    return False
