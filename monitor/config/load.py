"""From a file to a `Config`, or to every mistake in it."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from monitor.config import sections
from monitor.config.catalogs import own_catalogs
from monitor.config.controls import controls, correlation
from monitor.config.files import FileError, Surroundings, read_text
from monitor.config.lists import read_lists
from monitor.config.problem import ConfigError, Place, Problem, Problems
from monitor.config.receivers import build_receivers
from monitor.config.salvage import read_document, read_receivers, read_targets
from monitor.config.schema import Document
from monitor.config.settings import Config
from monitor.config.sources import Sources
from monitor.config.syntax import syntax_fault
from monitor.config.targets import TargetReader
from monitor.config.wishes import Wishes

_LONGEST_FILE: Final = 16 << 20


def load(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    resolv_conf: Path = Path("/etc/resolv.conf"),
    targets: bool = True,
) -> Config:
    """Return the configuration in the file; `targets` tells whether it has to name any.

    `environ` (default: the process's) gives secrets and directories, `resolv_conf` the system's
    resolvers. Raises ConfigError with every mistake at once; never anything else.
    """
    text, raw = parse(path)
    problems = Problems(str(path), text)
    around = Surroundings(folder=path.absolute().parent, environ=os.environ if environ is None else environ)
    config = settings(path, raw, around, resolv_conf, problems, targets=targets)
    problems.raise_if_any()
    return config


def parse(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of a configuration file and what its TOML says; raises ConfigError."""
    text = _text(path)
    return text, _parsed(path, text)


def _text(path: Path) -> str:
    """Return the text of the configuration file; raises ConfigError."""
    try:
        return read_text(path, _LONGEST_FILE)
    except FileError as error:
        hint = (
            "; keep long lists of targets in files of their own (targets_from)"
            if "larger" in str(error)
            else ""
        )
        raise ConfigError(
            [Problem(path="", message=f"{error}{hint}", file=str(path), line=error.line)]
        ) from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    """Return what the TOML says; raises ConfigError."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        fault, line = "lists or tables are nested too deeply", None
    except ValueError as error:  # a TOMLDecodeError, or a number of more than 4,300 digits
        fault, line = syntax_fault(str(error), text)
    raise ConfigError([Problem(path="", message=f"is not valid TOML: {fault}", file=str(path), line=line)])


def settings(  # noqa: PLR0913 - what a file says, and where that is read
    path: Path,
    raw: dict[str, Any],
    around: Surroundings,
    resolv_conf: Path,
    problems: Problems,
    *,
    targets: bool = True,
) -> Config:
    """Return the settings; every mistake is noted, and so is, with `targets`, that there are none."""
    document = read_document(raw, problems)
    sources = Sources(around, problems)
    policy = sections.policy(document)
    catalogs = own_catalogs(document.monitor, around, problems)
    wishes = Wishes(problems, catalogs)
    reader = TargetReader(document, policy=policy, sources=sources, problems=problems, wishes=wishes)
    reader.read(read_targets(raw, problems))
    reader.read(read_lists(document.targets_from, around, problems))
    if targets:
        _refuse_no_targets(document, reader, problems)
    folder = sections.data_dir(document.monitor, around, problems)
    return Config(
        path=path.absolute(),
        data_dir=folder,
        store_url=sections.store_url(document.monitor, folder, sources, problems),
        vantage=document.monitor.vantage,
        resolvers=sections.resolvers(document.monitor, resolv_conf, problems),
        shutdown_s=document.monitor.shutdown,
        as_table=sections.as_table(document.monitor, around, problems),
        catalogs=catalogs,
        log=sections.log(document),
        web=sections.web(document),
        limits=sections.limits(document),
        registries=sections.registry_overrides(document.registration, problems),
        asking=sections.asking(document.registration, problems),
        data=sections.data(document.data, problems),
        policy=policy,
        controls=controls(document.controls, problems),
        correlation=correlation(document.correlation, problems),
        policies=MappingProxyType(reader.watched.policies),
        targets=tuple(reader.watched.targets),
        checks=tuple(reader.watched.checks),
        receivers=build_receivers(
            read_receivers(raw, problems), targets=reader.names, sources=sources, problems=problems
        ),
    )


def _refuse_no_targets(document: Document, reader: TargetReader, problems: Problems) -> None:
    """Note that there is nothing to watch, unless that is only because of another mistake."""
    if reader.names or problems.any():
        return
    what = "the files of targets_from hold no target" if document.targets_from else "there are no targets"
    problems.add(
        Place(),
        f'{what}; the least there can be is the line [[targets]] and, below it, domain = "parler.com"',
    )
