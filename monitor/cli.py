"""The commands. Each reads its words, calls what does the work, and prints what came of it."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console

from monitor import __version__, log
from monitor.cli_data import data
from monitor.cli_providers import providers
from monitor.config import Config, ConfigError, describe_problems, for_domains, load
from monitor.config.durations import parse_duration
from monitor.model import Status
from monitor.store import StoreError

T = TypeVar("T")

app = typer.Typer(
    name="platform-monitor",
    help="Watches whether platforms on the internet are available, and who stands behind them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data, name="data")
app.add_typer(providers, name="providers")
# Paths, names and what the network said are never markup; nor is `:x:` in them a picture.
# A pipe has no width: what is written there is not folded to the eighty columns of a terminal that is none,
# but to COLUMNS where that is set.
_PIPE_WIDTH: Final = 140
out: Final = Console(
    highlight=False,
    markup=False,
    emoji=False,
    width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH,
)
err: Final = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


class Exit(IntEnum):
    """What the exit code of a command means."""

    OK = 0
    NOT_UP = 1
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3


ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="Configuration file (TOML).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DEFAULT_CONFIG: Final = Path("/etc/platform-monitor/config.toml")


def main() -> None:
    """Run the command that was typed."""
    app()


@app.callback(invoke_without_command=True)
def _version(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False
) -> None:
    if version:
        out.print(f"platform-monitor {__version__}")
        raise typer.Exit


@app.command()
def run(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the daemon until SIGTERM or SIGINT."""
    from monitor import app as daemon  # noqa: PLC0415  # the other commands start faster without it

    settings = _load(config)
    log.set_up(level=settings.log.level, form=settings.log.format)
    try:
        ended_well = _run(daemon.run(settings))
    except (StoreError, OSError) as error:
        _fail(f"cannot start: {error}")
    if not ended_well:
        raise typer.Exit(Exit.FAILED)


@app.command("check-config")
def check_config(
    file: Annotated[Path, typer.Argument(help="Configuration file (TOML).")] = DEFAULT_CONFIG,
) -> None:
    """Tell every mistake in a configuration file at once."""
    settings = _load(file)
    targets, checks = len(settings.targets), len(settings.checks)
    out.print(
        f"{file}: ok, {targets} targets, {checks} checks, {len(settings.receivers)} receivers", soft_wrap=True
    )


