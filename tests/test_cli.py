"""The commands as a person types them: real processes, exit codes, what is printed where."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from servers.scenario_lab import HEAD

ROOT = Path(__file__).parents[1]
NOWHERE = 'resolvers = ["127.0.0.1:9"]'


def command(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120", **(env or {})},
    )


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(f'[monitor]\ndata_dir = "{folder / "data"}"\n{NOWHERE}\n{text}')
    return path


TARGET = '[[targets]]\ndomain = "site.localhost"\n'


def test_a_good_configuration_is_said_to_be_good(tmp_path: Path) -> None:
    done = command("check-config", str(write(tmp_path, TARGET)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok, 1 targets, 4 checks, 0 receivers" in done.stdout


@pytest.mark.parametrize("words", [("check-config",), ("run", "--config"), ("explain", "x.example", "-c")])
def test_a_wrong_configuration_is_told_whole_and_exits_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = write(tmp_path, f'[http]\ninterval = "5"\ntimout = "1s"\n{TARGET}')
    done = command(*words, str(path))
    assert done.returncode == 2
    assert "http.interval" in done.stderr
    assert "timout" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [(), ("--nonsense",), ("check",), ("history", "x.example", "--since")])
def test_wrong_words_are_answered_with_usage(words: tuple[str, ...]) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert "Usage" in done.stdout + done.stderr or "requires an argument" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_says_not_up_with_exit_code_and_json() -> None:
    """A name that leads to this machine only: the probe refuses to go there."""
    done = command("check", "site.localhost", "--json")
    assert done.returncode == 1
    (answer,) = json.loads(done.stdout)
    assert (answer["target"], answer["status"], answer["diagnosis"]) == (
        "site.localhost",
        "down",
        "dns.sinkholed",
    )


@pytest.mark.full
def test_check_says_could_not_tell_when_no_resolver_answers(tmp_path: Path) -> None:
    done = command("check", "platform.example", "--config", str(write(tmp_path, TARGET)))
    assert done.returncode == 3
    assert "? unknown" in done.stdout


def test_check_refuses_what_is_no_domain() -> None:
    done = command("check", "not a domain")
    assert done.returncode == 2
    assert "not a domain" in done.stderr


@pytest.mark.parametrize("words", [("explain",), ("history",)])
def test_before_the_daemon_has_run_nothing_is_stored_and_nothing_is_wrong(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = command(*words, "site.localhost", "-c", str(write(tmp_path, TARGET)))
    assert done.returncode == 2
    assert "has the daemon run?" in done.stderr


def test_check_takes_its_settings_from_a_file_without_targets(tmp_path: Path) -> None:
    done = command("check", "site.localhost", "--json", "-c", str(write(tmp_path, "")))
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["diagnosis"] == "dns.sinkholed"


def test_run_says_why_it_cannot_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = write(tmp_path, f'[web]\nlisten = "127.0.0.1:{port}"\n{TARGET}')
        done = command("run", "--config", str(path))
    assert done.returncode == 1
    assert "cannot start" in done.stderr
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def test_history_takes_one_format(tmp_path: Path) -> None:
    path = str(write(tmp_path, TARGET))
    assert command("history", "site.localhost", "-c", path, "--json", "--csv").returncode == 2
    assert command("history", "site.localhost", "-c", path, "--since", "yesterday").returncode == 2


def test_the_version_is_printed() -> None:
    assert command("--version").stdout.startswith("platform-monitor 0.")


FEW_LOOKS = '[http]\ninterval = "2h"\n[dns]\ninterval = "2h"\n'


def test_a_replay_explains_its_targets_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(f"{HEAD}{FEW_LOOKS}")
    done = command("replay", str(path), "--explain", "example.com", env={"COLUMNS": "100"})
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "A test" in lines
    assert "54.69.20.11 2021-01-01 00:00 2021-01-01 22:00" in [
        re.sub(r":\d\d", ":00", line) for line in lines
    ]
    assert "origin no proxy recognised" in lines
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_target_that_is_in_no_scenario_is_not_explained(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(f"{HEAD}{FEW_LOOKS}")
    done = command("replay", str(path), "--explain", "other.example")
    assert done.returncode == 2
    assert "other.example: no target of what is played" in done.stderr
