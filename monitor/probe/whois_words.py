"""What servers say instead of a record: tables of phrases, each with the server that says it.

A phrase counts only at the beginning of a line, behind comment signs: the terms of use that most
replies carry speak of limits and of domains that are not registered, too. `(any)` marks wording
that no particular server is known for, kept because the other reading would be a false alarm.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

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
    whois.dns.lu, whois.dns.be, whois.domain-registry.nl = (error: ?)?maximum (number of |quer(y|ies) |requests? )(rate|per|requests)
    whois.eu = (1: )?(still in grace period|excessive querying)
    whois.nic.ch, whois.nic.li = requests of this client are not permitted
    whois.nic.es = access will only be enabled for ip addresses
    whois.irs.net.nz = query status: 440
    whois.hkirc.hk = please maintain at least \d+-second
    whois.cnnic.cn = queried interval is too short
    whois.nic.ga, whois.nic.ml = whois lookup for .{1,80} can temporarily not be answered
    whois.registro.br = (query rate limit exceeded|permission denied)
    whois.tcinet.ru = you have exceeded allowed connection rate
    whois.cira.ca, GoDaddy Registry = number of allowed queries exceeded
    whois.publicinterestregistry.org = whois limit exceeded
    whois.dns.pl = request limit exceeded
    whois.auda.org.au = (blacklisted: )?you have exceeded the query limit
    Tucows = maximum daily connection limit reached
    CoCCA = you have been (temporarily )?(banned|blocked)
    RIPE's software = error:201:
    (any) = (error:? ?)?(your |the )?((whois|query|rate|request|connection|lookup|daily|access|quota)s?[ -])+(limit|quota|rate)s? (has been |have been |is |was )?(exceeded|reached)
    (any) = (error:? ?)?(sorry,? )?(too many|excessive) (whois )?(requests|queries|connections|lookups)
    (any) = (error:? ?)?(rate ?limit(ed)?|quota) ?(exceeded|reached)?\W*$
    (any) = you (have |are |have been )?(exceeded|over|reached|hit) (your |the |allowed |maximum |daily )*(query |rate |request |connection |lookup |whois )*(limit|quota|rate|number)
    """  # noqa: E501 - a row is a line
)
# Wording of refusals in general: believed where there is no record beside it.
_SEEMS_LIMITED: Final = _any_of(
    r"""
    (any) = (error:? ?)?(\S+ )?(rate|query|quota|lookup|request|connection|daily|access)s? (rate |query |control )?(limits?|quota)? ?(has been |have been |is |was )?(exceeded|reached|denied|blocked|throttled)
    (any) = (error:? ?)?(your|this|the) (ip|ip address|source address|address|client|host|network|query|connection|access|request)s? .{0,60}(limit|quota|blocked|banned|blacklisted|denied|refused|restricted|exceeded|rejected|not allowed|not authori[sz]ed)
    (any) = you (have |are |have been )?(exceeded|reached|blocked|banned|blacklisted|limited|restricted)
    (any) = (error:? ?)?access (to .{1,40} |from .{1,60} )?(is |has been |temporarily )?(denied|blocked|restricted|refused)
    (any) = (error:? ?)?(please )?(try again|retry|wait (a|at least|\d)|slow down|query again)
    (any) = (error:? ?)?(the )?(whois )?(service|server|system|database|registry) (is )?(currently |temporarily |too )?(busy|unavailable|not available|denied|overloaded|down|under maintenance)
    (any) = temporarily (unavailable|unable|blocked|down)
    (any) = (error:? ?)?(connection|access|query|request|lookup|permission) (was |has been |is )?(refused|denied|rejected|limited|throttled|blocked|timed out)
    (any) = error:? ?(denied|blocked|blacklisted|banned|throttled|refused|forbidden|unauthori[sz]ed)\W*$
    (any) = .{0,60}(limit|quota) (has been |have been |is |was )?(exceeded|reached)
    (any) = .{0,60}(exceeded|reached) (your |the |its )?.{0,40}(limit|quota)
    (any) = (error:? ?)?(internal|server|database|system|timeout|connection) (server )?(error|failure|failed|timeout)
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
    FRED = error:10[13]:
    JWhoisServer = no object found
    whois.nic.at = nothing found
    whois.dns.lu = no such domain
    whois.register.bg = domain name \S{1,80} does not exist
    whois.dns.pl = no information (is )?available about domain name
    whois.iana.org = this query returned 0 objects
    whois.denic.de, whois.eu, whois.dns.be, whois.nic.it = (domain )?status: (free|available)\W*$
    whois.domain-registry.nl = \S{4,80} is free$
    whois.ryce-rsp.com, ZACR = available\W*$
    whois.centralnic.com = available: yes
    whois.irs.net.nz = query status: (220|510)
    whois.nic.cl = \S{4,80}: (no existe|no entries)
    whois.dns.pt = \S{4,80} - no match
    whois.nic.ar = el dominio no (se encuentra|est.{1,8}) registrado
    whois.nic.org.uy, whois.nic.ve = no se encontr
    whois.mx = (no se encontro el objeto/)?object not found
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
    whois.twnic.net.tw = no found\W*$
    whois.isoc.org.il = no data was found
    whois.cctld.lk = this domain is not available in our whois database
    whois.nic.lk, whois.nic.bj = no records? (were |was )?(found|matching)
    whois.register.si, whois.afnic.fr = (error:? ?)?no (matching )?(entries|entry|match|records?|results?|object|objects|domains?|data|information) (were |was |is |has been )?(found|matching|available|exists?|for)
    whois.nic.name = not available for (second level )?registration
    (any) = (the |this |your |sorry,? )*(requested |queried )?(object|domain|domain name|name|record|entry|query)s?( \S{1,80})? (could not be found|can ?not be found|does ?n[o']t exist|do not exist|has not been registered|was not found|is not registered|is not known|is unknown|is available for registration|is available|is free|is not in (the|our) (registry|database))
    (any) = \S{4,80} (is )?(not registered|is available|does not exist|was not found|not found|has not been registered)\W*$
    (any) = (domain|name|domain name|object|record|entry|data|nothing) (unknown|not registered|not registred|not exist|not found|available|does not exist)\W*$
    (any) = (this|the) (domain|name|domain name)( \S{1,80})? (is |has been )?(reserved|prohibited|restricted|blocked by|not available for registration)
    (any) = (reserved|prohibited)( domain| name| word| domain name| by (the )?registry)?\W*$
    """  # noqa: E501 - a row is a line
)

_SIGNS: Final = " \t%#>*;!-"


def says_limited(rows: Iterable[str]) -> bool:
    """Tell whether a line of the reply is the refusal of a known server, whatever else is in it."""
    return _says(_LIMITED, rows)


def seems_limited(rows: Iterable[str]) -> bool:
    """Tell whether a line of the reply is worded like a refusal."""
    return _says(_SEEMS_LIMITED, rows)


def says_not_found(rows: Iterable[str]) -> bool:
    """Tell whether a line of the reply says that the domain is not registered."""
    return _says(_NOT_FOUND, rows)


def _says(phrases: re.Pattern[str], rows: Iterable[str]) -> bool:
    for line in islice(rows, _MAX_LINES):
        bare = line[:_MAX_LINE].lstrip(_SIGNS)
        if "  " in bare or "_" in bare or "\t" in bare:
            bare = " ".join(bare.replace("_", " ").split())
        if bare and phrases.match(bare):
            return True
    return False