@app.command()
def check(
    domains: Annotated[list[str], typer.Argument(help="Domains to look at.")],
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Take settings from here.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Look once at every layer of some domains, now. Exits 0: all up, 1: not up, 3: could not tell."""
    from monitor.commands import look_at  # noqa: PLC0415  # see run
    from monitor.terminal import sheet  # noqa: PLC0415  # see run
    from monitor.terminal.document import document  # noqa: PLC0415  # see run

    try:
        settings = for_domains(domains, config)
    except ConfigError as error:
        _usage(describe_problems(error.problems))
    log.set_up(level="error")
    states = _run(look_at(settings))
    if as_json:
        _print_json([document(state) for state in states])
    else:
        for state in states:
            out.print(sheet.sheet(state, one_look=True))
    found = {state.memory.verdict.status for state in states}
    if found & {Status.DOWN, Status.DEGRADED}:
        raise typer.Exit(Exit.NOT_UP)
    if Status.UNKNOWN in found:
        raise typer.Exit(Exit.UNKNOWN)


@app.command()
def explain(
    target: Annotated[str, typer.Argument(help="Name of a target.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Print what is stored about a target: status, rule, observations, and providers with evidence."""
    from monitor.attribute import Catalog  # noqa: PLC0415  # see run
    from monitor.attribute.dependence import depends_on  # noqa: PLC0415  # see run
    from monitor.commands import announcements_of, stored_state  # noqa: PLC0415  # see run
    from monitor.terminal import alone, announced, sheet  # noqa: PLC0415  # see run
    from monitor.terminal.document import document  # noqa: PLC0415  # see run

    settings = _load(config)
    state = _stored(stored_state(settings, target))
    if state is None:
        _usage(_unknown_target(settings, target))
    announcements = announcements_of(settings, target)
    depends = depends_on(state.memory, Catalog.bundled(settings.catalogs).organisation)
    if as_json:
        said = [announced.document(one) for one in announcements]
        _print_json({**document(state), "announcements": said, "single_points": alone.document(depends)})
    else:
        out.print(sheet.sheet(state))
        if announcements:
            out.print(announced.sheet(announcements))
        out.print(alone.sheet(depends))


@app.command()
def history(
    target: Annotated[str, typer.Argument(help="Name of a target.")],
    config: ConfigFile = DEFAULT_CONFIG,
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, or a date such as 2026-11-01.")] = "90d",
    *,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print the provider periods, incidents and events of a target."""
    from monitor.commands import stored_history  # noqa: PLC0415  # see run
    from monitor.terminal import chronicle  # noqa: PLC0415  # see run

    if as_json and as_csv:
        _usage("--json and --csv exclude each other")
    settings = _load(config)
    past = _stored(stored_history(settings, target, _moment(since)))
    if past is None:
        _usage(_unknown_target(settings, target))
    if as_json:
        _print_json(chronicle.document(past))
    elif as_csv:
        sys.stdout.write(chronicle.table(past))
    else:
        out.print(chronicle.sheet(past))


@app.command()
def replay(  # noqa: PLR0913  # what can be typed
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files (TOML).")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Use the policy and receivers of this file: a fire drill."),
    ] = None,
    *,
    verified: Annotated[
        bool, typer.Option("--verify", help="Compare with the expectations; exit 1 on a difference.")
    ] = False,
    explained: Annotated[
        list[str] | None,
        typer.Option(
            "--explain", metavar="TARGET", help="Explain this target as it is at the end; repeatable."
        ),
    ] = None,
    serve: Annotated[bool, typer.Option(help="Leave the web page up at the end.")] = False,
    as_json: Json = False,
) -> None:
    """Play scenarios through the whole pipeline, as fast as the machine can look."""
    from monitor import drill  # noqa: PLC0415  # see run

    log.set_up(level="error")
    settings = _load(config, targets=False) if config else None
    names = explained or []
    try:
        if strangers := drill.unknown(names, scenarios):
            _usage(f"{', '.join(strangers)}: no target of what is played")
        played = drill.run(drill.play_files(scenarios, settings, err, page=serve))
    except ConfigError as error:
        _usage(describe_problems(error.problems))
    except OSError as error:
        _fail(str(error))
    if as_json:
        sys.stdout.write(drill.documents(played, names))
    else:
        for one in played:
            out.print(drill.sheet(one, verified=verified), soft_wrap=True)
            for state in (one.states[name] for name in names if name in one.states):
                out.print()
                out.print(drill.explanation(state))
        if verified and len(played) > 1:
            out.print(drill.tally(played))
    if any(one.untold or (verified and one.differences) for one in played):
        raise typer.Exit(Exit.FAILED)


@app.command(hidden=True)
def demo(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (TOML).")],
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep everything here; begun again here after a kill, it goes on.")
    ] = None,
    *,
    serve: Annotated[bool, typer.Option(help="Leave the web page up at the end.")] = False,
) -> None:
    """Let the real daemon live through a scenario in about a minute."""
    from monitor.demo import perform  # noqa: PLC0415  # see run

    log.set_up(level="error")
    try:
        performance = _run(perform(scenario, out, serve=serve, folder=data_dir))
    except ConfigError as error:
        _usage(describe_problems(error.problems))
    if performance.differences or len(performance.told) < len(performance.outcome.events):
        raise typer.Exit(Exit.FAILED)


def _load(path: Path, *, targets: bool = True) -> Config:
    try:
        return load(path, targets=targets)
    except ConfigError as error:
        _usage(describe_problems(error.problems))


def _moment(text: str) -> datetime:
    """Return the moment that `--since` means: a date, or a duration back from now."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        _usage(f"--since {text!r} is neither a date (2026-11-01) nor a duration (30d, 12h)")


def _unknown_target(settings: Config, target: str) -> str:
    if any(known.name == target for known in settings.targets):
        return f"nothing is stored about {target} yet: has the daemon run?"
    return f"{target} is not a target of {settings.path}"


def _stored(reading: Coroutine[Any, Any, T]) -> T:
    try:
        return _run(reading)
    except StoreError as error:
        _fail(str(error))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on uvloop where it is installed: a third less CPU per probe."""
    try:
        import uvloop  # noqa: PLC0415  # does not install everywhere
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def _print_json(value: Any) -> None:  # noqa: ANN401  # anything that JSON knows
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _usage(message: str) -> NoReturn:
    err.print(message)
    raise typer.Exit(Exit.USAGE)


def _fail(message: str) -> NoReturn:
    err.print(message, style="red")
    raise typer.Exit(Exit.FAILED)
