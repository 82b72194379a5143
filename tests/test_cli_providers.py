"""`platform-monitor providers` as a person types it, and what `explain` says of single points."""

import asyncio
import json
from pathlib import Path

import pytest
from export.fleet import DNS, behind, records, seen, state
from test_cli import command, write

from monitor.model import Layer
from monitor.store import Change, Store

# A process each, or a worker each: together they would take a good part of the quick tests' two minutes.
pytestmark = pytest.mark.full

TARGETS = "".join(f'[[targets]]\ndomain = "{name}"\n' for name in ("parler.com", "gab.com", "new.example"))


def stored(folder: Path) -> str:
    """Return a configuration whose store knows two of its three targets."""
    path = write(folder, TARGETS)
    (folder / "data").mkdir()
    states = [
        state(
            "parler.com",
            layers=(
                behind(Layer.REGISTRATION, "epik"),
                behind(Layer.DNS, "epik"),
                behind(Layer.NETWORK, "as64500"),
            ),
            seen=(seen(DNS, records()),),
        ),
        state("gab.com", layers=(behind(Layer.REGISTRATION, "epik"), behind(Layer.DNS, "linode", "akamai"))),
        state("gone.example", layers=(behind(Layer.REGISTRATION, "epik"),)),
    ]

    async def keep() -> None:
        async with await Store.open(f"sqlite:///{folder / 'data' / 'monitor.db'}") as store:
            await store.commit([Change(state=one, events=()) for one in states], receivers=lambda _: [])

    asyncio.run(keep())
    return str(path)


def answer(*words: str) -> object:
    done = command("providers", *words, "--json")
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_catalog_is_listed_whole_or_by_kind() -> None:
    every, edges = answer("list"), answer("list", "--kind", "edge")
    assert len(every) > 260
    assert 40 < len(edges) < len(every)
    assert all("edge" in row["kinds"] for row in edges)
    printed = command("providers", "list", "--kind", "edge").stdout
    assert "ddos-guard" in printed
    assert f"{len(edges)} providers" in printed


def test_a_provider_is_shown_fact_by_fact_with_who_confirms_each() -> None:
    shown = answer("show", "epik")
    assert {
        "key": "iana_registrar_ids",
        "value": 617,
        "rule": "IANA registrar id 617",
        "sources": ["iana-registrar-ids"],
    } in shown["facts"]
    assert shown["sources"]["iana-registrar-ids"].startswith("IANA registry of registrar ids")
    assert answer("show", "linode")["owners"] == ["akamai"]
    assert "linode" in answer("show", "akamai")["owns"]
    printed = command("providers", "show", "linode").stdout
    assert "owned by akamai" in printed
    assert "AS63949" in printed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "cloudflair"), "did you mean cloudflare?"),
        (("show", "Epik"), "did you mean epik?"),
        (("show", "\x1b[2Jqqqqqqq"), '"\\u001b[2Jqqqqqqq"'),
        (("list", "--kind", "cdn"), 'there is no kind "cdn"; there are registrar, dns'),
        (("show",), "Missing argument"),
        (("list", "-c", "/nonexistent/config.toml"), "there is no such file"),
    ],
)
def test_what_is_not_there_is_usage_and_the_nearest_is_named(words: tuple[str, ...], told: str) -> None:
    done = command("providers", *words)
    assert done.returncode == 2
    assert told in done.stdout + done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("value", "provider"),
    [
        ("AS13335", "cloudflare"),
        ("617", "epik"),
        ("ns3.epik.com", "epik"),
        ("Let's Encrypt", "lets-encrypt"),
        ("Server: cloudflare", "cloudflare"),
        ("1.1.1.1", "cloudflare"),
        ("2606:4700::1111", "cloudflare"),
    ],
)
def test_a_value_of_any_kind_is_matched(value: str, provider: str) -> None:
    done = command("providers", "match", value, "--json")
    assert done.returncode == 0
    assert {fit["provider"] for fit in json.loads(done.stdout)["fits"]} == {provider}


