"""`platform-monitor data`: the editions of what addresses are looked up in."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor import log
from monitor.config import Config, ConfigError, describe_problems, load
from monitor.config.quick import settings_of

data: Final = typer.Typer(
    help="The editions of the tables that addresses are looked up in.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PIPE_WIDTH: Final = 140
out: Final = Console(
    highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH
)
err: Final = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)

DEFAULT_CONFIG: Final = Path("/etc/platform-monitor/config.toml")
_COLUMNS: Final = ("name", "edition", "from", "age", "rows", "checksum")
_FAILED: Final = 1
_USAGE: Final = 2

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="Take settings and the folder from here.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@data.command()
def update(
    sources: Annotated[list[str] | None, typer.Argument(help="Only these sources.")] = None,
    config: ConfigFile = None,
    *,
    force: Annotated[bool, typer.Option(help="Take a list that has shrunk by more than half, too.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch new editions. Exits 1 when a source or a table failed; what was had of it stays in use."""
    from monitor.data import fetch  # noqa: PLC0415  # the other commands start faster without it
    from monitor.editions.shelf import ShelfError  # noqa: PLC0415  # see above
    from monitor.editions.sources import SOURCES  # noqa: PLC0415  # see above

    unknown = sorted(set(sources or ()) - set(SOURCES))
    if unknown:
        _stop(f"there is no source {unknown[0]}; there are {', '.join(sorted(SOURCES))}", _USAGE)
    settings = _settings(config)
    log.set_up(level="error")
    try:
        report = asyncio.run(fetch(settings, force=force, only=tuple(sources or ())))
    except (ShelfError, OSError) as error:
        _stop(str(error), _FAILED)
    results = (*report.sources, *report.tables)
    if as_json:
        kinds = {"sources": report.sources, "tables": report.tables}
        _print_json({kind: [_row(one) for one in found] for kind, found in kinds.items()})
    else:
        for one in results:
            style = {"failed": "red", "new": "green"}.get(one.outcome, "dim")
            line = Text(f"{one.name:<18}")
            line.append(f"{one.outcome:<11}", style=style)
            line.append(one.detail or f"{one.rows:,} rows")
            out.print(line, soft_wrap=True)
    if report.failed:
        raise typer.Exit(_FAILED)


@data.command()
def status(config: ConfigFile = None, *, as_json: Json = False) -> None:
    """Tell which editions are in use, where they are from, and whether they are as they were stored."""
    from monitor.data import inventory  # noqa: PLC0415  # see update

    log.set_up(level="error")
    rows = inventory(_settings(config))
    if as_json:
        _print_json(rows)
    else:
        table = Table("", *_COLUMNS[1:], box=None, pad_edge=False)
        for row in (*rows["tables"], *rows["sources"]):
            table.add_row(
                *(Text(str(row[key])) for key in ("name", "edition", "from", "age", "rows", "checksum"))
            )
        out.print(table)
        for row in rows["tables"]:
            if row["problem"]:
                out.print(Text(f"{row['name']}: {row['problem']}", style="red"), soft_wrap=True)
    if any(row["problem"] for row in rows["tables"]):
        raise typer.Exit(_FAILED)


@data.command()
def rollback(config: ConfigFile = None) -> None:
    """Use the editions before these. Called again, it takes that back."""
    from monitor.data import shelf_of  # noqa: PLC0415  # see update
    from monitor.editions.shelf import ShelfError  # noqa: PLC0415  # see update

    try:
        names = shelf_of(_settings(config)).roll_back()
    except (ShelfError, OSError) as error:
        _stop(str(error), _FAILED)
    if not names:
        _stop("there are no editions before these", _FAILED)
    out.print(f"in use again: {', '.join(names)}; a running daemon takes it up when it is started again")


def _settings(path: Path | None) -> Config:
    """Return the settings of a file, of the daemon's usual one, or as they are without any."""
    usual = DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None
    try:
        if path or usual:
            return load(path or DEFAULT_CONFIG, targets=False)
        return settings_of({"targets": [{"domain": "example.com"}]}, name="data")
    except ConfigError as error:
        _stop(describe_problems(error.problems), _USAGE)


def _row(one: Any) -> dict[str, Any]:  # noqa: ANN401  # a Result, whose module is imported late
    return {"name": one.name, "outcome": one.outcome, "rows": one.rows, "detail": one.detail}


def _print_json(value: Any) -> None:  # noqa: ANN401  # anything that JSON knows
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _stop(message: str, code: int) -> NoReturn:
    err.print(message, style="red" if code == _FAILED else None)
    raise typer.Exit(code)
