"""The shape of the configuration file: one pydantic model per table.

What a single value may be is said in `values`. What needs a second look (files, environment, two
keys that contradict each other) is said where the settings are built from it.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.config.durations import parse_duration, parse_rate
from monitor.config.endpoints import Endpoint, parse_listen, parse_resolver
from monitor.config.expect_values import StatusRange, parse_json_paths, phrases, statuses
from monitor.config.moments import parse_moment
from monitor.config.names import parse_host
from monitor.config.settings import ControlSettings
from monitor.config.values import (
    EDITION_SOURCES,
    all_different,
    falling,
    header_source,
    one_of,
    one_or_more,
    parse_body_limit,
    parse_country,
    parse_event,
    parse_flag,
    parse_header_name,
    parse_label_key,
    parse_label_value,
    parse_provider_id,
    parse_ratio,
    parse_rdap_base,
    parse_rdap_bootstrap,
    parse_server_name,
    parse_sha256,
    parse_target_name,
    parse_update,
    parse_url,
    parse_user_agent,
    parse_whois_override,
    parse_word,
    plain,
    text_of,
    whole,
)
from monitor.model import REGULAR, CorrelationPolicy, JsonScalar, Policy, Severity, Store

Text = Annotated[str, BeforeValidator(text_of(lambda text: plain(text, 2_000)))]
Word = Annotated[str, BeforeValidator(text_of(parse_word))]
TargetName = Annotated[str, BeforeValidator(text_of(parse_target_name))]
Sentence = Annotated[str, BeforeValidator(text_of(lambda text: plain(" ".join(text.split()), 300)))]
Moment = Annotated[datetime, BeforeValidator(parse_moment)]
Duration = Annotated[float, BeforeValidator(parse_duration)]
Rate = Annotated[float, BeforeValidator(parse_rate)]
Size = Annotated[int, BeforeValidator(parse_body_limit)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Url = Annotated[str, BeforeValidator(text_of(parse_url))]
Raw = Annotated[str, BeforeValidator(text_of(lambda text: text))]
LabelKey = Annotated[str, BeforeValidator(text_of(parse_label_key))]
LabelValue = Annotated[str, BeforeValidator(text_of(parse_label_value))]
HeaderName = Annotated[str, BeforeValidator(text_of(parse_header_name))]
ProbeName = Annotated[str, BeforeValidator(one_of(*REGULAR))]
EventName = Annotated[str, BeforeValidator(text_of(parse_event))]
ResolverText = Annotated[Endpoint, BeforeValidator(text_of(parse_resolver))]
Listen = Annotated[Endpoint | None, BeforeValidator(text_of(parse_listen))]
HostName = Annotated[str, BeforeValidator(text_of(parse_host))]
SourceName = Annotated[str, BeforeValidator(one_of(*EDITION_SOURCES))]
Phrases = Annotated[tuple[str, ...], BeforeValidator(phrases)]
JsonPaths = Annotated[tuple[tuple[str, JsonScalar], ...], BeforeValidator(parse_json_paths)]
Atleast1 = Annotated[int, BeforeValidator(whole(1, 100))]
AtOnce = Annotated[int, BeforeValidator(whole(1, 100_000))]


Days = Annotated[list[Annotated[int, BeforeValidator(whole(1, 3_650))]], AfterValidator(falling)]


class Table(BaseModel):
    """A table of the file: an unknown key is a mistake, and so is a value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HeaderSource(Table):
    """Where the value of a header comes from."""

    value: str | None = Field(default=None, exclude=True)
    env: Raw | None = None
    file: Raw | None = None


Headers = dict[HeaderName, Annotated[HeaderSource, BeforeValidator(header_source)]]


class MonitorTable(Table):
    """`[monitor]`: the monitor itself."""

    data_dir: Text | None = None
    store: Raw | None = None
    store_file: Raw | None = None
    store_env: Raw | None = None
    vantage: Word = "default"
    resolvers: list[ResolverText] | None = None
    shutdown: Duration = 10.0
    as_table: Text | None = None
    catalog: Annotated[list[Text], BeforeValidator(one_or_more)] | None = None
    log_level: Annotated[str, BeforeValidator(one_of("debug", "info", "warning", "error"))] = "info"
    log_format: Annotated[str, BeforeValidator(one_of("auto", "json", "console"))] = "auto"


class WebTable(Table):
    """`[web]`: page, API and metrics."""

    listen: Listen = ("127.0.0.1", 9850)
    base_url: Url | None = None


class LimitsTable(Table):
    """`[limits]`: runs at once, for each probe."""

    http: AtOnce = 1_000
    dns: AtOnce = 1_000
    registration: AtOnce = 8
    delegation: AtOnce = 16
    last_address: AtOnce = 50
    page: AtOnce = 100
    revocation: AtOnce = 8
    listing: AtOnce = 4


