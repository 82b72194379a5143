"""Which words mean which fact in a WHOIS reply: the tables behind `monitor.probe.whois_fields`.

Keys as `monitor.probe.whois_text.normal_key` writes them: lower case, single spaces, no accents.
"""

import re
from functools import lru_cache
from typing import Final


def _keys(text: str) -> frozenset[str]:
    return frozenset(" ".join(key.split()) for key in text.split("|"))


DOMAIN: Final = _keys(
    """
    ascii | complete domain name | domain | domain information | domain name | domain name (ascii) | domain
    name (utf8) | domain name ascii | domainname | dominio | nom de domaine | nombre de dominio
    """
)
REGISTRAR: Final = _keys(
    """
    authorised registrar | authorized agency | authorized registrar | bureau d'enregistrement | created by
    registrar | current registar | current registrar | domain registrar | invoicing party | nombre del
    registrar | record maintained by registrar | registered by | registered through | registered via |
    registrar | registrar company | registrar company name | registrar handle | registrar name | registrar
    of record | registrar organisation | registrar organization | registrar organization name | registrar's
    name | registrarname | registration registrar | registrator | registry registrar | sponsor | sponsoring
    registrar | sponsoring registrar name | sponsoring registrar organization
    """
)
# whois.twnic.net.tw: the registrar; elsewhere, beside one, the reseller.
PROVIDER: Final = _keys("registration service provider")
# Who sells in the registrar's name; where no registrar is named, nobody else is either.
RESELLER: Final = _keys(
    """
    domain reseller | registrar reseller | registration service provided by | reseller | reseller name |
    reseller organization | revendeur | rsp
    """
)
# Inside the section of the registrar; empty: a bare line.
SUB_REGISTRAR: Final = _keys(
    """
    company | company name | full name | name | nom | nombre | nombre del registrar | org | org name |
    organisation | organisation name | organization | organization name | registrar | registrar name
    """
) | {""}
IANA_ID: Final = _keys(
    """
    iana id | registrar iana | registrar iana id | registrar iana number | registrar id (iana) | sponsoring
    registrar iana id
    """
)
REGISTRY: Final = _keys(
    """
    record maintained by | registry | registry name | registry operator | source
    """
)
STATUS: Final = _keys(
    """
    current status | domain state | domain status | domain statuses | domaintype | epp status | eppstatus |
    estado | estado del dominio | estatus del dominio | query status | registration status | status of
    domain | statut
    """
)
STATUS_WEAK: Final = _keys("flags | ren status | state of domain | status")
_SERVERS: Final = _keys(
    """
    dns | dns name | dns server | dns servers | domain host | domain name server | domain name servers |
    domain nameserver | domain nameservers | domain ns | domain server | domain servers | domain servers in
    listed order | fourth server hostname | host | host name | hostname | name server | name server (db) |
    name server hostname | name server name | name servers | nameserver | nameserver name | nameservers | ns
    | ns host | ns name | nserv | nserver | nservers | p. [name server | primary dns | primary name server |
    primary nameserver | primary ns | primary server | primary server hostname | secondary dns | secondary
    name server | secondary nameserver | secondary ns | secondary server | secondary server hostname |
    server | serveur de noms | serveur dns | servidor de nombres | servidor dns | servidores de nombre |
    third server hostname
    """
)
_NUMBERED: Final = re.compile(
    r"[ #.]*\d{1,2}(?: \((?:dns|ip)\))?$|(?<=^ns)\d{1,2}(?= )|(?<=^dns)\d{1,2}(?= )"
)
# Strong keys count anywhere; weak ones stand in contacts and registrars, too, and count for the domain only.
CREATED: Final = _keys(
    """
    activation | activation date | assigned | create date | created at | created date | created on |
    creation | creation date | date created | date d'enregistrement | date de creation | date of creation |
    date of registration | date registered | domain create date | domain created | domain creation date |
    domain dateregistered | domain delegaterequested | domain name commencement date | domain record
    activated | domain record created | domain registered | domain registered on | domain registration date
    | fecha creacion | fecha de alta | fecha de creacion | fecha de registro | first registered | first
    registration date | issue date | issued date | original created | original registration date | record
    created | record created on | reg created | reg date | registered date | registered on | registered
    since | registration | registration date | registration time | relevant dates registered on
    """
)
CREATED_WEAK: Final = _keys(
    "activated on | created | domain name registered | registered | registrado | tanggal daftar"
)
UPDATED: Final = _keys(
    """
    actualizado | date de modification | date modified | date updated | derniere modification | domain
    datelastmodified | domain last modified | domain last updated | domain last updated date | domain
    modification date | domain record last updated | domain updated | domain updated date | fecha de
    actualizacion | fecha de modificacion | fecha de ultima modificacion | last edited | last modified date
    | last update date | last updated date | last updated on | modification date | modification time |
    modified date | modified on | record last modified | record last updated | record last updated at |
    record last updated on | record modified on | record updated | record updated on | ultima actualizacion
    | update date | updated at | updated date | updated on
    """
)
UPDATED_WEAK: Final = _keys(
    """
    changed | last changed | last modified | last update | last updated | mod date | modified | updated
    """
)
# Preferred to what the registrar says: the two can differ by weeks.
EXPIRES_REGISTRY: Final = _keys("registry expiration date | registry expiry date")
EXPIRES: Final = _keys(
    """
    date d'expiration | date expires | date of expiration | date of expiry | domain datebilleduntil | domain
    exp date | domain expiration | domain expiration date | domain expires | domain expires on | domain
    expiry | domain expiry date | exp date | expiration | expiration date | expiration time | expire date |
    expire on | expired | expired date | expired on | expires at | expires by | expires date | expires on |
    expiry date | expiry time | fecha de expiracion | fecha de vencimiento | licence expires on | paid till
    | record expired | record expired on | record expires | record expires on | record will expire on |
    registered until | registration expiration | registration expiration date | registration expires |
    registration expires on | renewal | renewal date | renewal due | valid till | valid to | valid until |
    validity | validity date
    """
)
# What the registrar says beside the registry, or instead of it.
EXPIRES_REGISTRAR: Final = _keys("registrar expiration date | registrar registration expiration date")
EXPIRES_WEAK: Final = _keys("domain name expires | expira | expire | expires | expiry")
DATES: Final = (
    CREATED
    | CREATED_WEAK
    | UPDATED
    | UPDATED_WEAK
    | EXPIRES_REGISTRY
    | EXPIRES
    | EXPIRES_WEAK
    | EXPIRES_REGISTRAR
)
REFERRAL: Final = _keys(
    """
    refer | registrar whois | registrar whois server | whois | whois server
    """
)
# A status that says that nobody has the name.
FREE: Final = _keys(
    """
    available | available for registration | disponible | domain is not managed by this register | free |
    invalid | no object found | non existent | not exist | not found | not registered | unassigned |
    unregistered
    """
)
DNSSEC: Final = _keys(
    """
    dnssec | dnssec enabled | dnssec signed | dnssec status | domain dnssec | domain signed | secure dns |
    secured | secured delegation | signed | signed delegation
    """
)
# Keys of a signed delegation: that they are there says yes.
DELEGATION_KEYS: Final = _keys(
    """
    dnskey | dnssec ds data | dnssec ds key data | ds data | ds keytag | ds rdata | ds record | ds rr |
    dsrdata | dsrecord | key1 tag | keyset | keytag | secdns dskeytag | signing key
    """
)
# whois.tcinet.ru, whois.jprs.jp; elsewhere `state` is a part of an address or an internal word.
STATE_TLDS: Final = _keys("jp | ru | su | xn--p1ai")


@lru_cache(maxsize=2048)
def names_server(key: str) -> bool:
    """Tell whether a key names a name server, numbered or not: `nserver`, `ns name 02`, `ns1 hostname`."""
    return key in _SERVERS or (not key.isalpha() and _NUMBERED.sub("", key) in _SERVERS)
