"""Who takes the mail: by the names of the servers, as a set; a null MX and no MX are nobody."""

import pytest
from attribute.test_attributor import dns, shown

from monitor.attribute import Attributor


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("aspmx.l.google.com", "google"),
        ("alt4.aspmx.l.google.com", "google"),
        ("smtp.google.com", "google"),
        ("parler-com.mail.protection.outlook.com", "microsoft"),
        ("inbound-smtp.us-west-2.amazonaws.com", "amazon"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("mx.zoho.com", "zoho"),
        ("mail.protonmail.ch", "proton"),
        ("mx1.privateemail.com", "namecheap"),
        ("mx00.ionos.com", "ionos"),
        ("route1.mx.cloudflare.net", "cloudflare"),
        # Gateways in front of somebody else's mailboxes: they are who takes the mail.
        ("mxa-00000000.gslb.pphosted.com", "proofpoint"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("d1234.ess.barracudanetworks.com", "barracuda"),
        ("mx1.hc123-45.eu.iphmx.com", "cisco-email"),
        ("cluster5.eu.messagelabs.com", "symantec-email"),
    ],
)
def test_the_large_ones_and_the_gateways_are_known(attributor: Attributor, host: str, provider: str) -> None:
    assert shown(attributor.attribute(dns(mx=[f"10 {host}"])))["mail"] == (provider,)


@pytest.mark.parametrize(
    "host",
    [
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "inbound-smtp.evil.amazonaws.com.example.org",
        "notgoogle.com",
        "google.com.evil.example",
    ],
)
def test_look_alikes_are_their_own_domain(attributor: Attributor, host: str) -> None:
    (provider,) = shown(attributor.attribute(dns(mx=[f"10 {host}"])))["mail"]
    assert provider not in {"amazon", "google"}


def test_a_server_of_the_targets_own_is_shown_as_its_own_domain(attributor: Attributor) -> None:
    """Who announces that server's address is not looked up: the name says no more than whose it is."""
    for host in ("parler.com", "mail.parler.com"):
        (attribution,) = attributor.attribute(dns(mx=[f"10 {host}"]))
        assert [(p.id, p.cataloged) for p in attribution.providers] == [("parler.com", False)]
        assert attribution.evidence[0].rule == "registrable domain"


@pytest.mark.parametrize(
    "mx", [["0 "], ["0 ."], ["10 localhost"], ["10 192.0.2.1"], ["10 1.2"], ["ten mail.example.com x"]]
)
def test_a_null_mx_and_what_is_no_host_name_is_nobody(attributor: Attributor, mx: list[str]) -> None:
    """RFC 7505; and an address where a name belongs (RFC 1035) names no organisation."""
    assert "mail" not in shown(attributor.attribute(dns(mx=mx)))


def test_a_null_mx_beside_a_real_one_does_not_hide_it(attributor: Attributor) -> None:
    assert shown(attributor.attribute(dns(mx=["0 ", "10 aspmx.l.google.com"])))["mail"] == ("google",)


def test_a_gateway_and_mailboxes_elsewhere_are_a_set(attributor: Attributor) -> None:
    mx = ["10 mx1.pphosted.com", "20 parler-com.mail.protection.outlook.com"]
    assert shown(attributor.attribute(dns(mx=mx)))["mail"] == ("microsoft", "proofpoint")
