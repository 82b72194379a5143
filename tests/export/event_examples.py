"""One event of every type, as docs/events.md shows it. Facts of the Parler case, January 2021."""

from dataclasses import replace
from datetime import UTC, datetime

from monitor.model import (
    MONITOR,
    ContentChanged,
    Control,
    DesiredRule,
    Drill,
    EarlySign,
    Ending,
    Event,
    EventData,
    EventType,
    Evidence,
    ExpiryApproaching,
    FieldChange,
    IncidentChanged,
    Layer,
    LayerMove,
    ListingChanged,
    OnlineChanged,
    OutageChanged,
    PolicyRuled,
    Provider,
    ProviderChanged,
    RegistrationChanged,
    Severity,
    SignNoticed,
    Status,
    StatusChanged,
    Store,
    StoredEvent,
    event_id,
)

SOURCE = "https://monitor.example.org"
TARGET = "parler.com"

AMAZON = Provider(id="amazon", name="Amazon")
EPIK = Provider(id="epik", name="Epik")
SKYSILK = Provider(id="skysilk", name="SkySilk")
INCIDENT = "f1c9e0a2b7d34455"
SENTENCE = "The address refuses or resets the connection."


FASTLY = Provider(id="fastly", name="Fastly")
OUTAGE = OutageChanged(
    outage="5d1f6a90c3b2e847",
    provider=FASTLY,
    layer=Layer.EDGE,
    since=datetime(2021, 6, 8, 9, 47, 2, tzinfo=UTC),
    over_at=None,
    failing=3,
    affected=3,
    watched=14,
    targets=("gov.uk", "nytimes.com", "theguardian.com"),
    failures=("status 503",),
)


def at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2021, 1, day, hour, minute, second, tzinfo=UTC)


OPENED = IncidentChanged(
    incident=INCIDENT,
    opened_at=at(11, 8, 0),
    resolved_at=None,
    status=Status.DOWN,
    reachable=False,
    diagnosis="network.refused",
    layer=Layer.NETWORK,
    sentence=SENTENCE,
    providers=(AMAZON,),
    observations=("3f0c2d5be81a9764",),
)

REFINED = replace(
    OPENED,
    diagnosis="dns.no_address",
    layer=Layer.DNS,
    sentence="The zone answers, but this name has no address in it.",
    observations=("9be417d05c62f3a8",),
)

RESOLVED = IncidentChanged(
    incident=INCIDENT,
    opened_at=at(11, 8, 0),
    resolved_at=datetime(2021, 2, 15, 16, 0, tzinfo=UTC),
    status=Status.UP,
    reachable=True,
    diagnosis=None,
    layer=None,
    sentence="",
    providers=(),
    observations=("71d2a9c40be6f358",),
    duration_s=3_052_800.0,
    places=(
        LayerMove(layer=Layer.DNS, providers_before=(AMAZON,), providers_after=(EPIK,)),
        LayerMove(layer=Layer.NETWORK, providers_before=(AMAZON,), providers_after=(SKYSILK,)),
    ),
    reachable_since=at(17, 0, 0),
)


BREACHED = PolicyRuled(
    rule=DesiredRule.REGISTRAR,
    layer=Layer.REGISTRATION,
    wanted=("amazon",),
    found=("epik",),
    since=at(11, 18, 0),
)


def _event(  # noqa: PLR0913, PLR0917 - one argument per property, in the order of the document
    seq: int, kind: EventType, when: datetime, severity: Severity, text: str, data: EventData
) -> Event:
    return Event(
        id=event_id(TARGET, seq, 0),
        type=kind,
        subject=TARGET,
        at=when,
        severity=severity,
        text=f"{TARGET}: {text}",
        data=data,
    )


