"""The tables `[monitor]`, `[web]`, `[limits]`, `[registration]` and `[policy]`, made ready for use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from monitor.config.endpoints import Endpoint, system_resolvers, whois_endpoint
from monitor.config.files import FileError, Surroundings, is_folder_or_free, read_bytes
from monitor.config.names import parse_suffix
from monitor.config.problem import Place, Problems
from monitor.config.schema import DataTable, Document, MonitorTable, RegistrationTable
from monitor.config.secret import Secret
from monitor.config.settings import (
    AskingSettings,
    DataSettings,
    LimitSettings,
    LogSettings,
    RegistryOverrides,
    WebSettings,
)
from monitor.config.sources import Sources
from monitor.config.wording import MisfitError, refuse, shown
from monitor.model import Policy

_POSTGRESQL: Final = ("postgres", "postgresql", "postgresql+asyncpg")
_SQLITE: Final = ("sqlite", "sqlite+aiosqlite")
_BOOTSTRAP_EVERY_S: Final = 3_600.0
_FOLDER: Final = "platform-monitor"


def data_dir(table: MonitorTable, around: Surroundings, problems: Problems) -> Path:
    """Return the directory for everything that the monitor keeps (XDG Base Directory, systemd.exec(5))."""
    at = Place(("monitor", "data_dir"))
    try:
        path = around.path(table.data_dir) if table.data_dir else _usual_data_dir(around)
    except FileError as error:
        hint = "" if table.data_dir else "; write where the monitor keeps its data"
        problems.add(at, f"{error}{hint}")
        return around.folder
    if not is_folder_or_free(path):
        problems.add(at, f"{shown(str(path))} is a file, not a directory")
    return path


def _usual_data_dir(around: Surroundings) -> Path:
    """Return where data is kept when nobody says so; raises FileError."""
    environ = around.environ
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    state = Path(environ.get("XDG_STATE_HOME", ""))
    # Relative paths in the XDG variables are invalid and to be ignored.
    return (
        state / _FOLDER if state.is_absolute() else Path(around.variable("HOME")) / ".local/state" / _FOLDER
    )


def store_url(table: MonitorTable, folder: Path, sources: Sources, problems: Problems) -> Secret:
    """Return the address of the store; by default a SQLite file in the data directory."""
    found = sources.one(table, Place(("monitor",)), "store", required=False)
    if found is None:
        return Secret(f"sqlite:///{folder}/monitor.db", shown=f"sqlite:///{folder}/monitor.db")
    at, text = found
    scheme = text.partition("://")[0]
    try:
        if scheme in _SQLITE:
            return _sqlite(text, folder)
        if scheme in _POSTGRESQL:
            return _postgresql(text)
    except ValueError as error:
        problems.add(at, str(error))
        return Secret("")
    engine = f"{shown(scheme)} is not a store" if "://" in text else "is not the address of a store"
    problems.add(at, f'{engine}; write "sqlite:///monitor.db" or "postgresql://user@host/database"')
    return Secret("")


def _sqlite(text: str, folder: Path) -> Secret:
    """Return the URL of a file, relative to the data directory, or of memory; raises ValueError."""
    rest = text.partition("://")[2]
    if rest in ("", "/:memory:"):
        return Secret("sqlite://", shown="sqlite://")
    if not rest.startswith("/"):
        refuse(
            f'{shown(text)} has two slashes; write "sqlite:///name.db" (in data_dir) or "sqlite:////path/name.db"'
        )
    if not text.isprintable() or "?" in rest or rest.endswith("/"):
        refuse(f"{shown(text)} does not end with the path of a file")
    url = f"sqlite:///{folder / rest[1:]}"
    return Secret(url, shown=url)


def _postgresql(text: str) -> Secret:
    """Return the URL for asyncpg; raises ValueError that does not show it."""
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        refuse("has a host or port that cannot be read; a special character in a password is written as %XX")
    if not unquote(parts.path).strip("/"):
        refuse('names no database; write "postgresql://user@host/database"')
    if parts.fragment or "#" in text or any(char.isspace() for char in text):
        refuse('has a "#" or a space; a special character in a password is written as %XX')
    user = f"{parts.username}{':***' if parts.password else ''}@" if parts.username else ""
    return Secret(
        f"postgresql+asyncpg://{text.partition('://')[2]}",
        shown=f"postgresql+asyncpg://{user}{parts.hostname or ''}{port}{parts.path}",
    )


def as_table(table: MonitorTable, around: Surroundings, problems: Problems) -> Path | None:
    """Return the address table to use in place of the bundled one, if one is named."""
    if table.as_table is None:
        return None
    try:
        path = around.path(table.as_table)
        read_bytes(path, 1 << 30)
    except FileError as error:
        problems.add(Place(("monitor", "as_table")), f"{shown(table.as_table)}: {error}")
        return None
    return path


def resolvers(table: MonitorTable, resolv_conf: Path, problems: Problems) -> tuple[Endpoint, ...]:
    """Return the DNS servers to ask: the configured ones, else the system's."""
    if table.resolvers is None:
        return system_resolvers(resolv_conf)
    if not table.resolvers:
        problems.add(
            Place(("monitor", "resolvers")), "is an empty list; leave it out to ask the system's resolvers"
        )
    return tuple(dict.fromkeys(table.resolvers))


