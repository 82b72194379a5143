"""`platform-monitor providers`: the catalog, what fits a value, and who stands on whom."""

import asyncio
import json
import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from rich.console import Console, RenderableType

from monitor.config import Config, ConfigError, describe_problems, load
from monitor.config.wording import shown
from monitor.store import StoreError

if TYPE_CHECKING:
    from monitor.attribute import Catalog

providers: Final = typer.Typer(
    help="The catalog of providers: list and look up, and which targets stand on whom.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FAILED: Final = 1
_USAGE: Final = 2
# A pipe has no width: see `cli`.
_PIPE_WIDTH: Final = 140
_DEFAULT_CONFIG: Final = Path("/etc/platform-monitor/config.toml")

OwnCatalogs = Annotated[
    Path | None, typer.Option("--config", "-c", help="With the catalog files that this configuration names.")
]
ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="Configuration file (TOML).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@providers.command("list")
def list_all(
    kind: Annotated[str | None, typer.Option(help="Only those of a kind: edge, registrar, ….")] = None,
    config: OwnCatalogs = None,
    *,
    as_json: Json = False,
) -> None:
    """List the providers of the catalog."""
    from monitor.attribute import Kind  # noqa: PLC0415  # the other commands start faster without it
    from monitor.terminal import register  # noqa: PLC0415  # see above

    if kind is not None and kind not in set(Kind):
        _stop(f"there is no kind {shown(kind)}; there are {', '.join(Kind)}", _USAGE)
    catalog = _catalog(config)
    entries = [entry for entry in catalog.entries.values() if kind is None or kind in entry.kinds]
    if as_json:
        _print_json(register.listed_document(entries))
    else:
        _print(register.listed(catalog, entries))


@providers.command()
def show(
    provider: Annotated[str, typer.Argument(metavar="ID", help="Id of a provider, such as epik.")],
    config: OwnCatalogs = None,
    *,
    as_json: Json = False,
) -> None:
    """Print every fact that the catalog has about a provider, each with who confirms it."""
    from monitor.attribute.catalog import sources  # noqa: PLC0415  # see list
    from monitor.terminal import register  # noqa: PLC0415  # see list

    catalog = _catalog(config)
    entry = catalog.entries.get(provider)
    if entry is None:
        _stop(_unknown(provider, catalog.entries), _USAGE)
    if as_json:
        _print_json(register.shown_document(catalog, entry, sources()))
    else:
        _print(register.shown(catalog, entry, sources()))


@providers.command()
def match(
    value: Annotated[
        str, typer.Argument(help="AS number, IANA id, address, host, name, organisation, or 'Server: x'.")
    ],
    config: OwnCatalogs = None,
    *,
    as_json: Json = False,
) -> None:
    """Tell whose a value is: which rows of the catalog fit, or what it would be called. Exits 1: none."""
    from monitor.attribute import AsTable, Atlas  # noqa: PLC0415  # see list
    from monitor.attribute.fits import fits  # noqa: PLC0415  # see list
    from monitor.attribute.networks import Networks, number_of  # noqa: PLC0415  # see list
    from monitor.data import folder_of  # noqa: PLC0415  # see list
    from monitor.editions.tables import load_atlas  # noqa: PLC0415  # see list
    from monitor.terminal import register  # noqa: PLC0415  # see list

    if not value.strip():
        message = "VALUE is empty: name an AS number, an address, a host or a name"
        raise typer.BadParameter(message)
    settings = _load(config) if config else None
    networks: Networks = AsTable.of((), "none")
    if number_of(value.strip()):  # reading the tables takes longer than all the rest
        networks = load_atlas(folder_of(settings), settings.as_table) if settings else Atlas.bundled()
    answer = fits(value, _catalog_of(settings), networks)
    if as_json:
        _print_json(register.matched_document(answer))
    else:
        _print(register.matched(answer))
    if not answer.fits:
        raise typer.Exit(_FAILED)


@providers.command()
def targets(
    provider: Annotated[str, typer.Argument(metavar="ID", help="Id of a provider, as explain prints it.")],
    config: ConfigFile = _DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Tell which of the targets stand on a provider, by layer, from what is stored."""
    from monitor.commands import dependants  # noqa: PLC0415  # see list
    from monitor.terminal import register  # noqa: PLC0415  # see list

    settings = _load(config)
    catalog = _catalog_of(settings)
    try:
        found = asyncio.run(dependants(settings, catalog, provider))
    except StoreError as error:
        _stop(str(error), _FAILED)
    if not found.providers:
        _stop(_unknown(provider, {*catalog.entries, *found.seen}), _USAGE)
    if as_json:
        _print_json(register.standing_document(found))
    else:
        _print(register.standing(found))


def _catalog(config: Path | None) -> "Catalog":
    return _catalog_of(_load(config) if config else None)


def _catalog_of(settings: Config | None) -> "Catalog":
    from monitor.attribute import Catalog  # noqa: PLC0415  # see list

    return Catalog.bundled(settings.catalogs if settings else ())


def _load(path: Path) -> Config:
    try:
        return load(path, targets=False)
    except ConfigError as error:
        _stop(describe_problems(error.problems), _USAGE)


def _unknown(key: str, known: Any) -> str:  # noqa: ANN401  # anything that holds ids
    near = get_close_matches(key.lower(), sorted(known), n=1, cutoff=0.6)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"there is no provider {shown(key)}{hint}; providers match tells whose a value is"


def _print(what: RenderableType) -> None:
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    Console(highlight=False, markup=False, emoji=False, width=width).print(what)


def _print_json(value: Any) -> None:  # noqa: ANN401  # anything that JSON knows
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _stop(message: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(message)
    raise typer.Exit(code)
