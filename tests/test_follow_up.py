"""From a follow-up to the check that is run for it."""

from dataclasses import replace

from judge.world import START

from monitor.follow_up import check_for
from monitor.model import (
    Check,
    DelegationSettings,
    DnsSettings,
    FollowUp,
    HttpSettings,
    LastAddressSettings,
    Probe,
    RevocationSettings,
)

PAGE = Check(
    target="parler.com",
    probe=Probe.HTTP,
    interval_s=60,
    timeout_s=30,
    settings=HttpSettings(url="https://parler.com/", headers=(("X-Token", "t"),), verify_tls=False),
)
ASKED = FollowUp(probe=Probe.LAST_ADDRESS, delay_s=0, reason="gone", address="192.0.2.1", last_good_at=START)


def test_the_last_address_is_asked_with_the_settings_of_the_page_and_a_deadline_of_its_own() -> None:
    check = check_for(ASKED, {Probe.HTTP: PAGE})
    assert check is not None
    assert check.id == "parler.com/last_address"
    assert check.timeout_s == 10
    assert check.settings == LastAddressSettings(
        page=PAGE.settings,  # type: ignore[arg-type]
        address="192.0.2.1",
        last_good_at=START,
    )


def test_an_authority_is_asked_about_a_certificate_by_the_manners_of_the_page() -> None:
    asked = FollowUp(probe=Probe.REVOCATION, delay_s=0, reason="new", certificate="ab")
    check = check_for(asked, {Probe.HTTP: PAGE})
    assert check is not None
    assert isinstance(PAGE.settings, HttpSettings)
    assert (check.id, check.timeout_s) == ("parler.com/revocation", 20)
    assert check.settings == RevocationSettings(certificate="ab", user_agent=PAGE.settings.user_agent)
    assert check_for(asked, {}) is None


def test_a_target_without_a_page_has_nothing_to_ask_for() -> None:
    records = replace(PAGE, probe=Probe.DNS, settings=DnsSettings(host="parler.com", zone="parler.com"))
    assert check_for(ASKED, {Probe.DNS: records}) is None
    assert check_for(replace(ASKED, address=None), {Probe.HTTP: PAGE}) is None


def test_listed_servers_are_asked_for_the_host_whose_name_fails() -> None:
    """Which is that of the page, or one that it redirects to, as long as it lies in the zone."""
    page = replace(PAGE, settings=HttpSettings(url="https://www.parler.com/"))
    zone = DelegationSettings(zone="parler.com", host="parler.com")
    checks = {Probe.HTTP: page, Probe.DELEGATION: replace(PAGE, probe=Probe.DELEGATION, settings=zone)}

    def asked_for(host: str, *, compare: bool = True) -> str:
        asked = FollowUp(probe=Probe.DELEGATION, delay_s=0, reason="gone", compare=compare, host=host)
        check = check_for(asked, checks)
        assert check is not None
        assert isinstance(check.settings, DelegationSettings)
        return check.settings.host

    assert asked_for("") == "www.parler.com"
    assert asked_for("shop.parler.com") == "shop.parler.com"
    assert asked_for("notparler.com") == "parler.com"
    assert asked_for("", compare=False) == "parler.com"


def test_any_other_follow_up_is_one_of_the_checks_of_the_target() -> None:
    again = FollowUp(probe=Probe.HTTP, delay_s=10, reason="down suspected", compare=True)
    assert check_for(again, {Probe.HTTP: PAGE}) == replace(PAGE, compare=True)
    assert check_for(replace(again, probe=Probe.REGISTRATION), {Probe.HTTP: PAGE}) is None
