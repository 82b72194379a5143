"""Golden folder: what accepted spellings come to. Secrets are shown as they would be printed."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.model import EventType

GOOD = Path(__file__).parent / "good"
CASES = sorted(GOOD.glob("*.toml"))
ENVIRON = {
    "HOME": "/home/ops",
    "FILES": "files",
    "STORE": "postgresql+asyncpg:///monitor",
    "TOKEN": "token-from-the-environment",
    "URL": "https://hooks.example.org:8443/hunter2",
}


def outline(value: object) -> object:
    """Return a value as JSON can say it: without the defaults of the model, sets sorted."""
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        usual = {field.name: field.default for field in fields(value)}
        return {name: outline(inner) for name, inner in given.items() if inner != usual[name]}
    if isinstance(value, Mapping):
        return {str(key): outline(inner) for key, inner in value.items()}
    if isinstance(value, frozenset):
        return "all" if value == frozenset(EventType) else sorted(outline(inner) for inner in value)  # type: ignore[type-var] # texts only
    if isinstance(value, (list, tuple)):
        return [outline(inner) for inner in value]
    return value if isinstance(value, (bool, int, float)) or value is None else str(value)


def golden(config: Config) -> str:
    """Return the configuration as the golden files hold it."""
    text = json.dumps(outline(config), indent=2, ensure_ascii=False) + "\n"
    return text.replace(f"{GOOD}/", "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_it_comes_to(case: Path, tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text(
        "# ours\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver\noptions edns0\n"
    )
    config = load(case, environ=ENVIRON, resolv_conf=resolv_conf)
    assert golden(config) == case.with_suffix(".json").read_text()
    assert "hunter2" not in repr(config)
    assert "MfKQ9r8G" not in repr(config)
    assert "token-from" not in repr(config)
