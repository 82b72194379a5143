"""Which words mean which fact in a WHOIS reply: the tables behind `monitor.probe.whois_fields`.

Keys as `monitor.probe.whois_text.normal_key` writes them: lower case, single spaces.
"""

from typing import Final


def _keys(text: str) -> frozenset[str]:
    return frozenset(" ".join(key.split()) for key in text.split("|"))


DOMAIN: Final = _keys(
    """
    ascii | complete domain name | domain | domain name | domain name (utf8) | domainname
    """
)
REGISTRAR: Final = _keys(
    """
    authorised registrar | authorized agency | created by registrar | current registar | current
    registrar | domain registrar | registrar | registrar company | registrar name | registrar
    organisation | registrar organization | registration service provider | sponsoring registrar |
    sponsoring registrar organization
    """
)
# Inside the section of the registrar; empty: a bare line.
SUB_REGISTRAR: Final = _keys(
    """
    name | org | organisation | organization | organization name | registrar | registrar name
    """
) | {""}
IANA_ID: Final = _keys("registrar iana id | registrar id (iana) | sponsoring registrar iana id")
STATUS: Final = _keys(
    """
    domain state | domain status | domain statuses | epp status | eppstatus | query status |
    registration status
    """
)
STATUS_WEAK: Final = _keys("ren status | status")
SERVERS: Final = _keys(
    """
    dns | dns 1 | dns 2 | dns 3 | dns 4 | dns servers | dns1 | dns2 | dns3 | dns4 | domain name server |
    domain nameservers | domain servers | fourth server hostname | host | host name | hostname | name
    server | name server (db) | name server 1 | name server 2 | name server 3 | name server 4 | name
    servers | nameserver | nameservers | ns | ns 1 | ns 2 | ns 3 | ns 4 | nserv | nserver | p. [name
    server | primary server | primary server hostname | secondary server | secondary server hostname |
    server | third server hostname
    """
) | {f"ns name {number:02}" for number in range(1, 14)}  # whois.irs.net.nz
# Strong keys count anywhere; weak ones stand in contacts and registrars, too, and count for the domain only.
CREATED: Final = _keys(
    """
    activation | assigned | create date | created at | created date | created on | creation | creation
    date | date created | domain create date | domain created | domain creation date | domain
    dateregistered | domain delegaterequested | domain name commencement date | domain record activated
    | domain record created | domain registered | domain registered on | domain registration date |
    fecha de creacion | fecha de registro | first registered | first registration date | record created
    | record created on | registered date | registered on | registration | registration date |
    registration time | relevant dates registered on
    """
)
CREATED_WEAK: Final = _keys("activated on | created | registered")
UPDATED: Final = _keys(
    """
    date modified | date updated | domain datelastmodified | domain last updated | domain last updated
    date | domain record last updated | last updated date | last updated on | modification date |
    modified date | update date | updated date | updated on
    """
)
UPDATED_WEAK: Final = _keys(
    """
    changed | last modified | last update | last updated | modified | updated
    """
)
# Preferred to what the registrar says: the two can differ by weeks.
EXPIRES_REGISTRY: Final = _keys("registry expiry date")
EXPIRES: Final = _keys(
    """
    date expires | domain datebilleduntil | domain exp date | domain expiration date | domain expires |
    domain expires on | domain expiry date | exp date | expiration | expiration date | expiration time |
    expire date | expire on | expired | expires at | expires by | expires on | expiry date | fecha de
    vencimiento | paid till | record expires on | record will expire on | registrar expiration date |
    registrar registration expiration date | renewal | renewal date | valid till | valid until |
    validity
    """
)
EXPIRES_WEAK: Final = _keys("expire | expires | expiry")
REFERRAL: Final = _keys("refer | registrar whois server | whois | whois server")
# A status that says that nobody has the name.
FREE: Final = _keys(
    """
    available | available for registration | domain is not managed by this register | free | invalid |
    no object found | not found | not registered | unassigned
    """
)
# whois.tcinet.ru, whois.jprs.jp; elsewhere `state` is a part of an address or an internal word.
STATE_TLDS: Final = _keys("ru | su | xn--p1ai | jp")