def test_a_value_that_fits_nothing_is_said_how_it_would_be_called() -> None:
    done = command("providers", "match", "ns1.nobody.example")
    assert done.returncode == 1
    assert "nothing in the catalog fits ns1.nobody.example; it would be called" in done.stdout
    assert "registrable domain" in done.stdout
    hostile = command("providers", "match", "[bold]\x1b[2J evil")
    assert hostile.returncode == 1
    assert "\x1b" not in hostile.stdout


def test_a_catalog_of_ones_own_is_used_and_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[my-host]\nname = "Mine"\nkinds = ["network"]\nasns = [64500]\n')
    path = tmp_path / "config.toml"
    path.write_text(f'[monitor]\ncatalog = "mine.toml"\ndata_dir = "{tmp_path}"\n{TARGETS}')
    (fit,) = answer("match", "AS64500", "-c", str(path))["fits"]
    assert (fit["provider"], fit["source"].split()[0]) == ("my-host", "mine.toml")
    assert answer("show", "my-host", "-c", str(path))["edition"].startswith("2026-")
    assert command("check-config", str(path)).returncode == 0
    (tmp_path / "mine.toml").write_text("[epik]\nasns = [13335]\n")
    for words in (("check-config", str(path)), ("providers", "list", "-c", str(path))):
        done = command(*words)
        assert done.returncode == 2
        assert "mine.toml:2: epik.asns: 13335 is claimed by edges.toml: [cloudflare], too" in done.stderr


def test_who_stands_on_a_provider_is_told_by_layer(tmp_path: Path) -> None:
    config = stored(tmp_path)
    found = answer("targets", "epik", "-c", config)
    assert found["layers"] == {"registration": ["gab.com", "parler.com"], "dns": ["parler.com"]}
    assert (found["watched"], found["targets"]) == (2, ["gab.com", "parler.com"])
    printed = command("providers", "targets", "epik", "-c", config).stdout
    assert "Epik (epik)  2 of 2 targets" in printed
    assert "gone.example" not in printed, "it is no longer configured"


def test_an_owner_shows_who_stands_on_what_it_owns(tmp_path: Path) -> None:
    config = stored(tmp_path)
    assert [p["id"] for p in answer("targets", "akamai", "-c", config)["providers"]] == ["akamai", "linode"]
    assert "gab.com (linode)" in command("providers", "targets", "akamai", "-c", config).stdout
    assert answer("targets", "linode", "-c", config)["layers"] == {"dns": ["gab.com"]}


def test_a_provider_that_is_only_stored_is_known_and_one_that_is_nowhere_is_not(tmp_path: Path) -> None:
    config = stored(tmp_path)
    assert answer("targets", "as64500", "-c", config)["layers"] == {"network": ["parler.com"]}
    assert answer("targets", "cloudflare", "-c", config)["targets"] == []
    done = command("providers", "targets", "as64501", "-c", config)
    assert done.returncode == 2
    assert "did you mean as64500?" in done.stderr


def test_before_the_daemon_has_run_nobody_stands_on_anything(tmp_path: Path) -> None:
    found = answer("targets", "epik", "-c", str(write(tmp_path, TARGETS)))
    assert (found["watched"], found["targets"]) == (0, [])


def test_explain_says_who_could_take_the_target_down_alone(tmp_path: Path) -> None:
    config = stored(tmp_path)
    told = json.loads(command("explain", "parler.com", "-c", config, "--json").stdout)["single_points"]
    assert [(p["organisation"], p["layers"], p["could_take_down"]) for p in told] == [
        ("epik", ["registration", "dns"], "site"),
        ("as64500", ["network"], "site"),
    ]
    printed = command("explain", "parler.com", "-c", config).stdout
    assert "Each of Epik and As64500 alone could take the site down." in printed
    assert "could suspend the name (clientHold)" in printed
