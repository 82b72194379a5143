"""`[controls]` and `[correlation]`: what the monitor compares itself with, and its targets."""

from typing import Final

from monitor.config.problem import Place, Problems
from monitor.config.schema import ControlsTable, CorrelationTable
from monitor.config.settings import ControlSettings
from monitor.model import Check, CorrelationPolicy, DnsSettings, HttpSettings, Probe

_LEAST_INTERVAL_S: Final = 10.0


def controls(table: ControlsTable, problems: Problems) -> ControlSettings:
    """Return what the monitor compares itself with."""
    place = Place(("controls",))
    if table.interval < _LEAST_INTERVAL_S:
        problems.add(place.at("interval"), "is shorter than 10s: controls are somebody else's servers")
    if table.timeout > table.interval:
        problems.add(place.at("timeout"), "is longer than the interval")
    if table.enabled and not (table.urls or table.names):
        problems.add(place, "has neither urls nor names; enabled = false switches the controls off")
    return ControlSettings(
        enabled=table.enabled,
        urls=tuple(table.urls),
        names=tuple(table.names),
        interval_s=table.interval,
        timeout_s=table.timeout,
        allow_private=table.allow_private,
    )


def control_checks(settings: ControlSettings) -> tuple[Check, ...]:
    """Return a check for each control, under a name that stands for a target's; none: switched off."""
    if not settings.enabled:
        return ()
    pages = (
        HttpSettings(url=url, max_redirects=3, body_limit=1 << 14, allow_private=settings.allow_private)
        for url in settings.urls
    )
    names = (DnsSettings(host=name, zone=name) for name in settings.names)
    return (
        *(_check(settings, page.url, page) for page in pages),
        *(_check(settings, name.host, name) for name in names),
    )


def _check(settings: ControlSettings, name: str, asks: HttpSettings | DnsSettings) -> Check:
    by_name = isinstance(asks, DnsSettings)
    return Check(
        target=f"control {name}",
        probe=Probe.DNS if by_name else Probe.HTTP,
        interval_s=settings.interval_s,
        timeout_s=settings.timeout_s,
        settings=asks,
        compare=by_name,  # every resolver has its say: one that is broken is not all of them
    )


def correlation(table: CorrelationTable, problems: Problems) -> CorrelationPolicy:
    """Return how much evidence it takes before a provider is said to fail."""
    if table.targets < 2:  # noqa: PLR2004 - one target is nobody's outage but its own
        problems.add(
            Place(("correlation", "targets")),
            f"is {table.targets}; one target that fails is no outage of others",
        )
    return CorrelationPolicy(
        enabled=table.enabled,
        targets=table.targets,
        share=table.share,
        window_s=table.window,
        settle_s=table.settle,
        grace_s=table.grace,
    )
