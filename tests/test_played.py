"""A scenario played by the command: what came of it, how that differs from what was expected, in words."""

import io
import json
from pathlib import Path

from rich.console import Console
from servers.scenario_lab import HEAD

from monitor import drill

FEW = '\n[http]\ninterval = "30m"\n[dns]\ninterval = "1h"\n'
GONE = """
[[facts]]
id = "gone"
at = 2021-01-01T12:00:00Z
layer = "content"
what = "x"
synthetic = true
[facts.set.http."example.com"]
status = 503
"""
EXPECTED = """
[[expect]]
of = "gone"
within = "2h"
event = "platform.incident.opened"
diagnosis = "http.server_error"
[[expect]]
of = "gone"
within = "2h"
event = "platform.status.changed"
to = "down"
"""
NEVER = '[[expect]]\nof = "gone"\nwithin = "2h"\nevent = "platform.provider.changed"\nto = "epik"\n'


def play(folder: Path, text: str) -> list[drill.Played]:
    path = folder / "scenario.toml"
    path.write_text(f"{HEAD.replace('A test', '[/red] :skull: [bold]')}{FEW}{text}")
    return drill.run(drill.play_files([path], None, Console(file=io.StringIO())))


def words(one: drill.Played, *, verified: bool) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    with console.capture() as capture:
        console.print(drill.sheet(one, verified=verified), soft_wrap=True)
    return capture.get()


def test_what_was_expected_and_happened_is_as_expected(tmp_path: Path) -> None:
    (one,) = play(tmp_path, GONE + EXPECTED)
    assert one.differences == ()
    assert one.untold == 0
    text = words(one, verified=True)
    assert text.startswith("[/red] :skull: [bold]\n")
    assert "incident.opened example.com: down. The server gives no usable answer" in " ".join(text.split())
    assert text.endswith("  ✓ as expected\n")
    assert "expected" not in words(one, verified=False)


def test_what_was_expected_and_did_not_happen_is_a_difference(tmp_path: Path) -> None:
    (one,) = play(tmp_path, GONE + EXPECTED + NEVER)
    assert len(one.differences) == 1
    assert "✖" in words(one, verified=True)
    assert "as expected" not in words(one, verified=True)


def test_a_scenario_without_events_says_so_and_gives_the_same_document_twice(tmp_path: Path) -> None:
    first, second = play(tmp_path, ""), play(tmp_path, "")
    assert "no events" in words(first[0], verified=True)
    assert drill.documents(first) == drill.documents(second)
    (document,) = json.loads(drill.documents(first))
    assert (document["scenario"], document["events"], document["differences"]) == ("test", [], [])


def test_targets_are_explained_as_they_are_at_the_end_and_the_plain_document_stays_as_it_is(
    tmp_path: Path,
) -> None:
    played = play(tmp_path, GONE)
    plain, told = drill.documents(played), json.loads(drill.documents(played, ["example.com"]))
    (explained,) = told[0].pop("explained")
    assert json.loads(plain) == told
    assert (explained["target"], explained["status"]) == ("example.com", "down")
    assert [layer["layer"] for layer in explained["layers"]][:3] == ["registration", "dns", "network"]
    assert explained["registration"]["created"]["at"] == "2018-05-01T00:00:00Z"
    assert explained["single_points"], "explain --json has them, so has this"
    paths = [tmp_path / "scenario.toml"]
    assert drill.unknown(["example.com", "other.example"], paths) == ["other.example"]