def registry_overrides(table: RegistrationTable, problems: Problems) -> RegistryOverrides:
    """Return the servers by top-level domain."""
    place = Place(("registration",))
    return RegistryOverrides(
        rdap=_by_suffix(table.rdap, place.at("rdap"), problems),
        whois=_by_suffix(table.whois, place.at("whois"), problems),
    )


def asking(table: RegistrationTable, problems: Problems) -> AskingSettings:
    """Return how often registration servers are asked, and who says which there are."""
    if table.rdap_bootstrap_interval < _BOOTSTRAP_EVERY_S:
        problems.add(
            Place(("registration", "rdap_bootstrap_interval")),
            "is shorter than 1h: the list changes a few times a year",
        )
    return AskingSettings(
        rdap_per_s=table.rdap_rate,
        rdap_burst=table.rdap_burst,
        whois_per_s=table.whois_rate,
        whois_burst=table.whois_burst,
        per_s_of=dict(table.rates),
        bootstrap_url=table.rdap_bootstrap,
        bootstrap_interval_s=table.rdap_bootstrap_interval,
        iana=whois_endpoint(table.iana_whois) if table.iana_whois else None,
    )


def _by_suffix(servers: Mapping[str, str], place: Place, problems: Problems) -> dict[str, str]:
    """Return the servers with their top-level domains in the normal spelling."""
    found: dict[str, str] = {}
    for key, server in servers.items():
        try:
            suffix = parse_suffix(key)
        except MisfitError:
            problems.add(place.at(key), 'is not a top-level domain, such as "de"')
            continue
        if suffix in found:
            problems.add(place.at(key), f"{shown(suffix)} is there already, in another spelling")
        found[suffix] = server
    return found


def data(table: DataTable, problems: Problems) -> DataSettings:
    """Return which editions are fetched, from where, and how often."""
    place = Place(("data",))
    for name, urls in table.urls.items():
        if not urls:
            problems.add(place.at("urls", name), "is an empty list; leave it out for the usual addresses")
    if table.sources is not None and "azure" in table.sources and not table.urls.get("azure"):
        problems.add(
            place.at("sources"),
            '"azure" has no address that lasts: a new file with a new name every week; '
            'write yours as urls = { azure = ["https://…"] }',
        )
    return DataSettings(
        update_s=table.update,
        sources=tuple(table.sources) if table.sources is not None else None,
        urls={name: tuple(urls) for name, urls in table.urls.items()},
        checksums=dict(table.checksums),
        blocks=table.blocks,
    )


def web(document: Document) -> WebSettings:
    """Return where the page and the metrics are served."""
    base = document.web.base_url
    return WebSettings(listen=document.web.listen, base_url=base.rstrip("/") if base else None)


def limits(document: Document) -> LimitSettings:
    """Return how many runs there may be at once."""
    table = document.limits
    return LimitSettings(
        http=table.http,
        dns=table.dns,
        registration=table.registration,
        delegation=table.delegation,
        last_address=table.last_address,
        page=table.page,
        revocation=table.revocation,
        listing=table.listing,
    )


def log(document: Document) -> LogSettings:
    """Return what is logged."""
    return LogSettings(level=document.monitor.log_level, format=document.monitor.log_format)


def policy(document: Document) -> Policy:
    """Return the thresholds of judgement."""
    table = document.policy
    return Policy(
        failures_to_confirm=table.failures_to_confirm,
        successes_to_confirm=table.successes_to_confirm,
        changes_to_confirm=table.changes_to_confirm,
        recheck_s=table.recheck,
        change_recheck_s=table.change_recheck,
        flap_window_s=table.flap_window,
        flaps_to_tell=table.flaps_to_tell,
        expiry_days=tuple(table.expiry_days),
        certificate_expiry_days=tuple(table.certificate_expiry_days),
        listing_looks=document.listing.looks,
        listing_over_s=document.listing.over,
        listing_recheck_s=document.listing.recheck,
        placeholder_ratio=table.placeholder_ratio,
        placeholder_min_text=table.placeholder_min_text,
    )