class HttpTable(Table):
    """`[http]` and `[targets.http]`."""

    interval: Duration = 60.0
    timeout: Duration = 10.0
    body_limit: Size = 1 << 20
    max_redirects: Annotated[int, BeforeValidator(whole(0, 50))] = 10
    user_agent: Annotated[str, BeforeValidator(text_of(parse_user_agent))] | None = None
    family: Annotated[str, BeforeValidator(one_of("auto", "ipv4", "ipv6"))] = "auto"
    allow_private: Flag = False
    verify_tls: Flag = True
    revocation: Flag = True
    headers: Headers = {}


class PageRunTable(Table):
    """`[page]`: when further pages are looked at."""

    interval: Duration = 300.0
    timeout: Duration = 10.0


class ListingRunTable(Table):
    """When listings are looked at."""

    interval: Duration = 21_600.0
    timeout: Duration = 30.0


class ListingTable(ListingRunTable):
    """`[listing]`: how app stores are asked, and when they are believed."""

    apple: Url = "https://itunes.apple.com/lookup"
    google: Url = "https://play.google.com/store/apps/details"
    apple_rate: Rate = 20.0 / 60.0
    google_rate: Rate = 10.0 / 60.0
    looks: Atleast1 = Policy().listing_looks
    over: Duration = Policy().listing_over_s
    recheck: Duration = Policy().listing_recheck_s
    allow_private: Flag = False


class TargetListingTable(ListingRunTable):
    """`[[targets.listings]]`."""

    store: Annotated[str, BeforeValidator(one_of(*Store))] | None = None
    app: Raw | None = None
    country: Annotated[str, BeforeValidator(text_of(parse_country))] | None = None


class DnsTable(Table):
    """`[dns]`."""

    interval: Duration = 300.0
    timeout: Duration = 10.0


class TargetDnsTable(DnsTable):
    """`[targets.dns]`."""

    zone: Raw | None = None


class RegistrationRunTable(Table):
    """When registration is asked."""

    interval: Duration = 86_400.0
    timeout: Duration = 60.0


class RegistrationTable(RegistrationRunTable):
    """`[registration]`."""

    rdap: dict[Raw, Annotated[str, BeforeValidator(text_of(parse_rdap_base))]] = {}
    whois: dict[Raw, Annotated[str, BeforeValidator(text_of(parse_whois_override))]] = {}
    rdap_rate: Rate = 5.0
    rdap_burst: Annotated[int, BeforeValidator(whole(1, 1_000))] = 10
    whois_rate: Rate = 1.0
    whois_burst: Annotated[int, BeforeValidator(whole(1, 1_000))] = 3
    rates: dict[Annotated[str, BeforeValidator(text_of(parse_server_name))], Rate] = {}
    rdap_bootstrap: Annotated[str, BeforeValidator(text_of(parse_rdap_bootstrap))] = (
        "https://data.iana.org/rdap/dns.json"
    )
    rdap_bootstrap_interval: Duration = 86_400.0
    iana_whois: Annotated[str, BeforeValidator(text_of(parse_whois_override))] = "whois.iana.org:43"


class TargetRegistrationTable(RegistrationRunTable):
    """`[targets.registration]`."""

    domain: Raw | None = None


class DataTable(Table):
    """`[data]`: the editions of what names are looked up in."""

    update: Annotated[float | None, BeforeValidator(parse_update)] = 2_592_000.0
    sources: Annotated[list[SourceName], AfterValidator(all_different)] | None = None
    urls: dict[SourceName, list[Url]] = {}
    checksums: dict[SourceName, Annotated[str, BeforeValidator(text_of(parse_sha256))]] = {}
    blocks: Flag = True


class DelegationTable(Table):
    """`[delegation]` and `[targets.delegation]`."""

    interval: Duration = 86_400.0
    timeout: Duration = 15.0
    allow_private: Flag = False


class PolicyTable(Table):
    """`[policy]`: how much evidence it takes before something is said."""

    failures_to_confirm: Atleast1 = Policy().failures_to_confirm
    successes_to_confirm: Atleast1 = Policy().successes_to_confirm
    changes_to_confirm: Atleast1 = Policy().changes_to_confirm
    recheck: Duration = Policy().recheck_s
    change_recheck: Duration = Policy().change_recheck_s
    flap_window: Duration = Policy().flap_window_s
    flaps_to_tell: Atleast1 = Policy().flaps_to_tell
    expiry_days: Days = list(Policy().expiry_days)
    certificate_expiry_days: Days = list(Policy().certificate_expiry_days)
    placeholder_ratio: Annotated[float, BeforeValidator(parse_ratio)] = Policy().placeholder_ratio
    placeholder_min_text: Annotated[int, BeforeValidator(whole(0, 10_000_000))] = (
        Policy().placeholder_min_text
    )


