"""How it stands with what is wished of a target, and early signs, as the sheet and its JSON say it."""

from datetime import datetime
from typing import Any

from rich.text import Text

from monitor.judge.desired import in_words
from monitor.judge.early_signs import LAYER, noticed
from monitor.judge.early_signs import in_words as in_short
from monitor.model import Memory, Ruling
from monitor.terminal import paint

_STANDS = {True: ("kept", "green"), False: ("breached", "yellow"), None: ("not known", paint.DIM)}


def wishes(memory: Memory) -> Text:
    """Return one line for each rule of the target's policy."""
    text = Text("policy (what is wished of the target)", style="bold")
    for ruling in memory.rulings:
        word, style = _STANDS[ruling.kept]
        text.append(f"\n  {ruling.rule:<13} ", style="not bold").append(
            f"{word:<10}", style=f"not bold {style}"
        )
        text.append_text(paint.plain(_line(ruling), style="not bold", limit=300))
    return text


def _line(ruling: Ruling) -> str:
    if ruling.kept is None:
        return f"should be {' or '.join(ruling.wanted)}"
    since = f", since {paint.day(ruling.since)}" if ruling.since else ""
    return f"{in_words(ruling)}{since}"


def signs(memory: Memory) -> Text:
    """Return one line for each early sign that stands."""
    text = Text("early signs", style="bold")
    for state in noticed(memory):
        text.append(f"\n  {state.sign}  ", style="not bold yellow")
        change = f"{state.before} → {state.after}" if state.before else state.after
        line = f"{in_short(state)} ({change}), since {paint.day(state.since)}"
        text.append_text(paint.plain(line, style="not bold", limit=400))
    return text


def signs_document(memory: Memory) -> list[dict[str, Any]]:
    """Return the early signs that stand, for machines."""
    return [
        {
            "sign": state.sign,
            "about": state.about,
            "layer": LAYER[state.sign],
            "before": state.before or None,
            "after": state.after,
            "since": _iso(state.since),
        }
        for state in noticed(memory)
    ]


def document(memory: Memory) -> list[dict[str, Any]]:
    """Return the same for machines."""
    return [
        {
            "rule": ruling.rule,
            "kept": ruling.kept,
            "wanted": list(ruling.wanted),
            "found": list(ruling.found) if ruling.kept is not None else None,
            "since": _iso(ruling.since) if ruling.since else None,
        }
        for ruling in memory.rulings
    ]


def _iso(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
