"""Draws docs/parler-2021.svg, the picture in the README, from a real replay: `make picture`."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI

from monitor import drill, log
from monitor.model import StoredEvent, TargetState
from monitor.replay.driver import Listeners, play
from monitor.replay.scenario import load_scenario
from monitor.replay.tables import FactTable
from monitor.store import Change, Store
from monitor.terminal.stage import Stage

_WIDTH: Final = 132

# Rich's own template fetches a font; this one takes what the reader has.
_SVG: Final = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" \
role="img" aria-label="Who stood behind each layer of a platform, over forty days">
<style>.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; }} {styles}</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#272822"/>
<g transform="translate({terminal_x}, 18)"><g class="{unique_id}-matrix">{backgrounds}{matrix}</g></g>
</svg>
"""


async def draw(scenario_file: Path) -> Console:
    """Return a console that has recorded the last frame of the scenario."""
    scenario = load_scenario(scenario_file)
    now: datetime = scenario.start
    stage = Stage(title=scenario.title, start=scenario.start, end=scenario.end, now=lambda: now, lines=26)

    def fact(happened: FactTable) -> None:
        nonlocal now
        now = max(now, happened.at)
        stage.happens(happened.at, happened.what)

    def judged(state: TargetState) -> None:
        nonlocal now
        now = max(now, *(run.at for run in state.pulse.runs))
        stage.sample(state)

    def committed(_: Sequence[Change], stored: Sequence[StoredEvent]) -> None:
        for event in stored:
            stage.noticed(event)
            stage.delivered()

    async with await Store.open("sqlite://") as store:
        await play(scenario, store=store, listeners=Listeners(fact=fact, judged=judged, committed=committed))
    console = Console(record=True, width=_WIDTH, file=sys.stderr, force_terminal=True)
    console.print(stage)
    return console


if __name__ == "__main__":
    log.set_up(level="error")
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    picture = drill.run(draw(source))
    target.write_text(picture.export_svg(theme=MONOKAI, code_format=_SVG, unique_id="pm"))