EXAMPLES = {
    stored.event.type: stored
    for stored in (
        StoredEvent(
            number=41,
            event=_event(
                2104,
                EventType.STATUS_CHANGED,
                at(11, 8, 0, 20),
                Severity.CRITICAL,
                f"up → down. {SENTENCE}",
                StatusChanged(
                    status_from=Status.UP,
                    status_to=Status.DOWN,
                    since=at(11, 8, 0),
                    reachable=False,
                    diagnosis="network.refused",
                    layer=Layer.NETWORK,
                    sentence=SENTENCE,
                    incident=INCIDENT,
                ),
            ),
        ),
        StoredEvent(
            number=42,
            event=_event(
                2105,
                EventType.INCIDENT_OPENED,
                at(11, 8, 0, 20),
                Severity.CRITICAL,
                f"down. {SENTENCE} (network: Amazon)",
                OPENED,
            ),
        ),
        StoredEvent(
            number=43,
            event=_event(
                2161,
                EventType.INCIDENT_UPDATED,
                at(11, 8, 55),
                Severity.CRITICAL,
                f"down. {REFINED.sentence} (dns: Amazon)",
                REFINED,
            ),
        ),
        StoredEvent(
            number=57,
            event=_event(
                12650,
                EventType.INCIDENT_RESOLVED,
                datetime(2021, 2, 15, 16, 1, tzinfo=UTC),
                Severity.INFO,
                "up again, at SkySilk instead of Amazon (network); dns: Epik instead of Amazon.",
                RESOLVED,
            ),
        ),
        StoredEvent(
            number=44,
            event=_event(
                2233,
                EventType.PROVIDER_CHANGED,
                at(11, 17, 31),
                Severity.WARNING,
                "dns: Amazon → Epik.",
                ProviderChanged(
                    layer=Layer.DNS,
                    providers_from=(AMAZON,),
                    providers_to=(EPIK,),
                    evidence_from=(
                        Evidence(
                            provider="amazon",
                            value="ns-1.awsdns-01.example",
                            rule="ns_suffix awsdns-*",
                            source="catalog 2026-11-21",
                        ),
                    ),
                    evidence_to=(
                        Evidence(
                            provider="epik",
                            value="ns3.epik.com",
                            rule="ns_suffix epik.com",
                            source="catalog 2026-11-21",
                        ),
                    ),
                    first_seen_at=at(11, 17, 30),
                ),
            ),
        ),
        StoredEvent(
            number=45,
            event=_event(
                2240,
                EventType.REGISTRATION_CHANGED,
                at(11, 18, 0),
                Severity.INFO,
                "registration: name_servers: ns-1.awsdns-01.example → ns3.epik.com ns4.epik.com",
                RegistrationChanged(
                    changes=(
                        FieldChange(
                            field="name_servers",
                            before="ns-1.awsdns-01.example",
                            after="ns3.epik.com ns4.epik.com",
                        ),
                    ),
                    source="rdap",
                    server="https://rdap.example.net/com/v1/",
                ),
            ),
        ),
        StoredEvent(
            number=48,
            event=_event(
                2250,
                EventType.EXPIRY_APPROACHING,
                at(13, 18, 1),
                Severity.WARNING,
                "the registration of parler.com ends in 6 days (2021-01-20).",
                ExpiryApproaching(
                    ending=Ending.REGISTRATION,
                    about="parler.com",
                    layer=Layer.REGISTRATION,
                    expires=at(20, 12, 0),
                    days_left=6,
                    threshold_days=7,
                    source="registry",
                ),
            ),
        ),
        StoredEvent(
            number=49,
            event=_event(
                2251,
                EventType.SIGN_NOTICED,
                at(13, 18, 2),
                Severity.INFO,
                "early sign: the transfer lock is gone (clientTransferProhibited → ok).",
                SignNoticed(
                    sign=EarlySign.TRANSFER_LOCK_GONE,
                    about="parler.com",
                    layer=Layer.REGISTRATION,
                    before="clientTransferProhibited",
                    after="ok",
                    first_seen_at=at(13, 18, 1),
                ),
            ),
        ),
        StoredEvent(
            number=46,
            event=_event(
                2241,
                EventType.POLICY_BREACHED,
                at(11, 18, 1),
                Severity.WARNING,
                "policy breached: registrar is epik; it should be amazon.",
                BREACHED,
            ),
        ),
        StoredEvent(
            number=47,
            event=_event(
                2244,
                EventType.POLICY_RESTORED,
                at(12, 18, 1),
                Severity.INFO,
                "policy restored: registrar is amazon.",
                replace(BREACHED, found=("amazon",), since=at(12, 18, 0)),
            ),
        ),
        StoredEvent(
            number=31,
            event=_event(
                1902,
                EventType.LISTING_CHANGED,
                at(10, 1, 31),
                Severity.WARNING,
                "the App Store (us): “Parler”, 1402727988, is gone.",
                ListingChanged(
                    layer=Layer.LISTING,
                    store=Store.APPLE,
                    app="1402727988",
                    country="us",
                    name="Parler",
                    developer="Parler LLC",
                    listing_from="listed",
                    listing_to="gone",
                    since=at(10, 0, 30),
                    observations=("5d0c7e1a92f4b386",),
                ),
            ),
        ),
        StoredEvent(
            number=50,
            event=Event(
                id="0c7d9d53a9a2a6a3e61c1b52",
                type=EventType.OUTAGE_SUSPECTED,
                subject=FASTLY.id,
                at=datetime(2021, 6, 8, 9, 47, 21, tzinfo=UTC),
                severity=Severity.CRITICAL,
                text="fastly: outage suspected (edge): "
                "3 targets fail alike, of 14 that stand on Fastly: status 503.",
                data=OUTAGE,
            ),
        ),
        StoredEvent(
            number=51,
            event=Event(
                id="6a3f0be2f4d9c1870b5e2d94",
                type=EventType.OUTAGE_OVER,
                subject=FASTLY.id,
                at=datetime(2021, 6, 8, 10, 49, 2, tzinfo=UTC),
                severity=Severity.INFO,
                text="fastly: outage over (edge): 12 targets were affected, 1 still fail.",
                data=replace(
                    OUTAGE,
                    over_at=datetime(2021, 6, 8, 10, 48, 2, tzinfo=UTC),
                    failing=1,
                    affected=12,
                    duration_s=3660.0,
                ),
            ),
        ),
        StoredEvent(
            number=52,
            event=Event(
                id="d1b2a6f05c3e4987aa10ff3b",
                type=EventType.ONLINE_CHANGED,
                subject=MONITOR,
                at=datetime(2021, 7, 1, 3, 0, 4, tzinfo=UTC),
                severity=Severity.CRITICAL,
                text="monitor: cut off: 4 of 6 controls do not answer; "
                "nothing is said of any target until they do.",
                data=OnlineChanged(
                    online=False,
                    since=datetime(2021, 7, 1, 3, 0, 2, tzinfo=UTC),
                    controls=6,
                    failing=(
                        Control(name="control https://www.gstatic.com/generate_204", seen="tcp_timeout"),
                    ),
                ),
            ),
        ),
        StoredEvent(
            number=62,
            event=_event(
                14820,
                EventType.CONTENT_CHANGED,
                datetime(2021, 2, 15, 18, 0, tzinfo=UTC),
                Severity.WARNING,
                "another page: Parler | Feed → Welcome back, 5816 → 2210 characters.",
                ContentChanged(
                    title_before="Parler | Feed",
                    title_after="Welcome back",
                    text_length_before=5816,
                    text_length_after=2210,
                    similarity=0.12,
                    url="https://parler.com/",
                    elsewhere=None,
                    first_seen_at=datetime(2021, 2, 15, 17, 0, tzinfo=UTC),
                ),
            ),
        ),
        StoredEvent(
            number=58,
            event=_event(
                12651,
                EventType.TEST,
                datetime(2021, 2, 16, 9, 0, tzinfo=UTC),
                Severity.INFO,
                "a test: nothing happened.",
                Drill(message="A test: nothing happened."),
            ),
        ),
    )
}
