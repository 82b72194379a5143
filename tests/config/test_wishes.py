"""`[targets.policy]`: whom an id stands for, and that it is kept apart from the thresholds of `[policy]`."""

from pathlib import Path

import pytest

from monitor.config import Config, for_domains, load
from monitor.model import DesiredRule, Policy, Wish

ENVIRON = {"HOME": "/nonexistent"}


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "monitor.toml"
    path.write_text(text)
    return load(path, environ=ENVIRON)


def wishes(tmp_path: Path, policy: str) -> tuple[Wish, ...]:
    text = f'[[targets]]\ndomain = "parler.com"\npolicy = {{ {policy} }}\n'
    return loaded(tmp_path, text).policies["parler.com"].desired


@pytest.mark.parametrize(
    ("written", "allowed"),
    [
        ("epik", {"epik"}),
        ("EPIK", {"epik"}),
        ("iana-617", {"epik", "iana-617"}),
        ("AS13335", {"as13335", "cloudflare"}),
        ("as64500", {"as64500"}),
        ("iana-9999998", {"iana-9999998"}),
        ("ns.example.org", {"ns.example.org"}),
        ("net:example-holder", {"net:example-holder"}),
    ],
)
def test_an_id_stands_for_whom_it_names(tmp_path: Path, written: str, allowed: set[str]) -> None:
    (wish,) = wishes(tmp_path, f'registrar = "{written}"')
    assert wish.rule is DesiredRule.REGISTRAR
    assert wish.wanted == (written.lower(),)
    assert set(wish.allowed) == allowed


def test_an_owner_stands_for_those_it_owns(tmp_path: Path) -> None:
    (wish,) = wishes(tmp_path, 'registrar = ["tucows"]')
    assert {"tucows", "enom"} <= set(wish.allowed)


def test_what_is_false_or_left_out_is_not_wished(tmp_path: Path) -> None:
    assert wishes(tmp_path, "transfer_lock = false, dnssec = false") == ()
    text = '[[targets]]\ndomain = "parler.com"\n'
    assert loaded(tmp_path, text).policies["parler.com"] == Policy(delegation_watched=True)


def test_targets_with_the_same_wishes_share_one_policy(tmp_path: Path) -> None:
    text = "\n".join(
        f'[[targets]]\ndomain = "{name}"\npolicy = {{ dnssec = {flag} }}'
        for name, flag in (("a.com", "true"), ("b.com", "true"), ("c.com", "false"))
    )
    policies = loaded(tmp_path, text).policies
    assert policies["a.com"] is policies["b.com"]
    assert policies["c.com"].desired == ()


def test_a_provider_of_ones_own_catalog_can_be_wished_for(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[my-host]\nname = "My Host"\nkinds = ["network"]\nasns = [64501]\n')
    text = '[monitor]\ncatalog = "own.toml"\n[[targets]]\ndomain = "parler.com"\npolicy.network = "as64501"\n'
    (wish,) = loaded(tmp_path, text).policies["parler.com"].desired
    assert wish.allowed == ("as64501", "my-host")


def test_check_judges_a_typed_domain_by_what_the_file_wishes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text('[[targets]]\ndomain = "Parler.com"\nname = "P"\npolicy.dnssec = true\n')
    config = for_domains(["parler.com", "gab.com"], path)
    assert [wish.rule for wish in config.policies["parler.com"].desired] == [DesiredRule.DNSSEC]
    assert config.policies["gab.com"].desired == ()