class ExpectTable(Table):
    """`[targets.expect]`."""

    status: Annotated[tuple[StatusRange, ...], BeforeValidator(statuses)] | None = None
    contains: Phrases | None = None
    not_contains: Phrases | None = None
    title: Phrases | None = None
    min_text: Annotated[int, BeforeValidator(whole(1, 10_000_000))] | None = None
    json_paths: JsonPaths | None = Field(default=None, alias="json")  # BaseModel has a `json` of its own
    certificate_issuer: Phrases | None = None
    max_response_time: Duration | None = None


class PageTable(HttpTable):
    """`[[targets.pages]]`: every key of `[http]`, and its own."""

    name: Word | None = None
    url: Raw | None = None
    expect: ExpectTable | None = None


ProviderIds = Annotated[
    list[Annotated[str, BeforeValidator(text_of(parse_provider_id))]],
    BeforeValidator(one_or_more),
    AfterValidator(all_different),
]


class DesiredTable(Table):
    """`[targets.policy]`: what is to be true of a target. How that is judged is `[policy]`."""

    registrar: ProviderIds | None = None
    dns: ProviderIds | None = None
    network: ProviderIds | None = None
    edge: ProviderIds | None = None
    mail: ProviderIds | None = None
    certificate: ProviderIds | None = None
    transfer_lock: Flag = False
    dnssec: Flag = False


class ControlsTable(Table):
    """`[controls]`: what the monitor compares itself with."""

    enabled: Flag = ControlSettings().enabled
    urls: Annotated[list[Url], AfterValidator(all_different)] = list(ControlSettings().urls)
    names: Annotated[list[HostName], AfterValidator(all_different)] = list(ControlSettings().names)
    interval: Duration = ControlSettings().interval_s
    timeout: Duration = ControlSettings().timeout_s
    allow_private: Flag = ControlSettings().allow_private


class CorrelationTable(Table):
    """`[correlation]`: how much evidence it takes before a provider is said to fail."""

    enabled: Flag = CorrelationPolicy().enabled
    targets: Atleast1 = CorrelationPolicy().targets
    share: Annotated[float, BeforeValidator(parse_ratio)] = CorrelationPolicy().share
    window: Duration = CorrelationPolicy().window_s
    settle: Duration = CorrelationPolicy().settle_s
    grace: Duration = CorrelationPolicy().grace_s


class AnnouncementTable(Table):
    """`[[targets.announcements]]`."""

    at: Moment | None = None
    text: Sentence | None = None
    expected_until: Moment | None = None
    source: Annotated[str, BeforeValidator(text_of(lambda text: plain(text, 300)))] = ""


class TargetTable(Table):
    """`[[targets]]`."""

    domain: Raw | None = None
    name: TargetName | None = None
    url: Raw | None = None
    labels: dict[LabelKey, LabelValue] = {}
    probes: Annotated[list[ProbeName], AfterValidator(all_different)] = list(REGULAR)
    http: HttpTable | None = None
    dns: TargetDnsTable | None = None
    registration: TargetRegistrationTable | None = None
    delegation: DelegationTable | None = None
    expect: ExpectTable | None = None
    pages: list[PageTable] = []
    policy: DesiredTable | None = None
    listings: list[TargetListingTable] = []
    announcements: list[AnnouncementTable] = []


class ReceiverTable(Table):
    """`[[receivers]]`."""

    name: Word | None = None
    type: Annotated[str, BeforeValidator(one_of("webhook"))] = "webhook"
    url: Raw | None = None
    url_file: Raw | None = None
    url_env: Raw | None = None
    secret: Raw | None = None
    secret_file: Raw | None = None
    secret_env: Raw | None = None
    headers: Headers = {}
    timeout: Duration = 10.0
    events: Annotated[list[EventName], AfterValidator(all_different)] | None = None
    min_severity: Annotated[str, BeforeValidator(one_of(*Severity))] = Severity.INFO.value
    targets: Annotated[list[Raw], AfterValidator(all_different)] | None = None


class Document(Table):
    """The whole file."""

    targets_from: list[Raw] = []
    monitor: MonitorTable = MonitorTable()
    web: WebTable = WebTable()
    limits: LimitsTable = LimitsTable()
    http: HttpTable = HttpTable()
    page: PageRunTable = PageRunTable()
    listing: ListingTable = ListingTable()
    dns: DnsTable = DnsTable()
    registration: RegistrationTable = RegistrationTable()
    data: DataTable = DataTable()
    delegation: DelegationTable = DelegationTable()
    policy: PolicyTable = PolicyTable()
    controls: ControlsTable = ControlsTable()
    correlation: CorrelationTable = CorrelationTable()
    targets: list[TargetTable] = []
    receivers: list[ReceiverTable] = []
