"""Settings for domains that are typed, not configured."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from monitor.config.files import Surroundings
from monitor.config.load import load, parse, settings
from monitor.config.problem import Problems
from monitor.config.settings import Config

_RESOLV_CONF: Final = Path("/etc/resolv.conf")
_REPLACED: Final = frozenset({"targets", "targets_from", "receivers"})


def for_domains(domains: Sequence[str], path: Path | None = None) -> Config:
    """Return settings that watch these domains and nothing else; raises ConfigError.

    Everything else is as in the file at `path`, or as it is without a file. Receivers are left out. What the
    file wishes of a target with one of these domains (`[targets.policy]`) is wished of it here, too.
    """
    if path:
        # Its own mistakes are told with their lines, before what was typed is looked at.
        load(path, targets=False)
    raw = parse(path)[1] if path else {}
    kept: dict[str, Any] = {key: value for key, value in raw.items() if key not in _REPLACED}
    wished = _wished(raw)
    kept["targets"] = [
        {"domain": domain, **({"policy": wished[domain.lower()]} if domain.lower() in wished else {})}
        for domain in dict.fromkeys(domains)
    ]
    where = path or Path("command line")
    problems = Problems("command line", "")
    around = Surroundings(folder=where.absolute().parent, environ=os.environ)
    config = settings(where, kept, around, _RESOLV_CONF, problems)
    problems.raise_if_any()
    return config


def _wished(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file wishes of its targets, by their domain as it is written, in lower case."""
    return {
        table["domain"].lower(): table["policy"]
        for table in raw.get("targets", ())
        if "policy" in table and isinstance(table.get("domain"), str)
    }


def settings_of(raw: dict[str, Any], *, name: str) -> Config:
    """Return the settings that a program puts together itself; raises ConfigError."""
    problems = Problems(name, "")
    around = Surroundings(folder=Path.cwd(), environ=os.environ)
    config = settings(Path(name), raw, around, _RESOLV_CONF, problems)
    problems.raise_if_any()
    return config
