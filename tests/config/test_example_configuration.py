"""config.example.toml and docs/configuration.md tell every key, and tell the truth."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from monitor.config import load
from monitor.config.durations import parse_duration, parse_rate, parse_size
from monitor.config.endpoints import parse_listen
from monitor.config.schema import Document, HeaderSource
from monitor.model import HttpSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text()
DOCS = (ROOT / "docs" / "configuration.md").read_text()
ENVIRON = {"HOME": "/nonexistent", "PAGE_TOKEN": "t", "OPS_TOKEN": "t"}
ALTERNATIVE = re.compile(r"\w+_(?:file|env)")


def tables(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not HeaderSource:
        yield annotation
    for inner in get_args(annotation):
        yield from tables(inner)


def keys(model: type[BaseModel] = Document, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key of the schema."""
    for own, field in model.model_fields.items():
        name = field.alias or own
        yield (*path, name)
        for table in tables(field.annotation):
            yield from keys(table, (*path, name))


def switched_on() -> str:
    """Return the example with every commented key switched on; of alternatives, the first."""
    text = EXAMPLE.replace("whsec_…", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    lines = [re.sub(r"^# ((?:[a-z_]+ = |\[).*)", r"\1", line) for line in text.splitlines()]
    lines = [line for line in lines if not ALTERNATIVE.match(line)]
    top = [line for line in lines if line.startswith("targets_from")]
    return "\n".join(top + [line for line in lines if line not in top])


def of_a_page(key: tuple[str, ...]) -> bool:
    """Tell whether it is one of the keys of [http] that a page has too."""
    if key[:2] != ("targets", "pages"):
        return False
    return bool(
        {("http", *key[2:]), ("targets", *key[2:])} & set(keys()) - {("targets", "name"), ("targets", "url")}
    )


def said(key: tuple[str, ...], part: object = None) -> bool:
    """Tell whether the example, switched on, has the key in its own table."""
    part = tomllib.loads(switched_on()) if part is None else part
    if isinstance(part, list):
        return any(said(key, element) for element in part)
    return isinstance(part, dict) and key[0] in part and (len(key) == 1 or said(key[1:], part[key[0]]))


def chapter(table: str) -> str:
    """Return what the documentation says about a table."""
    heading = {"targets": "[[targets]]", "receivers": "[[receivers]]"}.get(table, f"[{table}]")
    found = re.search(rf"^## `{re.escape(heading)}`.*?(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert found, f"docs/configuration.md has no chapter {heading}"
    return found[0]


def test_the_example_begins_with_the_shortest_configuration(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text(EXAMPLE.split("# Everything below")[0])
    config = load(path, environ=ENVIRON)
    assert [target.domain for target in config.targets] == ["parler.com"]
    assert len(config.checks) == 4
    assert path.read_text().count("\n") < 7


def test_the_example_loads_as_it_is() -> None:
    assert len(load(ROOT / "config.example.toml", environ=ENVIRON).targets) == 2


def test_the_example_loads_with_everything_switched_on(tmp_path: Path) -> None:
    path = tmp_path / "all.toml"
    path.write_text(switched_on())
    (tmp_path / "domains.txt").write_text("example.org\n")
    (tmp_path / "more.csv").write_text("domain,name,url,labels\nexample.net,,,team=web;tier=1\n")
    (tmp_path / "as-table.csv").write_text("")
    (tmp_path / "my-providers.toml").write_text('[epik]\nns_suffixes = ["dns.epik.example"]\n')
    config = load(path, environ=ENVIRON)
    assert len(config.targets) == 4
    assert [receiver.name for receiver in config.receivers] == ["ops"]
    assert config.as_table == tmp_path / "as-table.csv"
    assert [own.file.name for own in config.catalogs] == ["my-providers.toml"]


@pytest.mark.parametrize("key", list(keys()), ids=".".join)
def test_every_key_stands_in_the_example(key: tuple[str, ...]) -> None:
    inherited = len(key) == 3 and key[1:] in set(keys())  # [targets.http] has "every key of [http]"
    inherited = inherited or of_a_page(key)
    alternative = ALTERNATIVE.fullmatch(key[-1]) and re.search(f"^# {key[-1]} = ", EXAMPLE, re.MULTILINE)
    assert said(key) or inherited or alternative


@pytest.mark.parametrize("key", list(keys()), ids=".".join)
def test_every_key_stands_in_the_documentation(key: tuple[str, ...]) -> None:
    if len(key) == 1:
        assert f"## `{key[0]}`" in DOCS or chapter(key[0])
    elif of_a_page(key):
        assert "and every key of `[http]`" in chapter("targets")
    elif len(key) == 3 and key[1:] in set(keys()):
        assert f"Also `[{'.'.join(key[:2])}]`" in chapter(key[1])
    else:
        assert f"`{'.'.join(key[1:])}`" in chapter(key[0])


def test_commented_defaults_are_the_defaults() -> None:
    told = tomllib.loads(switched_on())
    seen = 0
    for name in ("monitor", "web", "limits", "http", "page", "listing", "dns", "registration", "policy"):
        for key, field in type(getattr(Document(), name)).model_fields.items():
            value = told[name].get(key)
            if field.default in (None, {}):
                continue
            if key.endswith("_rate"):
                value = parse_rate(value)
            elif isinstance(field.default, float) and isinstance(value, str):
                value = parse_duration(value)
            elif key in ("body_limit", "listen"):
                value = {"body_limit": parse_size, "listen": parse_listen}[key](value)
            assert value == field.default, f"{name}.{key}"
            seen += 1
    assert seen > 20
    assert told["http"]["user_agent"] == HttpSettings(url="").user_agent
